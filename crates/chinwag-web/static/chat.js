// The page: signing in, the two views, the composer and what is said about the connection.

import { ApiError, Api, isDemo, signIn } from './api.js';
import { Room } from './room.js';
import { Timeline } from './timeline.js';

const DEMO_USERNAME = 'testuser';
const DEMO_PASSWORD = 'TestPassword123';
// Within this many pixels of the newest message a reader is taken to follow along.
const FOLLOW_PX = 100;
const ANNOUNCE_MS = 1000;
const PROBE_AFTER_HIDDEN_MS = 60_000;

const byId = (id) => document.getElementById(id);
const page = {
  title: byId('title'), subtitle: byId('subtitle'), disconnect: byId('disconnect'),
  status: byId('status'), statusText: byId('status-text'), countdown: byId('status-countdown'),
  loginView: byId('login-view'), login: byId('login'), loginHint: byId('login-hint'), loginError: byId('login-error'),
  username: byId('username'), password: byId('password'), conversation: byId('conversation-id'), connect: byId('connect'),
  chatView: byId('chat-view'), banner: byId('banner'), bannerText: byId('banner-text'), retry: byId('retry'),
  timeline: byId('timeline'), messages: byId('messages'), earlier: byId('earlier'), empty: byId('empty'),
  newMessages: byId('new-messages'), newMessagesText: byId('new-messages-text'),
  composer: byId('composer'), composerError: byId('composer-error'), input: byId('message-input'), send: byId('send'),
  announcer: byId('announcer'),
};

let api = null;
let room = null;
let roomTitle = '';
let isSigningIn = false;
let connection = { name: 'disconnected' };
let unseen = 0;

// ---- signing in ----

page.login.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (isSigningIn) return;
  clearErrors();
  const username = page.username.value.trim();
  const conversationId = Number(page.conversation.value.trim());
  if (!username) return fieldError(page.username, 'Enter your username.');
  if (!page.password.value) return fieldError(page.password, 'Enter your password.');
  if (!Number.isSafeInteger(conversationId) || conversationId < 1) {
    return fieldError(page.conversation, 'A conversation ID is a whole number, 1 or more.');
  }
  setSigningIn(true);
  showState('connecting');
  try {
    const { token, user } = await signIn(username, page.password.value);
    enter(new Api(token), user, conversationId);
  } catch (error) {
    setSigningIn(false);
    showState('disconnected');
    signInFailed(error);
  }
});

function signInFailed(error) {
  if (!(error instanceof ApiError)) {
    loginError('The server cannot be reached. Check the network and try again.');
  } else if (error.status === 401) {
    fieldError(page.password, 'The username or the password is wrong.');
    page.password.select();
  } else if (error.status === 429 || error.status === 503) {
    const wait = error.retryAfterSeconds ? `in ${error.retryAfterSeconds} s` : 'in a moment';
    loginError(`Too many sign-ins at once. Try again ${wait}.`);
  } else {
    loginError(error.message);
  }
}

function enter(newApi, user, conversationId) {
  api = newApi;
  const continues = room && room.userId === user.id && room.conversationId === conversationId;
  if (!continues) {
    timeline.begin({ id: user.id, name: user.username });
    showEarlier(false);
    composerError('');
    room = new Room({ api, userId: user.id, conversationId, view });
  }
  roomTitle = `Conversation ${conversationId}`;
  page.subtitle.textContent = `${user.username} · conversation ${conversationId}`;
  room.start(api);
}

async function showTitle() {
  const asked = room;
  try {
    const conversation = await api.conversation(asked.conversationId);
    if (room === asked && conversation?.title) {
      roomTitle = conversation.title;
      showHeading();
    }
  } catch {
    // The number is title enough.
  }
}

page.disconnect.addEventListener('click', () => {
  room.stop();
  api.signOut().catch(() => {
    // Without a connection there is nobody to tell; the token is forgotten here all the same.
  });
  api = null;
  if (!room.unsent) {
    room = null;
    timeline.clear();
  }
  showLogin();
  page.username.focus();
});

// ---- what a room tells ----

