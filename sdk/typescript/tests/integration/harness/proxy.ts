/** A TCP proxy that cuts connections at random places, the same ones for the same seed. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

import type { Random } from "./random.js";

export class Proxy {
  cuts = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #isCalm = false;

  private constructor(target: string, random: Random, minBytes: number, maxBytes: number) {
    const { hostname: host, port } = new URL(target);
    this.#server = createServer((client) => {
      const upstream = connect({ host, port: Number(port) });
      let left = minBytes + random.below(maxBytes - minBytes);
      const end = () => {
        client.destroy();
        upstream.destroy();
        this.#open.delete(client);
      };
      const carry = (to: Socket) => (bytes: Buffer) => {
        left -= bytes.length;
        if (left > 0 || this.#isCalm) return void to.write(bytes);
        // The part before the cut arrives, in the middle of a frame.
        to.write(bytes.subarray(0, bytes.length + left));
        this.cuts++;
        end();
      };
      this.#open.add(client);
      client.on("data", carry(upstream));
      upstream.on("data", carry(client));
      for (const socket of [client, upstream]) socket.on("close", end).on("error", end);
    });
  }

  static async start(target: string, random: Random, minBytes: number, maxBytes: number): Promise<Proxy> {
    const proxy = new Proxy(target, random, minBytes, maxBytes);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts nothing any more. */
  calm(): void {
    this.#isCalm = true;
  }

  /** Cuts everything that is open. */
  cutAll(): void {
    for (const client of this.#open) client.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    this.#server.close();
  }
}
