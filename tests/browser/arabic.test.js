// The page in Arabic, among people who write from left to right as well.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { PASSWORD } from './harness/server.js';

let testuser;
let mail;
const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  mail = await server.register('mail', { first_name: 'Post', last_name: 'Office' });
});

async function enter(path = '/') {
  const { page } = await world.visit(path, { locale: 'ar-EG' });
  await page.locator('#username').fill('testuser');
  await page.locator('#password').fill(PASSWORD);
  await page.locator('form button[type=submit]').click();
  await page.locator('nav.sidebar li').first().waitFor();
  return page;
}

/** Where each character of a text stands, from left to right. */
const asSeen = (target) => target.evaluate((node) => {
  const places = [];
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    for (let at = 0; at < text.length; at += 1) {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      places.push([range.getBoundingClientRect().left, text.data[at]]);
    }
  }
  return places.sort(([one], [other]) => one - other).map(([, char]) => char).join('');
});

const direction = (target) => target.evaluate((node) => getComputedStyle(node).direction);

test('what a field is for stands where its text begins, and each text has its own direction', async () => {
  const page = await enter('/c/1');
  const field = page.locator('#message-input');
  await field.waitFor();
  assert.equal(await direction(field), 'rtl', 'the placeholder');
  await field.fill('hello');
  assert.equal(await direction(field), 'ltr');
  await field.fill('مرحبا');
  assert.equal(await direction(field), 'rtl');
});

test('a name of Latin letters keeps its sign in front', async () => {
  const id = await testuser.createConversation('Letters', [mail]);
  const page = await enter(`/c/${id}`);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('mail');
  const note = page.locator('.choice .note').filter({ hasText: '@mail' });
  await note.waitFor();
  assert.equal(await asSeen(note), '@mail');
});

test('results of a search begin at the same side, whatever they are written in', async () => {
  const id = await testuser.createConversation('Results', [mail]);
  await mail.say(id, 'zebra in Latin letters');
  await mail.say(id, 'حمار zebra وحشي');
  const page = await enter();
  await page.keyboard.press('Control+Shift+f');
  await page.getByRole('search').locator('input').first().fill('zebra');
  const snippets = page.locator('.snippet');
  await snippets.nth(1).waitFor();
  const ends = await snippets.evaluateAll((all) => all.map((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return Math.round(range.getBoundingClientRect().right);
  }));
  assert.ok(Math.abs(ends[0] - ends[1]) <= 1, ends.join(', '));
});

test('all numbers are of one system, and nothing is ago twice', async () => {
  const id = await testuser.createConversation('Numbers', [mail]);
  for (let number = 0; number < 3; number += 1) await mail.say(id, 'one more');
  const page = await enter();
  const row = page.locator('nav.sidebar li').filter({ hasText: 'Numbers' });
  await row.locator('.badge').waitFor();
  assert.equal(await row.locator('.badge [aria-hidden]').textContent(), '٣');
  assert.match(await row.locator('time').textContent(), /^[^0-9]*[٠-٩][^0-9]*$/);
  assert.match(await page.title(), /^\([٠-٩]+\)/);
  const message = page.locator('#messages .message').last();
  await row.getByRole('link').click();
  await message.hover();
  await message.getByRole('toolbar').getByRole('button').first().click();
  assert.equal(await message.locator('.reactions .count').textContent(), '١');

  await page.locator('nav.sidebar .foot button').click();
  await page.getByRole('menuitem').first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'الجلسات' }).click();
  const text = dialog.locator('li .text').first();
  await text.waitFor();
  for (const line of await dialog.locator('li .text').allTextContents()) {
    assert.ok((line.match(/منذ|قبل/g) ?? []).length <= 1, line);
    assert.doesNotMatch(line, /[0-9]/);
  }
});

test('sentences have the digits of the reader, their own and those that they are filled with', async () => {
  const { page } = await world.visit('/register', { locale: 'ar-EG' });
  await page.locator('#password-hint').filter({ hasText: /^٨ / }).waitFor();
  assert.doesNotMatch(await page.locator('main').textContent(), /[0-9]/);
  // Where Latin digits are the custom, they are everybody's.
  const { page: other } = await world.visit('/register', { locale: 'ar-MA' });
  await other.locator('#password-hint').filter({ hasText: /^8 / }).waitFor();
  assert.doesNotMatch(await other.locator('main').textContent(), /[٠-٩]/);
});
