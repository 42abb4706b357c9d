// In Node: the sockets of others, under their own types.
import { createClient } from "@chinwag/client";
import { fetch as request, WebSocket as UndiciSocket } from "undici";
import { WebSocket as WsSocket } from "ws";

const options = { token: async () => "token" };
createClient("https://chat.example.com", { ...options, WebSocket: WsSocket });
createClient("https://chat.example.com", { ...options, WebSocket: UndiciSocket, fetch: request });
createClient("https://chat.example.com", { ...options, fetch });
