// openid-client and jose, unmodified, against the emulator as an authorization server, and their proofs against a guard.
// Usage: node openid_client.mjs FOLDER_OF_NODE_MODULES EMULATOR SERVICE
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { dirname, join } from 'node:path';
import assert from 'node:assert/strict';
import { browse } from './browser.mjs';

const [folder, emulator, service] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), folder, 'package.json'));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const client = await load('openid-client');
const jose = await load('jose');

const seed = join(dirname(new URL(import.meta.url).pathname), 'seed.json');
// Starts a program that prints where it listens.
async function start(program, args, pattern, env = {}) {
  const options = { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...env } };
  const server = spawn(program, args, options);
  process.on('exit', () => server.kill());
  return new Promise((resolve, reject) => {
    let text = '';
    server.on('exit', reject);
    server.stdout.on('data', (data) => {
      text += data;
      const found = pattern.exec(text);
      if (found) resolve(found[1]);
    });
  });
}
const base = await start(emulator, ['--project-id', 'P2project', '--seed', seed], /DESCOPE_BASE_URI=(\S+)/);
const resource = await start(service, [], /Listening on (\S+)/, { DESCOPE_PROJECT_ID: 'P2project', DESCOPE_BASE_URI: base, PORT: '0' });

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

// What the service says to a token with these headers: the status, and whether it asks for a proof.
async function docs(authorization, ...proofs) {
  const headers = new Headers({ authorization });
  for (const proof of proofs) headers.append('dpop', proof);
  const answer = await fetch(`${resource}/docs?page=2`, { headers });
  return [answer.status, (answer.headers.get('www-authenticate') ?? '').startsWith('DPoP ')];
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
  async 'a guard takes the token of a client with its proofs'() {
    const config = await discover(INBOUND, 'confidential', undefined, client.ClientSecretPost(SECRET));
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const asked = { scope: 'docs', resource };
    const tokens = await client.clientCredentialsGrant(config, asked, { DPoP });
    const fetched = (key) => client.fetchProtectedResource(
      config, tokens.access_token, new URL(`${resource}/docs?page=2`), 'GET', null, undefined, { DPoP: key },
    );
    for (let time = 0; time < 2; time += 1) {
      const answer = await fetched(DPoP);
      assert.deepEqual([answer.status, await answer.text()], [200, 'hello, confidential']);
    }
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    await assert.rejects(fetched(other));
    await assert.rejects(fetched(undefined));
    // For a service of another name.
    const elsewhere = await client.clientCredentialsGrant(config, { ...asked, resource: 'https://api.example/' }, { DPoP });
    tokens.access_token = elsewhere.access_token;
    await assert.rejects(fetched(DPoP));
  },
  async 'a guard takes the proofs that jose makes, each once'() {
    // Without ES512, which the guard does not name among its algorithms.
    for (const alg of ['ES256', 'ES384', 'RS256', 'RS512', 'PS384', 'EdDSA']) {
      const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
      const jwk = await jose.exportJWK(publicKey);
      const cnf = { jkt: await jose.calculateJwkThumbprint(jwk) };
      const body = JSON.stringify({ claims: { sub: 'U2ada', drn: 'DS', cnf } });
      const { jwt } = await (await fetch(`${base}/_emulator/token`, { method: 'POST', body })).json();
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(jwt));
      const good = {
        jti: crypto.randomUUID(), htm: 'GET', htu: `${resource}/docs`, ath: jose.base64url.encode(new Uint8Array(digest)),
      };
      const proof = (claims = {}, key = privateKey) => new jose.SignJWT({ ...good, jti: crypto.randomUUID(), ...claims })
        .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk }).setIssuedAt(claims.iat).sign(key);
      const first = await proof();
      assert.deepEqual(await docs(`DPoP ${jwt}`, first), [200, false], alg);
      const another = await jose.generateKeyPair(alg);
      const now = Math.floor(Date.now() / 1000);
      for (const [name, proofs] of Object.entries({
        replayed: [first],
        missing: [],
        'sent twice': [await proof(), await proof()],
        'for another URL': [await proof({ htu: `${resource}/other` })],
        'for another service': [await proof({ htu: 'https://api.example/docs' })],
        'for another method': [await proof({ htm: 'POST' })],
        'for another token': [await proof({ ath: 'A'.repeat(43) })],
        'too old': [await proof({ iat: now - 3600 })],
        'from the future': [await proof({ iat: now + 3600 })],
        'by another key': [await proof({}, another.privateKey)],
      })) {
        assert.deepEqual(await docs(`DPoP ${jwt}`, ...proofs), [401, true], `${alg}: ${name}`);
      }
      assert.deepEqual(await docs(`Bearer ${jwt}`), [401, true], alg);
      assert.deepEqual(await docs(`Bearer ${jwt}`, await proof()), [401, true], alg);
    }
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
