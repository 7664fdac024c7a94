/** The suite `typing`: how soon ghost text comes while somebody types, with all caches, with the prompt's alone, without. */
import { drawTypingScript, type TypingScript } from "../bench/typingReplay.ts";
import {
  formatTypingReport,
  TYPING_MODE_NAMES,
  TYPING_MODES,
  type TypingMode,
  type TypingReport,
  type TypingRun,
  typingReport,
} from "../bench/typingReport.ts";
import { nullLog } from "../core/log.ts";
import { watchOthers } from "../engine/machineFacts.ts";
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
/** After its last pass the engine's threads watch for another one, which is no work of others; in ms. */
const ENGINE_REST_MS = 300;

/** What a mode keeps: completions in the broker, and the prompt in the engine. */
const MODES = {
  withCaches: { caches: true, reusesPrompt: true },
  promptOnly: { caches: false, reusesPrompt: true },
  withoutCaches: { caches: false, reusesPrompt: false },
} as const satisfies Record<TypingMode, object>;

export const typingSuite: BenchSuite<TypingReport> = {
  async measure(surroundings, signal) {
    const { options, context, session } = surroundings;
    const { terminal } = context;
    const { seed, sessions: numSessions = DEFAULT_SESSIONS } = options;
    const files = await readPackageSources(context, signal);
    const sessions: Record<TypingMode, TypingRun>[] = [];
    const othersShares: number[] = [];
    try {
      for (let index = 0; index < numSessions; index++) {
        terminal.progress("watching what others do on the machine");
        await systemClock.delay(ENGINE_REST_MS, signal);
        // While the engine works, its passes could not be told from others'.
        othersShares.push(await watchOthers(signal));
        const script = drawTypingScript(files, KEYS_PER_SESSION, seed + index);
        const runs: Partial<Record<TypingMode, TypingRun>> = {};
        for (const mode of rotated(TYPING_MODES, index)) {
          terminal.progress(
            `typing session ${index + 1} of ${numSessions}, ${TYPING_MODE_NAMES[mode]}`,
          );
          runs[mode] = await runScript(script, mode, surroundings, signal);
        }
        sessions.push(runs as Record<TypingMode, TypingRun>);
      }
    } catch (error) {
      // What was measured before Ctrl+C is reported; the command ends as interrupted all the same.
      if (!signal.aborted) throw error;
    }
    const { models } = session;
    const surroundingsOfReport = {
      seed,
      numSessions,
      target: models.target.name,
      draft: models.draft?.name ?? null,
      backend: models.backend,
      othersShares,
    };
    return typingReport(sessions, surroundingsOfReport);
  },
  format: formatTypingReport,
};

/** Which one finds the engine warmed up by another takes turns. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

async function runScript(
  script: TypingScript,
  mode: TypingMode,
  { session }: SuiteSurroundings,
  signal: AbortSignal,
): Promise<TypingRun> {
  const { client, models } = session;
  await emptyEngineCache(client, signal);
  const { numPasses: numBefore } = await client.statistics(signal);
  const engine = new CountingEngine(client, MODES[mode].reusesPrompt);
  const broker = new CompletionBroker({
    engine,
    maxTokens: MAX_TOKENS,
    sources: draftSources(models),
    clock: systemClock,
    log: nullLog,
    caches: MODES[mode].caches,
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
  readonly #reusesPrompt: boolean;
  readonly finished: CompletionResult[] = [];
  numStarted = 0;

  constructor(engine: CompletionEngine, reusesPrompt: boolean) {
    this.#engine = engine;
    this.#reusesPrompt = reusesPrompt;
  }

  async complete(
    params: CompleteParams,
    onChunk: (chunk: CompletionChunk) => void,
    signal: AbortSignal,
  ): Promise<CompletionResult> {
    this.numStarted++;
    const asked = { ...params, reusesPrompt: this.#reusesPrompt };
    const result = await this.#engine.complete(asked, onChunk, signal);
    this.finished.push(result);
    return result;
  }
}
