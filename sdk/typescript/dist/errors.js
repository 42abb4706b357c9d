/** The one error of this package. Programs read `code`, `reason` and `retryable`; `message` is for people. */
export class ChatError extends Error {
    name = "ChatError";
    code;
    retryable;
    constructor(code, message, detail = {}) {
        super(message);
        Object.assign(this, detail);
        this.code = code;
        this.retryable = detail.retryable ?? (code === "unavailable" || code === "timeout" || code === "rate_limited");
    }
}
