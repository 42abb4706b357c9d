// Two people in one conversation: what one does, the other sees.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Conversation } from './harness/conversation.js';

let testuser;
let other;
let alice;

const world = setUp(async ({ server }) => {
  [testuser, other, alice] = await Promise.all(['testuser', 'testuser2', 'alice'].map((name) => server.signIn(name)));
});
const enter = (name, id, options) => Conversation.enter(world, name, id, options);

async function two(title) {
  const id = await testuser.createConversation(title, [other]);
  return [await enter('testuser', id), await enter('testuser2', id), id];
}

test('two people talk, and see how far their messages have come', async () => {
  const [one, two_] = await two('Talk');
  await one.say('Hello from one');
  await two_.shows('Hello from one');
  await one.message('Hello from one').getByText('Seen by 1').waitFor();
  await two_.say('Hello from two');
  await one.shows('Hello from two');

  assert.match(await one.message('Hello from one').getAttribute('class'), /\bmine\b/);
  const theirs = one.message('Hello from two');
  assert.match(await theirs.getAttribute('class'), /\btheirs\b/);
  assert.equal(await theirs.locator('.sender').textContent(), 'Second User');
  assert.match(await theirs.locator('.head time').textContent(), /^\d\d:\d\d$/);
  assert.equal(await one.page.locator('#messages .day').last().textContent(), 'Today');
  await one.isAccessible();
});

test('a direct conversation has bubbles with ticks: sent, then read', async () => {
  const id = (await testuser.direct(alice)).id;
  const one = await enter('testuser', id);
  await one.say('are you there?');
  await one.message('are you there?').getByText('Sent', { exact: true }).waitFor();
  const two_ = await enter('alice', id);
  await two_.shows('are you there?');
  await one.message('are you there?').getByText('Read', { exact: true }).waitFor();
  assert.match(await one.list.getAttribute('class'), /\bbubbles\b/);
  await one.isAccessible();
});

test('a row keeps its element when the server confirms it', async () => {
  const [one] = await two('Same element');
  await one.page.evaluate(() => {
    new MutationObserver((changes) => {
      const row = changes.flatMap(({ addedNodes }) => [...addedNodes]).find((node) => node.matches?.('.message.pending'));
      if (row) globalThis.firstRow ??= row;
    }).observe(document.querySelector('#messages'), { childList: true });
  });
  await one.say('optimistic');
  await one.shows('optimistic');
  assert.ok(await one.page.evaluate(() => globalThis.firstRow === document.querySelector('#messages .message[data-id]')));
});

test('two tabs of one person show the same messages as their own', async () => {
  const id = await testuser.createConversation('Tabs', [other]);
  const first = await enter('testuser', id);
  const second = await Conversation.beside(world, first, id);
  await first.say('from the first tab');
  await second.shows('from the first tab');
  await second.say('from the second tab');
  for (const tab of [first, second]) {
    await tab.showsExactly(['from the first tab', 'from the second tab']);
    assert.equal(await tab.page.locator('#messages .mine').count(), 2);
  }
});

test('messages of one person that follow each other stand under one name', async () => {
  const [one, two_] = await two('Groups');
  for (const text of ['a', 'b']) await one.say(text);
  await two_.shows('b');
  await two_.say('c');
  await one.showsExactly(['a', 'b', 'c']);
  assert.deepEqual(await one.page.locator('#messages .sender').allTextContents(), ['Test User', 'Second User']);
});

test('who writes is named, at most two', async () => {
  const id = await testuser.createConversation('Typing', [other, alice]);
  const one = await enter('testuser', id);
  const line = one.page.locator('.typing');
  const second = await enter('testuser2', id);
  await second.input.pressSequentially('x');
  await line.getByText('Second User is typing…').waitFor();
  const third = await enter('alice', id);
  await third.input.pressSequentially('y');
  await line.getByText(/^.+ and .+ are typing…$/).waitFor();
  await second.say('done');
  await line.getByText('Alice Example is typing…').waitFor();
});

test('reactions are toggles that say who reacted', async () => {
  const [one, two_] = await two('Reactions');
  await one.say('nice work');
  await two_.shows('nice work');
  await two_.act('nice work', 'React with 👍');
  const mine = one.message('nice work').getByRole('button', { name: '👍 1: Second User' });
  await mine.waitFor();
  assert.equal(await mine.getAttribute('aria-pressed'), 'false');
  await mine.click();
  await two_.message('nice work').getByRole('button', { name: '👍 2: You, Test User' }).waitFor();
  const pressed = one.message('nice work').getByRole('button', { name: '👍 2: You, Second User' });
  assert.equal(await pressed.getAttribute('aria-pressed'), 'true');
  await one.isAccessible();
  await pressed.click();
  await two_.message('nice work').getByRole('button', { name: '👍 1: You' }).click();
  await one.message('nice work').locator('.reactions').waitFor({ state: 'detached' });
});

test('any emoji can be picked as a reaction', async () => {
  const [one, two_] = await two('Picked');
  await one.say('ship it');
  await two_.shows('ship it');
  await two_.act('ship it', 'Add a reaction');
  const picker = two_.page.getByRole('dialog', { name: 'Pick an emoji' });
  await picker.getByLabel('Search emoji').fill('rocket');
  await picker.getByRole('button', { name: 'rocket', exact: true }).waitFor();
  await two_.isAccessible();
  await picker.getByLabel('Search emoji').press('Enter');
  await one.message('ship it').getByRole('button', { name: '🚀 1: Second User' }).waitFor();
});

test('an edit shows everywhere, and says that it is one', async () => {
  const [one, two_] = await two('Edit');
  await one.say('teh answer');
  await two_.shows('teh answer');
  await one.input.press('ArrowUp');
  assert.equal(await one.input.inputValue(), 'teh answer');
  await one.say('the answer');
  await two_.shows('the answer');
  await two_.message('the answer').getByText('edited').waitFor();
  assert.equal(await one.input.inputValue(), '');
});

