// The chat's own page, by what people see around a conversation.

import { isAccessible } from './browser.js';
import { PASSWORD } from './server.js';

export class Workspace {
  /** Opens a page in a profile of its own and signs in. */
  static async enter(world, username, { path = '/', ...options } = {}) {
    const workspace = new Workspace(await world.visit(path, options));
    await workspace.signIn(username);
    return workspace;
  }

  /** Another tab of the same browser, which is signed in already. */
  static async beside(world, other, { path = '/', ...options } = {}) {
    const workspace = new Workspace(await world.visit(path, { ...options, beside: other.visit }));
    await workspace.list.waitFor();
    return workspace;
  }

  constructor(visit) {
    this.visit = visit;
    this.page = visit.page;
    this.list = this.page.locator('nav.sidebar');
    this.rows = this.list.locator('li');
  }

  async signIn(username, password = PASSWORD) {
    await this.page.getByLabel('Username').fill(username);
    await this.page.getByLabel('Password', { exact: true }).fill(password);
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await this.list.getByRole('button', { name: /^Your account/ }).waitFor({ state: 'attached' });
  }

  /** The row of a conversation in the list. */
  row(title) {
    return this.rows.filter({ has: this.page.locator('.name bdi', { hasText: new RegExp(`^${title}$`) }) });
  }

  async open(title) {
    await this.row(title).getByRole('link').click();
    await this.page.locator('#messages').waitFor();
  }

  /** What a screen reader says of the badges of a row. */
  badges(title) {
    return this.row(title).locator('.badge .sr');
  }

  dialog(name) {
    return this.page.getByRole('dialog', { name });
  }

  /** Chooses an item of the own account's menu. */
  async account(item) {
    await this.list.getByRole('button', { name: /^Your account/ }).click();
    await this.page.locator('[role^="menuitem"]', { hasText: item }).click();
  }

  async settings(section) {
    await this.account('Settings');
    const dialog = this.dialog('Settings');
    await dialog.getByRole('button', { name: section, exact: true }).click();
    return dialog;
  }

  /** The panel beside the open conversation. */
  async details() {
    const panel = this.page.getByRole('complementary', { name: 'Details' });
    if (!(await panel.isVisible())) await this.page.getByRole('button', { name: /^(Members|Details)$/ }).click();
    await panel.waitFor();
    return panel;
  }

  isAccessible() {
    return isAccessible(this.page);
  }
}
