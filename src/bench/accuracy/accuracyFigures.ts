/** Figures of the suite `accuracy`, from its places. Pure; bounds by files, as places of one file are alike. */
import { PROMPT_PARTS, type PromptShares } from "../../core/prompt/promptShares.ts";
import {
  type ClusteredValue,
  clusteredDifference,
  clusteredMean,
  clusteredShare,
} from "../base/clusterBounds.ts";
import { type MeanInterval, median, ONE_SIDED_TAIL } from "../base/statistics.ts";
import { type Judgement, judge, type PlaceResult } from "./placeResult.ts";

/** A share or mean with its 95 % bounds; null where there is nothing to take it of. */
export type Bounded = MeanInterval | null;

export type GroupFigures = ReturnType<typeof groupFigures>;
export type PairedFigures = ReturnType<typeof pairedFigures>;
export type RefusalFigures = ReturnType<typeof refusalFigures>;

export function groupFigures(name: string, places: readonly PlaceResult[], seed: number) {
  return {
    name,
    numPlaces: places.length,
    numFiles: new Set(places.map(({ path }) => path)).size,
    offered: answerFigures(places, "offered", seed),
    raw: answerFigures(places, "raw", seed),
    /** The first suggestion or any of the others has the exact line. */
    anyLineExact: share(places, hasAnyExact, seed),
    /** Medians in ms; the prompt is part of the first. */
    firstMs: median(places.map(({ firstMs }) => firstMs)),
    prefillMs: median(places.map(({ prefillMs }) => prefillMs)),
    othersMs: median(places.map(({ othersMs }) => othersMs)),
  };
}

type Answer = "offered" | "raw";

/** What an answer is worth, over places. Shares and similarities are 0 … 1. */
function answerFigures(places: readonly PlaceResult[], answer: Answer, seed: number) {
  const mean = (of: (judged: Judgement) => number, among = places) =>
    clusteredMean(
      among.map((place) => ({ cluster: place.path, value: of(judgedOf(place, answer)) })),
      seed,
    );
  const isSo = (of: (judged: Judgement) => boolean) =>
    share(places, (place) => of(judgedOf(place, answer)), seed);
  const parsed = places.filter((place) => hasParses(place, answer));
  const kept = places.map((place): ClusteredValue => {
    const { numChars, numKept } = judgedOf(place, answer);
    return { cluster: place.path, value: numKept / Math.max(1, numChars), weight: numChars };
  });
  return {
    answered: isSo(({ numChars }) => numChars > 0),
    /** Whose first line is exactly what stood there. */
    lineExact: isSo(({ isLineExact }) => isLineExact),
    /** The answer is all that was hidden, and nothing else. */
    whole: isSo(({ isWhole }) => isWhole),
    lineSimilarity: mean(({ lineSimilarity }) => lineSimilarity),
    /** Of the whole answer, where a block was hidden. */
    blockSimilarity: mean(
      ({ textSimilarity }) => textSimilarity,
      places.filter(({ span }) => span === "block"),
    ),
    /** Of the answers at places whose file parses by itself: the file parses as before. */
    parses: share(parsed, ({ parses }) => parses[answer] === true, seed),
    numParsed: parsed.length,
    /** Of all characters of answers: how many stand in the real text from the answer's start on. */
    keptChars: clusteredMean(kept, seed),
    /** Characters kept per place, on average. */
    meanKeptChars: mean(({ numKept }) => numKept),
  };
}

/** Whether a parser told something of an answer in a file that it takes by itself. */
function hasParses({ parses, ...place }: PlaceResult, answer: Answer): boolean {
  return parses.original === true && parses[answer] !== null && textOf(place, answer) !== "";
}

function textOf(place: Pick<PlaceResult, "offeredText" | "rawText">, answer: Answer): string {
  return answer === "offered" ? place.offeredText : place.rawText;
}

function judgedOf(place: PlaceResult, answer: Answer): Judgement {
  return judge(textOf(place, answer), place);
}

function hasAnyExact(place: PlaceResult): boolean {
  return [place.offeredText, ...place.otherTexts].some((text) => judge(text, place).isLineExact);
}

function share(
  places: readonly PlaceResult[],
  isSo: (place: PlaceResult) => boolean,
  seed: number,
): Bounded {
  return clusteredShare(
    places.map((place) => ({ cluster: place.path, isSo: isSo(place) })),
    seed,
  );
}

/** What is offered against what the target wrote, at the same places. */
export function trimmingPairs(places: readonly PlaceResult[], seed: number): PairedFigures[] {
  const of = (name: string, value: (judged: Judgement) => number) =>
    pairedFigures(name, places, seed, (place) => [
      value(judgedOf(place, "offered")),
      value(judgedOf(place, "raw")),
    ]);
  return [
    of("exact line", ({ isLineExact }) => Number(isLineExact)),
    of("whole", ({ isWhole }) => Number(isWhole)),
    of("similarity of the line", ({ lineSimilarity }) => lineSimilarity),
    of("share of characters kept", ({ numKept, numChars }) => numKept / Math.max(1, numChars)),
    pairedFigures(
      "parses, where both are there",
      places.filter((place) => hasParses(place, "offered") && hasParses(place, "raw")),
      seed,
      ({ parses }) => [Number(parses.offered), Number(parses.raw)],
    ),
  ];
}

