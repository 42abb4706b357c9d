// What is heard of a message: two soft tones that the page makes itself, in one tab alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Workspace } from './harness/workspace.js';

let other;
const ids = {};
const world = setUp(async ({ server }) => {
  const testuser = await server.signIn('testuser');
  other = await server.signIn('alice');
  for (const title of ['Looked at', 'Elsewhere', 'Quiet', 'Apart']) ids[title] = await testuser.createConversation(title, [other]);
  await testuser.call('PUT', `/conversations/${ids.Quiet}/notifications`, { level: 'none' });
});

/** Writes down every tone from now on, and has the page clicked: before that, no browser plays anything. */
async function listen({ page }) {
  await page.evaluate(() => {
    globalThis.tones = [];
    const { start } = OscillatorNode.prototype;
    OscillatorNode.prototype.start = function (...when) {
      globalThis.tones.push(this.frequency.value);
      start.apply(this, when);
    };
  });
  await page.locator('body').click({ position: { x: 900, y: 400 } });
}

const tones = ({ page }) => page.evaluate(() => globalThis.tones);
const hears = async ({ page }, count) => page.waitForFunction((wanted) => globalThis.tones.length === wanted, count);
const say = (title) => other.say(ids[title], 'a word');
const counts = (workspace, title, count) => workspace.badges(title).filter({ hasText: `${count} unread` }).waitFor();

test('a message that nobody looks at is heard once, in one of the tabs', async () => {
  const first = await Workspace.enter(world, 'testuser');
  await first.open('Looked at');
  const second = await Workspace.beside(world, first);
  for (const tab of [first, second]) await listen(tab);

  await say('Looked at');
  await say('Quiet');
  await say('Elsewhere');
  await hears(first, 2);
  await counts(second, 'Elsewhere', 1);
  const [low, high] = await tones(first);
  assert.ok(high > low, 'it rises');
  assert.deepEqual(await tones(second), []);

  // The tab is gone, so the other one makes the sound.
  await first.page.close();
  await second.page.waitForFunction(async () => (await navigator.locks.query()).held.some(({ name }) => name === 'chinwag.sound'));
  await say('Elsewhere');
  await hears(second, 2);
});

test('who turned the sound off hears nothing, and who tries it out hears it', async () => {
  const workspace = await Workspace.enter(world, 'testuser');
  await listen(workspace);
  const dialog = await workspace.settings('Notifications');
  const choice = dialog.getByRole('switch', { name: /^Play a soft sound/ });
  await choice.click();
  await workspace.page.keyboard.press('Escape');
  await say('Apart');
  await counts(workspace, 'Apart', 1);
  assert.deepEqual(await tones(workspace), []);

  const again = await workspace.settings('Notifications');
  await again.getByRole('button', { name: 'Play it' }).click();
  await hears(workspace, 2);
  await again.getByRole('switch', { name: /^Play a soft sound/ }).click();
  await workspace.page.keyboard.press('Escape');
  await say('Apart');
  await hears(workspace, 4);
});
