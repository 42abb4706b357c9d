// Talking on the page: several people, several tabs, hostile text, history.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';

let testuser;
let other;

const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  other = await server.signIn('testuser2');
});

test('two people sign in and talk in the conversation of the demo', async () => {
  const one = await world.chat('testuser', 1);
  const two = await world.chat('testuser2', 1);
  await one.page.locator('#messages .presence', { hasText: 'testuser2 joined' }).waitFor();

  await one.say('Hello from one');
  await two.shows('Hello from one');
  await two.say('Hello from two');
  await one.shows('Hello from two');

  const mine = one.message('Hello from one');
  assert.match(await mine.getAttribute('class'), /\bmine\b/);
  await mine.getByText('Sent', { exact: true }).waitFor();
  const theirs = one.message('Hello from two');
  assert.match(await theirs.getAttribute('class'), /\btheirs\b/);
  assert.equal(await theirs.locator('.sender').textContent(), 'testuser2');
  assert.match(await theirs.locator('time').textContent(), /^\d\d:\d\d$/);
  assert.equal(await one.page.locator('.day').last().textContent(), 'Today');

  await two.page.getByRole('button', { name: 'Disconnect' }).click();
  await two.hasStatus(/^Disconnected$/);
  await one.page.locator('#messages .presence', { hasText: 'testuser2 left' }).waitFor();
});

test('two tabs of one user show the same messages as their own', async () => {
  const conversation = await testuser.createConversation('Tabs', [other]);
  const first = await world.chat('testuser', conversation);
  const second = await world.chat('testuser', conversation, { beside: first.visit });
  await first.say('from the first tab');
  await second.shows('from the first tab');
  await second.say('from the second tab');
  const expected = ['from the first tab', 'from the second tab'];
  await first.showsExactly(expected);
  await second.showsExactly(expected);
  assert.equal(await first.page.locator('#messages .mine').count(), 2);
  assert.equal(await second.page.locator('#messages .mine').count(), 2);
});

test('enter sends, shift and enter starts a new line, blank text is not sent', async () => {
  const conversation = await testuser.createConversation('Keys', [other]);
  const chat = await world.chat('testuser', conversation);
  await chat.input.press('Enter');
  await chat.input.fill('   ');
  await chat.input.press('Enter');
  await chat.input.fill('first line');
  await chat.input.press('Shift+Enter');
  await chat.input.pressSequentially('second line');
  await chat.input.press('Enter');
  await chat.showsExactly(['first line\nsecond line']);
  assert.equal(await chat.input.inputValue(), '');
});

test('enter during the composition of a character does not send', async () => {
  const conversation = await testuser.createConversation('Composition', [other]);
  const chat = await world.chat('testuser', conversation);
  await chat.input.fill('にほん');
  await chat.input.evaluate((input) => {
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }));
  });
  assert.equal(await chat.input.inputValue(), 'にほん');
  await chat.input.press('Enter');
  await chat.showsExactly(['にほん']);
});

test('hostile text stays text', async () => {
  const conversation = await testuser.createConversation('<b onmouseover=alert(1)>Bold</b>', [other]);
  const hostile = [
    '<img src=x onerror="console.error(\'ran\')">',
    '<script>console.error("ran")</script>',
    '"><svg onload=console.error(1)>',
    'javascript:console.error(1)',
    '\u202Edlrow olleh\u202C and שלום then مرحبا',
    '**not bold** &lt;escaped&gt; &amp;',
  ];
  for (const text of hostile) await other.say(conversation, text);
  const chat = await world.chat('testuser', conversation);
  await chat.say(hostile[0]);
  await chat.showsExactly([...hostile, hostile[0]]);
  assert.equal(await chat.page.locator('#messages').locator('img, script, svg svg, a, b').count(), 0);
  assert.equal(await chat.page.getByRole('heading', { level: 1 }).textContent(), '<b onmouseover=alert(1)>Bold</b>');
});

test('right-to-left text keeps its direction and its place beside the sender', async () => {
  const conversation = await testuser.createConversation('Direction', [other]);
  await other.say(conversation, 'مرحبا بالعالم');
  await other.say(conversation, 'and left to right');
  const chat = await world.chat('testuser', conversation);
  await chat.showsExactly(['مرحبا بالعالم', 'and left to right']);
  const directions = await chat.texts.evaluateAll((texts) => texts.map((text) => getComputedStyle(text).direction));
  assert.deepEqual(directions, ['rtl', 'ltr']);
  const edges = await chat.page.locator('.bubble').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().left));
  assert.equal(edges[0], edges[1]);
});

test('history loads its newest page, and earlier pages without repeating or skipping', async () => {
  const conversation = await testuser.createConversation('History', [other]);
  const texts = Array.from({ length: 120 }, (_, index) => `message ${index + 1}`);
  for (const text of texts) await other.say(conversation, text);
  const chat = await world.chat('testuser', conversation);
  const earlier = chat.page.getByRole('button', { name: 'Load earlier messages' });

  await chat.showsExactly(texts.slice(-50));
  await earlier.click();
  await chat.showsExactly(texts.slice(-100));
  await other.say(conversation, 'live meanwhile');
  await chat.shows('live meanwhile');
  await earlier.click();
  await chat.showsExactly([...texts, 'live meanwhile']);
  await earlier.waitFor({ state: 'hidden' });
});

test('a reader of old messages is not moved by new ones, and told of them', async () => {
  const conversation = await testuser.createConversation('Reading', [other]);
  for (let index = 1; index <= 50; index += 1) await other.say(conversation, `old ${index}`);
  const chat = await world.chat('testuser', conversation);
  const timeline = chat.page.locator('#timeline');
  await timeline.evaluate((node) => { node.scrollTop = -1000; });
  const row = chat.message('old 10');
  const topOf = () => row.evaluate((node) => node.getBoundingClientRect().top);
  const topBefore = await topOf();

  await other.say(conversation, 'new one');
  await chat.shows('new one');
  const pill = chat.page.getByRole('button', { name: '1 new message' });
  await pill.waitFor();
  assert.ok(Math.abs(await topOf() - topBefore) < 2, 'the row being read did not move');
  assert.equal(await chat.page.title(), '(1) Reading · chinwag');

  await pill.click();
  await pill.waitFor({ state: 'hidden' });
  assert.equal(await timeline.evaluate((node) => node.scrollTop), 0);
});

for (const [what, length, reason] of [
  ['a text of too many characters is answered with an error', 5_000, /characters/],
  ['a frame that is too large closes the socket', 200_000, /too long/],
]) {
  test(`${what}: it is said, and the text can be edited and sent again`, async () => {
    const conversation = await testuser.createConversation('Refused', [other]);
    const chat = await world.chat('testuser', conversation);
    await chat.say('x'.repeat(length));
    await chat.page.locator('#messages .failed .reason', { hasText: reason }).waitFor();
    await chat.page.getByRole('alert').filter({ hasText: reason }).waitFor();
    await chat.page.getByRole('button', { name: 'Edit' }).click();
    assert.equal((await chat.input.inputValue()).length, length);
    await chat.say('short enough');
    await chat.showsExactly(['short enough']);
    await chat.hasStatus(/^Connected$/);
  });
}

test('a refused message can be thrown away', async () => {
  const conversation = await testuser.createConversation('Thrown away', [other]);
  const chat = await world.chat('testuser', conversation);
  await chat.say('x'.repeat(5_000));
  await chat.page.getByRole('button', { name: 'Delete' }).click();
  await chat.say('instead');
  await chat.showsExactly(['instead']);
  assert.equal(await chat.page.getByRole('alert').count(), 0);
});
