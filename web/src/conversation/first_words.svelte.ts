// In the place of a direct conversation that does not exist yet: the first message makes it.

import { ChatError, type ChatClient, type Conversation, type Outgoing, type User } from '@chinwag/client';

import { nameOf } from '../lib/names.svelte';
import { View } from './view.svelte';

export class FirstWords extends View {
  readonly #userId: string;
  #made: Promise<Conversation> | undefined;

  constructor(client: ChatClient, userId: string) {
    // No conversation has such an id; a draft is kept by it.
    super(client, `to-${userId}`);
    this.#userId = userId;
  }

  override get isUnmade(): boolean {
    return true;
  }

  override get isDirect(): boolean {
    return true;
  }

  override get peer(): User {
    const name = nameOf(this.client, this.#userId);
    return this.client.users.get(this.#userId) ?? { id: this.#userId, username: name, name };
  }

  override get title(): string {
    return this.peer.name;
  }

  override async send(outgoing: Outgoing): Promise<void> {
    this.problem = undefined;
    try {
      const { id } = await (this.#made ??= this.client.conversations.direct(this.#userId));
      // A failure shows at the message itself, where it is now.
      await this.client.room(id).send(outgoing).then(undefined, () => undefined);
    } catch (error) {
      this.#made = undefined;
      if (error instanceof ChatError) this.problem = { error, about: 'conversation' };
      const { content, files = [] } = outgoing;
      this.putBack?.(content, files.map((blob) => ({ blob, name: blob instanceof File ? blob.name : '', mime: blob.type })));
    }
  }

  /** There is nobody to tell yet. */
  override typing(): void {}
}
