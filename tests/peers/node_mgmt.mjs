// What a project is made of, by management: the life of each kind of thing.

import assert from 'node:assert/strict';
import { ADA, PAGE, fails, isSignedIn, ok, only, scenario, signIn, sorted } from './node_harness.mjs';

scenario('tenants', async ({ sdk, emulator }) => {
  const { accessKey, role, tenant, user } = sdk.management;
  const { id } = await ok(tenant.create('Acme', ['acme.example'], { a: 1 }));
  const made = await ok(tenant.load(id));
  assert.deepEqual([made.name, made.selfProvisioningDomains, made.customAttributes], ['Acme', ['acme.example'], { a: 1 }]);
  await ok(tenant.update(id, 'Acme Ltd', ['acme.test']));
  const updated = await ok(tenant.load(id));
  assert.deepEqual([updated.name, updated.selfProvisioningDomains, updated.customAttributes], ['Acme Ltd', ['acme.test'], {}]);
  await ok(tenant.createWithId('other', 'Other'));
  await fails('EMU409', tenant.createWithId('other', 'Other'));
  assert.deepEqual(sorted(await ok(tenant.loadAll())), ['Acme Ltd', 'Other']);
  assert.equal(only(await ok(tenant.searchAll([id]))).name, 'Acme Ltd');
  await ok(role.create('Pilot'));
  await ok(tenant.updateDefaultRoles(id, ['Pilot']));
  await ok(user.create('ada'));
  assert.deepEqual(only((await ok(user.addTenant('ada', id))).userTenants).roleNames, ['Pilot']);
  await ok(tenant.configureSettings(id, { domains: ['b.example'], sessionTokenExpiration: 5, sessionTokenExpirationUnit: 'minutes', authType: 'none' }));
  const settings = await ok(tenant.getSettings(id));
  assert.deepEqual([settings.domains, settings.sessionTokenExpiration], [['b.example'], 5]);
  const { adminSSOConfigurationLink: link } = await ok(tenant.generateSSOConfigurationLink(id, 3600, '', ADA));
  assert.equal((await emulator.message(ADA)).link, link);
  await ok(tenant.revokeSSOConfigurationLink(id));
  const key = await ok(accessKey.create('ci', 0, [], [{ tenantId: id }]));
  await ok(tenant.delete(id, true));
  await fails('EMU404', tenant.load(id));
  await fails('E112102', user.load('ada'));
  await assert.rejects(sdk.exchangeAccessKey(key.cleartext));
  assert.deepEqual(sorted(await ok(tenant.loadAll())), ['Other']);
});

scenario('permissionsAndRoles', async ({ sdk }) => {
  const { permission, role, user } = sdk.management;
  const before = sorted(await ok(permission.loadAll()));
  const known = async () =>
    Object.fromEntries((await ok(permission.loadAll())).filter((of) => !before.includes(of.name)).map((of) => [of.name, of]));
  await ok(permission.create('fly', 'may fly'));
  await fails('EMU409', permission.create('fly'));
  await ok(permission.update('fly', 'glide', 'may glide'));
  assert.equal((await known()).glide.description, 'may glide');
  await ok(permission.createBatch([{ name: 'read' }, { name: 'write' }, { name: 'run' }]));
  await ok(permission.updateWithId((await known()).read.id, 'see'));
  await ok(permission.updateBatch([{ id: (await known()).write.id, newName: 'draw' }]));
  assert.deepEqual(Object.keys(await known()).sort(), ['draw', 'glide', 'run', 'see']);
  await ok(permission.deleteWithId((await known()).see.id));
  await ok(permission.deleteBatch(['draw']));
  await ok(permission.delete('run'));
  assert.deepEqual(Object.keys(await known()), ['glide']);

  await ok(role.create('Pilot', 'flies', ['glide']));
  await fails('EMU409', role.create('Pilot'));
  await ok(user.create('ada', { roles: ['Pilot'] }));
  await ok(role.update('Pilot', 'Captain', 'commands', ['glide']));
  const captain = only(await ok(role.search({ roleNames: ['Captain'] })));
  assert.deepEqual([captain.description, captain.permissionNames], ['commands', ['glide']]);
  assert.deepEqual((await ok(user.load('ada'))).roleNames, ['Captain']);
  await ok(role.createBatch([1, 2, 3, 4].map((n) => ({ name: `R${n}`, permissionNames: ['glide'] }))));
  const roles = async () => Object.fromEntries((await ok(role.loadAll())).map((of) => [of.name, of]));
  await ok(role.updateWithId((await roles()).R1.id, 'R5', 'five'));
  await ok(role.updateBatch([{ id: (await roles()).R2.id, newName: 'R6', description: 'six' }]));
  assert.deepEqual([(await roles()).R5.description, (await roles()).R6.description], ['five', 'six']);
  await ok(role.deleteWithId((await roles()).R5.id));
  await ok(role.deleteBatch(['R6', 'R3']));
  assert.deepEqual(Object.keys(await roles()).filter((name) => /^R\d/.test(name)), ['R4']);
  await ok(permission.delete('glide'));
  assert.deepEqual((await roles()).R4.permissionNames, []);
  await ok(role.delete('Captain'));
  assert.deepEqual((await ok(user.load('ada'))).roleNames, []);
  await fails('EMU404', role.delete('Captain'));
});

