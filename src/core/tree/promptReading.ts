/**
 * How a model that drafts reads its own prompt: behind the first token, a part at a time between the target's passes, or
 * between requests (`engine/prompt/idleReading.ts`). Never before, as drafts may not delay what they are to speed up; and not
 * beside a pass of the target, which takes the same cores.
 */

/** What a drafter that reads by passes of a model has to read. */
export interface PromptReader {
  /** Tokens that it lacks before it can draft; 0 where its next draft takes along the few that it lacks. */
  readonly numUnread: number;
  /**
   * Reads so many of them, or a few less, to a multiple of {@link READ_STEP}. After an abort or an error it has read fewer, and
   * what it has read stays.
   */
  read(numTokens: number, signal: AbortSignal): Promise<void>;
}

/** Parts end at multiples of this, as a model's own do (`llama/target/promptParts.ts`): shorter ones are slower by the token. */
export const READ_STEP = 32;
/** Of a part, in ms: what the output may stand still for. A part has one step at least, however long that takes. */
const READ_MS = 100;
const WEIGHT = 0.3;
/** A part that took longer than expected counts as so many times as long: the machine was busy, and a while nobody would read. */
const MAX_SURPRISE = 3;

/** What reading takes. Outlives generations. Reads no clock. */
export class ReadingPace {
  #tokenMs: number | undefined;
  /** The least that it was. */
  #bestMs = Number.POSITIVE_INFINITY;

  /** Of a token; undefined before the first part. */
  get tokenMs(): number | undefined {
    return this.#tokenMs;
  }

  /** Tokens of a part. */
  get partTokens(): number {
    if (this.#tokenMs === undefined) return READ_STEP;
    return Math.max(1, Math.floor(READ_MS / this.#tokenMs / READ_STEP)) * READ_STEP;
  }

  /** Reports a part that was read. */
  record(numTokens: number, ms: number): void {
    if (!(numTokens > 0 && ms > 0 && Number.isFinite(ms))) return;
    const tokenMs = ms / numTokens;
    const known = this.#tokenMs ?? tokenMs;
    this.#tokenMs = known + WEIGHT * (Math.min(MAX_SURPRISE * known, tokenMs) - known);
    this.#bestMs = Math.min(this.#bestMs, this.#tokenMs);
  }

  /** Nothing was read for a while: it may be as fast as it once was. @param kept - share that is left of what a token is thought to take. */
  fade(kept: number): void {
    if (this.#tokenMs !== undefined) this.#tokenMs = Math.max(this.#bestMs, kept * this.#tokenMs);
  }
}

/** Where a part of so many tokens ends that begins behind `numRead`; a token further at least, at most at the end. */
export function endOfPart(numRead: number, numTokens: number, length: number): number {
  const end = Math.floor((numRead + numTokens) / READ_STEP) * READ_STEP;
  return Math.min(length, Math.max(end, numRead + 1));
}
