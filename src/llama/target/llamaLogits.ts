/** The logits of one pass, copied and scanned row by row when asked for. */
import { EngineError } from "../../core/base/errors.ts";
import type { Token } from "../../core/base/tokens.ts";
import { MAX_SUCCESSORS } from "../../core/drafters/successors.ts";
import type { TopK, TreeLogits } from "../../core/tree/targetModel.ts";
import type { LlamaContext } from "./llamaContext.ts";
import type { RowScanner } from "./rowScan.ts";

/** Scanned at once for every row that is read: argmax and harvest come from the same scan. */
const EAGER_TOP_K = MAX_SUCCESSORS;
const NO_ROW = -1;

/** {@link TreeLogits} of the last decode; invalid after the next one. */
export class LlamaLogits implements TreeLogits {
  readonly #context: LlamaContext;
  readonly #scanner: RowScanner;
  readonly #numRows: number;
  readonly #topByRow = new Map<number, TopK>();
  #loadedRow = NO_ROW;
  #isValid = true;

  constructor(context: LlamaContext, scanner: RowScanner, numRows: number) {
    this.#context = context;
    this.#scanner = scanner;
    this.#numRows = numRows;
  }

  argmax(node: number): Token {
    return this.topK(node, 1).tokens[0]!;
  }

  topK(node: number, k: number): TopK {
    let top = this.#topByRow.get(node);
    if (top === undefined || (top.tokens.length < k && top.tokens.length >= EAGER_TOP_K)) {
      this.#load(node);
      top = this.#scanner.topK(Math.max(k, EAGER_TOP_K));
      this.#topByRow.set(node, top);
    }
    return top.tokens.length <= k
      ? top
      : { tokens: top.tokens.subarray(0, k), logits: top.logits.subarray(0, k) };
  }

  logSumExp(node: number): number {
    this.#load(node);
    return this.#scanner.logSumExp();
  }

  logit(node: number, token: Token): number {
    this.#load(node);
    const logit = this.#scanner.row[token];
    if (logit === undefined) throw new RangeError(`token ${token} is not in the vocabulary`);
    return logit;
  }

  /** The native rows are gone. */
  invalidate(): void {
    this.#isValid = false;
  }

  #load(node: number): void {
    if (!this.#isValid) throw new RangeError("logits were read after the next call on their model");
    if (!(node >= 0 && node < this.#numRows)) throw new RangeError(`node ${node} has no logits`);
    if (this.#loadedRow === node) return;
    const address = this.#context.logitsRow(node);
    if (address === null) {
      throw new EngineError("decodeFailed", `llama.cpp returned no logits for row ${node}.`);
    }
    this.#context.copyRow(this.#scanner.row, address);
    this.#loadedRow = node;
  }
}
