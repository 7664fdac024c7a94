/** What a reader of figures must know: losses, and lies that were caught. Pure; whole sentences. */
import { DRAFT_SOURCES } from "../../core/tree/draftTree.ts";
import {
  FUSED_CONFIG,
  isLosslessConfig,
  isPeerConfig,
  isPlainConfig,
  PLAIN_CONFIG,
} from "../base/benchConfigNames.ts";
import { MAX_OTHERS_SHARE } from "../base/busyMeter.ts";
import { busyBeforeStart, busyParts, percent, tooFewForBounds } from "../base/doubts.ts";
import type { DecodeRun } from "./benchDecoder.ts";
import type { BenchReport, ConfigFigures, RatioInterval, SuiteFigures } from "./benchReport.ts";
import type { SuiteRun } from "./benchRunner.ts";
import type { RunConfig } from "./contestant.ts";
import { type configDifferences, exceedsNearTieRate } from "./losslessFigures.ts";

/** A drafter's time below this share of a plain pass is not worth a sentence. */
const SLOW_DRAFTER_SHARE = 0.05;

/** Why a row should not be believed as it stands. */
export function configWarnings(
  { failure }: RunConfig,
  runs: readonly DecodeRun[],
  { numOtherLength, differingTokens }: ReturnType<typeof configDifferences>,
): string[] {
  const failures = new Set(runs.flatMap(({ detail }) => detail?.failures ?? []));
  return [
    ...(failure === undefined ? [] : [`It was left out: ${failure}`]),
    ...(numOtherLength === 0
      ? []
      : [
          `It generates another number of tokens than plain at ${numOtherLength} of ${runs.length} prompts, as ` +
            "with other stop rules: its speed cannot be compared.",
        ]),
    ...(differingTokens === 0
      ? []
      : [`${differingTokens} of its tokens differ from plain's beyond near ties.`]),
    ...Array.from(failures, (reason) => `A drafter failed and sat out: ${reason}`),
  ];
}

/**
 * Names drafters that cost more than the passes they save are worth.
 * @param plainMs - what plain decoding takes for a token.
 */
export function drafterWarnings(
  bySource: ConfigFigures["bySource"],
  numSteps: number,
  plainMs: number,
): string[] {
  return DRAFT_SOURCES.flatMap((source) => {
    const figures = bySource[source];
    if (figures === undefined) return [];
    const { accepted, msPerPass } = figures;
    const savedMs = (accepted / numSteps) * plainMs;
    if (msPerPass <= savedMs || msPerPass < SLOW_DRAFTER_SHARE * plainMs) return [];
    return [
      `The drafter ${source} costs ${msPerPass.toFixed(2)} ms per pass and saves ${savedMs.toFixed(2)} ms at most: ` +
        `${(accepted / numSteps).toFixed(2)} accepted tokens, ${plainMs.toFixed(2)} ms each by plain decoding.`,
    ];
  });
}

/** What concerns all suites. @param asked - see `BenchParams`. */
export function runWarnings(
  { isComplete, machine, settings, lossless }: Omit<BenchReport, "warnings">,
  { flatRows, startsCold }: { readonly flatRows?: number; readonly startsCold?: boolean },
): string[] {
  const { threads, threadsAtEnd } = settings;
  return [
    ...(flatRows === undefined
      ? []
      : [
          `Drafts were chosen as if passes of up to ${flatRows} rows cost the same: acceptance is what they are worth ` +
            "where that is so, speeds are this machine's. The modelled ratio assumes it, too.",
        ]),
    ...(startsCold === true
      ? [
          "A cold start: drafts had learned nothing before the first measured prompt, so the speeds hold what learning costs.",
        ]
      : []),
    ...(exceedsNearTieRate(lossless)
      ? [
          `${lossless.nearTies} near ties in ${lossless.tokens} tokens of ours are more than the ` +
            `${1000 * lossless.maxNearTieRate} in 1,000 that are forgiven: passes may round too differently.`,
        ]
      : []),
    ...(isComplete
      ? []
      : ["It was stopped before its end: the figures are of the prompts that were finished."]),
    ...busyBeforeStart(machine.busyShare),
    ...(threadsAtEnd < threads
      ? [
          `The target runs with ${threadsAtEnd} of the ${threads} threads it was loaded with, as passes had to ` +
            "wait for cores. Restart the engine and repeat it on an idle machine.",
        ]
      : []),
  ];
}

