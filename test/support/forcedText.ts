/** What a target says at each position of a given text, whatever it would have written itself: runs that stay comparable. */
import { WrappedTarget } from "../../src/bench/base/wrappedTarget.ts";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import { chainTree, type DraftTree, ROOT } from "../../src/core/tree/draftTree.ts";
import type { TargetModel, TreeLogits } from "../../src/core/tree/targetModel.ts";
import { NEVER } from "./never.ts";

/** A text whose tokens from `start` on are asked for. */
export interface ForcedText {
  readonly tokens: Int32Array;
  /** At least 1: the first token is not predicted. */
  readonly start: number;
}

/** [tokens.length] the target's own choice for each position from `start` on; -1 before it. */
export type Choices = Int32Array;

/**
 * Plain choices: passes of chains.
 *
 * @param numRows - rows of each pass in turn; `[1]` is plain decoding.
 * @param cuts - positions before `start` at which the prompt is cut besides the target's own.
 */
export async function plainChoices(
  target: TargetModel,
  { tokens, start }: ForcedText,
  numRows: readonly number[] = [1],
  cuts: readonly number[] = [],
): Promise<Choices> {
  const choices = new Int32Array(tokens.length).fill(-1);
  await target.prefill(new Int32Array(0), NEVER);
  for (const cut of [...cuts, start - 1]) await target.prefill(tokens.subarray(0, cut), NEVER);
  for (let at = start - 1, pass = 0; at < tokens.length - 1; pass++) {
    const rows = Math.min(numRows[pass % numRows.length]!, tokens.length - 1 - at);
    const chain = chainTree(tokens.subarray(at, at + rows));
    const logits = await target.evaluateTree(chain, NEVER);
    for (let row = 0; row < rows; row++) choices[at + row + 1] = logits.argmax(row);
    const nodes = Int32Array.from({ length: rows - 1 }, (_, index) => index + 1);
    target.commit({ nodes, bonusToken: tokens[at + rows]! });
    at += rows;
  }
  return choices;
}

/** What the loop verified along a text. */
export interface SpeculativeChoices {
  readonly choices: Choices;
  /** Rows of each pass. */
  readonly numRows: readonly number[];
  readonly numAccepted: number;
}

/** The choices in the passes that verified them, when the loop is led along the text. */
export async function speculativeChoices(
  target: TargetModel,
  text: ForcedText,
  drafters: readonly Drafter[],
  maxDraftNodes: number,
): Promise<SpeculativeChoices> {
  await target.prefill(new Int32Array(0), NEVER);
  const forced = new ForcedTextTarget(target, text.tokens);
  const promptTokens = text.tokens.subarray(0, text.start);
  const { stats } = await speculativeDecode(
    {
      target: forced,
      drafters,
      context: { promptTokens, prefixTokens: promptTokens, suffixTokens: new Int32Array(0) },
      limits: { maxTokens: text.tokens.length - text.start, isEndToken: () => false },
      maxDraftNodes,
      observer: {
        now: () => performance.now(),
        onDrafterFailure(drafter, reason) {
          throw new Error(`${drafter.source} failed: ${reason}`);
        },
      },
    },
    NEVER,
  );
  const { choices, numRows } = forced;
  return { choices, numRows, numAccepted: stats.numAcceptedTokens };
}

/** Says the text where the text has been followed, and notes what the target would have said. */
class ForcedTextTarget extends WrappedTarget {
  readonly #tokens: Int32Array;
  readonly choices: Choices;
  readonly numRows: number[] = [];

  constructor(inner: TargetModel, tokens: Int32Array) {
    super(inner);
    this.#tokens = tokens;
    this.choices = new Int32Array(tokens.length).fill(-1);
  }

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const start = this.kvLength;
    const logits = await this.inner.evaluateTree(tree, signal);
    this.numRows.push(tree.size);
    const depths = tree.depths.slice();
    const isOnText = (node: number): boolean =>
      tree.tokens[node] === this.#tokens[start + depths[node]!] &&
      (node === ROOT || isOnText(tree.parents[node]!));
    return {
      topK: (node, k) => logits.topK(node, k),
      logSumExp: (node) => logits.logSumExp(node),
      logit: (node, token) => logits.logit(node, token),
      argmax: (node) => {
        const choice = logits.argmax(node);
        const next = start + depths[node]! + 1;
        if (next >= this.#tokens.length || !isOnText(node)) return choice;
        this.choices[next] = choice;
        return this.#tokens[next]!;
      },
    };
  }
}