scenario('lifeOfAccessKeys', async ({ sdk }) => {
  const c = sdk.management.accessKey;
  await ok(sdk.management.tenant.createWithId('acme', 'Acme'));
  const made = await ok(c.create('ci', 0, [], [{ tenantId: 'acme' }], undefined, { a: 1 }, 'for builds', ['10.0.0.1']));
  const { id } = made.key;
  assert.deepEqual(await ok(c.load(id)), made.key);
  assert.deepEqual([made.key.description, made.key.permittedIps, made.key.status], ['for builds', ['10.0.0.1'], 'active']);
  assert.equal((await sdk.exchangeAccessKey(made.cleartext)).token.a, 1);
  await ok(c.update(id, 'cd', 'for deploys'));
  const updated = await ok(c.load(id));
  assert.deepEqual([updated.name, updated.description, updated.permittedIps], ['cd', 'for deploys', ['10.0.0.1']]);
  for (const [stop, start] of [[() => c.deactivate(id), () => c.activate(id)], [() => c.deactivateBatch([id]), () => c.activateBatch([id])]]) {
    await ok(stop());
    assert.equal((await ok(c.load(id))).status, 'inactive');
    await assert.rejects(sdk.exchangeAccessKey(made.cleartext));
    await ok(start());
    assert.equal((await sdk.exchangeAccessKey(made.cleartext)).token.sub, id);
  }
  const rotated = await ok(c.rotate(id));
  await assert.rejects(sdk.exchangeAccessKey(made.cleartext));
  assert.equal((await sdk.exchangeAccessKey(rotated.cleartext)).token.sub, id);
  assert.equal(only(await ok(c.searchAll(['acme']))).id, id);
  assert.deepEqual(await ok(c.searchAll(['other'])), []);
  await ok(c.delete(id));
  await fails('EMU404', c.load(id));
  const more = await ok(c.create('more', 0));
  await ok(c.deleteBatch([more.key.id]));
  assert.deepEqual(await ok(c.searchAll()), []);
});

