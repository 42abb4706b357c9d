/**
 * What the server sends and takes. Made from its own descriptions by scripts/wire.js; do not edit.
 */

/**
 * One file that somebody uploaded, unique on the whole server.
 */
export type FileId = number;
/**
 * The position of an event in its conversation's log: from 1, dense, in commit order.
 */
export type Seq = number;
/**
 * With `seq`, the event's cursor.
 */
export type Stamp = string;
export type CreatedAt = string;
/**
 * One conversation: a group, or the direct conversation of two people.
 */
export type ConversationId = number;
/**
 * What a conversation is.
 */
export type ConversationKind = "direct" | "group";
/**
 * Which messages of a conversation notify somebody.
 */
export type NotificationLevel = "all" | "mentions" | "none";
/**
 * A place in one log: `seq.stamp`, or `0` before the first event.
 */
export type Cursor = string;
/**
 * A person or program that can sign in.
 */
export type UserId = number;
/**
 * How to read a text.
 */
export type Format = "plain" | "markdown";
/**
 * One message, unique on the whole server and growing with time.
 */
export type MessageId = number;
/**
 * Milliseconds since 1970-01-01 00:00:00 UTC.
 */
export type Timestamp = number;
/**
 * What a participant is in a conversation.
 */
export type Role = "owner" | "admin" | "member";
/**
 * Why a command or a request was refused.
 */
export type ErrorCode =
  | "invalid_json"
  | "invalid_frame"
  | "unknown_type"
  | "invalid_content"
  | "too_large"
  | "not_found"
  | "forbidden"
  | "not_participant"
  | "conflict"
  | "idempotency_mismatch"
  | "upload_mismatch"
  | "rate_limited"
  | "archived"
  | "unavailable"
  | "internal"
  | "unauthenticated"
  | "username_taken"
  | "email_taken";
export type Event =
  | MessageFrame
  | MessageEditedFrame
  | MessageDeletedFrame
  | ReactionAddedFrame
  | ReactionRemovedFrame
  | PinnedFrame
  | UnpinnedFrame
  | ParticipantAddedFrame
  | ParticipantRemovedFrame
  | ParticipantUpdatedFrame
  | ConversationUpdatedFrame
  | UnknownFrame;
/**
 * A step on the way to a field.
 */
export type Location = string | number;
/**
 * How a webhook goes.
 */
export type WebhookState = "active" | "failing" | "disabled";
/**
 * What a notification may say.
 */
export type PushContent = "full" | "none";
/**
 * What a user may do on the whole server.
 */
export type UserRole = "user" | "admin";
/**
 * From where a conversation begins of which the client has nothing.
 */
export type Added = "head" | "replay";
/**
 * Why continuity is lost.
 */
export type GapReason = "retention" | "diverged" | "membership" | "too_far";
/**
 * Add or remove.
 */
export type Op = "add" | "remove";
/**
 * What users may say of themselves.
 */
export type OwnStatus = "online" | "away" | "dnd" | "invisible";
/**
 * Somebody's status.
 */
export type PresenceStatus = "online" | "away" | "dnd" | "invisible" | "offline";
export type ServerFrame =
  | AuthExpiringFrame
  | CaughtUpFrame
  | ConnectionFrame
  | ConversationFrame
  | ConversationLeftFrame
  | ConversationUpdatedFrame
  | ErrorFrame
  | GapFrame
  | GoawayFrame
  | MessageDeletedFrame
  | MessageEditedFrame
  | MessageFrame
  | OkFrame
  | ParticipantAddedFrame
  | ParticipantRemovedFrame
  | ParticipantUpdatedFrame
  | PinnedFrame
  | PongFrame
  | PresenceFrame
  | ReactionAddedFrame
  | ReactionRemovedFrame
  | ReadyFrame
  | ReceiptFrame
  | ReplayFrame
  | TypingFrame
  | UnknownFrame
  | UnpinnedFrame
  | UnreadFrame
  | UploadProgressFrame
  | UserJoinedFrame
  | UserLeftFrame;

/**
 * Every type by its name.
 */
