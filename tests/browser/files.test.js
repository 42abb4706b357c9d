// Files: chosen, dropped or pasted, sent with a message, and seen, opened and kept by others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { refused, setUp } from './harness/browser.js';
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
  let arrive;
  const arrival = new Promise((resolve) => { arrive = resolve; });
  await two_.page.route('**/files/**', async (route) => {
    await arrival;
    await route.continue();
  });
  await choose(one, [picture('steady.png')]);
  await one.say('look');
  const row = two_.message('look');
  await row.locator('button.picture').waitFor();
  const before = [await row.boundingBox(), await row.locator('button.picture').boundingBox()];
  arrive();
  await row.locator('button.picture img').waitFor();
  assert.deepEqual([await row.boundingBox(), await row.locator('button.picture').boundingBox()], before);
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

test('an empty file is refused by its name when it is chosen, and takes no other with it', async () => {
  const [one] = await two('Empty');
  await choose(one, [picture('good.png'), { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) }]);
  await one.page.getByRole('alert').getByText('empty.txt is empty.').waitFor();
  await one.say('the rest goes');
  await one.shows('the rest goes');
  await one.message('the rest goes').locator('button.picture img').waitFor();
});

test('what the server refuses comes back whole: text, files, and which one it was', async () => {
  const [one] = await two('Refused', { expected: [refused(422)] });
  // Without chunks each file is a request of its own, which a test can have refused.
  await one.page.addInitScript(() => Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined }));
  await one.page.reload();
  await one.isOpen();
  let isRefusing = true;
  await one.page.route('**/files', async (route) => {
    const isBad = route.request().postDataBuffer()?.includes('bad.pdf');
    if (!isRefusing || !isBad) return route.continue();
    await route.fulfill({ status: 422, contentType: 'application/json', body: JSON.stringify({ detail: [{ loc: ['body', 'file'], msg: 'the file is empty', type: 'value_error' }] }) });
  });
  await choose(one, [picture('good.png'), { ...NOTES, name: 'bad.pdf' }]);
  await one.say('two files');
  await one.page.getByText('Not sent: This file cannot be sent').waitFor();
  await one.page.getByRole('button', { name: 'Edit', exact: true }).click();
  const chosen = one.page.getByRole('list', { name: 'Files to send' });
  await chosen.getByText('This file cannot be sent').waitFor();
  assert.equal(await chosen.getByRole('listitem').count(), 2);
  assert.equal(await one.input.inputValue(), 'two files');
  await one.isAccessible();
  isRefusing = false;
  await chosen.getByRole('button', { name: 'Remove bad.pdf' }).click();
  await one.input.press('Enter');
  await one.shows('two files');
});

test('cells of a spreadsheet are pasted as text, a picture alone as a picture', async () => {
  const [one] = await two('Cells');
  const paste = (parts) => one.page.evaluate(({ bytes, text, html }) => {
    const data = new DataTransfer();
    if (text) data.setData('text/plain', text);
    if (html) data.setData('text/html', html);
    data.items.add(new File([new Uint8Array(bytes)], 'image.png', { type: 'image/png' }));
    const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
    // What is not taken as a file is left to the browser.
    return document.querySelector('#message-input').dispatchEvent(event);
  }, { bytes: [...PNG], ...parts });
  assert.equal(await paste({ text: 'a\t1\nb\t2', html: '<table><tr><td>a</td></tr></table>' }), true, 'the text is pasted');
  assert.equal(await one.page.getByRole('list', { name: 'Files to send' }).count(), 0);
  assert.equal(await paste({ html: '<img src="x">' }), false);
  assert.equal(await paste({ text: '/home/ann/image.png' }), false, 'the name of the file is not the text');
  await one.page.waitForFunction(() => document.querySelectorAll('[aria-label="Files to send"] li').length === 2);
});

test('a text overtakes the files before it, and what waits says why', async () => {
  const [one] = await two('Overtake', { expected: [refused(429)] });
  await one.page.addInitScript(() => Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined }));
  await one.page.reload();
  await one.isOpen();
  let goOn;
  const isLetThrough = new Promise((resolve) => { goOn = resolve; });
  let asked = 0;
  await one.page.route('**/files', async (route) => {
    asked += 1;
    if (asked === 1) return route.fulfill({ status: 429, headers: { 'retry-after': '1' }, contentType: 'application/json', body: '{"detail":"too many requests, try again in 1 s"}' });
    await isLetThrough;
    return route.continue();
  });
  await choose(one, [picture('first.png')]);
  await one.say('album');
  await one.page.getByText(/The server takes the next file in \d seconds?\./).waitFor();
  await choose(one, [picture('second.png')]);
  await one.say('second album');
  await one.page.getByText('Waiting for the files before it.').waitFor();
  await one.say('a word between');
  await one.shows('a word between');
  goOn();
  await one.showsExactly(['a word between', 'album', 'second album']);
});
