// Signing in: from sign-up to logout by each method.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Authenticator } from './authenticator.mjs';
import { ADA, PAGE, PHONE, atProvider, fails, isSignedIn, ok, scenario, signIn, sorted } from './node_harness.mjs';

const NEW = 'countess@example.com';

scenario('otp', async (run) => {
  const { sdk, emulator } = run;
  assert.deepEqual(await ok(sdk.otp.signUp.email(ADA, { name: 'Ada', phone: PHONE })), { maskedEmail: 'a***@example.com' });
  await fails('E061102', sdk.otp.verify.email(ADA, 'x'));
  const code = await emulator.code(ADA);
  const signedIn = await ok(sdk.otp.verify.email(ADA, code));
  const { user } = signedIn;
  assert.deepEqual([user.name, user.email, user.phone], ['Ada', ADA, PHONE]);
  assert.deepEqual([user.verifiedEmail, user.verifiedPhone, signedIn.firstSeen], [true, false, true]);
  await fails('E061102', sdk.otp.verify.email(ADA, code));
  await fails('E062107', sdk.otp.signUp.email(ADA));
  await fails('E062108', sdk.otp.signIn.email('nobody@example.com'));
  await ok(sdk.otp.signIn.email(ADA, { stepup: true, customClaims: { theme: 'dark' } }, signedIn.refreshJwt));
  const stepped = await ok(sdk.otp.verify.email(ADA, await emulator.code(ADA)));
  const { token } = await sdk.validateJwt(stepped.sessionJwt);
  assert.deepEqual([token.su, token.theme, stepped.firstSeen], [true, 'dark', false]);
  for (const [method, phone] of [['sms', '+12025550111'], ['voice', '+12025550112'], ['whatsapp', '+12025550113'], ['im', '+12025550114']]) {
    await ok(sdk.otp.signUp[method](phone));
    const made = await ok(sdk.otp.verify[method](phone, await emulator.code(phone)));
    assert.deepEqual([made.user.phone, made.user.verifiedPhone, made.firstSeen], [phone, true, true]);
    for (const start of [sdk.otp.signIn, sdk.otp.signUpOrIn]) {
      assert.deepEqual(await ok(start[method](phone)), { maskedPhone: `+1********${phone.slice(-2)}` });
      const again = await ok(sdk.otp.verify[method](phone, await emulator.code(phone)));
      assert.equal(again.user.userId, made.user.userId);
      await isSignedIn(run, again, phone, [method]);
    }
    const fresh = `${phone.slice(0, -2)}9${phone.at(-1)}`;
    await ok(sdk.otp.update.phone[method](ADA, fresh, signedIn.refreshJwt));
    assert.notEqual((await ok(sdk.me(signedIn.refreshJwt))).phone, fresh, 'nothing is verified yet');
    await ok(sdk.otp.verify[method](ADA, await emulator.code(fresh)));
    assert.equal((await ok(sdk.me(signedIn.refreshJwt))).phone, fresh);
  }
  await ok(sdk.otp.update.email(ADA, NEW, signedIn.refreshJwt, { addToLoginIDs: true, onMergeUseExisting: true }));
  await ok(sdk.otp.verify.email(ADA, await emulator.code(NEW)));
  const me = await ok(sdk.me(signedIn.refreshJwt));
  assert.deepEqual([me.email, [...me.loginIds].sort()], [NEW, [ADA, NEW]]);
  await isSignedIn(run, signedIn, ADA, ['email']);
});

