// The page's model numbers are what the model prints.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { blocks } from './blocks.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = 'docs/scaling.md';
const lines = readFileSync(ROOT + PAGE, 'utf8').split('\n');

/** What stands behind a block, up to and with the seed. */
function shown({ line, text }) {
  const begin = line + text.split('\n').length + 2;
  const end = lines.findIndex((one, index) => index >= begin && one.startsWith('Model numbers; seed '));
  return lines.slice(begin, end + 1).join('\n');
}

const commands = blocks(PAGE).filter(({ language }) => language === 'sh');

test(`${PAGE}: there are commands of the model`, () => assert.ok(commands.length >= 5));

for (const command of commands) {
  test(`${PAGE}:${command.line}: ${command.text} prints the table below it`, async () => {
    const [program, ...words] = command.text.split(' ');
    const { stdout } = await promisify(execFile)(program, words, { cwd: ROOT });
    assert.equal(stdout.trimEnd(), shown(command), `run it again, and put what it prints into ${PAGE}`);
  });
}

test('the model refuses what it does not understand', async () => {
  for (const words of ['--rate much', '--nodes 0', '--nodes 1.5', '--commit 5', '--lock mine', '--load 5']) {
    const run = promisify(execFile)('node', ['scripts/scaling-model.js', ...words.split(' ')], { cwd: ROOT });
    await assert.rejects(run, { code: 2, stdout: '' }, words);
  }
});
