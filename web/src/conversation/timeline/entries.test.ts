import { expect, test } from 'vitest';

import { entriesOf, keyOf, type Entry, type Happening, type Placed } from './entries';

const START = new Date(2026, 10, 20, 23, 50);
const at = (minutes: number) => new Date(START.getTime() + minutes * 60_000);
const message = (seq: number, senderId: string, minutes: number): Placed => ({ id: String(seq), senderId, seq, createdAt: at(minutes) });
const show = (entries: Entry<Placed, Happening>[]) => entries.map((entry) => {
  if (entry.kind === 'message') return `${entry.message.id}${entry.isFirst ? '<' : ''}${entry.isLast ? '>' : ''}`;
  return entry.kind === 'happening' ? `happening ${entry.happenings.map(({ seq }) => seq).join('+')}` : entry.kind;
}).join(' ');

test('messages of one sender within five minutes belong together', () => {
  const messages = [message(1, 'a', 0), message(2, 'a', 4), message(3, 'a', 8.9), message(4, 'b', 9), message(5, 'a', 9), message(6, 'a', 9.9)];
  expect(show(entriesOf(messages, [], { meId: 'a' }))).toBe('day 1< 2 3> 4<> 5< 6>');
  const apart = [message(1, 'a', 0), message(2, 'a', 5)];
  expect(show(entriesOf(apart, [], { meId: 'a' }))).toBe('day 1<> 2<>');
});

test('a day begins at midnight where the reader is, and ends a group', () => {
  expect(show(entriesOf([message(1, 'a', 8), message(2, 'a', 11)], [], { meId: 'a' }))).toBe('day 1<> day 2<>');
});

test('the mark stands before the first message of others after the read position, once', () => {
  const messages = [message(1, 'a', 0), message(2, 'me', 0), message(3, 'a', 0), message(5, 'a', 0), message(7, 'b', 0)];
  expect(show(entriesOf(messages, [], { meId: 'me', unreadAfterSeq: 1 }))).toBe('day 1<> 2<> unread 3< 5> 7<>');
  expect(show(entriesOf(messages, [], { meId: 'me', unreadAfterSeq: 3 }))).toBe('day 1<> 2<> 3<> unread 5<> 7<>');
  expect(show(entriesOf(messages, [], { meId: 'me', unreadAfterSeq: 7 }))).not.toContain('unread');
});

test('rows of a window stay as they are when older messages come above them', () => {
  const messages = [message(1, 'a', 0), message(2, 'a', 1), message(3, 'a', 2), message(4, 'b', 15), message(5, 'b', 16)];
  const marks = { meId: 'me', unreadAfterSeq: 1 };
  const whole = show(entriesOf(messages, [], marks));
  expect(whole).toBe('day 1<> unread 2< 3> day 4< 5>');
  for (const from of [1, 2, 3]) {
    const part = show(entriesOf(messages.slice(from), [], { ...marks, hasOlder: true }));
    expect(whole.endsWith(part), part).toBe(true);
  }
  expect(show(entriesOf(messages.slice(0, 1), [], { ...marks, hasOlder: true }))).toBe('day 1<>');
});

test('happenings stand in order, not before a window that has older messages, and end a group', () => {
  const happenings = [1, 4, 9].map((seq) => ({ seq, at: at(0) }));
  const messages = [message(3, 'a', 0), message(5, 'a', 0), { ...message(Infinity, 'me', 1), id: '', clientId: 'c' }];
  expect(show(entriesOf(messages, happenings, { meId: 'me' }))).toBe('day happening 1 3<> happening 4 5<> happening 9 <>');
  expect(show(entriesOf(messages, happenings, { meId: 'me', hasOlder: true }))).toBe('happening 4 5<> happening 9 <>');
  expect(show(entriesOf([], happenings, { meId: 'me' }))).toBe('day happening 1 happening 4 happening 9');
});

test('a row keeps its key when it is stored, and its identity when nothing changed', () => {
  expect(keyOf({ ...message(Infinity, 'me', 0), id: '', clientId: 'c1' })).toBe(keyOf({ ...message(9, 'me', 0), clientId: 'c1' }));
  expect(keyOf({ ...message(9, 'you', 0), clientId: 'c1' })).not.toBe(keyOf({ ...message(9, 'me', 0), clientId: 'c1' }));
  const messages = [message(1, 'a', 0), message(2, 'b', 0), message(3, 'b', 1)];
  const before = entriesOf(messages, [], { meId: 'a' });
  const after = entriesOf([...messages, message(4, 'b', 2)], [], { meId: 'a' }, before);
  expect(after.slice(0, 3).every((entry, index) => entry === before[index])).toBe(true);
  expect(after[3]).not.toBe(before[3]);
});

test('people who are added at once are one line', () => {
  const added = (seq: number, actorId: string, userId: string, kind = 'added') => ({ seq, at: at(0), kind, actorId, userId });
  const happenings = [added(1, 'a', 'b'), added(2, 'a', 'c'), added(3, 'd', 'd'), added(4, 'e', 'e'), added(5, 'a', 'f', 'removed'), added(7, 'a', 'g', 'removed')];
  expect(show(entriesOf([message(6, 'a', 0)], happenings, { meId: 'a' }))).toBe('day happening 1+2 happening 3+4 happening 5 6<> happening 7');
  expect(show(entriesOf([], happenings, { meId: 'a' }))).toBe('day happening 1+2 happening 3+4 happening 5+7');
});

test('what happened after the window is not shown before it is reached', () => {
  const happenings = [{ seq: 2, at: at(0) }, { seq: 4, at: at(0) }];
  const messages = [message(1, 'a', 0), message(3, 'a', 0)];
  expect(show(entriesOf(messages, happenings, { meId: 'a', hasNewer: true }))).toBe('day 1<> happening 2 3<>');
});

test('no two rows have one key, and all messages are there in order, whatever the clocks say', () => {
  // Steps of a server's clock, in minutes: on, back, far back, over midnights, and a viewer's clock that is far behind.
  const STEPS = [0, 1, 4, 30, 720, 1441, -1, -30, -720, -1441, -30_000, 500_000];
  let seed = 7;
  const pick = (count: number) => (seed = (seed * 48_271) % 2_147_483_647) % count;
  for (let round = 0; round < 500; round += 1) {
    let clock = pick(3000) - 1500;
    const messages: Placed[] = [];
    const happenings: Happening[] = [];
    for (let seq = 1; seq <= 30; seq += 1) {
      clock += STEPS[pick(STEPS.length)]!;
      if (pick(5) === 0) happenings.push({ seq, at: at(clock) });
      // A sender's own id that comes again.
      else messages.push({ ...message(seq, 'ab'[pick(2)]!, clock), ...pick(3) === 0 ? { clientId: `c${pick(3)}` } : {} });
    }
    for (let waiting = 0; waiting < 2; waiting += 1) messages.push({ id: '', clientId: `w${waiting}`, senderId: 'a', seq: Infinity, createdAt: at(clock - 600 + waiting) });
    const marks = { meId: 'a', unreadAfterSeq: pick(30), hasOlder: false };
    const entries = entriesOf(messages, happenings, marks);
    expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length);
    expect(entries.flatMap((entry) => (entry.kind === 'message' ? [entry.message] : []))).toEqual(messages);
    expect(entriesOf(messages, happenings, marks, entries)).toEqual(entries);
  }
});