scenario('sessions', async (run) => {
  const { sdk, emulator } = run;
  const { management } = sdk;
  await ok(management.permission.create('fly'));
  await ok(management.role.create('Pilot', '', ['fly']));
  await ok(management.role.create('Cook'));
  await ok(management.tenant.createWithId('acme', 'Acme'));
  await ok(management.user.create(ADA, { email: ADA, roles: ['Pilot'], userTenants: [{ tenantId: 'acme', roleNames: ['Pilot'] }] }));
  const signedIn = await signIn(run);
  const checked = await sdk.validateSession(signedIn.sessionJwt);
  assert.equal(checked.token.sub, signedIn.user.userId);
  for (const [validate, matched, has, lacks] of [
    ['validateRoles', 'getMatchedRoles', 'Pilot', 'Cook'],
    ['validatePermissions', 'getMatchedPermissions', 'fly', 'swim'],
  ]) {
    assert.equal(sdk[validate](checked, [has]), true);
    assert.equal(sdk[validate](checked, [has, lacks]), false);
    assert.deepEqual(sdk[matched](checked, [lacks, has]), [has]);
    const [ofTenant, matchedOfTenant] = [validate, matched].map((name) => name.replace(/^(validate|getMatched)/, '$1Tenant'));
    assert.equal(sdk[ofTenant](checked, 'acme', [has]), true);
    assert.equal(sdk[ofTenant](checked, 'acme', [lacks]), false);
    assert.equal(sdk[ofTenant](checked, 'nowhere', []), false);
    assert.deepEqual(sdk[matchedOfTenant](checked, 'acme', [lacks, has]), [has]);
  }
  assert.deepEqual(sdk.getTenants(signedIn.sessionJwt), ['acme']);
  assert.deepEqual(sdk.getJwtRoles(signedIn.sessionJwt, 'acme'), ['Pilot']);
  assert.deepEqual(sdk.getJwtPermissions(signedIn.sessionJwt), ['fly']);
  assert.equal(sdk.isJwtExpired(signedIn.sessionJwt), false);

  // Claims follow what management changes, at the next refresh.
  await ok(management.user.setRoles(ADA, ['Cook']));
  await ok(management.role.update('Cook', 'Chef', '', []));
  assert.deepEqual((await sdk.refreshSession(signedIn.refreshJwt)).token.roles, ['Chef']);
  await ok(management.role.delete('Chef'));
  const refreshed = await ok(sdk.refresh(signedIn.refreshJwt));
  assert.deepEqual(sdk.getJwtRoles(refreshed.sessionJwt), []);
  const { jwt: expired } = await emulator.control('POST', 'token', { claims: { ...checked.token, iat: 1, exp: 2 } });
  assert.equal(sdk.isJwtExpired(expired), true);
  await assert.rejects(sdk.validateSession(expired));
  const again = await sdk.validateAndRefreshSession(expired, signedIn.refreshJwt);
  assert.equal(again.token.sub, checked.token.sub);
  assert.notEqual(again.token.jti, checked.token.jti);
  const selected = await ok(sdk.selectTenant('acme', signedIn.refreshJwt));
  assert.equal(sdk.getCurrentTenant(selected.sessionJwt), 'acme');
  await fails('EMU403', sdk.selectTenant('nowhere', signedIn.refreshJwt));
  assert.deepEqual(sorted((await ok(sdk.myTenants(['acme'], signedIn.refreshJwt))).tenants, 'id'), ['acme']);
  assert.deepEqual(sorted((await ok(sdk.myTenants(true, selected.refreshJwt))).tenants, 'id'), ['acme']);
  assert.equal((await ok(sdk.history(signedIn.refreshJwt)))[0].userId, checked.token.sub);
  const [second, third] = [await signIn(run), await signIn(run)];
  await ok(sdk.logout(signedIn.refreshJwt));
  await fails('E064001', sdk.refresh(signedIn.refreshJwt));
  await ok(sdk.refresh(second.refreshJwt));
  await ok(sdk.logoutAll(second.refreshJwt));
  await fails('E064001', sdk.refresh(third.refreshJwt));
});

scenario('rotatedRefreshTokens', async (run) => {
  const { sdk } = run;
  const { refreshJwt: first } = await signIn(run);
  const { refreshJwt: second } = await ok(sdk.refresh(first));
  assert.notEqual(first, second);
  await fails('E061005', sdk.refresh(first));
  assert.deepEqual((await ok(sdk.me(second))).loginIds, [ADA]);
}, ['--rotate-refresh-tokens']);

scenario('refreshTokensInCookies', async (run) => {
  await isSignedIn(run, await signIn(run), ADA, ['email']);
}, ['--refresh-tokens-in-cookies']);

scenario('accessKeys', async ({ sdk }) => {
  const { accessKey, role, tenant } = sdk.management;
  await ok(role.create('Reader'));
  await ok(tenant.createWithId('acme', 'Acme'));
  const made = await ok(accessKey.create('ci', 0, ['Reader'], [{ tenantId: 'acme', roleNames: ['Reader'] }]));
  const { token } = await sdk.exchangeAccessKey(made.cleartext, { customClaims: { build: 7 } });
  assert.deepEqual([token.sub, token.roles, token.nsec], [made.key.id, ['Reader'], { build: 7 }]);
  assert.deepEqual(token.tenants.acme.roles, ['Reader']);
  const { keyId, sessionJwt } = await ok(sdk.accessKey.exchange(made.cleartext));
  assert.equal(keyId, made.key.id);
  assert.equal((await sdk.validateJwt(sessionJwt)).token.sub, keyId);
  const { kid } = JSON.parse(Buffer.from(sessionJwt.split('.')[0], 'base64url'));
  assert.ok(await sdk.getKey({ kid }));
  await assert.rejects(sdk.exchangeAccessKey('K2nothing'));
});

