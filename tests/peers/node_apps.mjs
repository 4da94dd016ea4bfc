// Applications on either side of a project, and what ties users and tenants to them.

import assert from 'node:assert/strict';
import { ADA, PAGE, atProvider, fails, ok, only, scenario, signIn, sorted } from './node_harness.mjs';

/** Two members of a tenant, their IDs first. */
async function people({ sdk }) {
  const { tenant, user } = sdk.management;
  await ok(tenant.createWithId('acme', 'Acme'));
  const made = [];
  for (const loginId of [ADA, 'bob@example.com']) {
    made.push((await ok(user.create(loginId, { email: loginId, displayName: 'Ada', userTenants: [{ tenantId: 'acme' }] }))).userId);
  }
  return made;
}

scenario('outboundApplications', async ({ sdk, emulator }) => {
  const { outboundApplication: c, tenant } = sdk.management;
  assert.deepEqual(await ok(c.loadAllApplications()), []);
  const settings = {
    name: 'Calendar', description: 'd', clientId: 'client', authorizationUrl: 'https://idp.example/a', tokenUrl: 'https://idp.example/t',
    authorizationUrlParams: [{ key: 'a', value: 'b' }], defaultScopes: ['read'], pkce: true, accessType: 'offline', prompt: ['consent'],
  };
  const made = await ok(c.createApplication({ id: 'calendar', ...settings, clientSecret: 'secret' }));
  assert.deepEqual(made, { id: 'calendar', ...settings }, 'the secret is not shown');
  assert.deepEqual(await ok(c.loadApplication('calendar')), made);
  await fails('EMU409', c.createApplication({ id: 'calendar', name: 'Again' }));
  await fails('E011004', c.createApplication({ name: 'Odd', accessType: 'sometimes' }));
  await fails('E011004', c.createApplication({ name: 'Odd', prompt: ['sing'] }));
  await fails('EMU404', c.createApplication({ name: 'Odd', tenantId: 'nowhere' }));
  const updated = await ok(c.updateApplication({ id: 'calendar', name: 'Calendar 2', defaultScopes: ['write'] }));
  assert.deepEqual(updated, { id: 'calendar', name: 'Calendar 2', defaultScopes: ['write'] });
  assert.deepEqual(await ok(c.loadApplication('calendar')), updated);
  const secret = async () => (await emulator.control('GET', 'export')).outboundApps.find(({ id }) => id === 'calendar').clientSecret;
  assert.equal(await secret(), 'secret', 'it stays unless there is a new one');
  await ok(c.updateApplication({ ...updated, clientSecret: 'other' }));
  assert.equal(await secret(), 'other');
  await fails('EMU404', c.updateApplication({ id: 'nothing', name: 'n' }));

  await ok(tenant.createWithId('acme', 'Acme'));
  const from = await ok(c.createApplicationByTemplate({ templateId: 'github', clientId: 'c', clientSecret: 's', tenantId: 'acme', overrides: { name: 'Code', defaultScopes: ['repo'] } }));
  assert.deepEqual([from.name, from.clientId, from.tenantId, from.defaultScopes], ['Code', 'c', 'acme', ['repo']]);
  assert.ok(from.authorizationUrl.startsWith('https://github.com/') && from.tokenUrl && !from.clientSecret, JSON.stringify(from));
  assert.deepEqual(await ok(c.loadApplication(from.id)), from);
  await fails('EMU404', c.createApplicationByTemplate({ templateId: 'nothing' }));
  assert.deepEqual(sorted(await ok(c.loadAllApplications())), ['Calendar 2', 'Code']);
  await ok(tenant.delete('acme', true));
  await fails('EMU404', c.loadApplication(from.id));
  await ok(c.deleteApplication('calendar'));
  await fails('EMU404', c.loadApplication('calendar'));
  await fails('EMU404', c.deleteApplication('calendar'));
  assert.deepEqual(await ok(c.loadAllApplications()), []);
});

