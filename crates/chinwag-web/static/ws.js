// The page of the sockets: signs in, opens one, sends what stands in the editor and shows what comes.
// Everything it knows about frames it reads from the server's own description.

import { Api, ApiError, isDemo, signIn } from './api.js';
import { Log, element } from './ws-log.js';
import { program } from './ws-code.js';

const ROOT = new URL('../', import.meta.url);
const SAMPLES = [
  ['testuser', 'TestPassword123'], ['testuser2', 'TestPassword123'], ['alice', 'TestPassword123'],
  ['bob', 'TestPassword123'], ['admin', 'AdminPassword123'],
];

const byId = (id) => document.getElementById(id);
const page = Object.fromEntries([
  'status', 'status-text', 'sign-in', 'sample-field', 'sample', 'account-fields', 'username', 'password',
  'sign-in-error', 'sign-in-button', 'signed-in', 'connect', 'conversation', 'after-field', 'after', 'token',
  'address', 'connect-button', 'send', 'template', 'template-help', 'frame', 'frame-problem', 'send-button',
  'language', 'copy', 'code', 'copied', 'filter', 'direction', 'clear', 'closed', 'scroll', 'empty', 'frames', 'codes',
].map((id) => [id, byId(id)]));

/** What the server says about its sockets: filled at the start. */
let described = { channels: {}, messages: {}, closeCodes: [] };
let socket = null;
/** The newest message and event that came: what a template speaks of. */
let seen = { messageId: 1, seq: 1, cursor: '0' };

const log = new Log(
  { list: page.frames, scroll: page.scroll, empty: page.empty },
  (direction, type) => {
    const suffix = direction === 'out' ? 'Command' : 'Frame';
    return Object.entries(described.messages)
      .find(([name, message]) => message.name === type && name.endsWith(suffix))?.[1].summary ?? '';
  },
);

// ---- who ----

page['sign-in'].addEventListener('submit', async (event) => {
  event.preventDefault();
  page['sign-in-button'].setAttribute('aria-busy', 'true');
  say(page['sign-in-error'], '');
  try {
    const { token, user } = await signIn(page.username.value.trim(), page.password.value);
    page.token.value = token;
    await listConversations(new Api(token));
    page['signed-in'].textContent = `Signed in as ${user.username}, id ${user.id}.`;
    showWish();
  } catch (error) {
    const text = error instanceof ApiError ? error.message : 'The server cannot be reached. Try again.';
    say(page['sign-in-error'], text);
  }
  page['sign-in-button'].removeAttribute('aria-busy');
});

page.sample.addEventListener('change', () => {
  const [username, password] = SAMPLES[page.sample.selectedIndex];
  page.username.value = username;
  page.password.value = password;
});

async function listConversations(api) {
  const conversations = await api.conversations();
  const options = conversations.map(({ id, title }) => {
    const option = element('option', '', `${id} · ${title}`);
    option.value = id;
    return option;
  });
  if (options.length > 0) page.conversation.replaceChildren(...options);
}

// ---- where ----

page.connect.addEventListener('change', showWish);
page.connect.addEventListener('input', showWish);
page.connect.addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket) socket.close(1000);
  else connect();
});

function kind() {
  return page.connect.elements.socket.value;
}

function wish() {
  const isUser = kind() === 'user';
  const path = isUser ? 'ws' : `conversations/${page.conversation.value}/ws`;
  const url = new URL(path, ROOT);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const query = {};
  if (kind() === 'room') {
    query.v = '1';
    if (page.after.value.trim()) query.after = page.after.value.trim();
  }
  return {
    isUser, query, url: url.href, token: page.token.value.trim(), frame: compact(page.frame.value),
    username: page.username.value.trim() || 'alice', signIn: new URL('auth/token', ROOT).href,
  };
}

function connect() {
  const { isUser, url, query, token } = wish();
  say(page.closed, '');
  showState('connecting', 'Connecting');
  page['connect-button'].textContent = 'Disconnect';
  try {
    // A subprotocol may hold no space and no bracket, and a token has none: whatever else is typed here
    // goes into hello, where the server can say what it thinks of it.
    const canOffer = /^[\w.~-]+$/.test(token);
    const offer = canOffer ? ['chinwag.v1', `bearer.${token}`] : ['chinwag.v1'];
    socket = isUser
      ? new WebSocket(url, offer)
      : new WebSocket(`${url}?${new URLSearchParams({ token, ...query })}`);
    socket.helloToken = isUser && !canOffer ? token : undefined;
  } catch (error) {
    return ended({ code: 1006, reason: error.message });
  }
  socket.addEventListener('open', () => {
    showState('connected', 'Connected');
    page['send-button'].removeAttribute('aria-disabled');
    if (isUser) transmit(JSON.stringify({ type: 'hello', ref: 'hello', token: socket.helloToken }));
  });
  socket.addEventListener('message', ({ data }) => remember(log.add('in', data)));
  socket.addEventListener('close', ended);
}

function ended({ code, reason }) {
  socket = null;
  page['connect-button'].textContent = 'Connect';
  page['send-button'].setAttribute('aria-disabled', 'true');
  const known = described.closeCodes.find((row) => row.code === code);
  const meaning = reason || known?.meaning || 'no reason given';
  const sentence = `${meaning}. ${known?.client ?? ''}`.trim();
  log.note(`closed ${code}`, sentence);
  say(page.closed, `Closed with ${code}: ${sentence}`);
  showState('disconnected', `Closed, ${code}`);
}

