// The conversation as people see it, in both themes, small and large, from right to left: accessible, and no wider
// than the screen. UPDATE_SCREENSHOTS=1 takes the pictures anew.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { SERVER_IS_GONE, setUp } from './harness/browser.js';
import { Conversation } from './harness/conversation.js';

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const NARROW = { width: 320, height: 640 };

const people = {};
const ids = {};

const world = setUp(async ({ server }) => {
  for (const name of ['testuser', 'testuser2', 'alice']) people[name] = await server.signIn(name);
  const { testuser, testuser2, alice } = people;
  await seedGroup(testuser, testuser2, alice);
  await seedDirect(testuser, alice);
  ids.long = await testuser.createConversation('Archive of the year', [alice]);
  await alice.sayAll(ids.long, Array.from({ length: 300 }, (_, index) => `Entry ${index + 1}: nothing was lost, and nothing came twice.`));
  await testuser.call('POST', `/conversations/${ids.long}/read`, { seq: 300 });
});

/** Messages as the page writes them. */
function write(account, id, content, more = {}) {
  return account.call('POST', `/conversations/${id}/messages`, { content, format: 'markdown', ...more });
}

async function seedGroup(testuser, testuser2, alice) {
  const id = await testuser.createConversation('Engineering', [testuser2, alice]);
  ids.group = id;
  await testuser.call('PATCH', `/conversations/${id}`, { topic: 'What we build, and when' });
  const fix = await write(alice, id, 'The fan-out fix is in. Short version:');
  const code = await write(alice, id, '```rust\nlet frame = Bytes::from(json); // encode once\nfor seat in room.seats() { seat.send(frame.clone()); }\n```');
  for (const [account, emoji] of [[testuser, '👍'], [testuser2, '👍'], [testuser2, '🚀']]) {
    await account.call('PUT', `/conversations/${id}/messages/${code.id}/reactions/${encodeURIComponent(emoji)}`);
  }
  await write(testuser, id, 'Reading now. Two small things:\n\n1. the **date** in the heading\n2. a link that points _nowhere_');
  await write(alice, id, 'Fixed both 🎉');
  const { seq } = await write(testuser, id, 'Then let us ship it at three.');
  await testuser.call('POST', `/conversations/${id}/read`, { seq });
  await alice.call('POST', `/conversations/${id}/read`, { seq });
  await write(testuser2, id, '@testuser can you confirm the times on staging? Dashboard: https://status.example.com', { reply_to: fix.id });
  await write(testuser2, id, 'deploy is green, closing');
  await write(testuser2, id, 'مرحبا! هل كل شيء جاهز للإصدار؟');
}

async function seedDirect(testuser, alice) {
  ids.direct = (await testuser.direct(alice)).id;
  for (const [account, text] of [
    [alice, 'Morning! Did the new build reach you?'], [alice, 'It has the offline queue in it'], [testuser, 'Yes, tried it on the train'],
    [testuser, 'Three messages queued in a tunnel, all arrived in order 🎉'], [alice, 'Perfect. Three o’clock for the demo?'],
    [testuser, 'See you at 3'], [alice, '👍'],
  ]) await write(account, ids.direct, text);
  const history = await alice.history(ids.direct);
  for (const account of [testuser, alice]) await account.call('POST', `/conversations/${ids.direct}/read`, { seq: history.at(-1).seq });
}

async function enter(id, { language, ...options } = {}) {
  const one = await Conversation.enter(world, 'testuser', id, options);
  if (language) {
    await one.page.evaluate((chosen) => localStorage.setItem('chinwag.settings', JSON.stringify({ language: chosen })), language);
    await one.page.reload();
    await one.isOpen();
    await one.page.waitForFunction((chosen) => document.documentElement.lang === chosen, language);
  }
  return one;
}

async function check(one, name, { isHovering = false } = {}) {
  if (!isHovering) await one.page.mouse.move(0, 0);
  if (process.env.UPDATE_SCREENSHOTS === '1') {
    const path = fileURLToPath(new URL(`screenshots/${name}.jpg`, import.meta.url));
    await one.page.screenshot({ path, type: 'jpeg', quality: 82, caret: 'hide' });
  }
  await one.isAccessible();
  const overflow = await one.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
}

