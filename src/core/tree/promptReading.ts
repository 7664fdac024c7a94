/**
 * How a model that drafts reads its own prompt: behind the first token, a part at a time between the target's passes, or
 * between requests (`engine/prompt/idleReading.ts`). Never before, as drafts may not delay what they are to speed up; and not
 * beside a pass of the target, which takes the same cores.
 */
import { ForgettingMean } from "./forgettingMean.ts";
import { READ_MS } from "./policyConstants.ts";

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

/** What reading takes. Outlives generations. Reads no clock. */
export class ReadingPace {
  readonly #tokenMs = new ForgettingMean();

  /** Of a token; undefined before the first part. */
  get tokenMs(): number | undefined {
    return this.#tokenMs.value;
  }

  /** Tokens of a part: one step at least, however long that takes. */
  get partTokens(): number {
    const numSteps = Math.floor(READ_MS / (this.tokenMs ?? READ_MS) / READ_STEP);
    return Math.max(1, numSteps) * READ_STEP;
  }

  /** Reports a part that was read. */
  record(numTokens: number, ms: number): void {
    if (!(numTokens > 0 && ms > 0 && Number.isFinite(ms))) return;
    this.#tokenMs.addTime(ms / numTokens);
  }

  /** Nothing was read for a step: it may be as fast as it once was. */
  fade(): void {
    this.#tokenMs.fade();
  }
}

/** Where a part of so many tokens ends that begins behind `numRead`; a token further at least, at most at the end. */
export function endOfPart(numRead: number, numTokens: number, length: number): number {
  const end = Math.floor((numRead + numTokens) / READ_STEP) * READ_STEP;
  return Math.min(length, Math.max(end, numRead + 1));
}
