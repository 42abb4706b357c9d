/** What applications import. */
import type { CreateAuth, CreateClient } from "./api.js";

export { ChatError, type ErrorCode, type ErrorDetail } from "./errors.js";
export type * from "./api.js";
export declare const createClient: CreateClient;
export declare const createAuth: CreateAuth;
