// One conversation over one socket at a time: connecting again, reading what was missed, and the
// outbox. Knows nothing of the page; everything to be seen goes to the `view` it is given.
//
// Nothing is lost: a message read or received is merged by id, and after every connect the history
// is read from the newest message that is known to have no hole before it. Nothing is sent twice:
// each message keeps its `client_id` until its echo, and the server stores that key once.

import { ApiError } from './api.js';

const FIRST_PAGE = 50;
const CATCH_UP_PAGE = 200;
// Beyond this many pages it is kinder to show the newest and let people page back.
const CATCH_UP_PAGES = 10;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_LIMIT_MS = 30_000;
const ABUSE_DELAY_MS = 5_000;
// A socket that neither greets nor echoes for this long is taken for dead.
const SILENCE_MS = 15_000;
// A message under way whenever the connection broke, this often in a row, is no longer sent unasked.
const BREAKS_LIMIT = 5;

/** Close codes after which trying again with the same token is pointless. */
export const ENDING_CODES = new Set([4000, 4001, 4003, 4004, 4005, 4006]);

export class Room {
  #api;
  #view;
  #socket = null;
  #ready = false;
  #stopped = true;
  #attempt = 0;
  #retryTimer = 0;
  #silenceTimer = 0;
  #holdTimer = 0;
  #holds = 0;
  // Who came and went before the history was there to put it under.
  #early = [];
  #outbox = [];
  #inFlight = null;
  // The newest message before which no message is missing; null before the first page.
  #synced = null;
  #newest = null;

  constructor({ api, userId, conversationId, view }) {
    this.#api = api;
    this.#view = view;
    this.userId = userId;
    this.conversationId = conversationId;
  }

  /** How many of the user's messages have no confirmation yet. */
  get unsent() {
    return this.#outbox.length;
  }

  /** How many of them will be sent as soon as there is a connection. */
  get waiting() {
    return this.#outbox.filter((entry) => !entry.failed).length;
  }

