/** Requests to the REST interface. Whatever goes wrong is a `ChatError`. */
import type { AbortSignal, FetchLike } from "./api.js";
import { ChatError, type ErrorCode } from "./errors.js";
import type { FetchResponse } from "./platform.js";

/** Where tokens come from; with the one that was refused, another one. */
export interface TokenStore {
  get(): Promise<string>;
  renew(reason: "rejected", used: string | undefined): Promise<string>;
}

export interface Request {
  /** JSON, unless it is a form or a body that `fetch` takes as it is. */
  body?: unknown;
  query?: Record<string, string | number | undefined>;
  signal?: AbortSignal;
  /** The answer is bytes. */
  isBlob?: boolean;
}

const BY_STATUS: Record<number, ErrorCode> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  408: "timeout",
  413: "too_large",
  429: "rate_limited",
};

export class Rest {
  /** Without a slash at its end. */
  readonly base: string;
  readonly fetcher: FetchLike;
  readonly #tokens?: TokenStore;

  constructor(url: string, fetcher: FetchLike | undefined, tokens?: TokenStore) {
    const page = typeof location === "undefined" ? undefined : location.href;
    this.base = new URL(url, page).href.replace(/[?#].*/, "").replace(/\/+$/, "");
    // Called as a function of no object, as browsers want it.
    this.fetcher = (url, init) => (fetcher ?? fetch)(url, init);
    this.#tokens = tokens;
  }

  async call<T = void>(method: string, path: string, request: Request = {}): Promise<T> {
    const token = await this.#tokens?.get();
    const response = await this.#try(method, path, request, token);
    if (response.status !== 401 || !this.#tokens) return read(response, request);
    const renewed = await this.#tokens.renew("rejected", token);
    return read(await this.#try(method, path, request, renewed), request);
  }

  async #try(method: string, path: string, { body, query, signal }: Request, token?: string): Promise<FetchResponse> {
    const url = new URL(this.base + path);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = {};
    if (token) headers.authorization = `Bearer ${token}`;
    const isJson = body !== undefined && !(body instanceof URLSearchParams) && !(body instanceof FormData);
    if (isJson) headers["content-type"] = "application/json";
    try {
      return await this.fetcher(url.href, {
        method,
        headers,
        body: isJson ? JSON.stringify(body) : (body as BodyInit | undefined),
        signal,
      });
    } catch (error) {
      throw signal?.aborted ? aborted() : new ChatError("unavailable", `no answer: ${String(error)}`);
    }
  }
}

async function read<T>(response: FetchResponse, { isBlob, signal }: Request): Promise<T> {
  if (!response.ok) throw await refusal(response);
  try {
    if (isBlob) return (await response.blob()) as T;
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  } catch (error) {
    throw signal?.aborted ? aborted() : new ChatError("unavailable", `the answer broke off: ${String(error)}`);
  }
}

async function refusal(response: FetchResponse): Promise<ChatError> {
  const { status } = response;
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  const { sentence, field, reason } = detailOf(await response.text().catch(() => ""));
  return new ChatError(
    BY_STATUS[status] ?? (status >= 500 ? "unavailable" : "invalid"),
    sentence || `HTTP ${status}`,
    {
      status,
      retryAfterMs: Number.isNaN(after) ? undefined : after * 1000,
      field,
      reason,
    },
  );
}

/** What a refusal says: a sentence, or a list of what is wrong with which field; the first of these fields; and its code. */
export function detailOf(text: string): { sentence: string; field?: string; reason?: string } {
  try {
    const { detail, code: reason } = JSON.parse(text) as { detail?: string | { loc: unknown[]; msg: string }[]; code?: string };
    if (!Array.isArray(detail)) return { sentence: detail ?? "", reason };
    const said = detail.map(({ loc, msg }) => ({ place: loc.slice(1).join("."), msg }));
    return { sentence: said.map(({ place, msg }) => `${place}: ${msg}`).join("; "), field: said[0]?.place, reason };
  } catch {
    return { sentence: "" };
  }
}

export function aborted(): ChatError {
  return new ChatError("aborted", "aborted");
}
