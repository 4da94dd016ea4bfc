// What is around a project: its keys, the people of its console, what it counts, lists and shapes.

import assert from 'node:assert/strict';
import { ADA, PHONE, fails, isSignedIn, ok, only, scenario, signIn, sorted } from './node_harness.mjs';

scenario('managementKeys', async ({ sdk, emulator, client }) => {
  const { managementKey: c } = sdk.management;
  assert.deepEqual(await ok(c.search()), []);
  const made = await ok(c.create('ci', { companyRoles: ['company-full-access'] }, 'for builds', 3600, ['10.0.0.1']));
  const { id } = made.key;
  assert.deepEqual([made.key.description, made.key.status, made.key.permittedIps], ['for builds', 'active', ['10.0.0.1']]);
  assert.equal(made.key.expireTime - made.key.createdTime, 3600);
  assert.deepEqual(await ok(c.load(id)), made.key);
  assert.deepEqual(only(await ok(c.search())), made.key);
  const { management: by } = client({ managementKey: made.cleartext });
  await ok(by.user.create('ada'));
  assert.deepEqual((await ok(sdk.management.user.load('ada'))).loginIds, ['ada']);
  assert.equal(only(await ok(by.managementKey.search())).id, id);

  await ok(sdk.management.project.updateTags(['prod']));
  const [reads, infra] = [
    await ok(c.create('reads', { projectRoles: [{ projectIds: [emulator.project], roles: ['user-read'] }] })),
    await ok(c.create('infra', { tagRoles: [{ tags: ['prod'], roles: ['tag-infra-read-write'] }] })),
  ];
  const [reader, builder] = [reads, infra].map((key) => client({ managementKey: key.cleartext }).management);
  assert.deepEqual((await ok(reader.user.load('ada'))).loginIds, ['ada']);
  await fails(403, reader.user.create('bob'));
  await fails(403, reader.tenant.createWithId('acme', 'Acme'));
  await ok(builder.tenant.createWithId('acme', 'Acme'));
  await fails(403, builder.user.load('ada'));
  for (const of of [reader, builder]) await fails(403, of.managementKey.search());
  await fails('E112102', sdk.management.user.load('bob'));
  await fails('E011004', c.create('lost', { projectRoles: [{ projectIds: ['P2nowhere'], roles: ['user-read'] }] }));

  const off = await ok(c.update(id, 'cd', 'for deploys', 'inactive'));
  assert.deepEqual([off.name, off.description, off.status, off.permittedIps], ['cd', 'for deploys', 'inactive', []]);
  assert.deepEqual([off.reBac, off.expireTime], [made.key.reBac, made.key.expireTime]);
  assert.deepEqual(await ok(c.load(id)), off);
  await fails(401, by.user.load('ada'));
  await ok(c.update(id, 'cd', '', 'active'));
  await ok(by.user.load('ada'));
  await fails('E011004', c.update(id, 'cd', '', 'asleep'));
  await ok(c.delete([infra.key.id, 'MKnothing']));
  await fails('EMU404', c.load(infra.key.id));
  await fails(401, builder.tenant.load('acme'));
  assert.deepEqual(sorted(await ok(c.search())), ['cd', 'reads']);
  await emulator.advance(3601);
  await fails(401, by.user.load('ada'));
  await ok(reader.user.load('ada'));
});

