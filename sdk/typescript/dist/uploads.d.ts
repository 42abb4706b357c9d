/**
 * Files on their way up: in chunks over the socket, where the server and the page allow it, else in one request.
 *
 *     upload_begin → (offset, window) → chunks, as the credits come → upload_commit → the file
 *          ↑ a new socket: the server says how far it got    ↓
 *          └─────────────────────────────────────────────────┘
 */
import type { Attachment } from "./api.js";
import { ChatError } from "./errors.js";
import { type Rest } from "./rest.js";
import type { Session } from "./session.js";
export declare class Uploads {
    #private;
    constructor(session: Session, rest: Rest);
    upload(file: Blob, name: string, onProgress: (loaded: number) => void, signal: AbortSignal | undefined, isInChunks: boolean): Promise<Attachment>;
    onProgress({ upload_id, offset }: {
        upload_id: number;
        offset: number;
    }): void;
    onError(uploadId: number, error: ChatError): void;
    /** The socket is gone, and the uploads' names with it: each begins again where it was. */
    onLost(): void;
}
