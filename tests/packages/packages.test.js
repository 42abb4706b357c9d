// The packages as others get them: packed from a clean checkout, linted, compiled by every TypeScript, loaded both ways.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../..');
const MODULES = join(HERE, 'node_modules');
const VERSIONS = ['5.0', '5.4', '5.9', '6.0', '7.0'];
const folder = mkdtempSync(join(tmpdir(), 'chinwag-packages-'));
const checkout = join(folder, 'checkout');
const tarballs = {};

before(async () => {
  copyCheckout();
  for (const name of ['typescript', 'react']) {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: join(checkout, 'sdk', name) });
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
    tarballs[name] = { file: join(folder, packed.filename), paths: packed.files.map(({ path }) => path) };
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** What is committed or about to be, and the tools; nothing that an earlier build left. */
function copyCheckout() {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'sdk', 'package.json'], { cwd: ROOT, encoding: 'utf8' });
  for (const path of listed.trim().split('\n')) {
    if (existsSync(join(ROOT, path))) cpSync(join(ROOT, path), join(checkout, path));
  }
  linkAll(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  mkdirSync(join(checkout, 'node_modules/@chinwag'));
  symlinkSync(join(checkout, 'sdk/typescript'), join(checkout, 'node_modules/@chinwag/client'));
  for (const name of ['typescript', 'react']) {
    const own = join(ROOT, 'sdk', name, 'node_modules');
    if (existsSync(own)) linkAll(own, join(checkout, 'sdk', name, 'node_modules'));
  }
}

function linkAll(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (!name.startsWith('@chinwag') && !name.startsWith('.vite')) symlinkSync(join(from, name), join(to, name));
  }
}

/** A project of somebody who installed both packages, with the types of React 18 or 19. */
function project(name, { options, files, react = '19' }) {
  const place = join(folder, name);
  linkAll(MODULES, join(place, 'node_modules'));
  rmSync(join(place, 'node_modules/@types'));
  linkAll(join(MODULES, '@types'), join(place, 'node_modules/@types'));
  if (react === '18') {
    rmSync(join(place, 'node_modules/@types/react'));
    cpSync(join(MODULES, 'types-react-18'), join(place, 'node_modules/@types/react'), { recursive: true });
  }
  for (const [short, { file }] of Object.entries(tarballs)) {
    const into = join(place, 'node_modules/@chinwag', short === 'react' ? 'react' : 'client');
    mkdirSync(into, { recursive: true });
    execFileSync('tar', ['xzf', file, '-C', into, '--strip-components=1']);
  }
  for (const [path, text] of Object.entries(files)) writeFileSync(join(place, path), text);
  writeFileSync(join(place, 'package.json'), '{ "type": "module" }');
  const compilerOptions = { strict: true, noEmit: true, target: 'ES2022', types: [], skipLibCheck: false, ...options };
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  return place;
}

async function compiles(version, place) {
  const compiler = join(MODULES, `typescript-${version}/bin/tsc`);
  await run(process.execPath, [compiler, '-p', place]).catch(({ stdout, stderr }) => assert.fail(`TypeScript ${version}:\n${stdout}${stderr}`));
}

const consumer = (name) => readFileSync(join(HERE, 'consumers', `${name}.ts`), 'utf8');
const MODULE = { module: 'NodeNext', moduleResolution: 'NodeNext' };
const BUNDLED = { module: 'ESNext', moduleResolution: 'Bundler' };
const DOM = ['ES2023', 'DOM', 'DOM.Iterable'];

test('a clean checkout packs whole, with licences and what a registry shows', () => {
  for (const [name, { paths }] of Object.entries(tarballs)) {
    for (const path of ['LICENSE-MIT', 'LICENSE-APACHE', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'dist/cjs/index.js', 'dist/cjs/package.json']) {
      assert.ok(paths.includes(path), `${name} has no ${path}`);
    }
    const { repository, keywords, exports } = JSON.parse(readFileSync(join(ROOT, 'sdk', name, 'package.json'), 'utf8'));
    assert.ok(repository.url && keywords.length > 0);
    const targets = [...JSON.stringify(exports).matchAll(/"\.\/([^"]+\.(?:js|ts|json))"/g)].map(([, path]) => path);
    assert.deepEqual(targets.filter((path) => !paths.includes(path)), [], `${name} names what it does not have`);
    for (const licence of ['LICENSE-MIT', 'LICENSE-APACHE']) {
      assert.equal(readFileSync(join(ROOT, 'sdk', name, licence), 'utf8'), readFileSync(join(ROOT, licence), 'utf8'));
    }
  }
});

