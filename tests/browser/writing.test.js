// The composer: keys, drafts, completions, formatting, limits, and what hostile text does, which is nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './harness/browser.js';
import { Conversation } from './harness/conversation.js';

let testuser;
let other;

const world = setUp(async ({ server }) => {
  testuser = await server.signIn('testuser');
  other = await server.signIn('testuser2');
});

async function open(title, options) {
  const id = await testuser.createConversation(title, [other]);
  return [await Conversation.enter(world, 'testuser', id, options), id];
}

test('enter sends, shift and enter starts a new line, blank text is not sent', async () => {
  const [one] = await open('Keys');
  await one.input.press('Enter');
  await one.input.fill('   ');
  await one.input.press('Enter');
  await one.input.fill('first line');
  await one.input.press('Shift+Enter');
  await one.input.pressSequentially('second line');
  await one.input.press('Enter');
  await one.showsExactly(['first line\nsecond line']);
  assert.equal(await one.input.inputValue(), '');
  assert.ok(await one.input.evaluate((node) => node === document.activeElement));
});

test('the button sends, too', async () => {
  const [one] = await open('Button');
  await one.input.fill('pressed');
  await one.page.getByRole('button', { name: 'Send', exact: true }).click();
  await one.showsExactly(['pressed']);
});

test('enter during the composition of a character does not send', async () => {
  const [one] = await open('Composition');
  await one.input.fill('にほん');
  await one.input.evaluate((input) => {
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }));
  });
  assert.equal(await one.input.inputValue(), 'にほん');
  await one.input.press('Enter');
  await one.showsExactly(['にほん']);
});

test('a draft waits in its conversation, over a reload, too', async () => {
  const [one] = await open('Drafts');
  await testuser.createConversation('Beside drafts', [other]);
  await one.input.fill('half a thought');
  await one.page.getByRole('link', { name: /Beside drafts/ }).click();
  await one.page.getByPlaceholder('Message Beside drafts').waitFor();
  assert.equal(await one.input.inputValue(), '');
  await one.page.getByRole('link', { name: /^Drafts|Drafts\b/ }).first().click();
  await one.page.getByPlaceholder('Message Drafts').waitFor();
  assert.equal(await one.input.inputValue(), 'half a thought');
  await one.page.reload();
  await one.isOpen();
  await one.page.waitForFunction(() => document.querySelector('#message-input').value === 'half a thought');
  await one.input.press('Enter');
  await one.showsExactly(['half a thought']);
});

test('emoji are found by their short names', async () => {
  const [one] = await open('Short names');
  await one.input.pressSequentially('done :tad');
  await one.page.getByRole('option', { name: ':tada:' }).waitFor();
  await one.input.press('ArrowDown');
  await one.input.press('Enter');
  assert.equal(await one.input.inputValue(), 'done 🎉 ');
  await one.input.pressSequentially(':rocket:');
  await one.page.waitForFunction(() => document.querySelector('#message-input').value === 'done 🎉 🚀');
  await one.input.press('Enter');
  await one.showsExactly(['done 🎉 🚀']);
});

test('Enter sends what looks like the short name of an emoji, unless one was chosen', async () => {
  const [one] = await open('Code');
  for (const text of ['std::map', 'use a :tad']) {
    await one.input.pressSequentially(text);
    if (text.includes(' :')) await one.page.getByRole('option', { name: ':tada:' }).waitFor();
    await one.input.press('Enter');
  }
  await one.showsExactly(['std::map', 'use a :tad']);
  await one.input.pressSequentially('done :tad');
  await one.page.getByRole('option', { name: ':tada:' }).waitFor();
  await one.input.press('Tab');
  assert.equal(await one.input.inputValue(), 'done 🎉 ');
});

test('endless marks paint over no other row', async () => {
  const [one] = await open('Marks');
  await one.input.fill(`z${'\u0335\u0310\u031a'.repeat(200)} a${'\u0324\u0353'.repeat(200)}`);
  await one.input.press('Enter');
  const text = one.page.locator('.message .text').last();
  await text.waitFor();
  assert.equal(await text.evaluate((element) => getComputedStyle(element).overflowY), 'clip');
});

