/** The window of messages, folded from pages and events in any interleaving. */
import fc from "fast-check";
import { expect, test } from "vitest";

import type { Message } from "../src/index.js";
import { toMessage } from "../src/convert.js";
import { withReaction } from "../src/reactions.js";
import { Timeline } from "../src/timeline.js";
import { Files } from "../src/testing/files.js";
import { World } from "../src/testing/world.js";
import type * as wire from "../src/wire.js";

type Step = { kind: "send" | "edit" | "delete" | "react" | "unreact"; pick: number };

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step["kind"]>("send", "send", "edit", "delete", "react", "unreact"),
    pick: fc.nat(20),
  }),
  { maxLength: 60 },
);

/** A log made by these steps, and the page that the server would answer after each of them. */
function history(all: Step[]): { events: wire.Event[]; pages: wire.Message[][] } {
  const world = new World(new Files());
  world.person("ann");
  const log = world.converse("Test", "group", [1]);
  const pages: wire.Message[][] = [[]];
  for (const { kind, pick } of all) {
    const alive = [...log.messages.values()].filter(({ deleted }) => !deleted);
    const message = alive[pick % Math.max(1, alive.length)];
    if (kind === "send") world.send(log, 1, { content: `${pick}` });
    else if (message && kind === "edit") world.edit(log, 1, message.id, `again ${pick}`);
    else if (message && kind === "delete") world.delete(log, 1, message.id);
    else if (message) world.react(log, 1, message.id, "👍", kind === "react");
    while (pages.length <= log.events.length) pages.push(structuredClone([...log.messages.values()]));
  }
  return { events: log.events, pages };
}

function take(timeline: Timeline, event: wire.Event): void {
  if (event.type === "message") timeline.add(toMessage(event));
  else timeline.change(event);
}

/** What people see of it: when it was changed is known better from events. */
function seen(messages: readonly Message[]) {
  return messages.map(({ id, content, version, reactions, deletedAt }) =>
    deletedAt ? { id, isDeleted: true } : { id, content, version, reactions },
  );
}

test("a page and the events around it give what the server has, whatever was in the page already", () => {
  fc.assert(
    fc.property(steps, fc.nat(), fc.nat(), (all, one, other) => {
      const { events, pages } = history(all);
      const asked = one % (events.length + 1);
      const read = asked + (other % (events.length + 1 - asked));
      const timeline = new Timeline();
      // Asked for after `asked` events, read by the server after `read`; those between are in the page as well.
      timeline.reset(pages[read]!.map((each) => toMessage(each)), true, true);
      for (const event of events.slice(asked)) take(timeline, event);
      expect(seen(timeline.items)).toEqual(seen(pages.at(-1)!.map((each) => toMessage(each))));
    }),
  );
});

test("a message that did not change stays the same object", () => {
  const { events, pages } = history([
    { kind: "send", pick: 1 },
    { kind: "send", pick: 2 },
    { kind: "edit", pick: 0 },
  ]);
  const timeline = new Timeline();
  timeline.reset(pages[2]!.map((each) => toMessage(each)), true, true);
  const [first, second] = timeline.items;
  take(timeline, events[2]!);
  expect(timeline.items[0]).not.toBe(first);
  expect(timeline.items[1]).toBe(second);
  const before = timeline.items;
  take(timeline, events[2]!);
  expect(timeline.items).toBe(before);
});

test("a window that follows drops the oldest, one that does not stops following in the end", () => {
  const world = new World(new Files());
  world.person("ann");
  const log = world.converse("Test", "group", [1]);
  for (let n = 0; n < 800; n++) world.send(log, 1, { content: `${n}` });
  const timeline = new Timeline();
  timeline.reset([], true, true);
  for (const event of log.events.slice(0, 400)) take(timeline, event);
  expect(timeline.items).toHaveLength(320);
  expect(timeline).toMatchObject({ atStart: false, atEnd: true });
  timeline.follows = false;
  for (const event of log.events.slice(400)) take(timeline, event);
  expect(timeline.items).toHaveLength(640);
  expect(timeline.atEnd).toBe(false);
});

test("one emoji in two spellings is one reaction, in the server's spelling", () => {
  const [message] = history([{ kind: "send", pick: 1 }]).pages[1]!.map((each) => toMessage(each));
  const mine = withReaction(message!, "❤", "1", true);
  expect(withReaction(mine, "❤️", "1", true).reactions).toEqual({ "❤️": ["1"] });
  expect(withReaction(mine, "❤️", "1", false).reactions).toEqual({});
});