test('escape leaves an edit, and what was being written is there again', async () => {
  const [one] = await two('Aside');
  await one.say('first');
  await one.shows('first');
  await one.input.fill('half a thought');
  await one.act('first', 'Edit');
  assert.equal(await one.input.inputValue(), 'first');
  await one.isAccessible();
  await one.input.press('Escape');
  assert.equal(await one.input.inputValue(), 'half a thought');
});

test('a deleted message leaves a tombstone for everybody', async () => {
  const [one, two_] = await two('Delete');
  await one.say('too early');
  await two_.shows('too early');
  await one.choose('too early', 'Delete');
  await one.isAccessible();
  await one.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  for (const page of [one, two_]) {
    await page.page.locator('#messages .tombstone').waitFor();
    await page.showsExactly([]);
  }
});

test('members cannot edit or delete what others wrote, owners can delete it', async () => {
  const [one, two_] = await two('Rights');
  await one.say('of the owner');
  await two_.shows('of the owner');
  await two_.say('of the member');
  await one.shows('of the member');
  await two_.act('of the owner', 'More actions');
  assert.deepEqual(await entries(two_), ['Reply', 'Copy text', 'Copy link', 'Pin']);
  await one.act('of the member', 'More actions');
  assert.deepEqual(await entries(one), ['Reply', 'Copy text', 'Copy link', 'Pin', 'Delete']);
});

async function entries({ page }) {
  return (await page.getByRole('menuitem').allTextContents()).map((text) => text.trim());
}

test('an answer quotes what it answers, and a click goes there and back', async () => {
  const id = await testuser.createConversation('Reply', [other]);
  const lines = (name, length) => Array.from({ length }, (_, index) => `${name} ${index + 1}`);
  await other.sayAll(id, [...lines('before', 20), 'the question', ...lines('meanwhile', 50)]);
  const one = await enter('testuser', id);
  await one.shows('meanwhile 50');
  await one.message('the question').scrollIntoViewIfNeeded();
  await one.act('the question', 'Reply');
  await one.page.getByText('Replying to Second User').waitFor();
  await one.say('the answer');
  await one.shows('the answer');
  const quote = one.message('the answer').getByRole('button', { name: 'In reply to Second User the question' });
  await quote.click();
  const question = one.message('the question');
  await one.page.waitForFunction(() => document.querySelector('#messages .flashing'));
  assert.ok(Math.abs(await one.top(question) - await middle(one)) < 80, 'it stands in the middle');
  assert.match(one.page.url(), /\?m=\d+$/);
  await one.page.goBack();
  await one.message('the answer').and(one.page.locator(':visible')).waitFor();
  await one.page.waitForFunction(() => document.querySelector('.scroller').scrollTop === 0);
});

async function middle(conversation) {
  return conversation.scroller.evaluate((node) => node.clientHeight / 2);
}

test('a pin is marked for everybody', async () => {
  const [one, two_] = await two('Pin');
  await one.say('the address');
  await two_.shows('the address');
  await two_.choose('the address', 'Pin');
  await one.message('the address').getByText('Pinned').waitFor();
  await two_.choose('the address', 'Unpin');
  await one.message('the address').getByText('Pinned').waitFor({ state: 'detached' });
});

test('who is named sees it, and others see whom', async () => {
  const [one, two_] = await two('Mentions');
  await one.input.pressSequentially('hi @testus');
  const option = one.page.getByRole('option', { name: /testuser2/ });
  await option.waitFor();
  assert.deepEqual(await option.locator('bdi').allTextContents(), ['Second User', '@testuser2']);
  assert.equal(await one.input.getAttribute('aria-activedescendant'), await option.getAttribute('id'));
  await one.isAccessible();
  await one.input.press('Tab');
  assert.equal(await one.input.inputValue(), 'hi @testuser2 ');
  await one.input.press('Enter');
  await two_.shows('hi @testuser2');
  assert.match(await two_.message('hi @testuser2').getAttribute('class'), /\bmentioned\b/);
  assert.equal(await one.message('hi @testuser2').locator('.mention').textContent(), '@testuser2');
});

test('people who come and go, and a new title, are told in a line', async () => {
  const id = await testuser.createConversation('Comings', [other]);
  const one = await enter('testuser', id);
  await one.say('before');
  await one.shows('before');
  await testuser.call('POST', `/conversations/${id}/participants`, { user_id: alice.id });
  await one.page.getByText('You added Alice Example').waitFor();
  await alice.call('DELETE', `/conversations/${id}/participants/${alice.id}`);
  await one.page.getByText('Alice Example left').waitFor();
});

test('an archived conversation can only be read, and says so', async () => {
  const id = await testuser.createConversation('Archive', [other]);
  const one = await enter('testuser', id);
  await one.say('the last word');
  await one.shows('the last word');
  await testuser.call('PATCH', `/conversations/${id}`, { archived: true });
  await one.page.getByText('This conversation is archived: you can only read it.').waitFor();
  assert.equal(await one.input.count(), 0);
  await one.isAccessible();
});

test('screen readers hear one new message in full, and of several how many', async () => {
  const id = await testuser.createConversation('Heard', [other]);
  const one = await enter('testuser', id);
  await one.listen();
  await other.say(id, 'good **morning**');
  await one.page.waitForFunction(() => globalThis.heard.some((text) => text.startsWith('Second User: ')));
  await Promise.all([1, 2, 3].map((index) => other.say(id, `quick ${index}`)));
  await one.page.waitForFunction(() => globalThis.heard.some((text) => /^\d new messages$/.test(text)));
});
