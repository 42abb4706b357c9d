/** What applications import. */
export { createAuth } from "./auth.js";
export { createClient } from "./client.js";
export { ChatError, type ErrorCode, type ErrorDetail } from "./errors.js";
export type * from "./api.js";