scenario('descopers', async ({ sdk, emulator }) => {
  const { descoper: c } = sdk.management;
  const BOB = 'bob@example.com';
  assert.deepEqual(await ok(c.list()), { descopers: [], total: 0 });
  const rbac = { projects: [{ projectIds: [emulator.project], role: 'developer' }], tags: [{ tags: ['prod'], role: 'auditor' }] };
  const made = await ok(c.create([
    { loginId: ADA, attributes: { displayName: 'Ada', phone: PHONE }, sendInvite: true, rbac },
    { loginId: BOB, rbac: { isCompanyAdmin: true } },
  ]));
  assert.equal(made.total, 2);
  const [ada, bob] = made.descopers;
  assert.deepEqual(ada.attributes, { displayName: 'Ada', email: ADA, phone: PHONE });
  assert.deepEqual(ada.rbac, { isCompanyAdmin: false, ...rbac });
  assert.deepEqual([bob.attributes.email, bob.rbac.isCompanyAdmin], [BOB, true]);
  assert.equal((await emulator.messages(ADA)).length, 1, 'she is invited');
  assert.deepEqual(await emulator.messages(BOB), []);
  assert.deepEqual(await ok(c.load(ada.id)), ada);
  assert.deepEqual(await ok(c.list()), made);
  await fails('EMU409', c.create([{ loginId: 'eve@example.com' }, { loginId: ADA }]));
  await fails('E011004', c.create([{ loginId: 'eve@example.com', rbac: { tags: [{ tags: ['a'], role: 'king' }] } }]));
  await fails('E011004', c.create([{ loginId: 'eve' }]));
  assert.equal((await ok(c.list())).total, 2, 'all of them or none');
  const renamed = await ok(c.update(ada.id, { displayName: 'Countess', email: ADA }));
  assert.deepEqual([renamed.attributes.displayName, renamed.rbac], ['Countess', ada.rbac]);
  const raised = await ok(c.update(ada.id, undefined, { isCompanyAdmin: true }));
  assert.deepEqual([raised.attributes, raised.rbac], [renamed.attributes, { isCompanyAdmin: true, tags: [], projects: [] }]);
  assert.deepEqual(await ok(c.load(ada.id)), raised);
  await ok(c.delete(ada.id));
  await fails('EMU404', c.load(ada.id));
  await fails('EMU404', c.delete(ada.id));
  assert.deepEqual(await ok(c.list()), { descopers: [bob], total: 1 });
  await ok(c.create([{ loginId: ADA }]));
});

scenario('engines', async ({ sdk }) => {
  const { engine: c } = sdk.management;
  assert.deepEqual(await ok(c.loadAll()), []);
  const { secret, ...made } = await ok(c.create('Analytical'));
  assert.ok(secret && made.id && made.createdTime, JSON.stringify(made));
  assert.deepEqual(await ok(c.load(made.id)), made, 'the secret is shown once');
  const other = await ok(c.create('Difference'));
  assert.notEqual(other.secret, secret);
  const renamed = await ok(c.update(made.id, 'Analytical 2'));
  assert.deepEqual(renamed, { ...made, name: 'Analytical 2' });
  assert.deepEqual(await ok(c.load(made.id)), renamed);
  assert.deepEqual(sorted(await ok(c.loadAll())), ['Analytical 2', 'Difference']);
  const rotated = await ok(c.rotateSecret(made.id));
  assert.ok(rotated.secret && rotated.secret !== secret);
  await ok(c.delete(made.id));
  await fails('EMU404', c.load(made.id));
  await fails('EMU404', c.update(made.id, 'again'));
  await fails('EMU404', c.rotateSecret(made.id));
  assert.deepEqual(sorted(await ok(c.loadAll())), ['Difference']);
});

