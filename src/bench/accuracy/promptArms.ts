/**
 * Arms of the suite `accuracy`: prompts that differ in where their middle begins, whether the tokens at the cursor are healed,
 * and how much of what they have, asked at the same places; the first is what the others are compared with. Pure.
 */
import { APPENDED_PROMPT, type PromptAnchor } from "../../core/prompt/promptAnchor.ts";
import { formatColumns, NONE } from "../base/markdownTable.ts";
import { type GroupFigures, groupFigures, modelPairs, promptFigures } from "./accuracyFigures.ts";
import { bounded, pairTable, points, signed } from "./accuracyTables.ts";
import type { PlaceResult } from "./placeResult.ts";

export interface PromptArm {
  /** As the user writes it: `line+heal+context~300@1024`. */
  readonly name: string;
  /** Whether it begins with text of other files. */
  readonly hasContext: boolean;
  /** What its requests say of the prompt besides. */
  readonly request: {
    readonly anchor: PromptAnchor;
    readonly heals: boolean;
    /** UTF-16 code units behind the cursor at most; the product's if absent. */
    readonly maxSuffixChars?: number;
    /** Tokens at most; the command's if absent. */
    readonly maxPromptTokens?: number;
  };
}

/** As suggestions in the editor ask. */
export const EDITOR_ARM: PromptArm = {
  name: "line+heal",
  hasContext: false,
  request: APPENDED_PROMPT,
};

const COUNT = "[1-9]\\d{0,5}";
/** PLACE[+heal][+context][~CHARS][@TOKENS] */
const ARM = new RegExp(`^([^+~@]+)(\\+heal)?(\\+context)?(?:~(${COUNT}))?(?:@(${COUNT}))?$`);

/** @returns undefined where it names none. */
export function promptArm(name: string): PromptArm | undefined {
  const [, place, heals, context, chars, tokens] = ARM.exec(name) ?? [];
  const anchor = place === undefined ? undefined : anchorOf(place);
  if (anchor === undefined) return undefined;
  const request = {
    ...{ anchor, heals: heals !== undefined },
    ...(chars === undefined ? {} : { maxSuffixChars: Number(chars) }),
    ...(tokens === undefined ? {} : { maxPromptTokens: Number(tokens) }),
  };
  return { name, hasContext: context !== undefined, request };
}

function anchorOf(place: string): PromptAnchor | undefined {
  if (place === "cursor" || place === "file") return place;
  if (place === "line") return { linesUp: 0 };
  return new RegExp(`^${COUNT}$`).test(place) ? { linesUp: Number(place) } : undefined;
}

/** The answers of an arm that is not the first. */
export interface ArmAnswers {
  readonly name: string;
  readonly places: readonly PlaceResult[];
}

export type ArmFigures = ReturnType<typeof armFigures>[number];

export function armFigures(
  first: readonly PlaceResult[],
  arms: readonly ArmAnswers[],
  seed: number,
) {
  return arms
    .filter(({ places }) => places.length > 0)
    .map(({ name, places }) => ({
      ...{ name, places },
      all: groupFigures(name, places, seed),
      meanPromptTokens: promptFigures(places).meanPromptTokens,
      /** Over the first arm. */
      pairs: modelPairs(places, first, seed),
    }));
}

/** A section of the report; empty where there is one arm only. */
export function armSection(
  firstName: string,
  first: GroupFigures,
  firstTokens: number | null,
  arms: readonly ArmFigures[],
): string[] {
  if (arms.length === 0) return [];
  const firstRow = { name: firstName, meanPromptTokens: firstTokens, all: first, pairs: [] };
  return [
    "## Arms",
    "Prompts of the same places, in one run. An arm after the first goes on from what the cache holds of the one before.",
    formatColumns<Omit<ArmFigures, "places">>(
      [firstRow, ...arms],
      [
        ["arm", ({ name }) => name],
        ["places", ({ all }) => String(all.numPlaces)],
        ["prompt tokens", ({ meanPromptTokens }) => meanPromptTokens?.toFixed(0) ?? NONE],
        ["exact line", ({ all }) => bounded(all.offered.lineExact)],
        ["any of k", ({ all }) => bounded(all.anyLineExact)],
        ["whole", ({ all }) => bounded(all.offered.whole)],
        [`exact line over ${firstName}`, ({ pairs }) => points(pairs[0]?.difference ?? null)],
        ["at least", ({ pairs }) => (pairs[0]?.least == null ? NONE : signed(pairs[0].least))],
      ],
    ),
    ...arms.map(({ name, pairs }) => pairTable(`${name} over ${firstName}`, pairs)),
  ];
}
