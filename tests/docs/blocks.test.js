// What the pages say is what comes out: their code is taken from them and run against a server.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { setUp } from '../browser/harness/browser.js';
import { block, blocks, PAGES } from './blocks.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PYTHON = [`${ROOT}target/tools/python/bin/python`].find((path) => existsSync(path)) ?? 'python3';

/** Who looks after the blocks of a language: all those of a page, or those with these words. */
const HANDLERS = {
  // Drawings and what programs print.
  text: () => true,
  mermaid: () => true,
  // The server's own tests hold each example against the wire.
  json: (page) => page === 'docs/protocol.md',
  // Documentation tests of the library.
  rust: (page) => ['README.md', 'docs/embedding.md'].includes(page),
  // The tests below.
  python: (page) => page === 'README.md',
  js: (page) => ['README.md', 'docs/protocol.md'].includes(page),
  sh: (page, text) => [
    ['README.md', 'curl'],
    // serve.test.js
    ['README.md', '--jwt-secret-file'], ['docs/deploy.md', './chinwag-data'], ['docs/deploy.md', '--tls-cert'], ['docs/deploy.md', '--outbound-ca'],
    // postgresql.test.js
    ['docs/postgresql.md', 'CHINWAG_STORE'],
    // cluster.test.js
    ['docs/cluster.md', 'chinwag-data'], ['docs/cluster.md', '--node one'],
    // scaling.test.js
    ['docs/scaling.md', 'scaling-model.js'],
    // proxies.test.js
    ['docs/deploy.md', '--public-url'], ['docs/deploy.md', '/webhooks'],
  ].some(([where, words]) => page === where && text.includes(words)),
  // tests/clients/python/test_outbox.py
  sql: (page) => page === 'docs/postgresql.md',
  ini: (page) => page === 'docs/deploy.md',
  nginx: (page) => page === 'docs/deploy.md',
  caddy: (page) => page === 'docs/deploy.md',
  // site.test.js: all of TypeScript is compiled there.
  ts: () => true,
  tsx: () => true,
  html: (page) => ['README.md', 'docs/web.md'].includes(page),
};

const world = setUp();

/** A block as it stands, for the server of this test in the place of the one that it names. */
function here(text) {
  return text.replaceAll('localhost:8000', new URL(world.server.url).host);
}

test('each block of code is run by a test, or says why it is not', () => {
  const forgotten = PAGES.flatMap(blocks)
    .filter(({ language, page, text, reason }) => !reason && !HANDLERS[language]?.(page, text))
    .map(({ page, line, language }) => `${page}:${line} ${language}`);
  assert.deepEqual(forgotten, [], 'a handler here, or `<!-- not run: reason -->` before the block');
});

test('README: the commands of curl make a conversation and write in it', async () => {
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', here(block('README.md', 'sh', 'curl'))]);
  const message = JSON.parse(stdout);
  assert.equal(message.content, 'Who brings the boat?');
  assert.equal(message.sender_name, 'alice');
});

test('README: the program in Python prints what it says', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'chinwag-docs-'));
  t.after(() => rm(folder, { recursive: true }));
  const program = join(folder, 'program.py');
  await writeFile(program, here(block('README.md', 'python', 'websockets')));
  const child = spawn(PYTHON, ['-u', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  child.kill();
  await ended;
  assert.match(String(line), /^\d+ testuser Hello from Python$/);
});

test('README: the program in JavaScript says hello and hears it', async () => {
  const { page } = await world.visit('/static/chat.html');
  const printed = page.waitForEvent('console', (message) => message.text() === 'testuser Hello from JavaScript');
  await page.evaluate(`(async () => { ${block('README.md', 'js', 'join')} })()`);
  await printed;
});

test('docs/protocol.md: the program that follows everything misses nothing over a restart', async () => {
  const reader = await world.server.signIn('testuser');
  const writer = await world.server.signIn('testuser2');
  const visit = await world.visit('/static/chat.html', { expected: [/net::ERR_|WebSocket connection to/] });
  await visit.page.evaluate(`
    ${block('docs/protocol.md', 'js', 'follow')}
    globalThis.told = [];
    globalThis.fresh = [];
    follow(${JSON.stringify(reader.token)}, (event) => told.push(event.content), (id) => fresh.push(id));
  `);
  await visit.page.waitForFunction(() => globalThis.fresh.includes(1));
  const said = ['one', 'two', 'three', 'four'];
  await writer.say(1, 'one');
  await writer.say(1, 'two');
  await visit.page.waitForFunction(() => globalThis.told.length === 2);
  await world.server.kill();
  await world.server.start();
  await writer.say(1, 'three');
  await writer.say(1, 'four');
  await visit.page.waitForFunction(() => globalThis.told.length >= 4);
  assert.deepEqual(await visit.page.evaluate(() => globalThis.told), said);
});