scenario('lists', async ({ sdk }) => {
  const { list: c } = sdk.management;
  const data = async (id) => (await ok(c.load(id))).data;
  const ips = await ok(c.create({ name: 'Offices', description: 'd', type: 'ips', data: ['10.0.0.0/8'] }));
  assert.deepEqual([ips.name, ips.description, ips.type, ips.data], ['Offices', 'd', 'ips', ['10.0.0.0/8']]);
  await fails('EMU409', c.create({ name: 'Offices', type: 'texts' }));
  await fails('E011004', c.create({ name: 'Odd', type: 'ips', data: ['not one'] }));
  await fails('E011004', c.create({ name: 'Odd', type: 'songs' }));
  await ok(c.addIPs(ips.id, ['192.0.2.1', '192.0.2.1']));
  assert.deepEqual(await data(ips.id), ['10.0.0.0/8', '192.0.2.1']);
  for (const [ip, is] of [['10.1.2.3', true], ['192.0.2.1', true], ['192.0.2.2', false]]) {
    assert.equal(await ok(c.checkIP(ips.id, ip)), is, ip);
  }
  await ok(c.removeIPs(ips.id, ['10.0.0.0/8', '192.0.2.9']));
  assert.deepEqual([await data(ips.id), await ok(c.checkIP(ips.id, '10.1.2.3'))], [['192.0.2.1'], false]);
  await fails('E011004', c.addIPs(ips.id, ['300.0.0.1']));

  const texts = await ok(c.create({ name: 'Words of R&D/a', type: 'texts' }));
  await ok(c.addTexts(texts.id, ['a', 'b', 'a']));
  assert.deepEqual(await data(texts.id), ['a', 'b']);
  assert.deepEqual([await ok(c.checkText(texts.id, 'b')), await ok(c.checkText(texts.id, 'c'))], [true, false]);
  await ok(c.removeTexts(texts.id, ['a']));
  assert.deepEqual([await data(texts.id), await ok(c.checkText(texts.id, 'a'))], [['b'], false]);
  await fails('E011004', c.addTexts(ips.id, ['a']));
  await fails('E011004', c.checkIP(texts.id, '10.0.0.1'));
  assert.deepEqual(await ok(c.loadByName('Words of R&D/a')), await ok(c.load(texts.id)));

  const updated = await ok(c.update(ips.id, { name: 'Homes', type: 'ips', data: ['::1'] }));
  assert.deepEqual([updated.name, updated.description, updated.data], ['Homes', '', ['::1']]);
  await fails('EMU404', c.loadByName('Offices'));
  await fails('EMU409', c.update(ips.id, { name: texts.name, type: 'ips' }));
  assert.deepEqual(await ok(c.load(ips.id)), updated);
  await ok(c.import([{ ...updated, data: ['::2'] }, { name: 'Fresh', type: 'json', data: { a: 1 } }]));
  assert.deepEqual(await data(ips.id), ['::2']);
  assert.deepEqual((await ok(c.loadByName('Fresh'))).data, { a: 1 });
  await fails('E011004', c.import([{ name: 'Twice', type: 'texts' }, { name: 'Twice', type: 'texts' }]));
  assert.deepEqual(sorted(await ok(c.loadAll())), ['Fresh', 'Homes', 'Words of R&D/a']);
  await ok(c.clear(texts.id));
  assert.deepEqual([await data(texts.id), await ok(c.checkText(texts.id, 'b'))], [[], false]);
  await ok(c.delete(texts.id));
  for (const gone of [c.load(texts.id), c.delete(texts.id), c.checkText(texts.id, 'b')]) await fails('EMU404', gone);
  assert.deepEqual(sorted(await ok(c.loadAll())), ['Fresh', 'Homes']);
});

scenario('analytics', async (run) => {
  const { sdk } = run;
  const { analytics, tenant, user } = sdk.management;
  const counts = (records) => Object.fromEntries(records.map((of) => [of.action, Number(of.cnt)]));
  await ok(tenant.createWithId('acme', 'Acme'));
  await ok(user.create(ADA, { email: ADA, userTenants: [{ tenantId: 'acme' }] }));
  for (let times = 0; times < 3; times += 1) await signIn(run);
  const all = counts(await ok(analytics.search({ groupByAction: true })));
  assert.deepEqual([all.LoginSucceed, all.UserCreated, all.TenantCreated], [3, 1, 1]);
  assert.deepEqual(counts(await ok(analytics.search({ actions: ['LoginSucceed'], groupByAction: true }))), { LoginSucceed: 3 });
  const rest = counts(await ok(analytics.search({ excludedActions: ['LoginSucceed'], groupByAction: true })));
  assert.equal(rest.LoginSucceed, undefined);
  assert.equal(rest.UserCreated, 1);
  const mine = only(await ok(analytics.search({ actions: ['LoginSucceed'], tenants: ['acme'], groupByTenant: true, groupByMethod: true })));
  assert.deepEqual([mine.tenant, mine.method, mine.cnt, mine.projectId], ['acme', 'otp', '3', run.emulator.project]);
  // Two, if midnight was in between.
  const days = await ok(analytics.search({ actions: ['LoginSucceed'], groupByCreated: 'd' }));
  assert.ok(days.every(({ created }) => Number(created) > 0 && Number(created) % 86400e3 === 0), JSON.stringify(days));
  assert.equal(days.reduce((sum, { cnt }) => sum + Number(cnt), 0), 3);
  assert.deepEqual(await ok(analytics.search({ tenants: ['other'] })), []);
  assert.deepEqual(await ok(analytics.search({ from: Date.now() + 3600e3 })), []);
  await fails('E011004', analytics.search({ groupByCreated: 'century' }));
});

