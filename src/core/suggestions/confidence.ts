/**
 * How likely a suggestion's first line is right, told from how sure the target was of its tokens: a logistic model, fitted on hidden
 * lines of repositories for each model file and form of prompt (`npm run gate`).
 *
 * @see Spiess et al., Calibration and Correctness of Language Models for Code (arXiv 2402.02047): token probabilities as confidence,
 *   calibrated by a logistic regression (Platt scaling).
 */

/** A token of an output. */
export interface ScoredPiece {
  readonly text: string;
  /** Natural log-probability. */
  readonly logProb: number;
}

/** [1 + features] the constant first. */
export type GateWeights = readonly number[];

/**
 * [4] of the first line with text: log-probabilities (mean, least, of the first token), and the log of its number of tokens; those
 * that touch it count. Undefined where there is no text.
 */
export function firstLineFeatures(pieces: Iterable<ScoredPiece>): number[] | undefined {
  const logProbs: number[] = [];
  let hasText = false;
  for (const { text, logProb } of pieces) {
    logProbs.push(logProb);
    const end = /\S[^\n]*(\n)?/.exec(hasText ? `x${text}` : text);
    hasText ||= end !== null;
    if (hasText && end?.[1] !== undefined) break;
  }
  if (!hasText) return undefined;
  const sum = logProbs.reduce((a, b) => a + b, 0);
  const [first = 0] = logProbs;
  return [sum / logProbs.length, Math.min(...logProbs), first, Math.log(logProbs.length)];
}

/** 0 … 1 */
export function confidence(features: readonly number[], [constant = 0, ...slopes]: GateWeights) {
  const logit = features.reduce((sum, x, index) => sum + x * (slopes[index] ?? 0), constant);
  return 1 / (1 + Math.exp(-logit));
}

/**
 * Undefined before there is text.
 * @param pieces - [tokens] their text.
 * @param logProbs - [at least as many]
 */
export function confidenceOfLine(
  weights: GateWeights,
  pieces: readonly string[],
  logProbs: readonly number[],
): number | undefined {
  const features = firstLineFeatures(
    pieces.map((text, index) => ({ text, logProb: logProbs[index]! })),
  );
  return features && confidence(features, weights);
}
