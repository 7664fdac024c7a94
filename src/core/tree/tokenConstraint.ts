/** What tokens an output may have, and rows of logits read under that. */
import { logSumExp } from "../base/logSumExp.ts";
import type { Token } from "../base/tokens.ts";
import type { TopK, TreeLogits } from "./targetModel.ts";

/** A state of an output: what may come next, and the state behind each of it. Immutable, so that branches may share it. */
export interface TokenConstraint {
  /** [>= 1] the tokens that may come next: distinct ids in ascending order. */
  readonly next: Int32Array;
  /** Behind a token that may come; undefined: anything may follow. */
  after(token: Token): TokenConstraint | undefined;
}

/** The state behind tokens that came. */
export function constraintAfter(
  constraint: TokenConstraint | undefined,
  tokens: Iterable<Token>,
): TokenConstraint | undefined {
  let state = constraint;
  for (const token of tokens) state = state?.after(token);
  return state;
}

/** One row of logits; what may not come is not in it. */
export interface LogitsRow {
  /** The best, of equals the one with the lower id. */
  argmax(): Token;
  topK(k: number): TopK;
  /** ln Σ exp(logit) over the tokens of the row. */
  logSumExp(): number;
  /** -Infinity for a token that may not come. */
  logit(token: Token): number;
}

/** Entries of a row that every {@link TreeLogits} ranks. */
const MAX_RANKED = 64;

/** A row under a constraint. Valid as long as the logits are. */
export function constrainedRow(
  logits: TreeLogits,
  node: number,
  constraint: TokenConstraint | undefined,
): LogitsRow {
  if (constraint === undefined) {
    return {
      argmax: () => logits.argmax(node),
      topK: (k) => logits.topK(node, k),
      logSumExp: () => logits.logSumExp(node),
      logit: (token) => logits.logit(node, token),
    };
  }
  const { next } = constraint;
  const allows = (token: Token) => holds(next, token);
  const topK = (k: number) => {
    const ranked = next.length <= MAX_RANKED ? undefined : rankedOf(logits, node, allows, k);
    return ranked ?? bestOf(logits, node, next, k);
  };
  return {
    argmax: () => topK(1).tokens[0]!,
    topK,
    logSumExp: () => logSumExp(Float64Array.from(next, (token) => logits.logit(node, token))),
    logit: (token) => (allows(token) ? logits.logit(node, token) : Number.NEGATIVE_INFINITY),
  };
}

/** Binary search. */
function holds(ascending: Int32Array, token: Token): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < token) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === token;
}

/** The k best allowed of those that are ranked anyway; undefined if there are fewer. */
function rankedOf(
  logits: TreeLogits,
  node: number,
  allows: (token: Token) => boolean,
  k: number,
): TopK | undefined {
  const { tokens, logits: values } = logits.topK(node, MAX_RANKED);
  const ranks = Array.from(tokens.keys())
    .filter((rank) => values[rank]! > Number.NEGATIVE_INFINITY && allows(tokens[rank]!))
    .slice(0, k);
  if (ranks.length < k) return undefined;
  return {
    tokens: Int32Array.from(ranks, (rank) => tokens[rank]!),
    logits: Float32Array.from(ranks, (rank) => values[rank]!),
  };
}

/** @param tokens - ascending, perhaps a good part of the vocabulary. */
function bestOf(logits: TreeLogits, node: number, tokens: Int32Array, k: number): TopK {
  const best: { token: Token; logit: number }[] = [];
  for (const token of tokens) {
    const logit = logits.logit(node, token);
    // NaN is never the best.
    if (!(logit > Number.NEGATIVE_INFINITY)) continue;
    if (best.length === k && !(logit > best.at(-1)!.logit)) continue;
    // Behind its equals, whose ids are lower.
    const rank = best.findLastIndex((other) => other.logit >= logit) + 1;
    best.splice(rank, 0, { token, logit });
    if (best.length > k) best.pop();
  }
  // Where every logit is -Infinity one is as good as another, and one must come.
  if (best.length === 0) best.push({ token: tokens[0]!, logit: Number.NEGATIVE_INFINITY });
  return {
    tokens: Int32Array.from(best, ({ token }) => token),
    logits: Float32Array.from(best, ({ logit }) => logit),
  };
}
