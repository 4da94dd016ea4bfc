// Runs the official SDK for browsers, unmodified, against the emulator: the core that the SDKs for the web, React
// and Node are built on.
//
//     node tests/peers/core_js.mjs FOLDER_OF_THE_SDK EMULATOR REPORT [SCENARIO...]
//
// REPORT is a file for the figures, or `-`. See `runAll` for what counts. The scenarios of the Node SDK that only
// sign in hold for it too. What they need beside it comes from others: sessions are validated by jose, and projects
// set up by the Node SDK.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ADA, PAGE, SILENT, fails, ok, runAll, scenario, scenarios, signIn, sorted, watched } from './node_harness.mjs';
import './node_apps.mjs';
import './node_auth.mjs';
import './node_company.mjs';
import './node_errors.mjs';

const [folder, program, reportFile, ...wanted] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'package.json'));
const load = async (name, file) => import(pathToFileURL(resolve(folder, 'node_modules', name, file)));
const { default: createSdk } = await load('@descope/core-js-sdk', 'dist/index.esm.js');
const createNodeSdk = require('@descope/node-sdk').default ?? require('@descope/node-sdk');
const jose = require('jose');
const { version } = JSON.parse(readFileSync(resolve(folder, 'node_modules/@descope/core-js-sdk/package.json')));

const SHARED = [
  'connectionsOfUsers', 'enchantedLink', 'magicLink', 'notp', 'oauth', 'otp', 'passkeys', 'passwords', 'rateLimits',
  'rotatedRefreshTokens', 'singlePasskeys', 'sso', 'totp', 'wrongExpiredAndUnknown',
];
const shared = scenarios.filter(({ name }) => SHARED.includes(name));
assert.deepEqual(shared.map(({ name }) => name).sort(), SHARED);
scenarios.length = 0;

/** Keeps cookies, as a browser does for one site. Pages cannot read those that are for HTTP only. */
class Browser {
  cookies = new Map();
  requests = [];

  fetch = async (url, init = {}) => {
    const headers = new Headers(init.headers);
    this.requests.push({ url: String(url), headers, credentials: init.credentials });
    if (this.cookies.size && init.credentials === 'include') {
      headers.set('cookie', [...this.cookies].map(([name, { value }]) => `${name}=${value}`).join('; '));
    }
    const answer = await fetch(url, { ...init, headers });
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = cookie.split('; ');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const age = attributes.find((attribute) => /^max-age=/i.test(attribute));
      if (!value || (age && Number(age.split('=')[1]) <= 0)) this.cookies.delete(name);
      else this.cookies.set(name, { value, attributes: attributes.map((text) => text.toLowerCase()) });
    }
    return answer;
  };
}

scenario('sessionsOfAPage', async (run) => {
  const { sdk, emulator } = run;
  const { management } = sdk;
  await ok(management.permission.create('fly'));
  await ok(management.role.create('Pilot', '', ['fly']));
  await ok(management.tenant.createWithId('acme', 'Acme'));
  await ok(management.user.create(ADA, { email: ADA, roles: ['Pilot'], userTenants: [{ tenantId: 'acme', roleNames: ['Pilot'] }] }));
  const signedIn = await signIn(run);
  const { sessionJwt, refreshJwt } = signedIn;
  assert.deepEqual([sdk.getTenants(sessionJwt), sdk.getCurrentTenant(sessionJwt), sdk.isJwtExpired(sessionJwt)], [['acme'], '', false]);
  assert.deepEqual([sdk.getJwtRoles(sessionJwt), sdk.getJwtPermissions(sessionJwt)], [['Pilot'], ['fly']]);
  assert.deepEqual([sdk.getJwtRoles(sessionJwt, 'acme'), sdk.getJwtPermissions(sessionJwt, 'acme')], [['Pilot'], ['fly']]);
  const me = await ok(sdk.me(refreshJwt));
  assert.deepEqual([me.userId, me.email, me.roleNames, me.userTenants.map((of) => of.tenantId)], [signedIn.user.userId, ADA, ['Pilot'], ['acme']]);
  assert.equal((await ok(sdk.history(refreshJwt)))[0].userId, me.userId);

  // Claims follow what changes, at the next refresh. A session that is over is refreshed all the same.
  await ok(management.user.setRoles(ADA, []));
  const first = await sdk.validateSession(sessionJwt);
  await emulator.advance(3600);
  const refreshed = await ok(sdk.refresh(refreshJwt));
  assert.deepEqual([sdk.getJwtRoles(refreshed.sessionJwt), sdk.getJwtRoles(refreshed.sessionJwt, 'acme')], [[], ['Pilot']]);
  assert.ok(jose.decodeJwt(refreshed.sessionJwt).exp > first.token.exp);
  assert.equal(refreshed.sessionExpiration, jose.decodeJwt(refreshed.sessionJwt).exp);
  const { jwt: over } = await emulator.control('POST', 'token', { claims: { ...first.token, iat: 1, exp: 2 } });
  assert.equal(sdk.isJwtExpired(over), true);
  await assert.rejects(sdk.validateSession(over), { code: 'ERR_JWT_EXPIRED' });

  const selected = await ok(sdk.selectTenant('acme', refreshJwt));
  assert.equal(sdk.getCurrentTenant(selected.sessionJwt), 'acme');
  await fails('EMU403', sdk.selectTenant('nowhere', refreshJwt));
  for (const [which, token] of [[['acme'], refreshJwt], [true, selected.refreshJwt]]) {
    assert.deepEqual(sorted((await ok(sdk.myTenants(which, token))).tenants, 'id'), ['acme']);
  }

  const [second, third] = [await signIn(run), await signIn(run)];
  await ok(sdk.logout(refreshJwt));
  await fails('E064001', sdk.refresh(refreshJwt));
  await fails(401, sdk.me(refreshJwt));
  assert.equal((await ok(sdk.me(second.refreshJwt))).userId, me.userId);
  await ok(sdk.logoutAll(second.refreshJwt));
  for (const { refreshJwt: ended } of [second, third]) await fails('E064001', sdk.refresh(ended));
});

