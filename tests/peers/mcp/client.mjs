// The official MCP clients for TypeScript, unmodified, against the example `mcp_server` with the emulator.
// Usage: node client.mjs FOLDER_OF_NODE_MODULES EXAMPLE
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { browse } from '../oidc/browser.mjs';

const [folder, example] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), folder, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);

// Both lines of the SDK are in use. The older one never asks for `offline_access`, and answers every refusal
// with a refresh if it has a refresh token.
const first = {
  name: 'sdk 1',
  ...(await load('@modelcontextprotocol/sdk/client/index.js')),
  ...(await load('@modelcontextprotocol/sdk/client/streamableHttp.js')),
  finish: (transport, back) => transport.finishAuth(back.searchParams.get('code')),
};
const second = {
  name: 'client 2',
  ...(await load('@modelcontextprotocol/client')),
  finish: (transport, back) => transport.finishAuth(back.searchParams),
};

const CALLBACK = 'http://127.0.0.1:61234/callback';
const HOUR = 60 * 60;

const running = new Set();
process.on('exit', () => running.forEach((server) => server.kill()));

// The example, with its URL and that of its emulator.
async function start() {
  const server = spawn(example, [], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, PORT: '0' } });
  running.add(server);
  const url = await new Promise((resolve, reject) => {
    let text = '';
    server.on('exit', reject);
    server.stdout.on('data', (data) => {
      text += data;
      const found = /Listening on (\S+)\n/.exec(text);
      if (found) resolve(found[1]);
    });
  });
  const found = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', url));
  const { authorization_servers: [issuer] } = await found.json();
  return { url, issuer, base: new URL(issuer).origin, stop: () => running.delete(server) && server.kill() };
}

// What the SDK keeps of a user, and what it wants of the browser.
class Provider {
  redirectUrl = CALLBACK;
  constructor(metadata = {}) {
    this.clientMetadata = {
      client_name: 'Peer',
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...metadata,
    };
  }
  state() { return (this.expected = randomUUID()); }
  clientInformation() { return this.information; }
  saveClientInformation(information) { this.information = information; }
  tokens() { return this.saved; }
  saveTokens(tokens) { this.saved = tokens; }
  redirectToAuthorization(url) { this.asked = url; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  saveDiscoveryState(state) { this.discovered = state; }
  discoveryState() { return this.discovered; }
  invalidateCredentials(what) {
    const kept = { client: 'information', tokens: 'saved', verifier: 'verifier', discovery: 'discovered' };
    for (const [name, field] of Object.entries(kept)) if ([name, 'all'].includes(what)) delete this[field];
  }
}

// A client of a user, who answers in the browser when asked.
class Peer {
  constructor(library, server, provider = new Provider()) {
    Object.assign(this, { library, server, provider, log: [] });
  }

  async connect() {
    const recorded = async (url, init) => {
      const answer = await fetch(url, init);
      this.log.push({ url: new URL(url), method: init?.method ?? 'GET', status: answer.status, body: init?.body });
      return answer;
    };
    const options = { authProvider: this.provider, fetch: recorded };
    this.transport = new this.library.StreamableHTTPClientTransport(new URL(this.server.url), options);
    this.client = new this.library.Client({ name: 'peer', version: '1' });
    await this.client.connect(this.transport);
  }

  // Does something that needs a sign-in or a consent first. Returns the URL that the user was sent to.
  async asked(action) {
    delete this.provider.asked;
    await assert.rejects(action, (error) => error.name === 'UnauthorizedError' || /Unauthorized/.test(error));
    assert.ok(this.provider.asked, 'the user was not asked');
    const back = await browse(this.server.base, this.provider.asked);
    assert.equal(back.searchParams.get('state'), this.provider.expected);
    assert.equal(back.searchParams.get('iss'), this.server.issuer);
    await this.library.finish(this.transport, back);
    return this.provider.asked;
  }

  async signedIn() {
    const url = await this.asked(() => this.connect());
    await this.connect();
    return url;
  }

