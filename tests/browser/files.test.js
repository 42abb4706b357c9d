// Files: chosen, dropped or pasted, sent with a message, and seen, opened and kept by others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { setUp } from './harness/browser.js';
import { Conversation, PNG } from './harness/conversation.js';

const NOTES = { name: 'notes.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\n% a page of notes\n') };
const picture = (name) => ({ name, mimeType: 'image/png', buffer: PNG });
let testuser;
let other;

const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  other = await server.signIn('testuser2');
});

async function two(title, options) {
  const id = await testuser.createConversation(title, [other]);
  return [await Conversation.enter(world, 'testuser', id, options), await Conversation.enter(world, 'testuser2', id)];
}

async function choose({ page }, files) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Attach files' }).click()]);
  await chooser.setFiles(files);
}

test('pictures and files go with a message, and others open and keep them', async () => {
  const [one, two_] = await two('Pictures', { colorScheme: 'dark', viewport: { width: 1280, height: 800 } });
  await choose(one, [picture('first.png'), picture('second.png'), NOTES]);
  assert.equal(await one.page.getByRole('list', { name: 'Files to send' }).getByRole('listitem').count(), 3);
  await one.isAccessible();
  await one.say('from the weekend');
  await one.shows('from the weekend');

  await two_.shows('from the weekend');
  const row = two_.message('from the weekend');
  await row.locator('button.picture img').nth(1).waitFor();
  await row.getByText('notes.pdf').waitFor();
  await two_.isAccessible();
  const opener = row.getByRole('button', { name: 'Open picture first.png' });
  await opener.click();
  const looking = two_.page.getByRole('dialog', { name: 'Picture first.png' });
  await looking.getByRole('img', { name: 'first.png' }).waitFor();
  await two_.isAccessible();
  await two_.page.keyboard.press('ArrowRight');
  await two_.page.getByRole('dialog', { name: 'Picture second.png' }).getByRole('img').waitFor();
  await two_.page.keyboard.press('+');
  await two_.page.keyboard.press('Escape');
  await two_.page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.ok(await opener.evaluate((node) => node === document.activeElement), 'the focus went back');

  const [download] = await Promise.all([two_.page.waitForEvent('download'), row.getByRole('button', { name: 'Download notes.pdf' }).click()]);
  assert.equal(download.suggestedFilename(), 'notes.pdf');
  if (process.env.UPDATE_SCREENSHOTS === '1') {
    await one.page.screenshot({ path: fileURLToPath(new URL('screenshots/files-dark.jpg', import.meta.url)), type: 'jpeg', quality: 82 });
  }
});

test('nothing moves when a picture comes', async () => {
  const [one, two_] = await two('Steady');
  await two_.page.evaluate(() => {
    globalThis.shifts = 0;
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) globalThis.shifts += value;
    }).observe({ type: 'layout-shift', buffered: false });
  });
  await choose(one, [picture('steady.png')]);
  await one.say('look');
  await two_.message('look').locator('button.picture img').waitFor();
  assert.equal(await two_.page.evaluate(() => globalThis.shifts), 0);
});

test('files can be dropped on the conversation, pasted, and taken away again', async () => {
  const [one] = await two('Dropped');
  await one.page.evaluate((bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], 'dropped.png', { type: 'image/png' }));
    const target = document.querySelector('.conversation');
    for (const type of ['dragenter', 'dragover']) target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    globalThis.dropped = data;
  }, [...PNG]);
  await one.page.getByText('Drop files to send them to Dropped').waitFor();
  await one.isAccessible();
  await one.page.evaluate(() => {
    document.querySelector('.conversation').dispatchEvent(new DragEvent('drop', { dataTransfer: globalThis.dropped, bubbles: true, cancelable: true }));
    const pasted = new DataTransfer();
    pasted.items.add(new File(['%PDF-1.4'], 'pasted.pdf', { type: 'application/pdf' }));
    document.querySelector('#message-input').dispatchEvent(new ClipboardEvent('paste', { clipboardData: pasted, bubbles: true, cancelable: true }));
  });
  const chosen = one.page.getByRole('list', { name: 'Files to send' });
  await chosen.getByText('pasted.pdf').waitFor();
  await chosen.getByRole('button', { name: 'Remove dropped.png' }).click();
  assert.equal(await chosen.getByRole('listitem').count(), 1);
});

test('a file that is too large is refused before it is sent', async () => {
  const [one] = await two('Large');
  await one.page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(40 * 1024 * 1024)], 'film.mov'));
    document.querySelector('.conversation').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await one.page.getByRole('alert').getByText('film.mov is too large.').waitFor();
  assert.equal(await one.page.getByRole('list', { name: 'Files to send' }).count(), 0);
});
