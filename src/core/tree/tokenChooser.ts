/**
 * The one place where a row of the target's logits becomes a token in plain decoding and in the verification of a draft tree and
 * of branches. Today the choice is the argmax of what a constraint allows. Healing and superposed drafts read rows under the same
 * constraint (`tokenConstraint.ts`).
 */

import type { Token } from "../base/tokens.ts";
import type { TreeLogits } from "./targetModel.ts";
import { constrainedRow, type LogitsRow, type TokenConstraint } from "./tokenConstraint.ts";

/** Follows one output from its first token on. */
export class TokenChooser {
  #constraint: TokenConstraint | undefined;

  /** @param constraint - what the output may be; absent: anything. */
  constructor(constraint?: TokenConstraint) {
    this.#constraint = constraint;
  }

  /**
   * The token of the output behind all that were chosen or pushed. A verifier asks along the accepted path only, so each
   * answer is the next token.
   * @param node - the row behind those tokens.
   */
  choose(logits: TreeLogits, node: number): Token {
    const token = this.row(logits, node).argmax();
    this.push(token);
    return token;
  }

  /** The row that {@link choose} would read. */
  row(logits: TreeLogits, node: number): LogitsRow {
    return constrainedRow(logits, node, this.#constraint);
  }

  /** Takes a token that is known already. */
  push(token: Token): void {
    this.#constraint = this.#constraint?.after(token);
  }
}
