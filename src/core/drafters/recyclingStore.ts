/**
 * What the target said before: the next-token distributions of its own passes, by the tokens that led there, kept to be
 * walked as the next draft. STAND's n-grams in front (`ngramStore.ts`), Token Recycling's matrix behind them.
 */

import type { Token } from "../base/tokens.ts";
import type { TopK } from "../tree/targetModel.ts";
import { DEFAULT_MAX_NGRAMS, MAX_NGRAM, MIN_NGRAM, NgramStore } from "./ngramStore.ts";
import { SuccessorMatrix } from "./successorMatrix.ts";
import { MAX_SUCCESSORS, type Successors, successorsOf } from "./successors.ts";

export { MAX_NGRAM as MAX_KEY_LENGTH, MAX_SUCCESSORS };

/**
 * What a bigram of the edited file counts against one of the workspace. In TypeScript sources the next token was the first
 * of its row in 25 % of cases after the workspace alone, in 29 % with the 1,000 tokens before the cursor at 3 times the
 * weight, in 31 % at 10, among the first three in 39, 47 and 49 %.
 */
const LOCAL_WEIGHT = 8;

/**
 * Rows that wait to be learned together: behind a pass of the target each takes 4 to 6 µs, as caches are cold, one behind
 * the other 0.8.
 */
const MAX_WAITING = 64;

/** A row and the key it was found by. */
export interface FoundRow extends Successors {
  /** Tokens of the key, 1 … {@link MAX_KEY_LENGTH}. */
  readonly keyLength: number;
}

/**
 * Outlives generations; one per target. 66 bytes per token of the vocabulary and at most 7.3 MB of n-grams: at 152k
 * tokens 10.0 to 17.3 MB.
 */
export class RecyclingStore {
  readonly #matrix: SuccessorMatrix;
  readonly #ngrams: NgramStore;
  readonly #waiting: { readonly recent: readonly Token[]; readonly top: TopK }[] = [];

  constructor(vocabSize: number, maxNgrams = DEFAULT_MAX_NGRAMS) {
    this.#matrix = new SuccessorMatrix(vocabSize);
    this.#ngrams = new NgramStore(maxNgrams);
  }

  get vocabSize(): number {
    return this.#matrix.vocabSize;
  }

  /** Rows that wait to be learned, for tests. */
  get numWaiting(): number {
    return this.#waiting.length;
  }

  get matrix(): SuccessorMatrix {
    this.#learnWaiting();
    return this.#matrix;
  }

  get ngrams(): NgramStore {
    this.#learnWaiting();
    return this.#ngrams;
  }

  /**
   * What followed the longest known end of `recent`; a view that stands until the next change.
   * @param recent - the last tokens before the wanted one, oldest first; more than {@link MAX_KEY_LENGTH} are of no use.
   */
  find(recent: readonly Token[]): FoundRow | undefined {
    for (let n = Math.min(MAX_NGRAM, recent.length); n >= MIN_NGRAM; n--) {
      const row = this.ngrams.find(recent, n);
      if (row !== undefined) return { ...row, keyLength: n };
    }
    const row = this.matrix.find(recent.at(-1) ?? -1);
    return row && { ...row, keyLength: 1 };
  }

  /**
   * Learns what the target said after some tokens, under keys of every length.
   * @param top - the row's {@link MAX_SUCCESSORS} best.
   */
  learnRow(recent: readonly Token[], top: TopK): void {
    this.#learnWaiting();
    this.#learn(recent, top);
  }

  /** The same, in no hurry: at the latest before the store is next read. @param recent, top - nobody's to change. */
  learnRowLater(recent: readonly Token[], top: TopK): void {
    this.#waiting.push({ recent, top });
    if (this.#waiting.length >= MAX_WAITING) this.#learnWaiting();
  }

  /**
   * Hot start from the text at hand: counts its bigrams in rows of the matrix that the target has not filled. The same
   * text is learned again with every request; so the edited file outweighs the workspace, as it should.
   */
  learnBigrams(tokens: Int32Array): void {
    this.matrix.learnText(tokens, LOCAL_WEIGHT);
  }

  /**
   * Hot start from the workspace, file by file, each once: the same for text that is elsewhere. A file may come in
   * slices, each beginning with the last token of the one before. 30-50 ns per token: 10,000 tokens of TypeScript take
   * 0.4 ms, and 1.6 ms as the first ones of an empty store.
   */
  learnFile(tokens: Int32Array): void {
    this.matrix.learnText(tokens, 1);
  }

  #learnWaiting(): void {
    if (this.#waiting.length === 0) return;
    for (const { recent, top } of this.#waiting) this.#learn(recent, top);
    this.#waiting.length = 0;
  }

  #learn(recent: readonly Token[], top: TopK): void {
    const row = successorsOf(top);
    const last = recent.at(-1);
    if (row === undefined || last === undefined) return;
    this.#matrix.learnRow(last, row);
    for (let n = MIN_NGRAM; n <= Math.min(MAX_NGRAM, recent.length); n++) {
      this.#ngrams.observe(recent, n, row);
    }
  }
}
