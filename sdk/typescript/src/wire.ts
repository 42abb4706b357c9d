/**
 * What the server sends and takes. Made from its own descriptions by scripts/wire.js; do not edit.
 */

/**
 * An uploaded file, unique on the whole server.
 */
export type FileId = number;
/**
 * The place of an event in its conversation's log: from 1, dense, in commit order.
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
 * The kind of a conversation.
 */
export type ConversationKind = "direct" | "group";
/**
 * Which messages of a conversation notify a participant.
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
 * How to interpret a text.
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
 * A participant's role in a conversation.
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
 * A step on the path to a field.
 */
export type Location = string | number;
/**
 * The state of a webhook.
 */
export type WebhookState = "active" | "failing" | "disabled";
/**
 * What a notification contains.
 */
export type PushContent = "full" | "none";
/**
 * A user's role on the whole server.
 */
export type UserRole = "user" | "admin";
/**
 * Where a conversation begins of which the client has nothing.
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
 * The statuses that users may choose.
 */
export type OwnStatus = "online" | "away" | "dnd" | "invisible";
/**
 * A user's status.
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
 * A file in a message.
 */
export interface Attachment {
  /**
   * A picture's height in pixels.
   */
  height?: number;
  id: FileId;
  /**
   * The type, by its content.
   */
  mime: string;
  /**
   * The name to show, and to save it under. Never a path.
   */
  name: string;
  /**
   * In bytes.
   */
  size: number;
  /**
   * A picture's thumbnail, at most 480 pixels wide and high.
   */
  thumbnail_url?: string;
  /**
   * The path on this server.
   */
  url: string;
  /**
   * A picture's width in pixels.
   */
  width?: number;
}
/**
 * The result of a change.
 */
export interface Changed {
  /**
   * True if nothing changed: there is no new event.
   */
  duplicate: boolean;
  seq?: Seq;
  stamp?: Stamp;
  /**
   * The message's current version.
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
   * The title that people see.
   */
  title: string;
  /**
   * What it is about.
   */
  topic: string;
}
/**
 * Changes of a conversation; an absent field stays.
 */
export interface ConversationChange {
  /**
   * Whether it can only be read.
   */
  archived?: boolean;
  /**
   * The title that people see.
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
   * Those of them that mention the caller.
   */
  mentions: number;
  notifications: NotificationLevel;
  /**
   * The number of participants.
   */
  participants: number;
  peer?: PublicUser;
  read_seq: Seq;
  role: Role;
  /**
   * The title that people see.
   */
  title: string;
  /**
   * What it is about.
   */
  topic: string;
  /**
   * Messages by others after that, at most 10,000.
   */
  unread: number;
}
/**
 * A message, the same in history and on sockets.
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
   * True after deletion; the text is then empty.
   */
  deleted?: boolean;
  format: Format;
  id: MessageId;
  /**
   * Data that the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: the reactions, by emoji. A live message has none yet.
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
   * The number of times it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * The users who reacted with one emoji.
 */
export interface ReactionSummary {
  /**
   * One emoji.
   */
  emoji: string;
  /**
   * Their ids.
   */
  user_ids: UserId[];
}
/**
 * The public profile of a user.
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
   * The unique username.
   */
  username: string;
}
/**
 * Title, topic or archive changed; all three in their new state.
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
   * The title that people see.
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
 * A refusal.
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
   * Edit only if this is still its version.
   */
  if_version?: number;
}
/**
 * The fields of every event.
 */
