// What the scenarios of the SDKs for JavaScript share: an emulator of their own, a watched client, checks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import readline from 'node:readline';

export const ADA = 'ada@example.com';
export const PHONE = '+12025550101';
export const PAGE = 'https://app.example.com/in';
export const SILENT = { log() {}, error() {}, warn() {}, debug() {} };

const OPERATIONS = readFileSync(new URL('../../src/operations.txt', import.meta.url), 'utf8').split('\n');

/** Whether the list of operations marks this one, by its method and path, as emulated. */
export function emulated(operation) {
  const line = OPERATIONS.find((line) => line.startsWith(`${operation} `));
  assert.ok(line, `src/operations.txt has no ${operation}`);
  return line.split(' ')[3].includes('emulator');
}

/** Name, run, and the emulator's options of each scenario. */
export const scenarios = [];

export function scenario(name, run, options = []) {
  scenarios.push({ name, run, options });
}

export class Emulator {
  static async start(program, options) {
    const emulator = new Emulator();
    emulator.process = spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    const settings = {};
    for await (const line of readline.createInterface({ input: emulator.process.stdout })) {
      const [name, ...value] = line.split('=');
      settings[name] = value.join('=');
      if (name === 'DESCOPE_MANAGEMENT_KEY') break;
    }
    emulator.base = settings.DESCOPE_BASE_URI;
    emulator.project = settings.DESCOPE_PROJECT_ID;
    emulator.key = settings.DESCOPE_MANAGEMENT_KEY;
    return emulator;
  }

