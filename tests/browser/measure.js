// What the page costs, in Debian's Chromium against the release binary: npm run measure
// Prints the median, with the least and the most, of each figure.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

import { PASSWORD, Server } from './harness/server.js';

const MANY = 10_000;
const EXECUTABLES = ['/usr/lib/chromium/chromium-headless-shell', '/usr/bin/chromium'];

const server = await Server.start();
const testuser = await server.signIn('testuser');
const alice = await server.signIn('alice');
const small = await testuser.createConversation('Small', [alice]);
const other = await testuser.createConversation('Other', [alice]);
const large = await testuser.createConversation('Large', [alice]);
for (const id of [small, other]) await alice.sayAll(id, Array.from({ length: 80 }, (_, index) => `message ${index} with a **few** words in it`));
await alice.sayAll(large, Array.from({ length: MANY }, (_, index) => `message ${index} with a **few** words in it`));
for (const [id, seq] of [[small, 80], [other, 80], [large, MANY]]) await testuser.call('POST', `/conversations/${id}/read`, { seq });

const browser = await chromium.launch({ executablePath: EXECUTABLES.find((path) => existsSync(path)), args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
const page = await context.newPage();
const devtools = await context.newCDPSession(page);
await page.addInitScript(() => {
  const seen = new MutationObserver(() => {
    if (!document.querySelector('#messages .message') || !document.querySelector('#message-input')) return;
    globalThis.readyMs ??= performance.now();
    seen.disconnect();
  });
  seen.observe(document, { childList: true, subtree: true });
});
await page.goto(`${server.url}/c/${small}`);
await page.getByLabel('Username').fill('testuser');
await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
await page.getByRole('button', { name: 'Sign in', exact: true }).click();
await page.locator('#messages .message').first().waitFor();

report('first load: scripts, KB', [await firstLoad(/\.js$/)]);
report('first load: everything, KB', [await firstLoad(/./)]);
report('from opening the page to messages and composer, ms', await repeat(10, async () => {
  await page.reload();
  await page.waitForFunction(() => globalThis.readyMs);
  return page.evaluate(() => globalThis.readyMs);
}));
report('from Enter to the row of one’s own message, laid out, ms', await repeat(50, optimistic));
report('to a conversation that was open before, laid out, ms', await repeat(20, async (round) => toConversation(round % 2 ? small : other), 2));
report('memory after short use, MB', [await memory()]);
await toConversation(large);
await readAll();
report(`memory after reading ${MANY} messages, MB`, [await memory()]);
report('rows in the page then', [await page.locator('#messages .message').count()]);

await browser.close();
await server.remove();

async function repeat(times, run, warm = 1) {
  const figures = [];
  for (let round = 0; round < times + warm; round += 1) figures.push(await run(round));
  return figures.slice(warm);
}

function report(what, figures) {
  const sorted = [...figures].sort((one, two) => one - two);
  const text = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
  const median = sorted[Math.floor(sorted.length / 2)];
  console.log(`${what}: ${text(median)}${sorted.length > 1 ? ` (${text(sorted[0])} to ${text(sorted.at(-1))}, ${sorted.length} times)` : ''}`);
}

/** Bytes on the wire, with an empty cache. */
async function firstLoad(wanted) {
  const sizes = new Map();
  const names = new Map();
  const onResponse = ({ requestId, response }) => names.set(requestId, new URL(response.url).pathname);
  const onFinished = ({ requestId, encodedDataLength }) => sizes.set(requestId, encodedDataLength);
  await devtools.send('Network.enable');
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
  devtools.on('Network.responseReceived', onResponse);
  devtools.on('Network.loadingFinished', onFinished);
  await page.reload();
  await page.locator('#messages .message').first().waitFor();
  await page.waitForLoadState('networkidle');
  devtools.off('Network.responseReceived', onResponse);
  devtools.off('Network.loadingFinished', onFinished);
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: false });
  let sum = 0;
  for (const [id, size] of sizes) if (wanted.test(names.get(id) ?? '')) sum += size;
  return sum / 1000;
}

function optimistic() {
  return page.evaluate(async () => {
    const input = document.querySelector('#message-input');
    input.value = `typed at ${performance.now()}`;
    input.dispatchEvent(new InputEvent('input', { bubbles: true }));
    await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });
    const count = document.querySelectorAll('#messages .message').length;
    const began = performance.now();
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    while (document.querySelectorAll('#messages .message').length === count) await Promise.resolve();
    document.querySelector('#messages .message:last-child').getBoundingClientRect();
    return performance.now() - began;
  });
}

async function toConversation(id) {
  return page.evaluate(async (wanted) => {
    const link = document.querySelector(`a[href$="/c/${wanted}"]`);
    const list = document.querySelector('#messages');
    const began = performance.now();
    link.click();
    for (;;) {
      const now = document.querySelector('#messages');
      if (now && now !== list && now.querySelector('.message')) {
        now.getBoundingClientRect();
        return performance.now() - began;
      }
      await new Promise((resolve) => { setTimeout(resolve); });
    }
  }, id);
}

async function readAll() {
  for (;;) {
    const isThere = await page.evaluate(async () => {
      document.querySelector('.scroller').scrollTop -= 3000;
      await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 20)); });
      return document.querySelector('#messages .start') !== null;
    });
    if (isThere) return;
  }
}

async function memory() {
  await devtools.send('HeapProfiler.enable');
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  return usedSize / 1e6;
}
