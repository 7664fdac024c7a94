/** How outputs compare with plain's, over a suite and over a whole run. Pure. */
import { isLosslessConfig } from "../base/benchConfigNames.ts";
import { sum } from "../base/statistics.ts";
import type { DifferenceFigures, LosslessFigures } from "./benchReport.ts";
import type { SuiteRun } from "./benchRunner.ts";

/** Every place where an output of a suite leaves plain's, prompt by prompt. */
export function suiteDifferences({ prompts }: SuiteRun): DifferenceFigures[] {
  return prompts.flatMap(({ comparisons }, prompt) =>
    Array.from(comparisons).flatMap(([config, { difference }]) =>
      difference === undefined ? [] : [{ config, prompt, ...difference }],
    ),
  );
}

/** Sums over the measured prompts of a suite. */
export function configDifferences({ prompts }: SuiteRun, name: string) {
  const comparisons = prompts.flatMap((prompt) => prompt.comparisons.get(name) ?? []);
  return {
    differingTokens: sum(comparisons.map(({ differingTokens }) => differingTokens)),
    nearTies: comparisons.filter(({ difference }) => difference?.isNearTie === true).length,
    /** Prompts with another number of tokens, no near tie being behind it. */
    numOtherLength: comparisons.filter(({ hasOtherLength }) => hasOtherLength).length,
  };
}

/**
 * Near ties come in runs, as one flips with every set of drafters: so they are judged over everything together.
 * @param maxNearTieRate - one of `MAX_NEAR_TIE_RATE`.
 */
export function losslessFigures(
  runs: readonly SuiteRun[],
  maxNearTieRate: number,
): LosslessFigures {
  const own = runs.flatMap((run) =>
    run.configs.flatMap(({ name }) => (isLosslessConfig(name) ? [{ run, name }] : [])),
  );
  const differences = own.map(({ run, name }) => configDifferences(run, name));
  return {
    tokens: sum(
      own.flatMap(({ run, name }) =>
        run.prompts.map(({ runs, comparisons }) => {
          const numTokens = runs.get(name)?.tokens.length ?? 0;
          const difference = comparisons.get(name)?.difference;
          // What follows a near tie is another text, and compared with nothing.
          return difference?.isNearTie === true
            ? Math.min(numTokens, difference.index + 1)
            : numTokens;
        }),
      ),
    ),
    differingTokens: sum(differences.map(({ differingTokens }) => differingTokens)),
    nearTies: sum(differences.map(({ nearTies }) => nearTies)),
    maxNearTieRate,
  };
}

/** Whether there are more near ties than the rule forgives. */
export function exceedsNearTieRate({ tokens, nearTies, maxNearTieRate }: LosslessFigures): boolean {
  return nearTies > tokens * maxNearTieRate;
}
