/** Storage that knows text alone: `localStorage`, React Native's AsyncStorage, a table of strings. */
import type { StorageAdapter } from "./options.js";

/** As `localStorage`, at once or later. */
export interface TextStorage {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, text: string): unknown;
  removeItem(key: string): unknown;
}

/** The same under the names that adapters have. */
export interface TextAdapter {
  get(key: string): string | null | undefined | Promise<string | null | undefined>;
  set(key: string, text: string): unknown;
  delete(key: string): unknown;
}

/** Dates, infinity and files are written so that they are read as what they were; what can't be read is dropped. */
export function jsonStorage(texts: TextStorage | TextAdapter): StorageAdapter {
  const { getItem: get, setItem: set, removeItem: remove } =
    "getItem" in texts ? texts : { getItem: texts.get, setItem: texts.set, removeItem: texts.delete };
  return {
    async get(key) {
      const text = await get.call(texts, key);
      if (!text) return;
      try {
        return decoded(JSON.parse(text));
      } catch {
        await remove.call(texts, key);
      }
    },
    async set(key, value) {
      await set.call(texts, key, JSON.stringify(await encoded(value)));
    },
    async delete(key) {
      await remove.call(texts, key);
    },
  };
}

const MARK = "$chinwag";

async function encoded(value: unknown): Promise<unknown> {
  if (value === Infinity) return { [MARK]: "infinity" };
  if (value instanceof Date) return { [MARK]: "date", at: value.getTime() };
  if (value instanceof Blob) {
    const bytes = new Uint8Array(await value.arrayBuffer());
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return { [MARK]: "blob", type: value.type, name: "name" in value ? value.name : undefined, bytes: btoa(binary) };
  }
  if (Array.isArray(value)) return Promise.all(value.map(encoded));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(async ([key, part]) => [key, await encoded(part)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== "object" || value === null) return value;
  const { [MARK]: kind, ...rest } = value as Record<string, unknown>;
  if (kind === "infinity") return Infinity;
  if (kind === "date") return new Date(Number(rest.at));
  if (kind !== "blob") return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decoded(part)]));
  const bytes = Uint8Array.from(atob(String(rest.bytes)), (sign) => sign.charCodeAt(0));
  const options = { type: String(rest.type) };
  return rest.name === undefined ? new Blob([bytes], options) : new File([bytes], String(rest.name), options);
}
