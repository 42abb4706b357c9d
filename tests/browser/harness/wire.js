// A socket whose every frame is held against the server's own description, strictly: a field that the
// document does not know is a mistake too.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import Ajv from 'ajv';
import WebSocket from 'ws';

const WAIT_MS = 15_000;

/** `/asyncapi.json`, compiled. */
export class Described {
  #document;
  #ajv;
  #validators = new Map();

  /** As a server answers it. */
  static async by(server) {
    const response = await fetch(`${server.url}/asyncapi.json`);
    return new Described(await response.json());
  }

  constructor(document) {
    this.#document = structuredClone(document);
    const { schemas } = this.#document.components;
    Object.values(schemas).forEach(forbidMore);
    this.#ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    this.#ajv.addSchema({ $id: 'document', components: { schemas } });
  }

  /** The examples of the commands that a channel takes. */
  commands(channel) {
    return this.#messages(channel, 'Command').map((message) => structuredClone(message.examples[0].payload));
  }

  #messages(channel, suffix) {
    return Object.keys(this.#document.channels[channel].messages)
      .filter((name) => name.endsWith(suffix))
      .map((name) => this.#document.components.messages[name]);
  }

  /** What is wrong with a frame of the server on this channel; empty if nothing is. */
  problem(channel, frame) {
    const message = this.#messages(channel, 'Frame').find(({ name }) => name === frame.type);
    if (!message) return `${channel} has no ${frame.type}: ${JSON.stringify(frame)}`;
    const { $ref } = message.payload;
    if (!this.#validators.has($ref)) this.#validators.set($ref, this.#ajv.compile({ $ref: `document${$ref}` }));
    const validate = this.#validators.get($ref);
    return validate(frame) ? '' : `${JSON.stringify(frame)}: ${this.#ajv.errorsText(validate.errors)}`;
  }

  /** The same, for what a browser shows of a socket: its address, and a frame as text. */
  problemAt(url, text) {
    const { pathname, searchParams } = new URL(url);
    const room = searchParams.get('v') === '1' ? 'room' : 'roomOriginal';
    return this.problem(pathname.startsWith('/conversations/') ? room : 'user', JSON.parse(text));
  }
}

/** A socket whose answers can be asked for. */
export class Wire {
  /** The types of frame that came. */
  types = new Set();
  #socket;
  #frames = [];
  #problems = [];
  #arrived = () => {};

  /** Opens a socket on a channel of the document and is let in. */
  static async open(server, account, channel, conversation, described) {
    const wire = new Wire();
    const base = server.url.replace('http', 'ws');
    const level = channel === 'room' ? '&v=1&after=0' : '';
    wire.#socket = channel === 'user'
      ? new WebSocket(`${base}/ws`, ['chinwag.v1', `bearer.${account.token}`])
      : new WebSocket(`${base}/conversations/${conversation}/ws?token=${account.token}${level}`);
    wire.#socket.on('message', (data) => {
      const frame = JSON.parse(data);
      wire.types.add(frame.type);
      const problem = described.problem(channel, frame);
      if (problem) wire.#problems.push(problem);
      wire.#frames.push(frame);
      wire.#arrived();
    });
    await once(wire.#socket, 'open');
    if (channel === 'user') {
      wire.send({ type: 'hello', ref: 'h', cursors: { [conversation]: '0' } });
      await wire.until('ready');
    } else {
      await wire.until('connection');
    }
    return wire;
  }

  send(command) {
    this.#socket.send(JSON.stringify(command));
  }

  /** Sends a command; gives its answer. */
  ask(command) {
    this.send(command);
    return this.#first((frame) => frame.ref === command.ref, command.ref);
  }

  /** The next frame of a type. */
  until(type) {
    return this.#first((frame) => frame.type === type, type);
  }

  async #first(isWanted, what) {
    const deadline = AbortSignal.timeout(WAIT_MS);
    for (;;) {
      const index = this.#frames.findIndex(isWanted);
      if (index >= 0) return this.#frames.splice(index, 1)[0];
      await new Promise((resolve, reject) => {
        this.#arrived = resolve;
        deadline.onabort = () => reject(new Error(`did not come in time: ${what}`));
      });
    }
  }

  /** Says goodbye. Fails if any frame was not as the document describes it. */
  async close() {
    this.#socket.close(1000);
    await once(this.#socket, 'close');
    assert.deepEqual(this.#problems, []);
  }
}

function forbidMore(schema) {
  if (typeof schema !== 'object' || schema === null) return;
  Object.values(schema).forEach(forbidMore);
  if (schema.type === 'object' && typeof schema.properties === 'object') schema.additionalProperties = false;
}
