#!/usr/bin/env node
// A model of several nodes that write to one PostgreSQL: each batch takes the one lock, reads what other nodes wrote,
// and holds the lock through its commit. It prints model numbers, which docs/scaling.md shows and explains.
//
// What is not modelled: processors that are too few, sockets, and a disk that is slow once in a while.

import { parseArgs } from 'node:util';

/** Medians of scripts/postgres-floor.sql: milliseconds of batches of 1, 20 and 200. */
const USUAL = '1:0.91,20:1.68,200:6.8';

const HELP = `Models nodes that write to one PostgreSQL, and prints a table in Markdown.

  node scripts/scaling-model.js [OPTION…]

  --rate N,…          messages a second, of all nodes together; \`most\` searches for the highest rate at which 99 of
                      100 messages are acknowledged within 250 ms [100,1000,5000,10000,20000,most]
  --nodes N,…         nodes [1,2,4,8]
  --standby MS,…      how long a commit waits for the synchronous standby [0,1,5,20]
  --commit SIZE:MS,…  measured times of batches, to which a line is fitted [${USUAL}]
  --network MS        round trip from a node to the database, beyond that of one machine [0.2]
  --take before|after when a batch is closed: before its node asks for the lock, or after it has the lock [after]
  --publish read|commit  when events of other nodes that were read under the lock are published: at once, or behind the
                      batch's own commit [read]
  --bus notify|nats   whether other nodes are only told to read, or are brought the events, too [notify]
  --lock fair|random  who gets the lock next: who waits longest, or anybody who waits [fair]
  --seed N            the same seed gives the same table [1]
  --validate          compares the model with what was measured, instead
  --help
`;

/** Milliseconds of everything that follows. Measured with PostgreSQL 15 on one machine, as docs/scaling.md says. */
const ROUND_TRIP = 0.1;
const READ_EVENT = 0.005;
const BUS = 0.2;
/** The server's own bounds. */
const MOST_IN_BATCH = 4_096;
const MOST_IN_QUEUE = 16_384;
/** What counts as a rate that the nodes can bear. */
const BEARABLE = 250;
/** PostgreSQL's CPU an event, in microseconds, by the size of the batch; and of an event that a node reads. */
const DATABASE_CPU = [[1, 467], [5, 118], [10, 70], [20, 43], [50, 32], [200, 23]];
const DATABASE_CPU_READ = 2.5;

/** Numbers between 0 and 1, the same ones for the same seed (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `fixed + each × size`, with the least squared error, relative to each time. */
function fit(times) {
  let [weights, sizes, squares, values, products] = [0, 0, 0, 0, 0];
  for (const [size, ms] of times) {
    const weight = 1 / ms ** 2;
    weights += weight;
    sizes += weight * size;
    squares += weight * size ** 2;
    values += weight * ms;
    products += weight * size * ms;
  }
  const each = times.length > 1 ? (weights * products - sizes * values) / (weights * squares - sizes ** 2) : 0;
  return { fixed: (values - each * sizes) / weights, each };
}

/** Times in bins that are 1 % apart. */
class Histogram {
  #bins = [];
  #count = 0;

  add(ms, times = 1) {
    const bin = Math.max(0, Math.ceil(Math.log(ms / 0.01) / Math.log(1.01)));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + times;
    this.#count += times;
  }

  /** `undefined` if nothing was added. */
  percentile(percent) {
    let below = 0;
    for (const [bin, count] of this.#bins.entries()) {
      below += count ?? 0;
      if (count && below >= this.#count * percent / 100) return 0.01 * 1.01 ** bin;
    }
    return undefined;
  }
}

/** Messages that come whether or not the earlier ones are answered. */
class Arrivals {
  #queue = [];
  #next;
  #mean;
  #random;

  constructor(rate, random) {
    this.#mean = 1_000 / rate;
    this.#random = random;
    this.#next = this.#pause();
  }

  #pause() {
    return -Math.log(1 - this.#random()) * this.#mean;
  }

  nextAt() {
    return this.#queue.length > 0 ? this.#queue[0] : this.#next;
  }

  /** The times at which the messages of the next batch came. */
  take(now) {
    for (; this.#next <= now; this.#next += this.#pause()) {
      // The others are refused.
      if (this.#queue.length < MOST_IN_QUEUE) this.#queue.push(this.#next);
    }
    return this.#queue.splice(0, MOST_IN_BATCH);
  }

  answered() {}
}

/** Senders who each wait for the answer before they send again, through processors that take `busy` for a message. */
class Senders {
  #queue = [];
  #freeAt = 0;
  #busy;