function remember(frame) {
  if (frame?.type === 'message') seen.messageId = frame.id;
  if (frame?.seq && frame.stamp) seen = { ...seen, seq: frame.seq, cursor: `${frame.seq}.${frame.stamp}` };
  else if (typeof frame?.head === 'string') seen = { ...seen, seq: Number(frame.head.split('.')[0]), cursor: frame.head };
}

function showState(name, text) {
  page.status.dataset.state = name;
  page['status-text'].textContent = text;
}

/** What the choices above lead to: the address, the commands, the program. */
function showWish() {
  const { isUser, url, query } = wish();
  page['after-field'].hidden = kind() !== 'room';
  const shown = new URLSearchParams({ ...isUser ? {} : { token: '…' }, ...query }).toString();
  page.address.textContent = shown ? `${url}?${decodeURIComponent(shown)}` : `${url}, subprotocol chinwag.v1`;
  if (page.template.dataset.socket !== kind()) listCommands();
  showProgram();
}

// ---- send ----

function listCommands() {
  page.template.dataset.socket = kind();
  const names = Object.keys(described.channels[kind()]?.messages ?? {}).filter((name) => name.endsWith('Command'));
  const before = page.template.value;
  page.template.replaceChildren(...names.map((name) => {
    const option = element('option', '', described.messages[name].name);
    option.value = name;
    return option;
  }));
  if (names.includes(before)) page.template.value = before;
  fillIn();
}

page.template.addEventListener('change', fillIn);

/** Puts the command's example into the editor, about what is really there. */
function fillIn() {
  const message = described.messages[page.template.value];
  if (!message) return;
  page['template-help'].textContent = message.summary;
  const { type, ref, ...rest } = structuredClone(message.examples[0].payload);
  const command = { type, ref, ...rest };
  if (kind() === 'user' && 'conversation_id' in command) command.conversation_id = Number(page.conversation.value);
  else delete command.conversation_id;
  if ('message_id' in command) command.message_id = seen.messageId;
  if ('seq' in command) command.seq = seen.seq;
  if ('after' in command) command.after = seen.cursor;
  if (command.type === 'auth') command.token = page.token.value.trim();
  if (command.type === 'hello') {
    delete command.token;
    command.cursors = { [page.conversation.value]: seen.cursor };
  }
  if (command.type === 'edit') delete command.if_version;
  if (command.type === 'send') {
    for (const name of ['attachments', 'reply_to', 'format', 'meta']) delete command[name];
    command.client_id = draw();
    if (kind() === 'roomOriginal') for (const name of ['type', 'ref', 'client_id']) delete command[name];
  }
  page.frame.value = JSON.stringify(command, null, 2);
  problem('');
  showProgram();
}

page.frame.addEventListener('input', () => {
  problem('');
  showProgram();
});
page.frame.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  page.send.requestSubmit();
});
page.send.addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket?.readyState !== WebSocket.OPEN) return problem('Connect first.');
  // What is no JSON is sent as it stands: the answer is worth seeing.
  transmit(compact(page.frame.value));
  // The same client_id again would be the same message.
  const isSend = described.messages[page.template.value]?.name === 'send';
  const { client_id: id } = parse(page.frame.value) ?? {};
  if (isSend && typeof id === 'string') page.frame.value = page.frame.value.replace(id, draw());
});

function transmit(text) {
  socket.send(text);
  log.add('out', text);
}

function problem(text) {
  say(page['frame-problem'], text);
  if (text) page.frame.setAttribute('aria-invalid', 'true');
  else page.frame.removeAttribute('aria-invalid');
}

function draw() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function compact(text) {
  const value = parse(text);
  return value === undefined ? text : JSON.stringify(value);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// ---- code ----

function showProgram() {
  page.code.textContent = program(page.language.value, wish());
  page.copied.textContent = '';
}

page.language.addEventListener('change', showProgram);
page.copy.addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(page.code.textContent);
    page.copied.textContent = 'Copied.';
  } catch {
    // Without TLS a page may not write to the clipboard; selecting it is nearly as good.
    getSelection().selectAllChildren(page.code);
    page.copied.textContent = 'Selected: copy it with the keyboard.';
  }
});

// ---- the wire ----

const sift = () => log.filter(page.filter.value, page.direction.value);
page.filter.addEventListener('input', sift);
page.direction.addEventListener('change', sift);
page.clear.addEventListener('click', () => {
  log.clear();
  say(page.closed, '');
});

function say(node, text) {
  node.textContent = text;
  node.hidden = !text;
}

// ---- start ----

async function start() {
  const response = await fetch(new URL('asyncapi.json', ROOT));
  const document = await response.json();
  described = {
    channels: document.channels, messages: document.components.messages, closeCodes: document['x-close-codes'],
  };
  page.codes.replaceChildren(...described.closeCodes.map(({ code, meaning, client }) => {
    const row = element('tr');
    row.append(...[String(code), meaning, client].map((text) => element('td', '', text)));
    return row;
  }));
  if (await isDemo()) {
    page.sample.replaceChildren(...SAMPLES.map(([username]) => element('option', '', username)));
    page['sample-field'].hidden = false;
    page['account-fields'].hidden = true;
    [page.username.value, page.password.value] = SAMPLES[0];
  }
  showWish();
  page['sign-in-button'].disabled = false;
  page['connect-button'].disabled = false;
}

start().catch(() => say(page['sign-in-error'], 'The server cannot be reached. Reload the page.'));
