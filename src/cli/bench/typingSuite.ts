/** The suite `typing`: how soon ghost text comes in the pauses of typing, with all caches, with the prompt's alone, without. */
import { createHash } from "node:crypto";
import { EDITOR_ARM, type PromptArm } from "../../bench/accuracy/promptArms.ts";
import { sum } from "../../bench/base/statistics.ts";
import {
  PAUSE_GROUPS,
  TYPING_MODES,
  type TypingMode,
  type TypingRun,
  type TypingSession,
  WARM_TOKENS,
} from "../../bench/typing/typingFigures.ts";
import {
  drawnPauses,
  drawTypingScript,
  drawTypingSteps,
  durationOf,
  type TypingScript,
} from "../../bench/typing/typingReplay.ts";
import {
  formatTypingReport,
  TYPING_MODE_NAMES,
  type TypingReport,
  typingReport,
} from "../../bench/typing/typingReport.ts";
import { nullLog } from "../../core/base/log.ts";
import { FIRST_LINE_MS } from "../../core/prompt/promptLength.ts";
import { watchOthers } from "../../engine/measure/machineFacts.ts";
import type { CompletionResult } from "../../engine/protocol/completeMessages.ts";
import { CompletionBroker } from "../../session/broker/completionBroker.ts";
import type { CompletionEngine } from "../../session/broker/runningGeneration.ts";
import { type Clock, systemClock } from "../../session/clock.ts";
import { CliError, EXIT_USAGE } from "../base/cliError.ts";
import { draftSources } from "../base/engineSession.ts";
import { readPackageSources } from "../sources/packageSources.ts";
import type { BenchOptions, BenchSuite, SuiteSurroundings } from "./benchSuite.ts";
import { ResumeFile, resumePath } from "./resumeFile.ts";
import { playScript } from "./typingPlayer.ts";

/** Enough for 100 pauses of a second or longer; each mode is the first in as many of them. */
const DEFAULT_SESSIONS = 12;
/** Seeds of a run lie together, those of two runs apart. */
const SEEDS_APART = 1000;
/** As the editor has by default. */
const MAX_TOKENS = 64;
const NUM_SUGGESTIONS = 3;
/** After its last pass the engine's threads watch for another one, which is no work of others; in ms. */
const ENGINE_REST_MS = 300;
/** What a run takes beside its keystrokes, in ms. */
const AROUND_RUN_MS = 1500;

/**
 * What a mode keeps: completions in the broker, and the prompt in the engine. Where the broker keeps none, what an editor
 * gives up would be begun anew, so these modes have one that waits: all caches are compared with the best there is without.
 */
const MODES = {
  withCaches: { caches: true, reusesPrompt: true, givesUp: true },
  promptOnly: { caches: false, reusesPrompt: true, givesUp: false },
  withoutCaches: { caches: false, reusesPrompt: false, givesUp: false },
} as const satisfies Record<TypingMode, object>;

/** A session in one mode, as it is kept. */
interface KeptRun {
  readonly key: string;
  /** Of the cores, used by others just before. */
  readonly othersShare: number;
  readonly run: TypingRun;
}

/** @param clock - that the person types by. */
export const typingSuite = (clock: Clock = systemClock): BenchSuite<TypingReport> => ({
  plan(options) {
    typedArm(options);
    const sessions = seedsOf(options).map(drawTypingSteps);
    const numPauses = sessions.flatMap(drawnPauses).filter(PAUSE_GROUPS.long).length;
    const ms = sessions.reduce((total, steps) => total + TYPING_MODES.length * runMs(steps), 0);
    return (
      `typing: ${sessions.length} ${sessions.length === 1 ? "session" : "sessions"} in real time in each of ` +
      `${TYPING_MODES.length} modes, ${numPauses} pauses of a second or longer: about ${minutes(ms)}. Fewer with ` +
      "--sessions; --resume FILE keeps what is done; Ctrl+C reports it."
    );
  },
  async measure(surroundings, signal) {
    const { options, context, session } = surroundings;
    const { models } = session;
    const arm = typedArm(options);
    const files = await readPackageSources(context, signal);
    const scripts = seedsOf(options).map((seed) => ({ seed, ...drawTypingScript(files, seed) }));
    const about = {
      seed: options.seed,
      target: models.target.name,
      draft: models.draft?.name ?? null,
      backend: models.backend,
      prompt: `${arm.name}, as long as ${options.firstLine ?? FIRST_LINE_MS} ms allow`,
    };
    const file = await ResumeFile.open<KeptRun>(resumePath(surroundings), {
      what: "typing",
      ...about,
      warmTokens: WARM_TOKENS,
      targetBytes: models.target.fileBytes,
      draftBytes: models.draft?.fileBytes ?? null,
      script: createHash("sha256").update(JSON.stringify(scripts[0])).digest("hex").slice(0, 16),
    });
    const runs = scripts.flatMap((script, index) =>
      rotated(TYPING_MODES, index).map((mode) => ({ index, mode, key: `${script.seed} ${mode}` })),
    );
    const done = new Map(file.done);
    const isLeft = ({ key }: { readonly key: string }) => !done.has(key);
    const leftMs = () =>
      runs.filter(isLeft).reduce((total, { index }) => total + runMs(scripts[index]!), 0);
    try {
      for (const { index, mode, key } of runs.filter(isLeft)) {
        const where = `session ${index + 1} of ${scripts.length}, ${TYPING_MODE_NAMES[mode]}`;
        context.terminal.progress(`typing: ${where}, ${minutes(leftMs())} to go`);
        await systemClock.delay(ENGINE_REST_MS, signal);
        // While the engine works, its passes could not be told from others'.
        const othersShare = await watchOthers(signal);
        const run = await runScript(scripts[index]!, mode, surroundings, clock, signal);
        const kept = { key, othersShare, run };
        await file.add(kept);
        done.set(key, kept);
      }
    } catch (error) {
      // What was measured before Ctrl+C is reported, unless it is nothing; the command ends as interrupted all the same.
      if (!signal.aborted) throw error;
    }
    const sessions = scripts.flatMap(({ seed }): TypingSession[] => {
      const [withCaches, promptOnly, withoutCaches] = TYPING_MODES.map(
        (mode) => done.get(`${seed} ${mode}`)?.run,
      );
      if (!withCaches || !promptOnly || !withoutCaches) return [];
      return [{ seed, runs: { withCaches, promptOnly, withoutCaches } }];
    });
    if (sessions.length === 0) {
      const kept = options.resume === undefined ? "" : `, which ${options.resume} keeps`;
      context.terminal.note(
        `Nothing to report: no session was typed in all modes, ${done.size} of ${runs.length} runs are done${kept}.`,
      );
      signal.throwIfAborted();
    }
    const othersShares = runs.flatMap(({ key }) => done.get(key)?.othersShare ?? []);
    return typingReport(sessions, { ...about, numSessions: scripts.length, othersShares });
  },
  format: formatTypingReport,
});

