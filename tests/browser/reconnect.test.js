// The server dies and comes back while people write. Everything is there once, in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SERVER_IS_GONE, setUp } from './harness/browser.js';

const expected = [SERVER_IS_GONE];
let testuser;
let other;

const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  other = await server.signIn('testuser2');
});

test('messages written while the server is dead arrive once, and so do those of others', async () => {
  const conversation = await testuser.createConversation('Outage', [other]);
  const chat = await world.chat('testuser', conversation, { expected });
  await chat.say('before');
  await chat.shows('before');

  await world.server.kill();
  await chat.hasStatus(/^Reconnecting in \d+ s…$/);
  const waiting = ['waiting one', 'waiting two', 'waiting three'];
  for (const text of waiting) await chat.say(text);
  await chat.page.getByText('3 messages are waiting to be sent.').waitFor();
  assert.equal(await chat.page.locator('#messages .pending').count(), 3);

  await world.server.start();
  await chat.hasStatus(/^Connected$/);
  await other.say(conversation, 'after');
  await chat.showsExactly(['before', ...waiting, 'after']);
  const stored = await other.history(conversation);
  assert.deepEqual(stored.map((message) => message.content), ['before', ...waiting, 'after']);
});

test('messages of others that a page missed are there after it reconnects by itself', async () => {
  const conversation = await testuser.createConversation('Missed', [other]);
  const chat = await world.chat('testuser', conversation, { expected });
  await other.say(conversation, 'seen live');
  await chat.shows('seen live');

  // The page may not come back before the others have written.
  await chat.page.context().setOffline(true);
  await world.server.kill();
  await chat.hasStatus(/^Reconnecting in \d+ s…$/);
  await world.server.start();
  const missed = Array.from({ length: 30 }, (_, index) => `missed ${index + 1}`);
  for (const text of missed) await other.say(conversation, text);
  await chat.page.context().setOffline(false);

  await chat.hasStatus(/^Connected$/);
  await other.say(conversation, 'live again');
  await chat.showsExactly(['seen live', ...missed, 'live again']);
});

test('killing the server again and again while a user writes loses and repeats nothing', async () => {
  const conversation = await testuser.createConversation('Storm', [other]);
  const chat = await world.chat('testuser', conversation, { expected });
  const texts = [];
  for (let round = 1; round <= 4; round += 1) {
    for (let index = 1; index <= 8; index += 1) {
      const text = `round ${round} message ${index}`;
      texts.push(text);
      await chat.say(text);
    }
    // Some of the eight are stored, one may be on its way, the rest wait in the page.
    await world.server.kill();
    await chat.hasStatus(/^Reconnecting in \d+ s…$/);
    await world.server.start();
    await chat.hasStatus(/^Connected$/);
  }
  await chat.showsExactly(texts);
  const stored = await other.history(conversation);
  assert.deepEqual(stored.map((message) => message.content), texts);
});

test('nobody has to wait for the next try', async () => {
  const conversation = await testuser.createConversation('Impatience', [other]);
  const chat = await world.chat('testuser', conversation, { expected, hasClock: true });
  await world.server.kill();
  await chat.hasStatus(/^Reconnecting in \d+ s…$/);
  // From here on the page's own timers stand still.
  await chat.page.clock.pauseAt(Date.now() + 60_000);
  await chat.hasStatus(/^Reconnecting in \d+ s…$/);
  await world.server.start();
  await chat.page.getByRole('button', { name: 'Retry now' }).click();
  await chat.hasStatus(/^Connected$/);
  await chat.page.getByRole('button', { name: 'Retry now' }).waitFor({ state: 'hidden' });
});

test('a server that falls silent is noticed, and what was on its way arrives once', async () => {
  const conversation = await testuser.createConversation('Silence', [other]);
  const chat = await world.chat('testuser', conversation, { expected, hasClock: true });
  await chat.say('before');
  await chat.shows('before');

  world.server.freeze();
  // This one reaches the frozen server, which will store it when it wakes.
  await chat.say('on its way');
  await chat.page.clock.fastForward(16_000);
  await chat.hasStatus(/^Reconnecting in \d+ s…$|^Connecting…$/);
  world.server.thaw();
  await chat.page.clock.fastForward(2_000);
  await chat.hasStatus(/^Connected$/);
  await chat.say('after');
  await chat.showsExactly(['before', 'on its way', 'after']);
  const stored = await other.history(conversation);
  assert.deepEqual(stored.map((message) => message.content), ['before', 'on its way', 'after']);
});
