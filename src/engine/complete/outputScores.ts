/** How likely the tokens of an output are, noted while it is decoded. */
import type { VerifiedStep } from "../../core/tree/drafter.ts";
import { ROOT } from "../../core/tree/draftTree.ts";
import type { Opening } from "../../core/tree/opening.ts";
import { TokenChooser } from "../../core/tree/tokenChooser.ts";
import { constraintAfter, type TokenConstraint } from "../../core/tree/tokenConstraint.ts";

export function outputScores(
  constraint: TokenConstraint | undefined,
  opening: Opening | undefined,
) {
  const chooser = new TokenChooser(constraintAfter(constraint, opening?.tokens ?? []));
  const logProbs = [...(opening?.logProbs ?? [])];
  return {
    /** [tokens so far, those that an end cut off included] natural log-probabilities, under the constraint. */
    logProbs: logProbs as readonly number[],
    /** A step whose logits are still valid. */
    observe({ path, committed, logits }: VerifiedStep): void {
      for (const [index, token] of committed.entries()) {
        const node = index === 0 ? ROOT : path.nodes[index - 1]!;
        const row = chooser.row(logits, node);
        logProbs.push(row.logit(token) - row.logSumExp());
        chooser.push(token);
      }
    },
  };
}
