/**
 * Decodes the places of a trace with a configuration on a modelled clock: with the recording in place of the models, or
 * with the models themselves, for comparison. Drafters, fusion, policy and loop are the product's.
 */

import { setImmediate } from "node:timers/promises";
import { messageOf } from "../../../src/core/base/errors.ts";
import type { DraftPolicy } from "../../../src/core/budget/draftPolicy.ts";
import { speculativeDecode } from "../../../src/core/decode/speculativeDecode.ts";
import type { LookupPlace } from "../../../src/core/index/workspaceSearch.ts";
import type { Drafter, GenerationContext } from "../../../src/core/tree/drafter.ts";
import type { Generation } from "../../../src/core/tree/generation.ts";
import type { TargetModel } from "../../../src/core/tree/targetModel.ts";
import type { Trace, TracePrompt } from "../trace/trace.ts";
import { TraceTarget } from "../trace/traceTarget.ts";
import { ModelledClock, ModelledTarget, modelledDrafter } from "./modelledTime.ts";
import { modelledCost, type ReplayCosts } from "./replayCosts.ts";
import { TraceWorkspace } from "./traceWorkspace.ts";

/** What drafters of a place may be made of. */
export interface ReplayMaterial {
  readonly prompt: TracePrompt;
  readonly workspace: TraceWorkspace;
  /** Of the prompt in it. */
  readonly place: LookupPlace;
  /** The draft model; undefined where there is none. */
  readonly draft: TargetModel | undefined;
  /** Clock in ms. */
  readonly now: () => number;
  readonly isEndToken: (token: number) => boolean;
}

/** What lives as long as a session in one repository: stores and policy. */
export interface ReplaySession {
  readonly drafters: (material: ReplayMaterial) => readonly Drafter[];
  readonly maxDraftNodes: number;
  readonly policy?: DraftPolicy;
}

/** A way to decode. */
export interface ReplayConfig {
  readonly name: string;
  /** Nothing is learned yet in a new session. */
  readonly open: (vocabSize: number, costs: ReplayCosts) => ReplaySession;
}

/** The models of a replay. */
export interface ReplayModels {
  readonly target: TargetModel;
  readonly draft?: TargetModel | undefined;
  /** Called before each place. */
  readonly enter: (prompt: TracePrompt) => void;
}

export type ReplayedPlace = ReturnType<typeof replayed>;

/** The recording in place of the models. */
export class TraceModels implements ReplayModels {
  readonly target: TraceTarget;
  readonly draft: TraceTarget | undefined;
  readonly #isCollecting: boolean;

  /** @param isCollecting - whether both say which rows of a place they lack ({@link TraceTarget.open}). */
  constructor({ target, draft }: Trace["header"], isCollecting = false) {
    this.target = new TraceTarget(target);
    this.draft = draft === null ? undefined : new TraceTarget(draft);
    this.#isCollecting = isCollecting;
  }

