/** What applications import. */
export { createAuth } from "./auth.js";
export { createClient } from "./client.js";
export { ChatError, type ErrorCode, type ErrorDetail } from "./errors.js";
export { jsonStorage, type TextAdapter, type TextStorage } from "./json.js";
export { foldName, mentionsAt, type Mention } from "./text.js";
export type * from "./api.js";
