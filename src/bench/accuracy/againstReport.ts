/** Treeline beside llama-servers on the same prompts: the report of `bench --against`, as data and as Markdown. Pure. */
import { disturbance } from "../base/busyMeter.ts";
import { clusteredShare } from "../base/clusterBounds.ts";
import { busyParts, percent, tooFewForBounds } from "../base/doubts.ts";
import { formatColumns, NONE } from "../base/markdownTable.ts";
import { type Interval, median, medianInterval, sum } from "../base/statistics.ts";
import type { AccuracyRun } from "./accuracyReport.ts";
import { judge, type placeFacts } from "./placeResult.ts";

/** Treeline's own two; servers have their addresses or labels. */
export const PLAIN_RUN = "plain";
export const FUSED_RUN = "fused";

/** One contender at one place. */
export interface ContenderRun {
  /** Without an end token; null where a server does not tell. */
  readonly tokens: readonly number[] | null;
  readonly text: string;
  /** Tokens that `decodeMs` is the time of. */
  readonly numDecoded: number;
  readonly decodeMs: number;
  /** From the request to the first token. */
  readonly firstTokenMs: number;
  readonly totalMs: number;
  readonly numDraftTokens: number;
  readonly numAcceptedTokens: number;
}

/** One place, answered by all contenders. Plain data: a line of a file that a run goes on from. */
export interface PlaceRuns extends ReturnType<typeof placeFacts> {
  readonly numPromptTokens: number;
  /** Share of the cores that others used right before, 0 … 1. */
  readonly othersShare: number;
  /** By the names of contenders. */
  readonly runs: Readonly<Record<string, ContenderRun>>;
  /** How servers drafted, as they say. */
  readonly speculation: Readonly<Record<string, string | null>>;
}

/** Who takes part. */
export interface Contender {
  readonly name: string;
  /** What it is, with its version, in words. */
  readonly what: string;
  readonly isServer: boolean;
}

export interface AgainstRun
  extends Omit<AccuracyRun, "numSuggestions" | "prompt" | "parsers" | "notes"> {
  readonly contenders: readonly Contender[];
  readonly warnings: readonly string[];
}

type ContenderFigures = ReturnType<typeof contenderFigures>;
type OverFigures = ReturnType<typeof overFigures>;
export type AgainstReport = ReturnType<typeof againstReport>;

/** Medians bear so many places at which others used the machine. */
const MAX_BUSY_SHARE = 0.2;
/** Of fewer tokens no speed is taken. */
const MIN_DECODED = 4;

/** @param places - at least one. */
export function againstReport(places: readonly PlaceRuns[], run: AgainstRun) {
  const { contenders, seed } = run;
  const isMeasured = ({ runs }: PlaceRuns) =>
    contenders.every(({ name }) => runs[name]!.numDecoded >= MIN_DECODED);
  const measured = places.filter(isMeasured);
  const figures = contenders.map(({ name }) => contenderFigures(name, places, measured, seed));
  const fusedOver = contenders
    .filter(({ name }) => name !== FUSED_RUN)
    .map(({ name }) => overFigures(name, measured, seed));
  const disturbed = disturbance(places.map(({ othersShare }) => othersShare));
  const isBusy = disturbed.numBusy > places.length * MAX_BUSY_SHARE;
  const told = verdict(run, figures, fusedOver, measured.length);
  return {
    suite: "against",
    verdict: isBusy ? `NOT TO BE BELIEVED, as others used the machine: ${told}` : told,
    isComplete: places.length >= run.numWanted,
    ...run,
    warnings: [
      ...busyParts(disturbed, places.length, "places", "before"),
      ...run.warnings,
      ...tooFewForBounds(measured.length, "measured place"),
    ],
    numPlaces: places.length,
    /** Places with enough tokens for a speed. */
    numMeasured: measured.length,
    figures,
    fusedOver,
    places,
  };
}