export interface Entry {
  actor_id: UserId;
  conversation_id: ConversationId;
  seq: Seq;
  stamp: Stamp;
  ts: Timestamp;
}
/**
 * A user sent a message.
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
   * True after deletion; the text is then empty.
   */
  deleted?: boolean;
  /**
   * Level 0: true in the answer to a repeat. It is old, and has no place in the order of live
   * messages.
   */
  duplicate?: boolean;
  format: Format;
  id: MessageId;
  /**
   * Data that the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: the reactions, by emoji. A live message has none yet.
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
   * The number of times it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * An author edited a message.
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
   * Counts from 1, the original text.
   */
  version: number;
}
/**
 * A message was deleted.
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
 * A user reacted.
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
 * A user removed a reaction.
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
 * A message was unpinned.
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
 * A user became a participant.
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
   * The participant's username.
   */
  username: string;
}
/**
 * A user stopped being a participant.
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
   * The participant's username.
   */
  username: string;
}
/**
 * A participant's role changed.
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
   * The participant's username.
   */
  username: string;
}
/**
 * Title, topic or archive changed; all three in their new state.
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
   * The title that people see.
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
 * An event that this release of the server does not know: a later release wrote it before a downgrade.
 * Only its place in the log is sent.
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
 * The state of a running server.
 */
export interface Health {
  /**
   * True under `chinwag demo`: sample users exist.
   */
  demo: boolean;
  /**
   * True while the server waits for its first administrator, and lets nobody register: the setup link was
   * printed where the server was started.
   */
  needs_setup: boolean;
  /**
   * The server's name among those of its database; only with PostgreSQL.
   */
  node?: string;
  /**
   * True if accounts of this server sign in with `POST /auth/token`; false if another application signs
   * its users in.
   */
  password_login: boolean;
  /**
   * False when rate limits are off: for load tests only.
   */
  rate_limits: boolean;
  /**
   * True if anybody may create an account with `POST /users/register`.
   */
  registration: boolean;
  /**
   * Always `ok`.
   */
  status: string;
  /**
   * The server's version.
   */
  version: string;
}
/**
 * A webhook that was just created.
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
   * The number of the server's events that it has not passed yet, whether it wants them or not.
   */
  lag: number;
  /**
   * The error of the last failed call.
   */
  last_error?: string;
  /**
   * The position in commit order up to which it has passed the server's events.
   */
  position: number;
  /**
   * The secret that signs its calls. Shown only once.
   */
  secret: string;
  state: WebhookState;
  /**
   * The address that events are posted to.
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
 * A change of a participant.
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
   * The participant's username.
   */
  username: string;
}
/**
 * A message was deleted.
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
 * An author edited a message.
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
   * Counts from 1, the original text.
   */
  version: number;
}
/**
 * A user sent a message.
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
   * True after deletion; the text is then empty.
   */
  deleted?: boolean;
  format: Format;
  id: MessageId;
  /**
   * Data that the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: the reactions, by emoji. A live message has none yet.
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
   * The number of times it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * A new conversation: `participant_id` for a direct one, otherwise `title` and `participant_ids`.
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
   * Files that the sender uploaded and that are not in a message yet.
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
   * The sender's own id: the same id again returns the first message instead of a second one.
   */
  client_id?: string;
  /**
   * The text: not blank, at most 4,000 characters and 16 KiB. Optional only if there are files.
   */
  content?: string;
  format?: Format;
  /**
   * Data that the sender's application keeps with the message: at most 4 KiB.
   */
  meta?: {};
  reply_to?: MessageId;
}
/**
 * A participant to add.
 */
export interface NewParticipant {
  role?: Role;
  user_id: UserId;
}
/**
 * A device that wants notifications, in the form of a browser's `PushSubscription.toJSON()`.
 */
export interface NewPushSubscription {
  content?: PushContent;
  /**
   * The push service's address for the device: an https URL.
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
 * A participant's new role.
 */
export interface NewRole {
  role: Role;
}
/**
 * A webhook to create.
 */
export interface NewWebhook {
  conversation_id?: ConversationId;
  /**
   * Only events of these types, such as `message`; if absent, of all types.
   */
  events?: string[];
  /**
   * The address that events are posted to: an https URL, or an http URL of a server that
   * `--outbound-allow` names.
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
 * The public profile of a participant.
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
   * The unique username.
   */
  username: string;
}
/**
 * A user became a participant.
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
   * The participant's username.
   */
  username: string;
}
/**
 * A user stopped being a participant.
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
   * The participant's username.
   */
  username: string;
}
/**
 * A participant's role changed.
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
   * The participant's username.
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
   * Ignored; the flow is `password`.
   */
  grant_type?: string;
  /**
   * In clear text: use TLS.
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
 * The key for a browser's subscription.
 */
