// The JavaScript client of the original document, as its readers wrote it, inside a page of the
// server's own origin. It must work for ever: change the server, not this file.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { refused, setUp } from '../../browser/harness/browser.js';

const world = setUp();

/** What the document's client does, with its frames collected instead of drawn. */
async function connect({ page: browserPage }, username, password, conversationId) {
  return browserPage.evaluate(async (given) => {
    const response = await fetch('/auth/token', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ username: given.username, password: given.password }),
    });
    const { access_token } = await response.json();
    globalThis.frames_ = [];
    globalThis.closing = undefined;
    const ws = new WebSocket(`ws://${location.host}/conversations/${given.conversationId}/ws?token=${access_token}`);
    globalThis.ws = ws;
    globalThis.opened = false;
    ws.onopen = () => { globalThis.opened = true; };
    ws.onmessage = (event) => {
      const data = JSON.parse(event.data);
      if (data.type === 'connection') {
        globalThis.frames_.push({ type: 'connection', status: data.status, conversation_id: data.conversation_id });
      } else if (data.type === 'message') {
        globalThis.frames_.push({ type: 'message', content: data.content, sender_name: data.sender_name, created_at: data.created_at });
      } else {
        globalThis.frames_.push(data);
      }
    };
    ws.onclose = (event) => { globalThis.closing = { code: event.code, reason: event.reason }; };
  }, { username, password, conversationId });
}

const send = ({ page: browserPage }, content) => browserPage.evaluate((text) => {
  globalThis.ws.send(JSON.stringify({ content: text }));
}, content);

async function frame({ page: browserPage }, type, content) {
  const handle = await browserPage.waitForFunction(
    ([wantedType, wantedContent]) => globalThis.frames_.find((one) => one.type === wantedType
      && (wantedContent === null || one.content === wantedContent)),
    [type, content ?? null],
  );
  return handle.jsonValue();
}

test('the document’s client signs in, connects, sends once it is open and receives', async () => {
  const one = await world.visit('/static/chat.html');
  const two = await world.visit('/static/chat.html');
  await connect(one, 'testuser', 'TestPassword123', 1);
  await connect(two, 'testuser2', 'TestPassword123', 1);
  assert.deepEqual(await frame(one, 'connection'), { type: 'connection', status: 'connected', conversation_id: 1 });
  assert.equal((await frame(two, 'connection')).status, 'connected');
  assert.equal(await one.page.evaluate(() => globalThis.opened), true);
  assert.equal(await one.page.evaluate(() => globalThis.frames_[0].type), 'connection');

  await send(one, 'Hello from JavaScript!');
  for (const visit of [one, two]) {
    const message = await frame(visit, 'message', 'Hello from JavaScript!');
    assert.equal(message.sender_name, 'testuser');
    assert.match(message.created_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  }
  await send(two, 'Hi back');
  assert.equal((await frame(one, 'message', 'Hi back')).sender_name, 'testuser2');
});

test('a bad frame is answered with an error and the socket lives on', async () => {
  const visit = await world.visit('/static/chat.html');
  await connect(visit, 'testuser', 'TestPassword123', 1);
  await frame(visit, 'connection');
  await visit.page.evaluate(() => globalThis.ws.send('this is not JSON'));
  assert.equal(typeof (await frame(visit, 'error')).message, 'string');
  await send(visit, 'still here');
  await frame(visit, 'message', 'still here');
});

for (const [name, conversationId, token, code] of [
  ['no such conversation', 99_999, true, 4004],
  ['a token that is none', 1, false, 4001],
]) {
  test(`the close code tells a page what an HTTP status could not: ${name}`, async () => {
    const visit = await world.visit('/static/chat.html', { expected: [refused(401)] });
    await connect(visit, 'testuser', token ? 'TestPassword123' : 'wrong', conversationId);
    const closed = await (await visit.page.waitForFunction(() => globalThis.closing)).jsonValue();
    assert.equal(closed.code, code);
    assert.equal(typeof closed.reason, 'string');
  });
}