scenario('magicLink', async (run) => {
  const { sdk, emulator } = run;
  assert.deepEqual(await ok(sdk.magicLink.signUp.email(ADA, PAGE, { name: 'Ada' })), { maskedEmail: 'a***@example.com' });
  assert.ok((await emulator.message(ADA)).link.startsWith(`${PAGE}?`));
  const token = await emulator.linkToken(ADA);
  const signedIn = await ok(sdk.magicLink.verify(token));
  assert.deepEqual([signedIn.user.name, signedIn.user.verifiedEmail, signedIn.firstSeen], ['Ada', true, true]);
  await fails('E062504', sdk.magicLink.verify(token));
  await fails('E062107', sdk.magicLink.signUp.email(ADA, PAGE));
  await fails('E062108', sdk.magicLink.signIn.email('nobody@example.com', PAGE));
  await ok(sdk.magicLink.signIn.email(ADA, PAGE, { mfa: true }, signedIn.refreshJwt));
  await isSignedIn(run, await ok(sdk.magicLink.verify(await emulator.linkToken(ADA))), ADA, ['email', 'mfa']);
  for (const method of ['sms', 'whatsapp']) {
    const phone = method === 'sms' ? '+12025550121' : '+12025550122';
    await ok(sdk.magicLink.signUp[method](phone, PAGE));
    const made = await ok(sdk.magicLink.verify(await emulator.linkToken(phone)));
    assert.deepEqual([made.user.phone, made.user.verifiedPhone], [phone, true]);
    for (const start of [sdk.magicLink.signIn, sdk.magicLink.signUpOrIn]) {
      await ok(start[method](phone, PAGE));
      const again = await ok(sdk.magicLink.verify(await emulator.linkToken(phone)));
      assert.equal(again.user.userId, made.user.userId);
      await isSignedIn(run, again, phone, [method]);
    }
    const fresh = `${phone.slice(0, -2)}9${phone.at(-1)}`;
    await ok(sdk.magicLink.update.phone[method](ADA, fresh, PAGE, signedIn.refreshJwt));
    await ok(sdk.magicLink.verify(await emulator.linkToken(fresh)));
    assert.equal((await ok(sdk.me(signedIn.refreshJwt))).phone, fresh);
  }
  await ok(sdk.magicLink.update.phone.im(ADA, PHONE, PAGE, signedIn.refreshJwt));
  await ok(sdk.magicLink.verify(await emulator.linkToken(PHONE)));
  assert.equal((await ok(sdk.me(signedIn.refreshJwt))).phone, PHONE);
  await ok(sdk.magicLink.signUpOrIn.email('bob@example.com', PAGE));
  assert.equal((await ok(sdk.magicLink.verify(await emulator.linkToken('bob@example.com')))).firstSeen, true);
  await ok(sdk.magicLink.update.email(ADA, NEW, PAGE, signedIn.refreshJwt));
  await ok(sdk.magicLink.verify(await emulator.linkToken(NEW)));
  assert.equal((await ok(sdk.me(signedIn.refreshJwt))).email, NEW);
  await ok(sdk.magicLink.signIn.email(ADA, PAGE));
  const late = await emulator.linkToken(NEW);
  await emulator.advance(24 * 3600);
  await fails('E062504', sdk.magicLink.verify(late));
});

