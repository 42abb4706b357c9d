/** The one error of this package. Programs read `code`, `reason` and `retryable`; `message` is for people. */

export type ErrorCode =
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "invalid"
  | "rate_limited"
  | "too_many_sockets"
  | "too_large"
  | "unavailable"
  | "timeout"
  | "protocol"
  | "aborted";

export interface ErrorDetail {
  /** True if the same call may succeed later. */
  retryable?: boolean;
  /** How long to wait before trying again, where the server said so. */
  retryAfterMs?: number;
  /** The code that the socket was closed with. */
  closeCode?: number;
  /** The HTTP status of a refused request. */
  status?: number;
  /** The server's own code: `archived`, `conflict`, `not_participant`, … */
  reason?: string;
  /** Who removed one from the conversation, or oneself. */
  actorId?: string;
  /** What a refused request (422) had wrong: `password`, `title`, … */
  field?: string;
}

const RETRYABLE: readonly ErrorCode[] = ["unavailable", "timeout", "rate_limited", "too_many_sockets"];

export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  declare readonly retryAfterMs?: number;
  declare readonly closeCode?: number;
  declare readonly status?: number;
  declare readonly reason?: string;
  declare readonly actorId?: string;
  declare readonly field?: string;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message);
    Object.assign(this, detail);
    this.code = code;
    this.retryable = detail.retryable ?? RETRYABLE.includes(code);
  }
}
