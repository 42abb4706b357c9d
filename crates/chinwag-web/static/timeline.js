// The list of messages on screen: kept sorted, each row built once by hand and moved, never
// rebuilt. Text only ever enters the page through `textContent`.

const GROUP_MS = 5 * 60 * 1000;
const KEEP_ROWS = 1000;
const AVATAR_COLOURS = 8;

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const dayFormat = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
const yearFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });

export class Timeline {
  #list;
  #actions;
  #rows = [];
  #byId = new Map();
  #byClientId = new Map();
  #count = 0;
  #me = { id: 0, name: '' };

  /** `actions`: what the buttons of a failed message do (`retry`, `edit`, `discard`). */
  constructor(list, actions) {
    this.#list = list;
    this.#actions = actions;
  }

  get isEmpty() {
    return this.#rows.length === 0;
  }

  /** Position of the oldest message shown, or undefined. */
  get oldestSeq() {
    return this.#rows.find((row) => row.message)?.message.seq;
  }

  begin(me) {
    this.#me = me;
    this.clear();
  }

  clear() {
    this.#rows = [];
    this.#byId.clear();
    this.#byClientId.clear();
    this.#list.replaceChildren();
  }

  /** Adds a message, or updates the row that already shows it. Answers whether it is new here. */
  put(message, sent, isLive) {
    const known = this.#byId.get(message.id);
    const pending = sent && this.#byClientId.get(sent.clientId);
    if (known && pending && known !== pending) this.#remove(pending);
    const row = known ?? pending ?? this.#newRow('message');
    const isMoved = row.message?.seq !== message.seq;
    row.isLive ||= isLive;
    row.message = message;
    row.entry = undefined;
    row.senderId = message.sender_id;
    row.sender = message.sender_name;
    row.time = timeOf(message);
    this.#byId.set(message.id, row);
    if (sent) this.#byClientId.delete(sent.clientId);
    this.#paint(row, message.content);
    if (isMoved) this.#place(row, [message.seq, 0, 0]);
    return !known && !pending;
  }

  /** Shows one of the user's own messages that the server has not confirmed. */
  putPending(entry) {
    let row = this.#byClientId.get(entry.clientId);
    const isNew = !row;
    row ??= this.#newRow('message');
    row.isLive ||= isNew;
    row.entry = entry;
    row.senderId = this.#me.id;
    row.sender = this.#me.name;
    row.time ??= new Date();
    this.#byClientId.set(entry.clientId, row);
    this.#paint(row, entry.content);
    if (isNew) this.#place(row, [Infinity, 0, (this.#count += 1)]);
  }

  removePending(entry) {
    const row = this.#byClientId.get(entry.clientId);
    this.#byClientId.delete(entry.clientId);
    if (row) this.#remove(row);
  }

  /** Says who came or went, after the newest message. A person's newest line replaces the one before it. */
  presence(name, isHere) {
    const last = this.#rows.findLast((row) => !row.entry);
    if (last?.kind === 'presence' && last.name === name) this.#remove(last);
    const row = this.#newRow('presence');
    row.name = name;
    row.time = new Date();
    row.node.className = 'presence';
    row.node.append(element('bdi', '', name), isHere ? ' joined' : ' left');
    const newest = this.#rows.findLast((other) => other.message)?.message.seq ?? 0;
    this.#place(row, [newest, 1, (this.#count += 1)]);
  }

  /** Keeps a tab that stays open for weeks small. Answers whether old rows were let go. */
  trim() {
    if (this.#rows.length < 2 * KEEP_ROWS) return false;
    for (const row of this.#rows.slice(0, this.#rows.length - KEEP_ROWS)) {
      if (row.entry) break;
      this.#remove(row);
    }
    return true;
  }

  #newRow(kind) {
    return { kind, node: element('li'), key: undefined, dayNode: undefined, parts: undefined, isLive: false };
  }

  // Sorted by key; only the row, its old and its new neighbours are looked at.
  #place(row, key) {
    if (row.key) {
      const index = this.#rows.lastIndexOf(row);
      const [above, below] = [this.#rows[index - 1], this.#rows[index + 1]];
      row.key = key;
      if ((!above || compare(above.key, key) <= 0) && (!below || compare(key, below.key) <= 0)) {
        for (const near of [index, index + 1, index - 1]) this.#regroup(near);
        return;
      }
      this.#detach(row);
    }
    row.key = key;
    let index = this.#rows.length;
    while (index > 0 && compare(this.#rows[index - 1].key, key) > 0) index -= 1;
    this.#rows.splice(index, 0, row);
    const next = this.#rows[index + 1];
    this.#list.insertBefore(row.node, next ? (next.dayNode ?? next.node) : null);
    for (const near of [index, index + 1, index - 1]) this.#regroup(near);
  }

  #detach(row) {
    const index = this.#rows.indexOf(row);
    this.#rows.splice(index, 1);
    row.dayNode?.remove();
    row.dayNode = undefined;
    row.node.remove();
    this.#regroup(index);
    this.#regroup(index - 1);
  }

  #remove(row) {
    if (row.message) this.#byId.delete(row.message.id);
    this.#detach(row);
  }

