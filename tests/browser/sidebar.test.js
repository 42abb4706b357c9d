// The list of conversations, while several people write.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { refused, setUp } from './harness/browser.js';
import { Workspace } from './harness/workspace.js';

let testuser;
let other;
let alice;
const world = setUp(async ({ server }) => {
  [testuser, other, alice] = await Promise.all(['testuser', 'testuser2', 'alice'].map((name) => server.signIn(name)));
});
const enter = (name, options) => Workspace.enter(world, name, options);
const titles = (workspace) => workspace.rows.locator('.name bdi').allTextContents();

test('a row shows who wrote what last, when, and how much is unread', async () => {
  const id = await testuser.createConversation('Harbour', [alice]);
  const workspace = await enter('testuser');
  await alice.say(id, 'The **boat** is back');
  await workspace.badges('Harbour').filter({ hasText: /^1 unread$/ }).waitFor();
  await alice.say(id, '@testuser look at the photo');
  await workspace.badges('Harbour').filter({ hasText: /^2 unread$/ }).waitFor();
  await workspace.badges('Harbour').filter({ hasText: /^1 mention$/ }).waitFor();
  const row = workspace.row('Harbour');
  await row.filter({ hasText: 'Alice Example: @testuser look at the photo' }).waitFor();
  assert.match(await row.locator('time').textContent(), /^\d\d:\d\d$/);
  await workspace.page.waitForFunction(() => /^\(\d+\) /.test(document.title));
  await workspace.isAccessible();

  await workspace.open('Harbour');
  await workspace.badges('Harbour').first().waitFor({ state: 'detached' });
  await workspace.page.getByLabel('Message', { exact: true }).fill('Seen');
  await workspace.page.keyboard.press('Enter');
  await row.filter({ hasText: 'You: Seen' }).waitFor();
  assert.equal(await row.getByRole('link').getAttribute('aria-current'), 'page');
});

test('more than 999 unread messages are not counted on screen', async () => {
  const id = await testuser.createConversation('Flood', [alice]);
  for (let sent = 0; sent < 1005; sent += 67) {
    await Promise.all(Array.from({ length: 67 }, (_, index) => alice.say(id, `drop ${sent + index}`)));
  }
  const workspace = await enter('testuser');
  assert.equal(await workspace.row('Flood').locator('.badge [aria-hidden]').last().textContent(), '999+');
  await workspace.row('Flood').getByRole('link').click({ button: 'right' });
  await workspace.page.getByRole('menuitem', { name: 'Mark as read' }).click();
  await workspace.badges('Flood').first().waitFor({ state: 'detached' });
});

test('the newest conversation comes first, but not while somebody points at the list', async () => {
  const [first, second] = [await testuser.createConversation('Apple', [alice]), await testuser.createConversation('Banana', [alice])];
  await alice.say(first, 'one');
  await alice.say(second, 'two');
  const workspace = await enter('testuser', { hasClock: true });
  await workspace.row('Banana').waitFor();
  assert.deepEqual((await titles(workspace)).slice(0, 2), ['Banana', 'Apple']);

  await workspace.row('Banana').hover();
  await workspace.page.clock.pauseAt(new Date(Date.now() + 60_000));
  await workspace.row('Apple').hover();
  await alice.say(first, 'three');
  await workspace.row('Apple').filter({ hasText: 'Alice Example: three' }).waitFor();
  assert.deepEqual((await titles(workspace)).slice(0, 2), ['Banana', 'Apple'], 'held while the pointer is there');
  await workspace.page.clock.runFor(1100);
  await workspace.page.waitForFunction(() => document.querySelector('nav.sidebar li .name bdi').textContent === 'Apple');
});

test('the filters narrow the list, and are remembered', async () => {
  await other.direct(testuser);
  await other.say((await other.direct(testuser)).id, 'psst');
  const workspace = await enter('testuser');
  await workspace.row('Second User').waitFor();
  await workspace.list.getByText('Direct', { exact: true }).click();
  await workspace.row('Roommate Chat').waitFor({ state: 'detached' });
  await workspace.row('Second User').waitFor();
  await workspace.page.reload();
  await workspace.row('Second User').waitFor();
  assert.equal(await workspace.row('Roommate Chat').count(), 0);
  assert.ok(await workspace.list.getByRole('radio', { name: 'Direct' }).isChecked());
  await workspace.page.keyboard.press('Alt+Shift+ArrowDown');
  await workspace.page.locator('#messages').waitFor();
  await workspace.list.getByText('Unread', { exact: true }).click();
  await workspace.isAccessible();
});

test('what is not sent yet is marked as a draft', async () => {
  await testuser.createConversation('Drafts', [alice]);
  const workspace = await enter('testuser');
  await workspace.open('Drafts');
  await workspace.page.getByLabel('Message', { exact: true }).fill('half a thought');
  await workspace.open('Roommate Chat');
  await workspace.row('Drafts').filter({ hasText: 'Draft: half a thought' }).waitFor();
});