scenario('auditWebhooks', async ({ sdk, emulator }) => {
  const { audit } = sdk.management;
  const webhook = {
    name: 'Trail', description: 'd', url: 'https://a.example/hook', hmacSecret: 'secret', headers: { a: 'b' }, insecure: false,
    authentication: { bearerToken: 'token' }, filters: [{ key: 'actions', operator: 'includes', values: ['LoginSucceed'] }],
  };
  await ok(audit.createAuditWebhook(webhook));
  const kept = async () => (await emulator.control('GET', 'export')).auditWebhooks;
  assert.deepEqual(await kept(), [webhook]);
  await fails('EMU409', audit.createAuditWebhook(webhook));
  await fails('E011004', audit.createAuditWebhook({ ...webhook, name: 'Odd', filters: [{ key: 'moon', operator: 'includes' }] }));
  assert.equal((await kept()).length, 1);
  assert.equal(only(await ok(audit.search({ actions: ['ConnectorCreated'] }))).action, 'ConnectorCreated');
});

scenario('customAttributes', async ({ sdk }) => {
  const { user } = sdk.management;
  assert.deepEqual(await ok(user.getCustomAttributes()), []);
  const [level, plan] = [
    { name: 'level', type: 2, displayName: 'Level', viewPermissions: ['p'] },
    { name: 'plan', type: 4, options: [{ value: 'free', label: 'Free' }], defaultValue: 'free' },
  ];
  assert.deepEqual(await ok(user.createCustomAttributes([level, plan])), [level, plan]);
  assert.deepEqual(await ok(user.getCustomAttributes()), [level, plan]);
  await fails('EMU409', user.createCustomAttributes([{ name: 'more', type: 1 }, { name: 'plan', type: 1 }]));
  await fails('E011004', user.createCustomAttributes([{ name: 'odd', type: 99 }]));
  assert.deepEqual(await ok(user.getCustomAttributes()), [level, plan], 'all of them or none');
  assert.deepEqual(await ok(user.deleteCustomAttributes(['plan', 'none'])), [level]);
  assert.deepEqual(await ok(user.getCustomAttributes()), [level]);
  assert.equal((await ok(user.createCustomAttributes([plan]))).length, 2);
});

scenario('jwtTemplates', async (run) => {
  const { sdk, emulator } = run;
  const { jwtTemplate: c, user } = sdk.management;
  await ok(user.create(ADA, { email: ADA, displayName: 'Ada', customAttributes: { plan: 'pro' } }));
  const claims = async () => (await sdk.validateJwt((await signIn(run)).sessionJwt)).token;
  const given = { name: 'Plan', description: 'd', type: 'user', template: { plan: '{{user.customAttributes.plan}}' }, tags: ['a'] };
  const made = await ok(c.create(given));
  assert.deepEqual(made, { ...given, id: made.id });
  assert.deepEqual(await ok(c.load(made.id)), made);
  assert.equal((await claims()).plan, undefined, 'it is not in use yet');
  await emulator.control('POST', 'seed', { jwtTemplatesInUse: [{ id: made.id }] });
  assert.equal((await claims()).plan, 'pro');
  const changed = { ...made, template: { called: '{{user.name}}' } };
  assert.deepEqual(await ok(c.update(changed)), changed);
  assert.deepEqual(await ok(c.load(made.id)), changed);
  assert.deepEqual((({ plan, called }) => [plan, called])(await claims()), [undefined, 'Ada']);
  await fails('EMU404', c.update({ ...changed, id: 'JTnothing' }));

  assert.equal((await ok(c.validate(made.id))).valid, true);
  const wrong = await ok(c.validate('', { name: '', type: 'user', template: { exp: 1 } }));
  assert.equal(wrong.valid, false);
  assert.deepEqual(sorted(wrong.issues, 'code'), ['NAME_MISSING', 'RESERVED_CLAIM_KEY']);
  assert.equal((await ok(c.validate('', given))).valid, false, 'the name is taken');
  assert.equal((await c.create({ ...given, name: 'Exp', template: { exp: 1 } })).ok, false);
  assert.equal(only(await ok(c.list())).id, made.id);

  const entries = await ok(c.listLibrary());
  assert.ok(entries.length, 'the library has something');
  const entry = await ok(c.loadLibraryEntry(entries[0].id));
  assert.deepEqual(entry, entries[0]);
  await fails('EMU404', c.loadLibraryEntry('nothing'));
  const applied = await ok(c.applyFromLibrary({ libraryEntryId: entry.id, nameOverride: 'Ours', descriptionOverride: 'o', tagsOverride: ['t'] }));
  assert.deepEqual([applied.name, applied.description, applied.tags, applied.source], ['Ours', 'o', ['t'], entry.id]);
  assert.deepEqual(applied.template, entry.template);
  assert.deepEqual(await ok(c.load(applied.id)), applied);
  await fails('EMU404', c.applyFromLibrary({ libraryEntryId: 'nothing' }));
  assert.deepEqual(sorted(await ok(c.list())), ['Ours', 'Plan']);
  await ok(c.delete(made.id));
  await fails('EMU404', c.load(made.id));
  await fails('EMU404', c.delete(made.id));
  assert.deepEqual(sorted(await ok(c.list())), ['Ours']);
  assert.equal((await claims()).called, undefined, 'tokens have no template again');
});