export interface PushKey {
  /**
   * The server's VAPID key: an uncompressed P-256 point in base64url, the `applicationServerKey`.
   */
  public_key: string;
}
/**
 * A device that gets notifications.
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
 * A change of a reaction.
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
 * A user reacted.
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
 * A user removed a reaction.
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
 * Whether the server should get traffic.
 */
export interface Readiness {
  /**
   * One sentence.
   */
  detail: string;
}
/**
 * How far a user has received and read.
 */
export interface Receipt {
  conversation_id: ConversationId;
  delivered_seq: Seq;
  read_seq: Seq;
  user_id: UserId;
}
/**
 * A refresh token to exchange.
 */
export interface Refresh {
  /**
   * From the most recent answer that had one. It works once.
   */
  refresh_token: string;
}
/**
 * A new account.
 */
export interface Register {
  /**
   * The user's e-mail address.
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
 * A matching message.
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
   * True after deletion; the text is then empty.
   */
  deleted?: boolean;
  format: Format;
  id: MessageId;
  /**
   * Data that the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: the reactions, by emoji. A live message has none yet.
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
   * The text around the match.
   */
  snippet: string;
  stamp: Stamp;
  ts: Timestamp;
  /**
   * The number of times it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * The matches, newest first.
 */
export interface SearchResults {
  next?: MessageId;
  /**
   * One page of them.
   */
  results: SearchHit[];
}
/**
 * The answer to sending or editing a message.
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
   * True after deletion; the text is then empty.
   */
  deleted?: boolean;
  /**
   * True if nothing changed: sent before under the same `client_id`, or edited to the same text.
   */
  duplicate: boolean;
  format: Format;
  id: MessageId;
  /**
   * Data that the sender's application keeps with the message.
   */
  meta?: {};
  /**
   * In history: the reactions, by emoji. A live message has none yet.
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
   * The number of times it was written: 1 if it was never edited.
   */
  version: number;
}
/**
 * One sign-in.
 */
