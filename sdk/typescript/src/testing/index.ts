/**
 * A server for the tests of applications: in memory, without a network, as fast as the test.
 *
 * It keeps the rules that a client can notice: the log, replays, one message for one `client_id`, files, who may do
 * what. It has no passwords and sessions, no push and no rate limits, and looks into no picture.
 */
import type { FetchLike, SocketConstructor } from "../platform.js";
import type { ErrorCode } from "../wire.js";
import { Files } from "./files.js";
import { answer } from "./routes.js";
import { FakeSocket, type Switchboard } from "./socket.js";
import { type Person, World } from "./world.js";

export type { Person } from "./world.js";

export interface TestServer {
  readonly url: string;
  /** For `createClient`. */
  readonly fetch: FetchLike;
  readonly WebSocket: SocketConstructor;
  user(username: string): Person;
  /** More tokens that are taken for this person. */
  tokens(person: Person, ...tokens: string[]): void;
  /** A group whose owner is the first member; answers its id. */
  conversation(c: { title?: string; members: Person[] }): string;
  direct(one: Person, other: Person): string;
  /** Somebody says something, without a client of theirs; answers the message's id. */
  say(person: Person, conversationId: string, content: string, clientId?: string): string;
  typing(person: Person, conversationId: string, on?: boolean): void;
  /** Somebody takes part no longer. */
  leave(person: Person, conversationId: string): void;
  /** Somebody who runs a group adds somebody else. */
  add(by: Person, conversationId: string, person: Person): void;
  /** The texts of a conversation, as the server has them. */
  texts(conversationId: string): string[];
  /** The next command of this kind is refused. */
  refuse(command: "send" | "edit" | "delete" | "react" | "pin", code: ErrorCode, retryAfterMs?: number): void;
  /** Breaks every connection; while `offline` is true none can be made. */
  disconnect(opts?: { offline?: boolean; code?: number }): void;
  reconnect(): void;
}

export function createTestServer(): TestServer {
  const world = new World(new Files());
  const board: Switchboard = { world, open: new Set(), isOffline: false, refusals: [] };
  const url = "http://chat.test";
  const idOf = ({ id }: Person) => Number(id);
  const logOf = (id: string) => world.logs.get(Number(id))!;
  const tell = (members: ReadonlyMap<number, unknown>, frame: object) => {
    for (const socket of board.open) if (members.has(socket.user)) socket.tell(frame);
  };
  world.onEvent = ({ members }, event) => tell(members, event);
  world.onMember = (log, user, isIn, actor) => {
    for (const socket of board.open) {
      if (socket.user !== user) continue;
      if (isIn) socket.begin(log);
      else socket.tell({ type: "conversation_left", conversation_id: log.state.id, actor_id: actor });
    }
  };

  class TestSocket extends FakeSocket {
    constructor(_url: string, protocols: string[]) {
      super(board, protocols);
    }
  }

  const converse = (title: string, kind: "group" | "direct", members: Person[]) => {
    const log = world.converse(title, kind, members.map(idOf));
    for (const socket of board.open) if (log.members.has(socket.user)) socket.begin(log);
    return String(log.state.id);
  };

  return {
    url,
    fetch: async (input, init) => {
      if (board.isOffline) throw new TypeError("the network is down");
      return answer(world, new URL(input), init);
    },
    WebSocket: TestSocket,
    user: (username) => world.person(username),
    tokens: (person, ...tokens) => world.trust(idOf(person), tokens),
    conversation: ({ title = "Test", members }) => converse(title, "group", members),
    direct: (one, other) => converse(`Chat with ${other.username}`, "direct", [one, other]),
    say: (person, id, content, client_id) =>
      String(world.send(logOf(id), idOf(person), { content, client_id }).message.id),
    typing: ({ id, username }, conversation, on = true) => {
      const place = { conversation_id: Number(conversation), user_id: Number(id) };
      tell(logOf(conversation).members, { type: "typing", ...place, username, on });
    },
    leave: ({ id }, conversation) => world.removeMember(logOf(conversation), Number(id), Number(id)),
    add: (by, conversation, { id }) => world.addMember(logOf(conversation), idOf(by), Number(id)),
    texts: (id) => [...logOf(id).messages.values()].map(({ content }) => content),
    refuse: (type, code, retryAfterMs) => void board.refusals.push({ type, code, retryAfterMs }),
    disconnect: ({ offline = false, code = 1006 } = {}) => {
      board.isOffline = offline;
      for (const socket of [...board.open]) socket.end(code);
    },
    reconnect: () => void (board.isOffline = false),
  };
}
