// A long history: the page holds a window of it, and nothing that is read ever moves.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Conversation } from './harness/conversation.js';

const COUNT = 5000;
const MAX_ROWS = 320;
let testuser;
let other;
let long;

const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  other = await server.signIn('testuser2');
  long = await testuser.createConversation('Long', [other]);
  await other.sayAll(long, Array.from({ length: COUNT }, (_, index) => textOf(index + 1)));
  await testuser.call('POST', `/conversations/${long}/read`, { seq: COUNT });
});
const enter = (id, options) => Conversation.enter(world, 'testuser', id, options);

/** Texts of different heights, so that a wrong guess would show. */
function textOf(index) {
  return `message ${index}${' and more of it'.repeat((index * 7) % 23)}`;
}

/** Scrolls in one direction until the wanted row is there; says how far any row that stayed was moved by what was loaded. */
async function scrollUntil(conversation, step, done) {
  let worst = 0;
  for (let round = 0; round < 400; round += 1) {
    const moved = await conversation.page.evaluate(async (by) => {
      const scroller = document.querySelector('.scroller');
      scroller.scrollTop += by;
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const { top, bottom } = scroller.getBoundingClientRect();
      const rows = [...document.querySelectorAll('#messages li[data-seq]')];
      const row = rows.find((node) => node.getBoundingClientRect().bottom > top && node.getBoundingClientRect().top < bottom);
      const before = row.getBoundingClientRect().top;
      // Until the next page is there, or a while if none was asked for.
      const count = rows.length;
      const first = rows[0].dataset.seq;
      const last = rows.at(-1).dataset.seq;
      for (let frame = 0; frame < 12; frame += 1) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const now = [...document.querySelectorAll('#messages li[data-seq]')];
        if (now.length !== count || now[0].dataset.seq !== first || now.at(-1).dataset.seq !== last) break;
      }
      return { shift: row.isConnected ? row.getBoundingClientRect().top - before : 0, rows: document.querySelectorAll('#messages .message').length };
    }, step);
    worst = Math.max(worst, Math.abs(moved.shift));
    assert.ok(moved.rows <= MAX_ROWS, `${moved.rows} rows`);
    if (await done()) return worst;
  }
  throw new Error('scrolled for too long');
}

test('five thousand messages are read up and down in a bounded page, without a shift', async () => {
  const one = await enter(long);
  await one.shows(textOf(COUNT));
  assert.equal(await one.scroller.evaluate((node) => node.scrollTop), 0, 'it begins at the end');

  const first = one.message(textOf(1));
  const up = await scrollUntil(one, -3000, async () => (await first.count()) > 0);
  assert.ok(up < 1, `no shift on the way up: ${up} px`);
  await one.page.getByText('This is the beginning of Long.').waitFor();
  const last = one.message(textOf(COUNT));
  const down = await scrollUntil(one, 3000, async () => (await last.count()) > 0);
  assert.ok(down < 1, `no shift on the way down: ${down} px`);
});

test('a reader of old messages is not moved by new ones, and told how many there are', async () => {
  const id = await testuser.createConversation('Reading', [other]);
  await other.sayAll(id, Array.from({ length: 100 }, (_, index) => `old ${index + 1}`));
  await testuser.call('POST', `/conversations/${id}/read`, { seq: 100 });
  const one = await enter(id);
  await one.shows('old 100');
  await one.scrollTo(-900);
  // Far from the end: from now on what comes is new to the reader.
  await one.pill.waitFor();
  const row = one.message('old 70');
  const before = await one.top(row);
  for (const text of ['new one', 'new two', 'new three']) await other.say(id, text);
  await one.pill.getByText('3 new messages').waitFor();
  assert.ok(Math.abs(await one.top(row) - before) < 0.5, 'the row being read did not move');
  await one.isAccessible();
  await one.pill.click();
  await one.pill.waitFor({ state: 'detached' });
  assert.equal(await one.scroller.evaluate((node) => node.scrollTop), 0);
});

test('whoever is near the end stays at it', async () => {
  const id = await testuser.createConversation('Sticky', [other]);
  await other.sayAll(id, Array.from({ length: 60 }, (_, index) => `old ${index + 1}`));
  await testuser.call('POST', `/conversations/${id}/read`, { seq: 60 });
  const one = await enter(id);
  await one.shows('old 60');
  await one.scrollTo(-60);
  await other.say(id, 'new one');
  await one.shows('new one');
  await one.page.waitForFunction(() => document.querySelector('.scroller').scrollTop === 0);
});

test('a conversation opens at what is new, and the mark stays for the visit', async () => {
  const id = await testuser.createConversation('Unread', [other]);
  await other.sayAll(id, Array.from({ length: 200 }, (_, index) => `line ${index + 1}`));
  await testuser.call('POST', `/conversations/${id}/read`, { seq: 60 });
  const one = await enter(id);
  await one.page.locator('#messages .unread').waitFor();
  const next = await one.page.locator('#messages .unread + .message .text').textContent();
  assert.equal(next, 'line 61');
  await one.page.waitForFunction(() => {
    const top = document.querySelector('#messages .unread').getBoundingClientRect().top;
    return top > 0 && top < innerHeight;
  });
  await one.isAccessible();
  // Reading to the end marks it as read; the mark is still there.
  await one.page.getByRole('button', { name: /Go to the newest|new messages/ }).click();
  await one.shows('line 200');
  await readUpTo(id, 200);
});

async function readUpTo(id, seq) {
  for (let round = 0; round < 100; round += 1) {
    const people = await testuser.call('GET', `/conversations/${id}/participants`);
    if (people.find((person) => person.id === testuser.id).read_seq >= seq) return;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  assert.fail(`never read up to ${seq}`);
}

test('a link to a message opens there, in the middle, and lights it up', async () => {
  const middle = (await other.history(long, `?after=${COUNT / 2 - 1}&limit=1`))[0];
  const one = await enter(long, { focus: middle.id });
  const row = one.message(textOf(COUNT / 2));
  await row.and(one.page.locator('.flashing')).waitFor();
  const height = await one.scroller.evaluate((node) => node.clientHeight);
  assert.ok(Math.abs(await one.top(row) - height / 2) < 100, 'it stands in the middle');
  // From the middle of nowhere to the newest message.
  await one.page.getByRole('button', { name: 'Go to the newest message' }).click();
  await one.shows(textOf(COUNT));
});

test('the place in a conversation is found again after another one', async () => {
  await testuser.createConversation('Elsewhere', [other]);
  const one = await enter(long);
  await one.shows(textOf(COUNT));
  await one.scrollTo(-4000);
  // The next page came, and the reader stayed.
  await one.page.waitForFunction(() => document.querySelectorAll('#messages .message').length > 100);
  const text = await one.page.evaluate(() => {
    const { top } = document.querySelector('.scroller').getBoundingClientRect();
    const row = [...document.querySelectorAll('#messages .message')].find((node) => node.getBoundingClientRect().top > top);
    return row.querySelector('.text').textContent;
  });
  const before = await one.top(one.message(text));
  await one.page.getByRole('link', { name: /Elsewhere/ }).click();
  await one.page.getByRole('heading', { name: 'No messages yet' }).waitFor();
  await one.isAccessible();
  await one.page.getByRole('link', { name: /Long/ }).click();
  await one.shows(text);
  await one.page.waitForFunction(() => document.querySelector('.scroller').scrollTop < 0);
  assert.ok(Math.abs(await one.top(one.message(text)) - before) < 1, 'the same row at the same height');
});

