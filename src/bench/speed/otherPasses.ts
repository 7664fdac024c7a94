/** Plain decoding of a text once more, in passes of more rows than one: what it differs from itself by at a place. */
import { chainTree } from "../../core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../core/tree/targetModel.ts";

/** Rows of the passes that decode all behind the prompt, begun at each offset. Kernels take four rows at a time: more are of these. */
const REPLAYED_ROWS = [2, 3, 4, 5];
/** Rows of single passes whose last one is asked for, behind the cells that are there. */
const LAST_ROWS = [2, 3, 4, 8];

/** Passes along a text: the cache holds what is before `start`, then `first` rows are evaluated, then `further` ones each. */
interface Passes {
  readonly start: number;
  readonly first: number;
  readonly further: number;
}

/**
 * The row of a text's token in such passes, one after the other; a row counts until the next is asked for.
 *
 * @param text - a prompt, and what plain decoding made of it, or its beginning.
 * @param at - index of the token, not before the prompt's last one.
 */
export async function* rowsInOtherPasses(
  target: TargetModel,
  text: Int32Array,
  numPromptTokens: number,
  at: number,
  signal: AbortSignal,
): AsyncGenerator<{ readonly logits: TreeLogits; readonly node: number }> {
  const fitting = text.subarray(0, target.contextSize);
  for (const { start, first, further } of otherPasses(numPromptTokens, at)) {
    if (Math.max(first, further) > target.maxNodes) continue;
    await target.prefill(text.subarray(0, start), signal);
    for (let from = start, numRows = first; from <= at; from += numRows, numRows = further) {
      const tokens = fitting.subarray(from, from + numRows);
      const logits = await target.evaluateTree(chainTree(tokens), signal);
      if (at < from + tokens.length) {
        yield { logits, node: at - from };
        target.rewind();
      } else {
        const nodes = Int32Array.from({ length: numRows - 1 }, (_, node) => node + 1);
        target.commit({ nodes, bonusToken: text[from + numRows]! });
      }
    }
  }
}

function* otherPasses(numPromptTokens: number, at: number): Generator<Passes> {
  const start = numPromptTokens - 1;
  const most = REPLAYED_ROWS.at(-1)!;
  for (const further of REPLAYED_ROWS) {
    for (let first = 1; first <= further; first++) {
      // Where the first pass has the row, those behind it are none.
      const isRepeated = first > at - start && further < most;
      const isPlain = first === 1 && at === start;
      if (!isRepeated && !isPlain) yield { start, first, further };
    }
  }
  for (const numRows of LAST_ROWS) {
    const from = at + 1 - numRows;
    if (from >= 0) yield { start: from, first: numRows, further: numRows };
  }
}
