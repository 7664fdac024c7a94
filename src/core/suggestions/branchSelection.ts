/**
 * Which branches are decoded, and how far: those that are wanted, beside them as many more as have a row for little, in
 * place of each that would not be offered another one, and none further than a line's end once much of the price is spent.
 */

import { concatTokens } from "../base/tokens.ts";
import type { FinishReason, Generation } from "../tree/generation.ts";
import { BranchPrice } from "./branchPrice.ts";
import type { BranchRun, ScoredSuggestion } from "./branchRun.ts";
import {
  findLikeness,
  meanOf,
  type RankableSuggestion,
  rankSuggestions,
} from "./rankSuggestions.ts";

/** How to tell which branches would be offered. */
export interface BranchSelection {
  /** Suggestions wanted beside the first; starts beyond so many wait for their turn. */
  readonly count: number;
  /** What would be shown of an output; empty where nothing would. */
  readonly textOf: (suggestion: Pick<Generation, "tokens" | "finishReason">) => string;
  /** Of the first suggestion. */
  readonly firstFinish: FinishReason;
  /** ms that the first suggestion has cost already, by `passMs`. */
  readonly spentMs: number;
}

/** Equal tokens in a row after which a branch is taken to repeat the rest of another text. */
const REJOINED_TOKENS = 4;

/** The branches of one decode: waiting, decoded, ended, or stopped as they say what another says. */
export class BranchPool {
  readonly #runs: readonly BranchRun[];
  readonly #selection: BranchSelection | undefined;
  readonly #firstTokens: Int32Array;
  readonly #price: BranchPrice;
  readonly #waiting: BranchRun[];
  readonly #begun = new Set<BranchRun>();
  /** They repeat another. */
  readonly #stopped = new Set<BranchRun>();
  /** They wait, as enough others are offered. */
  readonly #spare = new Set<BranchRun>();
  readonly #texts = new Map<BranchRun, string>();
  /** What was last looked at of a branch near the price. */
  readonly #lookedAt = new Map<BranchRun, string>();
  #numCut = 0;
  /** The ranking of so many ended ones: it changes only when one more ends. */
  #ranking:
    | { readonly numEnded: number; readonly offered: readonly RankableSuggestion[] }
    | undefined;
  #firstText: string | undefined;

  /**
   * @param runs - the best first; without a selection all are decoded.
   * @param passMs - absent: no rows are spared for more than are wanted, and prices are counted in passes.
   */
  constructor(
    runs: readonly BranchRun[],
    firstTokens: Int32Array,
    selection: BranchSelection | undefined,
    passMs?: (numRows: number) => number,
  ) {
    this.#runs = runs;
    this.#firstTokens = firstTokens;
    this.#selection = selection;
    this.#price = new BranchPrice((selection?.count ?? 0) + 1, selection?.spentMs ?? 0, passMs);
    this.#waiting = runs.slice();
  }

  /** Those that take part in the next pass. */
  get active(): BranchRun[] {
    return this.#runs.filter((run) => this.isActive(run));
  }

  isActive(run: BranchRun): boolean {
    return this.#begun.has(run) && !run.isOver && !this.#stopped.has(run) && !this.#spare.has(run);
  }

  /** Those that came to their own end, in the order of the runs. */
  get ended(): BranchRun[] {
    return this.#runs.filter((run) => this.#begun.has(run) && run.isOver);
  }

  /** Branches that were given up as they repeat another. */
  get numStopped(): number {
    return this.#stopped.size;
  }

  /** Branches that ended with a line as the price was spent. */
  get numCut(): number {
    return this.#numCut;
  }

  /** Reports a pass over all branches. */
  notePass(numRows: number): void {
    this.#price.note(numRows);
  }

