/**
 * Where a greedy output could have gone another way: the target's own alternatives at early positions, read from the
 * rows of logits that decoding it read anyway. Each is the first token of another suggestion.
 */

import type { Token } from "../base/tokens.ts";
import type { VerifiedStep } from "../tree/drafter.ts";
import { ROOT } from "../tree/draftTree.ts";
import type { Opening } from "../tree/opening.ts";
import { TokenChooser } from "../tree/tokenChooser.ts";
import type { TokenConstraint } from "../tree/tokenConstraint.ts";

/** Early: a suggestion that parts later reads like the first one. */
const MAX_POSITIONS = 8;
/** Alternatives kept per position, the greedy choice not counted. */
const MAX_ALTERNATIVES = 4;
/** ln 0.01: what the target itself gives a chance of less than one in a hundred is not worth a branch. */
export const MIN_ALTERNATIVE_LOG_PROB = Math.log(0.01);
/** ln 0.05: where the target gives an alternative less, little good follows it, as measured. */
const GOOD_ALTERNATIVE_LOG_PROB = Math.log(0.05);

/** What all end tokens are like: no text has a line break beside other characters after trimming. */
const END_FORM = "\n\n";

/** What the target might have chosen in place of its greedy token, or of the opening. */
export interface BranchPoint {
  /** Index in the output: the branch shares so many tokens. */
  readonly position: number;
  /** [>= 1] one, or another way to open. */
  readonly tokens: Int32Array;
  /** [position + tokens.length] natural log-probabilities of the shared tokens and of these, under the target. */
  readonly logProbs: Float64Array;
}

/** What tokens are, as text. */
export interface TokenText {
  /** Bytes of an unfinished character may be anything. */
  readonly pieceOf: (token: Token) => string;
  readonly isEndToken: (token: Token) => boolean;
}

/** Collects alternatives while the first suggestion is decoded; one per generation. */
export class BranchPointCollector {
  readonly #text: TokenText;
  #maxPositions: number;
  readonly #chooser: TokenChooser;
  /** [position] ln P of the greedy choice. */
  readonly #logProbs: number[] = [];
  readonly #greedyTokens: Token[] = [];
  readonly #points: BranchPoint[] = [];
  /** Tokens that the output was opened with: to be left all or none. */
  #numOpening = 0;
  #hasText = false;
  #isLineOver = false;

  /** @param constraint - of the first suggestion, and of all others. */
  constructor(text: TokenText, constraint?: TokenConstraint, maxPositions = MAX_POSITIONS) {
    this.#text = text;
    this.#chooser = new TokenChooser(constraint);
    this.#maxPositions = maxPositions;
  }

