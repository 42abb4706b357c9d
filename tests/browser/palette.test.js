// Going anywhere by keyboard, and the sheet of shortcuts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Workspace } from './harness/workspace.js';

let testuser;
let alice;
const world = setUp(async ({ server }) => {
  [testuser, alice] = await Promise.all(['testuser', 'alice'].map((name) => server.signIn(name)));
  await testuser.createConversation('Engineering', [alice]);
  await testuser.createConversation('Garden', [alice]);
});
const enter = (options) => Workspace.enter(world, 'testuser', options);
const chosen = (page) => page.getByRole('option', { selected: true });

test('Ctrl+K finds a conversation with letters left out, and opens it', async () => {
  const { page, ...workspace } = await enter();
  await workspace.list.locator('li').first().waitFor();
  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox', { name: 'Jump to' });
  await field.waitFor();
  await field.fill('engneer');
  await chosen(page).filter({ hasText: 'Engineering' }).waitFor();
  const active = await field.getAttribute('aria-activedescendant');
  assert.equal(await chosen(page).getAttribute('id'), active);
  await field.press('Enter');
  await page.waitForURL(/\/c\/\d+$/);
  await page.locator('#messages').waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
});

test('what was opened last stands first, and arrows walk the list', async () => {
  const workspace = await enter();
  const { page } = workspace;
  await workspace.open('Garden');
  await workspace.open('Roommate Chat');
  await page.keyboard.press('Control+k');
  await chosen(page).filter({ hasText: 'Garden' }).waitFor();
  await workspace.isAccessible();
  await page.keyboard.press('ArrowUp');
  await chosen(page).filter({ hasText: 'Sign out' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await chosen(page).filter({ hasText: 'Garden' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('people are found, too, and writing to one is an Enter away', async () => {
  const workspace = await enter();
  const { page } = workspace;
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('testuser2');
  await page.getByRole('option', { name: 'Second User' }).click();
  // Nobody has it in their list before the first message.
  await page.getByRole('heading', { name: 'Second User', exact: true }).waitFor();
  await page.waitForURL(/\?to=\d+$/);
});

test('commands change the page', async () => {
  const { page } = await enter();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('dark');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('keyb');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
});

test('the sheet of shortcuts opens by ? until single signs are turned off', async () => {
  const workspace = await enter();
  const { page } = workspace;
  await workspace.list.waitFor();
  await page.keyboard.press('?');
  const sheet = workspace.dialog('Keyboard shortcuts');
  await sheet.waitFor();
  await workspace.isAccessible();
  await sheet.getByLabel('Use single keys as shortcuts').uncheck();
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  await page.keyboard.press('?');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  assert.equal(await sheet.count(), 0);
});

test('signs that somebody writes are no shortcuts', async () => {
  const workspace = await enter();
  const { page } = workspace;
  await workspace.open('Garden');
  await page.getByLabel('Message', { exact: true }).pressSequentially('n?/');
  assert.equal(await page.getByLabel('Message', { exact: true }).inputValue(), 'n?/');
  assert.equal(await page.getByRole('dialog').count(), 0);
});