scenario('clientAssertions', async ({ sdk, emulator }) => {
  const { jwt } = sdk.management;
  const issuer = `https://app.example.com/${emulator.project}`;
  const make = async (...more) => (await ok(jwt.generateClientAssertionJwt(issuer, 'client', ['https://idp.example', 'other'], 600, ...more))).jwt;
  const first = await make();
  assert.equal(JSON.parse(Buffer.from(first.split('.')[1], 'base64url')).iss, issuer);
  const { token } = await sdk.validateJwt(first, { audience: 'https://idp.example' });
  assert.deepEqual([token.sub, token.aud, token.exp - token.iat], ['client', ['https://idp.example', 'other'], 600]);
  await assert.rejects(sdk.validateJwt(await make(), { audience: 'https://else.example' }));
  const second = (await sdk.validateJwt(await make(false, 'RS256'))).token;
  assert.notEqual(second.jti, token.jti);
  const { jwt: flat } = await ok(jwt.generateClientAssertionJwt(issuer, 'client', ['one'], 600, true));
  assert.equal((await sdk.validateJwt(flat)).token.aud, 'one');
  await fails('E011004', jwt.generateClientAssertionJwt(issuer, 'client', ['one'], 0));
  await fails(400, jwt.generateClientAssertionJwt(issuer, 'client', [], 600));
});

scenario('notp', async (run) => {
  const { sdk, emulator } = run;
  const { notp } = sdk;
  const OTHER = '+12025550188';
  const send = (started, phone) => emulator.control('POST', 'whatsapp', { url: started.redirectUrl, phone });
  const wait = (started, timeoutMs = 5000) => notp.waitForSession(started.pendingRef, { pollingIntervalMs: 1000, timeoutMs });
  const sent = async (started, phone = PHONE) => {
    assert.ok(started.redirectUrl.startsWith('https://wa.me/') && started.image.startsWith('data:image/png'), JSON.stringify(started));
    const waiting = wait(started);
    await send(started, phone);
    return ok(waiting);
  };
  await fails('E062108', notp.signIn(PHONE));
  const made = await sent(await ok(notp.signUp(PHONE, { name: 'Ada' }, { customClaims: { a: 1 } })));
  assert.deepEqual([made.user.name, made.user.phone, made.user.verifiedPhone, made.firstSeen], ['Ada', PHONE, true, true]);
  assert.equal((await sdk.validateJwt(made.sessionJwt)).token.a, 1);
  await fails('E062107', notp.signUp(PHONE));
  const again = await sent(await ok(notp.signIn(PHONE, { stepup: true }, made.refreshJwt)));
  assert.deepEqual([again.user.userId, again.firstSeen], [made.user.userId, false]);
  assert.equal((await sdk.validateJwt(again.sessionJwt)).token.su, true);
  const fresh = await sent(await ok(notp.signUpOrIn(OTHER)), OTHER);
  assert.deepEqual([fresh.user.phone, fresh.firstSeen], [OTHER, true]);

  // Whoever has not sent the message, or sends it from another phone, is not signed in.
  const pending = await ok(notp.signUpOrIn(PHONE));
  assert.equal((await wait(pending, 1500)).ok, false, 'nobody sent it');
  await assert.rejects(send(pending, OTHER));
  assert.equal((await wait(pending, 1500)).ok, false, 'it is over');
  await isSignedIn(run, fresh, OTHER, ['whatsapp']);
});
