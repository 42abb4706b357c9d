// The server dies and comes back while people write, the tab dies with what was not sent yet, the network is
// slow. Everything is there once, in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SERVER_IS_GONE, setUp } from './harness/browser.js';
import { Conversation } from './harness/conversation.js';
import { Workspace } from './harness/workspace.js';

const expected = [SERVER_IS_GONE, /net::ERR_INTERNET_DISCONNECTED/];
let testuser;
let other;

const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  other = await server.signIn('testuser2');
});
const enter = (id, options) => Conversation.enter(world, 'testuser', id, { expected, ...options });
const stored = async (id) => (await other.history(id)).map((message) => message.content);
const banner = (conversation) => conversation.page.locator('.banner');

test('messages written while the server is dead arrive once, and so do those of others', async () => {
  const id = await testuser.createConversation('Outage', [other]);
  const one = await enter(id);
  await one.say('before');
  await one.shows('before');

  await world.server.kill();
  const waiting = ['waiting one', 'waiting two', 'waiting three'];
  for (const text of waiting) await one.say(text);
  await banner(one).getByText('3 messages').waitFor();
  assert.equal(await one.page.locator('#messages .pending').count(), 3);
  await one.message('waiting one').getByText('Sending').waitFor();
  await one.isAccessible();

  await world.server.start();
  await one.shows('waiting three');
  await other.say(id, 'after');
  await one.showsExactly(['before', ...waiting, 'after']);
  assert.deepEqual(await stored(id), ['before', ...waiting, 'after']);
});

test('killing the server again and again while somebody writes loses and repeats nothing', async () => {
  const id = await testuser.createConversation('Storm', [other]);
  const one = await enter(id);
  const texts = [];
  for (let round = 1; round <= 4; round += 1) {
    for (let index = 1; index <= 8; index += 1) {
      texts.push(`round ${round} message ${index}`);
      await one.say(texts.at(-1));
    }
    // Some of the eight are stored, one may be on its way, the rest wait in the page.
    await world.server.kill();
    await world.server.start();
  }
  await one.showsExactly(texts);
  assert.deepEqual(await stored(id), texts);
});

test('messages of others that a page missed are there after it reconnects by itself', async () => {
  const id = await testuser.createConversation('Missed', [other]);
  const one = await enter(id);
  await other.say(id, 'seen live');
  await one.shows('seen live');

  await one.page.context().setOffline(true);
  await world.server.kill();
  await banner(one).getByRole('button', { name: 'Retry now' }).waitFor({ state: 'attached' }).catch(() => undefined);
  await world.server.start();
  const missed = Array.from({ length: 30 }, (_, index) => `missed ${index + 1}`);
  for (const text of missed) await other.say(id, text);
  await one.page.context().setOffline(false);
  await other.say(id, 'live again');
  await one.showsExactly(['seen live', ...missed, 'live again']);
});

test('a tab that dies offline with unsent messages sends them once when it is opened again', async () => {
  const id = await testuser.createConversation('Dead tab', [other]);
  const one = await enter(id);
  const context = one.page.context();
  await one.say('before');
  await one.shows('before');

  await world.server.kill();
  const waiting = ['unsent one', 'unsent two'];
  for (const text of waiting) await one.say(text);
  await one.message('unsent two').getByText('Sending').waitFor();
  await one.page.close({ runBeforeUnload: false });
  await world.server.start();

  const again = await Conversation.beside(world, one, id, { expected });
  await again.showsExactly(['before', ...waiting]);
  assert.deepEqual(await stored(id), ['before', ...waiting]);
  assert.equal(context.pages().length, 1);
});

test('a server that falls silent is noticed, and what was on its way arrives once', async () => {
  const id = await testuser.createConversation('Silence', [other]);
  const one = await enter(id);
  await one.say('before');
  await one.shows('before');
  world.server.freeze();
  // This one reaches the frozen server, which will store it when it wakes.
  await one.say('on its way');
  await one.message('on its way').getByText('Sending').waitFor();
  world.server.thaw();
  await one.say('after');
  await one.showsExactly(['before', 'on its way', 'after']);
  assert.deepEqual(await stored(id), ['before', 'on its way', 'after']);
});

test('on a slow network writing is as quick as ever, and the order stays', async () => {
  const id = await testuser.createConversation('Slow', [other]);
  const one = await enter(id);
  const session = await one.page.context().newCDPSession(one.page);
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 400, downloadThroughput: 40_000, uploadThroughput: 20_000 });
  const texts = Array.from({ length: 20 }, (_, index) => `slow ${index + 1}`);
  for (const text of texts) await one.say(text);
  // All rows are there at once; the server's word comes when it comes.
  assert.equal(await one.page.locator('#messages .message').count(), texts.length);
  await one.showsExactly(texts);
  assert.deepEqual(await stored(id), texts);
});

test('a conversation that does not exist, or that one is not in, says so', async () => {
  const unknown = [/status of 40[34]/, /^WebSocket connection/];
  const nowhere = await Workspace.enter(world, 'testuser', { path: '/c/999999', expected: unknown });
  await nowhere.page.getByRole('heading', { name: 'This conversation does not exist.' }).waitFor();
  await nowhere.isAccessible();
  const id = await other.createConversation('Theirs', []);
  const foreign = await Workspace.enter(world, 'testuser', { path: `/c/${id}`, expected: unknown });
  await foreign.page.getByRole('heading', { name: 'You are not in this conversation.' }).waitFor();
});
