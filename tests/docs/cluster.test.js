// The page's commands move a folder to PostgreSQL and start three nodes, which see each other's messages.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { block } from './blocks.js';
import { folder } from './site.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = process.env.CHINWAG_BIN ?? `${ROOT}target/release/chinwag`;

/** The nodes listen where there is room, and each says where in a file of its name; all of them end with the script. */
const PRELUDE = `
export PGHOST=127.0.0.1 PGUSER=postgres PGPORT="\${CHINWAG_TEST_STORE##*:}"
trap 'kill $(jobs -p); wait' EXIT
chinwag() { if [[ $1 == serve ]]; then '${BINARY}' "$@" 2> "$3.log"; else '${BINARY}' "$@"; fi; }
ready() { grep -o -m1 '"url":"[^"]*"' < <(tail --pid=$$ -n +1 -F "$1.log" 2> /dev/null) | cut -d '"' -f 4; }
`;

test('docs/cluster.md: from one folder to three nodes', async () => {
  const place = await folder(after);
  const script = [
    PRELUDE,
    'chinwag user add ann --data-dir chinwag-data --generate-password',
    block('docs/postgresql.md', 'sh', 'CREATE ROLE').split('\n').filter((line) => line.startsWith('psql')).join('\n'),
    block('docs/cluster.md', 'sh', 'migrate').replace('@localhost/', '@localhost:$PGPORT/'),
    block('docs/cluster.md', 'sh', '--node one').replace(/127\.0\.0\.1:800\d/g, '127.0.0.1:0'),
    'one=$(ready one); two=$(ready two); three=$(ready three)',
    'token=$(chinwag token ann --data-dir one)',
    'say() { curl -sf -H "Authorization: Bearer $token" -H "Content-Type: application/json" "$@"; }',
    'id=$(say "$one/conversations/" -d \'{"title": "Three", "participant_ids": []}\' | grep -o \'"id":[0-9]*\' | head -1 | cut -d : -f 2)',
    'say "$two/conversations/$id/messages" -d \'{"content": "from two"}\' > /dev/null',
    'echo "three has: $(say "$three/conversations/$id/messages")"',
    'until curl -sf "$one/metrics" | grep "^chinwag_nodes 3$"; do :; done',
  ].join('\n');
  const run = promisify(execFile)(`${ROOT}scripts/with-postgres`, ['bash', '-euo', 'pipefail', '-c', script], { cwd: place });
  const { stdout } = await run;
  assert.match(stdout, /^three has: .*"content":"from two"/m);
  assert.match(stdout, /^chinwag_nodes 3$/m);
});