scenario('connectionsOfUsers', async (run) => {
  const { sdk } = run;
  const { outboundApplication: c, user } = sdk.management;
  const [ada, bob] = await people(run);
  for (const id of ['calendar', 'mail']) await ok(c.createApplication({ id, name: id, defaultScopes: ['read'] }));
  const { refreshJwt } = await signIn(run);
  const connect = async (app, options, loginId = 'ada@service.example') => {
    const { url } = await ok(sdk.outbound.connect(app, options, refreshJwt));
    await atProvider(url, loginId);
  };
  await fails('EMU404', c.fetchToken('calendar', ada));
  await connect('calendar', { redirectUrl: PAGE });
  const read = await ok(c.fetchToken('calendar', ada));
  assert.deepEqual([read.appId, read.userId, read.scopes, read.tokenSub], ['calendar', ada, ['read'], 'ada@service.example']);
  assert.deepEqual([read.hasRefreshToken, read.refreshToken, read.grantedBy], [true, undefined, ada]);
  await connect('calendar', { redirectUrl: PAGE, scopes: ['read', 'write'] });
  const write = await ok(c.fetchTokenByScopes('calendar', ada, ['write']));
  assert.deepEqual([write.scopes, write.id === read.id], [['read', 'write'], false]);
  await fails('EMU404', c.fetchTokenByScopes('calendar', ada, ['erase']));
  await fails('EMU404', c.fetchToken('calendar', bob));
  await connect('mail', { redirectUrl: PAGE, tenantId: 'acme' });
  assert.equal((await ok(c.fetchToken('mail', ada, 'acme'))).tenantId, 'acme');
  await fails('EMU404', c.fetchToken('mail', ada));
  await connect('mail', { redirectUrl: PAGE, tenantId: 'acme', tenantLevel: true });
  assert.deepEqual((({ userId, tenantId }) => [userId, tenantId])(await ok(c.fetchTenantToken('mail', 'acme'))), ['', 'acme']);
  assert.deepEqual(await ok(c.listAppsWithUserToken(ada)), ['calendar', 'mail']);
  assert.deepEqual(await ok(c.listAppsWithUserToken(ada, 'acme')), ['mail']);
  assert.deepEqual(await ok(c.listAppsWithUserToken(bob)), []);
  await fails('EMU404', sdk.outbound.connect('nothing', { redirectUrl: PAGE }, refreshJwt));
  await fails('E011004', sdk.outbound.connect('mail', { redirectUrl: PAGE, tenantId: 'nowhere' }, refreshJwt));
  await fails(401, sdk.outbound.connect('mail', { redirectUrl: PAGE }, 'nothing'));

  const renewed = await ok(c.fetchToken('calendar', ada, undefined, { forceRefresh: true, withRefreshToken: true }));
  assert.deepEqual([renewed.id, renewed.accessToken === write.accessToken, Boolean(renewed.refreshToken)], [write.id, false, true]);
  await ok(c.deleteTokenById(write.id));
  await fails('EMU404', c.deleteTokenById(write.id));
  assert.equal((await ok(c.fetchToken('calendar', ada))).id, read.id);
  await ok(c.deleteUserTokens('calendar', ada));
  await fails('EMU404', c.fetchToken('calendar', ada));
  assert.deepEqual(await ok(c.listAppsWithUserToken(ada)), ['mail']);
  await ok(user.delete(ADA));
  assert.equal((await ok(c.fetchTenantToken('mail', 'acme'))).tenantId, 'acme', 'it is the tenant\'s');
  await ok(c.deleteApplication('mail'));
  await fails('EMU404', c.fetchTenantToken('mail', 'acme'));
});