  // A row opens a day, a group or both, depending on the row above; it ends one depending on the
  // row below.
  #regroup(index) {
    const row = this.#rows[index];
    if (!row) return;
    const previous = this.#rows[index - 1];
    const next = this.#rows[index + 1];
    const opensDay = !previous || !isSameDay(previous.time, row.time);
    if (opensDay && !row.dayNode) {
      row.dayNode = element('li', 'day');
      row.dayNode.append(element('span'));
      this.#list.insertBefore(row.dayNode, row.node);
    } else if (!opensDay && row.dayNode) {
      row.dayNode.remove();
      row.dayNode = undefined;
    }
    if (row.dayNode) row.dayNode.firstChild.textContent = dayLabel(row.time);
    if (row.kind !== 'message') return;
    row.node.classList.toggle('first', opensDay || !continues(previous, row));
    row.node.classList.toggle('last', !next || !isSameDay(row.time, next.time) || !continues(row, next));
  }

  #paint(row, content) {
    const { node } = row;
    const isMine = row.senderId === this.#me.id;
    if (!row.parts) {
      const avatar = element('span', `avatar avatar-${Math.abs(row.senderId) % AVATAR_COLOURS}`, initials(row.sender));
      avatar.setAttribute('aria-hidden', 'true');
      const sender = element('bdi', 'sender');
      const text = element('p', 'text');
      text.dir = 'auto';
      const time = element('time');
      const state = element('span', 'state');
      const stamp = element('span', 'stamp');
      stamp.append(time, state);
      const body = element('div', 'body');
      body.append(text, stamp);
      const bubble = element('div', 'bubble');
      bubble.append(sender, body);
      const column = element('div', 'column');
      column.append(bubble);
      node.append(avatar, column);
      row.parts = { sender, text, time, state, column };
    }
    const { sender, text, time, state, column } = row.parts;
    sender.textContent = row.sender;
    text.textContent = content;
    time.dateTime = row.time.toISOString();
    time.title = fullFormat.format(row.time);
    time.textContent = timeFormat.format(row.time);

    const failed = row.entry?.failed === true;
    node.className = 'message';
    node.classList.add(isMine ? 'mine' : 'theirs');
    node.classList.toggle('pending', Boolean(row.entry) && !failed);
    node.classList.toggle('failed', failed);
    node.classList.toggle('live', row.isLive);
    if (row.message) node.dataset.seq = row.message.seq;
    if (row.message) node.dataset.id = row.message.id;
    state.replaceChildren();
    if (row.entry && !failed) state.append(icon('clock'), element('span', 'sr', 'Sending'));
    if (!row.entry && isMine) state.append(icon('check'), element('span', 'sr', 'Sent'));
    column.querySelector('.failure')?.remove();
    if (failed) column.append(this.#failure(row.entry));
    this.#regroup(this.#rows.lastIndexOf(row));
  }

  #failure(entry) {
    const line = element('p', 'failure');
    const reason = element('span', 'reason');
    reason.append(icon('alert'), element('span', '', `Not sent: ${entry.reason}`));
    line.append(reason);
    for (const [label, action] of [['Retry', 'retry'], ['Edit', 'edit'], ['Delete', 'discard']]) {
      const button = element('button', 'link', label);
      button.type = 'button';
      button.addEventListener('click', () => this.#actions[action](entry));
      line.append(button);
    }
    return line;
  }
}

function element(name, className = '', text = '') {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

function compare(one, other) {
  for (let index = 0; index < one.length; index += 1) {
    if (one[index] !== other[index]) return one[index] - other[index];
  }
  return 0;
}

function continues(previous, row) {
  return previous?.kind === 'message' && row.kind === 'message'
    && previous.senderId === row.senderId && Math.abs(row.time - previous.time) < GROUP_MS;
}

// `created_at` is UTC without saying so; newer servers send milliseconds as well.
function timeOf(message) {
  const date = new Date(message.ts ?? `${message.created_at.replace(' ', 'T')}Z`);
  return Number.isNaN(date.getTime()) ? new Date() : date;
}

function isSameDay(one, other) {
  return one.toDateString() === other.toDateString();
}

function dayLabel(date) {
  const today = new Date();
  if (isSameDay(date, today)) return 'Today';
  const yesterday = new Date(today);
  yesterday.setDate(today.getDate() - 1);
  if (isSameDay(date, yesterday)) return 'Yesterday';
  return date.getFullYear() === today.getFullYear() ? dayFormat.format(date) : yearFormat.format(date);
}

function initials(name) {
  const [first = '?', second = ''] = Array.from(String(name));
  return (first + second).toUpperCase();
}