test('presence comes and goes, in words as well', async () => {
  await testuser.direct(alice);
  const workspace = await enter('testuser');
  const row = workspace.row('Alice Example');
  await row.waitFor();
  const visitor = await enter('alice');
  await row.getByText(', online').waitFor({ state: 'attached' });
  await row.locator('.avatar.online').waitFor();
  await visitor.account('Away');
  await row.getByText(', away').waitFor({ state: 'attached' });
  await visitor.page.close();
  await row.locator('.avatar.online').waitFor({ state: 'detached' });
});

test('each status has a shape of its own, so that nobody needs its colour', async () => {
  await testuser.say((await testuser.direct(alice)).id, 'are you there?');
  const workspace = await enter('testuser');
  const visitor = await enter('alice');
  const avatar = workspace.row('Alice Example').locator('.avatar');
  const seen = { offline: undefined, online: undefined, away: undefined, dnd: undefined };
  for (const [status, item] of [['away', 'Away'], ['dnd', 'Do not disturb'], ['online', 'Online'], ['offline', 'Invisible']]) {
    await visitor.account(item);
    await avatar.and(workspace.page.locator(`.${status}`)).waitFor();
    seen[status] = await avatar.evaluate((node) => {
      const { content, backgroundImage } = getComputedStyle(node, '::after');
      // Without its colours, which are all that is in brackets of their own.
      return `${content} ${backgroundImage.replaceAll(/(?:rgba?|color|oklab|light-dark)\([^()]*\)/g, '')}`;
    });
  }
  await visitor.account('Online');
  await avatar.and(workspace.page.locator('.online')).waitFor();
  assert.equal(new Set(Object.values(seen)).size, 4, JSON.stringify(seen));
});

test('a direct conversation takes three clicks, a group a name more', async () => {
  const workspace = await enter('testuser2');
  const { page } = workspace;
  await workspace.list.getByRole('button', { name: 'New conversation' }).first().click();
  const dialog = workspace.dialog('New conversation');
  await dialog.getByLabel('To', { exact: true }).fill('ali');
  await dialog.getByRole('button', { name: 'Alice Example' }).click();
  await workspace.isAccessible();
  await dialog.getByRole('button', { name: 'Write to Alice Example' }).click();
  await page.getByLabel('Message', { exact: true }).fill('Hello Alice');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/c\/\d+$/);
  await workspace.row('Alice Example').filter({ hasText: 'You: Hello Alice' }).waitFor();

  // The composer has the focus: letters are written there.
  await page.keyboard.press('Alt+Shift+N');
  await dialog.getByLabel('To', { exact: true }).waitFor();
  for (const name of ['alice', 'testuser']) {
    await dialog.getByLabel('To', { exact: true }).fill(name);
    await dialog.getByRole('list', { name: 'People' }).getByText(`@${name}`, { exact: true }).waitFor();
    await page.keyboard.press('Enter');
  }
  await dialog.getByRole('button', { name: 'Start the group' }).click();
  await dialog.getByText('Give the group a name.').waitFor();
  await dialog.getByLabel('Name of the group').fill('Picnic');
  await page.keyboard.press('Enter');
  await workspace.row('Picnic').waitFor();
  await page.locator('#messages').waitFor();
});

test('nobody has a direct conversation before its first message', async () => {
  const mine = await world.server.register('writer');
  const theirs = await world.server.register('written', { first_name: 'First', last_name: 'Person' });
  const workspace = await enter('writer');
  const { page } = workspace;
  const those = async (person) => (await person.call('GET', '/conversations/')).length;
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('written');
  await page.getByRole('option', { name: '@written' }).click();
  await page.getByRole('heading', { name: 'Write to First Person' }).waitFor();
  await page.waitForFunction(() => document.activeElement.id === 'message-input');
  await workspace.isAccessible();
  await page.keyboard.type('kept');
  await page.reload();
  await page.getByRole('heading', { name: 'Write to First Person' }).waitFor();
  await page.waitForFunction(() => document.getElementById('message-input').value === 'kept');
  assert.deepEqual([await those(mine), await those(theirs)], [0, 0]);

  await page.getByLabel('Message', { exact: true }).press('Enter');
  await page.waitForURL(/\/c\/\d+$/);
  await page.locator('#messages .message[data-id] .text').filter({ hasText: /^kept$/ }).waitFor();
  assert.equal(await those(theirs), 1);
  // The way that leads there now is the conversation itself.
  await page.goto(new URL(`/?to=${theirs.id}`, world.server.url).href);
  await page.waitForURL(/\/c\/\d+$/);
});

