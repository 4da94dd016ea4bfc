// Failures, and that each is told as what it is.

import assert from 'node:assert/strict';
import { ADA, emulated, fails, ok, scenario, signIn } from './node_harness.mjs';

const SIGN_IN = '/v1/auth/otp/signin/email';

scenario('wrongExpiredAndUnknown', async (run) => {
  const { sdk, emulator } = run;
  await fails('E062108', sdk.otp.signIn.email('nobody@example.com'));
  await signIn(run);
  await ok(sdk.otp.signIn.email(ADA));
  const code = await emulator.code(ADA);
  for (let attempt = 0; attempt < 5; attempt += 1) await fails('E061102', sdk.otp.verify.email(ADA, 'x'));
  await fails('E061103', sdk.otp.verify.email(ADA, code));
  await ok(sdk.otp.signIn.email(ADA));
  const late = await emulator.code(ADA);
  await emulator.advance(3600);
  const { code: status } = await fails('E061102', sdk.otp.verify.email(ADA, late));
  assert.equal(status, 401);
});

scenario('rateLimits', async (run) => {
  const { sdk, emulator } = run;
  await signIn(run);
  await emulator.fault('status', SIGN_IN, { status: 429, headers: { 'retry-after': '7' } });
  const limited = await fails('E130429', sdk.otp.signIn.email(ADA));
  assert.deepEqual([limited.code, limited.error.retryAfter], [429, 7]);
  assert.equal(await emulator.seen(SIGN_IN), 1, 'nobody asks again at once');
  await emulator.fault('status', '/v1/mgmt/user', { status: 429, headers: { 'retry-after': '60' } });
  assert.equal((await fails('E130429', sdk.management.user.load(ADA))).error.retryAfter, 60);
  assert.equal((await ok(sdk.management.user.load(ADA))).email, ADA);
});

scenario('unavailable', async (run) => {
  const { sdk, emulator } = run;
  await signIn(run);
  await emulator.fault('status', '/v1/mgmt/user', { status: 503 });
  assert.equal((await ok(sdk.management.user.load(ADA))).email, ADA, 'it asks a second time');
  assert.equal(await emulator.seen('/v1/mgmt/user'), 2);
  await emulator.fault('html', '/v1/mgmt/user', { status: 502 });
  await assert.rejects(sdk.management.user.load(ADA), SyntaxError);
  await emulator.fault('reset', '/v1/mgmt/user');
  await assert.rejects(sdk.management.user.load(ADA));
  assert.equal((await ok(sdk.management.user.load(ADA))).email, ADA);
});

scenario('refused', async (run) => {
  const { sdk, client } = run;
  await fails(401, client({ managementKey: 'wrong' }).management.user.load('ada'));
  await fails(401, client({ projectId: 'P2other' }).otp.signIn.email(ADA));
  const signedIn = await signIn(run);
  await ok(sdk.management.user.deactivate(ADA));
  await fails('EMU403', sdk.refresh(signedIn.refreshJwt));
  await ok(sdk.management.user.activate(ADA));
  await ok(sdk.refresh(signedIn.refreshJwt));
  await ok(sdk.management.user.delete(ADA));
  await fails(401, sdk.refresh(signedIn.refreshJwt));
  for (const [operation, call] of [
    ['POST /v1/mgmt/flow/run', () => sdk.management.flow.run('sign-up')],
    ['POST /v1/mgmt/user/import', () => sdk.management.user.import('auth0', '[]')],
  ]) {
    if (!emulated(operation)) await fails('EMU501', call());
  }
});

scenario('keyRotation', async (run) => {
  const { sdk, emulator } = run;
  await signIn(run);
  await emulator.control('POST', 'rotate-keys', {});
  const signedIn = await signIn(run, 'bob@example.com');
  const { token } = await sdk.validateSession(signedIn.sessionJwt);
  assert.equal(token.sub, signedIn.user.userId);
});
