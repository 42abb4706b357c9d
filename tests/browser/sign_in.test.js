// Getting in and out: at the original document's page, and at the chat's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Chat, isAccessible, refused, setUp } from './harness/browser.js';
import { PASSWORD, Server } from './harness/server.js';
import { Workspace } from './harness/workspace.js';

const world = setUp();

// ---- the page of the original document ----

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
  await chat.isAccessible();

  await chat.signIn('testuser', PASSWORD, 1);
  await chat.hasStatus(/^Connected$/);
});

test('a conversation that does not exist is named', async () => {
  const chat = new Chat(await world.visit('/static/chat.html', { expected: [refused(404)] }));
  await chat.signIn('testuser', PASSWORD, 99);
  await chat.page.getByText('There is no conversation 99.').waitFor();
  await chat.hasStatus(/^Disconnected$/);
  await chat.signIn('testuser', PASSWORD, 'one');
  await chat.page.getByText('A conversation ID is a whole number, 1 or more.').waitFor();
});

test('somebody who is not a participant is told so', async () => {
  const alice = await world.server.signIn('alice');
  const conversation = await alice.createConversation('Not for testuser', [await world.server.signIn('testuser2')]);
  const chat = new Chat(await world.visit('/static/chat.html', { expected: [refused(403)] }));
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
  const visit = await world.visit('/static/chat.html', { expected: [refused(401)] });
  const chat = new Chat(visit);
  const answer = visit.page.waitForResponse(/\/auth\/token$/);
  await chat.signIn('testuser', PASSWORD, 1);
  const { access_token: token } = await (await answer).json();
  await chat.hasStatus(/^Connected$/);
  await chat.say('still there');
  await chat.shows('still there');

  await world.server.call(token, 'POST', '/auth/logout');
  await chat.page.getByRole('alert').filter({ hasText: 'your session was ended' }).waitFor();
  await chat.hasStatus(/^Disconnected$/);
  await chat.signIn('testuser', PASSWORD, 1);
  await chat.hasStatus(/^Connected$/);
  await chat.shows('still there');
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

// ---- the chat's own page ----

test('a reload stays signed in, and no token is where scripts of another page could find it', async () => {
  const workspace = await Workspace.enter(world, 'testuser');
  await workspace.row('Roommate Chat').waitFor();
  await workspace.page.reload();
  await workspace.row('Roommate Chat').waitFor();
  const stored = await workspace.page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(stored, [0, 0, '']);
});

test('signing out leaves nothing behind, in any tab', async () => {
  const first = await Workspace.enter(world, 'testuser');
  const second = await Workspace.beside(world, first);
  await second.row('Roommate Chat').waitFor();
  await first.account('Sign out');
  await first.page.getByLabel('Username').waitFor();
  assert.equal(await first.page.getByLabel('Username').inputValue(), '', 'nothing is offered after leaving');
  await second.page.getByRole('alert').filter({ hasText: 'your session was ended' }).waitFor();
  await second.page.reload();
  await second.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
});

test('whose account is disabled reads that, and whose session is ended reads so', async () => {
  for (const [name, end, sentence] of [
    ['fired', () => world.server.command('user', 'disable', 'fired'), 'your account was disabled'],
    ['moved', (token) => world.server.call(token, 'POST', '/auth/logout'), 'your session was ended'],
  ]) {
    await world.server.register(name);
    const visit = await world.visit('/', { expected: [refused(401)] });
    const answer = visit.page.waitForResponse(/\/auth\/token$/);
    const workspace = new Workspace(visit);
    await workspace.signIn(name);
    const { access_token: token } = await (await answer).json();
    await workspace.page.getByText('No conversations yet').waitFor();
    await end(token);
    const alert = workspace.page.getByRole('alert');
    await alert.filter({ hasText: 'You are signed out' }).waitFor();
    assert.match(await alert.textContent(), new RegExp(`: ${sentence}\\.`));
  }
});

test('nothing at the entrance moves: it is shown when the server has said what it is', async (t) => {
  const fresh = await Server.start({ isEmpty: true });
  t.after(() => fresh.remove());
  const foreign = await Server.start({ isEmpty: true, options: ['--password-login', 'off'] });
  t.after(() => foreign.remove());
  for (const [url, hasForm] of [['/', true], [fresh.url, true], [foreign.url, false]]) {
    for (const locale of ['en-GB', 'ar']) {
      const { page } = await world.visit(url, { viewport: { width: 320, height: 640 }, locale });
      let answer;
      const isWanted = new Promise((resolve) => { answer = resolve; });
      await page.route(/\/healthz$/, async (route) => {
        await isWanted;
        await route.continue();
      });
      await page.addInitScript(() => {
        window.seen = { forms: 0, shifts: [] };
        new MutationObserver(() => { window.seen.forms = Math.max(window.seen.forms, document.forms.length); })
          .observe(document, { childList: true, subtree: true });
        new PerformanceObserver((list) => window.seen.shifts.push(...list.getEntries().map(({ value }) => value)))
          .observe({ type: 'layout-shift' });
      });
      const asked = page.waitForRequest(/\/healthz$/);
      await page.reload();
      await asked;
      // Two frames: what is painted and told of by then is all that comes before the answer.
      const settle = () => page.evaluate(() => new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)));
      }));
      await settle();
      answer();
      await page.locator('.entrance .hint').waitFor();
      await settle();
      assert.deepEqual(await page.evaluate(() => window.seen), { forms: hasForm ? 1 : 0, shifts: [] }, `${url}, ${locale}`);
    }
  }
});

