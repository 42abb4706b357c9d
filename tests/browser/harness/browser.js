// A real Chromium, and pages that report everything a visitor should never meet: errors in the
// console, violations of the content security policy, requests to another origin, and frames that are
// not as the server describes them.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before } from 'node:test';
import { chromium } from 'playwright-core';

import { PASSWORD, Server } from './server.js';
import { Described } from './wire.js';

const EXECUTABLES = ['/usr/lib/chromium/chromium-headless-shell', '/usr/bin/chromium'];
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const WAIT_MS = 15_000;

/** What Chromium itself prints when a server is not there; allowed only where a test kills it. */
export const SERVER_IS_GONE = /net::ERR_CONNECTION_|^WebSocket connection to .* failed/;
/** Chromium prints every answer that is no success. */
export const refused = (status) => new RegExp(`^Failed to load resource: .* status of ${status} `);

/**
 * One server and one browser for the tests of a file; pages of a test are closed and checked after it.
 * `prepare` fills the server before the first test; `options` are those of `Server.start`, and `switches` more of
 * Chromium's.
 */
export function setUp(prepare = async () => {}, { switches = [], ...options } = {}) {
  const world = { server: undefined, open: [] };
  let browser;

  before(async () => {
    const executablePath = EXECUTABLES.find((path) => existsSync(path));
    assert.ok(executablePath, `no Chromium at ${EXECUTABLES.join(' or ')}`);
    world.server = await Server.start(options);
    world.described = await Described.by(world.server);
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--font-render-hinting=none', ...switches],
    });
    await prepare(world);
  });
  after(async () => {
    await browser?.close();
    await world.server?.remove();
  });
  afterEach(async () => {
    const opened = world.open.splice(0);
    const problems = opened.flatMap((visit) => visit.problems);
    for (const visit of opened) await visit.page.context().close();
    assert.deepEqual(problems, [], 'no console error, no policy violation, no foreign request');
  });

  /**
   * Opens a page in a browser profile of its own, or beside `beside` in the same one. `expected`: console
   * errors that belong to the test. `hasClock`: the test can move the page's clock. A whole address as `path`
   * is a page of another server. `hosts`: others that the page may ask.
   */
  world.visit = async (path, { expected = [], beside, hasClock = false, hosts = [], ...profile } = {}) => {
    const context = beside?.page.context() ?? await browser.newContext({
      locale: 'en-GB', timezoneId: 'UTC', viewport: { width: 1100, height: 760 }, reducedMotion: 'reduce', ...profile,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    const visit = { page, problems: [] };
    world.open.push(visit);
    const address = new URL(path, world.server.url);
    watch(visit, world, expected, [new URL(world.server.url).host, address.host, ...hosts]);
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      });
    });
    await page.addInitScript({ path: AXE });
    if (hasClock) await page.clock.install();
    await page.goto(address.href);
    return visit;
  };

  /** Opens the chat page and signs in. */
  world.chat = async (username, conversationId, options) => {
    const chat = new Chat(await world.visit('/static/chat.html', options));
    await chat.signIn(username, PASSWORD, conversationId);
    await chat.hasStatus(/^Connected$/);
    return chat;
  };
  return world;
}

function watch({ page, problems }, { described }, expected, hosts) {
  const report = (text) => {
    if (!expected.some((pattern) => pattern.test(text))) problems.push(text);
  };
  page.on('console', (message) => {
    if (message.type() === 'error') report(message.text());
  });
  page.on('pageerror', (error) => report(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    report(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  const visitTo = (target) => {
    const { protocol, host: asked } = new URL(target);
    if (protocol !== 'data:' && protocol !== 'blob:' && !hosts.includes(asked)) report(`foreign request: ${target}`);
  };
  page.on('request', (request) => visitTo(request.url()));
  page.on('websocket', (socket) => {
    visitTo(socket.url());
    socket.on('framereceived', ({ payload }) => {
      const problem = described.problemAt(socket.url(), payload);
      if (problem) problems.push(`not as /asyncapi.json describes it: ${problem}`);
    });
  });
}

/** The chat page, by what people see of it. */
export class Chat {
  constructor(visit) {
    this.visit = visit;
    this.page = visit.page;
    this.status = this.page.getByRole('status');
    this.input = this.page.getByLabel('Message', { exact: true });
    this.texts = this.page.locator('#messages .text');
  }

  async signIn(username, password, conversationId) {
    await this.page.getByLabel('Username').fill(username);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByLabel('Conversation ID').fill(String(conversationId));
    await this.page.getByRole('button', { name: 'Login & Connect' }).click();
  }

  /** Waits until the status line reads like `pattern`. */
  async hasStatus(pattern) {
    await this.status.filter({ hasText: pattern }).waitFor();
  }

  async say(text) {
    await this.input.fill(text);
    await this.input.press('Enter');
  }

  /** The message whose whole text is `text`. */
  message(text) {
    return this.page.locator('#messages .message')
      .filter({ has: this.page.locator('.text', { hasText: new RegExp(`^${RegExp.escape?.(text) ?? escape(text)}$`) }) });
  }

  /** Waits for `text` on screen, confirmed by the server. */
  async shows(text) {
    await this.message(text).and(this.page.locator('[data-id]')).waitFor();
  }

  /** Waits until the texts of all messages are exactly these, in this order. */
  async showsExactly(expected) {
    await waitFor(
      async () => {
        assert.deepEqual(await this.texts.allTextContents(), expected);
        assert.equal(await this.page.locator('#messages .pending').count(), 0);
      },
      () => this.page.waitForFunction((count) => document.querySelectorAll('#messages .message[data-id]').length === count
        && !document.querySelector('#messages .pending'), expected.length),
    );
  }

  isAccessible() {
    return isAccessible(this.page);
  }
}

/** Fails on any finding of axe: WCAG 2.2 A and AA, and its best practices. */
export async function isAccessible(page) {
  const findings = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
    const { violations } = await globalThis.axe.run(document, { runOnly: tags });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('; ')}`);
  });
  assert.deepEqual(findings, []);
}

// The page tells when the number is right; the comparison then tells what is wrong.
async function waitFor(check, condition) {
  await condition().catch(() => {});
  await check();
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
