// Clients that stock generators make of the server's own document: compiled by TypeScript as strictly as it can,
// and used against a running server.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createClient } from '@hey-api/openapi-ts';

import { Server } from '../../browser/harness/server.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = `${here}out`;
const run = (tool, ...options) => {
  try {
    return execFileSync(`${here}node_modules/.bin/${tool}`, options, { cwd: here, encoding: 'utf8' });
  } catch (error) {
    throw new Error(`${tool}:\n${error.stdout}\n${error.stderr}`);
  }
};
let server;

before(async () => {
  server = await Server.start();
  await rm(out, { recursive: true, force: true });
  await mkdir(out);
  const answer = await fetch(`${server.url}/openapi.json`);
  await writeFile(`${out}/openapi.json`, await answer.text());
});
after(async () => {
  await server?.remove();
  await rm(out, { recursive: true, force: true });
});

/** Compiles one of the programs beside this file, and runs it. */
async function uses(program, emits) {
  await copyFile(`${here}${program}.ts`, `${out}/${program}.ts`);
  run(
    'tsc', '--strict', '--noUncheckedIndexedAccess', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom,dom.iterable',
    '--outDir', `${out}/js`, '--rootDir', out, ...emits, `${out}/${program}.ts`,
  );
  await writeFile(`${out}/js/package.json`, '{"type": "module"}');
  const { talk } = await import(`${out}/js/${program}.js`);
  assert.equal(await talk(server.url), 'testuser: Hi');
}

test('the document is what the specification says, and has what generators need', () => {
  run('redocly', 'lint', '--config', 'redocly.yaml', '--format', 'stylish', `${out}/openapi.json`);
});

test('openapi-typescript makes types that a program is written with', async () => {
  run('openapi-typescript', `${out}/openapi.json`, '--output', `${out}/types.ts`);
  await writeFile(`${out}/package.json`, '{"type": "module"}');
  await uses('use_openapi_fetch', []);
});

test('@hey-api/openapi-ts makes a client that a program calls', async () => {
  await createClient({
    input: `${out}/openapi.json`,
    output: { path: `${out}/client`, importFileExtension: '.js' },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
    logs: { level: 'silent' },
  });
  await writeFile(`${out}/package.json`, '{"type": "module"}');
  await uses('use_hey_api', []);
});
