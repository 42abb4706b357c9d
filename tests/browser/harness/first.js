// The first minutes of a new server: its link makes an administrator, who begins a group and writes in it.

import { Workspace } from './workspace.js';

export const FIRST = { username: 'first', password: 'a password nobody knows' };

/** Fills in the page of the setup link. */
export async function becomeAdministrator(page) {
  await page.getByLabel('Username').fill(FIRST.username);
  await page.getByLabel('E-mail address').fill('first@example.com');
  await page.getByLabel('Password', { exact: true }).fill(FIRST.password);
  await page.getByRole('button', { name: 'Create administrator' }).click();
}

/** `visit` is at the setup page of the server that browsers reach at `url`. Answers a locator of what was written. */
export async function begin({ page, ...visit }, url) {
  await becomeAdministrator(page);
  await page.waitForURL(`${url}/`);

  const workspace = new Workspace({ page, ...visit });
  await page.locator('main').getByRole('button', { name: 'New conversation' }).click();
  const dialog = workspace.dialog('New conversation');
  await dialog.getByLabel('Make it a group').check();
  await dialog.getByLabel('Name of the group').fill('Hello');
  await dialog.getByRole('button', { name: 'Start the group' }).click();
  await page.waitForURL(`${url}/c/1`);
  await page.getByLabel('Message', { exact: true }).fill('is this on?');
  await page.keyboard.press('Enter');
  const sent = page.locator('#messages [data-id] .text', { hasText: 'is this on?' });
  await sent.waitFor();
  return sent;
}
