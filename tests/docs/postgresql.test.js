// The page's commands make a database, and a server that keeps its data there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { block } from './blocks.js';
import { folder } from './site.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = process.env.CHINWAG_BIN ?? `${ROOT}target/release/chinwag`;
const place = await folder(after);

/** The commands for a PostgreSQL of this test, and a server on a free port with a folder of its own. */
function commands() {
  const text = block('docs/postgresql.md', 'sh', 'CHINWAG_STORE')
    .replace('@localhost/', '@localhost:$PGPORT/')
    .replace('chinwag serve', `'${BINARY}' config show\nexec '${BINARY}' serve --listen 127.0.0.1:0 --data-dir '${join(place, 'data')}'`);
  return `export PGHOST=127.0.0.1 PGUSER=postgres PGPORT="\${CHINWAG_TEST_STORE##*:}"\n${text}`;
}

test('docs/postgresql.md: five minutes', async (t) => {
  const child = spawn(`${ROOT}scripts/with-postgres`, ['bash', '-euo', 'pipefail', '-c', commands()], {
    detached: true, stdio: ['ignore', 'pipe', 'pipe'], cwd: place,
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    process.kill(-child.pid, 'SIGTERM');
    await ended;
  });
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
