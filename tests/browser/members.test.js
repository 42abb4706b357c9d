// The details beside a conversation: who takes part, who may do what, what it is called.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Conversation } from './harness/conversation.js';
import { Workspace } from './harness/workspace.js';

let testuser;
let other;
let alice;
const world = setUp(async ({ server }) => {
  [testuser, other, alice] = await Promise.all(['testuser', 'testuser2', 'alice'].map((name) => server.signIn(name)));
});

async function at(name, id) {
  const workspace = await Workspace.enter(world, name, { path: `/c/${id}` });
  await workspace.page.locator('#messages').waitFor();
  return [workspace, await workspace.details()];
}
const member = (panel, name) => panel.getByRole('listitem').filter({ hasText: name });

test('people are added, promoted and removed, and everybody sees it', async () => {
  const id = await testuser.createConversation('Band', [other]);
  const [workspace, panel] = await at('testuser', id);
  const [, theirs] = await at('testuser2', id);
  await panel.getByRole('heading', { name: '2 members' }).waitFor();
  await workspace.isAccessible();

  await panel.getByRole('button', { name: 'Add people' }).click();
  const dialog = workspace.dialog('Add people');
  await dialog.getByLabel('To', { exact: true }).fill('alice');
  await dialog.getByRole('button', { name: 'Alice Example' }).click();
  await workspace.isAccessible();
  await dialog.getByRole('button', { name: 'Add people' }).click();
  await theirs.getByRole('heading', { name: '3 members' }).waitFor();
  const [away] = await at('alice', id);

  await panel.getByRole('button', { name: 'Options for Second User' }).click();
  await workspace.page.getByRole('menuitem', { name: 'Make admin' }).click();
  // Nothing happens to anybody by one press.
  const sure = workspace.dialog('Make admin');
  await sure.getByText('Second User can then change the name of Band').waitFor();
  await workspace.isAccessible();
  assert.equal(await member(theirs, 'Second User').getByText('admin', { exact: true }).count(), 0);
  await sure.getByRole('button', { name: 'Make admin' }).click();
  await member(theirs, 'Second User').getByText('admin', { exact: true }).waitFor();
  await theirs.getByRole('button', { name: 'Add people' }).waitFor();

  await theirs.getByRole('button', { name: 'Options for Alice Example' }).click();
  await theirs.page().getByRole('menuitem', { name: 'Remove from the group' }).click();
  await theirs.page().getByRole('dialog', { name: 'Remove from the group' }).getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await member(theirs, 'Alice Example').count(), 1);
  await theirs.getByRole('button', { name: 'Options for Alice Example' }).click();
  await theirs.page().getByRole('menuitem', { name: 'Remove from the group' }).click();
  await theirs.page().getByRole('dialog', { name: 'Remove from the group' }).getByRole('button', { name: 'Remove from the group' }).click();
  await member(panel, 'Alice Example').waitFor({ state: 'detached' });
  await panel.getByRole('heading', { name: '2 members' }).waitFor();
  await away.page.getByRole('heading', { name: 'Second User removed you from Band.' }).waitFor();
  await away.isAccessible();
});

test('a member may look, and nothing else', async () => {
  const id = await testuser.createConversation('Quiet', [other]);
  const [workspace, panel] = await at('testuser2', id);
  await member(panel, 'Test User').getByText('owner', { exact: true }).waitFor();
  for (const name of ['Add people', 'Edit name and topic', 'Archive for everybody']) {
    assert.equal(await panel.getByRole('button', { name }).count(), 0, name);
  }
  await panel.getByRole('button', { name: 'Options for Test User' }).click();
  assert.deepEqual(await workspace.page.getByRole('menuitem').allTextContents().then((all) => all.map((text) => text.trim())), ['Write to Test User']);
});

test('a new name and topic are everywhere at once', async () => {
  const id = await testuser.createConversation('Old name', [other]);
  const [workspace, panel] = await at('testuser', id);
  const [second] = await at('testuser2', id);
  await panel.getByRole('button', { name: 'Edit name and topic' }).click();
  await panel.getByLabel('Name', { exact: true }).fill('');
  await panel.getByRole('button', { name: 'Save' }).click();
  await panel.getByText('Give the group a name.').waitFor();
  await panel.getByLabel('Name', { exact: true }).fill('New name');
  await panel.getByLabel('Topic').fill('What we do on Sunday');
  await panel.getByRole('button', { name: 'Save' }).click();
  await panel.getByText('What we do on Sunday').waitFor();
  await second.row('New name').waitFor();
  await workspace.page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Edit name and topic');
});

test('addresses in a topic are links', async () => {
  const id = await testuser.createConversation('Linked', [other]);
  await testuser.call('PATCH', `/conversations/${id}`, { topic: 'See https://example.com/plan, *soon*' });
  const [workspace, panel] = await at('testuser', id);
  assert.equal(await panel.getByRole('link', { name: 'https://example.com/plan' }).getAttribute('href'), 'https://example.com/plan');
  await panel.getByText(', *soon*').waitFor();
  const header = workspace.page.locator('.conversation header');
  const link = header.getByRole('link', { name: 'https://example.com/plan' });
  assert.equal(await link.getAttribute('href'), 'https://example.com/plan');
  assert.match(await link.getAttribute('rel'), /\bnoopener\b/);
  await workspace.isAccessible();
});

test('an archived conversation moves aside for everybody, and comes back', async () => {
  const id = await testuser.createConversation('Attic', [other]);
  const [workspace, panel] = await at('testuser', id);
  await panel.getByRole('button', { name: 'Archive for everybody' }).click();
  await panel.getByText('This conversation is archived.').waitFor();
  await workspace.list.getByText('Archived (1)').waitFor();
  await workspace.isAccessible();
  await panel.getByRole('button', { name: 'Unarchive' }).click();
  await workspace.list.getByText('Archived (1)').waitFor({ state: 'detached' });
});

test('the card of a person leads to a conversation with them', async () => {
  const id = await testuser.createConversation('Cards', [alice]);
  const [workspace, panel] = await at('testuser', id);
  await member(panel, 'Alice Example').getByRole('button').first().click();
  const card = workspace.dialog('Profile of Alice Example');
  await card.getByText('@alice').waitFor();
  await workspace.isAccessible();
  await card.getByRole('button', { name: 'Message' }).click();
  await workspace.page.getByRole('heading', { name: 'Alice Example', exact: true }).waitFor();
  await workspace.page.getByLabel('Message', { exact: true }).fill('Hello');
  await workspace.page.keyboard.press('Enter');
  await workspace.row('Alice Example').locator('[aria-current=page]').waitFor();
});

test('the panel closes by Escape and gives the focus back', async () => {
  const [workspace, panel] = await at('testuser', 1);
  await workspace.page.waitForFunction(() => document.activeElement.id === 'details-title');
  await workspace.page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  await workspace.page.waitForFunction(() => document.activeElement.matches('main button'));
});

test('at 320 px the name of a conversation has room, and its bell is in the details', async () => {
  const id = await testuser.createConversation('Wednesday rehearsals', [other]);
  const { visit } = await Conversation.enter(world, 'testuser', id, { viewport: { width: 320, height: 640 } });
  const workspace = new Workspace(visit);
  const name = await workspace.page.locator('main header h2').boundingBox();
  assert.ok(name.width >= 100, `${name.width} px`);
  assert.equal(await workspace.page.getByRole('button', { name: /^Notifications/ }).isVisible(), false);
  const panel = await workspace.details();
  await panel.getByRole('group', { name: 'Notify me about' }).waitFor();
});