export interface Wire {
  Attachment?: Attachment;
  Changed?: Changed;
  Conversation?: Conversation;
  ConversationChange?: ConversationChange;
  ConversationId?: ConversationId;
  ConversationKind?: ConversationKind;
  ConversationState?: ConversationState;
  ConversationUpdatedEvent?: ConversationUpdatedEvent;
  CreatedAt?: CreatedAt;
  Cursor?: Cursor;
  Detail?: Detail;
  EditMessage?: EditMessage;
  Entry?: Entry;
  ErrorCode?: ErrorCode;
  Event?: Event;
  EventPage?: EventPage;
  FileForm?: FileForm;
  FileId?: FileId;
  Format?: Format;
  Health?: Health;
  Location?: Location;
  MadeWebhook?: MadeWebhook;
  MarkRead?: MarkRead;
  Membership?: Membership;
  Message?: Message;
  MessageDeletedEvent?: MessageDeletedEvent;
  MessageEditedEvent?: MessageEditedEvent;
  MessageEvent?: MessageEvent;
  MessageId?: MessageId;
  NewConversation?: NewConversation;
  NewMessage?: NewMessage;
  NewParticipant?: NewParticipant;
  NewPushSubscription?: NewPushSubscription;
  NewRole?: NewRole;
  NewWebhook?: NewWebhook;
  NotificationLevel?: NotificationLevel;
  NotificationSetting?: NotificationSetting;
  Participant?: Participant;
  ParticipantAddedEvent?: ParticipantAddedEvent;
  ParticipantRemovedEvent?: ParticipantRemovedEvent;
  ParticipantUpdatedEvent?: ParticipantUpdatedEvent;
  PasswordForm?: PasswordForm;
  PinnedEvent?: PinnedEvent;
  PublicUser?: PublicUser;
  PushContent?: PushContent;
  PushKey?: PushKey;
  PushKeys?: PushKeys;
  PushSubscription?: PushSubscription;
  Reaction?: Reaction;
  ReactionAddedEvent?: ReactionAddedEvent;
  ReactionRemovedEvent?: ReactionRemovedEvent;
  ReactionSummary?: ReactionSummary;
  Readiness?: Readiness;
  Receipt?: Receipt;
  Refresh?: Refresh;
  Register?: Register;
  Role?: Role;
  SearchHit?: SearchHit;
  SearchResults?: SearchResults;
  SentMessage?: SentMessage;
  Seq?: Seq;
  Session?: Session;
  Setup?: Setup;
  Stamp?: Stamp;
  Ticket?: Ticket;
  Timestamp?: Timestamp;
  Token?: Token;
  UnknownEvent?: UnknownEvent;
  UnpinnedEvent?: UnpinnedEvent;
  UploadedFile?: UploadedFile;
  User?: User;
  UserChange?: UserChange;
  UserId?: UserId;
  UserRole?: UserRole;
  ValidationDetail?: ValidationDetail;
  ValidationError?: ValidationError;
  Webhook?: Webhook;
  WebhookChange?: WebhookChange;
  WebhookState?: WebhookState;
  AckCommand?: AckCommand;
  Added?: Added;
  AuthCommand?: AuthCommand;
  AuthExpiringFrame?: AuthExpiringFrame;
  CaughtUpFrame?: CaughtUpFrame;
  ConnectionFrame?: ConnectionFrame;
  ConversationFrame?: ConversationFrame;
  ConversationLeftFrame?: ConversationLeftFrame;
  ConversationUpdatedFrame?: ConversationUpdatedFrame;
  CursorsCommand?: CursorsCommand;
  DeleteCommand?: DeleteCommand;
  EditCommand?: EditCommand;
  ErrorFrame?: ErrorFrame;
  GapFrame?: GapFrame;
  GapReason?: GapReason;
  GoawayFrame?: GoawayFrame;
  HelloCommand?: HelloCommand;
  Limits?: Limits;
  MessageDeletedFrame?: MessageDeletedFrame;
  MessageEditedFrame?: MessageEditedFrame;
  MessageFrame?: MessageFrame;
  OkFrame?: OkFrame;
  Op?: Op;
  OwnStatus?: OwnStatus;
  ParticipantAddedFrame?: ParticipantAddedFrame;
  ParticipantRemovedFrame?: ParticipantRemovedFrame;
  ParticipantUpdatedFrame?: ParticipantUpdatedFrame;
  PinCommand?: PinCommand;
  PingCommand?: PingCommand;
  PinnedFrame?: PinnedFrame;
  PongFrame?: PongFrame;
  PresenceCommand?: PresenceCommand;
  PresenceFrame?: PresenceFrame;
  PresenceStatus?: PresenceStatus;
  ReactCommand?: ReactCommand;
  ReactionAddedFrame?: ReactionAddedFrame;
  ReactionRemovedFrame?: ReactionRemovedFrame;
  ReadCommand?: ReadCommand;
  ReadyFrame?: ReadyFrame;
  ReceiptFrame?: ReceiptFrame;
  ReplayFrame?: ReplayFrame;
  SendCommand?: SendCommand;
  SubscribeCommand?: SubscribeCommand;
  TypingCommand?: TypingCommand;
  TypingFrame?: TypingFrame;
  UnknownFrame?: UnknownFrame;
  UnpinnedFrame?: UnpinnedFrame;
  UnreadFrame?: UnreadFrame;
  UnsubscribeCommand?: UnsubscribeCommand;
  UploadAbortCommand?: UploadAbortCommand;
  UploadBeginCommand?: UploadBeginCommand;
  UploadCommitCommand?: UploadCommitCommand;
  UploadProgressFrame?: UploadProgressFrame;
  UserJoinedFrame?: UserJoinedFrame;
  UserLeftFrame?: UserLeftFrame;
  ServerFrame?: ServerFrame;
}
/**
 * A file of a message.
 */
export interface Attachment {
  /**
   * Of a picture, in pixels.
   */
  height?: number;
  id: FileId;
  /**
   * What it is, by its content.
   */
  mime: string;
  /**
   * Shown to people, and the name to save it under. Never a path.
   */
  name: string;
  /**
   * In bytes.
   */
  size: number;
  /**
   * Of a picture: a small one, at most 480 pixels wide and high.
   */
  thumbnail_url?: string;
  /**
   * Where it is: a path of this server.
   */
  url: string;
  /**
   * Of a picture, in pixels.
   */
  width?: number;
}
/**
 * What a change did.
 */
export interface Changed {
  /**
   * True if it was so already: there is no new event.
   */
  duplicate: boolean;
  seq?: Seq;
  stamp?: Stamp;
  /**
   * The message's version now.
   */
  version?: number;
}
/**
 * A conversation.
 */
export interface Conversation {
  /**
   * Whether it can only be read.
   */
  archived: boolean;
  created_at: CreatedAt;
  id: ConversationId;
  kind: ConversationKind;
  notifications: NotificationLevel;
  /**
   * Shown to people.
   */
  title: string;
  /**
   * What it is about.
   */
  topic: string;
}
/**
 * What to change about a conversation; what is absent stays.
 */
export interface ConversationChange {
  /**
   * Whether it can only be read.
   */
  archived?: boolean;
  /**
   * Shown to people.
   */
  title?: string;
  /**
   * What it is about.
   */
  topic?: string;
}
/**
 * A conversation as one of its participants sees it.
 */
