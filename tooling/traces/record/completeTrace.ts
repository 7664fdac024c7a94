/**
 * Adds to a trace the rows that replays of some configurations ask for and that it lacks: what is drafted depends on the
 * rows that drafters and policy have learned of, so no recording has them all.
 *
 * A row that is added stands behind cells of the output that were read many rows a pass, where those of the recording were decoded
 * one by one: with quantized weights that moves its logits as any other cut does (`docs/lossless.md`).
 */
import { createHash } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { EngineError } from "../../../src/core/base/errors.ts";
import type { BranchedTarget } from "../../../src/core/tree/branchedTarget.ts";
import { freezeThreads, type ModelPair } from "../../../src/engine/models/modelHost.ts";
import { replayConfig } from "../replay/replayConfigs.ts";
import type { ReplayCosts } from "../replay/replayCosts.ts";
import { Replayer, TraceModels } from "../replay/traceReplay.ts";
import { TraceWorkspace } from "../replay/traceWorkspace.ts";
import { pathOf, type Trace, type TracePrompt } from "../trace/trace.ts";
import { readWanted, type WantedRows } from "../trace/traceRecorder.ts";
import { assertFree, openRecording, TraceWriter } from "./traceFile.ts";
import { assertSameRecording, identify } from "./traceHeader.ts";

/** Rows that were read change what is asked for next. */
const NUM_ROUNDS = 3;

export interface TraceCompletion {
  /** Of the trace, for messages. */
  readonly path: string;
  /** Where it goes, whole; what is there is not replaced. */
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

/**
 * Repository by repository, as a replay goes. What is done lies beside `outPath` until all is, and is gone on with by the same
 * configurations and costs; a repository that was stopped within goes on having learned of rows that came later.
 * @throws EngineError `invalidRequest` if these are not the recorded models, or something is at `outPath`; what the
 *   models throw.
 */
export async function completeTrace(
  pair: ModelPair,
  trace: Trace,
  { path, outPath, configs, costs }: TraceCompletion,
  onProgress: (progress: CompletionProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  // Others' work would have them lowered for good, and hours go by here.
  using _ = freezeThreads(pair);
  const { header, repositories, prompts } = trace;
  assertFree(outPath);
  const identity = await identify(pair, header.settings, header.repositories);
  assertSameRecording(path, header, identity);
  const asked = createHash("sha256").update(JSON.stringify([configs, costs]));
  const partPath = `${outPath}.${asked.digest("hex").slice(0, 12)}.part`;
  const check = (found: Trace["header"]) => assertSameRecording(partPath, found, identity);
  const { writer, trace: begun } = await openRecording(partPath, check, async () => trace);
  const known = new Map(begun.prompts.map((prompt) => [keyOf(prompt), prompt]));
  const completed = new Map<string, TracePrompt>();
  {
    await using part = writer;
    for (const repository of repositories) {
      const own = prompts.filter((prompt) => prompt.repository === repository.index);
      const workspace = new TraceWorkspace(repository);
      const completer = new PlaceCompleter(pair, header, workspace, { configs, costs }, signal);
      for (const prompt of own) {
        const done = known.get(keyOf(prompt));
        if (done !== undefined) {
          await completer.learn(done);
          completed.set(keyOf(prompt), done);
          continue;
        }
        const { whole, numAdded } = await completer.complete(prompt);
        await part.append(whole);
        completed.set(keyOf(prompt), whole);
        onProgress({ numPlaces: completed.size, numAdded });
      }
    }
  }
  // In the recording's own order, of which a check takes the first.
  const finalPath = `${outPath}.whole.part`;
  await rm(finalPath, { force: true });
  {
    await using file = await TraceWriter.create(finalPath, header, repositories);
    for (const prompt of prompts) await file.append(completed.get(keyOf(prompt))!);
  }
  await rename(finalPath, outPath);
  await rm(partPath);
}

function keyOf({ repository, place }: TracePrompt): string {
  return `${repository} ${place}`;
}

/** A configuration at given costs, and the recording that it asks. */
interface Asking {
  readonly replayer: Replayer;
  readonly models: TraceModels;
}

/** Of one repository's places. */
class PlaceCompleter {
  readonly #pair: ModelPair;
  readonly #workspace: TraceWorkspace;
  readonly #signal: AbortSignal;
  /** [NUM_ROUNDS] each with sessions of its own: those of a round have learned of the rows that the one before read. */
  readonly #rounds: readonly (readonly Asking[])[];

  constructor(
    pair: ModelPair,
    header: Trace["header"],
    workspace: TraceWorkspace,
    { configs, costs }: Pick<TraceCompletion, "configs" | "costs">,
    signal: AbortSignal,
  ) {
    this.#pair = pair;
    this.#workspace = workspace;
    this.#signal = signal;
    const openAsking = (name: string, own: ReplayCosts): Asking => {
      const models = new TraceModels(header, true);
      return { models, replayer: new Replayer(header, replayConfig(name), own, models) };
    };
    this.#rounds = Array.from({ length: NUM_ROUNDS }, () =>
      configs.flatMap((name) => costs.map((own) => openAsking(name, own))),
    );
  }

  /** The place with the rows that are asked for. */
  async complete(prompt: TracePrompt): Promise<{ whole: TracePrompt; numAdded: number }> {
    const models = { target: this.#pair.target.target, draft: this.#pair.draft?.target };
    const path = pathOf(prompt);
    await this.#readPath(models.target, prompt.promptTokens, path);
    if (models.draft !== undefined) {
      await this.#readPath(models.draft, prompt.draftPromptTokens, path);
    }
    let numAdded = 0;
    for (const round of this.#rounds) {
      const lacked = await this.#ask(round, prompt);
      numAdded += await readWanted(models, prompt, lacked, this.#signal);
    }
    const kept = { target: prompt.target.withRowsOnly(), draft: prompt.draft?.withRowsOnly() };
    return { whole: { ...prompt, ...kept }, numAdded };
  }

  /** What is learned of a place that is complete already. */
  async learn(prompt: TracePrompt): Promise<void> {
    for (const round of this.#rounds) await this.#ask(round, prompt);
  }

  /** Nodes of both tries whose rows a round asks for and that have none. @throws EngineError `internal` for a drafter that failed. */
  async #ask(round: readonly Asking[], prompt: TracePrompt): Promise<WantedRows> {
    const lacked = { target: new Set<number>(), draft: new Set<number>() };
    for (const { replayer, models } of round) {
      await replayer.replay(prompt, this.#workspace, this.#signal);
      const [failure] = replayer.failures;
      if (failure !== undefined) throw new EngineError("internal", `A drafter failed: ${failure}.`);
      for (const node of models.target.lacked) lacked.target.add(node);
      for (const node of models.draft?.lacked ?? []) lacked.draft.add(node);
    }
    return lacked;
  }

  async #readPath(model: BranchedTarget, promptTokens: Int32Array, path: Int32Array) {
    // Other places' prompts would be kept beside this one.
    await model.prefill(new Int32Array(0), this.#signal);
    await model.prefill(Int32Array.of(...promptTokens, ...path), this.#signal);
  }
}
