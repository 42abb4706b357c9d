/** A real server with a demo workspace of its own, on a free port. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const BINARY = process.env.CHINWAG_BIN ?? fileURLToPath(new URL("../../../../../target/debug/chinwag", import.meta.url));
export const PASSWORD = "TestPassword123";

export class Server {
  url = "";
  #child?: ChildProcess;
  #folder = "";
  #options: string[] = [];
  /** Its data folder, and where the data is: there, or in a database. */
  #data = "";
  #place = "";

  /** `options` are flags of the command beside those that make it a test. */
  static async start(options: string[] = ["--limits", "off"]): Promise<Server> {
    const server = new Server();
    server.#folder = await mkdtemp(join(tmpdir(), "chinwag-sdk-"));
    server.#options = options;
    server.#data = server.#place = join(server.#folder, "data");
    await server.start();
    return server;
  }

  /** Starts the process, after `kill` on the same port and data folder. */
  async start(): Promise<void> {
    const port = this.url ? new URL(this.url).port : "0";
    const given = ["demo", ...this.#options, "--listen", `127.0.0.1:${port}`, "--data-dir", this.#data];
    if (this.#place !== this.#data) given.push("--store", this.#place);
    const child = spawn(BINARY, given, { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    const log: string[] = [];
    this.url = await new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the server exited with ${code}:\n${log.join("\n")}`)));
      createInterface({ input: child.stderr! }).on("line", (line) => {
        log.push(line);
        const url = readyUrl(line);
        if (url) resolve(url);
      });
    });
  }

  /** Ends the process the hard way, as a crash would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Asks it to stop, as a deployment does. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Stops, moves everything to a database or to a new data folder, and starts again there. */
  async move(to: { database: string } | { folder: string }): Promise<void> {
    await this.stop();
    const place = "database" in to ? to.database : join(this.#folder, to.folder);
    const given = ["migrate", "--from", this.#place, "--files-from", this.#data, "--to", place];
    await promisify(execFile)(BINARY, given);
    this.#place = place;
    if ("folder" in to) this.#data = place;
    await this.start();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child!;
    child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async signIn(username: string, password = PASSWORD): Promise<Person> {
    const body = new URLSearchParams({ username, password });
    const answer = await fetch(`${this.url}/auth/token`, { method: "POST", body });
    if (!answer.ok) throw new Error(`sign-in of ${username}: ${answer.status}`);
    const { access_token: token, user } = (await answer.json()) as { access_token: string; user: { id: number } };
    return { token, id: user.id, username };
  }

  /** A REST call as somebody. */
  async call<T>(person: Person, method: string, path: string, content?: unknown): Promise<T> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${person.token}`, "content-type": "application/json" },
      body: content === undefined ? undefined : JSON.stringify(content),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async group(owner: Person, others: Person[], title = "Test"): Promise<string> {
    const body = { title, participant_ids: others.map(({ id }) => id) };
    return String((await this.call<{ id: number }>(owner, "POST", "/conversations", body)).id);
  }
}

export interface Person {
  token: string;
  id: number;
  username: string;
}

function readyUrl(line: string): string | undefined {
  try {
    const event = JSON.parse(line) as { event?: string; url?: string };
    return event.event === "ready" ? event.url : undefined;
  } catch {
    return undefined;
  }
}
