// The chat below a path of somebody else's site, behind the proxies that people use.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SERVER_IS_GONE, setUp } from './harness/browser.js';
import { begin, FIRST } from './harness/first.js';
import { below, freePort, PATH, Proxy } from './harness/proxy.js';
import { Server } from './harness/server.js';
import { Workspace } from './harness/workspace.js';

const world = setUp();
// The proxy stops before the pages do.
const expected = [SERVER_IS_GONE];

for (const kind of ['nginx', 'caddy']) {
  for (const strips of [true, false]) {
    test(`below a path that ${kind} ${strips ? 'strips' : 'passes on'} people set up, write, reload and look at the documentation`, async () => {
      const port = await freePort();
      const publicUrl = `http://127.0.0.1:${port}${PATH}`;
      const server = await Server.start({ isEmpty: true, publicUrl });
      let proxy;
      try {
        proxy = await Proxy.start(kind, { site: below(kind, { port, target: server.url, strips }), url: publicUrl, port });
        assert.ok(server.setupUrl.startsWith(`${publicUrl}/setup#`), server.setupUrl);
        const visit = await world.visit(server.setupUrl, { expected });
        const sent = await begin(visit, publicUrl);
        await visit.page.reload();
        await sent.waitFor();

        const again = new Workspace(await world.visit(`${publicUrl}/`, { expected }));
        await again.signIn(FIRST.username, FIRST.password);
        await again.open('Hello');
        await again.page.locator('#messages [data-id] .text', { hasText: 'is this on?' }).waitFor();

        const docs = await world.visit(`${publicUrl}/docs`, { expected });
        await docs.page.getByRole('heading', { name: /^chinwag/ }).waitFor();
      } finally {
        await proxy?.stop();
        await server.remove();
      }
    });
  }
}
