// What the official Node SDK says of the corpus of tokens; see corpus.py.
//
//     node tests/peers/judge.mjs FOLDER_OF_THE_SDK tests/fixtures/conformance/corpus.json

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [folder, path] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'package.json'));
const createSdk = require('@descope/node-sdk').default ?? require('@descope/node-sdk');
const corpus = JSON.parse(readFileSync(path));

let body = '{}';
const server = createServer((_, answer) => answer.setHeader('content-type', 'application/json').end(body));
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const logger = { log() {}, error() {}, warn() {}, debug() {} };
for (const { name, token, keys } of corpus.tokens) {
  body = JSON.stringify(corpus.sets[keys]);
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  try {
    await createSdk({ projectId: corpus.project, baseUrl, logger }).validateSession(token);
    console.log('accept', name);
  } catch {
    console.log('refuse', name);
  }
}
server.closeAllConnections();
server.close();