scenario('ssoSettings', async ({ sdk, emulator }) => {
  const { role, sso, tenant, user } = sdk.management;
  await ok(tenant.createWithId('acme', 'Acme'));
  await ok(role.create('Pilot'));
  await ok(sso.configureOIDCSettings('acme', { name: 'OIDC', clientId: 'client', clientSecret: 'secret', authUrl: 'https://idp.example/a', attributeMapping: { email: 'mail' } }, ['acme.example']));
  let loaded = await ok(sso.loadSettings('acme'));
  assert.equal(loaded.oidc.attributeMapping.email, 'mail');
  assert.deepEqual([loaded.oidc.clientId, loaded.oidc.authUrl, loaded.tenant.authType], ['client', 'https://idp.example/a', 'oidc']);
  const saml = { idpUrl: 'https://idp.example', entityId: 'entity', idpCert: 'cert', roleMappings: [{ groups: ['pilots'], roleName: 'Pilot' }] };
  await ok(sso.configureSAMLSettings('acme', saml, 'https://a.example', ['acme.example']));
  loaded = await ok(sso.loadSettings('acme'));
  assert.deepEqual([loaded.saml.idpEntityId, loaded.saml.redirectUrl, loaded.tenant.authType], ['entity', 'https://a.example', 'saml']);
  assert.deepEqual([loaded.saml.groupsMapping[0].roleName, loaded.saml.groupsMapping[0].groups], ['Pilot', ['pilots']]);
  await ok(sso.configureSSORedirectURL('acme', 'https://b.example'));
  assert.equal((await ok(sso.loadSettings('acme'))).saml.redirectUrl, 'https://b.example');
  await ok(user.create('ada', { userTenants: [{ tenantId: 'acme' }] }));
  await emulator.control('POST', 'seed', { groups: [{ tenantId: 'acme', id: 'pilots', loginIds: ['ada'] }] });
  await ok(sso.recalculateSSOMappings('acme'));
  assert.deepEqual(only((await ok(user.load('ada'))).userTenants).roleNames, ['Pilot']);
  await ok(sso.configureSettings('acme', 'https://idp2.example', 'cert2', 'entity2', 'https://a.example', ['acme.example']));
  assert.equal((await ok(sso.getSettings('acme'))).idpEntityId, 'entity2');
  await ok(sso.configureMetadata('acme', 'https://idp.example/metadata', 'https://a.example', ['acme.example']));
  assert.equal((await ok(sso.getSettings('acme'))).idpMetadataUrl, 'https://idp.example/metadata');
  await ok(sso.configureMapping('acme', [{ groups: ['captains'], roleName: 'Pilot' }], { name: 'n' }));
  loaded = await ok(sso.loadSettings('acme'));
  assert.deepEqual([loaded.saml.groupsMapping[0].groups, loaded.saml.attributeMapping.name], [['captains'], 'n']);
  await ok(sso.newSettings('acme', 'second', 'Second'));
  assert.equal((await ok(sso.loadSettings('acme', 'second'))).displayName, 'Second');
  assert.ok((await ok(sso.loadAllSettings('acme'))).some((of) => of.ssoId === 'second'));
  await ok(sso.deleteSettings('acme'));
  assert.equal((await ok(sso.loadSettings('acme'))).tenant.authType, 'none');
  await fails('EMU404', sso.loadSettings('nowhere'));
});

scenario('ssoApplications', async ({ sdk }) => {
  const c = sdk.management.ssoApplication;
  const { name: byDefault } = only(await ok(c.loadAll()));
  const { id: oidc } = await ok(c.createOidcApplication({ name: 'Wiki', loginPageUrl: PAGE, description: 'd' }));
  const { id: saml } = await ok(c.createSamlApplication({ name: 'CRM', loginPageUrl: PAGE, useMetadataInfo: true, metadataUrl: `${PAGE}/m` }));
  const { id: fed } = await ok(c.createWsFedApplication({ name: 'Fed', loginPageUrl: PAGE, realm: 'urn:a', replyUrl: `${PAGE}/r` }));
  assert.deepEqual((({ name, appType, description }) => [name, appType, description])(await ok(c.load(oidc))), ['Wiki', 'oidc', 'd']);
  await ok(c.updateOidcApplication({ id: oidc, name: 'Wiki 2', loginPageUrl: `${PAGE}/2`, enabled: false }));
  const wiki = await ok(c.load(oidc));
  assert.deepEqual([wiki.name, wiki.enabled, wiki.oidcSettings.loginPageUrl], ['Wiki 2', false, `${PAGE}/2`]);
  await ok(c.updateSamlApplication({ id: saml, name: 'CRM 2', loginPageUrl: PAGE, useMetadataInfo: false, entityId: 'e', acsUrl: 'https://a.example/acs', certificate: 'c' }));
  const { samlSettings } = await ok(c.load(saml));
  assert.deepEqual([samlSettings.useMetadataInfo, samlSettings.entityId, samlSettings.acsUrl], [false, 'e', 'https://a.example/acs']);
  await ok(c.updateWsFedApplication({ id: fed, name: 'Fed 2', loginPageUrl: PAGE, realm: 'urn:b', replyUrl: `${PAGE}/r` }));
  assert.equal((await ok(c.load(fed))).wsFedSettings.realm, 'urn:b');
  assert.deepEqual(sorted(await ok(c.loadAll())), ['CRM 2', 'Fed 2', byDefault, 'Wiki 2']);
  const { cleartext: first } = await ok(c.getApplicationSecret(oidc));
  const { cleartext: second } = await ok(c.rotateApplicationSecret(oidc));
  assert.notEqual(first, second);
  assert.equal((await ok(c.getApplicationSecret(oidc))).cleartext, second);
  await ok(c.delete(oidc));
  await fails('EMU404', c.load(oidc));
  assert.deepEqual(sorted(await ok(c.loadAll())), ['CRM 2', 'Fed 2', byDefault]);
});

