// Messages found by their words.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Workspace } from './harness/workspace.js';

let testuser;
let alice;
let garden;
const world = setUp(async ({ server }) => {
  [testuser, alice] = await Promise.all(['testuser', 'alice'].map((name) => server.signIn(name)));
  garden = await testuser.createConversation('Garden', [alice]);
  await alice.say(garden, 'The tomatoes want water');
  for (let index = 0; index < 120; index += 1) await testuser.say(garden, `filler ${index}`);
  await testuser.say(garden, 'Watering done');
});

async function search() {
  const workspace = await Workspace.enter(world, 'testuser');
  await workspace.list.waitFor();
  await workspace.page.keyboard.press('Control+Shift+f');
  const dialog = workspace.dialog('Search messages');
  await dialog.waitFor();
  return [workspace, dialog, dialog.getByRole('list', { name: 'Results' }).getByRole('listitem')];
}

test('words are found inside others, marked, and newest first', async () => {
  const [workspace, dialog, results] = await search();
  await workspace.isAccessible();
  await dialog.getByLabel('Words').fill('water');
  await results.nth(1).waitFor();
  assert.deepEqual(await results.locator('.snippet').allTextContents(), ['Watering done', 'The tomatoes want water']);
  assert.deepEqual(await results.locator('mark').allTextContents(), ['Water', 'water']);
  await dialog.getByRole('status').filter({ hasText: '2 messages' }).waitFor({ state: 'attached' });
  await workspace.isAccessible();
});

test('a result opens in its conversation, among its neighbours', async () => {
  const [{ page }, dialog, results] = await search();
  await dialog.getByLabel('Words').fill('tomatoes');
  await results.first().getByRole('link').click();
  await page.waitForURL(new RegExp(`/c/${garden}\\?m=\\d+$`));
  const found = page.locator('#messages .message', { hasText: 'The tomatoes want water' });
  await found.waitFor();
  await page.waitForFunction((node) => {
    const { top, bottom } = node.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  }, await found.elementHandle());
  await page.locator('#messages').getByText('filler 3', { exact: true }).waitFor();
});

test('filters narrow what is found, and are cleared where nothing is', async () => {
  const [workspace, dialog, results] = await search();
  await dialog.getByLabel('Words').fill('water');
  await results.nth(1).waitFor();
  await dialog.getByRole('button', { name: 'Filters' }).click();
  await dialog.getByLabel('From', { exact: true }).fill('@alice');
  await results.nth(1).waitFor({ state: 'detached' });
  assert.deepEqual(await results.locator('.snippet').allTextContents(), ['The tomatoes want water']);
  await dialog.getByLabel('In', { exact: true }).selectOption('Roommate Chat');
  await dialog.getByText('Nothing found').waitFor();
  await workspace.isAccessible();
  await dialog.getByRole('button', { name: 'Clear the filters' }).click();
  await results.nth(1).waitFor();
});

test('from a conversation only that one is searched at first, and older results follow', async () => {
  const workspace = await Workspace.enter(world, 'testuser');
  await workspace.open('Garden');
  await workspace.page.getByRole('button', { name: /^Search/ }).last().click();
  const dialog = workspace.dialog('Search messages');
  await dialog.getByLabel('Words').fill('filler');
  const results = dialog.getByRole('list', { name: 'Results' }).getByRole('listitem');
  await results.nth(19).waitFor();
  assert.equal(await dialog.getByLabel('In', { exact: true }).inputValue(), String(garden));
  await dialog.getByRole('button', { name: 'Older results' }).click();
  await results.nth(39).waitFor();
  await results.nth(39).getByText('filler 80', { exact: true }).waitFor();
});

test('a date is a day of whoever searches, wherever that is', async () => {
  // At any moment it is another day than that of UTC in one of the two.
  for (const timezoneId of ['Pacific/Kiritimati', 'Pacific/Niue']) {
    const workspace = await Workspace.enter(world, 'testuser', { timezoneId });
    const today = await workspace.page.evaluate(() => {
      const now = new Date();
      return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
    });
    await workspace.page.keyboard.press('Control+Shift+f');
    const dialog = workspace.dialog('Search messages');
    const results = dialog.getByRole('list', { name: 'Results' }).getByRole('listitem');
    await dialog.getByLabel('Words').fill('tomatoes');
    await results.first().waitFor();
    await dialog.getByRole('button', { name: 'Filters' }).click();
    await dialog.getByLabel('From day').fill(today);
    await dialog.getByLabel('To day').fill(today);
    await dialog.getByRole('status').filter({ hasText: '1 message' }).waitFor({ state: 'attached' });
    assert.equal(await results.count(), 1, timezoneId);
  }
});
