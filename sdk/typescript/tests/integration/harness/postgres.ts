/** A PostgreSQL server of a test's own, with one database. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../../../../scripts/with-postgres", import.meta.url));
/** Makes the database, tells its address, and waits until it is no longer needed. */
const COMMANDS = `
psql --quiet "$CHINWAG_TEST_STORE/postgres" --command 'CREATE DATABASE chat'
echo "$CHINWAG_TEST_STORE/chat"
cat
`;

export class Postgres {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(): Promise<Postgres> {
    const child = spawn(SCRIPT, ["bash", "-euo", "pipefail", "-c", COMMANDS], { stdio: ["pipe", "pipe", "inherit"] });
    for await (const url of createInterface({ input: child.stdout })) return new Postgres(url, child);
    throw new Error("there is no PostgreSQL");
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.stdin!.end();
    await ended;
  }
}