scenario('enchantedLink', async (run) => {
  const { sdk, emulator } = run;
  const click = async (started, to = ADA) => {
    assert.ok(started.linkId && started.pendingRef && started.maskedEmail.includes('*'));
    const token = await emulator.linkToken(to);
    await ok(sdk.enchantedLink.verify(token));
    await fails('E062504', sdk.enchantedLink.verify(token));
    return ok(sdk.enchantedLink.waitForSession(started.pendingRef, { pollingIntervalMs: 1000, timeoutMs: 5000 }));
  };
  const signedIn = await click(await ok(sdk.enchantedLink.signUp(ADA, PAGE, { name: 'Ada' })));
  assert.deepEqual([signedIn.user.name, signedIn.firstSeen], ['Ada', true]);
  const stepped = await click(await ok(sdk.enchantedLink.signIn(ADA, PAGE, { stepup: true }, signedIn.refreshJwt)));
  assert.equal((await sdk.validateJwt(stepped.sessionJwt)).token.su, true);
  const bob = await click(await ok(sdk.enchantedLink.signUpOrIn('bob@example.com', PAGE)), 'bob@example.com');
  await isSignedIn(run, bob, 'bob@example.com', ['email']);
  await click(await ok(sdk.enchantedLink.update.email(ADA, NEW, PAGE, signedIn.refreshJwt)), NEW);
  assert.equal((await ok(sdk.me(signedIn.refreshJwt))).email, NEW);
});

export function totpCode(key, now) {
  const bits = [...key.replace(/=+$/, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30)));
  const digest = createHmac('sha1', secret).update(counter).digest();
  return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

scenario('totp', async (run) => {
  const { sdk, emulator } = run;
  const made = await ok(sdk.totp.signUp(ADA, { name: 'Ada' }));
  assert.ok(made.provisioningURL.includes(`secret=${made.key}`) && made.image.startsWith('data:image/png;base64,'));
  const code = totpCode(made.key, await emulator.advance(0));
  const signedIn = await ok(sdk.totp.verify(ADA, code));
  assert.deepEqual([signedIn.user.name, signedIn.user.TOTP], ['Ada', true]);
  await fails('E061102', sdk.totp.verify(ADA, code));
  const renewed = await ok(sdk.totp.update(ADA, signedIn.refreshJwt));
  const now = await emulator.advance(0);
  await fails('E061102', sdk.totp.verify(ADA, totpCode(made.key, now)));
  await isSignedIn(run, await ok(sdk.totp.verify(ADA, totpCode(renewed.key, now))), ADA, ['totp']);
});

scenario('passwords', async (run) => {
  const { sdk, emulator } = run;
  const [good, better] = ['Analytical-Engine-1843', 'Difference-Engine-1822'];
  assert.deepEqual(await ok(sdk.password.policy()), { minLength: 8, lowercase: true, uppercase: true, number: true, nonAlphanumeric: false });
  await fails('E011004', sdk.password.signUp(ADA, 'short'));
  const signedIn = await ok(sdk.password.signUp(ADA, good, { email: ADA }));
  await fails('E062107', sdk.password.signUp(ADA, good));
  await fails('EMU401', sdk.password.signIn(ADA, better));
  await ok(sdk.password.update(ADA, better, signedIn.refreshJwt));
  await fails('EMU401', sdk.password.signIn(ADA, good));
  assert.equal((await ok(sdk.password.replace(ADA, better, good))).user.userId, signedIn.user.userId);
  await fails('EMU401', sdk.password.signIn(ADA, better));
  await isSignedIn(run, await ok(sdk.password.signIn(ADA, good)), ADA, ['pwd']);
  const sent = await ok(sdk.password.sendReset(ADA, PAGE));
  assert.deepEqual([sent.resetMethod, sent.maskedEmail], ['magiclink', 'a***@example.com']);
  const reset = await ok(sdk.magicLink.verify(await emulator.linkToken(ADA)));
  await ok(sdk.password.update(ADA, better, reset.refreshJwt));
  assert.equal((await ok(sdk.password.signIn(ADA, better))).user.userId, signedIn.user.userId);
});

scenario('oauth', async (run) => {
  const { sdk } = run;
  const started = await ok(sdk.oauth.start('google', PAGE));
  const code = await atProvider(started.url, ADA);
  const signedIn = await ok(sdk.oauth.exchange(code));
  assert.deepEqual([signedIn.user.email, signedIn.user.OAuth], [ADA, { google: true }]);
  assert.equal((await sdk.oauth.exchange(code)).ok, false, 'once only');
  for (const name of ['facebook', 'github', 'google', 'microsoft', 'gitlab', 'apple', 'discord', 'linkedin', 'slack']) {
    const { url } = await ok(sdk.oauth.start[name](PAGE));
    const { user } = await ok(sdk.oauth.exchange(await atProvider(url, ADA)));
    assert.deepEqual([user.userId, user.OAuth[name]], [signedIn.user.userId, true]);
  }
  const token = await ok(sdk.management.user.getProviderToken(ADA, 'google'));
  assert.ok(token.provider === 'google' && token.accessToken);
  await isSignedIn(run, signedIn, ADA, ['oauth']);
});