test('the picker is a grid for keys: tone, group, place, and back to the text', async () => {
  const [one] = await open('Picker');
  await one.input.fill('look: ');
  await one.page.getByRole('button', { name: 'Emoji', exact: true }).click();
  const picker = one.page.getByRole('dialog', { name: 'Pick an emoji' });
  await picker.getByRole('radio', { name: 'Dark skin tone', exact: true }).click();
  await picker.getByRole('gridcell').first().waitFor();
  const gridTop = () => picker.getByRole('grid').evaluate((grid) => grid.scrollTop);
  assert.ok(await picker.getByRole('grid').evaluate((grid) => grid.scrollHeight > 10 * grid.clientHeight), 'all are in one list');
  await picker.getByRole('tab', { name: 'People' }).click();
  assert.ok(await gridTop() > 500, 'the sign of a group leads to its place');
  await one.isAccessible();
  await picker.getByLabel('Search emoji').focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp']) await one.page.keyboard.press(key);
  assert.equal(await one.page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'waving hand');
  await one.page.keyboard.press('Enter');
  await picker.waitFor({ state: 'hidden' });
  await one.page.waitForFunction(() => document.activeElement?.id === 'message-input');
  assert.equal(await one.input.inputValue(), 'look: 👋🏿');
});

test('the toolbar and its keys format what is selected', async () => {
  const [one] = await open('Format');
  await one.input.fill('make it bold');
  await one.input.evaluate((node) => node.setSelectionRange(8, 12));
  await one.page.getByRole('toolbar', { name: 'Format the selection' }).getByRole('button', { name: 'Bold' }).click();
  assert.equal(await one.input.inputValue(), 'make it **bold**');
  await one.isAccessible();
  await one.input.press('Control+b');
  assert.equal(await one.input.inputValue(), 'make it bold');
  await one.input.press('Control+b');
  await one.input.press('Enter');
  await one.shows('make it bold');
  assert.equal(await one.message('make it bold').locator('strong').textContent(), 'bold');
});

test('markdown of the page is shown, text of programs stays as it is', async () => {
  const [one, id] = await open('Markdown');
  await one.say('**b** _i_ ~~s~~ `c` https://example.com/x');
  await one.shows('b i s c https://example.com/x');
  const row = one.message('b i s c https://example.com/x');
  for (const tag of ['strong', 'em', 'del', 'code']) assert.equal(await row.locator(`.text ${tag}`).count(), 1, tag);
  const link = row.locator('.text a');
  assert.equal(await link.getAttribute('href'), 'https://example.com/x');
  assert.match(await link.getAttribute('rel'), /\bnoopener\b/);
  await one.input.fill('- one\n- two\n\n> said\n\n```rust\nlet x = 1; // here\n```');
  await one.input.press('Enter');
  await one.page.locator('#messages .code [data-kind="cmnt"]').waitFor();
  assert.equal(await one.page.locator('#messages .text ul > li').count(), 2);
  assert.equal(await one.page.locator('#messages blockquote').textContent(), 'said');
  assert.equal(await one.page.locator('#messages pre').getAttribute('dir'), 'ltr');
  await one.isAccessible();
  await other.say(id, '**not bold** <b>&amp;</b>');
  await one.shows('**not bold** <b>&amp;</b>');
});

test('code is a tab stop where it scrolls, and only there', async () => {
  const [one] = await open('Code');
  await one.input.fill(`\`\`\`\nshort\n\`\`\`\n\n\`\`\`\n${'long '.repeat(80)}\n\`\`\``);
  await one.input.press('Enter');
  const [short, long] = [one.page.locator('#messages pre', { hasText: 'short' }), one.page.locator('#messages pre', { hasText: 'long' })];
  await long.and(one.page.locator('[tabindex="0"]')).waitFor();
  assert.equal(await short.getAttribute('tabindex'), null);
  await one.isAccessible();
  await long.focus();
  await one.page.keyboard.press('ArrowRight');
  await one.page.waitForFunction(() => document.activeElement.scrollLeft > 0);

  await one.page.setViewportSize({ width: 6000, height: 760 });
  await one.page.evaluate(() => document.querySelector('.conversation').style.setProperty('--column', 'none'));
  await long.and(one.page.locator(':not([tabindex])')).waitFor();
});

