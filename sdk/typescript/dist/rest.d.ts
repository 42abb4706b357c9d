/** Requests to the REST interface. Whatever goes wrong is a `ChatError`. */
import { ChatError } from "./errors.js";
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
export declare class Rest {
    #private;
    /** Without a slash at its end. */
    readonly base: string;
    constructor(url: string, fetcher: typeof fetch | undefined, tokens?: TokenStore);
    /** The same server, as somebody. */
    with(tokens: TokenStore): Rest;
    call<T = void>(method: string, path: string, request?: Request): Promise<T>;
}
/** What a refusal says: a sentence, or a list of what is wrong with which field. */
export declare function detailOf(text: string): string;
export declare function aborted(): ChatError;