export interface Session {
  created_at: CreatedAt;
  /**
   * True for the session of this request.
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
 * The first administrator, created with the link that `serve` printed.
 */
export interface Setup {
  /**
   * The user's e-mail address.
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
   * Seconds until it expires.
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
   * Seconds until the access token expires.
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
 * A user's own account.
 */
export interface User {
  created_at: CreatedAt;
  /**
   * Null for users from another application.
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
 * An event that this release of the server does not know: a later release wrote it before a downgrade.
 * Only its place in the log is sent.
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
 * A message was unpinned.
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
 * An uploaded file. Only its uploader sees it until a message contains it.
 */
export interface UploadedFile {
  /**
   * A picture's height in pixels.
   */
  height?: number;
  id: FileId;
  /**
   * The type, by its content.
   */
  mime: string;
  /**
   * The name to show, and to save it under. Never a path.
   */
  name: string;
  /**
   * Of the stored bytes, in hexadecimal. Pictures are re-encoded without the camera's metadata, so their
   * hash differs from that of the uploaded file.
   */
  sha256: string;
  /**
   * In bytes.
   */
  size: number;
  /**
   * A picture's thumbnail, at most 480 pixels wide and high.
   */
  thumbnail_url?: string;
  /**
   * The path on this server.
   */
  url: string;
  /**
   * A picture's width in pixels.
   */
  width?: number;
}
/**
 * Changes of one's own account; an absent field stays.
 */
export interface UserChange {
  /**
   * With `password`: the current one.
   */
  current_password?: string;
  /**
   * The first name.
   */
  first_name?: string;
  /**
   * The last name.
   */
  last_name?: string;
  /**
   * A new password; all other sessions end.
   */
  password?: string;
}
/**
 * A body, path or query that is not valid for the route.
 */
export interface ValidationDetail {
  code: ErrorCode;
  /**
   * The errors, one for each problem.
   */
  detail: ValidationError[];
}
/**
 * One problem with a request.
 */
export interface ValidationError {
  /**
   * The place: `["body", "content"]`.
   */
  loc: Location[];
  /**
   * A sentence for people.
   */
  msg: string;
  /**
   * The error type for programs.
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
   * The number of the server's events that it has not passed yet, whether it wants them or not.
   */
  lag: number;
  /**
   * The error of the last failed call.
   */
  last_error?: string;
  /**
   * The position in commit order up to which it has passed the server's events.
   */
  position: number;
  state: WebhookState;
  /**
   * The address that events are posted to.
   */
  url: string;
}
/**
 * Changes of a webhook; an absent field stays. A failing webhook is then called at once.
 */
export interface WebhookChange {
  /**
   * False stops it; true resumes it where it stood.
   */
  enabled?: boolean;
  /**
   * Only events of these types from now on; null means all types.
   */
  events?: string[];
  /**
   * The address that events are posted to from now on.
   */
  url?: string;
}
/**
 * Confirm that everything up to here is on this device; at most every 2 s.
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
 * The token expires soon: send `auth`.
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
 * The user was added to a conversation.
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
   * Those of them that mention the caller.
   */
  mentions: number;
  notifications: NotificationLevel;
  /**
   * The number of participants.
   */
  participants: number;
  peer?: PublicUser;
  read_seq: Seq;
  role: Role;
  /**
   * The title that people see.
   */
  title: string;
  /**
   * What it is about.
   */
  topic: string;
  type: "conversation";
  /**
   * Messages by others after that, at most 10,000.
   */
  unread: number;
}
/**
 * The user left a conversation, or was removed.
 */
export interface ConversationLeftFrame {
  actor_id?: UserId;
  conversation_id: ConversationId;
  type: "conversation_left";
}
/**
 * More cursors, directly after a `hello` that announced them.
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
   * More cursors follow.
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
   * Edit only if this is still its version.
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
 * A command was refused; the socket stays open.
 */
export interface ErrorFrame {
  /**
   * The idempotency key of the refused command, so that its sender can identify it.
   */
  client_id?: string;
  code: ErrorCode;
  /**
   * A sentence for people.
   */
  message: string;
  /**
   * The `ref` of the command.
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
   * The upload that this ended, if any.
   */
  upload_id?: number;
}
/**
 * Continuity is lost: drop your cache of this conversation and read a page.
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
   * Drawn separately for each socket, so that not all come back at once.
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
   * The cursors that the client has, by conversation: those are replayed.
   */
  cursors?: {
    [k: string]: Cursor;
  };
  /**
   * More cursors follow, in `cursors` frames. `ready` comes after the last of them.
   */
  more_cursors?: boolean;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  /**
   * The most events to replay in one conversation; a `gap` if more are missing.
   */
  replay_limit?: number;
  /**
   * A JWT, if the handshake did not carry one.
   */
  token?: string;
  type: "hello";
}
/**
 * The limits for a client.
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
   * Whether the server sends push notifications (`POST /push/subscriptions`).
   */
  push: boolean;
  /**
   * The most events that a resume replays.
   */
  replay_events: number;
  /**
   * Bytes in a file.
   */
  upload_bytes: number;
}
/**
 * A command succeeded.
 */
