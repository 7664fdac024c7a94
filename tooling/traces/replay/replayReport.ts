/** What replays of a trace say, in figures and as tables. */
import { type Column, formatColumns, formatTable } from "../../../src/bench/base/markdownTable.ts";
import type { Trace, TraceHalf } from "../trace/trace.ts";
import { timesAsFast } from "./pairedSpeed.ts";
import type { ReplayedPlace } from "./traceReplay.ts";

/** Rows that a recording lacks are no matter up to this share. */
export const MAX_LACKED_SHARE = 0.01;
/** Tokens per pass of a replay and of a real run may differ by this share. */
export const MAX_REPLAY_ERROR = 0.01;

export type ReplayFigures = ReturnType<typeof replayFigures>;

/** Rows that a replay asked for, and those of them that its recording lacks. */
export interface RowCounts {
  readonly numRead: number;
  readonly numLacked: number;
}

/** One configuration over the places. */
export function replayFigures(
  config: string,
  { places, failures }: { places: readonly ReplayedPlace[]; failures: readonly string[] },
  rows: RowCounts,
) {
  const sum = (of: (place: ReplayedPlace) => number) =>
    places.reduce((total, place) => total + of(place), 0);
  const numSteps = sum((place) => place.numSteps);
  return {
    config,
    numTokens: sum(({ tokens }) => tokens.length),
    numSteps,
    /** Tokens committed per pass, the bonus token included. */
    tokensPerPass: numSteps === 0 ? 0 : sum(({ numCommitted }) => numCommitted) / numSteps,
    /** Modelled, the target's prompts left out. */
    decodeSeconds: sum(({ decodeMs }) => decodeMs) / 1000,
    /** Of that, what the draft model took to read its own prompts. */
    readSeconds: sum(({ readMs }) => readMs) / 1000,
    /** Rows asked for that the recording lacks; 0 … 1. */
    lackedShare: lackedShareOf(rows),
    failures,
    /** In the order of the trace. */
    places: places.map(({ prompt, decodeMs }) => ({
      file: `${prompt.repository}:${prompt.path}`,
      ms: decodeMs,
    })),
  };
}

/** What speeds are compared with, place by place. */
export interface Baseline {
  readonly name: string;
  /** The figures to compare those of a configuration with; undefined: none. */
  readonly of: (config: string) => ReplayFigures | undefined;
}

/** @param baselines - plain decoding the first of them; a column each. */
export function formatReplay(
  costs: string,
  figures: readonly ReplayFigures[],
  baselines: readonly Baseline[],
): string {
  const table = formatColumns(figures, [
    ["config", ({ config }) => config],
    ["tokens/pass", ({ tokensPerPass }) => tokensPerPass.toFixed(3)],
    ["decoding, s", ({ decodeSeconds }) => decodeSeconds.toFixed(2)],
    ...baselines.map(
      ({ name, of }): Column<ReplayFigures> => [
        `× ${name} (95 %)`,
        (each) => formatSpeed(of(each.config), each),
      ],
    ),
    ["of it draft prompts, s", ({ readSeconds }) => readSeconds.toFixed(2)],
    ["rows lacked", ({ lackedShare }) => `${(100 * lackedShare).toFixed(2)} %`],
  ]);
  const lacking = figures.filter(({ lackedShare }) => lackedShare > MAX_LACKED_SHARE);
  const warnings = [
    ...(lacking.length === 0
      ? []
      : [
          `The recording lacks more than ${100 * MAX_LACKED_SHARE} % of the rows that were asked for with ` +
            `${lacking.map(({ config }) => config).join(", ")}: what these would have learned or drafted from them is missing.`,
        ]),
    ...figures.flatMap(({ config, failures }) =>
      failures.length === 0 ? [] : [`${config}: ${failures.length} failures, ${failures[0]}`],
    ),
  ];
  return [`Costs: ${costs}`, "", table, ...warnings.map((one) => `\n${one}`)].join("\n");
}

