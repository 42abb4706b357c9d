// What the parts of one open conversation share: the SDK's room as it stands, who the reader is, and what
// the reader is about to do. Components render from it; everything that leaves the page goes through the SDK.

import { foldName, type ChatClient, type ChatError, type LocalAttachment, type Message, type Outgoing, type Room, type User } from '@chinwag/client';
import { createContext } from 'svelte';

import { apart, nameOf } from '../lib/names.svelte';
import type { About } from '../lib/refusals';
import { settings } from '../lib/settings.svelte';
import { reactive } from '../lib/store.svelte';
import { isLocal } from './files/files';
import { keyOf } from './timeline/entries';

/** What the composer is writing besides a new message. */
export type Intent = { kind: 'reply' | 'edit'; message: Message };

/** A file that goes back to where it was chosen. */
export type Returned = Pick<LocalAttachment, 'blob' | 'name' | 'mime' | 'error'>;

export class View {
  readonly client: ChatClient;
  readonly room: Room;
  readonly id: string;

  readonly #client;
  readonly #room;

  intent = $state.raw<Intent>();
  /** The key of the row that the keyboard is at; the last one if absent. */
  currentKey = $state<string>();
  /** The image that is looked at in full: a message's id and the place among its attachments. */
  looking = $state.raw<{ messageId: string; attachmentId: string }>();
  /** Whose profile is open. */
  person = $state.raw<{ id: string; username: string }>();
  /** Whether names lead to profiles; not where there is no page around the conversation. */
  hasProfiles = $state(false);
  /** What it was called when one took part last. */
  lastTitle = $state('');
  /** Set by the composer: takes what was not sent, and the focus. */
  putBack: ((text: string, files: readonly Returned[]) => void) | undefined;
  /** What went wrong with the last thing asked for, until the next. */
  problem = $state.raw<{ error: ChatError; about: About }>();

  constructor(client: ChatClient, id: string) {
    this.client = client;
    this.id = id;
    this.room = client.room(id);
    this.#client = reactive(client);
    this.#room = reactive(this.room);
  }

  get whole() {
    return this.#client.current;
  }

  get snapshot() {
    return this.#room.current;
  }

  readonly messages = $derived.by(() => this.snapshot.messages);
  readonly members = $derived.by(() => this.snapshot.members);
  readonly pins = $derived.by(() => new Set(this.snapshot.pins));
  readonly conversation = $derived.by(() => this.whole.conversations.find(({ id }) => id === this.id) ?? this.client.conversations.get(this.id));
  readonly me = $derived.by(() => this.whole.me);
  readonly meId = $derived(this.me?.id ?? '');
  readonly limits = $derived.by(() => this.whole.limits);

  readonly isBubbles = $derived.by(() => {
    const { messages } = settings;
    return messages === 'auto' ? this.isDirect : messages === 'bubbles';
  });

  // A receipt makes the list of members anew; the names mostly stay, and texts are parsed only for new names.
  readonly #names = $derived(this.members.map(({ username }) => foldName(username)).join('\n'));
  readonly isName = $derived.by(() => {
    const names = new Set(this.#names.split('\n'));
    return (name: string) => names.has(name);
  });

  /** Why nothing can be written here, if so. */
  readonly closedBecause = $derived.by((): 'archived' | 'left' | 'forbidden' | 'not_found' | undefined => {
    if (this.isUnmade) return undefined;
    const { state, error } = this.snapshot;
    if (error?.code === 'not_found') return 'not_found';
    if (error?.code === 'forbidden') return 'forbidden';
    if (state === 'left') return 'left';
    return this.conversation?.archived ? 'archived' : undefined;
  });

  /** Who ended one's part in it, if somebody else did. */
  readonly removedBy = $derived.by(() => {
    const { actorId } = this.snapshot.error ?? {};
    return actorId === this.meId ? undefined : actorId;
  });

  /** It is not to be seen any more, or never was. */
  readonly isGone = $derived(this.closedBecause !== undefined && this.closedBecause !== 'archived' && this.conversation === undefined);

  readonly canModerate = $derived.by(() => !this.isDirect && this.conversation?.role !== undefined && this.conversation.role !== 'member');

  /** Nothing was made for the other one yet. */
  get isUnmade(): boolean {
    return false;
  }

  get isDirect(): boolean {
    return this.conversation?.kind === 'direct';
  }

  /** The other one of a direct conversation. */
  get peer(): User | undefined {
    return this.conversation?.peer;
  }

  /** What it is called, or was. */
  get title(): string {
    return this.conversation?.title ?? this.lastTitle;
  }

  async send(outgoing: Outgoing): Promise<void> {
    // A failure shows at the message itself.
    await this.room.send(outgoing).then(undefined, () => undefined);
  }

  typing(isTyping: boolean): void {
    this.room.typing(isTyping);
  }

  isMine(message: Message): boolean {
    return message.senderId === this.meId;
  }

  isSent(message: Message): boolean {
    return message.state !== 'pending' && message.state !== 'failed';
  }

  canEdit(message: Message): boolean {
    return this.isMine(message) && this.isSent(message) && !message.deletedAt && !this.closedBecause;
  }

  canDelete(message: Message): boolean {
    return this.isSent(message) && !message.deletedAt && !this.closedBecause && (this.isMine(message) || this.canModerate);
  }

  // Of those who take part, the names that several have.
  readonly #twins = $derived.by(() => {
    const seen = new Set<string>();
    return new Set(this.members.map(({ name }) => name).filter((name) => seen.size === seen.add(name).size));
  });

  /** What a person is called here; with the username where two have one name. */
  nameOf(userId: string, username = ''): string {
    const name = nameOf(this.client, userId, username);
    return this.#twins.has(name) ? apart(name, this.client.users.get(userId)?.username ?? username) : name;
  }

  /** The last of one's own messages that can be edited. */
  lastOwn(): Message | undefined {
    return this.messages.findLast((message) => this.canEdit(message));
  }

  reply(message: Message) {
    this.intent = { kind: 'reply', message };
  }

  edit(message: Message) {
    this.currentKey = keyOf(message);
    this.intent = { kind: 'edit', message };
  }

  /** A message that was not sent goes back to where it was written. */
  takeBack(message: Message) {
    const answered = this.messages.find(({ id }) => id === message.replyTo);
    if (answered) this.reply(answered);
    this.putBack?.(message.content, message.attachments.filter(isLocal));
    void this.client.outbox.discard(message.clientId ?? message.id);
  }

  /** Runs something that the server may refuse; what it refuses is shown, once. */
  async try(action: () => PromiseLike<unknown>, about: About = 'message'): Promise<boolean> {
    this.problem = undefined;
    try {
      await action();
      return true;
    } catch (error) {
      this.problem = { error: error as ChatError, about };
      return false;
    }
  }

  react(message: Message, emoji: string) {
    const isOn = message.reactions[emoji]?.includes(this.meId) ?? false;
    return this.try(() => this.room.react(message.id, emoji, !isOn));
  }
}

const [view, setView] = createContext<View>();
export { setView, view };