scenario('sso', async (run) => {
  const { sdk } = run;
  await ok(sdk.management.tenant.createWithId('acme', 'Acme', ['example.com']));
  assert.equal((await sdk.sso.start('acme', PAGE)).ok, false, 'it is not set up');
  await ok(sdk.management.sso.configureSAMLByMetadata('acme', { idpMetadataUrl: 'https://idp.example/metadata' }));
  for (const area of ['sso', 'saml']) {
    const { url } = await ok(sdk[area].start('acme', PAGE));
    const code = await atProvider(url, ADA);
    const signedIn = await ok(sdk[area].exchange(code));
    assert.deepEqual(sdk.getTenants(signedIn.sessionJwt), ['acme']);
    assert.deepEqual([signedIn.user.email, signedIn.user.SAML], [ADA, true]);
    assert.equal((await sdk[area].exchange(code)).ok, false, 'once only');
  }
});

scenario('passkeys', async (run) => {
  const { sdk } = run;
  const origin = 'https://app.example.com';
  const device = new Authenticator(origin);
  const up = await ok(sdk.webauthn.signUp.start(ADA, origin, 'Ada'));
  assert.equal(up.create, true);
  const made = await ok(sdk.webauthn.signUp.finish(up.transactionId, device.create(up.options)));
  assert.deepEqual([made.user.webauthn, made.user.name, made.firstSeen], [true, 'Ada', true]);
  const start = await ok(sdk.webauthn.signIn.start(ADA, origin));
  const answer = device.get(start.options);
  const signedIn = await ok(sdk.webauthn.signIn.finish(start.transactionId, answer));
  assert.equal(signedIn.user.userId, made.user.userId);
  await fails(401, sdk.webauthn.signIn.finish(start.transactionId, answer));
  const forged = await ok(sdk.webauthn.signIn.start(ADA, origin));
  await fails(401, sdk.webauthn.signIn.finish(forged.transactionId, new Authenticator(origin).get(forged.options)));
  const either = await ok(sdk.webauthn.signUpOrIn.start(ADA, origin));
  assert.equal(either.create, false);
  await isSignedIn(run, await ok(sdk.webauthn.signIn.finish(either.transactionId, device.get(either.options))), ADA, ['webauthn']);
  const second = new Authenticator(origin);
  const update = await ok(sdk.webauthn.update.start(ADA, origin, made.refreshJwt));
  await ok(sdk.webauthn.update.finish(update.transactionId, second.create(update.options)));
  const again = await ok(sdk.webauthn.signIn.start(ADA, origin));
  assert.equal((await ok(sdk.webauthn.signIn.finish(again.transactionId, second.get(again.options)))).user.userId, made.user.userId);
  await ok(sdk.management.user.removeAllPasskeys(ADA));
  assert.equal((await ok(sdk.management.user.load(ADA))).webauthn, false);
});

scenario('singlePasskeys', async ({ sdk }) => {
  const { user } = sdk.management;
  const origin = 'https://app.example.com';
  const [first, second] = [new Authenticator(origin), new Authenticator(origin)];
  const up = await ok(sdk.webauthn.signUp.start(ADA, origin, 'Ada'));
  const made = await ok(sdk.webauthn.signUp.finish(up.transactionId, first.create(up.options)));
  const update = await ok(sdk.webauthn.update.start(ADA, origin, made.refreshJwt));
  await ok(sdk.webauthn.update.finish(update.transactionId, second.create(update.options)));
  const [older, newer] = await ok(user.listPasskeys(ADA));
  assert.deepEqual([older.rpId, newer.rpId], ['app.example.com', 'app.example.com']);
  await ok(user.removePasskey(ADA, older.id));
  await fails('EMU404', user.removePasskey(ADA, older.id));
  assert.deepEqual(await ok(user.listPasskeys(ADA)), [newer]);
  const refused = await ok(sdk.webauthn.signIn.start(ADA, origin));
  await fails(401, sdk.webauthn.signIn.finish(refused.transactionId, first.get(refused.options)));
  const start = await ok(sdk.webauthn.signIn.start(ADA, origin));
  await ok(sdk.webauthn.signIn.finish(start.transactionId, second.get(start.options)));
  await ok(user.removePasskey(ADA, newer.id));
  assert.equal((await ok(user.load(ADA))).webauthn, false, 'it was the last one');
});
