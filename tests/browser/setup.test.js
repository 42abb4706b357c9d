// The first minutes of a real server: the link, the first administrator, the first message.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isAccessible, refused, setUp } from './harness/browser.js';
import { becomeAdministrator, begin } from './harness/first.js';

const world = setUp(undefined, { isEmpty: true });
const setupPath = () => world.server.setupUrl.replace(world.server.url, '');

test('before there is an administrator, the entrance says where the setup link is', async () => {
  for (const path of ['/', '/register']) {
    const { page } = await world.visit(path);
    await page.getByText('This server has no administrator yet.').waitFor();
    assert.equal(await page.getByRole('button', { name: /^Create/ }).count(), 0, 'nobody can register');
    await isAccessible(page);
  }
});

test('the setup link makes the first administrator, who is in at once', async () => {
  const visit = await world.visit(setupPath());
  const { page } = visit;
  await page.getByRole('button', { name: 'Create administrator' }).waitFor();
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await isAccessible(page);
  }
  await begin(visit, world.server.url);
});

test('a real server gives no account away', async () => {
  const { page } = await world.visit('/');
  await page.getByText('Use your account on this server.').waitFor();
  await isAccessible(page);
});

test('a setup link that was used, or is cut, is refused with a sentence', async () => {
  const used = await world.visit(setupPath(), { expected: [refused(403)] });
  await becomeAdministrator(used.page);
  await used.page.getByRole('alert').filter({ hasText: 'used' }).waitFor();
  const cut = await world.visit('/setup');
  await cut.page.getByRole('alert').filter({ hasText: 'its last part is missing' }).waitFor();
});