scenario('uploadedTokens', async (run) => {
  const { sdk, emulator } = run;
  const { outboundApplication: c } = sdk.management;
  const [ada, bob] = await people(run);
  await ok(c.createApplication({ id: 'mail', name: 'Mail' }));
  await ok(c.createApplication({ id: 'keys', name: 'Keys', appType: 'apikey' }));
  const now = await emulator.advance(0);
  const token = { appId: 'mail', userId: ada, accessToken: 'a1', refreshToken: 'r1', accessTokenExpiry: now + 600, scopes: ['read'], externalIdentifier: 'x', grantedBy: bob };
  await ok(c.uploadUserToken(token));
  const loaded = await ok(c.fetchToken('mail', ada, undefined, { withRefreshToken: true }));
  assert.deepEqual(
    [loaded.accessToken, loaded.refreshToken, Number(loaded.accessTokenExpiry), loaded.scopes, loaded.externalIdentifier, loaded.grantedBy],
    ['a1', 'r1', now + 600, ['read'], 'x', bob],
  );
  await emulator.advance(601);
  assert.notEqual((await ok(c.fetchToken('mail', ada))).accessToken, 'a1', 'it is renewed when it ends');
  await ok(c.uploadUserToken({ ...token, accessToken: 'a2', refreshToken: '', accessTokenExpiry: 0 }));
  assert.equal((await ok(c.fetchToken('mail', ada))).accessToken, 'a2', 'it takes the place of the other');
  await fails('E011004', c.fetchToken('mail', ada, undefined, { forceRefresh: true }));
  await fails('E011004', c.uploadUserToken({ ...token, accessToken: 'a3', refreshToken: 'revoked-1', verifyRefresh: true }));
  assert.equal((await ok(c.fetchToken('mail', ada))).accessToken, 'a2', 'nothing is written');
  await fails(400, c.uploadUserToken({ appId: 'mail', userId: ada }));
  await fails('E011004', c.uploadUserToken({ ...token, appId: 'keys' }));
  await fails('EMU404', c.uploadUserToken({ ...token, appId: 'nothing' }));

  await fails('EMU404', c.fetchTenantToken('mail', 'acme'));
  await ok(c.uploadTenantToken({ appId: 'mail', tenantId: 'acme', refreshToken: 'r2', scopes: ['read', 'write'], verifyRefresh: true }));
  const ours = await ok(c.fetchTenantTokenByScopes('mail', 'acme', ['write']));
  assert.ok(ours.accessToken && ours.tenantId === 'acme' && !ours.userId, JSON.stringify(ours));
  assert.equal((await ok(c.fetchTenantToken('mail', 'acme', { withRefreshToken: true }))).refreshToken, 'r2');
  await fails('EMU404', c.fetchTenantTokenByScopes('mail', 'acme', ['erase']));
  await fails('EMU404', c.uploadTenantToken({ appId: 'mail', tenantId: 'nowhere', accessToken: 'a' }));

  const half = await ok(c.batchUploadUserTokens([{ appId: 'mail', userId: bob, accessToken: 'b1' }, { appId: 'nothing', userId: ada, accessToken: 'b2' }]));
  const failure = only(half.failures);
  assert.deepEqual([failure.appId, failure.userId, failure.errorCode], ['nothing', ada, 'EMU404']);
  await fails('EMU404', c.fetchToken('mail', bob));
  assert.deepEqual(await ok(c.batchUploadUserTokens([{ appId: 'mail', userId: bob, accessToken: 'b1' }, { appId: 'mail', userId: ada, tenantId: 'acme', accessToken: 'b2' }])), { failures: [] });
  assert.equal((await ok(c.fetchToken('mail', bob))).accessToken, 'b1');
  assert.equal((await ok(c.fetchToken('mail', ada, 'acme'))).accessToken, 'b2');
  const none = await ok(c.batchUploadTenantTokens([{ appId: 'mail', tenantId: 'nowhere', accessToken: 't' }, { appId: 'mail', tenantId: 'acme' }]));
  assert.deepEqual(none.failures.map(({ tenantId }) => tenantId), ['nowhere', 'acme']);
  assert.deepEqual(await ok(c.batchUploadTenantTokens([{ appId: 'mail', tenantId: 'acme', accessToken: 't1' }])), { failures: [] });
  assert.equal((await ok(c.fetchTenantToken('mail', 'acme'))).accessToken, 't1');

  await ok(c.uploadUserApiKey('keys', ada, 'k1'));
  await ok(c.uploadUserApiKey('keys', ada, 'k2'));
  const key = await ok(c.fetchToken('keys', ada));
  assert.deepEqual([key.accessToken, key.accessTokenType], ['k2', 'apikey']);
  await ok(c.uploadUserApiKey('keys', bob, 'k3', 'acme'));
  assert.equal((await ok(c.fetchToken('keys', bob, 'acme'))).accessToken, 'k3');
  await ok(c.uploadTenantApiKey('keys', 'acme', 'k4'));
  assert.equal((await ok(c.fetchTenantToken('keys', 'acme'))).accessToken, 'k4');
  await fails('E011004', c.uploadUserApiKey('mail', ada, 'k'));
  await fails('E011004', c.uploadTenantApiKey('mail', 'acme', 'k'));
  // The SDK sends `undefined` as the ID where it is given none.
  await ok(c.deleteUserTokens('keys'));
  assert.equal((await ok(c.fetchToken('keys', ada))).accessToken, 'k2', 'no user has that ID');
  await ok(c.deleteUserTokens('keys', ''));
  await fails('EMU404', c.fetchToken('keys', ada));
  assert.equal((await ok(c.fetchTenantToken('keys', 'acme'))).accessToken, 'k4', 'those of tenants stay');
  await fails(400, c.deleteUserTokens('', ''));
});

