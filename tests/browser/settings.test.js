// What people choose for themselves.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { refused, setUp } from './harness/browser.js';
import { Workspace } from './harness/workspace.js';

const world = setUp();
const enter = (name, options) => Workspace.enter(world, name, options);

test('theme, density and language hold over a reload', async () => {
  const workspace = await enter('testuser');
  const { page } = workspace;
  const dialog = await workspace.settings('Appearance');
  await workspace.isAccessible();
  await dialog.getByLabel('Dark').check();
  await dialog.getByLabel('Compact').check();
  await dialog.getByLabel('العربية').check();
  await page.getByRole('dialog', { name: 'الإعدادات' }).waitFor();
  await workspace.isAccessible();
  await page.reload();
  await page.getByRole('navigation', { name: 'المحادثات' }).waitFor();
  const look = await page.evaluate(() => {
    const { lang, dir, dataset } = document.documentElement;
    return [lang, dir, dataset.theme, dataset.density, getComputedStyle(document.body).backgroundColor];
  });
  assert.deepEqual(look, ['ar', 'rtl', 'dark', 'compact', 'rgb(17, 19, 23)']);
});

test('names change everywhere at once', async () => {
  const workspace = await enter('alice');
  const dialog = await workspace.settings('Account');
  await workspace.isAccessible();
  await dialog.getByLabel('First name').fill('Alicia');
  await dialog.getByRole('button', { name: 'Save' }).first().click();
  await dialog.getByText('Saved.').waitFor();
  await workspace.list.getByText('Alicia Example').waitFor();
});

test('a new password needs the old one, and ends the other sessions', async () => {
  const workspace = await enter('testuser2', { expected: [refused(403)] });
  const elsewhere = await enter('testuser2', { expected: [refused(401)] });
  const dialog = await workspace.settings('Account');
  await dialog.getByLabel('Current password').fill('not it');
  await dialog.getByText('At least 8 characters.').waitFor();
  await dialog.getByRole('button', { name: 'Show password' }).first().click();
  assert.equal(await dialog.getByLabel('Current password').getAttribute('type'), 'text');
  await dialog.getByLabel('New password').fill('a much longer sentence');
  await dialog.getByRole('button', { name: 'Change password' }).click();
  await dialog.getByText('The current password is wrong.').waitFor();
  await dialog.getByLabel('Current password').fill('TestPassword123');
  await dialog.getByRole('button', { name: 'Change password' }).click();
  await dialog.getByText('Your password has been changed.').waitFor();
  await elsewhere.page.getByRole('alert').filter({ hasText: 'your session was ended' }).waitFor();
});

test('other sessions are listed and ended', async () => {
  const workspace = await enter('testuser');
  const elsewhere = await enter('testuser', { expected: [refused(401)] });
  const dialog = await workspace.settings('Sessions');
  await dialog.getByText('This session').waitFor();
  await workspace.isAccessible();
  // The newest of the others is the page that was opened last.
  await dialog.getByRole('button', { name: /^End the session of Chrome/ }).first().click();
  await dialog.getByText('The session has ended.').waitFor();
  await elsewhere.page.getByRole('alert').filter({ hasText: 'your session was ended' }).waitFor();
});

test('the Enter key does what was chosen', async () => {
  const workspace = await enter('testuser');
  const { page } = workspace;
  const dialog = await workspace.settings('Writing and keys');
  await workspace.isAccessible();
  await dialog.getByLabel('Starts a new line. Ctrl and Enter sends the message').check();
  await page.keyboard.press('Escape');
  await workspace.open('Roommate Chat');
  const input = page.getByLabel('Message', { exact: true });
  await input.fill('one');
  await input.press('Enter');
  assert.equal(await input.inputValue(), 'one\n');
  await input.pressSequentially('two');
  await input.press('Control+Enter');
  await page.locator('#messages [data-id] .text', { hasText: /one\s*two/ }).waitFor();
});

test('the browser is asked for notifications only after a click', async () => {
  // A browser without a screen has no permission to give.
  const workspace = await enter('testuser');
  const { page } = workspace;
  await page.evaluate(() => {
    globalThis.asked = 0;
    Object.defineProperty(Notification, 'permission', { get: () => 'default' });
    Notification.requestPermission = async () => {
      globalThis.asked += 1;
      return 'denied';
    };
  });
  const dialog = await workspace.settings('Notifications');
  await dialog.getByText('Your browser will ask you to allow it.').waitFor();
  await workspace.isAccessible();
  assert.equal(await page.evaluate(() => globalThis.asked), 0);
  await dialog.getByRole('button', { name: 'Turn on notifications' }).click();
  await dialog.getByText('Your browser blocks notifications').waitFor();
  assert.equal(await page.evaluate(() => globalThis.asked), 1);
});

test('the service worker is let in by the policy, and no other script by a string', async () => {
  const workspace = await enter('testuser', { expected: [/policy violation|TrustedScriptURL/] });
  const { page } = workspace;
  await page.evaluate(() => {
    // Where the browser takes no push, the page itself notifies while it is open.
    delete globalThis.PushManager;
    Object.defineProperty(Notification, 'permission', { get: () => 'granted' });
    Notification.requestPermission = async () => 'granted';
  });
  const dialog = await workspace.settings('Notifications');
  await dialog.getByRole('button', { name: 'Turn on notifications' }).click();
  await dialog.getByText('Notifications are on.').waitFor();
  const scope = await page.evaluate(async () => (await navigator.serviceWorker.ready).scope);
  assert.equal(scope, `${world.server.url}/`);
  const refusal = await page.evaluate(() => navigator.serviceWorker.register('/widget.js').catch((error) => error.name));
  assert.equal(refusal, 'TypeError');
  await dialog.getByRole('button', { name: 'Turn off notifications' }).click();
  await dialog.getByRole('button', { name: 'Turn on notifications' }).waitFor();
});
