/** Requests to the REST interface. Whatever goes wrong is a `ChatError`. */
import { ChatError } from "./errors.js";
const BY_STATUS = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limited",
};
export class Rest {
    /** Without a slash at its end. */
    base;
    #fetch;
    #tokens;
    constructor(url, fetcher, tokens) {
        const page = typeof location === "undefined" ? undefined : location.href;
        this.base = new URL(url, page).href.replace(/[?#].*/, "").replace(/\/+$/, "");
        this.#fetch = fetcher ?? ((...given) => fetch(...given));
        this.#tokens = tokens;
    }
    /** The same server, as somebody. */
    with(tokens) {
        return new Rest(this.base, this.#fetch, tokens);
    }
    async call(method, path, request = {}) {
        const token = await this.#tokens?.get();
        const response = await this.#try(method, path, request, token);
        if (response.status !== 401 || !this.#tokens)
            return read(response, request);
        const renewed = await this.#tokens.renew("rejected", token);
        return read(await this.#try(method, path, request, renewed), request);
    }
    async #try(method, path, { body, query, signal }, token) {
        const url = new URL(this.base + path);
        for (const [name, value] of Object.entries(query ?? {})) {
            if (value !== undefined)
                url.searchParams.set(name, String(value));
        }
        const headers = {};
        if (token)
            headers.authorization = `Bearer ${token}`;
        const isJson = body !== undefined && !(body instanceof URLSearchParams) && !(body instanceof FormData);
        if (isJson)
            headers["content-type"] = "application/json";
        try {
            return await this.#fetch(url.href, {
                method,
                headers,
                body: isJson ? JSON.stringify(body) : body,
                signal,
            });
        }
        catch (error) {
            throw signal?.aborted ? aborted() : new ChatError("unavailable", `no answer: ${String(error)}`);
        }
    }
}
async function read(response, { isBlob, signal }) {
    if (!response.ok)
        throw await refusal(response);
    try {
        if (isBlob)
            return (await response.blob());
        const text = await response.text();
        return (text ? JSON.parse(text) : undefined);
    }
    catch (error) {
        throw signal?.aborted ? aborted() : new ChatError("unavailable", `the answer broke off: ${String(error)}`);
    }
}
async function refusal(response) {
    const { status } = response;
    const after = Number(response.headers.get("retry-after") ?? Number.NaN);
    return new ChatError(BY_STATUS[status] ?? (status >= 500 ? "unavailable" : "invalid"), detailOf(await response.text().catch(() => "")) || `HTTP ${status}`, {
        status,
        retryAfterMs: Number.isNaN(after) ? undefined : after * 1000,
        requestId: response.headers.get("x-request-id") ?? undefined,
    });
}
/** What a refusal says: a sentence, or a list of what is wrong with which field. */
export function detailOf(text) {
    try {
        const { detail } = JSON.parse(text);
        if (!Array.isArray(detail))
            return detail ?? "";
        return detail.map(({ loc, msg }) => `${loc.slice(1).join(".")}: ${msg}`).join("; ");
    }
    catch {
        return "";
    }
}
export function aborted() {
    return new ChatError("aborted", "it was called off");
}
