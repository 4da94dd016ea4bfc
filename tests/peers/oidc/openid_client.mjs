// openid-client and jose, unmodified, against the emulator as an authorization server.
// Usage: node openid_client.mjs FOLDER_OF_NODE_MODULES EMULATOR
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { dirname, join } from 'node:path';
import assert from 'node:assert/strict';
import { browse } from './browser.mjs';

const [folder, emulator] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), folder, 'package.json'));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const client = await load('openid-client');
const jose = await load('jose');

const seed = join(dirname(new URL(import.meta.url).pathname), 'seed.json');
const server = spawn(emulator, ['--project-id', 'P2project', '--seed', seed], { stdio: ['ignore', 'pipe', 'ignore'] });
process.on('exit', () => server.kill());
const base = await new Promise((resolve, reject) => {
  let text = '';
  server.on('exit', reject);
  server.stdout.on('data', (data) => {
    text += data;
    const found = /DESCOPE_BASE_URI=(\S+)/.exec(text);
    if (found) resolve(found[1]);
  });
});

const INBOUND = new URL(`${base}/v1/apps/P2project`);
const SECRET = 'a secret: +/%&ü';
const http = { execute: [client.allowInsecureRequests] };
const discover = (issuer, id, secret, auth) => client.discovery(issuer, id, secret, auth, http);

async function code(config, redirect_uri, more = {}, options = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const expected = { pkceCodeVerifier: verifier, expectedNonce: client.randomNonce(), expectedState: client.randomState() };
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: 'openid email docs offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce: expected.expectedNonce,
    state: expected.expectedState,
    ...more,
  });
  const back = await browse(base, url);
  return client.authorizationCodeGrant(config, back, expected, undefined, options);
}

async function refused(promise, error) {
  await assert.rejects(promise, (thrown) => {
    assert.equal(thrown.error, error, `${thrown} ${thrown.cause ?? ''}`);
    return true;
  });
}

const checks = {
  async 'discovery of each issuer'() {
    for (const path of ['/P2project', '/P2project/SAweb', '/v1/apps/P2project']) {
      const config = await discover(new URL(base + path), 'x');
      assert.equal(config.serverMetadata().issuer, base + path);
    }
    const options = { ...http, algorithm: 'oauth2' };
    const config = await client.discovery(INBOUND, 'x', undefined, undefined, options);
    assert.ok(config.serverMetadata().device_authorization_endpoint);
  },
  async 'code with PKCE over loopback, refresh with rotation, userinfo, revocation'() {
    const config = await discover(INBOUND, 'public', undefined, client.None());
    const tokens = await code(config, 'http://127.0.0.1:61234/cb');
    const subject = tokens.claims().sub;
    const info = await client.fetchUserInfo(config, tokens.access_token, subject);
    assert.deepEqual([info.email, info.email_verified], ['ada@example.com', true]);
    const next = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    await refused(client.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant');
    await refused(client.refreshTokenGrant(config, next.refresh_token), 'invalid_grant');
    const again = await code(config, 'http://127.0.0.1:61234/cb');
    await client.tokenRevocation(config, again.refresh_token);
    await refused(client.refreshTokenGrant(config, again.refresh_token), 'invalid_grant');
    await assert.rejects(client.fetchUserInfo(config, again.access_token, subject));
  },
  async 'each way in which a client proves itself'() {
    for (const way of [client.ClientSecretBasic, client.ClientSecretPost]) {
      const config = await discover(INBOUND, 'confidential', undefined, way(SECRET));
      const tokens = await client.clientCredentialsGrant(config, { scope: 'docs', resource: 'https://api.example/' });
      const set = jose.createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
      const { payload } = await jose.jwtVerify(tokens.access_token, set, { issuer: INBOUND.href, audience: 'https://api.example/' });
      assert.deepEqual([payload.sub, payload.scope, payload.permissions], ['confidential', 'docs', ['read']]);
      const wrong = await discover(INBOUND, 'confidential', undefined, way('wrong'));
      await assert.rejects(client.clientCredentialsGrant(wrong), /response|unauthorized|challenge/i);
    }
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256');
    const registered = await client.dynamicClientRegistration(INBOUND, {
      redirect_uris: ['https://app.example/cb'],
      token_endpoint_auth_method: 'private_key_jwt',
      scope: 'openid email',
      jwks: { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] },
    }, client.PrivateKeyJwt({ key: privateKey, kid: 'k1' }), http);
    assert.ok((await code(registered, 'https://app.example/cb', { scope: 'openid email' })).claims().email);
  },
  async 'a client with a secret signs a user in'() {
    const config = await discover(new URL(`${base}/P2project/SAweb`), 'web', 'web secret');
    const tokens = await code(config, 'https://app.example/cb', { scope: 'openid descope.claims' });
    const set = jose.createRemoteJWKSet(new URL(`${base}/v2/keys/P2project`));
    const { payload } = await jose.jwtVerify(tokens.access_token, set);
    assert.deepEqual([payload.roles, payload.permissions], [['Reader'], ['read']]);
    const out = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://app.example/cb', state: 's' });
    assert.equal((await browse(base, out)).href, 'https://app.example/cb?state=s');
  },
  async 'device code'() {
    const config = await discover(INBOUND, 'public', undefined, client.None());
    const started = await client.initiateDeviceAuthorization(config, { scope: 'openid docs' });
    await browse(base, started.verification_uri_complete);
    const tokens = await client.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.1 });
    assert.equal(tokens.claims().aud, 'public');
    const denied = await client.initiateDeviceAuthorization(config, { scope: 'openid' });
    await fetch(`${base}/_emulator/oidc/device`, { method: 'POST', body: JSON.stringify({ userCode: denied.user_code }) });
    await refused(client.pollDeviceAuthorizationGrant(config, { ...denied, interval: 0.1 }), 'access_denied');
  },
  async 'backchannel'() {
    const config = await discover(INBOUND, 'confidential', SECRET);
    const asked = await client.initiateBackchannelAuthentication(config, { scope: 'openid', login_hint: 'ada@example.com' });
    await fetch(`${base}/_emulator/oidc/backchannel`, { method: 'POST', body: JSON.stringify({ id: asked.auth_req_id }) });
    const tokens = await client.pollBackchannelAuthenticationGrant(config, { ...asked, interval: 0.1 });
    assert.equal(tokens.claims().azp, 'confidential');
  },
  async 'proofs of possession with a nonce each time'() {
    const config = await discover(INBOUND, 'public', undefined, client.None());
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair('EdDSA'));
    const tokens = await code(config, 'http://127.0.0.1:61234/cb', {}, { DPoP });
    assert.equal(tokens.token_type, 'dpop');
    await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
    const next = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
    await refused(client.refreshTokenGrant(config, next.refresh_token, undefined, { DPoP: other }), 'invalid_grant');
    await client.refreshTokenGrant(config, next.refresh_token, undefined, { DPoP });
  },
  async 'refusals reach the client'() {
    const config = await discover(INBOUND, 'public', undefined, client.None());
    const callback = 'http://127.0.0.1:61234/cb';
    await refused(code(config, callback, { scope: 'openid admin' }), 'invalid_scope');
    await refused(code(config, callback, { code_challenge_method: 'plain' }), 'invalid_request');
    await refused(code(config, callback, { prompt: 'none' }), 'login_required');
    const head = await fetch(config.serverMetadata().jwks_uri, { method: 'HEAD' });
    assert.equal(head.status, 200);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok      openid-client: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  openid-client: ${name}\n`, error);
  }
}
process.exit(failed ? 1 : 0);
