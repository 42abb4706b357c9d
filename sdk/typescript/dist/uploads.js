import { toAttachment } from "./convert.js";
import { ChatError } from "./errors.js";
import { aborted } from "./rest.js";
const KIND = 0x01;
const HEAD_BYTES = 16;
export class Uploads {
    #session;
    #rest;
    #running = new Map();
    constructor(session, rest) {
        this.#session = session;
        this.#rest = rest;
    }
    async upload(file, name, onProgress, signal, isInChunks) {
        onProgress(0);
        // Hashing is for secure pages only.
        if (isInChunks && crypto.subtle)
            return this.#inChunks(file, name, onProgress, signal);
        const body = new FormData();
        body.set("file", file, name);
        const made = await this.#rest.call("POST", "/files", { body, signal });
        onProgress(file.size);
        return toAttachment(made);
    }
    onProgress({ upload_id, offset }) {
        this.#running.get(upload_id)?.progress(offset);
    }
    onError(uploadId, error) {
        this.#running.get(uploadId)?.fail(error);
    }
    /** The socket is gone, and the uploads' names with it: each begins again where it was. */
    onLost() {
        const lost = new ChatError("unavailable", "the connection was lost");
        for (const running of [...this.#running.values()])
            running.fail(lost);
    }
    async #inChunks(file, name, onProgress, signal) {
        const sha256 = hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
        const { size, type: mime } = file;
        for (;;) {
            const begin = { type: "upload_begin", name, mime: mime || undefined, size, sha256 };
            const begun = (await this.#session.command(begin, { timeoutMs: Infinity, signal }));
            try {
                await this.#send(file, begun, onProgress, signal);
                const commit = { type: "upload_commit", upload_id: begun.upload_id };
                const made = (await this.#session.command(commit, { signal }));
                const { file_id, ...rest } = made;
                return toAttachment({ ...rest, id: file_id, name });
            }
            catch (error) {
                if (signal?.aborted) {
                    this.#session.signal({ type: "upload_abort", upload_id: begun.upload_id });
                    throw aborted();
                }
                if (!(error instanceof ChatError) || !isOfSocket(error))
                    throw error;
            }
        }
    }
    /** Resolves when every byte has arrived there. */
    #send(file, begun, onProgress, signal) {
        const { upload_id, chunk_bytes, window } = begun;
        return new Promise((resolve, reject) => {
            let arrived = begun.offset;
            let sent = begun.offset;
            let isSending = false;
            const end = (error) => {
                this.#running.delete(upload_id);
                signal?.removeEventListener("abort", stop);
                if (error)
                    reject(error);
                else
                    resolve();
            };
            const stop = () => end(aborted());
            const pump = async () => {
                if (isSending)
                    return;
                isSending = true;
                while (sent < file.size && sent - arrived < window * chunk_bytes && this.#running.has(upload_id)) {
                    const part = await file.slice(sent, sent + chunk_bytes).arrayBuffer();
                    if (!this.#running.has(upload_id) || !this.#session.bytes(chunk(upload_id, sent, part)))
                        break;
                    sent += part.byteLength;
                }
                isSending = false;
            };
            this.#running.set(upload_id, {
                fail: end,
                progress: (offset) => {
                    arrived = offset;
                    onProgress(arrived);
                    if (arrived >= file.size)
                        end();
                    else
                        pump().catch((error) => end(new ChatError("invalid", `the file can't be read: ${String(error)}`)));
                },
            });
            signal?.addEventListener("abort", stop, { once: true });
            this.#running.get(upload_id)?.progress(arrived);
        });
    }
}
/** The upload is not known by this name any more, or the connection broke: not the file's fault. */
function isOfSocket(error) {
    return error.code === "unavailable" || error.code === "not_found" || error.code === "timeout";
}
function chunk(uploadId, offset, bytes) {
    const frame = new Uint8Array(HEAD_BYTES + bytes.byteLength);
    const head = new DataView(frame.buffer);
    head.setUint8(0, KIND);
    head.setUint32(4, uploadId);
    head.setBigUint64(8, BigInt(offset));
    frame.set(new Uint8Array(bytes), HEAD_BYTES);
    return frame;
}
function hex(bytes) {
    return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
