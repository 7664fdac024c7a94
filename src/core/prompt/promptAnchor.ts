/**
 * Where the middle of a fill-in-the-middle prompt begins. At the cursor, every typed token stands before the suffix, and the
 * suffix has to be evaluated again. Behind an anchor it is the beginning of the middle: what is typed is appended, and the
 * cache holds all before it.
 *
 * @see Bavarian et al., Efficient Training of Language Models to Fill in the Middle (arXiv 2207.14255), §3: the whole text
 *   behind the marker and nothing before is its "SPM variant 2". EFIM (arXiv 2505.21889) keeps earlier text before it.
 */
import * as v from "valibot";
import { shapeOf } from "../base/messageSchema.ts";

/** At the cursor, at the start of a line so many above the cursor's (0: its own), or at the start of the text. */
export const promptAnchor = v.union(
  [
    v.picklist(["cursor", "file"]),
    shapeOf({ linesUp: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
  ],
  '"cursor", "file", or { linesUp: an integer of at least 0 }',
);
export type PromptAnchor = v.InferOutput<typeof promptAnchor>;

/**
 * How the editor asks, and the command line: a key only appends to the prompt, and the tokens at the cursor are healed. More lines are
 * right than with a prompt that ends at the cursor (docs/benchmarks.md, "Arms").
 */
export const APPENDED_PROMPT = { anchor: { linesUp: 0 }, heals: true } as const;

/** Index in the text before the cursor, 0 … its length. */
export function anchorIndex(prefixText: string, anchor: PromptAnchor): number {
  if (anchor === "cursor") return prefixText.length;
  if (anchor === "file") return 0;
  let start = prefixText.lastIndexOf("\n") + 1;
  for (let line = 0; line < anchor.linesUp && start > 0; line++) {
    start = start === 1 ? 0 : prefixText.lastIndexOf("\n", start - 2) + 1;
  }
  return start;
}
