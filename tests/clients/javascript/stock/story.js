// What each of these clients is put through: a conversation that goes on while the server dies and comes back.

import { Server } from '../../../browser/harness/server.js';

/** A demo in which `testuser` reads conversation 1 and `testuser2` writes in it. */
export class Story {
  #writer;

  static async begin() {
    const story = new Story();
    story.server = await Server.start();
    const [reader, writer] = await Promise.all(['testuser', 'testuser2'].map((name) => story.server.signIn(name)));
    story.token = reader.token;
    story.#writer = writer;
    const { events } = await reader.call('GET', '/conversations/1/events');
    story.said = events.map((event) => event.content);
    await story.say(5);
    return story;
  }

  get url() {
    return this.server.url.replace(/\/$/, '');
  }

  async say(count) {
    for (let rest = count; rest > 0; rest -= 1) {
      const content = `message ${this.said.length}`;
      await this.#writer.say(1, content);
      this.said.push(content);
    }
  }

  /** The server is killed and started again, and has more to say by the time that anybody comes back. */
  async goesOnAfterACrash() {
    await this.say(1);
    await this.server.kill();
    await this.server.start();
    await this.say(5);
  }

  end() {
    return this.server.remove();
  }
}

/** Keeps what it sees, and the cursor from which it would go on. */
export class Reader {
  seen = [];
  cursor = '0';
  #waiting = [];

  take(frame) {
    // A replay has several events, a live frame is one; all else has no actor.
    for (const event of frame.events ?? (frame.actor_id ? [frame] : [])) {
      this.seen.push(event.content);
      this.cursor = `${event.seq}.${event.stamp}`;
    }
    this.#waiting = this.#waiting.filter(({ count, resolve }) => this.seen.length < count || resolve());
  }

  /** Resolves when so many events have come. */
  has(count) {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.take({});
    });
  }
}
