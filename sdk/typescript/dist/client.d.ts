/** The client: puts the parts together, and keeps what has to outlive the page. */
import type * as api from "./api.js";
export declare const createClient: api.CreateClient;
