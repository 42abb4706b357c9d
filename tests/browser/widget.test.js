// The chat on a page of another origin.

import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';

import { isAccessible, setUp } from './harness/browser.js';
import { Host } from './harness/host.js';

const host = await Host.start();
const stranger = await Host.start();
let alice;
let testuser;
let conversation;

const world = setUp(async ({ server }) => {
  [testuser, alice] = await Promise.all(['testuser', 'alice'].map((name) => server.signIn(name)));
  conversation = await testuser.createConversation('Counter', [alice]);
  await testuser.say(conversation, 'How can I help?');
  for (const page of [host, stranger]) page.shows(server);
  asBefore();
}, { embedOrigins: [host.origin] });
after(() => [host, stranger].forEach((page) => page.close()));
afterEach(asBefore);

function asBefore() {
  for (const page of [host, stranger]) {
    page.token = async () => alice.token;
    page.attributes = `conversation="${conversation}"`;
  }
}

async function visit(options) {
  const { page } = await world.visit(`${host.origin}/`, options);
  const widget = page.locator('chinwag-widget');
  return { page, widget, button: widget.getByRole('button', { name: 'Chat' }), frame: widget.locator('iframe').contentFrame() };
}
const heard = (page, event) => page.evaluate((name) => globalThis.heard.filter(([one]) => one === name).map(([, detail]) => detail), event);
const waitForHeard = (page, event) => page.waitForFunction((name) => globalThis.heard.some(([one]) => one === name), event);

test('a visitor opens the chat, reads and writes', async () => {
  const { page, button, frame } = await visit();
  await button.waitFor();
  assert.equal(await button.getAttribute('aria-expanded'), 'false');
  await isAccessible(page);

  await button.click();
  await frame.locator('#messages .text', { hasText: 'How can I help?' }).waitFor();
  assert.equal(await button.getAttribute('aria-expanded'), 'true');
  await frame.getByLabel('Message', { exact: true }).fill('Is there bread left?');
  await frame.getByLabel('Message', { exact: true }).press('Enter');
  await frame.locator('#messages [data-id] .text', { hasText: 'Is there bread left?' }).waitFor();
  assert.equal((await testuser.history(conversation)).at(-1).content, 'Is there bread left?');
  assert.deepEqual(await heard(page, 'token'), ['connect']);
  assert.equal(await frame.locator('nav').count(), 0, 'the conversation is alone');
  await isAccessible(page);
});

test('the button counts before anybody opens the chat, and nothing else of it is loaded', async () => {
  await testuser.say(conversation, 'Fresh rolls.');
  const loaded = [];
  const { page, widget, button, frame } = await visit();
  await page.waitForFunction(() => globalThis.heard.some(([name]) => name === 'unread'));
  page.on('request', (request) => loaded.push(request.url()));
  await page.reload();
  await widget.locator('.badge').filter({ hasText: /^\d+$/ }).waitFor();
  const { unread } = (await heard(page, 'unread')).at(-1);
  assert.equal(unread, (await alice.call('GET', `/conversations/${conversation}`)).unread);
  assert.ok(unread > 0);
  const own = loaded.filter((url) => url.startsWith(world.server.url)).map((url) => new URL(url).pathname);
  assert.ok(own.length <= 5, own.join(' '));
  assert.deepEqual(own.filter((path) => !path.startsWith('/assets/')), ['/widget.js', '/embed/count', `/conversations/${conversation}`]);
  await isAccessible(page);

  await button.click();
  await frame.locator('#messages .text', { hasText: 'Fresh rolls.' }).waitFor();
  await widget.locator('.badge').filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
  assert.deepEqual(await heard(page, 'token'), ['connect'], 'one token was good for both');
});

test('what comes while it is closed counts on the button, and the page hears of it', async () => {
  const { page, widget, button, frame } = await visit();
  await button.click();
  await frame.locator('#messages').waitFor();
  await frame.getByLabel('Message', { exact: true }).press('Escape');
  await page.waitForFunction(() => !document.querySelector('chinwag-widget').isOpen);
  await testuser.say(conversation, 'Two loaves.');
  await widget.getByText('1 unread').waitFor({ state: 'attached' });
  await waitForHeard(page, 'message');
  const [message] = (await heard(page, 'message')).slice(-1);
  assert.equal(message.content, 'Two loaves.');
  assert.equal(message.senderName, 'testuser');
  assert.equal((await heard(page, 'unread')).at(-1).unread, 1);

  await page.evaluate(() => globalThis.ChinwagWidget.open());
  await frame.locator('#messages .text', { hasText: 'Two loaves.' }).waitFor();
  await widget.getByText('1 unread').waitFor({ state: 'detached' });
});

