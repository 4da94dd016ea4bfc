// Runs the server's part of the official SDK for Next.js, unmodified, against the emulator: a site of Next.js with
// its middleware, its sessions and its client, asked as a browser would.
//
//     node tests/peers/next_sdk.mjs FOLDER_OF_THE_SDK EMULATOR
//
// FOLDER/next_app is the site, built. The exit status is 0 when all scenarios hold.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import readline from 'node:readline';
import { ADA, Emulator, SILENT, ok, signIn } from './node_harness.mjs';

const [folder, program] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'package.json'));
const createSdk = require('@descope/node-sdk').default ?? require('@descope/node-sdk');
const { version } = JSON.parse(readFileSync(resolve(folder, 'node_modules/@descope/nextjs-sdk/package.json')));

const started = [];
process.on('exit', () => started.forEach((child) => child.kill()));

async function startEmulator() {
  const emulator = await Emulator.start(program, []);
  started.push(emulator.process);
  const sdk = createSdk({ projectId: emulator.project, managementKey: emulator.key, baseUrl: emulator.base, logger: SILENT });
  return { emulator, sdk };
}

async function startSite({ project, base, key }) {
  const env = {
    ...process.env,
    NEXT_TELEMETRY_DISABLED: '1',
    DESCOPE_PROJECT_ID: project,
    DESCOPE_BASE_URL: base,
    DESCOPE_MANAGEMENT_KEY: key,
  };
  const next = resolve(folder, 'node_modules/next/dist/bin/next');
  const site = spawn(process.execPath, [next, 'start', '--port', '0', '--hostname', '127.0.0.1'], {
    cwd: resolve(folder, 'next_app'), env, stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(site);
  for await (const line of readline.createInterface({ input: site.stdout })) {
    const found = /http:\/\/[\w.]+:(\d+)/.exec(line);
    if (found) return `http://127.0.0.1:${found[1]}`;
  }
  throw new Error('the site did not start');
}

const run = await startEmulator();
const { sdk, emulator } = run;
const site = await startSite(emulator);

const cookie = (cookies) => ({ cookie: Object.entries(cookies).map((pair) => pair.join('=')).join('; ') });

async function visit(path, headers = {}, method = 'GET') {
  const answer = await fetch(site + path, { method, headers, redirect: 'manual' });
  const text = await answer.text();
  const json = answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined;
  const main = /<main>(.*?)<\/main>/.exec(text)?.[1];
  return { status: answer.status, to: answer.headers.get('location'), set: answer.headers.getSetCookie(), json, main };
}

/** The middleware sends the visitor to the sign-in, and what follows is not reached. */
async function isSentAway(headers) {
  for (const path of ['/private', '/api/me', '/api/old']) {
    const { status, to } = await visit(path, headers);
    assert.equal(status, 307, path);
    const { pathname, search } = new URL(to, site);
    assert.deepEqual([pathname, search], ['/sign-in', '?from=middleware']);
  }
  const open = await visit('/open/page', headers);
  assert.deepEqual([open.status, open.main], [200, 'no session']);
}

async function isSignedIn(headers, user) {
  for (const path of ['/private', '/open/page']) {
    const page = await visit(path, headers);
    assert.deepEqual([page.status, page.main], [200, `user ${user}`], path);
  }
  const { status, json } = await visit('/api/me', headers);
  assert.deepEqual([status, json?.sub], [200, user]);
  const old = await visit('/api/old', headers);
  assert.deepEqual([old.status, old.json?.sub], [200, user]);
  return json;
}

const expired = async (jwt) => {
  const claims = JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
  return (await emulator.control('POST', 'token', { claims: { ...claims, iat: 1, exp: 2 } })).jwt;
};

const scenarios = {
  async 'a visitor without a session is sent to the sign-in'() {
    await isSentAway({});
    assert.equal((await visit('/sign-in')).main, 'sign in');
  },
  async 'the session cookie is accepted, with its roles and tenants'() {
    await ok(sdk.management.role.create('Pilot'));
    await ok(sdk.management.tenant.createWithId('acme', 'Acme'));
    await ok(sdk.management.user.create('pilot@example.com', { email: 'pilot@example.com', roles: ['Pilot'], userTenants: [{ tenantId: 'acme' }] }));
    const { sessionJwt, user } = await signIn(run, 'pilot@example.com');
    const me = await isSignedIn(cookie({ DS: sessionJwt }), user.userId);
    assert.deepEqual([me.roles, me.tenants, me.jwt], [['Pilot'], { acme: {} }, sessionJwt]);
  },
  async 'the header Authorization is accepted, and counts before the cookie'() {
    const { sessionJwt, user } = await signIn(run);
    const other = await signIn(run, 'bob@example.com');
    await isSignedIn({ authorization: `Bearer ${sessionJwt}`, ...cookie({ DS: other.sessionJwt }) }, user.userId);
  },
  async 'a header of the visitor does not pass for a session'() {
    const { sessionJwt } = await signIn(run);
    const { json } = await visit('/api/me', { 'x-descope-session': 'forged', ...cookie({ DS: sessionJwt }) });
    assert.equal(json.forged, null);
  },
  async 'what another project, another key or nobody signed is refused'() {
    const { sessionJwt } = await signIn(run);
    const [head, body, signature] = sessionJwt.split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    const stranger = await signIn(await startEmulator());
    for (const forged of ['x', `${head}.${body}.${signature.slice(0, -8)}AAAAAAAA`, `${head}.${body}.`, `${none}.${body}.`, stranger.sessionJwt]) {
      await isSentAway(cookie({ DS: forged }));
      await isSentAway({ authorization: `Bearer ${forged}` });
    }
  },
  async 'an expired session is refused'() {
    const { sessionJwt } = await signIn(run);
    await isSentAway(cookie({ DS: await expired(sessionJwt) }));
  },
  async 'an expired session with a refresh token passes the middleware, and is refreshed'() {
    const { sessionJwt, refreshJwt, user } = await signIn(run);
    const cookies = { DS: await expired(sessionJwt), DSR: refreshJwt };
    // The page is reached, but has no session yet.
    assert.equal((await visit('/private', cookie(cookies))).main, 'no session');
    assert.equal((await visit('/api/me', cookie(cookies))).status, 401);
    const { status, json, set } = await visit('/api/refresh', cookie(cookies), 'POST');
    assert.deepEqual([status, json], [200, { sub: user.userId, email: ADA }]);
    const session = /^DS=([^;]+);/.exec(set.find((one) => one.startsWith('DS=')))[1];
    assert.notEqual(session, cookies.DS);
    await isSignedIn(cookie({ ...cookies, DS: session }), user.userId);
  },
  async 'a session that is good is not refreshed'() {
    const { sessionJwt, refreshJwt, user } = await signIn(run);
    const before = await emulator.seen('/v1/auth/refresh');
    await isSignedIn(cookie({ DS: sessionJwt, DSR: refreshJwt }), user.userId);
    const { json } = await visit('/api/refresh', cookie({ DS: sessionJwt, DSR: refreshJwt }), 'POST');
    assert.equal(json.sub, user.userId);
    assert.equal(await emulator.seen('/v1/auth/refresh'), before);
  },
  async 'after the logout nothing refreshes the session'() {
    const { sessionJwt, refreshJwt } = await signIn(run);
    await ok(sdk.logout(refreshJwt));
    const cookies = cookie({ DS: await expired(sessionJwt), DSR: refreshJwt });
    const { status, set } = await visit('/api/refresh', cookies, 'POST');
    assert.deepEqual([status, set], [401, []]);
  },
  async 'a user who is disabled gets no new session'() {
    const { sessionJwt, refreshJwt } = await signIn(run, 'eve@example.com');
    await ok(sdk.management.user.deactivate('eve@example.com'));
    const { status } = await visit('/api/refresh', cookie({ DS: await expired(sessionJwt), DSR: refreshJwt }), 'POST');
    assert.equal(status, 401);
  },
  async 'a new signing key is found'() {
    await emulator.control('POST', 'rotate-keys', {});
    const { sessionJwt, user } = await signIn(run);
    await isSignedIn(cookie({ DS: sessionJwt }), user.userId);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(scenarios)) {
  try {
    await check();
  } catch (error) {
    failed += 1;
    const [, at] = /(next_sdk\.mjs:\d+)/.exec(error.stack) ?? [];
    console.log(`FAILED ${name}, ${at}: ${String(error.message).slice(0, 300)}`);
  }
}
const count = Object.keys(scenarios).length;
console.log(`@descope/nextjs-sdk ${version}: ${count - failed} of ${count} scenarios hold`);
process.exit(failed ? 1 : 0);
