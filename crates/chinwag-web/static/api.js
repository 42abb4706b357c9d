// The server's REST interface as the pages use it. Never keeps a token anywhere but in memory.

// Relative to this file, so that the pages also work below another application's path.
const ROOT = new URL('../', import.meta.url);

/** An answer that is not a success. `detail` is the server's own sentence, if it sent one. */
export class ApiError extends Error {
  constructor(status, detail, retryAfterSeconds) {
    super(detail || `The server answered ${status}.`);
    this.status = status;
    this.detail = detail;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

async function request(path, options) {
  const response = await fetch(new URL(path, ROOT), { cache: 'no-store', credentials: 'omit', ...options });
  const isJson = (response.headers.get('content-type') || '').includes('json');
  const body = isJson ? await response.json() : undefined;
  if (response.ok) return body;
  const retryAfter = Number(response.headers.get('retry-after')) || 0;
  throw new ApiError(response.status, sentence(body?.detail), retryAfter);
}

// Validation answers with a list of findings, everything else with one sentence.
function sentence(detail) {
  if (typeof detail === 'string') return detail;
  if (Array.isArray(detail)) return detail.map((finding) => finding?.msg).filter(Boolean).join('. ');
  return '';
}

/** Whether this server is a demo, whose first account everybody may know. */
export async function isDemo() {
  const health = await request('healthz');
  return health?.demo === true;
}

/** Trades a name and a password for `{ token, user }`. */
export async function signIn(username, password) {
  const body = new URLSearchParams({ username, password });
  const answer = await request('auth/token', { method: 'POST', body });
  return { token: answer.access_token, user: answer.user };
}

/** One signed-in account. */
export class Api {
  #token;

  constructor(token) {
    this.#token = token;
  }

  #get(path) {
    return request(path, { headers: { authorization: `Bearer ${this.#token}` } });
  }

  conversations() {
    return this.#get('conversations/');
  }

  conversation(id) {
    return this.#get(`conversations/${id}`);
  }

  /** Messages in ascending order. `bounds`: `before`, `after` (both exclusive seq), `limit` (at most 200). */
  messages(id, bounds) {
    return this.#get(`conversations/${id}/messages?${new URLSearchParams(bounds)}`);
  }

  /** Ends the session, so that the token is worth nothing from here on. */
  signOut() {
    return request('auth/logout', { method: 'POST', headers: { authorization: `Bearer ${this.#token}` } });
  }

  socket(id) {
    const url = new URL(`conversations/${id}/ws`, ROOT);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('token', this.#token);
    return new WebSocket(url);
  }
}