for (const name of ['typescript', 'react']) {
  test(`publint and attw find nothing in ${name}`, async () => {
    const { file } = tarballs[name];
    await run(join(MODULES, '.bin/publint'), [file, '--strict']).catch(({ stdout }) => assert.fail(stdout));
    await run(join(MODULES, '.bin/attw'), [file]).catch(({ stdout }) => assert.fail(stdout));
  });
}

for (const version of VERSIONS) {
  test(`TypeScript ${version} takes the types, with and without the DOM, and those of ws and undici`, async () => {
    const dom = { files: { 'browser.ts': consumer('browser') }, options: { ...BUNDLED, lib: DOM } };
    await compiles(version, project(`dom-${version}`, dom));
    const bare = { files: { 'bare.ts': consumer('bare') }, options: { ...MODULE, lib: ['ES2022'] } };
    await compiles(version, project(`bare-${version}`, bare));
    // The types of others are for newer ones, and not ours to check.
    const sockets = { files: { 'sockets.ts': consumer('sockets') }, options: { ...MODULE, lib: ['ES2023'], types: ['node'], skipLibCheck: true } };
    await compiles(version, project(`sockets-${version}`, sockets));
  });
}

for (const version of VERSIONS.slice(1)) {
  test(`a client and a room are disposed of by TypeScript ${version}`, async () => {
    const files = { 'disposal.ts': consumer('disposal') };
    await compiles(version, project(`disposal-${version}`, { files, options: { ...BUNDLED, lib: [...DOM, 'ESNext.Disposable'] } }));
  });
}

/** The first block of a README in a language. */
function example(path, language) {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const found = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text);
  assert.ok(found, path);
  return found[1];
}

test('the examples of the READMEs compile, for React 18 and 19', async () => {
  const client = 'import type { Message } from "@chinwag/client";\ndeclare function render(messages: readonly Message[]): void;\n';
  const react = 'import type { ReactNode } from "react";\nimport type { ChatClient } from "@chinwag/client";\ndeclare const chat: ChatClient;\ndeclare const root: { render(tree: ReactNode): void };\n';
  for (const version of ['18', '19']) {
    const files = {
      'client.ts': client + example('sdk/typescript/README.md', 'ts'),
      'room.tsx': react + example('sdk/react/README.md', 'tsx'),
    };
    const options = { ...BUNDLED, lib: DOM, jsx: 'react-jsx', skipLibCheck: true, types: ['react'] };
    await compiles('6.0', project(`examples-${version}`, { files, options, react: version }));
  }
});

const CHAT = `
  const server = createTestServer();
  const [ann, ben] = [server.user('ann'), server.user('ben')];
  const id = server.conversation({ members: [ann, ben] });
  const { url, fetch, WebSocket } = server;
  const chat = createClient(url, { fetch, WebSocket, token: ann.token });
  chat.connect().then(() => chat.room(id).send('Hello')).then(() => chat.close()).then(() => console.log(server.texts(id).join()));
`;

test('modules and require load the client and the server for tests, and they chat', async () => {
  const place = project('loaded', { files: {} });
  const names = [['{ createClient }', '@chinwag/client'], ['{ createTestServer }', '@chinwag/client/testing'], ['{ useRoom }', '@chinwag/react']];
  writeFileSync(join(place, 'chat.mjs'), names.map(([what, from]) => `import ${what} from '${from}';`).join('\n') + CHAT);
  writeFileSync(join(place, 'chat.cjs'), names.map(([what, from]) => `const ${what} = require('${from}');`).join('\n') + CHAT);
  for (const file of ['chat.mjs', 'chat.cjs']) {
    const { stdout } = await run(process.execPath, [file], { cwd: place });
    assert.equal(stdout, 'Hello\n', file);
  }
});