for (const colorScheme of ['light', 'dark']) {
  test(`a group, with all that a message can have: ${colorScheme}`, async () => {
    const one = await enter(ids.group, { viewport: WIDE, colorScheme });
    await one.shows('deploy is green, closing');
    await one.page.locator('#messages .code [data-kind="kwd"]').first().waitFor();
    await check(one, `group-${colorScheme}`);
  });

  test(`a direct conversation on a phone: ${colorScheme}`, async () => {
    const one = await enter(ids.direct, { viewport: PHONE, colorScheme, hasTouch: true, isMobile: true });
    await one.shows('See you at 3');
    await check(one, `direct-${colorScheme}-phone`);
  });

  test(`what opens over the conversation: ${colorScheme}`, async () => {
    const one = await enter(ids.group, { viewport: WIDE, colorScheme });
    await one.act('deploy is green, closing', 'Add a reaction');
    const picker = one.page.getByRole('dialog', { name: 'Pick an emoji' });
    await picker.getByRole('tab', { name: 'Smileys' }).click();
    await picker.getByRole('gridcell').nth(20).waitFor();
    await check(one, `picker-${colorScheme}`, { isHovering: true });
    await one.page.keyboard.press('Escape');
    await one.act('deploy is green, closing', 'More actions');
    await check(one, `menu-${colorScheme}`, { isHovering: true });
    await one.page.keyboard.press('Escape');
    await one.input.pressSequentially('cc @');
    await one.page.getByRole('option').first().waitFor();
    await check(one, `mention-${colorScheme}`);
  });
}

test('a direct conversation on the smallest screen', async () => {
  await check(await enter(ids.direct, { viewport: NARROW }), 'direct-narrow');
  await check(await enter(ids.group, { viewport: NARROW }), 'group-narrow');
});

test('a page of twice the size', async () => {
  await check(await enter(ids.group, { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }), 'group-zoom');
});

test('scrolled up while messages come, and a link to one of them', async () => {
  const one = await enter(ids.long, { viewport: WIDE });
  await one.shows('Entry 300: nothing was lost, and nothing came twice.');
  await one.scrollTo(-1500);
  await one.page.waitForFunction(() => document.querySelectorAll('#messages .message').length > 100);
  await people.alice.sayAll(ids.long, ['one more', 'and another', 'and a third']);
  await one.pill.getByText('3 new messages').waitFor();
  await check(one, 'scrolled-up');
  const [wanted] = await people.alice.history(ids.long, '?after=99&limit=1');
  const two = await enter(ids.long, { viewport: WIDE, focus: wanted.id });
  await two.page.locator('#messages .flashing').waitFor();
  await check(two, 'linked');
});

for (const viewport of [WIDE, PHONE]) {
  test(`from right to left: ${viewport.width} px`, async () => {
    const one = await enter(ids.group, { viewport, language: 'ar' });
    await one.page.getByText('deploy is green, closing').first().waitFor();
    assert.equal(await one.page.evaluate(() => document.documentElement.dir), 'rtl');
    await check(one, `arabic-${viewport.width}`);
    const two = await enter(ids.direct, { viewport, language: 'ar' });
    await check(two, `arabic-direct-${viewport.width}`);
  });
}

test('with the colours of the system', async () => {
  await check(await enter(ids.group, { viewport: WIDE, forcedColors: 'active' }), 'group-forced-colours');
});

// The last one, since it stops the server.
for (const [colorScheme, viewport] of [['light', WIDE], ['dark', PHONE]]) {
  test(`offline: what waits, what was refused, and when it is tried again: ${colorScheme}`, async () => {
    const one = await enter(ids.direct, { viewport, colorScheme, expected: [SERVER_IS_GONE] });
    // No keyboard writes this sign, and the server takes none.
    await one.say('refused \u0000 by the server');
    await one.page.locator('#messages .failed').first().waitFor();
    await world.server.kill();
    await one.say('Posting the graph');
    await one.say('and closing the ticket');
    await one.page.locator('.banner').getByRole('button', { name: 'Retry now' }).waitFor();
    await check(one, `offline-${colorScheme}`);
    await world.server.start();
    await one.shows('and closing the ticket');
    await one.page.locator('#messages .failed').first().getByRole('button', { name: 'Delete', exact: true }).click();
    await one.page.locator('#messages .failed').first().waitFor({ state: 'detached' });
  });
}
