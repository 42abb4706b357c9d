/** The rule of mentions against the table that the server and the page have, too. */
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { foldName, mentionsAt, mentionsIn } from "../src/text.js";

interface Case {
  text: string;
  format: "plain" | "markdown";
  people: string[];
  named: string[];
}

const cases = JSON.parse(readFileSync(new URL("../../../tests/cases/mentions.json", import.meta.url), "utf8")) as Case[];

test.each(cases)("$text as $format names $named", ({ text, format, people, named }) => {
  const keys = new Set(people.map(foldName));
  const found = mentionsIn(text, format, (name) => (keys.has(name) ? name : undefined)).filter((name) => keys.has(name));
  expect(found).toEqual(named.map(foldName));
});

test("names of nobody known go as far as their letters do", () => {
  const names = (text: string) => mentionsIn(text, "plain");
  expect(names("@Ann, @ben. and (@zoë)")).toEqual(["ann", "ben", "zoë"]);
  expect(names("@alice你好 @aliceпривет @小明 @स्मिता")).toEqual(["alice", "小明", "स्मिता"]);
  expect(names("ann@example.com, @@ and @.")).toEqual([]);
});

test("mentions have places", () => {
  expect(mentionsAt("hi @Alice你好", (name) => name === "alice")).toEqual([{ start: 3, end: 9, name: "alice" }]);
});

test("no text keeps a client busy", () => {
  const began = performance.now();
  for (const part of ["@", "`", "``a", "@a", "_@", "www.", "://@", "> ", "- a\n", "\\", "@李"]) mentionsIn(`@${part.repeat(8_000 / part.length)}`, "markdown");
  // As a square of the length it would be minutes.
  expect(performance.now() - began).toBeLessThan(5_000);
});
