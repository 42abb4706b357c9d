/**
 * Files on their way up: in chunks over the socket, where the server and the page allow it, else in one request.
 *
 *     upload_begin → (offset, window) → chunks, as the credits come → upload_commit → the file
 *          ↑ a new socket: the server says how far it got    ↓
 *          └─────────────────────────────────────────────────┘
 */
import type { Attachment } from "./api.js";
import { toAttachment } from "./convert.js";
import { ChatError } from "./errors.js";
import { aborted, type Rest } from "./rest.js";
import type { Transport } from "./transport.js";
import type * as wire from "./wire.js";

const KIND = 0x01;
const HEAD_BYTES = 16;

/** The answer to `upload_begin`. */
type Begun = Required<Pick<wire.OkFrame, "upload_id" | "chunk_bytes" | "offset" | "window">>;
/** The answer to `upload_commit`. */
type Committed = Omit<wire.Attachment, "id" | "name"> & Required<Pick<wire.OkFrame, "file_id">>;

/** One that is under way on the present socket. */
interface Running {
  progress(offset: number): void;
  fail(error: ChatError): void;
}

export class Uploads {
  readonly #transport: Transport;
  readonly #rest: Rest;
  readonly #running = new Map<number, Running>();

  constructor(transport: Transport, rest: Rest) {
    this.#transport = transport;
    this.#rest = rest;
  }

  async upload(
    file: Blob,
    name: string,
    onProgress: (loaded: number) => void,
    signal: AbortSignal | undefined,
    isInChunks: boolean,
  ): Promise<Attachment> {
    onProgress(0);
    // Hashing is for secure pages only.
    if (isInChunks && crypto.subtle) return this.#inChunks(file, name, onProgress, signal);
    const body = new FormData();
    body.set("file", file, name);
    const made = await this.#rest.call<wire.Attachment>("POST", "/files", { body, signal });
    onProgress(file.size);
    return toAttachment(made);
  }

  onProgress({ upload_id, offset }: wire.UploadProgressFrame): void {
    this.#running.get(upload_id)?.progress(offset);
  }

  onError(uploadId: number, error: ChatError): void {
    this.#running.get(uploadId)?.fail(error);
  }

  /** The socket is gone, and the uploads' names with it: each begins again where it was. */
  onLost(): void {
    const lost = new ChatError("unavailable", "the connection was lost");
    for (const running of [...this.#running.values()]) running.fail(lost);
  }

  async #inChunks(
    file: Blob,
    name: string,
    onProgress: (loaded: number) => void,
    signal?: AbortSignal,
  ): Promise<Attachment> {
    const sha256 = hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const { size, type: mime } = file;
    for (;;) {
      const begin = { type: "upload_begin", name, mime: mime || undefined, size, sha256 };
      const begun = (await this.#transport.command(begin, { timeoutMs: Infinity, signal })) as wire.OkFrame & Begun;
      try {
        await this.#send(file, begun, onProgress, signal);
        const commit = { type: "upload_commit", upload_id: begun.upload_id };
        const { file_id, ...made } = (await this.#transport.command(commit, { signal })) as wire.OkFrame & Committed;
        return toAttachment({ ...made, id: file_id, name });
      } catch (error) {
        if (signal?.aborted) {
          this.#transport.signal({ type: "upload_abort", upload_id: begun.upload_id });
          throw aborted();
        }
        if (!(error instanceof ChatError) || !isOfSocket(error)) throw error;
      }
    }
  }

  /** Resolves when every byte has arrived there. */
  #send(file: Blob, begun: Begun, onProgress: (loaded: number) => void, signal?: AbortSignal): Promise<void> {
    const { upload_id, chunk_bytes, window } = begun;
    return new Promise<void>((resolve, reject) => {
      let arrived = begun.offset;
      let sent = begun.offset;
      let isSending = false;
      const end = (error?: ChatError) => {
        this.#running.delete(upload_id);
        signal?.removeEventListener("abort", stop);
        if (error) reject(error);
        else resolve();
      };
      const stop = () => end(aborted());
      const pump = async () => {
        if (isSending) return;
        isSending = true;
        while (sent < file.size && sent - arrived < window * chunk_bytes && this.#running.has(upload_id)) {
          const part = await file.slice(sent, sent + chunk_bytes).arrayBuffer();
          if (!this.#running.has(upload_id) || !this.#transport.bytes(chunk(upload_id, sent, part))) break;
          sent += part.byteLength;
        }
        isSending = false;
      };
      this.#running.set(upload_id, {
        fail: end,
        progress: (offset) => {
          arrived = offset;
          onProgress(arrived);
          if (arrived >= file.size) end();
          else pump().catch((error) => end(new ChatError("invalid", `the file can't be read: ${String(error)}`)));
        },
      });
      signal?.addEventListener("abort", stop, { once: true });
      this.#running.get(upload_id)?.progress(arrived);
    });
  }
}

/** The upload is not known by this name any more, or the connection broke: not the file's fault. */
function isOfSocket(error: ChatError): boolean {
  return error.code === "unavailable" || error.code === "not_found" || error.code === "timeout";
}

function chunk(uploadId: number, offset: number, bytes: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEAD_BYTES + bytes.byteLength);
  const head = new DataView(frame.buffer);
  head.setUint8(0, KIND);
  head.setUint32(4, uploadId);
  head.setBigUint64(8, BigInt(offset));
  frame.set(new Uint8Array(bytes), HEAD_BYTES);
  return frame;
}

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
