// Users by management: their life, and what can be changed of them.

import assert from 'node:assert/strict';
import { totpCode } from './node_auth.mjs';
import { ADA, PAGE, PHONE, fails, isSignedIn, ok, only, scenario, signIn, sorted, tokenOf } from './node_harness.mjs';

async function prepare({ role, tenant, user }) {
  await ok(role.create('Pilot'));
  await ok(role.create('Cook'));
  await ok(tenant.createWithId('acme', 'Acme'));
  await ok(tenant.createWithId('other', 'Other'));
  return user;
}

const tenantRoles = (user) => Object.fromEntries(user.userTenants.map((of) => [of.tenantId, [...of.roleNames].sort()]));

scenario('users', async ({ sdk }) => {
  const c = await prepare(sdk.management);
  const made = await ok(c.create('ada', {
    email: ADA, phone: PHONE, displayName: 'Ada', roles: ['Cook'], customAttributes: { level: 3 }, verifiedEmail: true,
    userTenants: [{ tenantId: 'acme', roleNames: ['Pilot'] }], additionalLoginIds: ['countess'],
  }));
  assert.deepEqual([made.name, made.email, made.phone, made.verifiedEmail], ['Ada', ADA, PHONE, true]);
  assert.deepEqual([made.roleNames, made.customAttributes, tenantRoles(made)], [['Cook'], { level: 3 }, { acme: ['Pilot'] }]);
  await fails('E062107', c.create('ada'));
  for (const same of [c.load('ada'), c.load('countess'), c.loadByUserId(made.userId)]) assert.deepEqual(await ok(same), made);
  await fails('E112102', c.load('nobody'));
  await ok(c.patch('ada', { displayName: 'Countess' }));
  const patched = await ok(c.load('ada'));
  assert.deepEqual({ ...patched, modifiedTime: 0 }, { ...made, name: 'Countess', modifiedTime: 0 });
  await ok(c.update('ada', { email: ADA }));
  const replaced = await ok(c.load('ada'));
  assert.deepEqual([replaced.email, replaced.phone, replaced.name, replaced.roleNames], [ADA, '', '', []]);
  await ok(c.create('bob'));
  await ok(c.delete('bob'));
  await fails('E112102', c.load('bob'));
  await ok(c.deleteByUserId(made.userId));
  assert.deepEqual((await ok(c.search({}))).users, []);
});

scenario('changesOfUsers', async ({ sdk }) => {
  const c = await prepare(sdk.management);
  const { userId } = await ok(c.create('ada', { email: ADA }));
  const changed = async (call, members = {}) => {
    const answer = await ok(call);
    const loaded = await ok(c.loadByUserId(userId));
    assert.deepEqual(answer, loaded);
    for (const [name, value] of Object.entries(members)) assert.deepEqual(loaded[name], value, name);
    return loaded;
  };
  await changed(c.deactivate('ada'), { status: 'disabled' });
  await changed(c.activate('ada'), { status: 'enabled' });
  await changed(c.updateEmail('ada', 'new@example.com', true), { email: 'new@example.com', verifiedEmail: true });
  await changed(c.updatePhone('ada', PHONE, true), { phone: PHONE, verifiedPhone: true });
  await changed(c.updateDisplayName('ada', 'A', 'B', 'C', 'D'), { name: 'A', givenName: 'B', middleName: 'C', familyName: 'D' });
  await changed(c.updateUserNames('ada', 'E', 'F', 'G'), { name: 'A', givenName: 'E', middleName: 'F', familyName: 'G' });
  await changed(c.updatePicture('ada', 'https://a.example/p'), { picture: 'https://a.example/p' });
  await changed(c.updateCustomAttribute('ada', 'level', 4), { customAttributes: { level: 4 } });
  await changed(c.setRoles('ada', ['Pilot']), { roleNames: ['Pilot'] });
  assert.deepEqual([...(await changed(c.addRoles('ada', ['Cook']))).roleNames].sort(), ['Cook', 'Pilot']);
  await changed(c.removeRoles('ada', ['Pilot']), { roleNames: ['Cook'] });
  const inTenants = async (call, expected) => assert.deepEqual(tenantRoles(await changed(call)), expected);
  await inTenants(c.addTenant('ada', 'other'), { other: [] });
  await inTenants(c.setTenantRoles('ada', 'other', ['Pilot']), { other: ['Pilot'] });
  await inTenants(c.addTenantRoles('ada', 'other', ['Cook']), { other: ['Cook', 'Pilot'] });
  await inTenants(c.removeTenantRoles('ada', 'other', ['Pilot']), { other: ['Cook'] });
  await inTenants(c.removeTenant('ada', 'other'), {});
  const { id: app } = await ok(sdk.management.ssoApplication.createOidcApplication({ name: 'App', loginPageUrl: PAGE }));
  await changed(c.addSSOapps('ada', [app]), { ssoAppIds: [app] });
  await changed(c.removeSSOapps('ada', [app]), { ssoAppIds: [] });
  await changed(c.setSSOapps('ada', [app]), { ssoAppIds: [app] });
  await changed(c.updateLoginId('ada', 'lovelace'), { loginIds: ['lovelace'] });
  await fails('E112102', c.load('ada'));
});

