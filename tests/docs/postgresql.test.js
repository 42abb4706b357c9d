// The page's commands make a database, a server that keeps its data there, and a move to it and back.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { block } from './blocks.js';
import { HOST, running, WITH_POSTGRES } from './postgres.js';
import { folder } from './site.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = process.env.CHINWAG_BIN ?? `${ROOT}target/release/chinwag`;
const place = await folder(after);

/** The commands for that, and a server on a free port with a folder of its own. */
function commands() {
  const text = block('docs/postgresql.md', 'sh', 'CREATE ROLE')
    .replace('@localhost/', '@localhost:$PGPORT/')
    .replace('chinwag serve', `'${BINARY}' config show\nexec '${BINARY}' serve --listen 127.0.0.1:0 --data-dir '${join(place, 'data')}'`);
  return `${HOST}\n${text}`;
}

test('docs/postgresql.md: five minutes', async (t) => {
  const child = running(t, commands(), place);
  let shown = '';
  child.stdout.on('data', (bytes) => { shown += bytes; });
  let url;
  for await (const line of createInterface({ input: child.stderr })) {
    const ready = line.startsWith('{"event":"ready"') && JSON.parse(line);
    if (ready) {
      url = ready.url;
      break;
    }
  }
  child.stderr.resume();
  assert.ok(url, `it did not start: ${shown}`);
  assert.match(shown, /^store +postgres:\/\/chinwag@localhost:\d+\/chat +env CHINWAG_STORE$/m);
  assert.doesNotMatch(shown, /a-secret-of-yours/);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
});

/** `chinwag`, whose servers are stopped as soon as they are ready. */
const STOPPING = `
chinwag() {
  if [[ $1 != serve ]]; then '${BINARY}' "$@"; return; fi
  coproc '${BINARY}' "$@" --listen 127.0.0.1:0 2>&1
  local server=$COPROC_PID line
  while read -r line && [[ $line != *'"event":"ready"'* ]]; do :; done <&"\${COPROC[0]}"
  echo "ready \${CHINWAG_STORE:-without a database}"
  kill "$server"
  wait "$server"
}`;

test('docs/postgresql.md: from a folder to PostgreSQL and back', async () => {
  const made = block('docs/postgresql.md', 'sh', 'CREATE ROLE').replace('@localhost/', '@localhost:$PGPORT/').replace(/^chinwag serve$/m, '');
  const script = [
    HOST,
    STOPPING,
    'chinwag user add ann --data-dir chinwag-data --generate-password',
    made,
    block('docs/postgresql.md', 'sh', '--to "$CHINWAG_STORE"'),
    block('docs/postgresql.md', 'sh', 'new-data'),
    'CHINWAG_STORE= chinwag user list --data-dir new-data',
    'cmp chinwag-data/token.key new-data/token.key',
  ].join('\n');
  const folderOfIt = await folder(after);
  const run = promisify(execFile)(WITH_POSTGRES, ['bash', '-euo', 'pipefail', '-c', script], { cwd: folderOfIt });
  const { stdout } = await run;
  assert.match(stdout, /^ready postgres:\/\/.*\/chat$/m);
  assert.match(stdout, /^ready without a database$/m);
  assert.match(stdout, /^1 +ann +user +active$/m);
});
