// The page around the conversations as people see it, in both themes, small and large, from right to left and
// enlarged: accessible, and no wider than the screen. UPDATE_SCREENSHOTS=1 takes the pictures anew.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { isAccessible, refused, setUp } from './harness/browser.js';
import { Host } from './harness/host.js';
import { PASSWORD } from './harness/server.js';
import { Workspace } from './harness/workspace.js';

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const NARROW = { width: 320, height: 640 };

const host = await Host.start();
after(() => host.close());
let design;
let shop;

const world = setUp(async ({ server }) => {
  const [testuser, testuser2, alice] = await Promise.all(['testuser', 'testuser2', 'alice'].map((name) => server.signIn(name)));
  const say = async (account, id, ...texts) => {
    for (const text of texts) await account.say(id, text);
  };
  const garden = await testuser.createConversation('Community garden', [alice, testuser2]);
  await say(alice, garden, 'The tomatoes want water');
  design = await testuser.createConversation('Design', [alice, testuser2]);
  await testuser.call('PATCH', `/conversations/${design}`, { topic: 'How it looks, and why' });
  await testuser.call('PATCH', `/conversations/${design}/participants/${alice.id}`, { role: 'admin' });
  await say(alice, design, 'New tokens are in the sheet', 'Contrast of every pair is at least 4.5');
  await say(testuser2, design, 'The dark ones look calm. Ship it?');
  const release = await alice.createConversation('Release day', [testuser, testuser2]);
  await say(testuser2, release, 'The notes are ready', '@testuser one last look?');
  const direct = (await testuser.direct(alice)).id;
  await say(alice, direct, 'Three o’clock for the demo?');
  await say(testuser, direct, 'See you at 3');
  shop = await testuser.createConversation('Corner shop', [alice]);
  await say(testuser, shop, 'Good morning! How can I help?');
  host.shows(server);
  host.attributes = `conversation="${shop}"`;
  host.token = async () => alice.token;
}, { embedOrigins: [host.origin] });

const enter = (options) => Workspace.enter(world, 'testuser', { viewport: DESKTOP, ...options });

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE, narrow: NARROW })) {
    test(`the entrance: ${colorScheme}, ${size}`, async () => {
      const { page } = await world.visit('/', { colorScheme, viewport, expected: [refused(401)] });
      await page.getByText('This is a demo.').waitFor();
      await fits(page);
      await picture(page, `login-${colorScheme}-${size}`);
      await page.getByLabel('Password').fill('not it');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.locator('#password-error').waitFor();
      await isAccessible(page);
      await fits(page);
      if (size === 'phone') await picture(page, `login-wrong-${colorScheme}-${size}`);
    });

    test(`the list of conversations: ${colorScheme}, ${size}`, async () => {
      const workspace = await enter({ colorScheme, viewport });
      await workspace.row('Release day').waitFor();
      await workspace.isAccessible();
      await fits(workspace.page);
      await picture(workspace.page, `list-${colorScheme}-${size}`);
    });

    test(`the details of a conversation: ${colorScheme}, ${size}`, async () => {
      const workspace = await enter({ colorScheme, viewport: size === 'desktop' ? { width: 1440, height: 900 } : viewport });
      await workspace.open('Design');
      const panel = await workspace.details();
      await panel.getByText('owner', { exact: true }).waitFor();
      await workspace.isAccessible();
      await fits(workspace.page);
      await picture(workspace.page, `details-${colorScheme}-${size}`);
    });
  }

  test(`the dialogs: ${colorScheme}`, async () => {
    const workspace = await enter({ colorScheme });
    const { page } = workspace;
    await workspace.open('Design');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('de');
    await page.getByRole('option', { selected: true }).filter({ hasText: 'Design' }).waitFor();
    await workspace.isAccessible();
    await picture(page, `palette-${colorScheme}`);
    await page.keyboard.press('Escape');

    await page.keyboard.press('Control+Shift+f');
    await page.getByLabel('Words').fill('the');
    await page.getByRole('list', { name: 'Results' }).getByRole('listitem').nth(2).waitFor();
    await workspace.isAccessible();
    await picture(page, `search-${colorScheme}`);
    await page.keyboard.press('Escape');

    const dialog = await workspace.settings('Appearance');
    await dialog.getByText('Density').waitFor();
    await workspace.isAccessible();
    await picture(page, `settings-${colorScheme}`);
  });

  test(`the widget on somebody's page: ${colorScheme}`, async () => {
    const { page } = await world.visit(`${host.origin}/`, { colorScheme, viewport: DESKTOP });
    await page.locator('chinwag-widget').getByRole('button', { name: 'Chat' }).click();
    await page.locator('chinwag-widget iframe').contentFrame().getByText('Good morning!').waitFor();
    await isAccessible(page);
    await picture(page, `widget-${colorScheme}`);
  });
}

for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  test(`from right to left: ${size}`, async () => {
    const visit = await world.visit('/', { viewport, locale: 'ar' });
    const { page } = visit;
    await page.locator('#username').fill('testuser');
    await page.locator('#password').fill(PASSWORD);
    await isAccessible(page);
    await fits(page);
    await page.locator('#connect').click();
    const workspace = new Workspace(visit);
    await workspace.row('Release day').waitFor();
    if (size === 'desktop') await workspace.open('Design');
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), 'rtl');
    await workspace.isAccessible();
    await fits(page);
    await picture(page, `arabic-${size}`);
  });
}

test('enlarged to 200 %, and with the colours of the system', async () => {
  const enlarged = await enter({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });
  await enlarged.row('Release day').waitFor();
  await enlarged.isAccessible();
  await fits(enlarged.page);
  await enlarged.settings('Sessions');
  await enlarged.dialog('Sessions').getByText('This session').waitFor();
  await fits(enlarged.page);

  const forced = await enter({ forcedColors: 'active' });
  await forced.open('Design');
  await forced.isAccessible();
  await picture(forced.page, 'forced-colours');
});

async function fits(page) {
  // What slides in may be on its way.
  await page.waitForFunction(() => document.documentElement.scrollWidth <= window.innerWidth);
}

async function picture(page, name) {
  if (process.env.UPDATE_SCREENSHOTS !== '1' || name.endsWith('-narrow')) return;
  const path = fileURLToPath(new URL(`screenshots/${name}.jpg`, import.meta.url));
  await page.screenshot({ path, type: 'jpeg', quality: 82, caret: 'hide' });
}
