// Runs the official Node SDK, unmodified, against the emulator, and checks what it gets back.
//
//     node tests/peers/node_sdk.mjs FOLDER_OF_THE_SDK EMULATOR REPORT [SCENARIO...]
//
// REPORT is a file for the figures, or `-`. Every scenario gets an emulator of its own. A method counts as run when it succeeded inside a scenario whose
// checks all held; what does not run stands in `not_run.txt`, with its reason. The exit status is 0
// when all of this holds.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { Emulator, SILENT, allMethods, scenarios, watched } from './node_harness.mjs';
import './node_apps.mjs';
import './node_auth.mjs';
import './node_company.mjs';
import './node_errors.mjs';
import './node_mgmt.mjs';
import './node_relations.mjs';
import './node_users.mjs';

const [folder, program, reportFile, ...wanted] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'package.json'));
const createSdk = require('@descope/node-sdk').default ?? require('@descope/node-sdk');
const { version } = JSON.parse(readFileSync(resolve(folder, 'node_modules/@descope/node-sdk/package.json')));

/** Methods that do not run and have no reason, and reasons of methods that do. */
function unexplained(missing) {
  const lines = readFileSync(new URL('not_run.txt', import.meta.url), 'utf8').split('\n');
  const patterns = lines.filter((line) => line.startsWith('node ')).map((line) => line.split(' ')[1]);
  const covers = (pattern, method) =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(method);
  const bare = missing.filter((method) => !patterns.some((pattern) => covers(pattern, method)));
  const stale = patterns.filter((pattern) => !missing.some((method) => covers(pattern, method)));
  return [
    ...bare.map((method) => `${method} does not run, and not_run.txt does not say why`),
    ...stale.map((pattern) => `${pattern} is in not_run.txt, but runs`),
  ];
}

let every = new Set();
const ran = new Set();
const chosen = scenarios.filter(({ name }) => !wanted.length || wanted.includes(name));
let failed = 0;
for (const { name, run, options } of chosen) {
  const emulator = await Emulator.start(program, options);
  const called = new Set();
  const client = (more = {}) =>
    createSdk({ projectId: emulator.project, managementKey: emulator.key, baseUrl: emulator.base, logger: SILENT, ...more });
  const sdk = client();
  every = allMethods(sdk);
  try {
    await run({ sdk: watched(sdk, called), emulator, client });
    for (const method of called) ran.add(method);
  } catch (error) {
    failed += 1;
    const at = error.stack.split('\n').filter((line) => /node_(?!sdk|harness)\w+\.mjs/.test(line)).at(-1);
    console.log(`FAILED ${name}, ${/node_\w+\.mjs:\d+/.exec(at ?? '')}: ${String(error.message).slice(0, 300)}`);
  } finally {
    emulator.process.kill();
  }
}
const run = [...every].filter((method) => ran.has(method)).sort();
const missing = [...every].filter((method) => !ran.has(method)).sort();
console.log(
  `@descope/node-sdk ${version}: ${run.length} of ${every.size} methods run, ${chosen.length - failed} of ${chosen.length} scenarios hold`,
);
const wrong = wanted.length ? [] : unexplained(missing);
for (const line of wrong) console.log(line);
if (reportFile !== '-' && !wanted.length) {
  writeFileSync(reportFile, JSON.stringify({ version, run, missing, scenarios: chosen.length }, null, 1));
}
process.exit(failed || wrong.length ? 1 : 0);