  call(name, args = {}) { return this.client.callTool({ name, arguments: args }); }

  sent(path) { return this.log.filter(({ url }) => url.pathname.endsWith(path)); }
}

const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
const text = (result) => result.content[0].text;
const later = ({ base }, seconds) =>
  fetch(`${base}/_emulator/advance`, { method: 'POST', body: JSON.stringify({ seconds }) });

// A message without the SDK.
function raw({ url }, { token, method = 'tools/call', params = {}, ...init } = {}) {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(token && { authorization: `Bearer ${token}` }),
    ...init.headers,
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return fetch(url, { method: 'POST', body, ...init, headers });
}

const checks = {
  async 'nobody is told where tokens come from'(library, server) {
    const metadata = `resource_metadata="${new URL('/.well-known/oauth-protected-resource/mcp', server.url)}"`;
    const answer = await raw(server, { method: 'tools/list' });
    assert.equal(answer.status, 401);
    assert.ok(answer.headers.get('www-authenticate').startsWith(`Bearer scope="notes.read", ${metadata}`));
    const wrong = await raw(server, { method: 'tools/list', token: 'e30.e30.e30' });
    assert.equal(wrong.status, 401);
    assert.ok(wrong.headers.get('www-authenticate').startsWith(`Bearer error="invalid_token", ${metadata}`));
    const page = await raw(server, { method: 'tools/list', headers: { origin: 'http://evil.example' } });
    assert.equal(page.status, 403);
    const stream = await fetch(server.url, { headers: { accept: 'text/event-stream' } });
    assert.deepEqual([stream.status, stream.headers.get('allow')], [405, 'POST']);
  },

  async 'discovery, registration, consent, and a tool'(library, server) {
    const peer = new Peer(library, server);
    const asked = await peer.signedIn();
    const { pathname } = new URL(server.issuer);
    const discovered = peer.log.filter(({ method, status }) => method === 'GET' && status === 200);
    assert.deepEqual(
      [...new Set(discovered.map(({ url }) => url.pathname))],
      ['/.well-known/oauth-protected-resource/mcp', `/.well-known/oauth-authorization-server${pathname}`],
    );
    assert.deepEqual(peer.sent('/register').map(({ status }) => status), [201]);
    const of = (name) => asked.searchParams.get(name);
    assert.deepEqual([of('resource'), of('code_challenge_method')], [server.url, 'S256']);
    assert.equal(of('scope').split(' ')[0], 'notes.read');
    const form = peer.sent('/token')[0].body;
    assert.deepEqual([form.get('resource'), form.get('grant_type')], [server.url, 'authorization_code']);
    const token = claims(peer.provider.tokens().access_token);
    assert.deepEqual([token.aud, token.iss], [server.url, server.issuer]);

    assert.equal(peer.client.getServerVersion().name, 'notes');
    const { tools } = await peer.client.listTools();
    assert.deepEqual(tools.map(({ name }) => name), ['list_notes', 'add_note']);
    assert.equal(text(await peer.call('list_notes')), 'There are no notes.');
    await peer.client.ping();
    await assert.rejects(peer.call('no_such_tool'), /no such tool/);
  },

  async 'a scope that is missing is asked for'(library, server) {
    // With a refresh token, the older SDK does not ask the user.
    const provider = new Provider(library === first && { grant_types: ['authorization_code'] });
    const peer = new Peer(library, server, provider);
    await peer.signedIn();
    const params = { name: 'add_note', arguments: { text: 'Buy milk' } };
    const refused = await raw(server, { token: provider.tokens().access_token, params });
    assert.equal(refused.status, 403);
    const challenge = 'Bearer error="insufficient_scope", scope="notes.read notes.write", resource_metadata="';
    assert.ok(refused.headers.get('www-authenticate').startsWith(challenge));

    const asked = await peer.asked(() => peer.call('add_note', { text: 'Buy milk' }));
    const scopes = asked.searchParams.get('scope').split(' ').filter((scope) => scope !== 'offline_access');
    assert.deepEqual(scopes, ['notes.read', 'notes.write']);
    assert.match(text(await peer.call('add_note', { text: 'Buy milk' })), /note 1/);
    assert.equal(text(await peer.call('list_notes')), 'Buy milk');
    assert.equal((await peer.call('add_note', { text: ' ' })).isError, true);
    assert.equal(peer.sent('/register').length, 1);
  },

  async 'a token that has expired is refreshed'(library, server) {
    const peer = new Peer(library, server);
    await peer.signedIn();
    const before = peer.provider.tokens();
    delete peer.provider.asked;
    for (let times = 0; times < 2; times += 1) {
      await later(server, HOUR);
      await peer.call('list_notes');
    }
    assert.equal(peer.provider.asked, undefined, 'the user was asked again');
    assert.notEqual(peer.provider.tokens().refresh_token, before.refresh_token);
    assert.deepEqual(claims(peer.provider.tokens().access_token).aud, server.url);
    const old = await raw(server, { token: before.access_token, method: 'ping' });
    assert.equal(old.status, 401);
  },

  async 'where nothing can be refreshed, the user signs in again'(library, server) {
    const peer = new Peer(library, server);
    await peer.signedIn();
    await later(server, 365 * 24 * HOUR);
    await peer.asked(() => peer.call('list_notes'));
    await peer.call('list_notes');
    assert.equal(peer.sent('/register').length, 1);
  },

  async 'a client that is not known any more registers again'(library, server) {
    const provider = new Provider();
    provider.saveClientInformation({ client_id: 'gone', redirect_uris: [CALLBACK], issuer: server.issuer });
    provider.saveTokens({ access_token: 'gone', refresh_token: 'gone', token_type: 'Bearer', issuer: server.issuer });
    const peer = new Peer(library, server, provider);
    await peer.signedIn();
    assert.notEqual(provider.clientInformation().client_id, 'gone');
    await peer.call('list_notes');
  },

  async 'clients with secrets'(library, server) {
    for (const method of ['client_secret_basic', 'client_secret_post']) {
      const peer = new Peer(library, server, new Provider({ token_endpoint_auth_method: method }));
      await peer.signedIn();
      await later(server, HOUR);
      await peer.call('list_notes');
      assert.ok(peer.provider.clientInformation().client_secret);
    }
  },

  async 'a token for another service is refused'(library, server) {
    const provider = new Provider();
    provider.validateResourceURL = async () => new URL('https://other.example/mcp');
    const peer = new Peer(library, server, provider);
    await peer.asked(() => peer.connect());
    const token = provider.tokens().access_token;
    assert.equal(claims(token).aud, 'https://other.example/mcp');
    const refused = await raw(server, { token, method: 'ping' });
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get('www-authenticate'), /^Bearer error="invalid_token"/);
  },

  async 'users may refuse'(library, server) {
    const peer = new Peer(library, server);
    await assert.rejects(peer.connect());
    const back = await browse(server.base, peer.provider.asked, { answer: 'deny' });
    assert.equal(back.searchParams.get('error'), 'access_denied');
    assert.equal(back.searchParams.get('state'), peer.provider.expected);
  },
};

// What the newer SDK alone can do.
const more = {
  async 'a token that is bound to a key'(library, server) {
    const provider = new Provider();
    const session = await library.DpopSession.create();
    provider.dpop = () => session;
    const peer = new Peer(library, server, provider);
    await peer.signedIn();
    assert.ok(claims(provider.tokens().access_token).cnf.jkt);
    await peer.call('list_notes');
    const stolen = await raw(server, { token: provider.tokens().access_token, method: 'ping' });
    assert.equal(stolen.status, 401);
  },
};

let failed = 0;
for (const library of [first, second]) {
  for (const [name, check] of Object.entries({ ...checks, ...(library === second && more) })) {
    const server = await start();
    try {
      await check(library, server);
      console.log(`ok      MCP ${library.name}: ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  MCP ${library.name}: ${name}\n`, error);
    }
    server.stop();
  }
}
process.exit(failed ? 1 : 0);
