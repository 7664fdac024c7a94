/** What drafts brought, step by step, against what they cost. Pure: times come in as numbers. */

const WEIGHT = 0.1;
/** Steps that a mean is made of at most. */
const MAX_MEAN_STEPS = 100;
/** Steps from which a mean says more than the last steps do. */
const MIN_LONG_STEPS = 40;
/** Steps that an account needs before it is judged. */
export const MIN_JUDGED_STEPS = 12;
/** Steps that it needs before it is found to lose much of a plain step. */
export const MIN_CLEAR_STEPS = 4;
const CLEAR_LOSS = 0.25;
/** A loss is one only beyond this share of a plain step, and beyond so many standard errors: gains are estimates. */
const TOLERANCE = 0.002;
const NUM_ERRORS = { afterGains: 2, otherwise: 1 } as const;

/** What a step is weighed by, in ms. */
export interface StepWorth {
  /** A step of plain decoding. */
  readonly plainMs: number;
  /** What a token is worth as decoding goes now. */
  readonly tokenMs: number;
  /** Whether plain decoding was measured just now. */
  readonly isPlainKnown: boolean;
}

/** One step, or the mean of some. */
export interface Gains {
  readonly costMs: number;
  /** In tokens, as what a token is worth changes. */
  readonly gainTokens: number;
}

export interface GainAccount {
  /** Of the last steps, smoothed: whether it loses now. */
  recent: Gains;
  /** Steps since it was last put in question. */
  numSteps: number;
  /** Of more steps: whether it is better than another. */
  mean: Gains;
  meanSteps: number;
  /** Of the net gain of a step, in ms². */
  variance: number;
}

export function newGainAccount(): GainAccount {
  const none = { costMs: 0, gainTokens: 0 };
  return { recent: none, numSteps: 0, mean: none, meanSteps: 0, variance: 0 };
}

/** Something changed: what was booked says little of what comes. */
export function putInQuestion(account: GainAccount): void {
  account.numSteps = 0;
  account.meanSteps = Math.min(account.meanSteps, MIN_JUDGED_STEPS);
}

/** Books a step. @param tokenMs - what a token is worth. */
export function book(account: GainAccount, { costMs, gainTokens }: Gains, tokenMs: number): void {
  const towards = (known: Gains, weight: number) => ({
    costMs: known.costMs + weight * (costMs - known.costMs),
    gainTokens: known.gainTokens + weight * (gainTokens - known.gainTokens),
  });
  account.numSteps++;
  account.recent = towards(account.recent, Math.max(WEIGHT, 1 / account.numSteps));
  account.meanSteps = Math.min(MAX_MEAN_STEPS, account.meanSteps + 1);
  const weight = 1 / account.meanSteps;
  const surprise = gainTokens * tokenMs - costMs - netOf(account.mean, tokenMs);
  account.mean = towards(account.mean, weight);
  account.variance += weight * (surprise ** 2 * (1 - weight) - account.variance);
}

/** What the standard error of a mean is to the deviation of one step. */
const recentError = ({ numSteps }: GainAccount) =>
  Math.sqrt(Math.max(WEIGHT / (2 - WEIGHT), 1 / numSteps));
const meanError = ({ meanSteps }: GainAccount) => Math.sqrt(1 / meanSteps);

/** In ms. */
export function netOf({ gainTokens, costMs }: Gains, tokenMs: number): number {
  return gainTokens * tokenMs - costMs;
}

/**
 * What the net gain may be, in ms: where gains are noisy they have to be low to be a loss, lower for who has paid so far.
 * Small losses show only over many steps; they count unless it has become better since.
 * @param otherMs - what each step costs besides.
 */
export function netAtBest(account: GainAccount, tokenMs: number, otherMs = 0): number {
  const recent = netOf(account.recent, tokenMs) - otherMs;
  const mean = netOf(account.mean, tokenMs) - otherMs;
  const deviation = Math.sqrt(account.variance);
  const numErrors = NUM_ERRORS[mean > 0 ? "afterGains" : "otherwise"];
  const recentAtBest = recent + numErrors * deviation * recentError(account);
  if (account.meanSteps < MIN_LONG_STEPS || recent > 0) return recentAtBest;
  return Math.min(recentAtBest, mean + numErrors * deviation * meanError(account));
}

export function isLoss(netMs: number, { plainMs }: StepWorth): boolean {
  return netMs < -TOLERANCE * plainMs;
}

export function isClearLoss(netMs: number, { plainMs }: StepWorth): boolean {
  return netMs < -CLEAR_LOSS * plainMs;
}
