/** The rule of the log, and the waits between tries. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { Backoff } from "../src/backoff.js";
import { cursorOf, judge, position } from "../src/log.js";

test("whatever comes again or too early, events are applied once each and in order", () => {
  const seqs = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 200 });
  fc.assert(
    fc.property(seqs, (seen) => {
      let have = "0";
      const applied: number[] = [];
      for (const seq of seen) {
        const verdict = judge(have, seq);
        if (verdict === "broken") expect(seq).toBeGreaterThan(position(have) + 1);
        if (verdict !== "apply") continue;
        applied.push(seq);
        have = cursorOf({ seq, stamp: "aaaaaaaa" });
      }
      expect(applied).toEqual(applied.map((_, place) => place + 1));
    }),
  );
});

test("without a cursor the first event is taken as it comes", () => {
  expect(judge(undefined, 17)).toBe("apply");
});

test("waits grow, stay below the limit, and are short again after a healthy connection", () => {
  const backoff = new Backoff({ minMs: 500, maxMs: 30_000 }, () => 1);
  const waits = Array.from({ length: 8 }, () => backoff.next(1_000));
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(backoff.next(30_000)).toBe(500);
});
