// One person at one conversation, by what they see of it and do in it.

import assert from 'node:assert/strict';

import { isAccessible } from './browser.js';
import { PASSWORD } from './server.js';

/** A 5 × 5 picture. */
export const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==', 'base64');

export class Conversation {
  /** Opens `/c/{id}`, signs in, and waits until the messages are there. `focus`: a message to go to. */
  static async enter(world, username, id, { focus, ...options } = {}) {
    const visit = await world.visit(focus ? `/c/${id}?m=${focus}` : `/c/${id}`, options);
    const conversation = new Conversation(visit, id);
    await conversation.page.getByLabel('Username').fill(username);
    await conversation.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await conversation.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await conversation.isOpen();
    return conversation;
  }

  /** Another tab of the same browser, already signed in. */
  static async beside(world, other, id, options) {
    const conversation = new Conversation(await world.visit(`/c/${id}`, { ...options, beside: other.visit }), id);
    await conversation.isOpen();
    return conversation;
  }

  constructor(visit, id) {
    this.visit = visit;
    this.page = visit.page;
    this.id = id;
    this.list = this.page.locator('#messages');
    this.scroller = this.page.locator('.scroller');
    this.input = this.page.getByLabel('Message', { exact: true });
    this.pill = this.page.locator('.pill');
  }

  isOpen() {
    return this.list.waitFor();
  }

  async say(text) {
    await this.input.fill(text);
    await this.input.press('Enter');
  }

  /** The message with this text. */
  message(text) {
    const exact = new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
    return this.page.locator('#messages .message').filter({ has: this.page.locator('.text', { hasText: exact }) });
  }

  /** Waits for a message, confirmed by the server. */
  async shows(text) {
    await this.message(text).and(this.page.locator('[data-id]')).first().waitFor();
  }

  /** Waits until all messages are confirmed, and their texts are these. */
  async showsExactly(expected) {
    await this.page.waitForFunction((count) => document.querySelectorAll('#messages .message[data-id] .text').length === count
      && !document.querySelector('#messages .pending, #messages .failed'), expected.length).catch(() => undefined);
    assert.deepEqual(await this.texts(), expected);
    assert.equal(await this.page.locator('#messages .message:not([data-id])').count(), 0, 'all are confirmed');
  }

  texts() {
    return this.page.locator('#messages .text').allTextContents();
  }

  /** Shows the actions of a message, and presses one. */
  async act(text, name) {
    const row = this.message(text).last();
    await row.hover();
    await row.getByRole('toolbar').getByRole('button', { name, exact: true }).click();
  }

  /** Presses an entry of the menu behind "More actions". */
  async choose(text, name) {
    await this.act(text, 'More actions');
    await this.page.getByRole('menuitem', { name, exact: true }).click();
  }

  /** How many px a row stands below the top of the list's view. */
  top(row) {
    return row.evaluate((node) => node.getBoundingClientRect().top - node.closest('.scroller').getBoundingClientRect().top);
  }

  scrollTo(px) {
    return this.scroller.evaluate((node, to) => { node.scrollTop = to; }, px);
  }

  isAccessible() {
    return isAccessible(this.page);
  }

  /** What screen readers are told from now on. */
  async listen() {
    await this.page.evaluate(() => {
      globalThis.heard = [];
      const region = document.querySelector('#app ~ [role="status"].sr, [role="status"].sr:not(.skeleton *)');
      new MutationObserver(() => region.textContent && globalThis.heard.push(region.textContent))
        .observe(region, { childList: true, characterData: true, subtree: true });
    });
  }

  heard() {
    return this.page.evaluate(() => globalThis.heard);
  }
}
