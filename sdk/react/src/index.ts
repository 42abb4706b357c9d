/** React hooks over the client's snapshots: a component renders anew when what it reads changes. */
import type { ChatClient, Connection, Conversation, Room, RoomSnapshot } from "@chinwag/client";
import { createContext, createElement, type ReactNode, useContext, useEffect, useSyncExternalStore } from "react";

const Chat = createContext<ChatClient | undefined>(undefined);

/** Gives a client to everything below. It is not connected or closed here: that is its owner's. */
export function ChatProvider({ client, children }: { client: ChatClient; children?: ReactNode }): ReactNode {
  return createElement(Chat.Provider, { value: client }, children);
}

export function useChat(): ChatClient {
  const client = useContext(Chat);
  if (!client) throw new Error("there is no <ChatProvider> above");
  return client;
}

/** A room and what is in it; joined for as long as the component is there. */
export function useRoom(id: string | number): RoomSnapshot & { room: Room } {
  const room = useChat().room(id);
  useEffect(() => {
    // Why it failed is in the snapshot's `error`.
    room.join().catch(() => {});
    return () => void room.leave();
  }, [room]);
  return { ...useSyncExternalStore(room.subscribe, room.getSnapshot, room.getSnapshot), room };
}

/** Newest activity first. */
export function useConversations(): readonly Conversation[] {
  return useSelected("conversations");
}

export function useConnection(): Connection {
  return useSelected("connection");
}

export function useUnread(): { total: number; mentions: number } {
  return useSelected("unread");
}

function useSelected<K extends keyof ReturnType<ChatClient["getSnapshot"]>>(part: K) {
  const client = useChat();
  const get = () => client.getSnapshot()[part];
  return useSyncExternalStore(client.subscribe, get, get);
}
