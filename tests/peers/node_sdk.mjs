// Runs the official Node SDK, unmodified, against the emulator, and checks what it gets back.
//
//     node tests/peers/node_sdk.mjs FOLDER_OF_THE_SDK EMULATOR REPORT [SCENARIO...]
//
// REPORT is a file for the figures, or `-`. See `runAll` for what counts.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { SILENT, runAll, scenarios, watched } from './node_harness.mjs';
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

function make(emulator, called) {
  const client = (more = {}) =>
    createSdk({ projectId: emulator.project, managementKey: emulator.key, baseUrl: emulator.base, logger: SILENT, ...more });
  const own = client();
  return { sdk: watched(own, called), own, emulator, client };
}

const name = '@descope/node-sdk';
const holds = await runAll({ sdk: 'node', name, version, program, all: scenarios, make, reportFile, wanted });
process.exit(holds ? 0 : 1);
