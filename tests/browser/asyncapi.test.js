// The document of the sockets: valid for AsyncAPI's own parser, and true for every frame on the wire.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DiagnosticSeverity, Parser } from '@asyncapi/parser';

import { Described, Wire } from './harness/wire.js';
import { Server } from './harness/server.js';

let server;
let text;
let described;

before(async () => {
  server = await Server.start();
  text = await (await fetch(`${server.url}/asyncapi.json`)).text();
  described = new Described(JSON.parse(text));
});
after(() => server?.remove());

test('the official parser finds no error and nothing to warn of', async () => {
  const { document, diagnostics } = await new Parser().parse(text);
  const serious = diagnostics
    .filter(({ severity }) => severity === DiagnosticSeverity.Error || severity === DiagnosticSeverity.Warning)
    .map(({ code, path, message }) => `${code} at ${path.join('.')}: ${message}`);
  assert.deepEqual(serious, []);
  assert.equal(document.version(), '3.0.0');
  assert.deepEqual(document.channels().all().map((channel) => channel.id()), ['room', 'roomOriginal', 'user']);
  assert.ok(document.components().messages().all().length > 40);
});

test('the parser would notice a mistake', async () => {
  const wrong = JSON.parse(text);
  wrong.channels.user.messages.PongFrame.$ref = '#/components/messages/Nothing';
  const { diagnostics } = await new Parser().parse(JSON.stringify(wrong));
  assert.ok(diagnostics.some(({ severity }) => severity === DiagnosticSeverity.Error));
});

test('every command of the document is understood on its socket, and every answer is as described', async () => {
  const alice = await server.signIn('testuser');
  const other = await server.signIn('testuser2');
  const conversation = await alice.createConversation('Wire', [other]);
  const { id: messageId, seq } = await alice.say(conversation, 'the first');
  for (const channel of ['room', 'user']) {
    const wire = await Wire.open(server, alice, channel, conversation, described);
    const begin = described.commands(channel).find(({ type }) => type === 'upload_begin');
    for (const example of described.commands(channel)) {
      // Both belong to the beginning of a socket.
      if (example.type === 'hello' || example.type === 'cursors') continue;
      // Its bytes are no frames of this document: files.test.js uploads.
      if (example.type === 'upload_commit') continue;
      const command = { ...example, ref: `${channel}-${example.type}` };
      if (channel === 'user' && 'conversation_id' in command) command.conversation_id = conversation;
      else delete command.conversation_id;
      if ('message_id' in command) command.message_id = messageId;
      if ('reply_to' in command) command.reply_to = messageId;
      if ('seq' in command) command.seq = seq;
      if ('client_id' in command) command.client_id = `${channel}-1`;
      if ('if_version' in command) delete command.if_version;
      if ('attachments' in command) delete command.attachments;
      if (command.type === 'upload_abort') {
        command.upload_id = (await wire.ask({ ...begin, ref: `${channel}-begin-to-abort` })).upload_id;
      }
      if ('token' in command) command.token = alice.token;
      if ('after' in command) command.after = '0';
      // Deleted first, a message could take no reaction.
      if (command.type === 'delete') continue;
      const answer = await wire.ask(command);
      const expected = command.type === 'ping' ? 'pong' : 'ok';
      assert.equal(answer.type, expected, `${channel}: ${JSON.stringify(command)}: ${JSON.stringify(answer)}`);
    }
    const refused = await wire.ask({ type: 'dance', ref: 'no' });
    assert.equal(refused.code, 'unknown_type');
    await wire.close();
    assert.ok(wire.types.size > 4, [...wire.types].join(', '));
  }
  const wire = await Wire.open(server, alice, 'room', conversation, described);
  assert.equal((await wire.ask({ type: 'delete', ref: 'd', message_id: messageId })).type, 'ok');
  await wire.close();
});

test('level 0 says only what its channel allows', async () => {
  const alice = await server.signIn('testuser');
  const wire = await Wire.open(server, alice, 'roomOriginal', 1, described);
  wire.send({ content: 'hello' });
  await wire.until('message');
  wire.send({ content: '' });
  await wire.until('error');
  await wire.close();
});
