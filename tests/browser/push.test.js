// What the server pushes, and what the service worker shows of it.
//
// A Chromium without a screen has no push service, denies notifications whatever is granted, and ends a worker
// that sets a badge. So the page is told that they are granted, DevTools delivers the push event to the real
// worker, and what that asks the browser to show is kept instead.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Workspace } from './harness/workspace.js';

/** What Chromium prints when a page of a private window subscribes, which it refuses. */
const NO_PUSH = /^Chrome currently does not support the Push API in incognito mode/;

const CONVERSATION = { type: 'message', conversation_id: 1, tag: 'conversation-1' };
const FIRST = {
  ...CONVERSATION, message_id: 11, seq: 1, title: 'Roommate Chat', sender_name: 'testuser2', sender_display_name: 'Second User', body: 'The rent is due',
  unread: 1, url: '/c/1?m=11',
};
const SECOND = { ...FIRST, message_id: 12, seq: 2, body: 'And so is the power', unread: 2, url: '/c/1?m=12' };
/** For a device that chose to be told no text. */
const WITHOUT_TEXT = { ...CONVERSATION, message_id: 13, seq: 3, unread: 3, url: '/c/1?m=13' };

const world = setUp();

/** Signs in, and turns notifications on as far as this browser lets: the worker is registered. */
async function turnOn(username) {
  const workspace = await Workspace.enter(world, username, { expected: [NO_PUSH] });
  const { page } = workspace;
  await page.evaluate(() => {
    Object.defineProperty(Notification, 'permission', { get: () => 'granted' });
    Notification.requestPermission = async () => 'granted';
  });
  const dialog = await workspace.settings('Notifications');
  await dialog.getByRole('button', { name: 'Turn on notifications' }).click();
  return { workspace, page, dialog };
}

/** The service worker of a page, as the browser would push to it. */
class Worker {
  static async of(page) {
    await page.evaluate(() => navigator.serviceWorker.ready);
    const [worker] = page.context().serviceWorkers();
    await worker.evaluate(() => {
      globalThis.shown = [];
      navigator.setAppBadge = async (count) => globalThis.badge.resolve(count);
      registration.showNotification = async (title, options) => {
        globalThis.shown.push({ title, ...options });
        globalThis.notification.resolve();
      };
    });
    const devtools = await page.context().newCDPSession(page);
    const known = new Promise((resolve) => {
      devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        if (registrations.length > 0) resolve(registrations[0].registrationId);
      });
    });
    await devtools.send('ServiceWorker.enable');
    return new Worker(worker, devtools, await known);
  }

  #worker;
  #devtools;
  #registrationId;

  constructor(worker, devtools, registrationId) {
    this.#worker = worker;
    this.#devtools = devtools;
    this.#registrationId = registrationId;
    this.url = worker.url();
  }

  /** Pushes what is not shown, and waits until the worker has looked who looks at the page. */
  async pushInVain(payload) {
    await this.#deliver(payload);
    await this.#worker.evaluate(async () => {
      await globalThis.badge.promise;
      // Answered after the worker's own question, which it asked before.
      await clients.matchAll({ type: 'window', includeUncontrolled: true });
    });
  }

  /** Pushes what is shown. Returns the badge, and all that was shown since the last time. */
  async push(payload) {
    await this.#deliver(payload);
    return this.#worker.evaluate(async () => {
      await globalThis.notification.promise;
      return { badge: await globalThis.badge.promise, shown: globalThis.shown.splice(0) };
    });
  }

  async #deliver(payload) {
    await this.#worker.evaluate(() => {
      globalThis.badge = Promise.withResolvers();
      globalThis.notification = Promise.withResolvers();
    });
    await this.#devtools.send('ServiceWorker.deliverPushMessage', {
      origin: world.server.url, registrationId: this.#registrationId, data: JSON.stringify(payload),
    });
  }
}

test('a push shows who wrote what where, a later one takes its place, and one without text says nothing', async () => {
  const { page } = await turnOn('testuser');
  const { url } = world.server;
  const worker = await Worker.of(page);
  assert.equal(worker.url, `${url}/sw.js`);
  // Who looks at the page sees the message there.
  await worker.pushInVain({ ...FIRST, body: 'seen already' });

  await page.goto('about:blank');
  const icon = `${url}/icon-192.png`;
  const notification = { title: 'Second User · Roommate Chat', tag: 'conversation-1', icon, badge: icon };
  assert.deepEqual(await worker.push(FIRST), {
    badge: 1, shown: [{ ...notification, body: 'The rent is due', data: { url: `${url}/c/1?m=11` } }],
  });
  // With the same tag, so that the browser replaces the first.
  assert.deepEqual(await worker.push(SECOND), {
    badge: 2, shown: [{ ...notification, body: 'And so is the power', data: { url: `${url}/c/1?m=12` } }],
  });
  assert.deepEqual(await worker.push(WITHOUT_TEXT), {
    badge: 3, shown: [{ ...notification, title: 'chinwag', body: undefined, data: { url: `${url}/c/1?m=13` } }],
  });
});

test('where the browser refuses a subscription, the settings say so, and the open page notifies', async () => {
  const { workspace, page, dialog } = await turnOn('testuser2');
  await dialog.getByRole('alert').filter({ hasText: /^That did not work: \S/ }).waitFor();
  await workspace.isAccessible();
  await dialog.getByText('Notifications are on while this page is open.').waitFor();
  const account = await world.server.signIn('testuser2');
  assert.deepEqual(await account.call('GET', '/push/subscriptions'), [], 'the server knows of no device');

  await page.keyboard.press('Escape');
  const notified = page.evaluate(() => new Promise((resolve) => {
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
    ServiceWorkerRegistration.prototype.showNotification = async (title, { body, tag }) => resolve({ title, body, tag });
    document.body.dataset.isWatched = '';
  }));
  await page.locator('body[data-is-watched]').waitFor();
  const other = await world.server.signIn('testuser');
  await other.say(1, 'heard without a push');
  assert.deepEqual(await notified, { title: 'Test User in Roommate Chat', body: 'heard without a push', tag: 'conversation-1' });
});