  async control(method, path, body) {
    const answer = await fetch(`${this.base}/_emulator/${path}`, { method, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return JSON.parse((await answer.text()) || 'null');
  }

  async advance(seconds) {
    return (await this.control('POST', 'advance', { seconds })).time;
  }

  async fault(kind, path, more = {}) {
    await this.control('POST', 'faults', { kind, path, times: 1, ...more });
  }

  /** How many requests went to a path. */
  async seen(path) {
    const { requests } = await this.control('GET', 'requests');
    return requests.filter((of) => of.path === path).reduce((sum, of) => sum + of.count, 0);
  }

  async messages(to) {
    return (await this.control('GET', `inbox?to=${encodeURIComponent(to)}`)).messages;
  }

  async message(to) {
    const messages = await this.messages(to);
    assert.ok(messages.length, `no message to ${to}`);
    return messages.at(-1);
  }

  async code(to) {
    return (await this.message(to)).code;
  }

  async linkToken(to) {
    return tokenOf((await this.message(to)).link);
  }
}

export const tokenOf = (link) => new URL(link).searchParams.get('t');

/** The data of a call that must succeed. */
export async function ok(call) {
  const answer = await call;
  assert.ok(answer.ok, JSON.stringify(answer.error));
  return answer.data;
}

/** The call must be refused, with this code: of the service, or where it is a number, of HTTP. */
export async function fails(code, call) {
  const answer = await call;
  assert.equal(answer.ok, false, `should have failed with ${code}`);
  const found = typeof code === 'number' ? answer.code : answer.error.errorCode;
  assert.equal(found, code, JSON.stringify(answer.error));
  return answer;
}

export const sorted = (items, name = 'name') => items.map((item) => item[name]).sort();

export function only(items) {
  assert.equal(items.length, 1, JSON.stringify(items));
  return items[0];
}

export async function signIn({ sdk, emulator }, loginId = ADA) {
  await ok(sdk.otp.signUpOrIn.email(loginId));
  return ok(sdk.otp.verify.email(loginId, await emulator.code(loginId)));
}

/** The session is that of this user, was proved in this way, and ends with its logout. */
export async function isSignedIn({ sdk }, signedIn, loginId, amr) {
  const { token } = await sdk.validateSession(signedIn.sessionJwt);
  assert.equal(token.sub, signedIn.user.userId);
  assert.deepEqual([...token.amr].sort(), [...amr].sort());
  const me = await ok(sdk.me(signedIn.refreshJwt));
  assert.equal(me.userId, token.sub);
  assert.ok(me.loginIds.includes(loginId), `${me.loginIds}`);
  assert.equal((await sdk.refreshSession(signedIn.refreshJwt)).token.sub, token.sub);
  await ok(sdk.logout(signedIn.refreshJwt));
  await fails('E064001', sdk.refresh(signedIn.refreshJwt));
}

/** Signs in at the emulator's identity provider, as a browser would, and returns the code. */
export async function atProvider(url, loginId) {
  const chosen = `${url}${url.includes('?') ? '&' : '?'}loginId=${encodeURIComponent(loginId)}`;
  const answer = await fetch(chosen, { redirect: 'manual' });
  return new URL(answer.headers.get('location')).searchParams.get('code');
}

/** The SDK, noting every method that succeeded. */
export function watched(sdk, called, path = '') {
  return new Proxy(sdk, {
    get(target, name) {
      const value = target[name];
      if (typeof name !== 'string' || value === null || !['function', 'object'].includes(typeof value)) return value;
      return watched(value, called, path ? `${path}.${name}` : name);
    },
    apply(target, self, args) {
      const note = (returned) => {
        if (returned?.ok !== false) called.add(path);
        return returned;
      };
      const returned = Reflect.apply(target, undefined, args);
      return returned?.then ? returned.then(note) : note(returned);
    },
  });
}

/** The public methods of the client and of its areas. */
export function allMethods(sdk, path = '', found = new Set()) {
  for (const [name, value] of Object.entries(sdk)) {
    const here = path ? `${path}.${name}` : name;
    if (here.startsWith('httpClient')) continue;
    if (typeof value === 'function') found.add(here);
    if (value && ['function', 'object'].includes(typeof value)) allMethods(value, here, found);
  }
  return found;
}

/** Methods that do not run and have no reason in `not_run.txt` for this SDK, and reasons of methods that do. */
function unexplained(sdk, missing) {
  const lines = readFileSync(new URL('not_run.txt', import.meta.url), 'utf8').split('\n');
  const patterns = lines.filter((line) => line.startsWith(`${sdk} `)).map((line) => line.split(' ')[1]);
  const covers = (pattern, method) =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(method);
  const bare = missing.filter((method) => !patterns.some((pattern) => covers(pattern, method)));
  const stale = patterns.filter((pattern) => !missing.some((method) => covers(pattern, method)));
  return [
    ...bare.map((method) => `${method} does not run, and not_run.txt does not say why`),
    ...stale.map((pattern) => `${pattern} is in not_run.txt, but runs`),
  ];
}

/**
 * Runs these scenarios of an SDK, or the wanted ones, each with an emulator of its own, and tells the figures.
 * `make` turns an emulator into what a scenario gets. A method counts as run when it succeeded inside a scenario
 * whose checks all held; what does not run stands in `not_run.txt`, with its reason. Returns whether all of this
 * holds.
 */
export async function runAll({ sdk, name, version, program, all, make, reportFile = '-', wanted = [] }) {
  let every = new Set();
  const ran = new Set();
  const chosen = all.filter((scenario) => !wanted.length || wanted.includes(scenario.name));
  let failed = 0;
  for (const { name, run, options } of chosen) {
    const emulator = await Emulator.start(program, options);
    const called = new Set();
    try {
      const made = make(emulator, called);
      every = allMethods(made.own);
      await run(made);
      for (const method of called) ran.add(method);
    } catch (error) {
      failed += 1;
      const [, at] = /peers\/(?!node_harness)(\w+\.mjs:\d+)/.exec(error.stack) ?? [];
      console.log(`FAILED ${name}, ${at}: ${String(error.message).slice(0, 300)}`);
    } finally {
      emulator.process.kill();
    }
  }
  const run = [...every].filter((method) => ran.has(method)).sort();
  const missing = [...every].filter((method) => !ran.has(method)).sort();
  const holding = `${chosen.length - failed} of ${chosen.length} scenarios hold`;
  console.log(`${name} ${version}: ${run.length} of ${every.size} methods run, ${holding}`);
  const wrong = wanted.length ? [] : unexplained(sdk, missing);
  for (const line of wrong) console.log(line);
  if (reportFile !== '-' && !wanted.length) {
    writeFileSync(reportFile, JSON.stringify({ version, run, missing, scenarios: chosen.length }, null, 1));
  }
  return !failed && !wrong.length;
}
