// nginx or Caddy in front of a server, which is reached below a path.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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

export class Proxy {
  #child;
  #folder;

  /** `kind`: nginx or caddy. `strips`: the server is asked without the path. */
  static async start(kind, { port, target, strips }) {
    const proxy = new Proxy();
    proxy.#folder = await mkdtemp(join(tmpdir(), 'chinwag-proxy-'));
    const file = join(proxy.#folder, 'config');
    await writeFile(file, kind === 'nginx' ? nginx(proxy.#folder, port, target, strips) : caddy(port, target, strips));
    const [command, ...options] = kind === 'nginx'
      ? ['nginx', '-p', proxy.#folder, '-c', file, '-e', 'stderr']
      : ['caddy', 'run', '--adapter', 'caddyfile', '--config', file];
    const env = { ...process.env, HOME: proxy.#folder, XDG_DATA_HOME: proxy.#folder, XDG_CONFIG_HOME: proxy.#folder };
    const path = `${process.env.PATH}:/usr/sbin`;
    proxy.#child = spawn(command, options, { stdio: 'ignore', env: { ...env, PATH: path } });
    await once(proxy.#child, 'spawn');
    await proxy.#answers(`http://127.0.0.1:${port}${PATH}/healthz`);
    return proxy;
  }

  async #answers(url) {
    while (this.#child.exitCode === null) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok) return;
    }
    throw new Error(`the proxy exited with ${this.#child.exitCode}`);
  }

  async stop() {
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function nginx(folder, port, target, strips) {
  return `
daemon off;
pid ${folder}/pid;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
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
}
`;
}

function caddy(port, target, strips) {
  return `
{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  ${strips ? 'handle_path' : 'handle'} ${PATH}/* {
    reverse_proxy ${target.replace('http://', '')}
  }
}
`;
}