scenario('devicesAndRecovery', async ({ sdk, emulator }) => {
  const { user: c } = sdk.management;
  const devices = ['d1', 'd2'].map((id) => ({ id, name: id, deviceType: 'desktop', lastLoginTime: 1_700_000_000 }));
  await emulator.control('POST', 'seed', { users: [{ loginId: 'ada', state: { trustedDevices: devices } }] });
  const found = await ok(c.listTrustedDevices(['ada']));
  assert.deepEqual(sorted(found, 'id'), ['d1', 'd2']);
  assert.deepEqual([found[0].deviceType, Number(found[0].lastLoginTime)], ['desktop', 1_700_000_000]);
  await ok(c.removeTrustedDevices('ada', ['d1']));
  assert.deepEqual(sorted(await ok(c.listTrustedDevices(['ada'])), 'id'), ['d2']);
  await fails('E112102', c.listTrustedDevices(['nobody']));
  await ok(c.updateRecoveryEmail('ada', ADA, true));
  await ok(c.updateRecoveryPhone('ada', PHONE, false));
  const { recoveryEmail, verifiedRecoveryEmail, recoveryPhone, verifiedRecoveryPhone } = await ok(c.load('ada'));
  assert.deepEqual([recoveryEmail, verifiedRecoveryEmail, recoveryPhone, verifiedRecoveryPhone], [ADA, true, PHONE, false]);
  await fails('E112102', c.updateRecoveryEmail('nobody', ADA, true));
});

scenario('searchAndBatches', async ({ sdk, emulator }) => {
  const c = await prepare(sdk.management);
  const ada = await ok(c.create('ada', { email: ADA, roles: ['Cook'] }));
  await ok(c.createTestUser('tester'));
  assert.deepEqual(sorted(await ok(c.searchAll(undefined, ['Cook'])), 'email'), [ADA]);
  assert.deepEqual(await ok(c.searchAll(['acme'])), []);
  const found = await ok(c.search({ text: 'ada', withTestUser: true }));
  assert.deepEqual([only(found.users), found.total], [ada, 1]);
  const batch = await ok(c.createBatch([{ loginId: 'bob', email: 'bob@example.com' }, { loginId: 'ada' }]));
  assert.deepEqual([only(batch.createdUsers).email, batch.failedUsers.length], ['bob@example.com', 1]);
  assert.match(only(batch.failedUsers).failure, /exists/);
  const { userId: bob } = await ok(c.load('bob'));
  const patched = await ok(c.patchBatch([{ loginId: 'bob', displayName: 'Bob' }, { loginId: 'nobody', displayName: 'N' }]));
  assert.deepEqual([only(patched.patchedUsers).name, patched.failedUsers.length], ['Bob', 1]);
  assert.equal((await ok(c.load('bob'))).email, 'bob@example.com');
  assert.deepEqual(sorted(await ok(c.loadUsers([ada.userId, bob])), 'userId'), [ada.userId, bob].sort());
  await ok(c.deleteBatch([ada.userId, bob]));
  await fails('E112102', c.load('bob'));
  const invited = await ok(c.invite(ADA, { email: ADA, inviteUrl: PAGE, sendMail: true }));
  assert.equal(invited.status, 'invited');
  assert.deepEqual((({ purpose, link }) => [purpose, link])(await emulator.message(ADA)), ['invite', PAGE]);
  await ok(c.inviteBatch([{ loginId: 'mel@example.com', email: 'mel@example.com' }], PAGE, true));
  assert.equal((await emulator.message('mel@example.com')).purpose, 'invite');
  assert.deepEqual(sorted((await ok(c.search({}))).users, 'email'), [ADA, 'mel@example.com']);
});

