/**
 * Somebody types for NUM_REQUESTS requests; prints what became of the memory as one line of JSON. Its own process, as
 * a test runner's heap grows by itself; `soak.test.ts` starts it:
 *
 *   node --expose-gc --max-semi-space-size=1 test/engine/soakRun.ts
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawTypingScript } from "../../src/bench/typing/typingReplay.ts";
import { playScript } from "../../src/cli/bench/typingPlayer.ts";
import { DRAFT_SOURCES } from "../../src/core/tree/draftTree.ts";
import { CompletionBroker } from "../../src/session/broker/completionBroker.ts";
import type { CompletionEngine } from "../../src/session/broker/runningGeneration.ts";
import { type Clock, systemClock } from "../../src/session/clock.ts";
import { openClient, PAIR } from "../support/builtEngine.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";

const NUM_REQUESTS = 3_000;
/** Requests until caches, stores and heaps have their size; resident sizes creep up for this long without a leak. */
const NUM_WARM_UP = 1_000;
/** The keys come this much faster than a person's, so that many generations are cancelled somewhere. */
const SPEED_UP = 5;
const COLLECT_GARBAGE = fileURLToPath(new URL("../support/collectGarbage.cjs", import.meta.url));

/** In MB, garbage collected before. */
interface Sample {
  readonly numRequests: number;
  readonly hostHeapMb: number;
  readonly hostRssMb: number;
  readonly engineRssMb: number;
}

/** What is printed. Slopes are in MB per 1,000 requests. */
export interface SoakFigures {
  readonly numRequests: number;
  readonly numCancelled: number;
  readonly numAnswers: number;
  readonly slopes: Readonly<Record<"hostHeap" | "hostRss" | "engineRss", number>>;
  readonly first: Sample | undefined;
  readonly last: Sample | undefined;
  readonly networkSockets: readonly string[];
}

/** A clock that runs ahead of the world's. */
const fastClock: Clock = {
  now: () => systemClock.now() * SPEED_UP,
  delay: (ms, signal) => systemClock.delay(ms / SPEED_UP, signal),
  every: (ms, listener) => systemClock.every(ms / SPEED_UP, listener),
};

async function soak(): Promise<SoakFigures> {
  process.env["NODE_OPTIONS"] = `--max-semi-space-size=1 --require ${COLLECT_GARBAGE}`;
  await using client = openClient();
  await client.load(PAIR, () => {}, NEVER);
  const { pid } = await client.health(NEVER);
  let numRequests = 0;
  const engine: CompletionEngine = {
    complete(params, onChunk, signal) {
      numRequests++;
      return client.complete(params, onChunk, signal);
    },
  };
  using broker = new CompletionBroker({
    engine,
    maxTokens: 64,
    sources: DRAFT_SOURCES,
    clock: fastClock,
    log: () => {},
    caches: true,
  });
  const files = packageSources();
  const samples: Sample[] = [];
  let numAnswers = 0;
  for (let seed = 0; numRequests < NUM_REQUESTS; seed++) {
    const script = drawTypingScript(files, seed);
    const { pauses } = await playScript(script, broker, fastClock, true, NEVER);
    numAnswers += pauses.filter(({ ghostMs }) => ghostMs !== null).length;
    // The engine collects twice a second.
    await systemClock.delay(600, NEVER);
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const { residentBytes } = await client.health(NEVER);
    samples.push({
      numRequests,
      hostHeapMb: heapUsed / 2 ** 20,
      hostRssMb: rss / 2 ** 20,
      engineRssMb: residentBytes / 2 ** 20,
    });
  }
  const late = samples.filter((sample) => sample.numRequests >= NUM_WARM_UP);
  const { numCancelled } = await client.statistics(NEVER);
  return {
    numRequests,
    numCancelled,
    numAnswers,
    slopes: {
      hostHeap: slopePer1000(late, ({ hostHeapMb }) => hostHeapMb),
      hostRss: slopePer1000(late, ({ hostRssMb }) => hostRssMb),
      engineRss: slopePer1000(late, ({ engineRssMb }) => engineRssMb),
    },
    first: late[0],
    last: late.at(-1),
    networkSockets: [...networkSockets(pid), ...networkSockets(process.pid)],
  };
}

/** Least squares, in MB per 1,000 requests. */
function slopePer1000(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(samples.map(({ numRequests }) => numRequests));
  const meanY = mean(samples.map(of));
  let covariance = 0;
  let variance = 0;
  for (const sample of samples) {
    const x = sample.numRequests - meanX;
    covariance += x * (of(sample) - meanY);
    variance += x * x;
  }
  return (1000 * covariance) / variance;
}

/** Open sockets of a process that are not local ones; Linux only, elsewhere none. */
function networkSockets(pid: number): string[] {
  if (process.platform !== "linux") return [];
  const open = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        // Closed meanwhile: the listing's own.
        return undefined;
      }
    }),
  );
  return ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"].flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, "utf8")
      .trimEnd()
      .split("\n")
      .slice(1)
      .filter((line) => open.has(line.trim().split(/\s+/)[9])),
  );
}

// An unhandled rejection ends this process with an error.
console.log(JSON.stringify(await soak()));
