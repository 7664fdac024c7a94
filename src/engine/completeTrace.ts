/**
 * Adds to a trace the rows that replays of some configurations ask for and that it lacks: what is drafted depends on the
 * rows that drafters and policy have learned of, so no recording has them all.
 */
import { replayConfig } from "../bench/replayConfigs.ts";
import type { ReplayCosts } from "../bench/replayCosts.ts";
import { pathOf, type Trace, type TracePrompt } from "../bench/trace.ts";
import { OFFSHOOT_TOP } from "../bench/traceRecorder.ts";
import { Replayer, TraceModels } from "../bench/traceReplay.ts";
import { TraceWorkspace } from "../bench/traceWorkspace.ts";
import { readOffshoots } from "../bench/trieRows.ts";
import type { BranchedTarget } from "../core/branchedTarget.ts";
import { EngineError } from "../core/errors.ts";
import type { ModelPair } from "./modelHost.ts";
import { openRecording, readTrace } from "./traceFile.ts";
import { assertSameRecording, identify } from "./traceHeader.ts";

/** Rows that were read change what is asked for next. */
const NUM_ROUNDS = 3;

export interface CompletionSettings {
  readonly path: string;
  /** The trace with these rows; gone on with where it is there. */
  readonly outPath: string;
  readonly configs: readonly string[];
  readonly costs: readonly ReplayCosts[];
}

/** How far it is. */
export interface CompletionProgress {
  readonly numPlaces: number;
  /** Rows added at the place that was done last. */
  readonly numAdded: number;
}

/** A configuration at given costs, and the recording that it asks. */
interface Asking {
  readonly replayer: Replayer;
  readonly models: TraceModels;
}

/**
 * @throws EngineError `invalidRequest` if these are not the recorded models, or `outPath` is not of this trace; what the
 *   models throw.
 */
export async function completeTrace(
  pair: ModelPair,
  { path, outPath, configs, costs }: CompletionSettings,
  onProgress: (progress: CompletionProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const trace = await readTrace(path);
  const { header, repositories, prompts } = trace;
  const identity = await identify(pair, header.settings, header.repositories);
  assertSameRecording(path, header, identity);
  const check = (found: Trace["header"]) => assertSameRecording(outPath, found, identity);
  const begin = async () => ({ header, repositories, prompts: [] });
  const { writer, trace: begun } = await openRecording(outPath, check, begin);
  await using file = writer;
  const completer = new PlaceCompleter(pair, trace, configs, costs, signal);
  for (const [index, prompt] of prompts.entries()) {
    const known = begun.prompts[index];
    if (known !== undefined) {
      assertSamePlace(outPath, prompt, known);
      await completer.learn(known);
      continue;
    }
    const { completed, numAdded } = await completer.complete(prompt);
    await file.append(completed);
    onProgress({ numPlaces: index + 1, numAdded });
  }
}

function assertSamePlace(path: string, wanted: TracePrompt, found: TracePrompt): void {
  const nameOf = ({ repository, place }: TracePrompt) =>
    `place ${place} of repository ${repository}`;
  if (nameOf(wanted) === nameOf(found)) return;
  throw new EngineError(
    "invalidRequest",
    `${path} has ${nameOf(found)} where ${nameOf(wanted)} is expected: it is of another trace. Choose another file.`,
  );
}

class PlaceCompleter {
  readonly #pair: ModelPair;
  readonly #signal: AbortSignal;
  readonly #workspaces: readonly TraceWorkspace[];
  /** [NUM_ROUNDS] each with sessions of its own: those of a round have learned of the rows that the one before read. */
  readonly #rounds: readonly (readonly Asking[])[];

  constructor(
    pair: ModelPair,
    { header, repositories }: Trace,
    configs: readonly string[],
    costs: readonly ReplayCosts[],
    signal: AbortSignal,
  ) {
    this.#pair = pair;
    this.#signal = signal;
    this.#workspaces = repositories.map((repository) => new TraceWorkspace(repository));
    const openAsking = (name: string, own: ReplayCosts): Asking => {
      const models = new TraceModels(header, true);
      return { models, replayer: new Replayer(header, replayConfig(name), own, models) };
    };
    this.#rounds = Array.from({ length: NUM_ROUNDS }, () =>
      configs.flatMap((name) => costs.map((own) => openAsking(name, own))),
    );
  }

  /** The place with the rows that are asked for. */
  async complete(prompt: TracePrompt): Promise<{ completed: TracePrompt; numAdded: number }> {
    const { target, draft } = this.#pair;
    const { target: targetTrie, draft: draftTrie, promptTokens, draftPromptTokens } = prompt;
    const path = pathOf(prompt);
    await this.#readPath(target.target, promptTokens, path);
    if (draft !== undefined) await this.#readPath(draft.target, draftPromptTokens, path);
    let numAdded = 0;
    for (const round of this.#rounds) {
      const lacked = await this.#ask(round, prompt);
      numAdded += lacked.target.size + lacked.draft.size;
      const recorded = { nodes: targetTrie.addPath(path), numTop: OFFSHOOT_TOP };
      const own = { trie: targetTrie, promptLength: promptTokens.length, ...recorded };
      await readOffshoots(target.target, own, lacked.target, this.#signal);
      if (draft === undefined || draftTrie === undefined) continue;
      const drafted = {
        ...{ trie: draftTrie, promptLength: draftPromptTokens.length },
        ...{ nodes: draftTrie.addPath(path), numTop: OFFSHOOT_TOP },
      };
      await readOffshoots(draft.target, drafted, lacked.draft, this.#signal);
    }
    const kept = { target: targetTrie.withRowsOnly(), draft: draftTrie?.withRowsOnly() };
    return { completed: { ...prompt, ...kept }, numAdded };
  }

  /** What is learned of a place that is complete already: a little more than while its rows came. */
  async learn(prompt: TracePrompt): Promise<void> {
    for (const round of this.#rounds) await this.#ask(round, prompt);
  }

  /** Nodes of both tries whose rows a round asks for and that have none. */
  async #ask(round: readonly Asking[], prompt: TracePrompt) {
    const lacked = { target: new Set<number>(), draft: new Set<number>() };
    for (const { replayer, models } of round) {
      await replayer.replay(prompt, this.#workspaces[prompt.repository]!, this.#signal);
      for (const node of models.target.lacked) lacked.target.add(node);
      for (const node of models.draft?.lacked ?? []) lacked.draft.add(node);
    }
    return lacked;
  }

  /** As a fresh engine reads it. */
  async #readPath(
    model: BranchedTarget,
    promptTokens: Int32Array,
    path: Int32Array<ArrayBufferLike>,
  ) {
    await model.prefill(new Int32Array(0), this.#signal);
    await model.prefill(Int32Array.of(...promptTokens, ...path), this.#signal);
  }
}