test('a page that is not on the list shows a sentence, and hears why', async () => {
  const { page } = await world.visit(`${stranger.origin}/`, { expected: [/frame-ancestors/, /policy violation: frame-ancestors/] });
  const widget = page.locator('chinwag-widget');
  await widget.getByRole('button', { name: 'Chat' }).click();
  await widget.getByText('The chat cannot be shown on this page.').waitFor();
  assert.equal(await widget.locator('iframe').isVisible(), false, 'no broken page is drawn');
  assert.deepEqual((await heard(page, 'error')).map(({ code }) => code), ['not_allowed']);
  assert.deepEqual(await heard(page, 'token'), [], 'no token leaves the page');
});

test('the page hears when the visitor is in, by listeners and by events of the element', async () => {
  const { page, widget, button, frame } = await visit();
  await widget.evaluate((element) => {
    for (const name of ['ready', 'unread']) element.addEventListener(name, ({ type, detail }) => globalThis.heard.push([`event ${type}`, detail]));
  });
  await button.click();
  await frame.locator('#messages').waitFor();
  for (const name of ['ready', 'event ready', 'event unread']) await waitForHeard(page, name);
});

test('a visitor who is not let in is told to the page as an error', async () => {
  host.token = async () => 'not-a-token';
  const { page, button } = await visit({ expected: [/401|WebSocket|4001/] });
  await button.click();
  await waitForHeard(page, 'error');
  assert.equal((await heard(page, 'error'))[0].code, 'unauthorized');
});

test('the theme is the page\'s own, and changes with it', async () => {
  host.attributes = `conversation="${conversation}" theme="light"`;
  const { widget, button, frame } = await visit({ colorScheme: 'dark' });
  await button.click();
  await frame.locator('#messages').waitFor();
  const scheme = () => frame.locator(':root').evaluate((node) => getComputedStyle(node).colorScheme);
  assert.equal(await scheme(), 'light');
  await widget.evaluate((element) => element.setAttribute('theme', 'dark'));
  await frame.locator(':root[data-theme=dark]').waitFor();
  assert.equal(await scheme(), 'dark');
});

test('words of other frames are not heard', async () => {
  const { page, widget, button, frame } = await visit();
  await button.click();
  await frame.locator('#messages').waitFor();
  await page.evaluate(() => new Promise((resolve) => {
    addEventListener('message', ({ data }) => data.unread === 77 && resolve());
    const other = document.createElement('iframe');
    other.src = '/other';
    document.body.append(other);
  }));
  assert.ok(await page.evaluate(() => document.querySelector('chinwag-widget').isOpen));
  assert.equal(await widget.getByText('77 unread').count(), 0);
});

test('a visitor whom the page does not vouch for is told so, and may try again', async () => {
  host.token = async () => 'not-a-token';
  const { button, frame } = await visit({ expected: [/401|WebSocket|4001/] });
  await button.click();
  await frame.getByText('This website did not let you in.').waitFor();
  asBefore();
  await frame.getByRole('button', { name: 'Try again' }).click();
  await frame.locator('#messages').waitFor();
});

test('the accent is the page\'s own, as far as it can be read', async () => {
  host.attributes = `conversation="${conversation}" accent="#ffd400" label="Ask us"`;
  const { page, widget, frame } = await visit();
  const button = widget.getByRole('button', { name: 'Ask us' });
  assert.equal(await button.evaluate((node) => getComputedStyle(node).backgroundColor), 'rgb(255, 212, 0)');
  await button.click();
  await frame.getByLabel('Message', { exact: true }).fill('In your colours');
  await frame.getByLabel('Message', { exact: true }).press('Enter');
  const own = frame.locator('#messages .mine .bubble').last();
  const [red, , blue] = (await own.evaluate((node) => getComputedStyle(node).backgroundColor)).match(/[\d.]+/g).map(Number);
  assert.ok(red > blue, 'the accent is in one\'s own messages');
  await isAccessible(page);
});

test('on a phone the chat takes the whole page, and closes by its own button', async () => {
  const { page, button, frame } = await visit({ viewport: { width: 390, height: 844 }, hasTouch: true });
  await button.click();
  await frame.locator('#messages').waitFor();
  assert.equal(await button.isVisible(), false);
  await frame.getByRole('button', { name: 'Back' }).click();
  await button.waitFor();
  await page.waitForFunction(() => !document.querySelector('chinwag-widget').isOpen);
});

test('alone, the page of the frame leads to the chat', async () => {
  const { page } = await world.visit(`/embed?conversation=${conversation}`);
  await page.getByText('This page belongs inside another page').waitFor();
  await isAccessible(page);
});