function seedsOf({ seed, sessions = DEFAULT_SESSIONS }: BenchOptions): number[] {
  return Array.from({ length: sessions }, (_, index) => seed * SEEDS_APART + index);
}

/** @throws CliError for several: a session is typed with one. */
function typedArm({ arms = [EDITOR_ARM] }: BenchOptions): PromptArm {
  const [arm, ...others] = arms;
  if (arm?.hasContext) {
    throw new CliError(`Expected an arm without +context, found ${arm.name}.`, EXIT_USAGE);
  }
  if (arm !== undefined && others.length === 0) return arm;
  throw new CliError("Expected one of --arms: the suite typing types with one.", EXIT_USAGE);
}

function runMs(steps: Parameters<typeof durationOf>[0]): number {
  return durationOf(steps) + AROUND_RUN_MS;
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / 60_000)} min`;
}

/** Which one finds the engine warmed up by another takes turns. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

async function runScript(
  script: TypingScript,
  mode: TypingMode,
  { options, session }: SuiteSurroundings,
  clock: Clock,
  signal: AbortSignal,
): Promise<TypingRun> {
  const { client, models } = session;
  const { caches, reusesPrompt, givesUp } = MODES[mode];
  await emptyEngineCache(client, signal);
  const { numPasses: numBefore } = await client.statistics(signal);
  let numStarted = 0;
  const finished: CompletionResult[] = [];
  // Those of a first suggestion, of prompts that can be warm: the others' prompts have just been read.
  const asked: CompletionResult[] = [];
  const engine: CompletionEngine = {
    async complete(params, onChunk, running) {
      numStarted++;
      const result = await client.complete({ ...params, reusesPrompt }, onChunk, running);
      finished.push(result);
      const isFirst = (params.numSuggestions ?? 1) === 1;
      if (isFirst && result.stats.numPromptTokens > WARM_TOKENS) asked.push(result);
      return result;
    },
  };
  const broker = new CompletionBroker({
    engine,
    maxTokens: MAX_TOKENS,
    numSuggestions: NUM_SUGGESTIONS,
    sources: draftSources(models),
    ...typedArm(options).request,
    keepsAnchor: true,
    firstLineMs: options.firstLine ?? FIRST_LINE_MS,
    clock,
    log: nullLog,
    caches,
  });
  let played: Awaited<ReturnType<typeof playScript>>;
  try {
    played = await playScript(script, broker, clock, givesUp, signal);
  } finally {
    broker[Symbol.dispose]();
  }
  // Its turn comes when whatever was cancelled last is off the engine.
  const numOwn = await emptyEngineCache(client, signal);
  const { numPasses: numAfter } = await client.statistics(signal);
  const numPasses = numAfter - numBefore - numOwn;
  const total = (results: Iterable<CompletionResult>, of: (result: CompletionResult) => number) =>
    sum(Array.from(results, of));
  const { pauses, shown, numAcceptedSuggestions } = played;
  const isWarm = ({ stats }: CompletionResult) =>
    stats.numPromptTokens - stats.numReusedTokens <= WARM_TOKENS;
  return {
    pauses,
    numGenerations: numStarted,
    numCancelled: numStarted - finished.length,
    numPasses,
    numWastedPasses: numPasses - total(shown, ({ stats }) => stats.numSteps),
    numPromptTokens: total(finished, ({ stats }) => stats.numPromptTokens),
    numReusedTokens: total(finished, ({ stats }) => stats.numReusedTokens),
    numAsked: asked.length,
    numWarm: asked.filter(isWarm).length,
    numAcceptedSuggestions,
  };
}

/** Drops all prompts, those kept aside as well, and reads another; returns the passes that took. */
async function emptyEngineCache(engine: CompletionEngine, signal: AbortSignal): Promise<number> {
  const params = {
    ...{ prefixText: "0", suffixText: "", maxTokens: 1, sources: [] },
    reusesPrompt: false,
  };
  const { stats } = await engine.complete(params, () => {}, signal);
  return stats.numSteps;
}
