// Where the language has it.
import { createClient } from "@chinwag/client";

export async function once(): Promise<void> {
  await using chat = createClient("https://chat.example.com", { token: "token" });
  await using room = chat.room(1);
  await room.join();
}
