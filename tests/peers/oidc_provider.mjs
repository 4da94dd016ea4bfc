// An OpenID provider that nobody here wrote, for the client of OAuth: oidc-provider, which is certified. To be called
// with the folder that it is installed in, and ended by closing its input. Prints its issuer when it is ready.

import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const installed = createRequire(resolve(process.argv[2], 'package.json')).resolve('oidc-provider');
const { Provider, errors } = await import(pathToFileURL(installed));

const pem = (name) => readFileSync(new URL(`../it/oidc/${name}.pem`, import.meta.url));
const publicKey = (name, alg) =>
  ({ ...createPublicKey(pem(name)).export({ format: 'jwk' }), kid: name, alg, use: 'sig' });
const own = (type, options, alg) =>
  ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig' });

const CALLBACK = 'http://127.0.0.1/cb';
const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials'];
const confidential = (client_id, more) =>
  ({ client_id, redirect_uris: [CALLBACK], application_type: 'native', grant_types: GRANTS, ...more });
const signing = (client_id, name, alg) =>
  confidential(client_id, {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [publicKey(name, alg)] },
    id_token_signed_response_alg: alg,
  });
const open = (client_id, more) =>
  ({
    client_id,
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    redirect_uris: [CALLBACK],
    grant_types: [
      'authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code',
    ],
    ...more,
  });

const clients = [
  open('cli'),
  open('bound', { dpop_bound_access_tokens: true }),
  // With what RFC 6749 section 2.3.1 wants encoded.
  confidential('web:client', { client_secret: 'p%ss:w/rd+&= "x' }),
  confidential('poster', { client_secret: 'p%ss+', token_endpoint_auth_method: 'client_secret_post' }),
  signing('signs-es256', 'p256', 'ES256'),
  signing('signs-rs256', 'rsa', 'RS256'),
  signing('signs-eddsa', 'ed25519', 'EdDSA'),
];

const configuration = {
  clients,
  jwks: {
    keys: [
      own('rsa', { modulusLength: 2048 }, 'RS256'),
      own('ec', { namedCurve: 'P-256' }, 'ES256'),
      own('ed25519', {}, 'EdDSA'),
    ],
  },
  cookies: { keys: ['a key for the cookies of a test'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  scopes: ['openid', 'offline_access', 'email', 'api:read'],
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
  }),
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo(_, resource) {
        if (resource !== 'https://api.example.com') throw new errors.InvalidTarget();
        return { scope: 'api:read', audience: 'the-api', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
      },
    },
  },
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  if (process.env.OIDC_PROVIDER_LOG) {
    for (const event of ['grant.error', 'authorization.error', 'userinfo.error', 'revocation.error', 'server_error']) {
      provider.on(event, (_, error) => console.error(event, error));
    }
  }
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
