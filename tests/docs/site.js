// The hosts that the pages name: chat.example.com, and www.example.com whose page shows the chat. Here both are at
// ports of this machine.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const CHAT = 'https://chat.example.com';
export const WWW = 'https://www.example.com';

/** What leads Chromium to the ports of these hosts; their certificates are nobody's. */
export function switches(ports) {
  const rules = Object.entries(ports).map(([url, port]) => `MAP ${new URL(url).host} 127.0.0.1:${port}`);
  return [`--host-resolver-rules=${rules.join(', ')}`, '--ignore-certificate-errors'];
}

/** A folder for one test file, removed when `after` runs. */
export async function folder(after) {
  const place = await mkdtemp(join(tmpdir(), 'chinwag-docs-'));
  after(() => rm(place, { recursive: true, force: true }));
  return place;
}

/** A certificate of `*.example.com`, and its key, as two files. */
export async function certify(place, { certificate, key }) {
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=example.com',
    '-addext', 'subjectAltName=DNS:*.example.com,IP:127.0.0.1', '-out', join(place, certificate), '-keyout', join(place, key),
  ]);
}

/** www.example.com: `pages` has a path's type and text, or a function that answers the text. */
export async function website(place, port, pages) {
  await certify(place, { certificate: 'www.pem', key: 'www.key' });
  const [cert, key] = await Promise.all(['www.pem', 'www.key'].map((name) => readFile(join(place, name))));
  const server = createServer({ cert, key }, async ({ url }, response) => {
    const [type, text] = pages[url] ?? [];
    if (!type) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(typeof text === 'function' ? await text() : text);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A text with its parts replaced; each of them has to be there. */
export function replaced(text, parts) {
  return Object.entries(parts).reduce((whole, [from, to]) => {
    if (!whole.includes(from)) throw new Error(`there is no ${from} in:\n${text}`);
    return whole.replaceAll(from, to);
  }, text);
}

/** The options of the `chinwag serve` in a block. */
export function options(text) {
  const [, command] = /chinwag serve ((?:.|\\\n)*)/.exec(text);
  return command.split(/[\s\\]+/).filter(Boolean);
}
