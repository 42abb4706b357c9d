// The first minutes of a real server: the link, the first administrator, the first message.

import { test } from 'node:test';

import { Chat, isAccessible, refused, setUp } from './harness/browser.js';

const PASSWORD = 'a password nobody knows';
const world = setUp(undefined, { isEmpty: true });
const setupPath = () => world.server.setupUrl.replace(world.server.url, '');

async function fillIn(page) {
  await page.getByLabel('Username').fill('first');
  await page.getByLabel('E-mail address').fill('first@example.com');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Create administrator' }).click();
}

test('the setup link makes the first administrator, who can then chat', async () => {
  const visit = await world.visit(setupPath());
  const { page } = visit;
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await isAccessible(page);
  }
  await fillIn(page);
  await page.getByText('The account is made.').waitFor();
  await page.getByRole('link', { name: 'Go to the chat' }).click();

  const first = await world.server.signIn('first', PASSWORD);
  const conversation = await first.createConversation('Hello', []);
  const chat = new Chat(visit);
  // A real server gives no account away.
  await chat.page.getByText('Use your account on this server').waitFor();
  await chat.signIn('first', PASSWORD, conversation);
  await chat.hasStatus(/^Connected$/);
  await chat.say('is this on?');
  await chat.showsExactly(['is this on?']);
});

test('a setup link that was used, or is cut, is refused with a sentence', async () => {
  const used = await world.visit(setupPath(), { expected: [refused(403)] });
  await fillIn(used.page);
  await used.page.getByRole('alert').filter({ hasText: 'used' }).waitFor();
  const cut = await world.visit('/setup');
  await cut.page.getByRole('alert').filter({ hasText: 'its last part is missing' }).waitFor();
});
