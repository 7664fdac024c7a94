/**
 * A session of the editor as the study plays it: stores that live as long, and one request after another; and
 * what it may begin with.
 */
import { setImmediate } from "node:timers/promises";
import type { SourceFile, SourceSpot } from "../../src/bench/spots/sourceSpots.ts";
import { nullLog } from "../../src/core/base/log.ts";
import type { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { KeptAnchors } from "../../src/core/prompt/keptAnchors.ts";
import { PromptSpeed } from "../../src/core/prompt/promptLength.ts";
import { BackgroundTurns } from "../../src/engine/base/backgroundTurns.ts";
import { generateCompletion } from "../../src/engine/complete/generateCompletion.ts";
import { Healing } from "../../src/engine/complete/healing.ts";
import type { DraftWorkspace } from "../../src/engine/indexing/workspaceStore.ts";
import type { WorkspaceTokenizer } from "../../src/engine/indexing/workspaceTokenizer.ts";
import { newLearnedState } from "../../src/engine/learned/learnedOfPair.ts";
import type { LearnedFiles, LearnedState } from "../../src/engine/learned/learnedState.ts";
import type { BenchWorkspace } from "../../src/engine/measure/benchWorkspace.ts";
import type { ModelPair } from "../../src/engine/models/modelHost.ts";
import type {
  CompleteParams,
  CompletionResult,
} from "../../src/engine/protocol/completeMessages.ts";
import { PromptTokens } from "../../src/llama/text/promptTokens.ts";
import type { StoreSizes } from "./warmStartReport.ts";

/** Never by itself: who replays a session must not replace what others begin with. In ms. */
const KEEP_AFTER_MS = 2 ** 31 - 1;

/** What the product's files would hold, in memory: whatever ends the engine, none of the user's code stays on disk. */
export class MemoryFiles implements LearnedFiles {
  readonly #blobs = new Map<string, Uint8Array>();

  async save(name: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<boolean> {
    const parts: Uint8Array[] = [];
    for await (const part of bytes instanceof Uint8Array ? [bytes] : bytes) parts.push(part);
    this.#blobs.set(name, Buffer.concat(parts));
    return true;
  }

  /** Bytes of the caller's own, as if read from disk. */
  async load(name: string): Promise<Uint8Array | undefined> {
    const blob = this.#blobs.get(name);
    // A plain array: a slice of a Buffer would be no copy.
    return blob === undefined ? undefined : new Uint8Array(blob);
  }
}

export class BenchSession implements Disposable {
  readonly #pair: ModelPair;
  readonly #workspace: BenchWorkspace;
  readonly #learned: LearnedState;
  readonly #promptTokens: PromptTokens;

  /** Its stores are empty. @param policy - has learned nothing yet; the session's own. */
  constructor(pair: ModelPair, workspace: BenchWorkspace, policy: MeasuredPolicy) {
    this.#pair = pair;
    this.#workspace = workspace;
    // The engine's own turns wait for the end of the benchmark.
    const turns = new BackgroundTurns();
    const options = { policy, turns, log: nullLog, keepAfterMs: KEEP_AFTER_MS };
    this.#learned = newLearnedState(pair, options);
    this.#promptTokens = new PromptTokens(pair.target.model);
  }

  get storeSizes(): StoreSizes {
    const { ngrams, matrix } = this.#learned.recycling;
    return { numNgrams: ngrams.size, numMatrixRows: matrix.numRows };
  }

  /** As the product learns from files that are new to its index. @param files - their tokens. */
  learnFiles(files: readonly Int32Array[]): this {
    for (const tokens of files) this.#learned.recycling.learnFile(tokens);
    return this;
  }

  /** Goes on with what a session kept there, if one did. */
  async goOnFrom(files: LearnedFiles): Promise<this> {
    await this.#learned.moveTo(files);
    return this;
  }

  async complete(
    spot: SourceSpot,
    request: CompleteParams,
    signal: AbortSignal,
  ): Promise<CompletionResult> {
    const place: DraftWorkspace = await this.#workspace.enterSpot(spot, signal);
    const stores = {
      pair: this.#pair,
      learned: this.#learned,
      promptTokens: this.#promptTokens,
      anchors: new KeptAnchors(),
      speed: new PromptSpeed(),
      healing: new Healing(this.#pair),
      workspace: { placeOf: () => place, isKnownSource: () => true },
      passCost: undefined,
      log: nullLog,
    };
    return generateCompletion(stores, request, () => {}, signal);
  }

  /** As the product does a while after a completion. */
  keep(): Promise<void> {
    return this.#learned.keep();
  }

  [Symbol.dispose](): void {
    this.#learned[Symbol.dispose]();
  }
}

/** Where the hidden text stands in its file. */
export function spanOf({ prefixText, hiddenText }: SourceSpot) {
  return { start: prefixText.length, end: prefixText.length + hiddenText.length };
}

/** What of the files no spot hides, tokenized as the workspace's index is. */
export async function visibleTokens(
  files: readonly SourceFile[],
  spots: readonly SourceSpot[],
  tokenizer: WorkspaceTokenizer,
  signal: AbortSignal,
): Promise<Int32Array[]> {
  const tokens: Int32Array[] = [];
  for (const file of files) {
    // Lets an abort be heard; tokenizing itself never leaves the thread.
    await setImmediate();
    for (const text of visibleTexts(file, spots)) {
      tokens.push(await tokenizer.tokenize(text, signal));
    }
  }
  return tokens;
}

/** What of a file no spot hides, in parts. */
function visibleTexts({ path, text }: SourceFile, spots: readonly SourceSpot[]): string[] {
  const spans = spots.filter((spot) => spot.path === path).map(spanOf);
  const texts: string[] = [];
  let at = 0;
  for (const { start, end } of spans.sort((a, b) => a.start - b.start)) {
    if (start > at) texts.push(text.slice(at, start));
    at = Math.max(at, end);
  }
  return [...texts, text.slice(at)];
}
