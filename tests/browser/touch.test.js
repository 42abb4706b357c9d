// By touch, what people do all day: react, reply, edit, delete, settings, back. On two phones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { setUp } from './harness/browser.js';
import { Conversation, PNG } from './harness/conversation.js';
import { Finger, PHONES } from './harness/finger.js';

let testuser;
let other;

const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  other = await server.signIn('testuser2');
});

async function open(title, options) {
  const id = await testuser.createConversation(title, [other]);
  const one = await Conversation.enter(world, 'testuser', id, options);
  return { one, id, page: one.page, finger: await Finger.on(one.page), menu: one.page.getByRole('menu', { name: 'Message actions' }) };
}

async function say({ one, page, finger }, text) {
  await one.input.fill(text);
  await finger.tap(page.getByRole('button', { name: 'Send', exact: true }));
  await one.shows(text);
}

async function keepPicture(page, name) {
  if (process.env.UPDATE_SCREENSHOTS !== '1') return;
  await page.screenshot({ path: fileURLToPath(new URL(`screenshots/${name}.jpg`, import.meta.url)), type: 'jpeg', quality: 82 });
}

for (const { name, options } of PHONES) {
  test(`${name}: a long press opens the menu, with reactions on top`, async () => {
    const here = await open(`React ${name}`, options);
    await say(here, 'press me');
    const row = here.one.message('press me');
    await here.finger.hold(row.locator('.text'), here.menu);
    assert.ok(await here.menu.isVisible(), 'it stays when the finger is lifted');
    await here.one.isAccessible();
    await keepPicture(here.page, `touch-menu-${options.viewport.width}`);
    await here.finger.tap(here.menu.getByRole('menuitemcheckbox', { name: 'React with 🎉' }));
    await here.menu.waitFor({ state: 'detached' });
    await row.getByRole('button', { name: /^🎉 1/ }).waitFor();
    // The same again takes it back.
    await here.finger.hold(row.locator('.text'), here.menu);
    assert.equal(await here.menu.getByRole('menuitemcheckbox', { name: 'React with 🎉' }).getAttribute('aria-checked'), 'true');
    await here.finger.tap(here.menu.getByRole('menuitemcheckbox', { name: 'React with 🎉' }));
    await row.getByRole('button', { name: /^🎉/ }).waitFor({ state: 'detached' });
    await here.finger.hold(row.locator('.text'), here.menu);
    await here.finger.tap(here.menu.getByRole('menuitem', { name: 'Other reactions' }));
    const picker = here.page.getByRole('dialog', { name: 'Pick an emoji' });
    await here.finger.tap(picker.getByRole('gridcell').first().getByRole('button'));
    await row.getByRole('group', { name: 'Reactions' }).waitFor();
  });

  test(`${name}: a tap shows the way to the menu, which replies, edits and deletes`, async () => {
    const here = await open(`Do ${name}`, options);
    await say(here, 'first');
    await here.finger.tap(here.one.message('first').locator('.text'));
    const more = here.one.message('first').getByRole('button', { name: 'More actions' });
    await here.finger.tap(more);
    await here.finger.tap(here.menu.getByRole('menuitem', { name: 'Reply' }));
    await here.page.getByText('Replying to').waitFor();
    await say(here, 'an answer');
    await here.finger.hold(here.one.message('an answer').locator('.text'), here.menu);
    await here.finger.tap(here.menu.getByRole('menuitem', { name: 'Edit' }));
    await here.one.input.fill('a better answer');
    await here.finger.tap(here.page.getByRole('button', { name: 'Save', exact: true }));
    await here.one.message('a better answer').getByText('edited').waitFor();
    await here.finger.hold(here.one.message('a better answer').locator('.text'), here.menu);
    await here.finger.tap(here.menu.getByRole('menuitem', { name: 'Delete' }));
    await here.finger.tap(here.page.getByRole('dialog').getByRole('button', { name: 'Delete' }));
    await here.page.getByText('This message was deleted.').waitFor();
  });

  test(`${name}: a swipe to the side replies, one along the list does not`, async () => {
    const here = await open(`Swipe ${name}`, options);
    await say(here, 'swipe me');
    const text = here.one.message('swipe me').locator('.text');
    await here.finger.swipe(text, 20, 90);
    await here.finger.swipe(text, 30);
    assert.equal(await here.page.getByText('Replying to').count(), 0);
    await here.finger.swipe(text, 90);
    await here.page.getByText('Replying to').waitFor();
  });

  test(`${name}: all settings are reached, and Back leads out of them step by step`, async () => {
    const here = await open(`Settings ${name}`, options);
    const { page, finger } = here;
    await finger.tap(page.getByRole('button', { name: 'Back to conversations' }));
    await finger.tap(page.getByRole('button', { name: /^Your account/ }));
    await finger.tap(page.getByRole('menuitem', { name: 'Settings' }));
    const settings = page.getByRole('dialog');
    for (const section of ['Account', 'Appearance', 'Writing and keys', 'Notifications', 'Sessions']) {
      await finger.tap(settings.getByRole('button', { name: section, exact: true }));
      await settings.getByRole('heading', { name: section, exact: true }).waitFor();
      await here.one.isAccessible();
      assert.ok(await settings.evaluate((node) => node.scrollWidth <= node.clientWidth), `${section} fits`);
      await page.goBack();
      await settings.getByRole('heading', { name: 'Settings' }).waitFor();
    }
    await keepPicture(page, `touch-settings-${options.viewport.width}`);
    await page.goBack();
    await settings.waitFor({ state: 'detached' });
    await page.getByRole('navigation', { name: 'Conversations' }).or(page.locator('nav.sidebar')).first().waitFor();
  });

  test(`${name}: Back closes what lies on top before it leaves the conversation`, async () => {
    const here = await open(`Back ${name}`, options);
    const { page, finger, one } = here;
    await finger.tap(page.getByRole('button', { name: 'Back to conversations' }));
    await finger.tap(page.locator('nav.sidebar a').filter({ hasText: `Back ${name}` }));
    await one.isOpen();
    await say(here, 'something');
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), finger.tap(page.getByRole('button', { name: 'Attach files' }))]);
    await chooser.setFiles([{ name: 'look.png', mimeType: 'image/png', buffer: PNG }]);
    await say(here, 'with a picture');

    await finger.hold(one.message('something').locator('.text'), here.menu);
    await page.goBack();
    await here.menu.waitFor({ state: 'detached' });
    await finger.tap(one.message('with a picture').getByRole('button', { name: 'Open picture look.png' }));
    const picture = page.getByRole('dialog', { name: 'Picture look.png' });
    await picture.waitFor();
    await page.goBack();
    await picture.waitFor({ state: 'detached' });
    await finger.tap(page.getByRole('button', { name: 'Members' }));
    const details = page.getByRole('complementary', { name: 'Details' });
    await details.waitFor();
    await page.goBack();
    await details.waitFor({ state: 'detached' });
    // What is closed by its own button leaves nothing behind.
    await finger.tap(page.getByRole('button', { name: 'Members' }));
    await finger.tap(details.getByRole('button', { name: 'Close the details' }));
    await details.waitFor({ state: 'detached' });
    assert.ok(await one.list.isVisible());
    await page.waitForFunction(() => !history.state?.layers);
    await page.goBack();
    await one.list.waitFor({ state: 'detached' });
    await page.locator('nav.sidebar').waitFor();
  });

  test(`${name}: a long press on a conversation of the list opens its menu`, async () => {
    const here = await open(`Listed ${name}`, options);
    const { page, finger } = here;
    await finger.tap(page.getByRole('button', { name: 'Back to conversations' }));
    const menu = page.getByRole('menu', { name: `Options for Listed ${name}` });
    await finger.hold(page.locator('nav.sidebar a').filter({ hasText: `Listed ${name}` }), menu);
    await finger.tap(menu.getByRole('menuitemradio', { name: 'Mute' }));
    await menu.waitFor({ state: 'detached' });
    await page.locator('nav.sidebar a').filter({ hasText: `Listed ${name}` }).filter({ hasText: 'muted' }).waitFor();
  });
}