function contenderFigures(
  name: string,
  places: readonly PlaceRuns[],
  measured: readonly PlaceRuns[],
  seed: number,
) {
  const of = ({ runs }: PlaceRuns) => runs[name]!;
  const total = (value: (run: ContenderRun) => number) =>
    sum(places.map((place) => value(of(place))));
  const same = places.map(({ runs }) => compared(runs[name]!, runs[PLAIN_RUN]!));
  return {
    name,
    /** Behind the first token, over all measured places. */
    tokensPerSecond:
      (1000 * sum(measured.map((place) => of(place).numDecoded))) /
      Math.max(1e-9, sum(measured.map((place) => of(place).decodeMs))),
    /** Its speed over plain's by place. */
    timesPlain: ratios(
      measured,
      seed,
      ({ runs }) => speedOf(runs[name]!) / speedOf(runs[PLAIN_RUN]!),
    ),
    /** Medians in ms. */
    firstTokenMs: median(places.map((place) => of(place).firstTokenMs)),
    totalMs: median(places.map((place) => of(place).totalMs)),
    /** Places whose tokens, or text where tokens are not told, are plain's; and of all of plain's how many stand before a difference. */
    numSame: same.filter(({ numSame, length }) => numSame === length).length,
    sameTokenShare:
      sum(same.map(({ numSame }) => numSame)) / Math.max(1, sum(same.map(({ length }) => length))),
    lineExact: clusteredShare(
      places.map((place) => ({
        cluster: place.path,
        isSo: judge(of(place).text, place).isLineExact,
      })),
      seed,
    ),
    numDraftTokens: total(({ numDraftTokens }) => numDraftTokens),
    numAcceptedTokens: total(({ numAcceptedTokens }) => numAcceptedTokens),
    speculation: places.map(({ speculation }) => speculation[name] ?? null).at(-1) ?? null,
  };
}

/** Of the length of plain's tokens, how many `run` has from the start on; characters where tokens are not told. */
function compared(
  run: ContenderRun,
  plain: ContenderRun,
): { readonly numSame: number; readonly length: number } {
  const [one, other] =
    run.tokens === null || plain.tokens === null
      ? [[...run.text], [...plain.text]]
      : [run.tokens, plain.tokens];
  const firstOther = other.findIndex((item, index) => one[index] !== item);
  return { numSame: firstOther === -1 ? other.length : firstOther, length: other.length };
}

/** Fused decoding over another contender, by place. */
function overFigures(name: string, measured: readonly PlaceRuns[], seed: number) {
  const over = (of: (run: ContenderRun) => number, places = measured) =>
    ratios(places, seed, ({ runs }) => of(runs[FUSED_RUN]!) / of(runs[name]!));
  const isSameLength = ({ runs }: PlaceRuns) => {
    const [fused, other] = [runs[FUSED_RUN]!.tokens, runs[name]!.tokens];
    return fused?.length === (other ?? fused)?.length;
  };
  return {
    name,
    /** Above 1: fused decodes faster. */
    speed: over(speedOf),
    /** Times of fused over times of the other. */
    firstToken: over(({ firstTokenMs }) => firstTokenMs),
    whole: over(({ totalMs }) => totalMs, measured.filter(isSameLength)),
  };
}

function speedOf({ numDecoded, decodeMs }: ContenderRun): number {
  return numDecoded / Math.max(1e-9, decodeMs);
}

function ratios(
  places: readonly PlaceRuns[],
  seed: number,
  of: (place: PlaceRuns) => number,
): Interval | null {
  return places.length === 0 ? null : medianInterval(places.map(of), seed);
}

function verdict(
  { contenders }: AgainstRun,
  figures: readonly ContenderFigures[],
  fusedOver: readonly OverFigures[],
  numMeasured: number,
): string {
  const servers = new Set(contenders.filter(({ isServer }) => isServer).map(({ name }) => name));
  const best = figures
    .filter(({ name }) => servers.has(name))
    .reduce((a, b) => (a.tokensPerSecond >= b.tokensPerSecond ? a : b));
  const over = fusedOver.find(({ name }) => name === best.name);
  if (over?.speed == null || over.firstToken === null) {
    return "No output was long enough to measure a speed.";
  }
  const { low, high } = over.speed;
  const words =
    low > 1 ? "which is faster" : high < 1 ? "which is SLOWER" : "which is no difference";
  const which = servers.size === 1 ? "the server" : "the fastest of the servers";
  const plain = figures.find(({ name }) => name === PLAIN_RUN)!;
  const isOther = best.sameTokenShare < MIN_SAME_SHARE;
  const doubt = isOther
    ? ` But only ${percent(best.sameTokenShare)} of its tokens are plain's: it may serve another model.`
    : "";
  const whole = over.whole === null ? "" : ` and the whole after ${interval(over.whole)} ×`;
  return (
    `At ${numMeasured} places Treeline with drafts decodes ${interval(over.speed)} × as fast as ${which}, ${best.name} ` +
    `(${best.tokensPerSecond.toFixed(1)} tokens/s), ${words}; its first token comes after ${interval(over.firstToken)} × the time` +
    `${whole}. Treeline's plain decoding makes ${plain.tokensPerSecond.toFixed(1)} tokens/s.${doubt}`
  );
}

