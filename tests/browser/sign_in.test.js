// Signing in, being refused, and being sent back.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Chat, refused, setUp } from './harness/browser.js';
import { PASSWORD } from './harness/server.js';

const world = setUp();

test('the fields of a demo hold its first account', async () => {
  const { page } = await world.visit('/static/chat.html');
  await page.getByText('This is a demo.').waitFor();
  assert.equal(await page.getByLabel('Username').inputValue(), 'testuser');
  assert.equal(await page.getByLabel('Password').inputValue(), PASSWORD);
  assert.equal(await page.getByLabel('Conversation ID').inputValue(), '1');
  await page.getByRole('button', { name: 'Login & Connect', exact: true }).click();
  await page.getByRole('status').filter({ hasText: /^Connected$/ }).waitFor();
});

test('a wrong password is told next to its field, and the right one then works', async () => {
  const chat = new Chat(await world.visit('/static/chat.html', { expected: [refused(401)] }));
  await chat.signIn('testuser', 'not the password', 1);
  const field = chat.page.getByLabel('Password');
  await chat.page.locator('#password-error').filter({ hasText: 'wrong' }).waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.equal(await field.getAttribute('aria-describedby'), 'password-error');
  assert.ok(await field.evaluate((node) => node === document.activeElement));
  await chat.hasStatus(/^Disconnected$/);

  await chat.signIn('testuser', PASSWORD, 1);
  await chat.hasStatus(/^Connected$/);
});

test('a conversation that does not exist is named', async () => {
  const chat = new Chat(await world.visit('/static/chat.html'));
  await chat.signIn('testuser', PASSWORD, 99);
  await chat.page.getByText('There is no conversation 99.').waitFor();
  await chat.hasStatus(/^Disconnected$/);
  await chat.signIn('testuser', PASSWORD, 'one');
  await chat.page.getByText('A conversation ID is a whole number, 1 or more.').waitFor();
});

test('somebody who is not a participant is told so', async () => {
  const alice = await world.server.signIn('alice');
  const conversation = await alice.createConversation('Not for testuser', [await world.server.signIn('testuser2')]);
  const chat = new Chat(await world.visit('/static/chat.html'));
  await chat.signIn('testuser', PASSWORD, conversation);
  await chat.page.getByText(`You are not a participant of conversation ${conversation}.`).waitFor();
  await chat.hasStatus(/^Disconnected$/);
});

test('disconnecting goes back to the form and forgets the token and the messages', async () => {
  const chat = await world.chat('testuser', 1);
  await chat.say('before leaving');
  await chat.shows('before leaving');
  await chat.page.getByRole('button', { name: 'Disconnect' }).click();
  await chat.hasStatus(/^Disconnected$/);
  await chat.page.getByRole('button', { name: 'Login & Connect' }).waitFor();
  assert.equal(await chat.texts.count(), 0);
  assert.equal(await chat.page.getByLabel('Password').inputValue(), '');
  const stored = await chat.page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(stored, [0, 0, '']);
});

test('a session that is ended elsewhere leads back to the form, and on from there', async () => {
  const visit = await world.visit('/static/chat.html');
  const chat = new Chat(visit);
  const answer = visit.page.waitForResponse(/\/auth\/token$/);
  await chat.signIn('testuser', PASSWORD, 1);
  const { access_token: token } = await (await answer).json();
  await chat.hasStatus(/^Connected$/);
  await chat.say('still on screen');
  await chat.shows('still on screen');

  await world.server.call(token, 'POST', '/auth/logout');
  await chat.page.getByRole('alert').filter({ hasText: 'Your session was ended.' }).waitFor();
  await chat.hasStatus(/^Disconnected$/);
  await chat.signIn('testuser', PASSWORD, 1);
  await chat.hasStatus(/^Connected$/);
  assert.equal(await chat.message('still on screen').count(), 1);
});

test('the keyboard alone signs in and sends', async () => {
  const { page } = await world.visit('/static/chat.html');
  const tabTo = async (selector) => {
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press('Tab');
      if (await page.locator(selector).evaluate((node) => node === document.activeElement)) return;
    }
    assert.fail(`Tab never reaches ${selector}`);
  };
  const type = async (selector, text) => {
    await tabTo(selector);
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
  };
  await page.getByText('This is a demo.').waitFor();
  await type('#username', 'testuser');
  await type('#password', PASSWORD);
  await type('#conversation-id', '1');
  await tabTo('#connect');
  const outline = await page.locator('#connect').evaluate((node) => getComputedStyle(node).outlineStyle);
  assert.equal(outline, 'solid', 'the focus is visible');
  await page.keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: /^Connected$/ }).waitFor();
  await page.waitForFunction(() => document.activeElement.id === 'message-input');
  await page.keyboard.type('typed without a mouse');
  await page.keyboard.press('Enter');
  await page.locator('#messages [data-id] .text', { hasText: 'typed without a mouse' }).waitFor();
});
