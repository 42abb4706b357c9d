// Writes src/wire.ts: the types of frames, commands and bodies, from the server's own descriptions.
//
//   node scripts/wire.js            writes it
//   node scripts/wire.js --check    fails if it is not what the server describes
//
// CHINWAG_BIN is the server; target/debug/chinwag if it is not set.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { compile } from 'json-schema-to-typescript';

const BINARY = process.env.CHINWAG_BIN ?? fileURLToPath(new URL('../../../target/debug/chinwag', import.meta.url));
const FILE = fileURLToPath(new URL('../src/wire.ts', import.meta.url));
const HEAD = `/**
 * What the server sends and takes. Made from its own descriptions by scripts/wire.js; do not edit.
 */
`;

const rest = describe('openapi').components.schemas;
const sockets = describe('asyncapi');
// A frame is described by both as it stands; where the names are the same, so are the types.
const definitions = { ...rest, ...sockets.components.schemas };
definitions.ServerFrame = {
  oneOf: Object.keys(sockets.components.messages).filter((name) => name.endsWith('Frame')).map(reference),
};
// Types that nothing leads to are left out: the root names them all.
const properties = Object.fromEntries(Object.keys(definitions).map((name) => [name, reference(name)]));
const schema = tidy({ title: 'Wire', description: 'Every type by its name.', type: 'object', properties, definitions });
const text = await compile(schema, 'Wire', {
  additionalProperties: false,
  bannerComment: HEAD,
  style: { printWidth: 112 },
});

if (!process.argv.includes('--check')) {
  writeFileSync(FILE, text);
} else if (readFileSync(FILE, 'utf8') !== text) {
  console.error('sdk/typescript/src/wire.ts is not what the server describes: run node scripts/wire.js');
  process.exitCode = 1;
}

function describe(what) {
  return JSON.parse(execFileSync(BINARY, [what], { encoding: 'utf8', maxBuffer: 1 << 26 }));
}

function reference(name) {
  return { $ref: `#/components/schemas/${name}` };
}

/** References to where the definitions are here; and what may be absent is never sent as null. */
function tidy(value) {
  if (Array.isArray(value)) return value.map(tidy);
  if (value === null || typeof value !== 'object') return value;
  // A description beside a reference would make a second type of the same shape.
  const target = value.$ref ?? (value.allOf?.length === 1 ? value.allOf[0].$ref : undefined);
  if (target) return { $ref: target.replace('#/components/schemas/', '#/definitions/') };
  const copy = {};
  for (const [key, part] of Object.entries(value)) {
    if (key !== 'examples' && key !== 'example') copy[key] = tidy(part);
  }
  for (const [name, property] of Object.entries(copy.properties ?? {})) {
    if (!copy.required?.includes(name)) copy.properties[name] = withoutNull(property);
  }
  return copy;
}

function withoutNull(property) {
  if (Array.isArray(property.type)) {
    const types = property.type.filter((type) => type !== 'null');
    return { ...property, type: types.length === 1 ? types[0] : types };
  }
  const others = property.oneOf?.filter((part) => part.type !== 'null');
  return others?.length === 1 ? others[0] : property;
}
