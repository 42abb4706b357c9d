// The page of the sockets: a demo user connects, sends, sees both directions, and reads in words why a
// socket ended. UPDATE_SCREENSHOTS=1 writes the pictures anew.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { isAccessible, setUp } from './harness/browser.js';

const PHONE = { width: 390, height: 780 };
let bob;
const world = setUp(async ({ server }) => { bob = await server.signIn('bob'); });

/** The page, with its description read. */
async function open(path, options) {
  const { page } = await world.visit(path, options);
  await page.getByRole('button', { name: 'Sign in' }).and(page.locator(':enabled')).waitFor();
  return page;
}

async function signIn(page, username = 'testuser') {
  await page.getByLabel('Sample user').selectOption(username);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText(`Signed in as ${username}`).waitFor();
}

async function connect(page) {
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText('Connected', { exact: true }).waitFor();
}

/** A row of the list: `direction` is `in`, `out` or `note`. */
const row = (page, direction, type) => page.locator(`#frames .${direction}[data-type="${type}"]`).last();

async function send(page, command) {
  await page.getByLabel('Command').selectOption({ label: command });
  await page.getByRole('button', { name: 'Send frame' }).click();
}

test('level 0: a message comes back to its sender', async () => {
  const page = await open('/docs/ws');
  await signIn(page);
  await page.getByLabel('Conversation', { exact: true }).selectOption({ label: '1 · Roommate Chat' });
  await connect(page);
  await row(page, 'in', 'connection').waitFor();
  await page.getByLabel('Frame', { exact: true }).fill('{ "content": "hello from the page" }');
  await page.getByRole('button', { name: 'Send frame' }).click();
  await row(page, 'out', 'send').getByText('hello from the page').first().waitFor();
  await row(page, 'in', 'message').getByText('hello from the page').first().waitFor();

  await page.getByLabel('Frame', { exact: true }).fill('not json');
  await page.getByRole('button', { name: 'Send frame' }).click();
  await row(page, 'in', 'error').getByText('invalid_json').first().waitFor();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.getByRole('alert').filter({ hasText: 'Closed with 1000' }).waitFor();
});

test('level 1: every command is at hand, and answered', async () => {
  const page = await open('/docs/ws/');
  assert.equal(new URL(page.url()).pathname, '/docs/ws');
  await signIn(page);
  await page.getByLabel('Level 1').check();
  await page.getByLabel('After cursor').fill('0');
  await connect(page);
  await row(page, 'in', 'caught_up').waitFor();
  await row(page, 'in', 'replay').waitFor();
  await send(page, 'send');
  await row(page, 'in', 'ok').waitFor();
  await row(page, 'in', 'message').waitFor();
  for (const [command, event] of [
    ['edit', 'message_edited'], ['react', 'reaction_added'], ['pin', 'pinned'], ['delete', 'message_deleted'],
    ['ping', 'pong'],
  ]) {
    await send(page, command);
    await row(page, 'in', event).waitFor();
  }
  for (const command of ['read', 'ack', 'typing', 'presence', 'auth']) {
    await page.getByRole('button', { name: 'Clear' }).click();
    await send(page, command);
    await row(page, 'in', 'ok').waitFor();
  }
  assert.equal(await page.locator('#frames .error').count(), 0);

  await page.getByLabel('Filter frames').fill('"ok"');
  assert.equal(await page.locator('#frames li:visible').count(), 1);
  await page.getByLabel('Direction').selectOption('Out');
  assert.equal(await page.locator('#frames li:visible').count(), 0);
});

test('the user socket greets by itself and hears all conversations', async () => {
  const page = await open('/docs/ws');
  await signIn(page, 'testuser2');
  await page.getByLabel('User socket').check();
  await connect(page);
  await row(page, 'out', 'hello').waitFor();
  await row(page, 'in', 'ready').waitFor();
  for (const command of ['send', 'subscribe', 'unsubscribe']) {
    await page.getByRole('button', { name: 'Clear' }).click();
    await send(page, command);
    await row(page, 'in', 'ok').waitFor();
  }
});

test('a close code is explained in words', async () => {
  const page = await open('/docs/ws');
  await page.getByLabel('Token').fill('spoiled');
  for (const socket of ['Level 0', 'Level 1', 'User socket']) {
    await page.getByLabel(socket).check();
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    const explained = page.getByRole('alert').filter({ hasText: 'Closed with 4001' });
    await explained.filter({ hasText: 'Missing or invalid token. Get a new token' }).waitFor();
    await row(page, 'note', 'closed 4001').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
  }
  await page.getByLabel('Token').fill(bob.token);
  await page.getByLabel('Level 0').check();
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'Closed with 4003' }).filter({ hasText: 'Only participants' }).waitFor();
});

test('the API page and the sockets lead to each other', async () => {
  const { page } = await world.visit('/docs');
  // It opens a tab of its own.
  await page.goto(await page.getByRole('link', { name: 'try the sockets' }).evaluate((link) => link.href));
  await page.getByRole('heading', { name: 'Sockets' }).waitFor();
  await page.getByRole('link', { name: 'REST interface' }).click();
  await page.locator('.opblock').first().waitFor();
  assert.equal(new URL(page.url()).pathname, '/docs');
});

test('what the page does is copied as a program', async () => {
  const page = await open('/docs/ws');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(page);
  await page.getByLabel('User socket').check();
  for (const [language, part] of [
    ['JavaScript', 'new WebSocket('], ['Python', 'websockets.connect('], ['curl and websocat', 'websocat --protocol'],
  ]) {
    await page.getByLabel('Language').selectOption(language);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied.').waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(copied.includes(part), copied);
    assert.ok(copied.includes('chinwag.v1') && copied.includes('/ws') && copied.includes('"send"'), copied);
    assert.ok(!copied.includes('eyJ'), 'no token in what is copied');
  }
});

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries({ desktop: { width: 1280, height: 900 }, phone: PHONE })) {
    test(`the page is accessible and fits: ${colorScheme}, ${size}`, async () => {
      const page = await open('/docs/ws', { colorScheme, viewport });
      await isAccessible(page);
      await signIn(page);
      await page.getByLabel('Level 1').check();
      await page.getByLabel('After cursor').fill('0');
      await connect(page);
      await send(page, 'send');
      await row(page, 'in', 'message').waitFor();
      await row(page, 'in', 'ok').locator('summary').click();
      await page.getByText('Close codes in words').click();
      await isAccessible(page);
      await page.getByText('Close codes in words').click();
      await page.getByLabel('Frame', { exact: true }).fill('{"type":"dance","ref":"r2"}');
      await page.getByRole('button', { name: 'Send frame' }).click();
      await row(page, 'in', 'error').waitFor();
      await page.getByRole('button', { name: 'Disconnect' }).click();
      await page.getByRole('alert').filter({ hasText: 'Closed with 1000' }).waitFor();
      await isAccessible(page);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
      if (process.env.UPDATE_SCREENSHOTS === '1') {
        const name = `screenshots/sockets-${colorScheme}-${size}.png`;
        const path = fileURLToPath(new URL(name, import.meta.url));
        await page.evaluate(() => window.scrollTo(0, 0));
        await page.screenshot({ path, caret: 'hide', fullPage: size === 'phone' });
      }
    });
  }
}
