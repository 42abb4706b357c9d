// The API page: drawn from our own origin only, and usable to sign in and try a call.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { PASSWORD } from './harness/server.js';

const world = setUp();

test('the API page lists the operations, signs in by password and calls one', async () => {
  const { page } = await world.visit('/docs');
  await page.locator('.opblock').first().waitFor();
  assert.ok(await page.locator('.opblock').count() >= 8);
  for (const path of ['/auth/token', '/conversations/', '/conversations/{conversation_id}/messages']) {
    const pattern = path.replaceAll(/\{[^}]*\}/g, '{x}');
    const paths = await page.locator('.opblock-summary-path').evaluateAll(
      (nodes) => nodes.map((node) => node.dataset.path.replaceAll(/\{[^}]*\}/g, '{x}')),
    );
    assert.ok(paths.some((shown) => shown.replace(/\/$/, '') === pattern.replace(/\/$/, '')), `${path} in ${paths}`);
  }

  await page.locator('.btn.authorize').first().click();
  const modal = page.locator('.modal-ux');
  await modal.getByLabel('username').fill('testuser');
  await modal.getByLabel('password:').fill(PASSWORD);
  await modal.locator('button.modal-btn.authorize').click();
  await modal.getByRole('button', { name: 'Remove authorization' }).or(modal.getByText('Logout')).first().waitFor();
  await modal.locator('.btn-done').click();

  const list = page.locator('.opblock-get').filter({ has: page.locator('[data-path="/conversations/"], [data-path="/conversations"]') }).first();
  await list.locator('.opblock-summary-control').click();
  await list.getByRole('button', { name: /try it out/i }).click();
  await list.getByRole('button', { name: /execute/i }).click();
  await list.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
});
