/** The hooks in real React, with the double of a server. */
import { type ChatClient, createClient } from "@chinwag/client";
import { createTestServer, type Person, type TestServer } from "@chinwag/client/testing";
import { createElement, type ReactNode } from "react";
import { act, create, type ReactTestRenderer } from "react-test-renderer";
import { afterEach, beforeEach, expect, test } from "vitest";

import { ChatProvider, useConnection, useConversations, useRoom, useUnread } from "../src/index.js";

let server: TestServer;
let ben: Person;
let id: string;
let client: ChatClient;
let tree: ReactTestRenderer | undefined;

beforeEach(async () => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  server = createTestServer();
  const ann = server.user("ann");
  ben = server.user("ben");
  id = server.conversation({ title: "Lake", members: [ann, ben] });
  const { url, fetch, WebSocket } = server;
  client = createClient(url, { token: ann.token, fetch, WebSocket });
  await client.connect();
});
afterEach(async () => {
  await act(async () => tree?.unmount());
  await client.close();
});

function Overview(): ReactNode {
  const { state } = useConnection();
  const { total } = useUnread();
  return `${state}, ${total} unread: ${useConversations().map(({ title }) => title).join()}`;
}

function Messages(): ReactNode {
  const { messages, state } = useRoom(id);
  return `${state}: ${messages.map(({ content }) => content).join(" ")}`;
}

function shown(): unknown {
  return tree?.toJSON();
}

async function render(component: () => ReactNode): Promise<void> {
  await act(async () => {
    tree = create(createElement(ChatProvider, { client }, createElement(component)));
  });
}

/** Lets React take every change until `isSo`. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await act(
      () =>
        new Promise<void>((resolve) => {
          const stop = client.subscribe(() => {
            stop();
            resolve();
          });
        }),
    );
  }
}

test("the list, the counts and the connection are shown as they change", async () => {
  await render(Overview);
  expect(shown()).toBe("online, 0 unread: Lake");
  await act(async () => void server.say(ben, id, "Hello"));
  await until(() => client.getSnapshot().unread.total === 1);
  expect(shown()).toBe("online, 1 unread: Lake");
});

test("a room is joined while it is shown, and left afterwards", async () => {
  await render(Messages);
  const room = client.room(id);
  await act(() => room.join());
  await room.leave();
  expect(shown()).toBe("live: ");
  await act(async () => void (await room.send("Hello")));
  expect(shown()).toBe("live: Hello");
  await act(async () => tree?.unmount());
  expect(room.getSnapshot().state).toBe("left");
});
