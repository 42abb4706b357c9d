// A real server: the release binary with a demo workspace of its own, on a free port.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import WebSocket from 'ws';

const BINARY = process.env.CHINWAG_BIN
  ?? fileURLToPath(new URL('../../../target/release/chinwag', import.meta.url));
export const PASSWORD = 'TestPassword123';

export class Server {
  #child = null;
  #folder;
  #port = 0;
  #log = [];
  #options;

  /**
   * `areLimitsOn`: with the rate limits of a real server, which most tests would run into.
   * `isEmpty`: a real server without users instead of a demo; `setupUrl` is its link.
   * `embedOrigins`: whose pages may show the chat in a frame. `publicUrl`: where a proxy in front is reached.
   * `options`: more of the command line.
   */
  static async start({ areLimitsOn = false, isEmpty = false, embedOrigins = [], publicUrl, options = [] } = {}) {
    const server = new Server();
    server.#options = [
      isEmpty ? 'serve' : 'demo',
      ...areLimitsOn ? [] : ['--limits', 'off'],
      ...embedOrigins.flatMap((origin) => ['--embed-origin', origin]),
      ...publicUrl ? ['--public-url', publicUrl, '--behind-proxy'] : [],
      ...options,
    ];
    server.#folder = await mkdtemp(join(tmpdir(), 'chinwag-test-'));
    await server.start();
    return server;
  }

  /** Starts the process, again on the same port and data folder after `kill`. */
  async start() {
    const child = spawn(BINARY, [
      ...this.#options, '--listen', `127.0.0.1:${this.#port}`, '--data-dir', join(this.#folder, 'data'),
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    const ready = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the server exited with ${code}:\n${this.#log.join('\n')}`)));
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.#log.push(line);
        const event = parse(line);
        if (event?.event === 'ready') resolve(event);
      });
    });
    this.url = ready.url;
    this.setupUrl = ready.setup_url;
    this.#port = Number(new URL(this.url).port);
  }

  /** Ends the process the hard way, as a crash or a power cut would. */
  async kill() {
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }

  /** Stops the process without its sockets closing: what a dead network looks like. */
  freeze() {
    this.#child.kill('SIGSTOP');
  }

  thaw() {
    this.#child.kill('SIGCONT');
  }

  /** Runs another command of the program on the same data folder. */
  command(...words) {
    return promisify(execFile)(BINARY, [...words, '--data-dir', join(this.#folder, 'data')]);
  }

  async remove() {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async signIn(username, password = PASSWORD) {
    const body = new URLSearchParams({ username, password });
    const { access_token: token, user } = await this.#json('/auth/token', { method: 'POST', body });
    return new Account(this, token, user);
  }

  /** Makes an account and signs in. */
  async register(username, { first_name, last_name } = {}) {
    const body = JSON.stringify({ username, email: `${username}@example.com`, password: PASSWORD, first_name, last_name });
    await this.#json('/users/register', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return this.signIn(username);
  }

  async #json(path, options) {
    const response = await fetch(this.url + path, options);
    const text = await response.text();
    if (!response.ok) throw new Error(`${options.method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** For `Account` only. */
  call(token, method, path, content) {
    return this.#json(path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: content === undefined ? undefined : JSON.stringify(content),
    });
  }
}

/** A signed-in user of the REST interface. */
class Account {
  #server;
  #token;

  constructor(server, token, user) {
    this.#server = server;
    this.#token = token;
    this.id = user.id;
    this.username = user.username;
  }

  get token() {
    return this.#token;
  }

  async createConversation(title, others) {
    const participants = others.map((account) => account.id);
    const body = { title, participant_ids: participants };
    return (await this.#server.call(this.#token, 'POST', '/conversations/', body)).id;
  }

  /** The one conversation with somebody. */
  direct(other) {
    return this.call('POST', '/conversations/', { participant_id: other.id });
  }

  /** Any other request. */
  call(method, path, content) {
    return this.#server.call(this.#token, method, path, content);
  }

  say(conversationId, content) {
    return this.#server.call(this.#token, 'POST', `/conversations/${conversationId}/messages`, { content });
  }

  /** A socket of another device; resolves when the server has let it in. */
  async attach() {
    const socket = this.#socket();
    await new Promise((resolve, reject) => socket.on('error', reject).on('close', reject).on('message', resolve));
    return socket;
  }

  #socket() {
    const socket = new WebSocket(`${this.#server.url.replace('http', 'ws')}/ws`, ['chinwag.v1', `bearer.${this.#token}`]);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', ref: 'hello', cursors: {} })));
    return socket;
  }

  /** Many messages, in order, over one socket: as fast as the server takes them. */
  async sayAll(conversationId, texts) {
    const socket = this.#socket();
    let answers = 0;
    await new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (data) => {
        const { type, message } = JSON.parse(data);
        if (type === 'ready') {
          texts.forEach((content, index) => socket.send(JSON.stringify({ type: 'send', ref: String(index), conversation_id: conversationId, content })));
        }
        if (type === 'ok') answers += 1;
        if (type === 'error') reject(new Error(message));
        if (answers === texts.length) resolve();
      });
    });
    socket.close();
  }

  history(conversationId, query = '') {
    return this.#server.call(this.#token, 'GET', `/conversations/${conversationId}/messages${query}`);
  }
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
