/**
 * A host in a process of its own, for tests that kill it: node engineParent.ts load|prefill|decode|idle [crash|exit].
 * Prints the engine's pid, then "now" once the phase is reached, and stays in that phase for as long as it lives.
 */
import type { EngineClient } from "../../src/session/client/engineClient.ts";
import { ENDLESS_REQUEST, LONG_REQUEST, OTHER_REQUEST, openClient, PAIR } from "./builtEngine.ts";

const { signal } = new AbortController();
const ignore = () => {};

function reached(): void {
  process.stdout.write("now\n");
  if (process.argv[3] === "exit") process.exit(3);
  if (process.argv[3] === "crash") {
    setImmediate(() => {
      throw new Error("the host has a bug");
    });
  }
}

/** Each runs its phase again and again. */
const phases: Readonly<Record<string, (client: EngineClient) => Promise<unknown>>> = {
  load: (client) => client.load(PAIR, ({ fraction }) => fraction > 0 && reached(), signal),
  async prefill(client) {
    // Two prompts in turn, so that neither is in the cache.
    for (const request of [OTHER_REQUEST, LONG_REQUEST]) {
      setTimeout(reached, 30);
      await client.complete({ ...request, maxTokens: 1 }, ignore, signal);
    }
  },
  decode: (client) => client.complete(ENDLESS_REQUEST, reached, signal),
  async idle() {
    reached();
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
};

const phase = phases[process.argv[2] ?? ""];
if (phase === undefined) throw new RangeError(`no phase "${process.argv[2]}"`);
const client = openClient();
await client.load(PAIR, ignore, signal);
process.stdout.write(`${(await client.health(signal)).pid}\n`);
for (;;) await phase(client);
