// The package `ws`, on the socket of a user.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import WebSocket from 'ws';

import { Reader, Story } from './story.js';

test('ws: each event comes once and in order over a crash of the server', async (t) => {
  const story = await Story.begin();
  t.after(() => story.end());
  const reader = new Reader();

  async function enter() {
    const socket = new WebSocket(`${story.url.replace('http', 'ws')}/ws`, ['chinwag.v1', `bearer.${story.token}`]);
    socket.on('message', (data) => reader.take(JSON.parse(data)));
    // What breaks a connection is told by its end, too.
    socket.on('error', () => {});
    await once(socket, 'open');
    assert.equal(socket.protocol, 'chinwag.v1');
    socket.send(JSON.stringify({ type: 'hello', cursors: { 1: reader.cursor } }));
    return socket;
  }

  const first = await enter();
  await reader.has(story.said.length);
  const closed = once(first, 'close');
  await story.goesOnAfterACrash();
  await closed;
  const second = await enter();
  await reader.has(story.said.length);
  await story.say(2);
  await reader.has(story.said.length);
  second.close();
  await once(second, 'close');
  assert.deepEqual(reader.seen, story.said);
});
