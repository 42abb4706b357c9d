/** The double's answers to requests: those that a client needs to chat. */
import type * as wire from "../wire.js";
import { type Log, Refused, type World } from "./world.js";

const STATUS: Partial<Record<wire.ErrorCode, number>> = { not_found: 404, not_participant: 403, forbidden: 403 };

export function answer(world: World, url: URL, init: RequestInit = {}): Response {
  const headers = new Headers(init.headers);
  const user = world.byToken((headers.get("authorization") ?? "").replace("Bearer ", ""));
  if (user === undefined) return json(401, { detail: "Not authenticated" });
  try {
    return json(200, found(world, user, url, init.method ?? "GET", init.body));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return json(STATUS[error.code] ?? 422, { detail: error.code });
  }
}

function found(world: World, user: number, url: URL, method: string, body: RequestInit["body"]): unknown {
  const [, top, id, part, message] = url.pathname.split("/");
  const mine = [...world.logs.values()].filter((log) => log.members.has(user));
  if (top === "users") return [...world.people.keys()].map((one) => world.publicUser(one)).filter(begins(url));
  if (top === "search") return { results: mine.flatMap((log) => hits(log, url.searchParams.get("q") ?? "")) };
  if (top !== "conversations") throw new Refused("not_found");
  if (!id && method === "GET") return mine.map(({ state }) => state);
  if (!id) {
    const { title = "", participant_ids, participant_id } = JSON.parse(String(body)) as wire.NewConversation;
    const others = participant_ids ?? [participant_id!];
    return world.converse(title, participant_ids ? "group" : "direct", [user, ...others]).state;
  }
  const log = world.log(Number(id), user);
  if (part === "participants") {
    return [...log.members].map(([member, role]) => ({ ...world.publicUser(member), role, ...world.receipt(log, member) }));
  }
  if (part === "pins") return log.pins.map((pin) => log.messages.get(pin));
  if (part === "messages" && message) {
    const one = log.messages.get(Number(message));
    if (!one) throw new Refused("not_found");
    return one;
  }
  if (part === "messages") return page(log, url.searchParams);
  throw new Refused("not_found");
}

function page(log: Log, query: URLSearchParams): wire.Message[] {
  const number = (name: string, otherwise: number) => Number(query.get(name) ?? otherwise);
  const [before, after, limit] = [number("before", Infinity), number("after", 0), number("limit", 200)];
  const all = [...log.messages.values()].filter(({ seq }) => seq > after && seq < before);
  return query.has("after") ? all.slice(0, limit) : all.slice(-limit);
}

function begins(url: URL): (user: wire.PublicUser) => boolean {
  const query = url.searchParams.get("query") ?? "";
  return ({ username }) => username.startsWith(query);
}

function hits(log: Log, q: string): wire.SearchHit[] {
  const matching = [...log.messages.values()].filter(({ content }) => content.includes(q));
  return matching.reverse().map((message) => ({ ...message, snippet: message.content }));
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}
