/** The double's answers to requests: those that a client needs. */
import type { FetchInit } from "../platform.js";
import type * as wire from "../wire.js";
import { headOf, type Log, Refused, type World } from "./world.js";

const STATUS: Partial<Record<wire.ErrorCode, number>> = {
  not_found: 404,
  not_participant: 403,
  forbidden: 403,
  archived: 403,
  too_large: 413,
};

interface Asked {
  world: World;
  user: number;
  method: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  form?: FormData;
}

export async function answer(world: World, url: URL, init: FetchInit): Promise<Response> {
  const { method, headers, body } = init;
  const user = world.byToken((headers.authorization ?? "").replace("Bearer ", ""));
  if (user === undefined) return json(401, { detail: "Not authenticated", code: "unauthenticated" });
  const asked: Asked = { world, user, method, query: url.searchParams, body: typeof body === "string" ? JSON.parse(body) : {} };
  if (body instanceof FormData) asked.form = body;
  try {
    return await found(asked, url.pathname.split("/").slice(1));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return json(STATUS[error.code] ?? 422, { detail: error.code, code: error.code });
  }
}

async function found(asked: Asked, [top, id, part, more]: string[]): Promise<Response> {
  const { world, user, method, query, body } = asked;
  const mine = [...world.logs.values()].filter((log) => log.members.has(user));
  if (top === "users") return json(200, users(asked, id));
  if (top === "search") return json(200, { results: mine.flatMap((log) => hits(log, query.get("q") ?? "")) });
  if (top === "files") return files(asked, id);
  if (top !== "conversations") throw new Refused("not_found");
  if (!id && method === "GET") {
    const [after, limit] = [Number(query.get("after") ?? 0), query.get("limit")];
    const listed = mine.filter(({ state }) => state.id > after).slice(0, limit ? Math.min(Number(limit), 200) : Infinity);
    return json(200, listed.map((log) => world.stateFor(log, user)));
  }
  if (!id) return json(200, started(asked));
  const log = world.log(Number(id), user);
  if (part === undefined && method === "PATCH") world.update(log, user, body);
  if (part === undefined) return json(200, world.stateFor(log, user));
  if (part === "notifications") {
    world.notify(log, user, body.level as wire.NotificationLevel);
    return json(200, body);
  }
  if (part === "participants") return json(200, participants(asked, log, more));
  if (part === "pins") return json(200, log.pins.map((pin) => log.messages.get(pin)));
  if (part === "events") return json(200, events(log, query));
  if (part !== "messages") throw new Refused("not_found");
  if (more === undefined) return json(200, page(log, query));
  const message = log.messages.get(Number(more));
  if (!message) throw new Refused("not_found");
  return json(200, message);
}

function users({ world, user, method, query, body }: Asked, id: string | undefined): unknown {
  if (id === "me" && method === "PATCH") world.rename(user, body);
  if (id === "me") return world.account(user);
  const begin = query.get("query") ?? "";
  const ids = query.get("ids")?.split(",");
  const isAsked = ({ id, username }: wire.PublicUser) => (ids ? ids.includes(String(id)) : username.startsWith(begin));
  return [...world.people.keys()].map((one) => world.publicUser(one)).filter(isAsked);
}

function started({ world, user, body }: Asked): unknown {
  const { title = "", participant_ids, participant_id } = body as unknown as wire.NewConversation;
  const others = participant_ids ?? [participant_id!];
  return world.converse(title, participant_ids ? "group" : "direct", [user, ...others]).state;
}

async function files({ world, user, method, form }: Asked, id: string | undefined): Promise<Response> {
  const file = form?.get("file");
  if (method === "POST" && file instanceof Blob) {
    const name = "name" in file ? String(file.name) : "file";
    return json(201, world.files.add(user, name, file.type, new Uint8Array(await file.arrayBuffer())));
  }
  const { bytes, mime } = world.files.read(Number(id), ({ owner, conversation }) =>
    conversation === undefined ? owner === user : world.logs.get(conversation)!.members.has(user),
  );
  return new Response(bytes.slice(), { headers: { "content-type": mime } });
}

function participants({ world, user, method, body }: Asked, log: Log, member: string | undefined): unknown {
  const role = body.role as wire.Role | undefined;
  if (method === "POST") world.addMember(log, user, Number(body.user_id), role);
  if (method === "PATCH") world.setRole(log, user, Number(member), role!);
  if (method === "DELETE") world.removeMember(log, user, Number(member));
  return [...log.members].map(([one, role]) => ({ ...world.publicUser(one), role, ...world.receipt(log, one) }));
}

function page(log: Log, query: URLSearchParams): wire.Message[] {
  const number = (name: string, otherwise: number) => Number(query.get(name) ?? otherwise);
  const [before, after, limit] = [number("before", Infinity), number("after", 0), number("limit", 200)];
  const all = [...log.messages.values()].filter(({ seq }) => seq > after && seq < before);
  return query.has("after") ? all.slice(0, limit) : all.slice(-limit);
}

function events(log: Log, query: URLSearchParams): wire.EventPage {
  const types = query.get("types")?.split(",");
  const [after, before] = [Number.parseInt(query.get("after") ?? "0", 10), Number(query.get("before") ?? Infinity)];
  const wanted = ({ seq, type }: wire.Event) => seq > after && seq < before && (types?.includes(type) ?? true);
  return { events: log.events.filter(wanted), head: headOf(log), more: false };
}

function hits(log: Log, q: string): wire.SearchHit[] {
  const matching = [...log.messages.values()].filter(({ content }) => content.includes(q));
  return matching.reverse().map((message) => ({ ...message, snippet: message.content }));
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}
