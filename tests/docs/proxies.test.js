// docs/deploy.md: its configurations of nginx and Caddy, in front of a server, at the host that they name.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { setUp, SERVER_IS_GONE } from '../browser/harness/browser.js';
import { begin, FIRST } from '../browser/harness/first.js';
import { freePort, Proxy, status } from '../browser/harness/proxy.js';
import { Server } from '../browser/harness/server.js';
import { block } from './blocks.js';
import { certify, CHAT, folder, options, replaced, switches, WWW } from './site.js';

const PAGE = 'docs/deploy.md';
const place = await folder(after);
await certify(place, { certificate: 'chat.example.com.pem', key: 'chat.example.com.key' });
const port = await freePort();
const world = setUp(undefined, { isEmpty: true, switches: switches({ [CHAT]: port, [WWW]: port }) });
// The proxy stops before the pages do.
const expected = [SERVER_IS_GONE];

/** The page's nginx, with files, port and server of this test. */
function nginx(server) {
  return replaced(block(PAGE, 'nginx', 'listen 443'), {
    'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
    '/etc/ssl/chat.example.com': join(place, 'chat.example.com'),
    '/var/log/nginx': place,
    '127.0.0.1:8000': new URL(server.url).host,
  });
}

function caddy(server) {
  return replaced(block(PAGE, 'caddy', 'reverse_proxy'), { '127.0.0.1:8000': new URL(server.url).host });
}

/** Starts a server with these options behind a proxy, and a new visitor who sets it up and writes. */
async function behind(kind, site, { url, flags }, then) {
  const server = await Server.start({ isEmpty: true, options: flags });
  let proxy;
  try {
    proxy = await Proxy.start(kind, { site: site(server), url, port });
    const visit = await world.visit(`${url}/setup${new URL(server.setupUrl).hash}`, { expected });
    const sent = await begin(visit, url);
    await then(visit.page, server, sent);
  } finally {
    await proxy?.stop();
    await server.remove();
  }
}

/** A socket of the original document's clients, whose address has the token in it. */
async function hears(page, url, token) {
  const frame = await page.evaluate(([base, secret]) => new Promise((resolve, reject) => {
    const socket = new WebSocket(`${base.replace('https', 'wss')}/conversations/1/ws?token=${secret}`);
    socket.addEventListener('message', ({ data }) => {
      if (JSON.parse(data).type !== 'message') return;
      socket.close();
      resolve(JSON.parse(data));
    });
    socket.addEventListener('open', () => socket.send(JSON.stringify({ content: 'and this?' })));
    socket.addEventListener('close', ({ code }) => reject(new Error(`closed with ${code}`)));
  }), [url, token]);
  assert.equal(frame.content, 'and this?');
}

test('nginx passes sign-in and sockets on, and its log has no token', async () => {
  await behind('nginx', nginx, { url: CHAT, flags: ['--behind-proxy'] }, async (page, server) => {
    const { token } = await server.signIn(FIRST.username, FIRST.password);
    await hears(page, CHAT, token);
    assert.equal(await status(`${CHAT}/metrics`, port), 403);
  });
  const log = await readFile(join(place, 'chat.log'), 'utf8');
  assert.match(log, /^127\.0\.0\.1 - \[.+\] "POST \/setup" 200 \d+$/m);
  assert.match(log, /"GET \/conversations\/1\/ws" 101 /);
  assert.ok(!log.includes('token='), log);
});

test('Caddy passes sign-in and sockets on, and a webhook is made through it', async () => {
  await behind('caddy', caddy, { url: CHAT, flags: ['--behind-proxy'] }, async (page, server) => {
    const { token } = await server.signIn(FIRST.username, FIRST.password);
    await hears(page, CHAT, token);
    assert.equal(await status(`${CHAT}/metrics`, port), 403);

    // The command is as it stands: curl's own file leads it here.
    await writeFile(join(place, '.curlrc'), `connect-to = "chat.example.com:443:127.0.0.1:${port}"\ninsecure\nsilent\n`);
    const env = { ...process.env, CURL_HOME: place, TOKEN: token };
    const { stdout } = await promisify(execFile)('bash', ['-c', block(PAGE, 'sh', '/webhooks')], { env });
    assert.equal(JSON.parse(stdout).url, 'https://app.example.net/hook');
  });
});

test('below a path of another site, nginx strips the path', async () => {
  const flags = options(block(PAGE, 'sh', '--public-url'));
  const site = (server) => {
    const whole = nginx(server);
    const [location, lines] = /^ {4}location \/ \{\n.*\n([^}]*) {4}\}$/m.exec(whole);
    const below = replaced(block(PAGE, 'nginx', 'location /chat/'), {
      '127.0.0.1:8000': new URL(server.url).host,
      '        # and the lines from above\n': lines,
    });
    return replaced(whole, { [location]: below, 'server_name chat.example.com': 'server_name www.example.com' });
  };
  await behind('nginx', site, { url: `${WWW}/chat`, flags }, async (page, server, sent) => {
    assert.ok(server.setupUrl.startsWith(`${WWW}/chat/setup#`), server.setupUrl);
    await page.reload();
    await sent.waitFor();
  });
});
