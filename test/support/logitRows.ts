/** The logits of plain decoding, kept row by row, so that two models can be compared on one history. */
import { ROOT, rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../src/core/tree/targetModel.ts";
import { NEVER } from "./never.ts";

/** One plain decode. */
export interface DecodedRows {
  readonly promptTokens: Int32Array;
  /** [numSteps] the model's own choices. */
  readonly tokens: Int32Array;
  /** [numSteps][vocabSize] */
  readonly rows: readonly Float32Array[];
}

/** How a model's logits differ from a reference's over the same histories. */
export interface LogitDifference {
  readonly numRows: number;
  /** Largest |difference| of any logit. */
  readonly worst: number;
  readonly mean: number;
  /** Rows whose greedy token is another one, and the reference's top-2 gap there. */
  readonly flips: readonly { readonly row: number; readonly gap: number }[];
}

/** Decodes `numSteps` tokens one by one, end tokens and all. */
export async function decodeRows(
  target: TargetModel,
  promptTokens: Int32Array,
  numSteps: number,
): Promise<DecodedRows> {
  const tokens = new Int32Array(numSteps);
  const rows: Float32Array[] = [];
  await follow(target, promptTokens, numSteps, (logits, step) => {
    rows.push(rowOf(logits, target.vocabSize));
    tokens[step] = logits.argmax(ROOT);
    return tokens[step];
  });
  return { promptTokens, tokens, rows };
}

/** Compares `target` with references over their histories: no difference is lost by parting ways early. */
export async function compareRows(
  target: TargetModel,
  references: readonly DecodedRows[],
): Promise<LogitDifference> {
  let worst = 0;
  let sum = 0;
  let numRows = 0;
  const flips: { row: number; gap: number }[] = [];
  for (const { promptTokens, tokens, rows } of references)
    await follow(target, promptTokens, tokens.length, (logits, step) => {
      const reference = rows[step]!;
      const row = rowOf(logits, target.vocabSize);
      for (const [token, logit] of row.entries()) {
        const difference = Math.abs(logit - reference[token]!);
        sum += difference;
        // Not Math.max: NaN must not pass for a small difference.
        if (!(difference <= worst)) worst = difference;
      }
      if (logits.argmax(ROOT) !== tokens[step]) {
        const [best = 0, second = 0] = Array.from(reference).sort((a, b) => b - a);
        flips.push({ row: numRows, gap: best - second });
      }
      numRows++;
      return tokens[step]!;
    });
  return { numRows, worst, mean: sum / numRows / target.vocabSize, flips };
}

/** Evaluates the prompt, then one token per pass; `visit` says which token comes next. */
async function follow(
  target: TargetModel,
  promptTokens: Int32Array,
  numSteps: number,
  visit: (logits: TreeLogits, step: number) => number,
): Promise<void> {
  await target.prefill(promptTokens.subarray(0, -1), NEVER);
  let token = promptTokens.at(-1)!;
  for (let step = 0; step < numSteps; step++) {
    const next = visit(await target.evaluateTree(rootOnlyTree(token), NEVER), step);
    target.commit({ nodes: new Int32Array(0), bonusToken: next });
    token = next;
  }
}

function rowOf(logits: TreeLogits, vocabSize: number): Float32Array {
  return Float32Array.from({ length: vocabSize }, (_, token) => logits.logit(ROOT, token));
}
