/**
 * Reads one row of logits: the k best, a single entry, ln Σ exp. The row is copied into WebAssembly memory and scanned
 * with SIMD; plain JavaScript takes 0.2-0.5 ms for the argmax of 152k floats, this about 0.05 ms.
 */
import { EngineError } from "../../core/base/errors.ts";
import type { TopK } from "../../core/tree/targetModel.ts";
import wasm from "./rowScan.wat";

/** Largest k that {@link RowScanner.topK} takes. */
export const MAX_TOP_K = 64;
const PAGE_BYTES = 65_536;

interface RowScanExports {
  topK(numFloats: number, k: number, tokens: number, logits: number): number;
  sumExp(numFloats: number, max: number): number;
}

/** Holds one row at a time. */
export class RowScanner {
  /** [rowLength] the row; fill it, then ask. */
  readonly row: Float32Array;
  readonly #exports: RowScanExports;
  readonly #paddedLength: number;
  readonly #tokens: Int32Array;
  readonly #logits: Float32Array;

  constructor(rowLength: number) {
    this.#paddedLength = Math.ceil(rowLength / 4) * 4;
    const resultBytes = MAX_TOP_K * 4;
    const numBytes = this.#paddedLength * 4 + 2 * resultBytes;
    const memory = new WebAssembly.Memory({ initial: Math.ceil(numBytes / PAGE_BYTES) });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory } });
    this.#exports = instance.exports as unknown as RowScanExports;
    this.row = new Float32Array(memory.buffer, 0, rowLength);
    // Padding never ranks and adds nothing to a sum.
    new Float32Array(memory.buffer, 0, this.#paddedLength).fill(-Infinity, rowLength);
    this.#tokens = new Int32Array(memory.buffer, this.#paddedLength * 4, MAX_TOP_K);
    this.#logits = new Float32Array(memory.buffer, this.#paddedLength * 4 + resultBytes, MAX_TOP_K);
  }

  /**
   * The k best entries, best first.
   * @throws RangeError if k is not in 1 … {@link MAX_TOP_K}; EngineError `invalidLogits` if no entry is a number.
   */
  topK(k: number): TopK {
    if (!(k >= 1 && k <= MAX_TOP_K)) throw new RangeError(`k is ${k}, expected 1 to ${MAX_TOP_K}`);
    const { byteOffset: tokens } = this.#tokens;
    const { byteOffset: logits } = this.#logits;
    const count = this.#exports.topK(this.#paddedLength, k, tokens, logits);
    if (count === 0) {
      throw new EngineError(
        "invalidLogits",
        "The model returned no valid probabilities (every logit is NaN or -infinity). " +
          "Its weights are probably damaged: download or convert the file again.",
      );
    }
    return { tokens: this.#tokens.slice(0, count), logits: this.#logits.slice(0, count) };
  }

  /** ln Σ exp over the row, to about 1e-5. */
  logSumExp(): number {
    const max = this.topK(1).logits[0]!;
    return max + Math.log(this.#exports.sumExp(this.#paddedLength, max));
  }
}
