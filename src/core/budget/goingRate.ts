/** What a ms brings while decoding goes as it goes, and what a step costs beside its pass. Times come in as numbers. */

const WEIGHT = 0.05;
/** A host phase this many times over the usual one is the garbage collector's, or another process's. */
const MAX_HOST_SURPRISE = 4;
/** How a first sample is bounded, in ms. */
const FIRST_HOST_MS = 1;

/** One step. Times in ms. */
export interface RatedStep {
  readonly hasTree: boolean;
  /** Tokens that it was expected to bring, the bonus included. */
  readonly tokens: number;
  /** Of its pass, as such passes usually take. */
  readonly passMs: number;
  /** Drafts, their fusion and the choice. */
  readonly draftMs: number;
  /** Verify and commit. */
  readonly hostMs: number;
}

export class GoingRate {
  /** Smoothed apart: what a ms is worth is the ratio of the means. */
  #tokens = 1;
  #ms: number;
  /** Host time of passes with drafts and without, smoothed. */
  readonly #hostMs = { withTree: 0, plain: 0 };
  readonly #hostCounts = { withTree: 0, plain: 0 };

  /** @param plainMs - of a pass without drafts. */
  constructor(plainMs: number) {
    this.#ms = plainMs;
  }

  /** @returns what the step took, in ms, its host time as such steps usually take it. */
  note({ hasTree, tokens, passMs, draftMs, hostMs }: RatedStep): number {
    this.#noteHost(hasTree, hostMs);
    const stepMs = passMs + Math.max(0, draftMs) + this.#hostMs[hasTree ? "withTree" : "plain"];
    this.#tokens += WEIGHT * (tokens - this.#tokens);
    if (stepMs >= 0) this.#ms += WEIGHT * (stepMs - this.#ms);
    return stepMs;
  }

  /** What a step of plain decoding takes, in ms. @param plainMs - of its pass. */
  plainStepMs(plainMs: number): number {
    return plainMs + this.#hostMs.plain;
  }

  /** What a pass with drafts costs the host beyond one without, in ms. */
  get treeMs(): number {
    return Math.max(0, this.#hostMs.withTree - this.#hostMs.plain);
  }

  /** What a ms brings; at least what plain decoding brings. */
  tokensPerMs(plainMs: number): number {
    return Math.max(this.#tokens / this.#ms, 1 / this.plainStepMs(plainMs));
  }

  /** A pass without drafts also lets the cost of those with them fade, or one bad moment would rule them out for good. */
  #noteHost(hasTree: boolean, hostMs: number): void {
    if (!(hostMs >= 0)) return;
    const kind = hasTree ? "withTree" : "plain";
    const known = this.#hostMs[kind];
    const bound = known === 0 ? FIRST_HOST_MS : MAX_HOST_SURPRISE * known;
    const weight = Math.max(WEIGHT, 1 / ++this.#hostCounts[kind]);
    this.#hostMs[kind] += weight * (Math.min(hostMs, bound) - known);
    if (!hasTree) this.#hostMs.withTree += WEIGHT * (this.#hostMs.plain - this.#hostMs.withTree);
  }
}