const SCOPES = { permissionsScopes: [{ name: 'read', description: 'To read' }, { name: 'mail', description: 'To mail' }] };

/** Creates and reads inbound applications beside the SDK, which knows no claims of scopes. */
async function inbound({ emulator }, path, body) {
  const headers = { authorization: `Bearer ${emulator.project}:${emulator.key}` };
  const request = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
  const answer = await fetch(`${emulator.base}/v2/mgmt/thirdparty/${path}`, request);
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

scenario('inboundApplications', async (run) => {
  const { sdk } = run;
  const { inboundApplication: c } = sdk.management;
  const made = [];
  for (const name of ['A', 'B', 'C', 'D']) made.push(await inbound(run, 'app/create', { name, ...SCOPES }));
  const [a, b, ...rest] = made;
  const left = async () => sorted((await inbound(run, 'apps/load', {})).apps);
  assert.deepEqual(await ok(c.getApplicationSecret(a.id)), { cleartext: a.cleartext });
  const rotated = await ok(c.rotateApplicationSecret(a.id));
  assert.notEqual(rotated.cleartext, a.cleartext);
  assert.deepEqual(await ok(c.getApplicationSecret(a.id)), rotated);
  assert.equal((await ok(c.getApplicationSecret(b.id))).cleartext, b.cleartext);
  await fails('EMU404', c.getApplicationSecret('nothing'));
  await fails('EMU404', c.rotateApplicationSecret('nothing'));
  await ok(c.deleteApplication(a.id));
  await fails('EMU404', c.getApplicationSecret(a.id));
  await fails('EMU404', c.deleteApplication(a.id));
  await fails('EMU404', c.deleteApplicationBatch([b.id, a.id]));
  assert.deepEqual(await left(), ['B', 'C', 'D'], 'all of them or none');
  await ok(c.deleteApplicationBatch(rest.map(({ id }) => id)));
  assert.deepEqual(await left(), ['B']);
});

scenario('inboundApplicationsOfTheirOwn', async ({ sdk }) => {
  const { inboundApplication: c } = sdk.management;
  const made = await ok(c.createApplication({ name: 'A', loginPageUrl: PAGE, description: 'First', ...SCOPES }));
  assert.ok(made.id && made.clientId && made.cleartext, JSON.stringify(made));
  const loaded = await ok(c.loadApplication(made.id));
  assert.deepEqual([loaded.name, loaded.description, loaded.clientId], ['A', 'First', made.clientId]);
  assert.deepEqual(sorted(loaded.permissionsScopes), ['mail', 'read']);
  await fails(400, c.createApplication({ name: 'B' }));
  await ok(c.patchApplication({ id: made.id, description: 'Patched' }));
  const patched = await ok(c.loadApplication(made.id));
  assert.deepEqual([patched.name, patched.description, patched.permissionsScopes.length], ['A', 'Patched', 2]);
  await ok(c.updateApplication({ id: made.id, name: 'C', loginPageUrl: PAGE, permissionsScopes: [] }));
  const updated = await ok(c.loadApplication(made.id));
  assert.deepEqual([updated.name, updated.description, updated.permissionsScopes], ['C', '', []], 'all is overwritten');
  await ok(c.createApplication({ name: 'D', loginPageUrl: PAGE }));
  assert.deepEqual(sorted(await ok(c.loadAllApplications())), ['C', 'D']);
  await fails('EMU404', c.loadApplication('nothing'));
  await fails('EMU404', c.patchApplication({ id: 'nothing', name: 'E' }));
});

scenario('consents', async (run) => {
  const { sdk, emulator } = run;
  const { inboundApplication: c, user } = sdk.management;
  const [ada, bob] = await people(run);
  const apps = [];
  for (const name of ['A', 'B']) apps.push((await inbound(run, 'app/create', { name, ...SCOPES })).id);
  const [a, b] = apps;
  const give = async (...inboundConsents) => (await emulator.control('POST', 'seed', { inboundConsents })).inboundConsents;
  const [first, ...others] = await give(
    { appId: a, loginId: ADA, scopes: ['read'] },
    { appId: b, loginId: ADA, scopes: ['read'] },
    { appId: a, loginId: 'bob@example.com', scopes: ['mail'] },
    { appId: a, tenantId: 'acme', scopes: ['read'], grantedBy: bob },
    { appId: b, tenantId: 'acme', scopes: ['read'] },
  );
  const [second, ofBob, ofTenant] = others.map(({ consentId }) => consentId);
  const ids = async (options) => (await ok(c.searchConsents(options))).map(({ id }) => id).sort();
  const all = [first, ...others].map(({ consentId }) => consentId);
  assert.deepEqual(await ids(), [...all].sort());
  const found = only(await ok(c.searchConsents({ appId: a, userId: ada })));
  assert.deepEqual([found.id, found.appId, found.userId, found.scopes, found.grantedBy], [first.consentId, a, ada, ['read'], ada]);
  assert.ok(Math.abs(found.createdTime - Date.now()) < 60e3, `${found.createdTime}`);
  assert.deepEqual(await ids({ userId: ada }), [first.consentId, second].sort());
  assert.deepEqual(await ids({ consentId: ofBob }), [ofBob]);
  assert.equal(only(await ok(c.searchConsents({ consentId: ofTenant }))).grantedBy, bob);
  await give({ appId: a, loginId: ADA, scopes: ['mail'] });
  assert.deepEqual([...only(await ok(c.searchConsents({ appId: a, userId: ada }))).scopes].sort(), ['mail', 'read'], 'it adds to the first');
  const { token } = await sdk.validateJwt(first.accessToken, { audience: emulator.project });
  assert.deepEqual([token.sub, token.scope], [ada, 'read']);

  await fails(400, c.deleteConsents({}));
  await ok(c.deleteConsents({ appId: a, userIds: [ada] }));
  assert.deepEqual(await ids({ userId: ada }), [second]);
  await ok(c.deleteConsents({ consentIds: [ofBob, ofTenant] }));
  assert.deepEqual(await ids({ appId: a }), [ofTenant], 'those of tenants stay');
  await ok(c.deleteTenantConsents({ tenantId: 'acme', appId: a }));
  assert.deepEqual(await ids({ appId: a }), []);
  await ok(c.deleteTenantConsents({ tenantId: 'acme', consentIds: [second] }));
  assert.deepEqual(await ids(), [second, all.at(-1)].sort(), 'that is a user\'s');
  await fails('EMU404', c.deleteTenantConsents({ tenantId: 'nowhere' }));
  await ok(user.delete(ADA));
  assert.deepEqual(await ids(), [all.at(-1)]);
  await ok(c.deleteApplication(b));
  assert.deepEqual(await ids(), []);
});

scenario('claimsOfScopes', async (run) => {
  const { sdk, emulator } = run;
  const { scopeClaimMapping: c } = sdk.management;
  await people(run);
  const { id: appId } = await inbound(run, 'app/create', {
    name: 'A', ...SCOPES, scopeClaimMapping: [{ scope: 'mail', useProjectMapping: true }],
  });
  const claim = async () => {
    const { inboundConsents } = await emulator.control('POST', 'seed', { inboundConsents: [{ appId, loginId: ADA, scopes: ['mail'] }] });
    return (await sdk.validateJwt(only(inboundConsents).accessToken)).token.address;
  };
  assert.deepEqual(await ok(c.get()), []);
  assert.equal(await claim(), undefined);
  const mappings = [{ scope: 'mail', claims: { address: '{{user.email}}' }, description: 'd' }, { scope: 'more', claims: {} }];
  await ok(c.set(mappings));
  assert.deepEqual(await ok(c.get()), mappings);
  assert.equal(await claim(), ADA);
  await fails('E011004', c.set([{ scope: 'a' }, { scope: 'a' }]));
  assert.deepEqual(await ok(c.get()), mappings);
  await ok(c.set([mappings[1]]));
  assert.deepEqual(await ok(c.get()), [mappings[1]]);
  assert.equal(await claim(), undefined);
  await ok(c.set(mappings));
  await ok(c.delete());
  assert.deepEqual(await ok(c.get()), []);
  assert.equal(await claim(), undefined);
});
