// What stands between and around the messages: days, what is new, what happened, pins, names.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Conversation, PNG } from './harness/conversation.js';

let testuser;
let other;
const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  other = await server.signIn('testuser2');
});

test('rows are as high where hours have twelve names as where they have twenty-four', async () => {
  const id = await testuser.createConversation('Hours', [other]);
  await other.sayAll(id, ['one', 'two', 'three']);
  const heights = [];
  for (const locale of ['en-GB', 'en-US']) {
    const one = await Conversation.enter(world, 'testuser', id, { locale });
    await one.shows('three');
    heights.push(await one.list.locator('.message').evaluateAll((rows) => rows.map((row) => row.offsetHeight)));
  }
  assert.deepEqual(heights[1], heights[0]);
});

test('a day is called today until midnight', async () => {
  const id = await testuser.createConversation('Midnight', [other]);
  await other.say(id, 'before midnight');
  const one = await Conversation.enter(world, 'testuser', id, { hasClock: true });
  await one.list.locator('.day', { hasText: 'Today' }).waitFor();
  await one.page.clock.fastForward('24:00:00');
  await one.list.locator('.day', { hasText: 'Yesterday' }).waitFor();
});

test('a conversation that was never opened opens at the first new message', async () => {
  const id = await testuser.createConversation('Never opened', [other]);
  await other.sayAll(id, Array.from({ length: 150 }, (_, index) => `line ${index + 1}`));
  const one = await Conversation.enter(world, 'testuser', id);
  await one.list.locator('.unread', { hasText: 'New · 150' }).waitFor();
  assert.equal(await one.list.locator('.unread + .message .text').textContent(), 'line 1');
  await one.pill.getByText(/^\d+ new · jump$/).click();
  await one.shows('line 150');
});

test('what happened is told in the log, also to who comes later', async () => {
  const id = await testuser.createConversation('Happenings', [other]);
  await other.sayAll(id, ['first', 'second']);
  await testuser.call('PATCH', `/conversations/${id}`, { topic: 'Boats' });
  await testuser.call('PATCH', `/conversations/${id}`, { archived: true });
  await testuser.call('PATCH', `/conversations/${id}`, { archived: false });
  await testuser.call('PUT', `/conversations/${id}/messages/${(await testuser.history(id))[0].id}/pin`);
  const expected = [
    'Test User changed the topic to “Boats”', 'Test User archived this conversation',
    'Test User unarchived this conversation', 'Test User pinned a message',
  ];
  const one = await Conversation.enter(world, 'testuser2', id);
  await one.list.locator('.happening').nth(expected.length - 1).waitFor();
  assert.deepEqual(await one.list.locator('.happening').allTextContents(), expected);
  await one.page.locator('.pins').getByText('first').waitFor();
  await one.isAccessible();
  await one.page.reload();
  await one.list.locator('.happening').nth(expected.length - 1).waitFor();
  assert.deepEqual(await one.list.locator('.happening').allTextContents(), expected);
});

test('a name leads to the profile, and the ticks stand beside the text', async () => {
  const id = await testuser.createConversation('Profile', [other]);
  const one = await Conversation.enter(world, 'testuser', id);
  await one.say('a first one of several words');
  await one.say('a second one');
  await one.shows('a second one');
  const gap = await one.message('a second one').evaluate((row) => {
    const range = document.createRange();
    range.selectNodeContents(row.querySelector('.text'));
    const [text, ticks] = [range.getBoundingClientRect(), row.querySelector('.status').getBoundingClientRect()];
    return ticks.left - text.right;
  });
  assert.ok(gap >= 0 && gap < 20, `${gap} px`);
  await one.list.locator('button.sender').first().click();
  await one.page.getByRole('dialog').getByText('@testuser').waitFor();
});

test('several pictures are an album, and the whole tile of a file is the link', async () => {
  const id = await testuser.createConversation('Album', [other]);
  const one = await Conversation.enter(world, 'testuser', id);
  const pictures = Array.from({ length: 5 }, (_, index) => ({ name: `${index}.png`, mimeType: 'image/png', buffer: PNG }));
  await one.page.locator('input[type=file]').setInputFiles([...pictures, { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }]);
  await one.input.press('Enter');
  const album = one.list.getByRole('group', { name: '5 pictures' });
  await album.getByRole('button').nth(4).waitFor();
  const tops = await album.getByRole('button').evaluateAll((all) => new Set(all.map((each) => each.getBoundingClientRect().top)).size);
  assert.equal(tops, 2);
  const [download] = await Promise.all([one.page.waitForEvent('download'), one.list.getByRole('link', { name: /notes\.txt/ }).click()]);
  assert.equal(download.suggestedFilename(), 'notes.txt');
});

test('on a very wide screen lines stay in a column', async () => {
  const id = await testuser.createConversation('Wide', [other]);
  await other.say(id, 'hello');
  const one = await Conversation.enter(world, 'testuser', id, { viewport: { width: 2560, height: 900 } });
  await one.shows('hello');
  assert.ok(await one.list.evaluate((list) => list.offsetWidth) <= 960);
});

test('who is taken out of a group is told so in place of its messages', async () => {
  const id = await testuser.createConversation('Club', [other]);
  await other.say(id, 'hello');
  const one = await Conversation.enter(world, 'testuser2', id);
  await one.shows('hello');
  await testuser.call('DELETE', `/conversations/${id}/participants/${other.id}`);
  await one.page.locator('.gone').getByText('Club').waitFor();
  assert.equal(await one.page.locator('.happening, .pill').count(), 0);
  await one.isAccessible();
});
