/** The access token: asked for once for all who wait for it, and again when it has run out. */
import type { ClientOptions } from "./api.js";
type Reason = "connect" | "expired" | "rejected";
export declare class Tokens {
    #private;
    constructor(source: ClientOptions["token"], signal: AbortSignal);
    /** The token that is in use; the first one is asked for. */
    get(): Promise<string>;
    /** One in place of `used`, which is no good any more. */
    renew(reason: Reason, used: string | undefined): Promise<string>;
}
export {};
