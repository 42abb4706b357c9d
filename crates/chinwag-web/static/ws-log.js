// The frames that went over the wire, newest last: a line each, the whole frame on demand.

const MAX_ROWS = 500;
// Within this many pixels of the newest frame a reader is taken to follow along.
const FOLLOW_PX = 60;
const ARROWS = { in: ['↓', 'received'], out: ['↑', 'sent'], note: ['•', 'note'] };

/** The list of frames, with its filter. `describe(direction, type)` explains a frame in a sentence. */
export class Log {
  #list;
  #scroll;
  #empty;
  #describe;
  #words = '';
  #direction = '';

  constructor({ list, scroll, empty }, describe) {
    this.#list = list;
    this.#scroll = scroll;
    this.#empty = empty;
    this.#describe = describe;
  }

  /** Shows a frame. `text` is what went over the wire. */
  add(direction, text) {
    const frame = parse(text);
    const type = frame?.type ?? (direction === 'out' ? 'send' : 'text');
    const whole = frame === undefined ? text : JSON.stringify(frame, null, 2);
    const row = this.#row(direction, type, text, [
      element('p', 'frame-about', this.#describe(direction, type)),
      element('pre', 'frame-whole', whole),
    ]);
    if (direction === 'in' && type === 'error') row.classList.add('error');
    return frame;
  }

  /** Shows what happened to the socket. */
  note(title, sentence) {
    this.#row('note', title, sentence, [element('p', 'frame-about', sentence)]);
  }

  clear() {
    this.#list.replaceChildren();
    this.#empty.hidden = false;
  }

  filter(words, direction) {
    this.#words = words.trim().toLowerCase();
    this.#direction = direction;
    for (const row of this.#list.children) this.#sift(row);
  }

  #row(direction, type, line, more) {
    const isFollowing = this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < FOLLOW_PX;
    const row = element('li', `frame ${direction}`);
    row.dataset.direction = direction;
    row.dataset.type = type;
    row.dataset.text = `${type} ${line}`.toLowerCase();
    const details = element('details');
    const summary = element('summary');
    const [arrow, word] = ARROWS[direction];
    const mark = element('span', 'arrow', arrow);
    mark.setAttribute('aria-hidden', 'true');
    const now = new Date();
    const time = element('time', '', clock(now));
    time.dateTime = now.toISOString();
    const name = element('span', 'frame-type');
    name.append(element('span', 'sr', `${word} `), type);
    summary.append(time, mark, name, element('span', 'frame-line', line));
    const body = element('div', 'frame-more');
    body.append(...more.filter((part) => part.textContent));
    details.append(summary, body);
    row.append(details);
    this.#sift(row);
    this.#list.append(row);
    while (this.#list.children.length > MAX_ROWS) this.#list.firstElementChild.remove();
    this.#empty.hidden = true;
    if (isFollowing) this.#scroll.scrollTop = this.#scroll.scrollHeight;
    return row;
  }

  #sift(row) {
    const { direction, text } = row.dataset;
    const isWanted = !this.#direction || direction === this.#direction || direction === 'note';
    row.hidden = !isWanted || !text.includes(this.#words);
  }
}

/** Makes one node. */
export function element(name, className = '', text = '') {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function clock(date) {
  const part = (number, width = 2) => String(number).padStart(width, '0');
  return `${part(date.getHours())}:${part(date.getMinutes())}:${part(date.getSeconds())}.${part(date.getMilliseconds(), 3)}`;
}
