/** Files of the double: uploaded in one request or in chunks, sent with a message, read by who may read that. */
import type * as wire from "../wire.js";
import { Refused } from "./world.js";

const HEAD_BYTES = 16;
export const UPLOAD_BYTES = 25 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const WINDOW = 4;

interface Stored {
  owner: number;
  name: string;
  mime: string;
  bytes: Uint8Array;
  /** Of the message that has it. */
  conversation?: number;
}

interface Upload {
  owner: number;
  name: string;
  mime: string;
  bytes: Uint8Array;
}

export class Files {
  readonly #files = new Map<number, Stored>();
  readonly #uploads = new Map<number, Upload>();

  begin(owner: number, { name, mime, size }: { name: string; mime?: string; size: number }): object {
    if (size < 1 || size > UPLOAD_BYTES) throw new Refused(size < 1 ? "invalid_content" : "too_large");
    const upload_id = this.#uploads.size + 1;
    this.#uploads.set(upload_id, { owner, name, mime: mime || "application/octet-stream", bytes: new Uint8Array() });
    return { upload_id, chunk_bytes: CHUNK_BYTES, offset: 0, window: WINDOW };
  }

  /** A chunk as a socket carries it; what to tell of it. */
  take(owner: number, frame: Uint8Array): object {
    const head = new DataView(frame.buffer, frame.byteOffset, HEAD_BYTES);
    const upload_id = head.getUint32(4);
    const upload = this.#upload(owner, upload_id);
    const bytes = new Uint8Array(Number(head.getBigUint64(8)) + frame.length - HEAD_BYTES);
    bytes.set(upload.bytes);
    bytes.set(frame.subarray(HEAD_BYTES), Number(head.getBigUint64(8)));
    upload.bytes = bytes;
    return { type: "upload_progress", upload_id, offset: bytes.length };
  }

  commit(owner: number, id: number): object {
    const { name, mime, bytes } = this.#upload(owner, id);
    this.#uploads.delete(id);
    const { id: file_id, ...made } = this.add(owner, name, mime, bytes);
    return { file_id, ...made };
  }

  abort(owner: number, id: number): object {
    this.#upload(owner, id);
    this.#uploads.delete(id);
    return {};
  }

  add(owner: number, name: string, mime: string, bytes: Uint8Array): wire.Attachment {
    const id = this.#files.size + 1;
    this.#files.set(id, { owner, name, mime: mime || "application/octet-stream", bytes });
    return this.#describe(id);
  }

  /** They go with a message: each once, and one's own. */
  attach(owner: number, ids: readonly number[], conversation: number): wire.Attachment[] {
    return ids.map((id) => {
      const file = this.#files.get(id);
      if (!file || file.owner !== owner || file.conversation !== undefined) throw new Refused("not_found");
      file.conversation = conversation;
      return this.#describe(id);
    });
  }

  read(id: number, isAllowed: (file: Stored) => boolean): Stored {
    const file = this.#files.get(id);
    if (!file || !isAllowed(file)) throw new Refused("not_found");
    return file;
  }

  #upload(owner: number, id: number): Upload {
    const upload = this.#uploads.get(id);
    if (!upload || upload.owner !== owner) throw new Refused("not_found");
    return upload;
  }

  #describe(id: number): wire.Attachment {
    const { name, mime, bytes } = this.#files.get(id)!;
    return { id, name, mime, size: bytes.length, url: `/files/${id}` };
  }
}
