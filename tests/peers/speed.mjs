// How long the official Node SDK takes to validate a session token. For `.ci/speed`; see speed.py.
//
//     node tests/peers/speed.mjs FOLDER_OF_THE_SDK tests/fixtures/tokens.json

import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const [folder, path] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'package.json'));
const createSdk = require('@descope/node-sdk').default ?? require('@descope/node-sdk');
const { tokens, jwks } = JSON.parse(readFileSync(path));

const answer = JSON.stringify(jwks);
const server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(answer));
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const logger = { log() {}, error() {}, warn() {}, debug() {} };
const baseUrl = `http://127.0.0.1:${server.address().port}`;
const sdk = createSdk({ projectId: 'P2dummyproject0000000000000000', baseUrl, logger });
const { token } = await sdk.validateSession(tokens.session);
assert.equal(token.sub, 'U2user00000000000000000000001');
for await (const line of createInterface({ input: process.stdin })) {
  const start = process.hrtime.bigint();
  for (let left = Number(line); left > 0; left -= 1) await sdk.validateSession(tokens.session);
  console.log(String(process.hrtime.bigint() - start));
}
server.closeAllConnections();
server.close();
