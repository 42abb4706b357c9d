/** A PostgreSQL of a test's own, for the commands of a page. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const WITH_POSTGRES = fileURLToPath(new URL('../../scripts/with-postgres', import.meta.url));

/** Where it is, for `psql` and the commands of a page. */
export const HOST = 'export PGHOST=127.0.0.1 PGUSER=postgres PGPORT="${CHINWAG_TEST_STORE##*:}"';

/** Runs a script beside it, in this folder; both end with the test. */
export function running(t, script, cwd) {
  const child = spawn(WITH_POSTGRES, ['bash', '-euo', 'pipefail', '-c', script], {
    detached: true, stdio: ['ignore', 'pipe', 'pipe'], cwd,
  });
  const ended = once(child, 'exit');
  t.after(async () => {
    process.kill(-child.pid, 'SIGTERM');
    await ended;
  });
  return child;
}