scenario('testUsers', async (run) => {
  const { sdk } = run;
  const c = sdk.management.user;
  const made = await ok(c.createTestUser('tester', { email: 'tester@example.com', phone: PHONE }));
  assert.equal(made.test, true);
  assert.deepEqual(only((await ok(c.searchTestUsers({}))).users), made);
  const otp = await ok(c.generateOTPForTestUser('email', 'tester', { customClaims: { a: 1 } }));
  const byCode = await ok(sdk.otp.verify.email('tester', otp.code));
  assert.equal((await sdk.validateJwt(byCode.sessionJwt)).token.a, 1);
  const magic = await ok(c.generateMagicLinkForTestUser('email', 'tester', PAGE));
  assert.equal((await ok(sdk.magicLink.verify(tokenOf(magic.link)))).user.userId, made.userId);
  const enchanted = await ok(c.generateEnchantedLinkForTestUser('tester', PAGE));
  await ok(sdk.enchantedLink.verify(tokenOf(enchanted.link)));
  const waited = await ok(sdk.enchantedLink.waitForSession(enchanted.pendingRef, { timeoutMs: 5000 }));
  assert.equal(waited.user.userId, made.userId);
  const { token } = await ok(c.generateEmbeddedLink('tester', { b: 2 }));
  const embedded = await ok(sdk.magicLink.verify(token));
  assert.equal((await sdk.validateJwt(embedded.sessionJwt)).token.b, 2);
  await fails('E062504', sdk.magicLink.verify(token));
  const up = await ok(c.generateSignUpEmbeddedLink(ADA, { name: 'Ada', email: ADA }, true));
  const signedUp = await ok(sdk.magicLink.verify(up.token));
  assert.deepEqual([signedUp.user.name, signedUp.user.verifiedEmail, signedUp.firstSeen], ['Ada', true, true]);
  await ok(c.deleteAllTestUsers());
  await fails('E112102', c.load('tester'));
  await isSignedIn(run, signedUp, ADA, (await sdk.validateJwt(signedUp.sessionJwt)).token.amr);
});

scenario('secretsOfUsers', async (run) => {
  const { sdk, emulator } = run;
  const c = sdk.management.user;
  const { userId } = await ok(c.create('bob', { email: 'bob@example.com' }));
  await ok(c.setTemporaryPassword('bob', 'Temporary-Secret-1'));
  await fails('E062909', sdk.password.signIn('bob', 'Temporary-Secret-1'));
  await ok(c.setActivePassword('bob', 'Lasting-Secret-22'));
  const signedIn = await ok(sdk.password.signIn('bob', 'Lasting-Secret-22'));
  assert.equal(only(await ok(c.history([userId]))).userId, userId);
  await ok(c.expirePassword('bob'));
  await fails('E062909', sdk.password.signIn('bob', 'Lasting-Secret-22'));
  await ok(c.setPassword('bob', 'Other-Secret-33'));
  await fails('E062909', sdk.password.signIn('bob', 'Other-Secret-33'));
  await ok(c.logoutUser('bob'));
  await fails('E064001', sdk.refresh(signedIn.refreshJwt));
  const again = await signIn(run, 'bob@example.com');
  await ok(c.setActivePassword('bob', 'Lasting-Secret-22'));
  const second = await ok(sdk.password.signIn('bob', 'Lasting-Secret-22'));
  const made = await ok(sdk.totp.update('bob', second.refreshJwt));
  assert.equal((await ok(sdk.totp.verify('bob', totpCode(made.key, await emulator.advance(0))))).user.TOTP, true);
  await ok(c.removeTOTPSeed('bob'));
  assert.equal((await ok(c.load('bob'))).TOTP, false);
  await ok(c.logoutUserByUserId(userId));
  await fails('E064001', sdk.refresh(second.refreshJwt));
  assert.notEqual(again.user.userId, undefined);
});