const view = {
  state: showState,
  message(message, sent, isLive) {
    const follows = isFollowing();
    const isNew = timeline.put(message, sent, isLive);
    page.empty.hidden = true;
    if (isLive && isNew && message.sender_id !== room.userId) {
      announce(message);
      if (!follows || document.hidden) unseen += 1;
    }
    if (follows && timeline.trim()) showEarlier(true);
    showUnseen();
    showBanner();
  },
  pending(entry) {
    timeline.putPending(entry);
    page.empty.hidden = true;
    showBanner();
  },
  failed: (entry) => timeline.putPending(entry),
  discarded(entry) {
    timeline.removePending(entry);
    page.empty.hidden = !timeline.isEmpty;
    showBanner();
  },
  cleared(outbox) {
    timeline.clear();
    for (const entry of outbox) timeline.putPending(entry);
  },
  presence: (name, isHere) => timeline.presence(name, isHere),
  earlier: showEarlier,
  error: composerError,
  ended(code) {
    api = null;
    showLogin();
    if (code === 4003) {
      fieldError(page.conversation, `You are not a participant of conversation ${room.conversationId}.`);
    } else if (code === 4004) {
      fieldError(page.conversation, `There is no conversation ${room.conversationId}.`);
    } else {
      loginError({
        4000: 'This account cannot sign in here any more. Ask whoever runs this server.',
        4001: 'The server did not accept your session. Sign in again.',
        4005: 'Your session has expired. Sign in again to go on.',
        4006: 'Your session was ended. Sign in again to go on.',
      }[code]);
      page.password.focus();
    }
  },
};

const timeline = new Timeline(page.messages, {
  retry(entry) {
    composerError('');
    room.retry(entry);
  },
  discard(entry) {
    composerError('');
    room.discard(entry);
    page.input.focus();
  },
  edit(entry) {
    composerError('');
    room.discard(entry);
    page.input.value = page.input.value ? `${entry.content}\n${page.input.value}` : entry.content;
    fitInput();
    page.input.focus();
  },
});

// ---- connection ----

let countdownTimer = 0;

function showState(name, details = {}) {
  connection = { name, ...details };
  clearInterval(countdownTimer);
  page.status.dataset.state = name;
  // Only the word is announced; the seconds are for the eye.
  page.statusText.textContent = {
    disconnected: 'Disconnected', connecting: 'Connecting…', connected: 'Connected', waiting: 'Reconnecting',
  }[name];
  page.countdown.textContent = '';
  if (name === 'waiting') {
    countdownTimer = setInterval(showCountdown, 250);
    showCountdown();
  }
  if (name === 'connected' || name === 'waiting') showChat();
  if (name === 'connected') {
    page.empty.hidden = !timeline.isEmpty;
    showTitle();
  }
  showBanner();
}

function secondsLeft() {
  return Math.max(1, Math.ceil((connection.until - Date.now()) / 1000));
}

function showCountdown() {
  const text = ` in ${secondsLeft()} s…`;
  if (page.countdown.textContent === text) return;
  page.countdown.textContent = text;
  showBanner();
}

function showBanner() {
  const isDown = connection.name === 'waiting' || (connection.name === 'disconnected' && connection.code !== undefined);
  page.banner.hidden = !isDown;
  if (!isDown) return;
  let text = connection.name === 'waiting'
    ? `Connection lost. Trying again in ${secondsLeft()} s.`
    : 'The server closed this connection.';
  if (connection.code === 4010) text = 'This account has too many connections open. Close another tab, then try again.';
  const { waiting } = room;
  if (waiting > 0) text += waiting === 1 ? ' 1 message is waiting to be sent.' : ` ${waiting} messages are waiting to be sent.`;
  page.bannerText.textContent = text;
}

page.retry.addEventListener('click', () => {
  page.input.focus();
  room.reconnect();
});
window.addEventListener('online', () => room?.reconnect());

let hiddenSince = 0;
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    hiddenSince = Date.now();
    return;
  }
  if (Date.now() - hiddenSince > PROBE_AFTER_HIDDEN_MS) room?.probe();
  if (isFollowing()) unseen = 0;
  showUnseen();
});

// ---- views ----

function showChat() {
  if (!page.chatView.hidden) return;
  setSigningIn(false);
  page.password.value = '';
  page.loginView.hidden = true;
  page.chatView.hidden = false;
  page.disconnect.hidden = false;
  page.subtitle.hidden = false;
  showHeading();
  page.timeline.scrollTop = 0;
  page.input.focus();
}

function showLogin() {
  setSigningIn(false);
  page.chatView.hidden = true;
  page.loginView.hidden = false;
  page.disconnect.hidden = true;
  page.subtitle.hidden = true;
  unseen = 0;
  const unsent = room?.unsent ?? 0;
  // Kept with what is on screen, so that signing in again goes on where it stopped.
  if (unsent > 0) {
    page.loginHint.textContent = `${unsent === 1 ? '1 message' : `${unsent} messages`} to conversation `
      + `${room.conversationId} could not be sent yet. Sign in there again to send.`;
  }
  showHeading();
}