export interface OkFrame {
  /**
   * The most bytes in a chunk.
   */
  chunk_bytes?: number;
  /**
   * The `client_id` of the command.
   */
  client_id?: string;
  /**
   * True if nothing changed: there is no new event.
   */
  duplicate?: boolean;
  file_id?: FileId;
  /**
   * A picture's height in pixels.
   */
  height?: number;
  message_id?: MessageId;
  /**
   * The file's type, by its content.
   */
  mime?: string;
  /**
   * The offset at which to begin: the bytes before it arrived earlier.
   */
  offset?: number;
  /**
   * The `ref` of the command.
   */
  ref?: string;
  seq?: Seq;
  /**
   * The file's size in bytes, as stored.
   */
  size?: number;
  stamp?: Stamp;
  ts?: Timestamp;
  type: "ok";
  /**
   * The upload's id on this socket.
   */
  upload_id?: number;
  /**
   * The path of the file.
   */
  url?: string;
  /**
   * The message's current version.
   */
  version?: number;
  /**
   * A picture's width in pixels.
   */
  width?: number;
  /**
   * How many chunks may be in flight.
   */
  window?: number;
}
/**
 * Pin or unpin a message.
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
   * The `ref` of the command.
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
   * A text about it.
   */
  text?: string;
  type: "presence";
}
/**
 * A user's status changed.
 */
export interface PresenceFrame {
  last_seen?: Timestamp;
  status: PresenceStatus;
  /**
   * Their text about it.
   */
  text?: string;
  type: "presence";
  user_id: UserId;
}
/**
 * Add or remove a reaction.
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
 * Mark everything up to here as read. The position only moves forward, and never past the head.
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
   * True if there are more than listed; the rest is available over REST.
   */
  more: boolean;
  /**
   * The `ref` of the command.
   */
  ref?: string;
  server_time: Timestamp;
  /**
   * The id of this connection.
   */
  session_id: string;
  type: "ready";
  user: User;
}
/**
 * How far a user has received and read.
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
   * The events as they would have come live.
   */
  events: Event[];
  head: Cursor;
  type: "replay";
}
/**
 * Send a message. Answered after it is on disk; repeated with the same `client_id`, it takes effect
 * once.
 */
export interface SendCommand {
  /**
   * Files that the sender uploaded and that are not in a message yet.
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
   * The text: not blank, at most 4,000 characters and 16 KiB. Optional only if there are files.
   */
  content?: string;
  conversation_id?: ConversationId;
  format?: Format;
  /**
   * Data that the client's application keeps with the message: at most 4 KiB.
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
 * Get every event of a large conversation, after a cursor or from now on.
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
 * The user types, or has stopped. Repeat it every 3 s; it expires after 6 s.
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
 * A user types, or has stopped.
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
   * The username.
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
   * Those of them that mention the user.
   */
  mentions: number;
  type: "unread";
  /**
   * Messages by others after what the user has read.
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
 * Drop an upload and its bytes.
 */
export interface UploadAbortCommand {
  conversation_id?: ConversationId;
  /**
   * Comes back in the answer.
   */
  ref?: string;
  type: "upload_abort";
  /**
   * The upload's id.
   */
  upload_id: number;
}
/**
 * Begin an upload, or resume it after a reconnect with the same `sha256` and `size`. The chunks follow
 * as binary frames: `0x01`, three zero bytes, `upload_id` (32 bits), offset (64 bits, both big-endian),
 * then the bytes.
 */
export interface UploadBeginCommand {
  conversation_id?: ConversationId;
  /**
   * Only a hint: the content determines the file's type.
   */
  mime?: string;
  /**
   * The name that people see. Of a path, only the last part counts.
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
   * The upload's id.
   */
  upload_id: number;
}
/**
 * Bytes of an upload have arrived: as many more chunks may be sent.
 */
export interface UploadProgressFrame {
  /**
   * All bytes before this offset have arrived.
   */
  offset: number;
  type: "upload_progress";
  /**
   * The upload's id.
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
   * The username.
   */
  username: string;
}