/** Rounding flips a near tie now and then; another model says something else from the first tokens on. */
const MIN_SAME_SHARE = 0.5;

export function formatAgainstReport(report: AgainstReport): string {
  const { contenders, figures, fusedOver, numPlaces, numMeasured, numWanted, isComplete } = report;
  const { target, draft, backend, origin, seed, maxTokens, warnings } = report;
  const doubts = warnings.map((warning) => `> - ${warning}`).join("\n");
  const speculationOf = (name: string) =>
    figures.find((figure) => figure.name === name)?.speculation ?? null;
  return `${[
    `# Treeline against llama-server${isComplete ? "" : ` (${numPlaces} of ${numWanted} places)`}`,
    `**${report.verdict}**`,
    ...(doubts === "" ? [] : [doubts]),
    contenders
      .map(({ name, what, isServer }) => {
        const drafts = speculationOf(name);
        const how = drafts === null ? "; it does not say how it drafts" : `; drafts: ${drafts}`;
        return `- ${name}: ${what}${isServer ? how : ""}`;
      })
      .join("\n"),
    `Target ${target}, ${draft === null ? "no draft model" : `draft ${draft}`}, ${backend}. Hidden in ${origin}, seed ${seed}; ` +
      `${numPlaces} places, speeds from the ${numMeasured} with at least ${MIN_DECODED} tokens for all; ${maxTokens} tokens at most, ` +
      "as many on each side as Treeline's plain decoding has until its rule ends the completion.",
    formatColumns(figures, [
      ["", ({ name }) => name],
      ["tok/s", ({ tokensPerSecond }) => tokensPerSecond.toFixed(1)],
      ["× plain (95 %)", ({ timesPlain }) => interval(timesPlain)],
      ["first token, ms", ({ firstTokenMs }) => firstTokenMs.toFixed(0)],
      ["whole, ms", ({ totalMs }) => totalMs.toFixed(0)],
      ["same as plain", ({ numSame }) => `${numSame}/${numPlaces}`],
      ["tokens the same", ({ sameTokenShare }) => `${(100 * sameTokenShare).toFixed(1)} %`],
      ["exact line", ({ lineExact }) => (lineExact === null ? NONE : percent(lineExact.mean))],
      [
        "accepted of drafted",
        ({ numDraftTokens, numAcceptedTokens }) =>
          numDraftTokens === 0 ? NONE : `${numAcceptedTokens}/${numDraftTokens}`,
      ],
    ]),
    formatColumns(fusedOver, [
      ["fused over", ({ name }) => name],
      ["speed × (95 %)", ({ speed }) => interval(speed)],
      ["first token × time", ({ firstToken }) => interval(firstToken)],
      ["whole × time", ({ whole }) => interval(whole)],
    ]),
    "Each side evaluates the whole prompt, of the same tokens, anew, and then decodes greedily. Times are each side's own clock: " +
      "Treeline's from the request's arrival on, the server's from where it takes the prompt up, so neither has the way there. " +
      "tok/s is over all places together, × the median of the places' own ratios: a few slow places move the first alone. " +
      "Speed: Treeline's steps by their time, with all that drafting costs; the server's tokens behind the first by the time since. " +
      "Fused learned on a few places before, and so would a session. A server's tokens may differ from plain's by rounding.",
  ].join("\n\n")}\n`;
}

/** A median with its bounds; a dash where there is none. */
function interval(value: Interval | null): string {
  if (value === null) return NONE;
  return `${value.median.toFixed(2)} (${value.low.toFixed(2)}-${value.high.toFixed(2)})`;
}