function formatSpeed(before: ReplayFigures | undefined, after: ReplayFigures): string {
  const speed = before && timesAsFast(before.places, after.places);
  if (!speed) return "";
  const [mean, low, high] = [speed.mean, speed.low, speed.high].map((times) => times.toFixed(3));
  return before === after ? mean! : `${mean} (${low}-${high})`;
}

/** What a trace holds, in lines. @param half - of which the places are. */
export function describeTrace(trace: Trace, half: TraceHalf | "all"): string {
  const { header, prompts } = trace;
  const { target, draft, settings, machine, backend, repositories } = header;
  const lines = repositories.map(({ name, license, half: own }, index) => {
    const held = prompts.filter(({ repository }) => repository === index);
    const numTokens = held.reduce((sum, { output }) => sum + output.length, 0);
    const languages = new Set(held.map(({ languageId }) => languageId));
    return [name, license, [...languages].join(" "), own, `${held.length}`, `${numTokens}`];
  });
  return [
    `Target ${target.fileName}, draft ${draft?.fileName ?? "none"}; ${backend}, ${machine}; ` +
      `at most ${settings.maxTokens} tokens after ${settings.maxPromptTokens}. Replayed: ${half}.`,
    "",
    formatTable(["repository", "license", "language", "half", "places", "tokens"], lines),
  ].join("\n");
}

export type ReplayCheck = ReturnType<typeof checkReplay>;

/** A real run and a replay of one configuration by the same clock. */
export function checkReplay(
  config: string,
  real: readonly ReplayedPlace[],
  replayed: readonly ReplayedPlace[],
  rows: RowCounts,
) {
  const pairs = real.map((place, index) => ({ place, replay: replayed[index]! }));
  const same = pairs.filter(({ place, replay }) => isSame(place.tokens, replay.tokens));
  const errorOf = (some: typeof pairs) =>
    Math.abs(
      perPass(some.map(({ replay }) => replay)) / perPass(some.map(({ place }) => place)) - 1,
    );
  return {
    config,
    real: perPass(real),
    replayed: perPass(replayed),
    /** Of the tokens per pass. */
    error: errorOf(pairs),
    /** The replay's modelled time for a token, as a share of the real run's by the same clock. */
    timeShare: msPerToken(replayed) / msPerToken(real),
    numPlaces: pairs.length,
    /** Places where the real run's output is the recorded one, ... */
    numSame: same.length,
    /** ... the error over those, ... */
    errorOfSame: same.length === 0 ? 0 : errorOf(same),
    /** ... and how many of them have as many passes. */
    numSameSteps: same.filter(({ place, replay }) => place.numSteps === replay.numSteps).length,
    /** Rows that the recording lacked in the replay; 0 … 1. */
    lackedShare: lackedShareOf(rows),
  };
}

export function formatChecks(checks: readonly ReplayCheck[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  return formatColumns(checks, [
    ["tokens/pass", ({ config }) => config],
    ["real", ({ real }) => real.toFixed(4)],
    ["replayed", ({ replayed }) => replayed.toFixed(4)],
    ["differ by", ({ error }) => percent(error)],
    ["time, replayed / real", ({ timeShare }) => timeShare.toFixed(3)],
    ["same output", ({ numSame, numPlaces }) => `${numSame} of ${numPlaces}`],
    ["differ by there", ({ errorOfSame }) => percent(errorOfSame)],
    ["same passes", ({ numSameSteps }) => `${numSameSteps}`],
    ["rows lacked", ({ lackedShare }) => percent(lackedShare)],
  ]);
}

function perPass(places: readonly ReplayedPlace[]): number {
  const numSteps = places.reduce((sum, place) => sum + place.numSteps, 0);
  return places.reduce((sum, place) => sum + place.numCommitted, 0) / numSteps;
}

function msPerToken(places: readonly ReplayedPlace[]): number {
  const numTokens = places.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return places.reduce((sum, { decodeMs }) => sum + decodeMs, 0) / numTokens;
}

function lackedShareOf({ numRead, numLacked }: RowCounts): number {
  return numRead === 0 ? 0 : numLacked / numRead;
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((token, index) => token === b[index]);
}