// A page that never sees its refresh token: the browser keeps it.
scenario('cookiesOfAPage', async ({ emulator, called, client }) => {
  const browser = new Browser();
  const sdk = watched(client({ fetch: browser.fetch, cookiePolicy: 'include' }), called);
  await ok(sdk.otp.signUp.email(ADA));
  const signedIn = await ok(sdk.otp.verify.email(ADA, await emulator.code(ADA)));
  assert.ok(!signedIn.refreshJwt, 'it is in the cookie alone');
  const { value, attributes } = browser.cookies.get('DSR');
  for (const attribute of ['httponly', 'secure', 'path=/']) assert.ok(attributes.includes(attribute), `${attributes}`);
  assert.equal(jose.decodeJwt(value).sub, signedIn.user.userId);
  await emulator.advance(3600);
  const refreshed = await ok(sdk.refresh());
  assert.equal(jose.decodeJwt(refreshed.sessionJwt).sub, signedIn.user.userId);
  assert.equal((await ok(sdk.me())).email, ADA);
  const stranger = watched(client({ fetch: new Browser().fetch, cookiePolicy: 'include' }), called);
  await fails(401, stranger.refresh());
  await fails(401, stranger.me());
  await ok(sdk.logout());
  await fails('E064001', sdk.refresh());
}, ['--refresh-tokens-in-cookies']);

scenario('whatItSends', async ({ client, called, emulator }) => {
  const browser = new Browser();
  const seen = [];
  const hooks = {
    beforeRequest: (config) => ({ ...config, headers: { ...config.headers, 'x-hooked': '1' } }),
    afterRequest: (_, answer) => seen.push(answer.status),
  };
  const sdk = watched(client({ fetch: browser.fetch, hooks, baseHeaders: { 'x-base': '2' } }), called);
  await ok(sdk.otp.signUpOrIn.email(ADA, { customClaims: { theme: 'dark' } }));
  const { sessionJwt } = await ok(sdk.otp.verify.email(ADA, await emulator.code(ADA)));
  await fails('E061102', sdk.otp.verify.email(ADA, 'x'));
  assert.deepEqual(seen, [200, 200, 401]);
  for (const { headers } of browser.requests) {
    assert.deepEqual([headers.get('x-hooked'), headers.get('x-base')], ['1', '2']);
    assert.equal(headers.get('authorization'), `Bearer ${emulator.project}`);
    assert.equal(headers.get('x-descope-sdk-name'), 'core-js');
  }
  assert.equal(jose.decodeJwt(sessionJwt).theme, 'dark');
});

scenario('accessKeysOfAPage', async ({ sdk }) => {
  const made = await ok(sdk.management.accessKey.create('ci', 0));
  const { keyId, sessionJwt } = await ok(sdk.accessKey.exchange(made.cleartext, { customClaims: { build: 7 } }));
  const { token } = await sdk.validateSession(sessionJwt);
  assert.deepEqual([keyId, token.sub, token.build], [made.key.id, made.key.id, 7]);
  await fails(401, sdk.accessKey.exchange('K2nothing'));
});

scenario('flowsAreRefused', async ({ sdk }) => {
  await fails('EMU501', sdk.flow.start('sign-up-or-in'));
  await fails('EMU501', sdk.flow.next('0', '0', 'submit'));
});

function make(emulator, called) {
  const config = { projectId: emulator.project, baseUrl: emulator.base, logger: SILENT };
  const client = (more = {}) => createSdk({ ...config, ...more });
  const own = client();
  const keys = jose.createRemoteJWKSet(new URL(`${emulator.base}/v2/keys/${emulator.project}`));
  const validateJwt = async (jwt) => {
    const currentDate = new Date((await emulator.advance(0)) * 1000);
    return { jwt, token: (await jose.jwtVerify(jwt, keys, { currentDate, algorithms: ['RS256'] })).payload };
  };
  const beside = {
    management: createNodeSdk({ ...config, managementKey: emulator.key }).management,
    validateJwt,
    validateSession: validateJwt,
    refreshSession: async (token) => validateJwt((await ok(sdk.refresh(token))).sessionJwt),
  };
  const core = watched(own, called);
  const sdk = new Proxy(core, { get: (_, name) => (name in beside ? beside[name] : core[name]) });
  return { sdk, own, emulator, client, called };
}

const name = '@descope/core-js-sdk';
const all = [...shared, ...scenarios];
const holds = await runAll({ sdk: 'core-js', name, version, program, all, make, reportFile, wanted });
process.exit(holds ? 0 : 1);