export interface ConversationState {
  /**
   * Whether it can only be read.
   */
  archived: boolean;
  created_at: CreatedAt;
  head: Cursor;
  id: ConversationId;
  kind: ConversationKind;
  last_message?: Message;
  /**
   * Those of them that name the caller.
   */
  mentions: number;
  notifications: NotificationLevel;
  /**
   * How many take part.
   */
  participants: number;
  peer?: PublicUser;
  read_seq: Seq;
  role: Role;
  /**
   * Shown to people.
   */
  title: string;
  /**
   * What it is about.
   */
  topic: string;
  /**
   * Messages of others after that, at most 10,000.
   */
  unread: number;
}
/**
 * A message, as history and sockets show it.
 */
export interface Message {
  actor_id: UserId;
  /**
   * Its files.
   */
  attachments?: Attachment[];
  /**
   * The sender's own id of the message.
   */
  client_id?: string;
  /**
   * The text.
   */
  content: string;
  conversation_id: ConversationId;
  created_at: CreatedAt;
  /**
   * True once it is deleted; then the text is empty.
   */
  deleted?: boolean;
  format: Format;
  id: MessageId;
  /**
   * What the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: who reacted, by emoji. A live message has none yet.
   */
  reactions?: ReactionSummary[];
  reply_to?: MessageId;
  sender_id: UserId;
  /**
   * The sender's username.
   */
  sender_name: string;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  /**
   * How often it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * Who reacted with one emoji.
 */
export interface ReactionSummary {
  /**
   * One emoji.
   */
  emoji: string;
  /**
   * Who, by id.
   */
  user_ids: UserId[];
}
/**
 * What everybody may see of a user.
 */
export interface PublicUser {
  /**
   * May be empty.
   */
  first_name: string;
  id: UserId;
  /**
   * May be empty.
   */
  last_name: string;
  /**
   * Unique name.
   */
  username: string;
}
/**
 * Title, topic or archive changed; all of them as they are now.
 */
export interface ConversationUpdatedEvent {
  actor_id: UserId;
  /**
   * Whether it can only be read.
   */
  archived: boolean;
  conversation_id: ConversationId;
  seq: Seq;
  stamp: Stamp;
  /**
   * Shown to people.
   */
  title: string;
  /**
   * What it is about.
   */
  topic: string;
  ts: Timestamp;
  type: "conversation_updated";
}
/**
 * A refusal in words.
 */
export interface Detail {
  code: ErrorCode;
  /**
   * One sentence, for people.
   */
  detail: string;
}
/**
 * A message's new text.
 */
export interface EditMessage {
  /**
   * The new text.
   */
  content: string;
  /**
   * Only if this is still its version.
   */
  if_version?: number;
}
/**
 * What every event has.
 */
export interface Entry {
  actor_id: UserId;
  conversation_id: ConversationId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
}
/**
 * Somebody said something.
 */
export interface MessageFrame {
  actor_id: UserId;
  /**
   * Its files.
   */
  attachments?: Attachment[];
  /**
   * The sender's own id of the message.
   */
  client_id?: string;
  /**
   * The text.
   */
  content: string;
  conversation_id: ConversationId;
  created_at: CreatedAt;
  /**
   * True once it is deleted; then the text is empty.
   */
  deleted?: boolean;
  /**
   * Level 0: true in the answer to a repeat. It is old, and keeps no order with what comes live.
   */
  duplicate?: boolean;
  format: Format;
  id: MessageId;
  /**
   * What the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: who reacted, by emoji. A live message has none yet.
   */
  reactions?: ReactionSummary[];
  reply_to?: MessageId;
  sender_id: UserId;
  /**
   * The sender's username.
   */
  sender_name: string;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "message";
  /**
   * How often it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * An author wrote a message anew.
 */
export interface MessageEditedFrame {
  actor_id: UserId;
  /**
   * The new text; empty if the message was deleted since.
   */
  content: string;
  conversation_id: ConversationId;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "message_edited";
  /**
   * Counts from 1, the first writing.
   */
  version: number;
}
/**
 * A message is gone.
 */
export interface MessageDeletedFrame {
  actor_id: UserId;
  conversation_id: ConversationId;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "message_deleted";
}
/**
 * Somebody reacted.
 */
export interface ReactionAddedFrame {
  actor_id: UserId;
  conversation_id: ConversationId;
  /**
   * One emoji.
   */
  emoji: string;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "reaction_added";
  user_id: UserId;
}
/**
 * Somebody took a reaction back.
 */
export interface ReactionRemovedFrame {
  actor_id: UserId;
  conversation_id: ConversationId;
  /**
   * One emoji.
   */
  emoji: string;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "reaction_removed";
  user_id: UserId;
}
/**
 * A message was pinned.
 */
export interface PinnedFrame {
  actor_id: UserId;
  conversation_id: ConversationId;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "pinned";
}
/**
 * A message is no longer pinned.
 */
export interface UnpinnedFrame {
  actor_id: UserId;
  conversation_id: ConversationId;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "unpinned";
}
/**
 * Somebody takes part from now on.
 */
export interface ParticipantAddedFrame {
  actor_id: UserId;
  conversation_id: ConversationId;
  role: Role;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "participant_added";
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
/**
 * Somebody no longer takes part.
 */
export interface ParticipantRemovedFrame {
  actor_id: UserId;
  conversation_id: ConversationId;
  role: Role;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "participant_removed";
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
/**
 * Somebody has another role.
 */
export interface ParticipantUpdatedFrame {
  actor_id: UserId;
  conversation_id: ConversationId;
  role: Role;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "participant_updated";
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
/**
 * Title, topic or archive changed; all of them as they are now.
 */
export interface ConversationUpdatedFrame {
  actor_id: UserId;
  /**
   * Whether it can only be read.
   */
  archived: boolean;
  conversation_id: ConversationId;
  seq: Seq;
  stamp: Stamp;
  /**
   * Shown to people.
   */
  title: string;
  /**
   * What it is about.
   */
  topic: string;
  ts: Timestamp;
  type: "conversation_updated";
}
/**
 * Something happened that this release of the server does not know: a later one wrote it, before the server went
 * back. Only its place in the log is told.
 */
export interface UnknownFrame {
  actor_id: UserId;
  conversation_id: ConversationId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "unknown";
}
/**
 * A page of a conversation's log.
 */
export interface EventPage {
  /**
   * Oldest first.
   */
  events: Event[];
  head: Cursor;
  /**
   * True if there are more after these.
   */
  more: boolean;
  next?: Cursor;
}
/**
 * A form with one file.
 */
export interface FileForm {
  /**
   * The file, with its name.
   */
  file: string;
}
/**
 * That the server runs.
 */
export interface Health {
  /**
   * True under `chinwag demo`: sample users exist.
   */
  demo: boolean;
  /**
   * True while the server waits for its first administrator, and lets nobody register: the setup link was printed
   * where it was started.
   */
  needs_setup: boolean;
  /**
   * True if accounts of this server sign in with `POST /auth/token`; false where another application signs its
   * users in.
   */
  password_login: boolean;
  /**
   * False when rate limits are off: for load tests only.
   */
  rate_limits: boolean;
  /**
   * True if anybody may make an account with `POST /users/register`.
   */
  registration: boolean;
  /**
   * Always `ok`.
   */
  status: string;
  /**
   * Of the server.
   */
  version: string;
}
/**
 * A webhook that was just made.
 */
export interface MadeWebhook {
  conversation_id?: ConversationId;
  created_at: CreatedAt;
  /**
   * Only events of these types.
   */
  events?: string[];
  failing_since?: CreatedAt;
  /**
   * Unique on the server.
   */
  id: number;
  /**
   * Events of the server that lie before it, whether it wants them or not.
   */
  lag: number;
  /**
   * What the last failed try came to.
   */
  last_error?: string;
  /**
   * Events of the server that it has passed, in the order of their commits.
   */
  position: number;
  /**
   * What its calls are signed with. Shown this once.
   */
  secret: string;
  state: WebhookState;
  /**
   * Where events are posted to.
   */
  url: string;
}
/**
 * How far the caller has read.
 */
export interface MarkRead {
  seq: Seq;
}
/**
 * Of a participant.
 */
export interface Membership {
  actor_id: UserId;
  conversation_id: ConversationId;
  role: Role;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
/**
 * A message is gone.
 */
export interface MessageDeletedEvent {
  actor_id: UserId;
  conversation_id: ConversationId;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "message_deleted";
}
/**
 * An author wrote a message anew.
 */
export interface MessageEditedEvent {
  actor_id: UserId;
  /**
   * The new text; empty if the message was deleted since.
   */
  content: string;
  conversation_id: ConversationId;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "message_edited";
  /**
   * Counts from 1, the first writing.
   */
  version: number;
}
/**
 * Somebody said something.
 */
export interface MessageEvent {
  actor_id: UserId;
  /**
   * Its files.
   */
  attachments?: Attachment[];
  /**
   * The sender's own id of the message.
   */
  client_id?: string;
  /**
   * The text.
   */
  content: string;
  conversation_id: ConversationId;
  created_at: CreatedAt;
  /**
   * True once it is deleted; then the text is empty.
   */
  deleted?: boolean;
  format: Format;
  id: MessageId;
  /**
   * What the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: who reacted, by emoji. A live message has none yet.
   */
  reactions?: ReactionSummary[];
  reply_to?: MessageId;
  sender_id: UserId;
  /**
   * The sender's username.
   */
  sender_name: string;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "message";
  /**
   * How often it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * A new conversation: `participant_id` for the direct one, else `title` and `participant_ids`.
 */
export interface NewConversation {
  participant_id?: UserId;
  /**
   * The group's other participants; the caller is always one.
   *
   * @maxItems 10000
   */
  participant_ids?: UserId[];
  /**
   * The group's title.
   */
  title?: string;
}
/**
 * A new message.
 */
export interface NewMessage {
  /**
   * Files that the sender uploaded and that no message has yet.
   *
   * @maxItems 10
   */
  attachments?:
    | []
    | [FileId]
    | [FileId, FileId]
    | [FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId];
  /**
   * The sender's own id: the same id again answers the first message instead of a second one.
   */
  client_id?: string;
  /**
   * The text: not blank, at most 4,000 characters and 16 KiB. Only a message with files may be without.
   */
  content?: string;
  format?: Format;
  /**
   * What the sender's application keeps with the message: at most 4 KiB.
   */
  meta?: {};
  reply_to?: MessageId;
}
/**
 * Somebody to add.
 */
export interface NewParticipant {
  role?: Role;
  user_id: UserId;
}
/**
 * A device that wants to be notified, as `PushSubscription.toJSON()` of a browser gives it.
 */
export interface NewPushSubscription {
  content?: PushContent;
  /**
   * Where the push service takes messages for the device: an https URL.
   */
  endpoint: string;
  keys: PushKeys;
}
/**
 * The keys of a device.
 */
export interface PushKeys {
  /**
   * Its authentication secret in base64url.
   */
  auth: string;
  /**
   * Its public key in base64url.
   */
  p256dh: string;
}
/**
 * Somebody's new role.
 */
export interface NewRole {
  role: Role;
}
/**
 * A webhook to be.
 */
export interface NewWebhook {
  conversation_id?: ConversationId;
  /**
   * Only events of these types, such as `message`; absent: of all types.
   */
  events?: string[];
  /**
   * Where events are posted to: an https URL, or an http one of a server that `--outbound-allow` names.
   */
  url: string;
}
/**
 * Which messages of a conversation notify the caller.
 */
export interface NotificationSetting {
  level: NotificationLevel;
}
/**
 * What everybody may see of a user.
 */
export interface Participant {
  delivered_seq: Seq;
  /**
   * May be empty.
   */
  first_name: string;
  id: UserId;
  /**
   * May be empty.
   */
  last_name: string;
  read_seq: Seq;
  role: Role;
  /**
   * Unique name.
   */
  username: string;
}
/**
 * Somebody takes part from now on.
 */
export interface ParticipantAddedEvent {
  actor_id: UserId;
  conversation_id: ConversationId;
  role: Role;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "participant_added";
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
/**
 * Somebody no longer takes part.
 */
export interface ParticipantRemovedEvent {
  actor_id: UserId;
  conversation_id: ConversationId;
  role: Role;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "participant_removed";
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
/**
 * Somebody has another role.
 */
export interface ParticipantUpdatedEvent {
  actor_id: UserId;
  conversation_id: ConversationId;
  role: Role;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "participant_updated";
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
/**
 * The OAuth2 password form.
 */
export interface PasswordForm {
  /**
   * Accepted and ignored.
   */
  client_id?: string;
  /**
   * Accepted and ignored.
   */
  client_secret?: string;
  /**
   * Accepted and ignored beyond `password`.
   */
  grant_type?: string;
  /**
   * In clear: use TLS.
   */
  password: string;
  /**
   * Accepted and ignored.
   */
  scope?: string;
  /**
   * Username or e-mail.
   */
  username: string;
}
/**
 * A message was pinned.
 */
export interface PinnedEvent {
  actor_id: UserId;
  conversation_id: ConversationId;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "pinned";
}
/**
 * The key that a browser subscribes with.
 */
export interface PushKey {
  /**
   * The server's VAPID key: an uncompressed P-256 point in base64url, the `applicationServerKey`.
   */
  public_key: string;
}
/**
 * A device that is notified.
 */
export interface PushSubscription {
  content: PushContent;
  created_at: CreatedAt;
  /**
   * The host of its push service.
   */
  endpoint_host: string;
  /**
   * Unique on the server.
   */
  id: number;
}
/**
 * Of a reaction.
 */
export interface Reaction {
  actor_id: UserId;
  conversation_id: ConversationId;
  /**
   * One emoji.
   */
  emoji: string;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  user_id: UserId;
}
/**
 * Somebody reacted.
 */
export interface ReactionAddedEvent {
  actor_id: UserId;
  conversation_id: ConversationId;
  /**
   * One emoji.
   */
  emoji: string;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "reaction_added";
  user_id: UserId;
}
/**
 * Somebody took a reaction back.
 */
export interface ReactionRemovedEvent {
  actor_id: UserId;
  conversation_id: ConversationId;
  /**
   * One emoji.
   */
  emoji: string;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "reaction_removed";
  user_id: UserId;
}
/**
 * Whether the server should get traffic, in words.
 */
export interface Readiness {
  /**
   * One sentence.
   */
  detail: string;
}
/**
 * How far somebody has received and read.
 */
export interface Receipt {
  conversation_id: ConversationId;
  delivered_seq: Seq;
  read_seq: Seq;
  user_id: UserId;
}
/**
 * A refresh token to be spent.
 */
export interface Refresh {
  /**
   * From the last answer that had one. It works once.
   */
  refresh_token: string;
}
/**
 * A new account.
 */
export interface Register {
  /**
   * Where mail would reach the user.
   */
  email: string;
  /**
   * Optional.
   */
  first_name?: string;
  /**
   * Optional.
   */
  last_name?: string;
  /**
   * 8 to 256 bytes.
   */
  password: string;
  /**
   * 1 to 64 letters with their marks, digits, or `. _ -`, of one script; no `.` or `-` at its ends.
   */
  username: string;
}
/**
 * A message that was found.
 */
export interface SearchHit {
  actor_id: UserId;
  /**
   * Its files.
   */
  attachments?: Attachment[];
  /**
   * The sender's own id of the message.
   */
  client_id?: string;
  /**
   * The text.
   */
  content: string;
  conversation_id: ConversationId;
  created_at: CreatedAt;
  /**
   * True once it is deleted; then the text is empty.
   */
  deleted?: boolean;
  format: Format;
  id: MessageId;
  /**
   * What the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: who reacted, by emoji. A live message has none yet.
   */
  reactions?: ReactionSummary[];
  reply_to?: MessageId;
  sender_id: UserId;
  /**
   * The sender's username.
   */
  sender_name: string;
  seq: Seq;
  /**
   * The part around the find.
   */
  snippet: string;
  stamp: Stamp;
  ts: Timestamp;
  /**
   * How often it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * What was found, newest first.
 */
export interface SearchResults {
  next?: MessageId;
  /**
   * One page.
   */
  results: SearchHit[];
}
/**
 * The answer to a message that was sent or edited.
 */
export interface SentMessage {
  actor_id: UserId;
  /**
   * Its files.
   */
  attachments?: Attachment[];
  /**
   * The sender's own id of the message.
   */
  client_id?: string;
  /**
   * The text.
   */
  content: string;
  conversation_id: ConversationId;
  created_at: CreatedAt;
  /**
   * True once it is deleted; then the text is empty.
   */
  deleted?: boolean;
  /**
   * True if it was so already: sent before, under the same `client_id`, or edited to the text that it had.
   */
  duplicate: boolean;
  format: Format;
  id: MessageId;
  /**
   * What the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: who reacted, by emoji. A live message has none yet.
   */
  reactions?: ReactionSummary[];
  reply_to?: MessageId;
  sender_id: UserId;
  /**
   * The sender's username.
   */
  sender_name: string;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  /**
   * How often it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * One sign-in.
 */
export interface Session {
  created_at: CreatedAt;
  /**
   * True for the session of this very request.
   */
  current: boolean;
  expires_at: CreatedAt;
  /**
   * The token's `sid`.
   */
  id: string;
  last_used_at: CreatedAt;
  /**
   * The program that signed in, as it named itself.
   */
  user_agent: string;
}
/**
 * The first administrator, made with the link that `serve` printed.
 */
export interface Setup {
  /**
   * Where mail would reach the user.
   */
  email: string;
  /**
   * Optional.
   */
  first_name?: string;
  /**
   * Optional.
   */
  last_name?: string;
  /**
   * 8 to 256 bytes.
   */
  password: string;
  /**
   * From the link's fragment.
   */
  token: string;
  /**
   * 1 to 64 letters with their marks, digits, or `. _ -`, of one script; no `.` or `-` at its ends.
   */
  username: string;
}
/**
 * A single-use credential for a WebSocket.
 */
export interface Ticket {
  /**
   * Seconds until it is void.
   */
  expires_in: number;
  /**
   * For `/ws?ticket=`.
   */
  ticket: string;
}
/**
 * The answer to a sign-in.
 */
export interface Token {
  /**
   * A JWT (HS256) with `sub`, `iat`, `exp` and `sid`.
   */
  access_token: string;
  /**
   * Seconds until the access token is void.
   */
  expires_in: number;
  /**
   * For `POST /auth/refresh`, once.
   */
  refresh_token: string;
  /**
   * Always `bearer`.
   */
  token_type: string;
  user: User;
}
/**
 * A user, as they see themselves.
 */
export interface User {
  created_at: CreatedAt;
  /**
   * Null for users that another application vouched for.
   */
  email?: string;
  /**
   * May be empty.
   */
  first_name: string;
  id: UserId;
  /**
   * False if disabled.
   */
  is_active: boolean;
  /**
   * May be empty.
   */
  last_name: string;
  role: UserRole;
  /**
   * Unique, and the token's `sub`.
   */
  username: string;
}
/**
 * Something happened that this release of the server does not know: a later one wrote it, before the server went
 * back. Only its place in the log is told.
 */
export interface UnknownEvent {
  actor_id: UserId;
  conversation_id: ConversationId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "unknown";
}
/**
 * A message is no longer pinned.
 */
export interface UnpinnedEvent {
  actor_id: UserId;
  conversation_id: ConversationId;
  message_id: MessageId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
  type: "unpinned";
}
/**
 * A file that was uploaded. It is the uploader's alone until a message has it.
 */
export interface UploadedFile {
  /**
   * Of a picture, in pixels.
   */
  height?: number;
  id: FileId;
  /**
   * What it is, by its content.
   */
  mime: string;
  /**
   * Shown to people, and the name to save it under. Never a path.
   */
  name: string;
  /**
   * Of the bytes as they are stored, in hexadecimal. Pictures are stored anew, without what a camera wrote
   * into them, so theirs is not the one of the file that was sent.
   */
  sha256: string;
  /**
   * In bytes.
   */
  size: number;
  /**
   * Of a picture: a small one, at most 480 pixels wide and high.
   */
  thumbnail_url?: string;
  /**
   * Where it is: a path of this server.
   */
  url: string;
  /**
   * Of a picture, in pixels.
   */
  width?: number;
}
/**
 * What to change about oneself; what is absent stays.
 */
export interface UserChange {
  /**
   * With `password`: the present one.
   */
  current_password?: string;
  /**
   * Shown to people.
   */
  first_name?: string;
  /**
   * Shown to people.
   */
  last_name?: string;
  /**
   * A new password; all other sessions end.
   */
  password?: string;
}
/**
 * A body, path or query that is not what the route takes.
 */
export interface ValidationDetail {
  code: ErrorCode;
  /**
   * What is wrong, piece by piece.
   */
  detail: ValidationError[];
}
/**
 * One thing that is wrong with a request.
 */
export interface ValidationError {
  /**
   * Where: `["body", "content"]`.
   */
  loc: Location[];
  /**
   * For people.
   */
  msg: string;
  /**
   * For programs.
   */
  type: string;
}
/**
 * A webhook.
 */
export interface Webhook {
  conversation_id?: ConversationId;
  created_at: CreatedAt;
  /**
   * Only events of these types.
   */
  events?: string[];
  failing_since?: CreatedAt;
  /**
   * Unique on the server.
   */
  id: number;
  /**
   * Events of the server that lie before it, whether it wants them or not.
   */
  lag: number;
  /**
   * What the last failed try came to.
   */
  last_error?: string;
  /**
   * Events of the server that it has passed, in the order of their commits.
   */
  position: number;
  state: WebhookState;
  /**
   * Where events are posted to.
   */
  url: string;
}
/**
 * What to change about a webhook; what is absent stays. A change has it called at once, if it was failing.
 */
export interface WebhookChange {
  /**
   * False stops it; true lets it go on where it stood.
   */
  enabled?: boolean;
  /**
   * Only events of these types from now on; null: of all types.
   */
  events?: string[];
  /**
   * Where events are posted to from now on.
   */
  url?: string;
}
/**
 * Everything up to here is on this device: delivery confirmation, at most every 2 s.
 */
export interface AckCommand {
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  seq: Seq;
  type: "ack";
}
/**
 * A new token for this socket, of the same user.
 */
export interface AuthCommand {
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  /**
   * A JWT.
   */
  token: string;
  type: "auth";
}
/**
 * The token runs out soon: send `auth`.
 */
export interface AuthExpiringFrame {
  expires_at: Timestamp;
  type: "auth_expiring";
}
/**
 * Everything up to here was replayed; from now on events come live.
 */
export interface CaughtUpFrame {
  conversation_id: ConversationId;
  seq: Seq;
  type: "caught_up";
}
/**
 * Always the first frame of a room socket.
 */
export interface ConnectionFrame {
  conversation_id: ConversationId;
  head?: Cursor;
  /**
   * Level 1: how often the server pings.
   */
  heartbeat_ms?: number;
  /**
   * Always `connected`.
   */
  status: string;
  type: "connection";
  user_id: UserId;
}
/**
 * The user takes part in one more conversation.
 */
export interface ConversationFrame {
  /**
   * Whether it can only be read.
   */
  archived: boolean;
  created_at: CreatedAt;
  head: Cursor;
  id: ConversationId;
  kind: ConversationKind;
  last_message?: Message;
  /**
   * Those of them that name the caller.
   */
  mentions: number;
  notifications: NotificationLevel;
  /**
   * How many take part.
   */
  participants: number;
  peer?: PublicUser;
  read_seq: Seq;
  role: Role;
  /**
   * Shown to people.
   */
  title: string;
  /**
   * What it is about.
   */
  topic: string;
  type: "conversation";
  /**
   * Messages of others after that, at most 10,000.
   */
  unread: number;
}
/**
 * The user no longer takes part.
 */
export interface ConversationLeftFrame {
  actor_id?: UserId;
  conversation_id: ConversationId;
  type: "conversation_left";
}
/**
 * Right behind a `hello` that announced it: further cursors.
 */
export interface CursorsCommand {
  conversation_id?: ConversationId;
  /**
   * As in `hello`.
   */
  cursors: {
    [k: string]: Cursor;
  };
  /**
   * Further ones follow.
   */
  more_cursors?: boolean;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "cursors";
}
/**
 * Delete a message: its text is gone from history, search and replay.
 */
export interface DeleteCommand {
  conversation_id?: ConversationId;
  message_id: MessageId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "delete";
}
/**
 * Replace the text of one's own message.
 */
export interface EditCommand {
  /**
   * The new text.
   */
  content: string;
  conversation_id?: ConversationId;
  /**
   * Only if this is still its version.
   */
  if_version?: number;
  message_id: MessageId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "edit";
}
/**
 * A command was refused; the socket lives on.
 */
export interface ErrorFrame {
  /**
   * The idempotency key of the refused command, so that its sender can tell which it was.
   */
  client_id?: string;
  code: ErrorCode;
  /**
   * For people.
   */
  message: string;
  /**
   * Of the command.
   */
  ref?: string;
  /**
   * True if the same command may succeed later.
   */
  retry: boolean;
  /**
   * With `rate_limited`: when to try again.
   */
  retry_after_ms?: number;
  type: "error";
  /**
   * The upload that ended with this, if it did.
   */
  upload_id?: number;
}
/**
 * Continuity is lost: drop what is cached of this conversation and read a page.
 */
export interface GapFrame {
  conversation_id: ConversationId;
  head: Cursor;
  reason: GapReason;
  type: "gap";
}
/**
 * The server restarts: reconnect after this time.
 */
export interface GoawayFrame {
  /**
   * Drawn for each socket, so that not all come back at once.
   */
  reconnect_after_ms: number;
  type: "goaway";
}
/**
 * Always the first frame on a user socket, within 5 s.
 */
export interface HelloCommand {
  added?: Added;
  conversation_id?: ConversationId;
  /**
   * What the client already has, by conversation: those are replayed.
   */
  cursors?: {
    [k: string]: Cursor;
  };
  /**
   * Further cursors follow, in `cursors` frames. `ready` comes after the last of them.
   */
  more_cursors?: boolean;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  /**
   * The most events to be replayed in one conversation; a `gap` if more are missing.
   */
  replay_limit?: number;
  /**
   * A JWT, if the handshake did not carry one.
   */
  token?: string;
  type: "hello";
}
/**
 * What a client has to keep to.
 */
export interface Limits {
  /**
   * Files of one message.
   */
  attachments: number;
  /**
   * Bytes in a message.
   */
  content_bytes: number;
  /**
   * Characters in a message.
   */
  content_chars: number;
  /**
   * Bytes in a frame.
   */
  frame_bytes: number;
  /**
   * Whether the server notifies devices (`POST /push/subscriptions`).
   */
  push: boolean;
  /**
   * Events that a resume replays at most.
   */
  replay_events: number;
  /**
   * Bytes in a file.
   */
  upload_bytes: number;
}
/**
 * A command was carried out.
 */
export interface OkFrame {
  /**
   * Bytes of a chunk at most.
   */
  chunk_bytes?: number;
  /**
   * Of the command.
   */
  client_id?: string;
  /**
   * True if it was so already: there is no new event.
   */
  duplicate?: boolean;
  file_id?: FileId;
  /**
   * Of a picture, in pixels.
   */
  height?: number;
  message_id?: MessageId;
  /**
   * What the file is, by its content.
   */
  mime?: string;
  /**
   * Where to begin: what is before came earlier.
   */
  offset?: number;
  /**
   * Of the command.
   */
  ref?: string;
  seq?: Seq;
  /**
   * Bytes of the file, as it is stored.
   */
  size?: number;
  stamp?: Stamp;
  ts?: Timestamp;
  type: "ok";
  /**
   * Names the upload on this socket.
   */
  upload_id?: number;
  /**
   * Where the file is.
   */
  url?: string;
  /**
   * The message's version now.
   */
  version?: number;
  /**
   * Of a picture, in pixels.
   */
  width?: number;
  /**
   * Chunks that may be on their way at the same time.
   */
  window?: number;
}
/**
 * Pin a message, or unpin it.
 */
export interface PinCommand {
  conversation_id?: ConversationId;
  message_id: MessageId;
  op: Op;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "pin";
}
/**
 * Answered by `pong` with the same `t`.
 */
export interface PingCommand {
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  /**
   * Any number, for example the client's clock.
   */
  t?: number;
  type: "ping";
}
/**
 * The answer to `ping`.
 */
export interface PongFrame {
  /**
   * Of the command.
   */
  ref?: string;
  /**
   * What the client sent.
   */
  t?: number;
  type: "pong";
}
/**
 * The user's own status.
 */
export interface PresenceCommand {
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  status: OwnStatus;
  /**
   * What they say about it.
   */
  text?: string;
  type: "presence";
}
/**
 * Somebody's status changed.
 */
export interface PresenceFrame {
  last_seen?: Timestamp;
  status: PresenceStatus;
  /**
   * What they say about it.
   */
  text?: string;
  type: "presence";
  user_id: UserId;
}
/**
 * Add a reaction, or take it back.
 */
export interface ReactCommand {
  conversation_id?: ConversationId;
  /**
   * One emoji.
   */
  emoji: string;
  message_id: MessageId;
  op: Op;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "react";
}
/**
 * Everything up to here was read. Only forward, never past the head.
 */
export interface ReadCommand {
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  seq: Seq;
  type: "read";
}
/**
 * The answer to `hello`.
 */
export interface ReadyFrame {
  /**
   * The user's conversations.
   */
  conversations: ConversationState[];
  /**
   * How often the server pings.
   */
  heartbeat_ms: number;
  limits: Limits;
  /**
   * True if there are more than are listed; the rest comes by REST.
   */
  more: boolean;
  /**
   * Of the command.
   */
  ref?: string;
  server_time: Timestamp;
  /**
   * Of this connection.
   */
  session_id: string;
  type: "ready";
  user: User;
}
/**
 * How far somebody has received and read.
 */
export interface ReceiptFrame {
  conversation_id: ConversationId;
  delivered_seq: Seq;
  read_seq: Seq;
  type: "receipt";
  user_id: UserId;
}
/**
 * Events that the client missed, oldest first.
 */
export interface ReplayFrame {
  conversation_id: ConversationId;
  /**
   * As they would have come live.
   */
  events: Event[];
  head: Cursor;
  type: "replay";
}
/**
 * Send a message. Answered after it is on disk; sent twice with one `client_id`, it has its effect once.
 */
export interface SendCommand {
  /**
   * Files that the sender uploaded and that no message has yet.
   *
   * @maxItems 10
   */
  attachments?:
    | []
    | [FileId]
    | [FileId, FileId]
    | [FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId]
    | [FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId, FileId];
  /**
   * The client's own id of the message: the idempotency key, at most 128 bytes.
   */
  client_id?: string;
  /**
   * The text: not blank, at most 4,000 characters and 16 KiB. Only a message with files may be without.
   */
  content?: string;
  conversation_id?: ConversationId;
  format?: Format;
  /**
   * What the client's application wants to keep with the message: at most 4 KiB.
   */
  meta?: {};
  /**
   * Comes back in the answer.
   */
  ref?: string;
  reply_to?: MessageId;
  type?: "send";
}
/**
 * Get every event of a large conversation, from a cursor on or from now on.
 */
export interface SubscribeCommand {
  after?: Cursor;
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "subscribe";
}
/**
 * The user types, or no longer. Repeat it every 3 s; it expires after 6 s.
 */
export interface TypingCommand {
  conversation_id?: ConversationId;
  /**
   * Whether they type.
   */
  on: boolean;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "typing";
}
/**
 * Somebody types, or no longer.
 */
export interface TypingFrame {
  conversation_id: ConversationId;
  /**
   * Whether they type.
   */
  on: boolean;
  type: "typing";
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
/**
 * The user's own counts.
 */
export interface UnreadFrame {
  conversation_id: ConversationId;
  head: Cursor;
  /**
   * Those of them that name the user.
   */
  mentions: number;
  type: "unread";
  /**
   * Messages of others after the read position.
   */
  unread: number;
}
/**
 * Get only a conversation's unread counts.
 */
export interface UnsubscribeCommand {
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "unsubscribe";
}
/**
 * Drop an upload and what has come of it.
 */
export interface UploadAbortCommand {
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "upload_abort";
  /**
   * Which upload.
   */
  upload_id: number;
}
/**
 * Begin an upload, or, with the same `sha256` and `size`, go on with it after a reconnect. The chunks follow
 * as binary frames: `0x01`, three zero bytes, `upload_id` (32 bits), offset (64 bits, both big-endian),
 * then the bytes.
 */
export interface UploadBeginCommand {
  conversation_id?: ConversationId;
  /**
   * A hint only: what the file is, its content says.
   */
  mime?: string;
  /**
   * Shown to people. Of a path only the last part counts.
   */
  name: string;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  /**
   * Of all its bytes, in hexadecimal.
   */
  sha256: string;
  /**
   * In bytes: at least 1, at most 25 MiB.
   */
  size: number;
  type: "upload_begin";
}
/**
 * All bytes of an upload are sent. Answered when the file is on disk.
 */
export interface UploadCommitCommand {
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "upload_commit";
  /**
   * Which upload.
   */
  upload_id: number;
}
/**
 * Bytes of an upload have arrived: as many chunks more may be sent.
 */
export interface UploadProgressFrame {
  /**
   * All bytes before this one are here.
   */
  offset: number;
  type: "upload_progress";
  /**
   * Which.
   */
  upload_id: number;
}
/**
 * A user's first socket in the room opened.
 */
export interface UserJoinedFrame {
  type: "user_joined";
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
/**
 * A user's last socket in the room closed.
 */
export interface UserLeftFrame {
  type: "user_left";
  user_id: UserId;
  /**
   * Their name.
   */
  username: string;
}