  /** Starts, or continues after `stop` with what is on screen and in the outbox. */
  start(api = this.#api) {
    this.#api = api;
    this.#stopped = false;
    this.#attempt = 0;
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    this.#dropSocket();
    clearTimeout(this.#retryTimer);
    this.#view.state('disconnected');
  }

  /** Connects now, whatever the state: no wait, and no trust in a socket that may be dead. */
  reconnect() {
    if (this.#stopped) return;
    this.#dropSocket();
    this.#connect();
  }

  /** The computer was asleep or the tab hidden: a socket can be dead without anybody having noticed. */
  async probe() {
    if (!this.#ready || !this.#synced) return;
    const socket = this.#socket;
    try {
      const [next] = await this.#api.messages(this.conversationId, { after: this.#synced.seq, limit: 1 });
      if (this.#socket === socket && next && next.seq > this.#newest.seq) this.reconnect();
    } catch {
      if (this.#socket === socket) this.reconnect();
    }
  }

  send(content) {
    const entry = { clientId: newId(), content, failed: false, reason: '', breaks: 0 };
    this.#outbox.push(entry);
    this.#view.pending(entry);
    this.#flush();
  }

  retry(entry) {
    entry.failed = false;
    entry.breaks = 0;
    this.#view.pending(entry);
    this.#flush();
  }

  discard(entry) {
    this.#outbox = this.#outbox.filter((other) => other !== entry);
    this.#view.discarded(entry);
  }

  /** Reads the page before `seq`. Answers whether there may be more. */
  async loadEarlier(seq) {
    const page = await this.#api.messages(this.conversationId, { before: seq, limit: FIRST_PAGE });
    for (const message of page) this.#accept(message);
    return page.length === FIRST_PAGE;
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    this.#view.state('connecting');
    const socket = this.#api.socket(this.conversationId);
    this.#socket = socket;
    this.#expectSign();
    socket.onmessage = (event) => this.#receive(socket, event.data);
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#closed(event.code);
    };
  }

  #receive(socket, data) {
    if (this.#socket !== socket) return;
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    switch (frame?.type) {
      case 'connection':
        this.#catchUp(socket);
        break;
      case 'message':
        this.#accept(frame, true);
        break;
      case 'user_joined':
      case 'user_left':
        if (frame.user_id !== this.userId) this.#present(frame);
        break;
      case 'error':
        this.#refused(frame);
        break;
      default:
        // Newer servers may say more than this page understands.
        break;
    }
  }

  #present(frame) {
    if (this.#ready) {
      this.#view.presence(frame.username, frame.type === 'user_joined');
    } else {
      this.#early.push(frame);
    }
  }

  // The socket is attached before the history is read: a message in between comes twice and is
  // merged by id. The other order loses it.
  async #catchUp(socket) {
    try {
      if (!(await this.#readMissed(socket))) return;
    } catch (error) {
      if (this.#socket !== socket) return;
      this.#dropSocket();
      if (error instanceof ApiError && [401, 403, 404].includes(error.status)) {
        this.#end({ 401: 4001, 403: 4003, 404: 4004 }[error.status]);
      } else {
        this.#schedule();
      }
      return;
    }
    clearTimeout(this.#silenceTimer);
    this.#synced = this.#newest;
    this.#ready = true;
    this.#attempt = 0;
    this.#view.state('connected');
    for (const frame of this.#early.splice(0)) this.#present(frame);
    this.#flush();
  }

  /** Answers false if the socket was replaced meanwhile. */
  async #readMissed(socket) {
    if (this.#synced) {
      // Overlap by one: if that message is not where it was, this is another log (a restored
      // backup) and nothing on screen can be trusted.
      let after = this.#synced.seq - 1;
      for (let page = 0; page < CATCH_UP_PAGES; page += 1) {
        const messages = await this.#api.messages(this.conversationId, { after, limit: CATCH_UP_PAGE });
        if (this.#socket !== socket) return false;
        if (page === 0 && !sameEvent(messages[0], this.#synced)) break;
        for (const message of messages) this.#accept(message);
        if (messages.length < CATCH_UP_PAGE) return true;
        after = messages.at(-1).seq;
      }
      this.#synced = null;
      this.#newest = null;
      this.#view.cleared(this.#outbox);
    }
    const messages = await this.#api.messages(this.conversationId, { limit: FIRST_PAGE });
    if (this.#socket !== socket) return false;
    for (const message of messages) this.#accept(message);
    this.#view.earlier(messages.length === FIRST_PAGE);
    return true;
  }

  #accept(message, isLive = false) {
    const sent = message.sender_id === this.userId && message.client_id
      ? this.#outbox.find((entry) => entry.clientId === message.client_id)
      : undefined;
    if (sent) this.#outbox = this.#outbox.filter((entry) => entry !== sent);
    this.#view.message(message, sent, isLive);
    if (!this.#newest || message.seq >= this.#newest.seq) this.#newest = message;
    if (this.#ready) this.#synced = this.#newest;
    if (sent && sent === this.#inFlight) {
      this.#landed();
      if (this.#holds > 0) this.#view.error('');
      this.#holds = 0;
      this.#flush();
    }
  }

  // One message at a time: the order people typed is the order people read, and an error frame
  // can only be about the message under way.
  #flush() {
    if (!this.#ready || this.#inFlight || this.#holdTimer) return;
    const entry = this.#outbox.find((candidate) => !candidate.failed);
    if (!entry) return;
    this.#inFlight = entry;
    this.#socket.send(JSON.stringify({ content: entry.content, client_id: entry.clientId }));
    this.#expectSign();
  }

  #landed() {
    this.#inFlight = null;
    clearTimeout(this.#silenceTimer);
  }

  #refused(frame) {
    const reason = frame.message || 'The server refused this.';
    const entry = this.#inFlight;
    if (entry && (frame.client_id ?? entry.clientId) === entry.clientId) {
      this.#landed();
      if (frame.retry) {
        this.#hold(frame.retry_after_ms ?? fullJitter(this.#holds) + BACKOFF_FIRST_MS);
      } else {
        this.#fail(entry, reason);
      }
    }
    this.#view.error(reason);
    this.#flush();
  }

  #fail(entry, reason) {
    entry.failed = true;
    entry.reason = reason;
    this.#view.failed(entry);
  }

  #hold(delayMs) {
    this.#holds += 1;
    this.#holdTimer = setTimeout(() => {
      this.#holdTimer = 0;
      this.#flush();
    }, delayMs);
  }

  #expectSign() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      this.#dropSocket();
      this.#schedule();
    }, SILENCE_MS);
  }

  #closed(code) {
    // The message under way may be what the server closed for; sent again it would close again.
    if (code === 1009 && this.#inFlight) {
      const reason = 'This message is too long for the server.';
      this.#fail(this.#inFlight, reason);
      this.#view.error(reason);
    }
    this.#dropSocket();
    if (ENDING_CODES.has(code)) {
      this.#end(code);
    } else if (code === 1000 || code === 4010) {
      this.#view.state('disconnected', { code });
    } else {
      this.#schedule(code === 4029 ? ABUSE_DELAY_MS : 0);
    }
  }

  #end(code) {
    this.stop();
    this.#view.ended(code);
  }

  #schedule(leastMs = 0) {
    const delayMs = leastMs + fullJitter(this.#attempt);
    this.#attempt += 1;
    this.#view.state('waiting', { until: Date.now() + delayMs });
    this.#retryTimer = setTimeout(() => this.#connect(), delayMs);
  }

  #dropSocket() {
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#holdTimer);
    this.#holdTimer = 0;
    const entry = this.#inFlight;
    this.#inFlight = null;
    if (entry && !entry.failed) {
      entry.breaks += 1;
      if (entry.breaks >= BREAKS_LIMIT) this.#fail(entry, 'The connection breaks whenever this is sent.');
    }
    this.#ready = false;
    this.#early = [];
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}

function fullJitter(attempt) {
  return Math.random() * Math.min(BACKOFF_LIMIT_MS, BACKOFF_FIRST_MS * 2 ** attempt);
}

function sameEvent(one, other) {
  return one !== undefined && one.seq === other.seq && one.id === other.id && one.stamp === other.stamp;
}

// `crypto.randomUUID` exists only on secure origins; a server on a home network may be plain http.
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
