// Runs the official Node SDK, unmodified, against the emulator, and checks what it gets back.
//
//     node tests/peers/node_sdk.mjs FOLDER_OF_THE_SDK target/debug/descope-emulator [report.json]
//
// Every scenario gets an emulator of its own. A method counts as run when it succeeded inside a
// scenario whose checks all held. The exit status is 0 when all scenarios hold.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createHmac } from 'node:crypto';
import readline from 'node:readline';

const [folder, program, reportFile] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'package.json'));
const createSdk = require('@descope/node-sdk').default ?? require('@descope/node-sdk');
const version = JSON.parse(readFileSync(resolve(folder, 'node_modules/@descope/node-sdk/package.json'))).version;

const ADA = 'ada@example.com';
const PHONE = '+12025550101';
const scenarios = {};

class Emulator {
  static async start() {
    const emulator = new Emulator();
    emulator.process = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] });
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

  async message(to) {
    const { messages } = await this.control('GET', `inbox?to=${encodeURIComponent(to)}`);
    assert.ok(messages.length, `no message to ${to}`);
    return messages.at(-1);
  }

  async code(to) {
    return (await this.message(to)).code;
  }

  async linkToken(to) {
    return new URL((await this.message(to)).link).searchParams.get('t');
  }
}

/** The SDK, noting every method that succeeded. */
function watched(sdk, called, path = '') {
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

function allMethods(sdk, path = '', found = new Set()) {
  for (const [name, value] of Object.entries(sdk)) {
    const here = path ? `${path}.${name}` : name;
    if (here.startsWith('httpClient')) continue;
    if (typeof value === 'function') found.add(here);
    if (value && ['function', 'object'].includes(typeof value)) allMethods(value, here, found);
  }
  return found;
}

/** The data of a call that must succeed. */
async function ok(call) {
  const answer = await call;
  assert.ok(answer.ok, JSON.stringify(answer.error));
  return answer.data;
}

async function fails(call, code) {
  const answer = await call;
  assert.equal(answer.ok, false, 'should have failed');
  if (code) assert.equal(answer.error.errorCode, code, JSON.stringify(answer.error));
  return answer.error;
}

const sorted = (items, name = 'name') => items.map((item) => item[name]).sort();

async function signIn({ sdk, emulator }, loginId = ADA) {
  await ok(sdk.otp.signUpOrIn.email(loginId));
  return ok(sdk.otp.verify.email(loginId, await emulator.code(loginId)));
}

scenarios.otp = async ({ sdk, emulator }) => {
  await ok(sdk.otp.signUp.email(ADA, { name: 'Ada', phone: PHONE }));
  await fails(sdk.otp.verify.email(ADA, 'x'), 'E061102');
  const signedIn = await ok(sdk.otp.verify.email(ADA, await emulator.code(ADA)));
  assert.equal(signedIn.user.name, 'Ada');
  assert.equal(signedIn.firstSeen, true);
  await fails(sdk.otp.signUp.email(ADA), 'E062107');
  await fails(sdk.otp.signIn.email('nobody@example.com'), 'E062108');
  await ok(sdk.otp.signIn.email(ADA, { stepup: true }, signedIn.refreshJwt));
  const stepped = await ok(sdk.otp.verify.email(ADA, await emulator.code(ADA)));
  assert.equal((await sdk.validateJwt(stepped.sessionJwt)).token.su, true);
  for (const [method, phone] of [['sms', '+12025550111'], ['voice', '+12025550112'], ['whatsapp', '+12025550113'], ['im', '+12025550114']]) {
    await ok(sdk.otp.signUp[method](phone));
    await ok(sdk.otp.verify[method](phone, await emulator.code(phone)));
    await ok(sdk.otp.signIn[method](phone));
    await ok(sdk.otp.signUpOrIn[method](phone));
    const fresh = `${phone.slice(0, -2)}9${phone.at(-1)}`;
    await ok(sdk.otp.update.phone[method](ADA, fresh, signedIn.refreshJwt));
    await ok(sdk.otp.verify[method](ADA, await emulator.code(fresh)));
    assert.equal((await ok(sdk.me(signedIn.refreshJwt))).phone, fresh);
  }
  await ok(sdk.otp.update.email(ADA, 'countess@example.com', signedIn.refreshJwt));
  await ok(sdk.otp.verify.email(ADA, await emulator.code('countess@example.com')));
  assert.equal((await ok(sdk.me(signedIn.refreshJwt))).email, 'countess@example.com');
};

scenarios.sessions = async (run) => {
  const { sdk, emulator } = run;
  await ok(sdk.management.permission.create('fly'));
  await ok(sdk.management.role.create('Pilot', '', ['fly']));
  await ok(sdk.management.tenant.createWithId('acme', 'Acme'));
  await ok(sdk.management.user.create(ADA, { email: ADA, roles: ['Pilot'], userTenants: [{ tenantId: 'acme', roleNames: ['Pilot'] }] }));
  const signedIn = await signIn(run);
  const checked = await sdk.validateSession(signedIn.sessionJwt);
  assert.equal(checked.token.sub, signedIn.user.userId);
  assert.equal(sdk.validateRoles(checked, ['Pilot']), true);
  assert.equal(sdk.validateRoles(checked, ['Admin']), false);
  assert.equal(sdk.validatePermissions(checked, ['fly']), true);
  assert.equal(sdk.validateTenantRoles(checked, 'acme', ['Pilot']), true);
  assert.equal(sdk.validateTenantPermissions(checked, 'acme', ['fly']), true);
  assert.deepEqual(sdk.getMatchedRoles(checked, ['Pilot', 'Admin']), ['Pilot']);
  assert.deepEqual(sdk.getMatchedPermissions(checked, ['fly']), ['fly']);
  assert.deepEqual(sdk.getMatchedTenantRoles(checked, 'acme', ['Pilot']), ['Pilot']);
  assert.deepEqual(sdk.getMatchedTenantPermissions(checked, 'acme', ['fly']), ['fly']);
  assert.deepEqual(sdk.getTenants(signedIn.sessionJwt), ['acme']);
  assert.deepEqual(sdk.getJwtRoles(signedIn.sessionJwt), ['Pilot']);
  assert.deepEqual(sdk.getJwtPermissions(signedIn.sessionJwt), ['fly']);
  assert.equal(sdk.isJwtExpired(signedIn.sessionJwt), false);
  assert.equal((await sdk.refreshSession(signedIn.refreshJwt)).token.sub, checked.token.sub);
  await ok(sdk.refresh(signedIn.refreshJwt));
  const { jwt: expired } = await emulator.control('POST', 'token', { claims: { ...checked.token, iat: 1, exp: 2 } });
  await assert.rejects(sdk.validateSession(expired));
  assert.equal((await sdk.validateAndRefreshSession(expired, signedIn.refreshJwt)).token.sub, checked.token.sub);
  const selected = await ok(sdk.selectTenant('acme', signedIn.refreshJwt));
  assert.equal(sdk.getCurrentTenant(selected.sessionJwt), 'acme');
  assert.deepEqual(sorted((await ok(sdk.myTenants(['acme'], signedIn.refreshJwt))).tenants, 'id'), ['acme']);
  assert.ok((await ok(sdk.history(signedIn.refreshJwt))).length);
  await ok(sdk.logout(signedIn.refreshJwt));
  await fails(sdk.refresh(signedIn.refreshJwt));
  const other = await signIn(run);
  await ok(sdk.logoutAll(other.refreshJwt));
  await fails(sdk.refresh(other.refreshJwt));
};

scenarios.magicLink = async ({ sdk, emulator }) => {
  await ok(sdk.magicLink.signUp.email(ADA, 'https://a.example', { name: 'Ada' }));
  const token = await emulator.linkToken(ADA);
  const signedIn = await ok(sdk.magicLink.verify(token));
  await fails(sdk.magicLink.verify(token));
  await ok(sdk.magicLink.signIn.email(ADA, 'https://a.example', { mfa: true }, signedIn.refreshJwt));
  const again = await ok(sdk.magicLink.verify(await emulator.linkToken(ADA)));
  assert.ok((await sdk.validateJwt(again.sessionJwt)).token.amr.includes('mfa'));
  for (const method of ['sms', 'whatsapp']) {
    const phone = method === 'sms' ? '+12025550121' : '+12025550122';
    await ok(sdk.magicLink.signUp[method](phone, 'https://a.example'));
    await ok(sdk.magicLink.verify(await emulator.linkToken(phone)));
    await ok(sdk.magicLink.signIn[method](phone, 'https://a.example'));
    await ok(sdk.magicLink.signUpOrIn[method](phone, 'https://a.example'));
    const fresh = `${phone.slice(0, -2)}9${phone.at(-1)}`;
    await ok(sdk.magicLink.update.phone[method](ADA, fresh, 'https://a.example', signedIn.refreshJwt));
    await ok(sdk.magicLink.verify(await emulator.linkToken(fresh)));
    assert.equal((await ok(sdk.me(signedIn.refreshJwt))).phone, fresh);
  }
  await ok(sdk.magicLink.signUpOrIn.email('bob@example.com', 'https://a.example'));
  await ok(sdk.magicLink.update.email(ADA, 'countess@example.com', 'https://a.example', signedIn.refreshJwt));
  await ok(sdk.magicLink.verify(await emulator.linkToken('countess@example.com')));
  assert.equal((await ok(sdk.me(signedIn.refreshJwt))).email, 'countess@example.com');
};

scenarios.enchantedLink = async ({ sdk, emulator }) => {
  const click = async (started, to = ADA) => {
    await ok(sdk.enchantedLink.verify(await emulator.linkToken(to)));
    return ok(sdk.enchantedLink.waitForSession(started.pendingRef, { pollingIntervalMs: 1000, timeoutMs: 5000 }));
  };
  const signedIn = await click(await ok(sdk.enchantedLink.signUp(ADA, 'https://a.example', { name: 'Ada' })));
  await click(await ok(sdk.enchantedLink.signIn(ADA, 'https://a.example', { stepup: true }, signedIn.refreshJwt)));
  await click(await ok(sdk.enchantedLink.signUpOrIn('bob@example.com', 'https://a.example')), 'bob@example.com');
  await click(await ok(sdk.enchantedLink.update.email(ADA, 'countess@example.com', 'https://a.example', signedIn.refreshJwt)), 'countess@example.com');
};

function totpCode(key, now) {
  const bits = [...key.replace(/=+$/, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30)));
  const digest = createHmac('sha1', secret).update(counter).digest();
  return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

scenarios.totp = async ({ sdk }) => {
  const made = await ok(sdk.totp.signUp(ADA, { name: 'Ada' }));
  const signedIn = await ok(sdk.totp.verify(ADA, totpCode(made.key, Date.now() / 1000)));
  const renewed = await ok(sdk.totp.update(ADA, signedIn.refreshJwt));
  await ok(sdk.totp.verify(ADA, totpCode(renewed.key, Date.now() / 1000)));
};

scenarios.passwords = async ({ sdk }) => {
  const [good, better] = ['Analytical-Engine-1843', 'Difference-Engine-1822'];
  assert.ok((await ok(sdk.password.policy())).minLength > 0);
  const signedIn = await ok(sdk.password.signUp(ADA, good, { email: ADA }));
  await fails(sdk.password.signIn(ADA, better));
  await ok(sdk.password.signIn(ADA, good));
  await ok(sdk.password.update(ADA, better, signedIn.refreshJwt));
  await ok(sdk.password.replace(ADA, better, good));
  await ok(sdk.password.signIn(ADA, good));
  await ok(sdk.password.sendReset(ADA, 'https://a.example'));
};

async function provider(url, loginId) {
  const chosen = `${url}${url.includes('?') ? '&' : '?'}loginId=${encodeURIComponent(loginId)}`;
  const answer = await fetch(chosen, { redirect: 'manual' });
  return new URL(answer.headers.get('location')).searchParams.get('code');
}

scenarios.oauth = async ({ sdk }) => {
  const started = await ok(sdk.oauth.start('google', 'https://app.example.com/back'));
  const code = await provider(started.url, ADA);
  const signedIn = await ok(sdk.oauth.exchange(code));
  assert.equal(signedIn.user.email, ADA);
  await fails(sdk.oauth.exchange(code));
  for (const name of ['facebook', 'github', 'google', 'microsoft', 'gitlab', 'apple', 'discord', 'linkedin', 'slack']) {
    const { url } = await ok(sdk.oauth.start[name]('https://app.example.com/back'));
    await ok(sdk.oauth.exchange(await provider(url, ADA)));
  }
  const token = await ok(sdk.management.user.getProviderToken(ADA, 'google'));
  assert.equal(token.provider, 'google');
};

scenarios.sso = async ({ sdk }) => {
  await ok(sdk.management.tenant.createWithId('acme', 'Acme', ['example.com']));
  await ok(sdk.management.sso.configureSAMLByMetadata('acme', { idpMetadataUrl: 'https://idp.example/metadata' }));
  for (const area of ['sso', 'saml']) {
    const { url } = await ok(sdk[area].start('acme', 'https://app.example.com/back'));
    const signedIn = await ok(sdk[area].exchange(await provider(url, ADA)));
    assert.deepEqual(sdk.getTenants(signedIn.sessionJwt), ['acme']);
  }
};

scenarios.users = async ({ sdk, emulator }) => {
  const c = sdk.management.user;
  await ok(sdk.management.role.create('Pilot'));
  await ok(sdk.management.role.create('Cook'));
  await ok(sdk.management.tenant.createWithId('acme', 'Acme'));
  await ok(sdk.management.tenant.createWithId('other', 'Other'));
  const made = await ok(c.create('ada', { email: ADA, phone: PHONE, displayName: 'Ada', roles: ['Cook'], userTenants: [{ tenantId: 'acme', roleNames: ['Pilot'] }], customAttributes: { level: 3 }, verifiedEmail: true, additionalLoginIds: ['countess'] }));
  assert.deepEqual([made.name, made.roleNames, made.customAttributes], ['Ada', ['Cook'], { level: 3 }]);
  await fails(c.create('ada'));
  assert.equal((await ok(c.load('countess'))).userId, made.userId);
  assert.equal((await ok(c.loadByUserId(made.userId))).email, ADA);
  assert.equal((await ok(c.patch('ada', { displayName: 'Countess' }))).phone, PHONE);
  assert.ok(!(await ok(c.update('ada', { email: ADA }))).phone);
  assert.equal((await ok(c.deactivate('ada'))).status, 'disabled');
  assert.equal((await ok(c.activate('ada'))).status, 'enabled');
  assert.equal((await ok(c.updateEmail('ada', 'new@example.com', true))).email, 'new@example.com');
  assert.equal((await ok(c.updatePhone('ada', PHONE, true))).phone, PHONE);
  assert.equal((await ok(c.updateDisplayName('ada', 'A', 'B', 'C', 'D'))).familyName, 'D');
  assert.equal((await ok(c.updatePicture('ada', 'https://a.example/p'))).picture, 'https://a.example/p');
  assert.equal((await ok(c.updateCustomAttribute('ada', 'level', 4))).customAttributes.level, 4);
  assert.deepEqual((await ok(c.setRoles('ada', ['Pilot']))).roleNames, ['Pilot']);
  assert.equal((await ok(c.addRoles('ada', ['Cook']))).roleNames.length, 2);
  assert.deepEqual((await ok(c.removeRoles('ada', ['Pilot']))).roleNames, ['Cook']);
  await ok(c.addTenant('ada', 'other'));
  await ok(c.setTenantRoles('ada', 'other', ['Pilot']));
  await ok(c.addTenantRoles('ada', 'other', ['Cook']));
  const removed = await ok(c.removeTenantRoles('ada', 'other', ['Pilot']));
  assert.deepEqual(removed.userTenants.find((of) => of.tenantId === 'other').roleNames, ['Cook']);
  assert.deepEqual(sorted((await ok(c.removeTenant('ada', 'other'))).userTenants, 'tenantId'), []);
  const { id: app } = await ok(sdk.management.ssoApplication.createOidcApplication({ name: 'App', loginPageUrl: 'https://a.example' }));
  assert.deepEqual((await ok(c.addSSOapps('ada', [app]))).ssoAppIds, [app]);
  await ok(c.removeSSOapps('ada', [app]));
  await ok(c.setSSOapps('ada', [app]));
  assert.ok((await ok(c.updateLoginId('ada', 'lovelace'))).loginIds.includes('lovelace'));
  assert.equal((await ok(c.searchAll(undefined, ['Cook']))).length, 1);
  assert.equal((await ok(c.search({ text: 'lovelace' }))).users[0].userId, made.userId);
  const batch = await ok(c.createBatch([{ loginId: 'bob', email: 'bob@example.com' }, { loginId: 'lovelace' }]));
  assert.deepEqual([batch.createdUsers.length, batch.failedUsers.length], [1, 1]);
  await ok(c.invite('eve@example.com', { email: 'eve@example.com', inviteUrl: 'https://a.example', sendMail: true }));
  await emulator.message('eve@example.com');
  await ok(c.inviteBatch([{ loginId: 'mel@example.com', email: 'mel@example.com' }], 'https://a.example', true));
  await ok(c.setTemporaryPassword('bob', 'Temporary-Secret-1'));
  await fails(sdk.password.signIn('bob', 'Temporary-Secret-1'));
  await ok(c.setActivePassword('bob', 'Lasting-Secret-22'));
  const signedIn = await ok(sdk.password.signIn('bob', 'Lasting-Secret-22'));
  assert.ok((await ok(c.history([signedIn.user.userId]))).length);
  await ok(c.expirePassword('bob'));
  await fails(sdk.password.signIn('bob', 'Lasting-Secret-22'));
  await ok(c.removeAllPasskeys('bob'));
  await ok(c.logoutUser('bob'));
  await fails(sdk.refresh(signedIn.refreshJwt));
  await ok(c.logoutUserByUserId(signedIn.user.userId));
  await ok(c.delete('bob'));
  await ok(c.deleteByUserId(made.userId));
  assert.deepEqual(sorted((await ok(c.search({}))).users, 'email'), ['eve@example.com', 'mel@example.com']);
};

scenarios.testUsers = async ({ sdk }) => {
  const c = sdk.management.user;
  const made = await ok(c.createTestUser('tester', { email: 'tester@example.com', phone: PHONE }));
  assert.equal(made.test, true);
  assert.equal((await ok(c.searchTestUsers({}))).users.length, 1);
  const otp = await ok(c.generateOTPForTestUser('email', 'tester'));
  await ok(sdk.otp.verify.email('tester', otp.code));
  const magic = await ok(c.generateMagicLinkForTestUser('email', 'tester', 'https://a.example'));
  await ok(sdk.magicLink.verify(new URL(magic.link).searchParams.get('t')));
  const enchanted = await ok(c.generateEnchantedLinkForTestUser('tester', 'https://a.example'));
  await ok(sdk.enchantedLink.verify(new URL(enchanted.link).searchParams.get('t')));
  await ok(sdk.enchantedLink.waitForSession(enchanted.pendingRef, { timeoutMs: 5000 }));
  const embedded = await ok(c.generateEmbeddedLink('tester', { b: 2 }));
  await ok(sdk.magicLink.verify(embedded.token));
  await ok(c.deleteAllTestUsers());
  await fails(c.load('tester'));
};

scenarios.tenantsRolesKeys = async ({ sdk }) => {
  const { tenant, role, permission, accessKey } = sdk.management;
  const { id } = await ok(tenant.create('Acme', ['acme.example']));
  await ok(tenant.update(id, 'Acme Ltd', ['acme.test']));
  assert.equal((await ok(tenant.load(id))).name, 'Acme Ltd');
  assert.equal((await ok(tenant.loadAll())).length, 1);
  assert.equal((await ok(tenant.searchAll([id]))).length, 1);
  await ok(permission.create('fly', 'may fly'));
  await ok(permission.update('fly', 'glide'));
  assert.ok(sorted(await ok(permission.loadAll())).includes('glide'));
  await ok(role.create('Pilot', 'flies', ['glide']));
  await ok(role.update('Pilot', 'Captain', 'commands', ['glide']));
  assert.ok(sorted(await ok(role.loadAll())).includes('Captain'));
  assert.equal((await ok(role.search({ roleNames: ['Captain'] })))[0].permissionNames[0], 'glide');
  const made = await ok(accessKey.create('ci', 0, ['Captain'], [{ tenantId: id }]));
  const exchanged = await sdk.exchangeAccessKey(made.cleartext);
  assert.deepEqual(exchanged.token.roles, ['Captain']);
  await ok(accessKey.update(made.key.id, 'cd'));
  assert.equal((await ok(accessKey.load(made.key.id))).name, 'cd');
  await ok(accessKey.deactivate(made.key.id));
  await assert.rejects(sdk.exchangeAccessKey(made.cleartext));
  await ok(accessKey.activate(made.key.id));
  assert.equal((await ok(accessKey.searchAll([id]))).length, 1);
  await ok(accessKey.delete(made.key.id));
  await ok(role.delete('Captain'));
  await ok(permission.delete('glide'));
  await ok(tenant.delete(id));
  await fails(tenant.load(id));
};

scenarios.ssoSettings = async ({ sdk }) => {
  const { sso, tenant } = sdk.management;
  await ok(tenant.createWithId('acme', 'Acme'));
  await ok(sso.configureOIDCSettings('acme', { name: 'OIDC', clientId: 'client', clientSecret: 'secret', authUrl: 'https://idp.example/a' }, ['acme.example']));
  assert.equal((await ok(sso.loadSettings('acme'))).oidc.clientId, 'client');
  await ok(sso.configureSAMLSettings('acme', { idpUrl: 'https://idp.example', entityId: 'entity', idpCert: 'cert', roleMappings: [] }, 'https://a.example', ['acme.example']));
  assert.equal((await ok(sso.loadSettings('acme'))).saml.idpEntityId, 'entity');
  await ok(sso.configureSettings('acme', 'https://idp2.example', 'cert2', 'entity2', 'https://a.example', ['acme.example']));
  assert.equal((await ok(sso.getSettings('acme'))).idpEntityId, 'entity2');
  await ok(sso.configureMetadata('acme', 'https://idp.example/metadata', 'https://a.example', ['acme.example']));
  await ok(sso.deleteSettings('acme'));
};

scenarios.ssoApplications = async ({ sdk }) => {
  const c = sdk.management.ssoApplication;
  const oidc = (await ok(c.createOidcApplication({ name: 'Wiki', loginPageUrl: 'https://a.example' }))).id;
  const saml = (await ok(c.createSamlApplication({ name: 'CRM', loginPageUrl: 'https://a.example', useMetadataInfo: true, metadataUrl: 'https://a.example/m' }))).id;
  await ok(c.updateOidcApplication({ id: oidc, name: 'Wiki 2', loginPageUrl: 'https://a.example' }));
  await ok(c.updateSamlApplication({ id: saml, name: 'CRM 2', loginPageUrl: 'https://a.example', useMetadataInfo: true, metadataUrl: 'https://a.example/m' }));
  assert.equal((await ok(c.load(oidc))).name, 'Wiki 2');
  assert.deepEqual(sorted(await ok(c.loadAll())), ['CRM 2', 'Wiki 2']);
  await ok(c.delete(oidc));
};

scenarios.tokens = async (run) => {
  const { sdk } = run;
  const signedIn = await signIn(run);
  const updated = await ok(sdk.management.jwt.update(signedIn.sessionJwt, { level: 5 }));
  assert.equal((await sdk.validateJwt(updated.jwt)).token.level, 5);
  await ok(sdk.management.permission.create('Impersonate'));
  await ok(sdk.management.role.create('Support', '', ['Impersonate']));
  const helper = await ok(sdk.management.user.create('helper', { roles: ['Support'] }));
  assert.ok((await ok(sdk.management.jwt.impersonate(helper.userId, ADA, false))).jwt);
};

scenarios.flowsThemeProject = async ({ sdk }) => {
  const { flow, theme, project } = sdk.management;
  const { flows } = await ok(flow.list());
  const exported = await ok(flow.export(flows[0].id));
  await ok(flow.import('copy', exported.flow, exported.screens));
  await ok(flow.delete(['copy']));
  await ok(theme.import(await ok(theme.export())));
  await ok(project.updateName('Engine'));
  await ok(project.updateTags(['a']));
  assert.deepEqual(sorted(await ok(project.listProjects())), ['Engine']);
  await ok(project.clone('Copy', 'production'));
  await ok(project.import(await ok(project.export())));
};

scenarios.audit = async (run) => {
  const { sdk } = run;
  await signIn(run);
  await ok(sdk.management.audit.createEvent({ action: 'launch', type: 'info', actorId: 'ada', tenantId: 'acme' }));
  assert.equal((await ok(sdk.management.audit.search({ actions: ['launch'] }))).length, 1);
};

const SCHEMA = `model AuthZ 1.0
type user
type org
  relation member: user
type doc
  relation owner: user
  relation org: org
  permission can_view: owner | org.member
`;

scenarios.fga = async ({ sdk }) => {
  const c = sdk.management.fga;
  await ok(c.saveSchema({ dsl: SCHEMA }));
  const relation = (resourceType, resource, name, targetType, target) => ({ resourceType, resource, relation: name, targetType, target });
  const made = [relation('org', 'acme', 'member', 'user', 'bob'), relation('doc', 'plan', 'org', 'org', 'acme'), relation('doc', 'plan', 'owner', 'user', 'ada')];
  await ok(c.createRelations(made));
  const asked = ['ada', 'bob', 'eve'].map((who) => relation('doc', 'plan', 'can_view', 'user', who));
  assert.deepEqual((await ok(c.check(asked))).map((of) => of.allowed), [true, true, false]);
  await ok(c.deleteRelations(made.slice(0, 1)));
  assert.deepEqual((await ok(c.check(asked))).map((of) => of.allowed), [true, false, false]);
};

scenarios.authz = async ({ sdk }) => {
  const c = sdk.management.authz;
  await ok(c.saveSchema({ name: 'Files', namespaces: [{ name: 'note', relationDefinitions: [{ name: 'owner' }, { name: 'viewer', complexDefinition: { nType: 'union', children: [{ nType: 'child', expression: { neType: 'self' } }, { nType: 'child', expression: { neType: 'targetSet', targetRelationDefinition: 'owner', targetRelationDefinitionNamespace: 'note' } }] } }] }] }, true));
  assert.equal((await ok(c.loadSchema())).name, 'Files');
  await ok(c.saveNamespace({ name: 'box', relationDefinitions: [{ name: 'keeper' }] }));
  await ok(c.saveRelationDefinition({ name: 'opener' }, 'box'));
  await ok(c.deleteRelationDefinition('opener', 'box'));
  await ok(c.deleteNamespace('box'));
  await ok(c.createRelations([{ resource: 'diary', relationDefinition: 'owner', namespace: 'note', target: 'ada' }]));
  const asked = ['ada', 'eve'].map((target) => ({ resource: 'diary', relationDefinition: 'viewer', namespace: 'note', target }));
  assert.deepEqual((await ok(c.hasRelations(asked))).map((of) => of.hasRelation), [true, false]);
  assert.deepEqual(await ok(c.whoCanAccess('diary', 'viewer', 'note')), ['ada']);
  assert.equal((await ok(c.resourceRelations('diary'))).length, 1);
  assert.equal((await ok(c.targetsRelations(['ada']))).length, 1);
  assert.ok((await ok(c.whatCanTargetAccess('ada'))).length);
  assert.equal((await ok(c.whatCanTargetAccessWithRelation('ada', 'viewer', 'note'))).length, 1);
  assert.ok((await ok(c.getModified(new Date(Date.now() - 3600e3)))).resources.includes('diary'));
  await ok(c.deleteRelationsForResources(['diary']));
  await ok(c.deleteSchema());
};

let every = new Set();
const ran = new Set();
let failed = 0;
const only = process.argv.slice(5);
for (const [name, scenario] of Object.entries(scenarios)) {
  if (only.length && !only.includes(name)) continue;
  const emulator = await Emulator.start();
  const called = new Set();
  const sdk = createSdk({ projectId: emulator.project, managementKey: emulator.key, baseUrl: emulator.base, logger: { log() {}, error() {}, warn() {}, debug() {} } });
  every = allMethods(sdk);
  try {
    await scenario({ sdk: watched(sdk, called), emulator });
    for (const method of called) ran.add(method);
  } catch (error) {
    failed += 1;
    const at = /node_sdk\.mjs:(\d+)/.exec(error.stack.split('\n').filter((line) => line.includes('scenarios.')).at(-1) ?? error.stack)?.[1];
    console.log(`FAILED ${name}, line ${at}: ${String(error.message).slice(0, 300)}`);
  } finally {
    emulator.process.kill();
  }
}
const run = [...every].filter((method) => ran.has(method)).sort();
const count = Object.keys(scenarios).length;
console.log(`@descope/node-sdk ${version}: ${run.length} of ${every.size} methods run, ${count - failed} of ${count} scenarios hold`);
if (reportFile && reportFile !== '-') writeFileSync(reportFile, JSON.stringify({ version, run, missing: [...every].filter((method) => !ran.has(method)).sort() }, null, 1));
process.exit(failed ? 1 : 0);
