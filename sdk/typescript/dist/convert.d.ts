/** From the wire's shapes to those of the interface. Pure. */
import type { Account, Attachment, Member, Message, Session, User } from "./api.js";
import type * as wire from "./wire.js";
export declare function toMessage(from: wire.Message): Message;
/** What the server says of a file, once it takes files. */
export interface WireAttachment {
    id: number;
    name: string;
    mime: string;
    size: number;
    url: string;
    thumbnail_url?: string;
    width?: number;
    height?: number;
}
export declare function toAttachment({ id, thumbnail_url, ...rest }: WireAttachment): Attachment;
/** The names after an `@`, as the server reads them: not in `alice@example.com`. */
export declare function mentionsIn(content: string): string[];
export declare function toUser(from: wire.PublicUser): User;
export declare function toAccount(from: wire.User): Account;
export declare function toMember(from: wire.Participant): Member;
export declare function toSession(from: wire.Session): Session;
