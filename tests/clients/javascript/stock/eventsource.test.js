// The package `eventsource`, on a conversation's log as Server-Sent Events. It comes back by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventSource } from 'eventsource';

import { Reader, Story } from './story.js';

test('eventsource: each event comes once and in order over a crash of the server', async (t) => {
  const story = await Story.begin();
  t.after(() => story.end());
  const reader = new Reader();
  const source = new EventSource(`${story.url}/conversations/1/events`, {
    fetch: (url, options) => fetch(url, {
      ...options,
      headers: { ...options.headers, authorization: `Bearer ${story.token}` },
    }),
  });
  t.after(() => source.close());
  source.onmessage = (event) => {
    const data = JSON.parse(event.data);
    reader.take(data);
    assert.equal(event.lastEventId, reader.cursor);
  };
  await reader.has(story.said.length);
  await story.goesOnAfterACrash();
  await reader.has(story.said.length);
  await story.say(2);
  await reader.has(story.said.length);
  assert.deepEqual(reader.seen, story.said);
});
