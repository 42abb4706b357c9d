// With the rate limits of a real server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Conversation } from './harness/conversation.js';
import { PASSWORD } from './harness/server.js';
import { Workspace } from './harness/workspace.js';

const world = setUp(undefined, { areLimitsOn: true });

test('writing faster than the server allows only takes longer', async () => {
  const testuser = await world.server.signIn('testuser');
  const id = await testuser.createConversation('Fast', [await world.server.signIn('testuser2')]);
  const one = await Conversation.enter(world, 'testuser', id);
  const texts = Array.from({ length: 60 }, (_, index) => `fast ${index + 1}`);
  await one.page.evaluate(async (all) => {
    const input = document.getElementById('message-input');
    for (const text of all) {
      input.value = text;
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
      input.form.requestSubmit();
      await Promise.resolve();
    }
  }, texts);
  await one.showsExactly(texts);
  assert.deepEqual((await testuser.history(id)).map((message) => message.content), texts);
});

/** As many as a user may have open, less `free`, are other devices'. */
async function crowd(name, free) {
  const account = await world.server.signIn(name);
  return Promise.all(Array.from({ length: 10 - free }, () => account.attach()));
}
const banner = (workspace) => workspace.page.locator('.banner');

test('whoever has too many sockets open reads why, and gets in when one closes', async () => {
  const [socket] = await crowd('alice', 0);
  const workspace = new Workspace(await world.visit('/'));
  await workspace.page.getByLabel('Username').fill('alice');
  await workspace.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await workspace.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await banner(workspace).getByText('The chat is open too often with your account.').waitFor();
  await workspace.isAccessible();
  const closed = once(socket, 'close');
  socket.close();
  await closed;
  await banner(workspace).getByRole('button', { name: 'Retry now' }).click();
  await workspace.list.getByRole('button', { name: /^Your account: ./ }).waitFor();
  await banner(workspace).getByText('The chat is open').waitFor({ state: 'detached' });
});

test('a tab that makes room for another one says so, and goes on when it is wanted', async () => {
  await crowd('testuser2', 2);
  const first = await Workspace.enter(world, 'testuser2');
  await first.row('Roommate Chat').waitFor();
  const second = await Workspace.beside(world, first);
  await second.row('Roommate Chat').waitFor();
  const third = await Workspace.beside(world, first);
  await banner(second).getByText('The chat goes on in another tab').waitFor();
  await second.isAccessible();
  await third.row('Roommate Chat').waitFor();
  await banner(second).getByRole('button', { name: 'Go on here' }).click();
  await banner(third).getByText('The chat goes on in another tab').waitFor();
  await banner(second).getByText('The chat goes on').waitFor({ state: 'detached' });
  assert.equal(await banner(first).textContent(), '', 'the first tab always has its socket');
});