scenario('groups', async ({ sdk, emulator }) => {
  const { group, tenant, user } = sdk.management;
  await ok(tenant.createWithId('acme', 'Acme'));
  const { userId } = await ok(user.create(ADA, { email: ADA, userTenants: [{ tenantId: 'acme' }] }));
  const groups = [{ tenantId: 'acme', id: 'g1', display: 'Pilots', loginIds: [ADA] }, { tenantId: 'acme', id: 'g2' }];
  await emulator.control('POST', 'seed', { groups });
  assert.deepEqual(sorted(await ok(group.loadAllGroups('acme')), 'id'), ['g1', 'g2']);
  for (const call of [
    group.loadAllGroupsForMember('acme', [userId], []),
    group.loadAllGroupsForMember('acme', [], [ADA]),
    group.loadAllGroupMembers('acme', 'g1'),
  ]) {
    const mine = only(await ok(call));
    assert.deepEqual([mine.id, mine.display, only(mine.members).userId], ['g1', 'Pilots', userId]);
  }
});

scenario('tokens', async (run) => {
  const { sdk } = run;
  const { jwt, permission, role, user } = sdk.management;
  const signedIn = await signIn(run);
  const updated = await ok(jwt.update(signedIn.sessionJwt, { level: 5, sub: 'U2forged' }));
  const { token } = await sdk.validateJwt(updated.jwt);
  assert.deepEqual([token.level, token.sub], [5, signedIn.user.userId]);
  await ok(permission.create('Impersonate'));
  await ok(role.create('Support', '', ['Impersonate']));
  const { userId: helper } = await ok(user.create('helper', { roles: ['Support'] }));
  await fails('EMU403', jwt.impersonate(signedIn.user.userId, 'helper', false));
  const actor = async (refreshJwt) => (await sdk.refreshSession(refreshJwt)).token;
  const acting = await actor((await ok(jwt.impersonate(helper, ADA, false))).jwt);
  assert.deepEqual([acting.sub, acting.act], [signedIn.user.userId, { sub: helper }]);
  const stepped = (await ok(jwt.impersonateStepup(helper, ADA, false, { b: 2 }))).jwt;
  assert.deepEqual([(await actor(stepped)).su, (await actor(stepped)).b], [true, 2]);
  const back = (await ok(jwt.stopImpersonation(stepped))).jwt;
  assert.deepEqual([(await actor(back)).sub, (await actor(back)).act], [helper, undefined]);
  await fails('E064001', sdk.refresh(stepped));

  const made = await ok(jwt.signUp('bob', { name: 'Bob', email: 'bob@example.com' }, { customClaims: { a: 1 } }));
  assert.deepEqual([made.user.name, made.firstSeen], ['Bob', true]);
  assert.equal((await sdk.validateJwt(made.sessionJwt)).token.a, 1);
  await fails('E062107', jwt.signUp('bob'));
  await fails('E062108', jwt.signIn('nobody'));
  const again = await ok(jwt.signIn('bob', { revokeOtherSessions: true }));
  await fails('E064001', sdk.refresh(made.refreshJwt));
  assert.equal((await ok(jwt.signUpOrIn('bob'))).user.userId, made.user.userId);
  await isSignedIn(run, again, 'bob', (await sdk.validateJwt(again.sessionJwt)).token.amr);
  const nobody = await ok(jwt.anonymous({ c: 3 }, 'acme'));
  const anonymous = (await sdk.validateJwt(nobody.sessionJwt)).token;
  assert.deepEqual([anonymous.c, anonymous.dct], [3, 'acme']);
  await fails('E061005', sdk.refresh(nobody.refreshJwt));
});

