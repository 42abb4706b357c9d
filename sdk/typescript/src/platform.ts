/**
 * What the client needs of where it runs, as types of its own: browsers, Node and others declare the same things in
 * different ways, or not at all. Where the environment has a type, that is the one.
 */

export type AbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer T } } ? T : SignalLike;
export type Blob = typeof globalThis extends { Blob: { prototype: infer T } } ? T : BlobLike;

export interface SignalLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface BlobLike {
  readonly size: number;
  readonly type: string;
  slice(start?: number, end?: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What `await using` needs, where the language has it. */
export type Disposal = SymbolConstructor extends { readonly asyncDispose: infer S extends symbol }
  ? { [K in S]: () => Promise<void> }
  : {};

/** As `fetch`, of which no more is used. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchResponse>;

export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  // What a body and a signal are differs from one `fetch` to the next.
  body?: any;
  signal?: any;
}

export interface FetchResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  blob(): Promise<any>;
}

/** As `WebSocket` of browsers, `ws` and `undici`. */
export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

export interface SocketLike {
  readonly readyState: number;
  // Each has events of a class of its own.
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: any): void;
  close(code?: number, reason?: string): void;
}
