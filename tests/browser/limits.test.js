// With the rate limits of a real server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';

const world = setUp(undefined, { areLimitsOn: true });

test('writing faster than the server allows only takes longer', async () => {
  const testuser = await world.server.signIn('testuser');
  const conversation = await testuser.createConversation('Fast', [await world.server.signIn('testuser2')]);
  const chat = await world.chat('testuser', conversation);
  const texts = Array.from({ length: 60 }, (_, index) => `fast ${index + 1}`);
  await chat.page.evaluate((all) => {
    const input = document.getElementById('message-input');
    for (const text of all) {
      input.value = text;
      input.form.requestSubmit();
    }
  }, texts);
  await chat.page.getByRole('alert').waitFor();
  await chat.showsExactly(texts);
  assert.equal(await chat.page.getByRole('alert').count(), 0);
  assert.deepEqual((await testuser.history(conversation)).map((message) => message.content), texts);
});
