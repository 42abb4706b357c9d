// Who is signed in on this page, and their client. The access token lives in memory; the session is kept in
// IndexedDB by the client, so that a reload stays signed in. The page of the original document always asks.

import { createAuth, createClient, type Auth, type ChatClient, type Registration, type ServerInfo } from '@chinwag/client';
import { BASE } from '../lib/base';

type Phase = 'starting' | 'out' | 'in';
/** What ended the session: `either` where nobody said. */
export type Ending = 'session' | 'account' | 'either';

/** How long the entrance waits for the server to say what it is. */
const PATIENCE_MS = 3_000;

/** What the server closes the socket of an open session with. */
const ENDINGS: Partial<Record<number, Ending>> = { 4000: 'account', 4006: 'session' };

export class Session {
  readonly auth: Auth;
  readonly #isKept: boolean;
  readonly #introduced: Promise<unknown>;
  phase: Phase = $state('starting');
  client: ChatClient | undefined = $state.raw();
  server: ServerInfo | undefined = $state.raw();
  /** The conversation that was asked for when signing in on the original document's page. */
  conversation: string | undefined = $state();
  /** The session ended without somebody's doing here, and why. */
  ended: Ending | undefined = $state();
  #told: Ending | undefined;
  /** Somebody signed out here: the form then offers nothing. */
  hasLeft = $state(false);
  /** The last try got past the password. */
  wasLetIn = false;

  constructor({ isKept }: { isKept: boolean }) {
    this.#isKept = isKept;
    this.auth = createAuth(BASE.href, { storage: isKept ? 'indexeddb' : 'memory' });
    this.auth.onSignedOut(() => void this.#end(this.#told ?? 'either'));
    const answered = this.auth.server().then(
      (info) => (this.server = info),
      () => undefined,
    );
    this.#introduced = Promise.race([answered, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  }

  /** Goes on where an earlier visit stopped, if it can. */
  async restore(): Promise<void> {
    const account = this.#isKept ? await this.auth.restore().catch(() => undefined) : undefined;
    if (account) return this.#enter(this.#newClient());
    // The answer decides what the entrance has: shown before, its parts would move or vanish.
    await this.#introduced;
    this.phase = 'out';
  }

  /** With a conversation: rejects, signed out again, if it is not to be entered. */
  async signIn(username: string, password: string, conversation?: string): Promise<void> {
    this.wasLetIn = false;
    await this.auth.signIn(username, password);
    this.wasLetIn = true;
    const client = this.#newClient();
    if (conversation) {
      try {
        await client.connect();
        await client.room(conversation).join();
      } catch (error) {
        await client.forget().catch(() => undefined);
        await this.auth.signOut().catch(() => undefined);
        throw error;
      }
      this.conversation = conversation;
    }
    this.#enter(client);
  }

  async register(registration: Registration): Promise<void> {
    await this.auth.register(registration);
    this.#enter(this.#newClient());
  }

  /** With the token of the setup link. */
  async setup(token: string, registration: Registration): Promise<void> {
    await this.auth.setup(token, registration);
    this.#enter(this.#newClient());
  }

  async signOut(): Promise<void> {
    this.hasLeft = true;
    this.#end(undefined);
    // Without a connection there is nobody to tell; the session is forgotten here all the same.
    await import('../notifications/push.svelte').then(({ forgetDevice }) => forgetDevice()).catch(() => undefined);
    await this.auth.signOut().catch(() => undefined);
  }

  #newClient(): ChatClient {
    return createClient(BASE.href, { token: this.auth.token, storage: 'indexeddb', user: this.auth.account?.id });
  }

  #enter(client: ChatClient): void {
    this.#told = undefined;
    // To somebody who comes with an old token, the server says less.
    let wasOnline = false;
    client.on('connection', ({ state, error }) => {
      if (wasOnline && error?.closeCode !== undefined) this.#told = ENDINGS[error.closeCode];
      wasOnline = state === 'online';
    });
    // A refusal comes as the end of the session; everything else is tried again by the client.
    client.connect().catch(() => undefined);
    this.client = client;
    this.ended = undefined;
    this.phase = 'in';
  }

  #end(why: Ending | undefined): void {
    if (this.phase !== 'in') return;
    this.ended = why;
    this.phase = 'out';
    // Whoever comes next on this device finds nothing of this one.
    this.client?.forget().catch(() => undefined);
    this.client = undefined;
  }
}
