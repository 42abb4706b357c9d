// The blocks for a page of your own: TypeScript is strictly compiled against the built client, and HTML and TypeScript
// run on www.example.com, with the chat at chat.example.com.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

import { SERVER_IS_GONE, setUp } from '../browser/harness/browser.js';
import { FIRST } from '../browser/harness/first.js';
import { freePort, Proxy } from '../browser/harness/proxy.js';
import { block, blocks, PAGES } from './blocks.js';
import { CHAT, folder, replaced, switches, website, WWW } from './site.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
const place = await folder(after);
const ports = { [CHAT]: await freePort(), [WWW]: await freePort() };
const pages = {};
let reader;
let proxy;
let site;

const world = setUp(async ({ server }) => {
  const token = new URL(server.setupUrl).hash.slice(1);
  const body = JSON.stringify({ ...FIRST, email: 'first@example.com', token });
  await fetch(`${server.url}/setup`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const writer = await server.signIn(FIRST.username, FIRST.password);
  reader = await server.register('ann');
  assert.equal(await writer.createConversation('Counter', [reader]), 1);
  await writer.say(1, 'How can I help?');
  pages['/chat-token'] = ['text/plain', reader.token];
  pages['/api/chat-token'] = ['application/json', JSON.stringify({ token: reader.token })];

  const caddy = replaced(block('docs/deploy.md', 'caddy', 'reverse_proxy'), { '127.0.0.1:8000': new URL(server.url).host });
  proxy = await Proxy.start('caddy', { site: caddy, url: CHAT, port: ports[CHAT] });
  site = await website(place, ports[WWW], pages);
}, {
  isEmpty: true,
  switches: switches(ports),
  options: ['--behind-proxy', '--allowed-origin', WWW, '--embed-origin', WWW],
});

before(async () => {
  await run('npm', ['run', 'build', '-w', 'sdk/typescript', '-w', 'sdk/react'], { cwd: ROOT });
  await mkdir(join(place, 'node_modules/@chinwag'), { recursive: true });
  await symlink(join(ROOT, 'sdk/typescript'), join(place, 'node_modules/@chinwag/client'));
  await symlink(join(ROOT, 'sdk/react'), join(place, 'node_modules/@chinwag/react'));
  await symlink(join(ROOT, 'node_modules/@types'), join(place, 'node_modules/@types'));
  await symlink(join(ROOT, 'node_modules/react'), join(place, 'node_modules/react'));
});
after(async () => {
  site?.close();
  await proxy?.stop();
});

/** What the programs find around them. */
const AROUND = `
import type { ChatClient, Message } from '@chinwag/client';
import type { ReactNode } from 'react';
declare global {
  function render(messages: readonly Message[]): void;
  const chat: ChatClient;
  const root: { render(tree: ReactNode): void };
}
`;

test('the blocks of TypeScript compile, strictly', async () => {
  const found = PAGES.flatMap(blocks).filter(({ language }) => ['ts', 'tsx'].includes(language));
  assert.ok(found.length >= 3);
  const files = { 'around.d.ts': AROUND };
  for (const { page, line, language, text } of found) files[`${page.replaceAll('/', '-')}-${line}.${language}`] = text;
  for (const [name, text] of Object.entries(files)) await writeFile(join(place, name), text);
  const compilerOptions = {
    strict: true, noEmit: true, noUnusedLocals: true, target: 'ES2022', module: 'ESNext', moduleResolution: 'Bundler',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'], jsx: 'react-jsx', types: ['react'],
  };
  await writeFile(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', place]).catch(({ stdout }) => assert.fail(stdout));
});

async function visit(body) {
  pages['/'] = ['text/html', `<!doctype html><html lang="en"><title>A shop</title><link rel="icon" href="data:,"><body>${body}`];
  const { page } = await world.visit(`${WWW}/`, { hosts: [new URL(CHAT).host], expected: [SERVER_IS_GONE] });
  return page;
}

for (const name of ['README.md', 'sdk/typescript/README.md']) {
  test(`${name}: the program in TypeScript shows the conversation and writes in it`, async () => {
    const program = join(place, 'program.ts');
    await writeFile(program, block(name, 'ts', 'createClient'));
    const { outputFiles } = await build({ entryPoints: [program], bundle: true, format: 'esm', target: 'es2022', write: false });
    pages['/program.js'] = ['text/javascript', outputFiles[0].text];
    const page = await visit(`<script>
      shown = [];
      globalThis.render = (messages) => { shown = messages.map(({ content, state }) => ({ content, state })); };
    </script><script type="module" src="/program.js"></script>`);
    const last = () => page.evaluate(() => globalThis.shown.at(-1));
    await page.waitForFunction(() => ['sent', 'delivered', 'read'].includes(globalThis.shown.at(-1)?.state));
    assert.equal((await last()).content, 'Hello');
    assert.ok(await page.evaluate(() => globalThis.shown.some(({ content }) => content === 'How can I help?')));
    assert.equal((await reader.history(1)).at(-1).content, 'Hello');
  });
}

for (const name of ['README.md', 'docs/web.md']) {
  test(`${name}: the widget lets the visitor in`, async () => {
    const page = await visit(block(name, 'html', 'widget.js'));
    await page.getByRole('button', { name: 'Chat' }).click();
    const frame = page.locator('chinwag-widget iframe').contentFrame();
    await frame.locator('#messages .text', { hasText: 'How can I help?' }).waitFor();
    await frame.getByLabel('Message', { exact: true }).fill(`from ${name}`);
    await frame.getByLabel('Message', { exact: true }).press('Enter');
    await frame.locator('#messages [data-id] .text', { hasText: `from ${name}` }).waitFor();
    assert.equal((await reader.history(1)).at(-1).content, `from ${name}`);
  });
}
