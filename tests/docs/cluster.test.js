// The page's commands move a folder to PostgreSQL and start three nodes, which see each other's messages.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { block } from './blocks.js';
import { HOST, running } from './postgres.js';
import { folder } from './site.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = process.env.CHINWAG_BIN ?? `${ROOT}target/release/chinwag`;

/** The commands of the pages, for the PostgreSQL of this test; the nodes listen where there is room. */
function commands() {
  const made = block('docs/postgresql.md', 'sh', 'CREATE ROLE').split('\n').filter((line) => line.startsWith('psql'));
  return [
    HOST,
    `chinwag() { '${BINARY}' "$@"; }`,
    'chinwag user add ann --data-dir chinwag-data --generate-password',
    ...made,
    block('docs/cluster.md', 'sh', 'migrate').replace('@localhost/', '@localhost:$PGPORT/'),
    block('docs/cluster.md', 'sh', '--node one').replace(/127\.0\.0\.1:800\d/g, '127.0.0.1:0'),
    'wait',
  ].join('\n');
}

test('docs/cluster.md: from one folder to three nodes', async (t) => {
  const child = running(t, commands(), await folder(after));
  let password;
  createInterface({ input: child.stdout }).once('line', (line) => { password = line; });
  const urls = [];
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.startsWith('{"event":"ready"')) urls.push(JSON.parse(line).url);
    if (urls.length === 3) break;
  }
  child.stderr.resume();
  assert.equal(urls.length, 3, 'a node did not start');
  const [one, two, three] = urls;
  const send = async (url, path, body, token) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}${path}`, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  };
  const form = new URLSearchParams({ username: 'ann', password });
  const { access_token: token } = await (await fetch(`${one}/auth/token`, { method: 'POST', body: form })).json();
  const { id } = await send(one, '/conversations/', { title: 'Three', participant_ids: [] }, token);
  await send(two, `/conversations/${id}/messages`, { content: 'from two' }, token);
  const [{ content }] = await send(three, `/conversations/${id}/messages`, undefined, token);
  assert.equal(content, 'from two');
});