  /**
   * Stops what repeats a better text, ends what has got too dear, begins others in place of all that would not be
   * offered, and has those wait that are not needed.
   */
  update(): BranchRun[] {
    const begun: BranchRun[] = [];
    if (this.#selection === undefined) {
      begun.push(...this.#waiting.splice(0));
      for (const run of begun) this.#begun.add(run);
      return begun;
    }
    // What was offered may turn out too like the first.
    if (this.#numMissing > 0 && !this.#price.isSpent(this.#firstTokens.length)) this.#spare.clear();
    for (const run of this.active) if (this.#repeatsBetter(run)) this.#stopped.add(run);
    this.#spareOthers(0);
    if (this.#price.endsLines(this.#firstTokens.length)) {
      for (const run of this.active) {
        if (!this.#isEnough(run)) continue;
        run.cut();
        this.#numCut++;
      }
    }
    // Only those that are wanted may cost more than was meant.
    if (this.#price.isSpent(this.#firstTokens.length)) this.#spareOthers(this.#numMissing);
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || !this.#hasRoom) break;
      this.#waiting.shift();
      this.#begun.add(next);
      begun.push(next);
    }
    this.#spareOthers(0);
    return begun;
  }

  /** Has all that go on but the best so many wait, unless more than so many are missing. */
  #spareOthers(numKept: number): void {
    if (this.#numMissing > numKept) return;
    for (const run of this.active.slice(numKept)) this.#spare.add(run);
  }

  /** Wanted suggestions that are not offered yet. */
  get #numMissing(): number {
    const numOffered = this.#offered.length - (this.#shownFirst === undefined ? 0 : 1);
    return this.#selection!.count - numOffered;
  }

  /** Whether another branch is worth a row. */
  get #hasRoom(): boolean {
    const { active } = this;
    const numSideBySide = this.#price.numSideBySide(this.#numMissing, this.#runs.length);
    if (active.length >= numSideBySide) return false;
    // Those that were wanted from the start are what the price is made of.
    const isWanted = this.#begun.size < this.#selection!.count;
    return isWanted || this.#price.affordsAnother(active.length, this.#firstTokens.length);
  }

  /** Of those that have ended, the first included. */
  get #offered(): readonly RankableSuggestion[] {
    const numEnded = this.ended.length;
    if (this.#ranking?.numEnded !== numEnded) {
      const { offered } = rankSuggestions(this.#shownFirst, this.#endedOthers, ALL);
      this.#ranking = { numEnded, offered };
    }
    return this.#ranking.offered;
  }

  /** The first suggestion, if it has a text. */
  get #shownFirst(): RankableSuggestion | undefined {
    const { textOf, firstFinish } = this.#selection!;
    this.#firstText ??= textOf({ tokens: this.#firstTokens, finishReason: firstFinish });
    return this.#firstText === "" ? undefined : { text: this.#firstText, meanLogProb: 0 };
  }

  get #endedOthers(): RankableSuggestion[] {
    return this.ended.map((run) => this.#rankable(run));
  }

  #rankable(run: BranchRun): RankableSuggestion {
    return { text: this.#textOf(run), meanLogProb: meanOf(run.suggestion.logProbs) };
  }

  /** Whether the whole lines of a branch would be offered. */
  #isEnough(run: BranchRun): boolean {
    const { tokens, logProbs } = run.suggestion;
    const text = this.#selection!.textOf({ tokens, finishReason: "maxTokens" });
    // The same lines as a pass ago are judged as they were.
    if (text === "" || this.#lookedAt.get(run) === text) return false;
    this.#lookedAt.set(run, text);
    const own = { text, meanLogProb: meanOf(logProbs) };
    const { offered } = rankSuggestions(this.#shownFirst, [own, ...this.#endedOthers], ALL);
    return offered.includes(own);
  }

  /** Its end will not change. */
  #textOf(run: BranchRun): string {
    const text = this.#texts.get(run) ?? this.#selection!.textOf(run.suggestion);
    this.#texts.set(run, text);
    return text;
  }

  /** Whether a branch has ended and is offered. */
  #isOffered(run: BranchRun): boolean {
    if (!this.#begun.has(run) || !run.isOver) return false;
    const { text, meanLogProb } = this.#rankable(run);
    return this.#offered.some((one) => one.text === text && one.meanLogProb === meanLogProb);
  }

  /**
   * Whether a branch seems to have come back to the first suggestion or to a branch before it that is or may be offered,
   * and would differ too little from it if it repeated the rest. What is different stays as much while the text grows, so
   * the distance only falls. A forecast: the two may part again.
   */
  #repeatsBetter(run: BranchRun): boolean {
    const { textOf, firstFinish } = this.#selection!;
    const before = this.#runs
      .slice(0, this.#runs.indexOf(run))
      .filter((other) => this.isActive(other) || this.#isOffered(other))
      .map((other) => other.suggestion);
    const first = { tokens: this.#firstTokens, finishReason: firstFinish };
    const own = run.suggestion.tokens;
    return [first, ...before].some((other) => {
      const rest = restAfterRejoining(own, other, run.numShared);
      if (rest === undefined) return false;
      // Both as if they ended here, where the other is not over.
      const finish = other.finishReason === "contextFull" ? "stopRule" : other.finishReason;
      const text = textOf({ tokens: concatTokens(own, rest), finishReason: finish });
      const otherText = textOf({ tokens: other.tokens, finishReason: finish });
      const likeness = findLikeness(text, [otherText]);
      return likeness === "equal" || likeness === "similar";
    });
  }
}

/** Ranks without a limit. */
const ALL = { count: Number.POSITIVE_INFINITY } as const;

/** What follows a branch's last tokens in another text; undefined where they do not occur behind what both share. */
function restAfterRejoining(
  own: Int32Array,
  { tokens }: Pick<ScoredSuggestion, "tokens">,
  numShared: number,
): Int32Array | undefined {
  const start = own.length - REJOINED_TOKENS;
  if (start <= numShared) return undefined;
  const tail = own.subarray(start);
  // The place nearest to where the branch would be had only tokens been exchanged.
  let best: number | undefined;
  for (let at = numShared; at + REJOINED_TOKENS <= tokens.length; at++) {
    if (!tail.every((token, index) => tokens[at + index] === token)) continue;
    if (best === undefined || Math.abs(at - start) <= Math.abs(best - start)) best = at;
  }
  return best === undefined ? undefined : tokens.slice(best + REJOINED_TOKENS);
}
