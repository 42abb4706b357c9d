/** What a room can reach of the client that it belongs to. */
import type { Account, ClientEvents } from "./api.js";
import type { Methods } from "./methods.js";
import type { Outbox } from "./outbox.js";
import type { People } from "./people.js";
import type { Log } from "./report.js";
import type { Rest } from "./rest.js";
import type { ChatRoom } from "./room.js";
import type { Transport } from "./transport.js";

export interface Core {
  readonly me?: Account;
  readonly transport: Transport;
  readonly rest: Rest;
  readonly people: People;
  readonly outbox: Outbox;
  /** Resolves while there is a connection; rejects when there will be none. */
  whenOnline(): Promise<void>;
  /** Before something is tried again. */
  pause(ms?: number): Promise<void>;
  emit<K extends keyof ClientEvents>(type: K, event: ClientEvents[K]): void;
  roomChanged(room: ChatRoom): void;
  /** Something arrived on this device. */
  acknowledge(room: ChatRoom): void;
  /** A large room that nobody looks at has a newer message. */
  refreshPreview(room: ChatRoom): void;
  /** Something that is loaded when it is first needed. */
  methods(): Promise<Methods>;
  /** The same for a job that nobody waits for. */
  later(job: (methods: Methods) => Promise<unknown>): void;
  /** An event is missing, which cannot be. */
  broken(what: string): void;
  /** The server's time: the clock of this device may be off by hours. */
  now(): number;
  readonly log: Log;
}

/** Methods that are loaded when the first of them is called; `first` are their first arguments. */
export function deferred<T>(core: Core, part: keyof Methods, jobs: readonly (keyof T)[], ...first: unknown[]): T {
  const call = (job: keyof T) => async (...given: unknown[]) => {
    const methods = (await core.methods())[part] as unknown as T;
    return (methods[job] as (...given: unknown[]) => unknown)(...first, ...given);
  };
  return Object.fromEntries(jobs.map((job) => [job, call(job)])) as T;
}