/** What is offered against nothing at the cursor: a file that parsed without may not parse with it. */
export function insertionPair(places: readonly PlaceResult[], seed: number): PairedFigures {
  const parsed = places.filter((place) => hasParses(place, "offered"));
  const told = parsed.filter(({ parses }) => parses.without !== null);
  return pairedFigures("parses, over nothing", told, seed, ({ parses }) => [
    Number(parses.offered),
    Number(parses.without),
  ]);
}

/** Any of all suggestions against the first alone. */
export function anyOfPair(places: readonly PlaceResult[], seed: number): PairedFigures {
  return pairedFigures("exact line", places, seed, (place) => [
    Number(hasAnyExact(place)),
    Number(judgedOf(place, "offered").isLineExact),
  ]);
}

/** The answers of one model or prompt against another's, at the places that both have. */
export function modelPairs(
  places: readonly PlaceResult[],
  others: readonly PlaceResult[],
  seed: number,
): PairedFigures[] {
  const known = new Map(others.map((place) => [place.key, place]));
  const common = places.filter(({ key }) => known.has(key));
  const judged = (value: (judged: Judgement) => number) => (place: PlaceResult) =>
    value(judgedOf(place, "offered"));
  const lineExact = judged(({ isLineExact }) => Number(isLineExact));
  const pairs: readonly ModelPair[] = [
    ["exact line", lineExact],
    // Where a prompt ends inside a token of the text, prompts differ most.
    ["exact line, tokens at the cursor kept", lineExact, (place) => place.keepsTokens === true],
    ["exact line, tokens at the cursor broken", lineExact, (place) => place.keepsTokens === false],
    ["exact line, inside words", lineExact, ({ kind }) => kind === "word"],
    ["exact line, any suggestion", (place) => Number(hasAnyExact(place))],
    ["similarity of the line", judged(({ lineSimilarity }) => lineSimilarity)],
    [
      "similarity of the block",
      judged(({ textSimilarity }) => textSimilarity),
      ({ span }) => span === "block",
    ],
    [
      "parses, where both offer something",
      ({ parses }) => Number(parses.offered === true),
      (place) => [place, known.get(place.key)!].every((one) => hasParses(one, "offered")),
    ],
  ];
  return pairs.map(([name, value, isMeant = () => true]) =>
    pairedFigures(name, common.filter(isMeant), seed, (place) => [
      value(place),
      value(known.get(place.key)!),
    ]),
  );
}

/** What is compared, and at which places; at all if absent. */
type ModelPair = readonly [
  name: string,
  value: (place: PlaceResult) => number,
  isMeant?: (place: PlaceResult) => boolean,
];

/** One thing against another at the same places. */
function pairedFigures(
  name: string,
  places: readonly PlaceResult[],
  seed: number,
  pairOf: (place: PlaceResult) => readonly [number, number],
) {
  const pairs = places.map((place) => {
    const [one, other] = pairOf(place);
    return { cluster: place.path, value: one - other };
  });
  return {
    name,
    numPlaces: places.length,
    /** Mean of (one - other), with 95 % bounds. */
    difference: clusteredDifference(pairs, seed),
    /** One-sided: with 95 % the difference is not below. */
    least: clusteredDifference(pairs, seed, ONE_SIDED_TAIL)?.low ?? null,
    /** Places where the one is better, and where it is worse. */
    numBetter: pairs.filter(({ value }) => value > 0).length,
    numWorse: pairs.filter(({ value }) => value < 0).length,
  };
}

/** What trimming and refusal do. */
export function refusalFigures(places: readonly PlaceResult[]) {
  const refused = places.filter(({ offeredText }) => offeredText === "");
  const byReason: Record<string, number> = {};
  for (const { rejection } of refused) {
    const reason = rejection ?? "empty";
    byReason[reason] = (byReason[reason] ?? 0) + 1;
  }
  return {
    numRefused: refused.length,
    /** Of these: the target's first line was exactly what stood there. */
    numRightRefused: refused.filter((place) => judgedOf(place, "raw").isLineExact).length,
    byReason,
  };
}

/** Of the prompts' tokens the share by part, 0 … 1, and how many a prompt has on average; null where no place tells. */
export function promptFigures(places: readonly PlaceResult[]) {
  const told = places.flatMap(({ shares }) => shares ?? []);
  if (told.length === 0) return { promptShares: null, meanPromptTokens: null };
  const sums = PROMPT_PARTS.map((part) =>
    told.reduce((sum, shares) => sum + (shares[part] ?? 0), 0),
  );
  const total = sums.reduce((sum, numTokens) => sum + numTokens, 0);
  const shares = PROMPT_PARTS.map((part, index) => [part, sums[index]! / total] as const);
  return {
    promptShares: Object.fromEntries(shares) as unknown as PromptShares,
    meanPromptTokens: total / told.length,
  };
}
