// nginx or Caddy in front of a server.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PATH = '/chat';

/** A port that nobody has. */
export async function freePort() {
  // Below those that the system gives out by itself, so that nobody gets this one in between.
  const server = createServer().listen(20_000 + Math.floor(Math.random() * 12_000), '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return freePort();
  }
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The status of an answer to `GET`, asked at a port of this machine; undefined if nobody answers. */
export function status(url, port) {
  const { protocol, host, hostname, pathname } = new URL(url);
  const { get } = protocol === 'https:' ? https : http;
  const options = { host: '127.0.0.1', port, path: pathname, headers: { host }, servername: hostname, rejectUnauthorized: false };
  return new Promise((resolve) => {
    get(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on('error', () => resolve(undefined));
  });
}

export class Proxy {
  #child;
  #folder;

  /**
   * `kind`: nginx or caddy. `site`: its configuration, without what only a test needs. It serves `url`, an address
   * with a path of its own or none, at `port` of this machine.
   */
  static async start(kind, { site, url, port }) {
    const proxy = new Proxy();
    proxy.#folder = await mkdtemp(join(tmpdir(), 'chinwag-proxy-'));
    const file = join(proxy.#folder, 'config');
    await writeFile(file, kind === 'nginx' ? nginx(proxy.#folder, site) : await caddy(url, port, site));
    const [command, ...options] = kind === 'nginx'
      ? ['nginx', '-p', proxy.#folder, '-c', file, '-e', 'stderr']
      : ['caddy', 'run', '--adapter', 'caddyfile', '--config', file];
    const env = { ...process.env, HOME: proxy.#folder, XDG_DATA_HOME: proxy.#folder, XDG_CONFIG_HOME: proxy.#folder };
    const path = `${process.env.PATH}:/usr/sbin`;
    proxy.#child = spawn(command, options, { stdio: 'ignore', env: { ...env, PATH: path } });
    await once(proxy.#child, 'spawn');
    while (await status(`${url}/healthz`, port) !== 200) {
      if (proxy.#child.exitCode !== null) throw new Error(`the proxy exited with ${proxy.#child.exitCode}`);
    }
    return proxy;
  }

  async stop() {
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function nginx(folder, site) {
  return `
daemon off;
pid ${folder}/pid;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  ${site}
}
`;
}

// Its certificates are its own: nobody outside vouches for a name of a test.
async function caddy(url, port, site) {
  const [own, other] = url.startsWith('https:') ? ['https', 'http'] : ['http', 'https'];
  return `
{
  admin off
  ${own}_port ${port}
  ${other}_port ${await freePort()}
  local_certs
  skip_install_trust
}
${site}
`;
}

/** A site with a server below `PATH`. `strips`: the server is asked without the path. */
export function below(kind, { port, target, strips }) {
  if (kind === 'caddy') {
    return `
http://127.0.0.1:${port} {
  ${strips ? 'handle_path' : 'handle'} ${PATH}/* {
    reverse_proxy ${target.replace('http://', '')}
  }
}
`;
  }
  return `
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  server {
    listen 127.0.0.1:${port};
    location ${PATH}/ {
      proxy_pass ${target}${strips ? '/' : ''};
      proxy_http_version 1.1;
      proxy_set_header Host            $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Upgrade         $http_upgrade;
      proxy_set_header Connection      $connection_upgrade;
    }
  }
`;
}