function showHeading() {
  const isChat = !page.chatView.hidden;
  page.title.textContent = isChat ? roomTitle : 'chinwag';
  const name = isChat ? `${roomTitle} · chinwag` : 'chinwag';
  document.title = unseen > 0 ? `(${unseen}) ${name}` : name;
}

function setSigningIn(isBusy) {
  isSigningIn = isBusy;
  // Not `disabled`: that would take the keyboard focus away.
  page.connect.setAttribute('aria-disabled', String(isBusy));
}

function clearErrors() {
  loginError('');
  for (const field of [page.username, page.password, page.conversation]) {
    field.removeAttribute('aria-invalid');
    byId(`${field.id}-error`).hidden = true;
  }
}

function fieldError(field, text) {
  const line = byId(`${field.id}-error`);
  line.textContent = text;
  line.hidden = false;
  field.setAttribute('aria-invalid', 'true');
  field.focus();
}

function loginError(text) {
  page.loginError.textContent = text;
  page.loginError.hidden = !text;
}

// ---- reading ----

// The list grows upwards from its end: scrollTop is 0 at the newest message and negative above it.
function isFollowing() {
  return page.timeline.scrollTop > -FOLLOW_PX;
}

function showUnseen() {
  page.newMessages.hidden = unseen === 0 || isFollowing();
  page.newMessagesText.textContent = unseen === 1 ? '1 new message' : `${unseen} new messages`;
  showHeading();
}

page.timeline.addEventListener('scroll', () => {
  if (unseen === 0 || !isFollowing() || document.hidden) return;
  unseen = 0;
  showUnseen();
}, { passive: true });

page.newMessages.addEventListener('click', () => {
  page.timeline.scrollTop = 0;
  unseen = 0;
  showUnseen();
  page.input.focus();
});

function showEarlier(hasEarlier) {
  page.earlier.hidden = !hasEarlier;
}

page.earlier.addEventListener('click', async () => {
  if (page.earlier.getAttribute('aria-busy') === 'true') return;
  page.earlier.setAttribute('aria-busy', 'true');
  const asked = room;
  try {
    const hasMore = await asked.loadEarlier(timeline.oldestSeq);
    if (room !== asked) return;
    if (!hasMore) page.timeline.focus({ preventScroll: true });
    showEarlier(hasMore);
  } catch (error) {
    composerError(error instanceof ApiError ? error.message : 'Earlier messages could not be loaded. Try again.');
  } finally {
    page.earlier.removeAttribute('aria-busy');
  }
});

let announced = [];

function announce(message) {
  announced.push(message);
  if (announced.length > 1) return;
  setTimeout(() => {
    const [first] = announced;
    page.announcer.textContent = announced.length === 1
      ? `${first.sender_name}: ${first.content}`
      : `${announced.length} new messages`;
    announced = [];
    setTimeout(() => { page.announcer.textContent = ''; }, ANNOUNCE_MS);
  }, ANNOUNCE_MS);
}

// ---- writing ----

page.composer.addEventListener('submit', (event) => {
  event.preventDefault();
  const content = page.input.value;
  page.input.focus();
  if (!content.trim()) return;
  composerError('');
  page.input.value = '';
  fitInput();
  page.timeline.scrollTop = 0;
  room.send(content);
});

page.input.addEventListener('keydown', (event) => {
  // While an input method composes, Enter belongs to it. (Safari tells by the key code only.)
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  page.composer.requestSubmit();
});

page.input.addEventListener('input', fitInput);

function fitInput() {
  if (CSS.supports('field-sizing', 'content')) return;
  page.input.style.height = 'auto';
  page.input.style.height = `${page.input.scrollHeight}px`;
}

function composerError(text) {
  page.composerError.textContent = text.charAt(0).toUpperCase() + text.slice(1);
  page.composerError.hidden = !text;
}

window.addEventListener('beforeunload', (event) => {
  if (room?.unsent) event.preventDefault();
});

// ---- start ----

page.connect.disabled = false;
isDemo().then((demo) => {
  if (!demo || page.username.value || page.password.value) return;
  page.username.value = DEMO_USERNAME;
  page.password.value = DEMO_PASSWORD;
  page.loginHint.textContent = 'This is a demo. The fields hold its first account: just connect.';
}, () => {
  // Prefilling is a courtesy; signing in will say what is wrong.
});
