// The chat below a path of somebody else's site, behind the proxies that people use.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SERVER_IS_GONE, setUp } from './harness/browser.js';
import { freePort, PATH, Proxy } from './harness/proxy.js';
import { Server } from './harness/server.js';
import { Workspace } from './harness/workspace.js';

const PASSWORD = 'a password nobody knows';
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
        proxy = await Proxy.start(kind, { port, target: server.url, strips });
        assert.ok(server.setupUrl.startsWith(`${publicUrl}/setup#`), server.setupUrl);
        const visit = await world.visit(server.setupUrl, { expected });
        const { page } = visit;
        await page.getByLabel('Username').fill('first');
        await page.getByLabel('E-mail address').fill('first@example.com');
        await page.getByLabel('Password').first().fill(PASSWORD);
        await page.getByRole('button', { name: 'Create administrator' }).click();
        await page.waitForURL(`${publicUrl}/`);

        const workspace = new Workspace(visit);
        await page.locator('main').getByRole('button', { name: 'New conversation' }).click();
        const dialog = workspace.dialog('New conversation');
        await dialog.getByLabel('Make it a group').check();
        await dialog.getByLabel('Name of the group').fill('Hello');
        await dialog.getByRole('button', { name: 'Start the group' }).click();
        await page.waitForURL(`${publicUrl}/c/1`);
        await page.getByLabel('Message', { exact: true }).fill('is this on?');
        await page.keyboard.press('Enter');
        const sent = page.locator('#messages [data-id] .text', { hasText: 'is this on?' });
        await sent.waitFor();
        await page.reload();
        await sent.waitFor();

        const again = new Workspace(await world.visit(`${publicUrl}/`, { expected }));
        await again.signIn('first', PASSWORD);
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
