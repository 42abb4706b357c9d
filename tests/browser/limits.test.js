// With the rate limits of a real server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Conversation } from './harness/conversation.js';

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
