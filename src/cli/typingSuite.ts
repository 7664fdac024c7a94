/** The suite `typing`: how soon ghost text comes while somebody types, with the broker's caches and without. */
import { drawTypingScript, type TypingScript } from "../bench/typingReplay.ts";
import {
  formatTypingReport,
  ratioOf,
  type TypingReport,
  type TypingRun,
  typingFigures,
} from "../bench/typingReport.ts";
import { nullLog } from "../core/log.ts";
import type { CompleteParams, CompletionChunk, CompletionResult } from "../engine/protocol.ts";
import { systemClock } from "../session/clock.ts";
import { CompletionBroker } from "../session/completionBroker.ts";
import type { CompletionEngine } from "../session/runningGeneration.ts";
import type { BenchSuite, SuiteSurroundings } from "./benchSuite.ts";
import { draftSources } from "./engineSession.ts";
import { readPackageSources } from "./packageSources.ts";
import { playScript } from "./typingPlayer.ts";

const DEFAULT_SESSIONS = 5;
const KEYS_PER_SESSION = 40;
const MAX_TOKENS = 64;

type RunsByMode = Record<"with" | "without", TypingRun[]>;

export const typingSuite: BenchSuite<TypingReport> = {
  async measure(surroundings, signal) {
    const { options, context, session } = surroundings;
    const { terminal } = context;
    const { seed, sessions: numSessions = DEFAULT_SESSIONS } = options;
    const files = await readPackageSources(context, signal);
    const runs: RunsByMode = { with: [], without: [] };
    try {
      for (let index = 0; index < numSessions; index++) {
        const script = drawTypingScript(files, KEYS_PER_SESSION, seed + index);
        // Which one finds the engine warmed up by the other takes turns.
        const order =
          index % 2 === 0 ? (["with", "without"] as const) : (["without", "with"] as const);
        const pair: Partial<Record<keyof RunsByMode, TypingRun>> = {};
        for (const mode of order) {
          terminal.progress(`typing session ${index + 1} of ${numSessions}, ${mode} caches`);
          pair[mode] = await runScript(script, mode === "with", surroundings, signal);
        }
        for (const mode of order) runs[mode].push(pair[mode]!);
      }
    } catch (error) {
      // What was measured before Ctrl+C is reported; the command ends as interrupted all the same.
      if (!signal.aborted) throw error;
    }
    const withCaches = typingFigures(runs.with);
    const withoutCaches = typingFigures(runs.without);
    const { models } = session;
    return {
      suite: "typing",
      seed,
      numSessions,
      numMeasured: runs.with.length,
      target: models.target.name,
      draft: models.draft?.name ?? null,
      backend: models.backend,
      withCaches,
      withoutCaches,
      p50Ratio: ratioOf(withoutCaches.timeToGhostText.p50Ms, withCaches.timeToGhostText.p50Ms),
      p95Ratio: ratioOf(withoutCaches.timeToGhostText.p95Ms, withCaches.timeToGhostText.p95Ms),
    };
  },
  format: formatTypingReport,
};

async function runScript(
  script: TypingScript,
  caches: boolean,
  { session }: SuiteSurroundings,
  signal: AbortSignal,
): Promise<TypingRun> {
  const { client, models } = session;
  await emptyEngineCache(client, signal);
  const { numPasses: numBefore } = await client.statistics(signal);
  const engine = new CountingEngine(client);
  const broker = new CompletionBroker({
    engine,
    maxTokens: MAX_TOKENS,
    sources: draftSources(models),
    clock: systemClock,
    log: nullLog,
    caches,
  });
  let played: Awaited<ReturnType<typeof playScript>>;
  try {
    played = await playScript(script, broker, systemClock, signal);
  } finally {
    broker[Symbol.dispose]();
  }
  // Its turn comes when whatever was cancelled last is off the engine.
  const numOwn = await emptyEngineCache(client, signal);
  const { numPasses: numAfter } = await client.statistics(signal);
  const numPasses = numAfter - numBefore - numOwn;
  const sum = (results: Iterable<CompletionResult>, of: (result: CompletionResult) => number) =>
    Array.from(results, of).reduce((total, value) => total + value, 0);
  const { answers, shown, numAcceptedSuggestions } = played;
  return {
    answers,
    numGenerations: engine.numStarted,
    numCancelled: engine.numStarted - engine.finished.length,
    numPasses,
    numWastedPasses: numPasses - sum(shown, ({ stats }) => stats.numSteps),
    numPromptTokens: sum(engine.finished, ({ stats }) => stats.numPromptTokens),
    numReusedTokens: sum(engine.finished, ({ stats }) => stats.numReusedTokens),
    numAcceptedSuggestions,
  };
}

/** Replaces the prompt in the KV cache by another; returns the passes that took. */
async function emptyEngineCache(engine: CompletionEngine, signal: AbortSignal): Promise<number> {
  const params = { prefixText: "0", suffixText: "", maxTokens: 1, sources: [] };
  const { stats } = await engine.complete(params, () => {}, signal);
  return stats.numSteps;
}

/** Notes what passes through it. */
class CountingEngine implements CompletionEngine {
  readonly #engine: CompletionEngine;
  readonly finished: CompletionResult[] = [];
  numStarted = 0;

  constructor(engine: CompletionEngine) {
    this.#engine = engine;
  }

  async complete(
    params: CompleteParams,
    onChunk: (chunk: CompletionChunk) => void,
    signal: AbortSignal,
  ): Promise<CompletionResult> {
    this.numStarted++;
    const result = await this.#engine.complete(params, onChunk, signal);
    this.finished.push(result);
    return result;
  }
}