  constructor(count, busy) {
    this.#busy = busy;
    this.answered(Array(count), 0);
  }

  nextAt() {
    return this.#queue[0]?.ready ?? Infinity;
  }

  take(now) {
    const count = this.#queue.findIndex(({ ready }) => ready > now);
    return this.#queue.splice(0, count < 0 ? this.#queue.length : count).map(({ sent }) => sent);
  }

  answered(batch, now) {
    for (let rest = batch.length; rest > 0; rest -= 1) {
      this.#freeAt = Math.max(this.#freeAt, now) + this.#busy;
      this.#queue.push({ sent: now, ready: this.#freeAt });
    }
  }
}

/** A writer that always has a batch of this size, as in pgbench. */
class Batches {
  #size;

  constructor(size) {
    this.#size = size;
  }

  nextAt() {
    return 0;
  }

  take(now) {
    return Array(this.#size).fill(now);
  }

  answered() {}
}

/** Runs a world, and says what it did a second, and how long that took. All times are in milliseconds. */
function simulate(world) {
  const { sources, commit, standby, network, take, publish, bus, lock, random, warmUp, duration } = world;
  const { isFollowed = true } = world;
  const nodes = sources.map((source) => ({ source, state: 'idle', at: 0, rungAt: Infinity, position: 0, batch: [] }));
  const log = [];
  const waiting = [];
  let holder;
  const result = { batches: 0, messages: 0, acknowledged: new Histogram(), elsewhere: new Histogram() };

  const roundTrip = ROUND_TRIP + network;
  // The trip that asks for the lock is part of the measured times, but other nodes do not wait for it. Two further ones
  // are made under the lock.
  const commitTime = (size) => commit.fixed + commit.each * size - ROUND_TRIP + 2 * network + standby;

  /** Begins to read what other nodes committed, if there is any. */
  function read(node, now, state) {
    if (!isFollowed) return false;
    const isKnown = (entry) => entry && (entry.node === node || entry.broughtAt <= now);
    while (isKnown(log[node.position])) node.position += 1;
    node.reads = log.length;
    let events = 0;
    for (const { node: writer, batch } of log.slice(node.position)) if (writer !== node) events += batch.length;
    if (events === 0) return false;
    Object.assign(node, { state, at: now + roundTrip + events * READ_EVENT });
    return true;
  }

  function tell(batch, now, times) {
    for (const came of batch) if (came >= warmUp) result.elsewhere.add(now - came, times);
  }

  function publishOthers(node, now) {
    for (; node.position < node.reads; node.position += 1) {
      const { node: writer, batch } = log[node.position];
      if (writer !== node && bus === 'notify') tell(batch, now, 1);
    }
  }

  function begin(node, now) {
    if (node.source.nextAt() <= now) {
      if (take === 'before') node.batch = node.source.take(now);
      Object.assign(node, { state: 'asking', at: now + roundTrip });
    } else if (node.rungAt > now || !read(node, now, 'reading')) {
      node.state = 'idle';
    }
    // A batch reads what others wrote, too.
    if (node.rungAt <= now) node.rungAt = Infinity;
  }

  function write(node, now) {
    if (take === 'after') node.batch = node.source.take(now);
    Object.assign(node, { state: 'committing', at: now + commitTime(node.batch.length) });
  }

  function grant(now) {
    if (holder || waiting.length === 0) return;
    [holder] = waiting.splice(lock === 'random' ? Math.floor(random() * waiting.length) : 0, 1);
    if (!read(holder, now, 'catching up')) write(holder, now);
  }

  function committed(node, now) {
    publishOthers(node, now);
    const broughtAt = bus === 'nats' ? now + BUS : Infinity;
    log.push({ node, batch: node.batch, broughtAt });
    if (bus === 'nats' && nodes.length > 1) tell(node.batch, broughtAt, nodes.length - 1);
    if (now >= warmUp) {
      result.batches += 1;
      result.messages += node.batch.length;
    }
    for (const came of node.batch) if (came >= warmUp) result.acknowledged.add(now - came);
    node.source.answered(node.batch, now);
    // A notification of the database is a transaction of its own, which waits for neither disk nor standby.
    const rungAt = bus === 'nats' ? broughtAt : now + roundTrip;
    for (const other of nodes) if (other !== node) other.rungAt = Math.min(other.rungAt, rungAt);
    holder = undefined;
    grant(now);
    begin(node, now);
  }

  const steps = {
    idle: begin,
    reading(node, now) {
      publishOthers(node, now);
      begin(node, now);
    },
    asking(node, now) {
      Object.assign(node, { state: 'waiting', at: Infinity });
      waiting.push(node);
      grant(now);
    },
    'catching up'(node, now) {
      if (publish === 'read') publishOthers(node, now);
      write(node, now);
    },
    committing: committed,
  };
  for (;;) {
    for (const node of nodes) if (node.state === 'idle') node.at = Math.min(node.source.nextAt(), node.rungAt);
    const node = nodes.reduce((first, other) => (other.at < first.at ? other : first));
    const now = node.at;
    if (now > warmUp + duration) break;
    steps[node.state](node, now);
  }
  return {
    rate: result.messages * 1_000 / duration,
    batch: result.messages / result.batches,
    acknowledged: [50, 99].map((percent) => result.acknowledged.percentile(percent)),
    elsewhere: [50, 99].map((percent) => result.elsewhere.percentile(percent)),
  };
}

/** What a steady load on these nodes does. */
function underLoad(rate, nodes, standby, options) {
  // A row is the same in every table that has it.
  const random = randomNumbers(options.seed * 1_000_003 + Math.round(rate) * 101 + nodes * 11 + standby);
  const sources = Array.from({ length: nodes }, () => new Arrivals(rate / nodes, random));
  const duration = Math.max(4_000, 4_000_000 / rate);
  return simulate({ ...options, sources, standby, random, warmUp: 2_000, duration });
}

/** The highest rate that the nodes can bear, to within 1 %. */
function most(nodes, standby, options) {
  let [bearable, tooMuch] = [0, 1_000 / options.commit.each];
  while (tooMuch - bearable > tooMuch / 100) {
    const rate = (bearable + tooMuch) / 2;
    if (underLoad(rate, nodes, standby, options).acknowledged[1] <= BEARABLE) bearable = rate;
    else tooMuch = rate;
  }
  return bearable;
}

/** PostgreSQL's processors, by straight lines between the measured sizes. */
function databaseCores({ rate, batch }, nodes, { bus }) {
  const above = DATABASE_CPU.findIndex(([size]) => size >= batch);
  let cpu = DATABASE_CPU.at(above)[1];
  if (above > 0) {
    const [[low, lowCpu], [high, highCpu]] = DATABASE_CPU.slice(above - 1, above + 1);
    cpu = lowCpu + (highCpu - lowCpu) * (batch - low) / (high - low);
  }
  const reads = bus === 'notify' ? nodes - 1 : 0;
  return rate * (cpu + reads * DATABASE_CPU_READ) / 1e6;
}

const toDigits = (number, digits) => Number(number.toPrecision(digits)).toLocaleString('en-US');
const milliseconds = (pair) => (pair[0] === undefined ? '' : pair.map((ms) => toDigits(ms, 2)).join(', '));

function printTable(head, rows) {
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
}

function printLoads(rates, nodeCounts, standbys, options) {
  const head = ['messages/s', 'nodes', 'standby, ms', 'acknowledged/s', 'mean batch', 'acknowledged, p50, p99 ms',
    'on another node, p50, p99 ms', 'PostgreSQL, cores'];
  const rows = [];
  for (const wanted of rates) for (const standby of standbys) for (const nodes of nodeCounts) {
    const rate = wanted === 'most' ? most(nodes, standby, options) : wanted;
    const seen = underLoad(rate, nodes, standby, options);
    rows.push([wanted === 'most' ? wanted : toDigits(rate, 3), nodes, standby, toDigits(seen.rate, 2),
      toDigits(seen.batch, 2), milliseconds(seen.acknowledged), milliseconds(seen.elsewhere),
      toDigits(databaseCores(seen, nodes, options), 2)]);
  }
  printTable(head, rows);
}

/** The measured figures, as the documentation has them, beside the model under the same conditions. */
function printValidation(options) {
  const parse = (text) => fit(parseTimes(text));
  const [usual, faster, busy] = [parse(USUAL), parse('1:0.6,20:0.8,200:3.2'), parse('20:8.2')];
  const run = (commit, sources, standby = 0, take = options.take) => simulate({
    ...options, take, commit, network: 0, standby, sources, random: randomNumbers(options.seed), isFollowed: false,
    warmUp: 2_000, duration: 10_000,
  });
  // Those of pgbench have their batch when they ask for the lock.
  const writers = (commit, count, size, standby) =>
    run(commit, Array.from({ length: count }, () => new Batches(size)), standby, 'before');
  const perSecond = ({ rate }) => `${toDigits(rate, 3)}/s`;
  const median = ({ acknowledged }) => `${toDigits(acknowledged[0], 2)} ms`;
  // Chinwag and the client share one of the two cores: 40 and 12 µs a message.
  const senders = (count) => run(usual, [new Senders(count, 0.052)]);
  const crowd = senders(256);
  printTable(['case', 'measured', 'model'], [
    ['1 writer, batches of 1 (fitted)', '1,090/s', perSecond(writers(usual, 1, 1))],
    ['of 20 (fitted)', '11,900/s', perSecond(writers(usual, 1, 20))],
    ['of 200 (fitted)', '29,400/s', perSecond(writers(usual, 1, 200))],
    ['of 5', '4,510/s', perSecond(writers(usual, 1, 5))],
    ['of 50', '21,600/s', perSecond(writers(usual, 1, 50))],
    ['of 30, another day', '14,100 to 18,100/s', perSecond(writers(usual, 1, 30))],
    ['of 100, another day', '22,200 to 24,100/s', perSecond(writers(usual, 1, 100))],
    ['faster: 1 writer, batches of 20 (fitted)', '25,000/s', perSecond(writers(faster, 1, 20))],
    ['2 writers', '31,000/s', perSecond(writers(faster, 2, 20))],
    ['3 writers', '27,800/s', perSecond(writers(faster, 3, 20))],
    ['busy: 1 writer, batches of 20, standby 20 ms', '27 ms', median(writers(busy, 1, 20, 20))],
    ['2 writers', '56 ms', median(writers(busy, 2, 20, 20))],
    ['4 writers', '107 ms', median(writers(busy, 4, 20, 20))],
    ['1 server, 1 sender', '0.79, 0.83 ms', median(senders(1))],
    ['1 server, 256 senders', '15,500, 17,500/s', perSecond(crowd)],
    ['its mean batch', '36', toDigits(crowd.batch, 2)],
  ]);
}

function oneOf(words, text) {
  if (!words.includes(text)) throw new Error(`not one of ${words.join(', ')}: ${text}`);
  return text;
}

function number(text) {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= 0 && value < Infinity)) throw new Error(`not a number: ${text}`);
  return value;
}

function positive(text) {
  const value = number(text);
  if (value === 0) throw new Error('0 is too few');
  return value;
}

function count(text) {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new Error(`not a whole number: ${text}`);
  return value;
}

function parseTimes(text) {
  return text.split(',').map((time) => {
    const parts = time.split(':');
    if (parts.length !== 2) throw new Error(`not SIZE:MS: ${time}`);
    return parts.map(positive);
  });
}

function main() {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '100,1000,5000,10000,20000,most' },
      nodes: { type: 'string', default: '1,2,4,8' },
      standby: { type: 'string', default: '0,1,5,20' },
      commit: { type: 'string', default: USUAL },
      network: { type: 'string', default: '0.2' },
      take: { type: 'string', default: 'after' },
      publish: { type: 'string', default: 'read' },
      bus: { type: 'string', default: 'notify' },
      lock: { type: 'string', default: 'fair' },
      seed: { type: 'string', default: '1' },
      validate: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP.trimEnd());
  const options = {
    commit: fit(parseTimes(values.commit)),
    network: number(values.network),
    take: oneOf(['before', 'after'], values.take),
    publish: oneOf(['read', 'commit'], values.publish),
    bus: oneOf(['notify', 'nats'], values.bus),
    lock: oneOf(['fair', 'random'], values.lock),
    seed: number(values.seed),
  };
  if (values.validate) {
    printValidation(options);
  } else {
    printLoads(
      values.rate.split(',').map((text) => (text === 'most' ? text : positive(text))),
      values.nodes.split(',').map(count),
      values.standby.split(',').map(number),
      options,
    );
  }
  console.log(`\nModel numbers; seed ${options.seed}.`);
}

try {
  main();
} catch (error) {
  console.error(`${error.message}; --help tells more`);
  process.exitCode = 2;
}
