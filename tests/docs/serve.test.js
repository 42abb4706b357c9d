// The pages' commands that start a server: they start one, and it does what the page says.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { status } from '../browser/harness/proxy.js';
import { Server } from '../browser/harness/server.js';
import { block } from './blocks.js';
import { certify, folder, options, replaced } from './site.js';

const place = await folder(after);

/** Starts what a block starts, with files of this test; where it listens and keeps its data, the test says. */
async function started(t, text, files = {}) {
  const flags = options(replaced(text, files));
  for (const flag of ['--listen', '--data-dir']) {
    if (flags.includes(flag)) flags.splice(flags.indexOf(flag), 2);
  }
  const server = await Server.start({ isEmpty: true, options: flags });
  t.after(() => server.remove());
  return server;
}

test('docs/deploy.md: a first start prints a link that works once', async (t) => {
  const server = await started(t, block('docs/deploy.md', 'sh', './chinwag-data'));
  const token = new URL(server.setupUrl).hash.slice(1);
  const body = JSON.stringify({ username: 'first', email: 'first@example.com', password: 'a password nobody knows', token });
  const make = () => fetch(`${server.url}/setup`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal((await make()).status, 200);
  assert.equal((await make()).status, 403);
});

test('docs/deploy.md: the systemd unit starts a server', async (t) => {
  const [, command] = /^ExecStart=\/usr\/local\/bin\/(.+)$/m.exec(block('docs/deploy.md', 'ini', 'ExecStart'));
  const server = await started(t, command);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
});

test('docs/deploy.md: with a certificate it speaks TLS', async (t) => {
  const files = { certificate: 'fullchain.pem', key: 'privkey.pem' };
  await certify(place, files);
  const server = await started(t, block('docs/deploy.md', 'sh', '--tls-cert'), {
    'fullchain.pem': join(place, 'fullchain.pem'), 'privkey.pem': join(place, 'privkey.pem'),
  });
  const { protocol, port } = new URL(server.url);
  assert.equal(protocol, 'https:');
  assert.equal(await status('https://chat.example.com/healthz', port), 200);
});

test('docs/deploy.md: the command for push and webhooks in a network of your own starts a server', async (t) => {
  await certify(place, { certificate: 'ca.pem', key: 'ca.key' });
  const server = await started(t, block('docs/deploy.md', 'sh', '--outbound-ca'), { '/etc/chinwag/ca.pem': join(place, 'ca.pem') });
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
});

test('README: tokens of your application let its users in, if they are for the chat', async (t) => {
  const secret = 'a secret of at least thirty-two bytes';
  const file = join(place, 'jwt');
  await writeFile(file, secret);
  const server = await started(t, block('README.md', 'sh', '--jwt-secret-file'), { '/run/secrets/jwt': file });
  const me = (claims) => {
    const parts = [{ alg: 'HS256', typ: 'JWT' }, { sub: 'carol', exp: Math.floor(Date.now() / 1000) + 60, ...claims }];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const token = `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    return fetch(`${server.url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
  };
  const answer = await me({ aud: 'chat' });
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).username, 'carol');
  assert.equal((await me({})).status, 401);
});
