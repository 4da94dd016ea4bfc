// What the scenarios of the Node SDK share: an emulator of their own, a watched client, checks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