scenario('passwordSettings', async ({ sdk }) => {
  const c = sdk.management.password;
  assert.equal((await ok(c.getSettings(''))).minLength, 8);
  await ok(c.configureSettings('', { enabled: true, minLength: 12, lowercase: true, uppercase: false, number: false }));
  assert.deepEqual((({ minLength, number }) => [minLength, number])(await ok(c.getSettings(''))), [12, false]);
  await fails('E011004', sdk.password.signUp(ADA, 'Correct1'));
  assert.equal((await ok(sdk.password.signUp(ADA, 'correct-horse'))).user.password, true);
});

scenario('flowsThemeProject', async ({ sdk, emulator }) => {
  const { flow, project, theme, user } = sdk.management;
  const before = await ok(flow.list());
  const exported = await ok(flow.export(before.flows[0].id));
  await ok(flow.import('copy', { ...exported.flow, name: 'Copy' }, exported.screens));
  assert.deepEqual(sorted((await ok(flow.list())).flows, 'id'), [...sorted(before.flows, 'id'), 'copy'].sort());
  assert.equal((await ok(flow.export('copy'))).flow.name, 'Copy');
  await ok(flow.delete(['copy']));
  assert.deepEqual(await ok(flow.list()), before);
  const look = await ok(theme.export());
  const changed = { ...(look.theme ?? look), cssTemplate: { light: { a: 1 } } };
  await ok(theme.import(changed));
  const after = await ok(theme.export());
  assert.deepEqual((after.theme ?? after).cssTemplate, { light: { a: 1 } });
  await ok(project.updateName('Engine'));
  await ok(project.updateTags(['a']));
  const about = only(await ok(project.listProjects()));
  assert.deepEqual([about.name, about.tags, about.id], ['Engine', ['a'], emulator.project]);
  const copy = await ok(project.clone('Copy', 'production', ['c']));
  assert.notEqual(copy.projectId, emulator.project);
  assert.deepEqual(sorted(await ok(project.listProjects())), ['Copy', 'Engine']);
  const files = await ok(project.export());
  await ok(flow.import('more', { name: 'More' }, []));
  await ok(project.import(files));
  assert.deepEqual(await ok(flow.list()), before);
  const snapshot = await ok(project.exportSnapshot());
  assert.equal((await ok(project.validateSnapshot({ files: snapshot.files }))).ok, true);
  await ok(flow.import('more', { name: 'More' }, []));
  await ok(project.importSnapshot({ files: snapshot.files }));
  assert.deepEqual(await ok(flow.list()), before);
  await ok(user.create('ada'));
  await ok(project.delete());
  await fails('E112102', user.load('ada'));
});

scenario('audit', async (run) => {
  const { sdk } = run;
  const { audit, tenant } = sdk.management;
  const signedIn = await signIn(run);
  await ok(tenant.createWithId('acme', 'Acme'));
  await ok(audit.createEvent({ action: 'launch', type: 'info', actorId: 'ada', tenantId: 'acme', data: { rocket: 1 } }));
  const launch = only(await ok(audit.search({ actions: ['launch'] })));
  assert.deepEqual([launch.tenants, launch.data], [['acme'], { rocket: 1 }]);
  assert.ok(Math.abs(launch.occurred - Date.now()) < 60e3, `${launch.occurred}`);
  const all = await ok(audit.searchAll({}));
  assert.ok(all.total >= 3 && all.audits.length === all.total);
  assert.equal(only(await ok(audit.search({ actions: ['LoginSucceed'], loginIds: [ADA] }))).userId, signedIn.user.userId);
  assert.deepEqual(await ok(audit.search({ text: 'nothing like it' })), []);
});