test('hostile text stays text, whoever sends it', async () => {
  const hostile = [
    '<img src=x onerror="console.error(\'ran\')">',
    '<script>console.error("ran")</script>',
    '"><svg onload=console.error(1)>',
    '<a href="javascript:console.error(1)">x</a>',
    'javascript:console.error(1)',
    '[x](javascript:console.error(1))',
    '![x](data:text/html,<script>console.error(1)</script>)',
    '<iframe srcdoc="<script>console.error(1)</script>"></iframe>',
    '\u202Edlrow olleh\u202C and שלום then مرحبا',
    '&lt;escaped&gt; &amp;',
  ];
  const [one, id] = await open('<b onmouseover=alert(1)>Bold</b>');
  for (const text of hostile) await other.say(id, text);
  await one.shows(hostile.at(-1));
  for (const text of hostile) await one.say(text);
  await one.showsExactly([...hostile, ...hostile]);
  assert.equal(await one.page.locator('#messages .text').locator('img, script, svg, iframe, a, b').count(), 0);
  assert.equal(await one.page.getByRole('heading', { level: 2, name: '<b onmouseover=alert(1)>Bold</b>' }).count(), 1);
});

test('each paragraph has its own direction, and its place beside the sender', async () => {
  const [one, id] = await open('Direction');
  await other.say(id, 'مرحبا بالعالم');
  await other.say(id, 'and left to right');
  await one.showsExactly(['مرحبا بالعالم', 'and left to right']);
  const paragraphs = one.page.locator('#messages .text p');
  assert.deepEqual(await paragraphs.evaluateAll((all) => all.map((node) => getComputedStyle(node).direction)), ['rtl', 'ltr']);
  const edges = await paragraphs.evaluateAll((all) => all.map((node) => node.getBoundingClientRect().left));
  assert.equal(edges[0], edges[1]);
});

test('near the limit the characters are counted, beyond it nothing is sent or lost', async () => {
  const [one] = await open('Limit');
  await one.input.fill('x'.repeat(3_900));
  await one.page.getByText('100 characters left').waitFor();
  await one.input.fill('x'.repeat(4_001));
  await one.page.getByText('1 character too many').waitFor();
  await one.input.press('Enter');
  await one.page.getByRole('alert').getByText('This text is too long.').waitFor();
  await one.isAccessible();
  assert.equal((await one.input.inputValue()).length, 4_001);
  await one.input.press('Backspace');
  await one.input.press('Enter');
  await one.showsExactly(['x'.repeat(4_000)]);
});

test('a reaction that goes leaves the focus with its message', async () => {
  const id = await testuser.createConversation('Reacted', [other]);
  const one = await Conversation.enter(world, 'testuser', id);
  await one.say('react to me');
  await one.shows('react to me');
  await one.act('react to me', 'React with 👍');
  const row = one.message('react to me');
  const reaction = row.getByRole('group', { name: 'Reactions' }).getByRole('button', { name: /^👍/ });
  await reaction.press('Enter');
  await reaction.waitFor({ state: 'detached' });
  await one.page.waitForFunction(() => document.activeElement.matches('#messages .message'));
});

test('the keyboard walks messages, their actions, and back to the text', async () => {
  const [one, id] = await open('Keyboard');
  for (const text of ['first', 'second', 'third']) await other.say(id, text);
  await one.shows('third');
  const focused = () => one.page.evaluate(() => document.activeElement.querySelector?.('.text')?.textContent ?? document.activeElement.getAttribute('aria-label'));
  await one.input.press('ArrowUp');
  assert.equal(await focused(), 'third');
  await one.page.keyboard.press('ArrowUp');
  assert.equal(await focused(), 'second');
  await one.page.keyboard.press('Home');
  assert.equal(await focused(), 'first');
  await one.isAccessible();
  assert.equal(await one.page.locator('#messages .message[tabindex="0"]').count(), 1);
  await one.page.keyboard.press('Enter');
  assert.match(await focused(), /^React with/);
  await one.page.keyboard.press('ArrowRight');
  await one.page.keyboard.press('ArrowRight');
  await one.page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'Reply');
  await one.page.keyboard.press('Escape');
  assert.equal(await focused(), 'first');
  await one.page.keyboard.press('Enter');
  for (let index = 0; index < 3; index += 1) await one.page.keyboard.press('ArrowRight');
  await one.page.keyboard.press('Enter');
  await one.page.getByText('Replying to Second User').waitFor();
  await one.page.waitForFunction(() => document.activeElement?.id === 'message-input');
  await one.page.keyboard.type('by keys alone');
  await one.page.keyboard.press('Enter');
  await one.shows('by keys alone');
  await one.input.press('Shift+Tab');
  await one.page.locator('#messages .message').last().focus();
  await one.page.keyboard.press('Escape');
  await one.page.waitForFunction(() => document.activeElement?.id === 'message-input');
});
