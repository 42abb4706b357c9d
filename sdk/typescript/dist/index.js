/** What applications import. */
export { createAuth } from "./auth.js";
export { createClient } from "./client.js";
export { ChatError } from "./errors.js";
