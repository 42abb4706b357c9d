/** How the client speaks to whoever runs it. Nothing that goes wrong in here, or in a callback, is ever thrown at no one. */
import type { ClientOptions } from "./options.js";

export type Log = NonNullable<ClientOptions["logger"]>;

/** A logger that never throws. Errors that nobody else would hear of go to the console. */
export function loggerOf(given: ClientOptions["logger"]): Log {
  const say: Log = given ?? ((level, text, data) => level === "error" && console.error(text, data));
  return (...told) => void attempt(() => say(...told), (error) => console.error("the logger failed", error));
}

/** Calls a function of the application, which may fail at once or later: the client goes on. */
export async function attempt(call: () => unknown, failed: (error: unknown) => void): Promise<void> {
  try {
    await call();
  } catch (error) {
    failed(error);
  }
}