  enter({ promptTokens, draftPromptTokens, target, draft }: TracePrompt): void {
    this.target.open(promptTokens, target, this.#isCollecting);
    if (draft !== undefined) this.draft?.open(draftPromptTokens, draft, this.#isCollecting);
  }

  get numRead(): number {
    return this.target.numRead + (this.draft?.numRead ?? 0);
  }

  /** Rows that were asked for and that the recording lacks. */
  get numLacked(): number {
    return this.target.numLacked + (this.draft?.numLacked ?? 0);
  }
}

/** A configuration that decodes a repository's places by the modelled clock; what it learns stays for the next ones. */
export class Replayer {
  readonly #header: Trace["header"];
  readonly #session: ReplaySession;
  readonly #costs: ReplayCosts;
  readonly #models: ReplayModels;
  readonly #clock = new ModelledClock();
  readonly #target: TargetModel;
  readonly #draft: TargetModel | undefined;
  readonly #isEndToken: (token: number) => boolean;
  /** Drafters that failed, with the reason. */
  readonly failures: string[] = [];

  constructor(
    header: Trace["header"],
    config: ReplayConfig,
    costs: ReplayCosts,
    models: ReplayModels,
  ) {
    this.#header = header;
    this.#session = config.open(models.target.vocabSize, costs);
    this.#costs = costs;
    this.#models = models;
    const timed = (model: TargetModel, cost: ReplayCosts["target"]) =>
      new ModelledTarget(model, modelledCost(cost, model.maxNodes), this.#clock);
    this.#target = timed(models.target, costs.target);
    this.#draft = models.draft && timed(models.draft, costs.draft);
    const endTokens = new Set(header.endTokens);
    this.#isEndToken = (token) => endTokens.has(token);
  }

  /** @param workspace - of the repository. */
  async replay(
    prompt: TracePrompt,
    workspace: TraceWorkspace,
    signal: AbortSignal,
  ): Promise<ReplayedPlace> {
    // A replay waits for nothing: only between places may Ctrl+C come through.
    await setImmediate();
    signal.throwIfAborted();
    const { drafters, ...session } = this.#session;
    this.#models.enter(prompt);
    const place = workspace.enter(prompt);
    const { now } = this.#clock;
    const isEndToken = this.#isEndToken;
    const material = { prompt, workspace, place, draft: this.#draft, now, isEndToken };
    const msOf = ({ source }: Drafter) => this.#costs.drafterMs[source] ?? 0;
    const generation = await speculativeDecode(
      {
        target: this.#target,
        drafters: drafters(material).map((drafter) =>
          modelledDrafter(drafter, msOf(drafter), this.#clock),
        ),
        context: contextOf(prompt),
        limits: { maxTokens: this.#header.settings.maxTokens, isEndToken },
        ...session,
        observer: {
          now,
          onDrafterFailure: ({ source }, reason) =>
            this.failures.push(`${source} at ${prompt.path}:${prompt.line}: ${messageOf(reason)}`),
        },
      },
      signal,
    );
    return replayed(prompt, generation);
  }
}

/** @param prompts - of the trace; those of a repository are a session, in their order. */
export async function replayTrace(
  { header, repositories }: Trace,
  prompts: readonly TracePrompt[],
  config: ReplayConfig,
  costs: ReplayCosts,
  models: ReplayModels,
  signal: AbortSignal,
) {
  const places: ReplayedPlace[] = [];
  /** Drafters that failed, with the reason. */
  const failures: string[] = [];
  for (const repository of repositories) {
    const own = prompts.filter((prompt) => prompt.repository === repository.index);
    if (own.length === 0) continue;
    const replayer = new Replayer(header, config, costs, models);
    const workspace = new TraceWorkspace(repository);
    for (const prompt of own) places.push(await replayer.replay(prompt, workspace, signal));
    failures.push(...replayer.failures);
  }
  return { places, failures };
}

/** In arrays of its own. */
export function contextOf(prompt: TracePrompt): GenerationContext {
  const { promptTokens, draftPromptTokens, prefixTokens, suffixTokens } = prompt;
  return {
    promptTokens: promptTokens.slice(),
    ...(draftPromptTokens.length > 0 && { draftPromptTokens: draftPromptTokens.slice() }),
    prefixTokens: prefixTokens.slice(),
    suffixTokens: suffixTokens.slice(),
  };
}

/** One place, decoded. Times by the modelled clock. */
function replayed(prompt: TracePrompt, { tokens, stats }: Generation) {
  const { readMs, draftMs, fuseMs, evaluateMs, verifyMs, commitMs, learnMs } = stats.timings;
  return {
    prompt,
    tokens,
    numSteps: stats.numSteps,
    /** An end token included. */
    numCommitted: stats.numCommittedTokens,
    decodeMs: readMs + draftMs + fuseMs + evaluateMs + verifyMs + commitMs + learnMs,
    /** Of that, what the draft model took to read its own prompt. */
    readMs,
  };
}
