// Who is signed in on this page, and their client. The access token lives in memory; the session is kept in
// IndexedDB by the client, so that a reload stays signed in. The page of the original document always asks.

import { createAuth, createClient, type Auth, type ChatClient, type Registration, type ServerInfo } from '@chinwag/client';
import { BASE } from '../lib/base';

type Phase = 'starting' | 'out' | 'in';

export class Session {
  readonly auth: Auth;
  #isKept: boolean;
  #isLeaving = false;
  phase: Phase = $state('starting');
  client: ChatClient | undefined = $state.raw();
  /** The session ended without somebody's doing here. */
  wasEnded = $state(false);
  server: ServerInfo | undefined = $state.raw();

  constructor({ isKept }: { isKept: boolean }) {
    this.#isKept = isKept;
    this.auth = createAuth(BASE.href, { storage: isKept ? 'indexeddb' : 'memory' });
    this.auth.onSignedOut(() => void this.#end());
    this.auth.server().then(
      (info) => (this.server = info),
      () => undefined,
    );
  }

  /** Goes on where an earlier visit stopped, if it can. */
  async restore(): Promise<void> {
    const account = this.#isKept ? await this.auth.restore().catch(() => undefined) : undefined;
    if (account) this.#enter();
    else this.phase = 'out';
  }

  async signIn(username: string, password: string): Promise<void> {
    await this.auth.signIn(username, password);
    this.#enter();
  }

  async register(registration: Registration): Promise<void> {
    await this.auth.register(registration);
    this.#enter();
  }

  async setup(token: string, registration: Registration): Promise<void> {
    await this.auth.setup(token, registration);
    this.#enter();
  }

  async signOut(): Promise<void> {
    this.#isLeaving = true;
    await this.auth.signOut().catch(() => undefined);
    await this.#end();
    this.#isLeaving = false;
  }

  #enter(): void {
    this.wasEnded = false;
    this.client = createClient(BASE.href, { token: this.auth.token, storage: 'indexeddb' });
    // A refusal comes as the end of the session, everything else is tried again by the client.
    this.client.connect().catch(() => undefined);
    this.phase = 'in';
  }

  async #end(): Promise<void> {
    if (this.phase === 'out') return;
    const { client } = this;
    this.wasEnded = !this.#isLeaving;
    this.client = undefined;
    this.phase = 'out';
    await client?.close();
  }
}
