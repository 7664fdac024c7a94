/** The index that a benchmark's drafters read: the workspace's files, and of a prompt's own file what is not hidden. */
import type { SourceFile, SourceSpot } from "../../bench/spots/sourceSpots.ts";
import { WorkspaceIndex } from "../../core/index/workspaceIndex.ts";
import type { GenerationContext } from "../../core/tree/drafter.ts";
import type { LlamaModel } from "../../llama/model/llamaModel.ts";
import { tokenizerHash } from "../../llama/model/tokenizerHash.ts";
import type { DraftWorkspace } from "../indexing/workspaceStore.ts";
import type { WorkspaceTokenizer } from "../indexing/workspaceTokenizer.ts";

export class BenchWorkspace {
  readonly #index = new WorkspaceIndex();
  readonly #texts: ReadonlyMap<string, string>;
  readonly #tokenizer: WorkspaceTokenizer;
  readonly #spots = new WeakMap<GenerationContext, SourceSpot>();
  /** The file of which a span is hidden. */
  #entered: SourceSpot | undefined;

  private constructor(files: readonly SourceFile[], tokenizer: WorkspaceTokenizer) {
    this.#texts = new Map(files.map(({ path, text }) => [path, text]));
    this.#tokenizer = tokenizer;
  }

  /** @param onProgress - called after each file with the number of those that are done. */
  static async open(
    files: readonly SourceFile[],
    tokenizer: WorkspaceTokenizer,
    onProgress: (numDone: number) => void,
    signal: AbortSignal,
  ): Promise<BenchWorkspace> {
    const workspace = new BenchWorkspace(files, tokenizer);
    for (const [number, { path, text }] of files.entries()) {
      await workspace.#setFile(path, text, signal);
      onProgress(number + 1);
    }
    return workspace;
  }

  /** Says where a prompt was drawn. */
  note(context: GenerationContext, spot: SourceSpot): void {
    this.#spots.set(context, spot);
  }

  /** Hides the span of this prompt, and what was hidden before is there again. To be called before the clock starts. */
  async enter(context: GenerationContext, signal: AbortSignal): Promise<DraftWorkspace> {
    return this.enterSpot(this.#spots.get(context), signal);
  }

  /** The same by the spot; undefined is none. */
  async enterSpot(spot: SourceSpot | undefined, signal: AbortSignal): Promise<DraftWorkspace> {
    if (spot !== this.#entered) {
      const before = this.#entered;
      this.#entered = undefined;
      if (before !== undefined)
        await this.#setFile(before.path, this.#texts.get(before.path), signal);
      if (spot !== undefined && this.#texts.has(spot.path)) {
        await this.#setFile(spot.path, spot.prefixText + spot.suffixText, signal);
      }
      this.#entered = spot;
    }
    const index = this.#index;
    return { index, place: spot === undefined ? {} : index.placeOf(spot.path, spot.prefixText) };
  }

  async #setFile(path: string, text: string | undefined, signal: AbortSignal): Promise<void> {
    if (text === undefined) return;
    this.#index.setFile(path, await this.#tokenizer.tokenize(text, signal));
  }
}

/** The target's own; a benchmark has the thread to itself. */
export function wholeTextTokenizer({ header, vocabulary }: LlamaModel): WorkspaceTokenizer {
  return {
    hash: tokenizerHash(header),
    vocabSize: vocabulary.size,
    async tokenize(text, signal) {
      signal.throwIfAborted();
      return vocabulary.tokenize(text.replaceAll(/\r\n?/g, "\n"));
    },
  };
}
