/** Accounts of the server itself: signing in, staying signed in over a reload, and in all tabs at once. */
import type * as api from "./api.js";
export declare const createAuth: api.CreateAuth;