  /** [<= maxPositions] natural log-probabilities of the first tokens of the output, beyond its first line, too. */
  get logProbs(): Float64Array {
    return Float64Array.from(this.#logProbs);
  }

  /** Takes what the output begins with, before any step. */
  open({ tokens, logProbs, newText, alternatives }: Opening): void {
    this.#numOpening = tokens.length;
    this.#maxPositions += tokens.length - 1;
    this.#logProbs.push(...logProbs);
    this.#greedyTokens.push(...tokens);
    for (const token of tokens) this.#chooser.push(token);
    this.#points.push(...alternatives.map((other) => ({ position: 0, ...other })));
    this.#noteText(newText);
  }

  /** Reads a step's rows; its logits must still be valid. Alternatives are those of the first line. */
  observe({ path, committed, logits }: VerifiedStep): void {
    for (let index = 0; index < committed.length; index++) {
      const position = this.#logProbs.length;
      if (position >= this.#maxPositions) return;
      const row = index === 0 ? ROOT : path.nodes[index - 1]!;
      const greedy = committed[index]!;
      // One more than asked for, as the greedy choice is among them.
      const { topK, logSumExp: sum } = this.#chooser.row(logits, row);
      const top = topK(MAX_ALTERNATIVES + 1);
      const logSumExp = sum();
      const shared = this.#logProbs.slice();
      for (const [rank, token] of top.tokens.entries()) {
        const logProb = top.logits[rank]! - logSumExp;
        if (token === greedy) this.#logProbs.push(logProb);
        else if (!this.#isLineOver) {
          const logProbs = Float64Array.of(...shared, logProb);
          this.#points.push({ position, tokens: Int32Array.of(token), logProbs });
        }
      }
      this.#chooser.push(greedy);
      this.#greedyTokens.push(greedy);
      this.#noteText(this.#text.pieceOf(greedy));
    }
  }

  /**
   * The alternatives under which the target sees most of its own probability, best first: ln P(shared tokens) +
   * ln P(alternative), those that are unlikely where they stand behind all others. No two of them can come true
   * together, so `count` of them cover the most of what the target might have written. Those that differ from the greedy
   * choice, or from a better one at the same place, in white space only are left out, and so are those that only spell
   * the greedy text in fewer tokens.
   *
   * @param numTokens - tokens of the first suggestion, its end token included.
   */
  choose(count: number, numTokens: number): BranchPoint[] {
    const seen = new Set(
      this.#greedyTokens.map(
        (_, position) => `${position} ${this.#formOf(this.#greedyAt(position))}`,
      ),
    );
    // A suggestion of nothing is none.
    seen.add(`0 ${END_FORM}`);
    const chosen: BranchPoint[] = [];
    for (const point of this.#points.toSorted(byProbability)) {
      if (chosen.length >= count) break;
      if (point.position >= numTokens) continue;
      if (!(ownLogProb(point) >= MIN_ALTERNATIVE_LOG_PROB)) continue;
      const key = `${point.position} ${this.#formOf(point.tokens)}`;
      if (seen.has(key) || this.#spellsGreedyText(point)) continue;
      seen.add(key);
      chosen.push(point);
    }
    return chosen;
  }

  /** A shorter token than the greedy one is no such case: what it begins is hardly ever spelt in two. */
  #spellsGreedyText({ position, tokens }: BranchPoint): boolean {
    const piece = this.#textOf(tokens).trimStart();
    const greedy = this.#textOf(this.#greedyAt(position)).trimStart();
    if (this.#text.isEndToken(tokens[0]!) || piece.length <= greedy.length) return false;
    return this.#textOf(this.#greedyTokens.slice(position)).trimStart().startsWith(piece);
  }

  /** What a point at this position is in place of. */
  #greedyAt(position: number): readonly Token[] {
    return this.#greedyTokens.slice(
      position,
      position === 0 ? this.#numOpening || 1 : position + 1,
    );
  }

  #formOf(tokens: ArrayLike<Token>): string {
    if (this.#text.isEndToken(tokens[0]!)) return END_FORM;
    const piece = this.#textOf(tokens);
    return piece.trim() || (piece.includes("\n") ? "\n" : " ");
  }

  #textOf(tokens: ArrayLike<Token>): string {
    return Array.from(tokens, this.#text.pieceOf).join("");
  }

  /** Line breaks before the first text are no end of a line. */
  #noteText(piece: string): void {
    const lastBreak = piece.trimStart().indexOf("\n");
    const endsLine = this.#hasText ? piece.includes("\n") : lastBreak !== -1;
    this.#hasText ||= piece.trim() !== "";
    this.#isLineOver ||= endsLine;
  }
}

function byProbability(a: BranchPoint, b: BranchPoint): number {
  const isGood = (point: BranchPoint) => Number(ownLogProb(point) >= GOOD_ALTERNATIVE_LOG_PROB);
  return isGood(b) - isGood(a) || sumOf(b.logProbs) - sumOf(a.logProbs);
}

/** Of what leaves the greedy output, where it stands. */
function ownLogProb({ position, logProbs }: BranchPoint): number {
  return sumOf(logProbs.subarray(position));
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