/** What concerns one suite, losses first. @param numWanted - prompts that were asked for, if any. */
export function suiteWarnings(
  name: string,
  figures: SuiteFigures | undefined,
  run: SuiteRun,
  numWanted: number | undefined,
): string[] {
  const say = (sentence: string) => `${name}: ${sentence}`;
  const { ending } = run;
  if (figures === undefined || figures.numPrompts === 0) {
    return ending === "aborted" ? [] : [say(`nothing was measured: ${unmeasuredPrompts(run)}`)];
  }
  const { numPrompts, numLooping, configs, busyPrompts, maxOthersShare, warmupOthersShare } =
    figures;
  const sentences: string[] = [];
  if (ending === "exhausted") {
    sentences.push(`no more than ${numPrompts} prompts were found: ${unmeasuredPrompts(run)}`);
  } else if (ending === "time" && numWanted !== undefined) {
    sentences.push(
      `the time was used after ${numPrompts} of ${numWanted} prompts; --minutes gives it more.`,
    );
  } else if (numLooping > numPrompts) {
    sentences.push(
      `${numLooping} of ${numLooping + numPrompts} outputs loop; they are in no speed.`,
    );
  }
  sentences.push(...tooFewForBounds(numPrompts, "measured prompt"));
  if (warmupOthersShare > MAX_OTHERS_SHARE) {
    sentences.push(
      `Others used ${percent(warmupOthersShare)} of the cores while everything was warmed up.`,
    );
  }
  const busy = { numBusy: busyPrompts, maxShare: maxOthersShare };
  sentences.push(...busyParts(busy, numPrompts, "prompts"));
  for (const { name: config, warnings } of [...configs, ...figures.unmeasured]) {
    for (const warning of warnings) sentences.push(`${config}: ${warning}`);
  }
  return [...losses(figures), ...sentences].map(say);
}

/** What became of the prompts that were found and not measured, and what to do. */
function unmeasuredPrompts({ numLooping, numShort, numWarmups }: SuiteRun): string {
  return (
    `outputs that loop: ${numLooping}, that end too soon to be measured: ${numShort}; prompts used to warm up: ` +
    `${numWarmups}. More prompts, other code or another target may bring some.`
  );
}

/** Where the default loses, first of all against plain decoding. */
function losses(figures: SuiteFigures): string[] {
  const { configs, unmeasured, fusedOver, fusedFirstLineOver } = figures;
  const isComparable = (name: string) =>
    configs.some((config) => config.name === name && config.isComparable);
  const lossy = [...configs, ...unmeasured].filter(
    ({ name, differingTokens }) => isLosslessConfig(name) && differingTokens > 0,
  );
  const fused = configs.find(({ name }) => name === FUSED_CONFIG);
  const slower = Object.entries(fusedOver)
    .filter(([name, { high }]) => isComparable(name) && !isPlainConfig(name) && high < 1)
    .map(([name, ratio]) => `${FUSED_CONFIG} is slower than ${name}: ${times(ratio)}.`);
  const slowerThanPlain =
    fused?.speedComparison === "slower"
      ? [`${FUSED_CONFIG} is SLOWER than plain decoding: ${times(fused.ratioToPlain)}.`]
      : [];
  return [
    ...lossy.map(({ name }) => `${name} is NOT LOSSLESS, so no speed counts.`),
    ...(fused?.isComparable === true
      ? [...slowerThanPlain, ...slower, ...lateFirstLine(fused, fusedFirstLineOver)]
      : []),
  ];
}

/** The first line against plain decoding's, and against the better peer's: the one that ours keeps waiting longest. */
function lateFirstLine(fused: ConfigFigures, over: SuiteFigures["fusedFirstLineOver"]): string[] {
  const peers = Object.entries(over).filter(([name]) => isPeerConfig(name));
  const [betterPeer] = peers.toSorted(([, a], [, b]) => a.ratio - b.ratio);
  const late: (readonly [string, RatioInterval])[] = [
    ...(fused.firstLineComparison === "slower"
      ? [[PLAIN_CONFIG, fused.firstLineToPlain] as const]
      : []),
    ...(betterPeer !== undefined && betterPeer[1].high < 1 ? [betterPeer] : []),
  ];
  return late.map(
    ([name, ratio]) =>
      `the first line of ${FUSED_CONFIG} comes LATER than that of ${name}: ${times(ratio)} as soon.`,
  );
}

function times({ ratio, low, high }: RatioInterval): string {
  return `${ratio.toFixed(2)}× (${low.toFixed(2)}-${high.toFixed(2)})`;
}