test('empty fields are named before the server is asked', async () => {
  const { page } = await world.visit('/');
  await page.getByText('This is a demo.').waitFor();
  await page.getByLabel('Username').fill('');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('#username-error').filter({ hasText: 'Enter your username.' }).waitFor();
  assert.ok(await page.getByLabel('Username').evaluate((node) => node === document.activeElement));
});

test('somebody makes an account and finds an empty workspace that helps', async () => {
  const { page } = await world.visit('/');
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.locator('#username-error').filter({ hasText: 'Choose a username.' }).waitFor();
  await isAccessible(page);
  await page.getByLabel('Username').fill('carol');
  await page.getByLabel('E-mail address').fill('carol@example.com');
  await page.getByLabel('Password').fill('a long sentence');
  await page.getByLabel('First name').fill('Carol');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('No conversations yet').waitFor();
  await isAccessible(page);
  await page.getByRole('navigation', { name: 'Conversations' }).getByRole('button', { name: 'New conversation' }).last().click();
  await page.getByRole('dialog', { name: 'New conversation' }).waitFor();
});

test('a name that is taken is told next to its field', async () => {
  const { page } = await world.visit('/', { expected: [refused(400)] });
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByLabel('Username').fill('TestUser');
  await page.getByLabel('E-mail address').fill('other@example.com');
  await page.getByLabel('Password').fill('a long sentence');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.locator('#username-error').waitFor();
});

test('registering is a page of its own, which Back leaves', async () => {
  const { page } = await world.visit('/register');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.waitForURL(/\/register$/);
  await page.goBack();
  await page.getByRole('heading', { name: 'Sign in to chat' }).waitFor();
  await page.goForward();
  await isAccessible(page);
  await page.getByLabel('Username').fill('newcomer');
  await page.getByLabel('E-mail address').fill('newcomer@example.com');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.locator('nav.sidebar').waitFor();
  assert.equal(new URL(page.url()).pathname, '/');
});

test('where another application signs its users in, there is a sentence and no form', async (t) => {
  const server = await Server.start({ isEmpty: true, options: ['--password-login', 'off'] });
  t.after(() => server.remove());
  for (const path of ['/', '/register', '/static/chat.html']) {
    const { page } = await world.visit(server.url + path);
    await page.getByText('You cannot sign in with a password here.').waitFor();
    assert.equal(await page.locator('form').count(), 0);
    await isAccessible(page);
  }
});
