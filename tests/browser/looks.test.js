// Accessibility in both colour schemes and on a phone. UPDATE_SCREENSHOTS=1 writes the pictures anew.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Chat, setUp } from './harness/browser.js';

const SIZES = {
  desktop: { width: 1100, height: 760 },
  phone: { width: 390, height: 780 },
  narrow: { width: 320, height: 640 },
};
let conversation;

const world = setUp(async ({ server }) => {
  const [testuser, testuser2, alice] = await Promise.all(
    ['testuser', 'testuser2', 'alice'].map((name) => server.signIn(name)),
  );
  conversation = await alice.createConversation('Release day', [testuser, testuser2]);
  const lines = [
    [alice, 'Morning! The release notes are ready for a last look.'],
    [alice, 'Short version: nothing is lost when the server restarts, and nothing comes twice. Longer version below, '
      + 'for everybody who likes to read before the first coffee.'],
    [testuser, 'Reading now'],
    [testuser2, 'مرحبا! هل كل شيء جاهز للإصدار؟'],
    [testuser2, 'I tried it on the train: three messages written in a tunnel, all arrived in order 🎉'],
    [testuser, 'Perfect. Two small things:\n1. the date in the heading\n2. a link that points nowhere'],
    [alice, 'Fixed both 👍'],
    [testuser, 'Then let us ship it at three.'],
  ];
  for (const [account, text] of lines) await account.say(conversation, text);
});

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`signing in is accessible and fits: ${colorScheme}, ${size}`, async () => {
      const chat = new Chat(await world.visit('/static/chat.html', { colorScheme, viewport }));
      await chat.page.getByText('This is a demo.').waitFor();
      await chat.isAccessible();
      await fits(chat.page);
      await picture(chat.page, `login-${colorScheme}-${size}`);
    });

    test(`talking is accessible and fits: ${colorScheme}, ${size}`, async () => {
      const chat = await world.chat('testuser', conversation, { colorScheme, viewport });
      await chat.shows('Then let us ship it at three.');
      await chat.isAccessible();
      await fits(chat.page);
      await picture(chat.page, `chat-${colorScheme}-${size}`);
    });
  }

  test(`a refused message is accessible: ${colorScheme}`, async () => {
    const chat = await world.chat('testuser', conversation, { colorScheme, viewport: SIZES.phone });
    await chat.say('far too long '.repeat(400));
    await chat.page.locator('#messages .failed').waitFor();
    await chat.isAccessible();
    await fits(chat.page);
  });
}

async function fits(page) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
}

async function picture(page, name) {
  if (process.env.UPDATE_SCREENSHOTS !== '1' || name.endsWith('-narrow')) return;
  await page.screenshot({ path: fileURLToPath(new URL(`screenshots/${name}.png`, import.meta.url)), caret: 'hide' });
}
