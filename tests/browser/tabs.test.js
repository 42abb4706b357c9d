// Several tabs of one browser: each with a socket of its own, and one account, one history, one outbox.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SERVER_IS_GONE, setUp } from './harness/browser.js';
import { Conversation } from './harness/conversation.js';

let testuser;
let other;

const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  other = await server.signIn('testuser2');
});
const stored = async (id) => (await other.history(id)).map((message) => message.content);

/** Two tabs at one conversation. */
async function tabs(title, expected = []) {
  const id = await testuser.createConversation(title, [other]);
  const first = await Conversation.enter(world, 'testuser', id, { expected });
  const second = await Conversation.beside(world, first, id, { expected });
  return { id, first, second };
}

/** The sockets of the chat that a page has open, from a reload on. */
async function sockets(conversation) {
  const open = new Set();
  conversation.page.on('websocket', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await conversation.page.reload();
  await conversation.isOpen();
  return open;
}

test('each tab has a socket of its own, and goes on with it when another one closes', async () => {
  const { id, first, second } = await tabs('Own sockets');
  const one = await sockets(first);
  const two = await sockets(second);
  await other.say(id, 'to both');
  await first.shows('to both');
  await second.shows('to both');
  assert.deepEqual([one.size, two.size], [1, 1]);
  const [before] = two;

  await first.page.close();
  await other.say(id, 'to the one that is left');
  await second.shows('to the one that is left');
  await second.say('and from it');
  await second.showsExactly(['to both', 'to the one that is left', 'and from it']);
  assert.deepEqual([...two], [before], 'the same socket all the time');
});

test('what is written in one tab is once in both, in one order', async () => {
  const { id, first, second } = await tabs('Both write');
  const all = [];
  for (let turn = 1; turn <= 5; turn += 1) {
    for (const [tab, name] of [[first, 'first'], [second, 'second']]) {
      const text = `${name} ${turn}`;
      await tab.say(text);
      await tab.shows(text);
      all.push(text);
    }
  }
  await Promise.all([first.say('at once, first'), second.say('at once, second')]);
  for (const tab of [first, second]) for (const name of ['first', 'second']) await tab.shows(`at once, ${name}`);
  const texts = await stored(id);
  assert.deepEqual(texts.slice(0, -2), all);
  await first.showsExactly(texts);
  await second.showsExactly(texts);
  await second.page.reload();
  await second.showsExactly(texts);
});

test('what a tab could not send before it was closed is sent by the one that is left', async () => {
  const { id, first, second } = await tabs('Left behind', [SERVER_IS_GONE]);
  await first.say('before');
  await second.shows('before');
  await world.server.kill();
  for (const text of ['unsent one', 'unsent two']) await first.say(text);
  await first.message('unsent two').getByText('Sending').waitFor();
  await second.say('of the other');
  await first.page.close();
  await world.server.start();
  for (const text of ['unsent one', 'unsent two', 'of the other']) await second.shows(text);
  await second.showsExactly(await stored(id));
  assert.deepEqual((await stored(id)).sort(), ['before', 'of the other', 'unsent one', 'unsent two']);
});

test('signing out in one tab leads the other to the entrance, and takes what was not sent along', async () => {
  const { id, first, second } = await tabs('Signed out', [SERVER_IS_GONE]);
  await second.input.fill('a draft');
  await first.page.getByRole('button', { name: /^Your account/ }).click();
  await first.page.locator('[role^="menuitem"]', { hasText: 'Sign out' }).click();
  for (const { page } of [first, second]) await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  await second.page.getByRole('alert').filter({ hasText: 'your session was ended' }).waitFor();
  const again = await Conversation.enter(world, 'testuser', id);
  assert.equal(await again.input.inputValue(), '');
  assert.deepEqual(await stored(id), []);
});
