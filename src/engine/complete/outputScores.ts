/** How likely the tokens of an output are, noted while it is decoded. */
import type { VerifiedStep } from "../../core/tree/drafter.ts";
import { ROOT } from "../../core/tree/draftTree.ts";
import type { Opening } from "../../core/tree/opening.ts";
import { TokenChooser } from "../../core/tree/tokenChooser.ts";
import { constraintAfter, type TokenConstraint } from "../../core/tree/tokenConstraint.ts";

export class OutputScores {
  readonly #chooser: TokenChooser;
  readonly #logProbs: number[];

  constructor(constraint: TokenConstraint | undefined, opening: Opening | undefined) {
    this.#chooser = new TokenChooser(constraintAfter(constraint, opening?.tokens ?? []));
    this.#logProbs = [...(opening?.logProbs ?? [])];
  }

  /** [tokens so far, those that an end cut off included] natural log-probabilities, under the constraint. */
  get logProbs(): readonly number[] {
    return this.#logProbs;
  }

  /** A step whose logits are still valid. */
  observe({ path, committed, logits }: VerifiedStep): void {
    for (const [index, token] of committed.entries()) {
      const node = index === 0 ? ROOT : path.nodes[index - 1]!;
      const row = this.#chooser.row(logits, node);
      this.#logProbs.push(row.logit(token) - row.logSumExp());
      this.#chooser.push(token);
    }
  }
}
