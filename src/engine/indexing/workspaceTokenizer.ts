/** Tokenizes the workspace's files with the target's tokenizer, a few ms at a time. */
import { concatTokens } from "../../core/base/tokens.ts";
import type { LlamaModel } from "../../llama/model/llamaModel.ts";
import { tokenizerHash } from "../../llama/model/tokenizerHash.ts";
import { sliceEnd } from "../../llama/text/textSlices.ts";
import type { BackgroundTurns } from "../base/backgroundTurns.ts";

/** For how long a slice keeps the thread, in ms: a request that comes meanwhile waits for its end. */
const SLICE_MS = 3;
/** Before it was measured: tokenizers of llama.cpp take a ms for 2,000 to 4,000 characters. */
const FIRST_CHARS_PER_MS = 1_500;
const MIN_SLICE_CHARS = 1_024;
/** How much of the measured speed one slice changes. */
const SPEED_SHARE = 0.2;

/** What an index needs of a model. */
export interface WorkspaceTokenizer {
  /** Differs between vocabularies. */
  readonly hash: string;
  /** Ids are below it. */
  readonly vocabSize: number;
  /** @throws the signal's reason; the model is not asked after that. */
  tokenize(text: string, signal: AbortSignal): Promise<Int32Array>;
}

export class SlicedTokenizer implements WorkspaceTokenizer {
  readonly hash: string;
  readonly vocabSize: number;
  readonly #model: LlamaModel;
  readonly #turns: BackgroundTurns;
  readonly #now: () => number;
  #charsPerMs = FIRST_CHARS_PER_MS;

  /** @param now - clock in ms. */
  constructor(model: LlamaModel, turns: BackgroundTurns, now = () => performance.now()) {
    this.hash = tokenizerHash(model.header);
    this.vocabSize = model.vocabulary.size;
    this.#model = model;
    this.#turns = turns;
    this.#now = now;
  }

  /**
   * Line ends become `\n`, as in prompts. The tokens are the whole text's, but for a few at the ends of slices: where no line
   * begins at the margin for half a slice, as inside of long classes on a slow machine; and SPM vocabularies put a mark of their own
   * before each slice. What is drafted from one token in thousands is lost.
   */
  async tokenize(text: string, signal: AbortSignal): Promise<Int32Array> {
    const lines = text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
    const slices: Int32Array[] = [];
    for (let start = 0; start < lines.length; ) {
      await this.#turns.next(signal);
      const numChars = Math.max(MIN_SLICE_CHARS, Math.round(SLICE_MS * this.#charsPerMs));
      const end = sliceEnd(lines, start, numChars);
      const startedAt = this.#now();
      slices.push(this.#model.vocabulary.tokenize(lines.slice(start, end)));
      this.#measured(end - start, this.#now() - startedAt);
      start = end;
    }
    return concatTokens(...slices);
  }

  #measured(numChars: number, ms: number): void {
    if (numChars < MIN_SLICE_CHARS) return;
    this.#charsPerMs += SPEED_SHARE * (numChars / Math.max(ms, 0.01) - this.#charsPerMs);
  }
}