test('what can be done with a row stands beside its badges', async () => {
  const id = await testuser.createConversation('Badges', [alice]);
  const workspace = await enter('testuser');
  await alice.say(id, '@testuser one');
  await alice.say(id, 'two');
  await workspace.badges('Badges').filter({ hasText: /^2 unread$/ }).waitFor();
  const row = workspace.row('Badges');
  await row.hover();
  for (const density of ['comfortable', 'compact']) {
    await workspace.page.evaluate((chosen) => { document.documentElement.dataset.density = chosen; }, density);
    const more = await row.locator('.more').boundingBox();
    for (const badge of await row.locator('.badge').all()) {
      const { y } = await badge.boundingBox();
      assert.ok(more.y + more.height <= y, `${density}: ${more.y} + ${more.height} > ${y}`);
    }
  }
});

test('the keys lead to unread conversations and back, and walk the list', async () => {
  const [one, two] = [await testuser.createConversation('Key one', [alice]), await testuser.createConversation('Key two', [alice])];
  await alice.say(one, 'x');
  await alice.say(two, 'y');
  const workspace = await enter('testuser');
  await workspace.row('Key two').waitFor();
  await workspace.page.keyboard.press('Alt+Shift+ArrowDown');
  await workspace.page.waitForURL(new RegExp(`/c/${two}$`));
  await workspace.badges('Key two').first().waitFor({ state: 'detached' });
  await workspace.page.keyboard.press('Alt+Shift+ArrowDown');
  await workspace.page.waitForURL(new RegExp(`/c/${one}$`));
  await workspace.row('Key two').getByRole('link').focus();
  await workspace.page.keyboard.press('ArrowDown');
  const focused = await workspace.page.evaluate(() => document.activeElement.querySelector('.name bdi').textContent);
  assert.equal(focused, 'Key one');
  await workspace.page.keyboard.press('Shift+F10');
  await workspace.page.getByRole('menuitem', { name: 'Details and members' }).waitFor();
  await workspace.isAccessible();
  await workspace.page.keyboard.press('Escape');
  await workspace.page.waitForFunction(() => document.activeElement.matches('nav.sidebar a'));
});

test('who goes to a conversation can write at once, also where they were before, or are', async () => {
  await testuser.createConversation('Pen', [alice]);
  await testuser.createConversation('Paper', [alice]);
  const workspace = await enter('testuser');
  const { page } = workspace;
  const byKey = (link) => link.press('Enter');
  const byClick = (link) => link.click();
  // The second visit of each finds a room that was left, and the last no other one.
  const ways = [['Pen', byClick], ['Paper', byKey], ['Pen', byKey], ['Paper', byClick], ['Paper', byClick], ['Paper', byKey]];
  for (const [at, [title, go]] of ways.entries()) {
    await go(workspace.row(title).getByRole('link'));
    await page.waitForFunction((place) => document.activeElement.id === 'message-input' && document.activeElement.placeholder.includes(place), title);
    await page.keyboard.type(`${at}`);
  }
  assert.equal(await page.getByLabel('Message', { exact: true }).inputValue(), '1345', 'and the key that led here wrote nothing');
});

test('on a touch screen the keys stay away until somebody wants to write', async () => {
  await testuser.createConversation('Thumb', [alice]);
  const workspace = await enter('testuser', { viewport: { width: 1100, height: 760 }, hasTouch: true, isMobile: true });
  await workspace.row('Thumb').getByRole('link').tap();
  await workspace.page.locator('.conversation header', { hasText: 'Thumb' }).waitFor();
  await workspace.page.locator('#message-input').waitFor();
  assert.notEqual(await workspace.page.evaluate(() => document.activeElement.id), 'message-input');
});

test('leaving is asked first, and the conversation is gone then', async () => {
  await alice.createConversation('Club', [testuser]);
  const workspace = await enter('testuser');
  await workspace.row('Club').hover();
  await workspace.row('Club').getByRole('button', { name: 'Options for Club' }).click();
  await workspace.page.getByRole('menuitem', { name: 'Leave' }).click();
  const dialog = workspace.dialog('Leave the group');
  await dialog.getByText('Leave Club?').waitFor();
  await workspace.isAccessible();
  await dialog.getByRole('button', { name: 'Leave', exact: true }).click();
  await workspace.row('Club').waitFor({ state: 'detached' });
});

test('on a phone there is one pane, and the back gesture leads to the list', async () => {
  const workspace = await enter('testuser', { viewport: { width: 390, height: 844 }, hasTouch: true });
  const { page } = workspace;
  await workspace.open('Roommate Chat');
  assert.equal(await workspace.list.isVisible(), false);
  await page.goBack();
  await workspace.list.waitFor();
  assert.equal(await page.locator('#messages').count(), 0);
  const focused = await page.evaluate(() => document.activeElement.getAttribute('href'));
  assert.match(focused, /\/c\/1$/);
});

test('a link to a conversation that is not there leads to the list', async () => {
  const workspace = await enter('testuser', { path: '/c/4711', expected: [refused(404)] });
  await workspace.page.getByRole('button', { name: 'Back to the list' }).click();
  await workspace.page.waitForURL(`${world.server.url}/`);
  await workspace.page.getByText('Pick a conversation').waitFor();
});
