/**
 * Arms of the suite `accuracy`: prompts that differ in where their middle begins and whether the tokens at the cursor are
 * healed, asked at the same places; the first is what the others are compared with. Pure.
 */
import type { PromptAnchor } from "../core/promptAnchor.ts";
import {
  type GroupFigures,
  groupFigures,
  modelPairs,
  type PairedFigures,
} from "./accuracyFigures.ts";
import { bounded, pairTable, points, signed } from "./accuracyTables.ts";
import { formatTable, NONE } from "./markdownTable.ts";
import type { PlaceResult } from "./placeResult.ts";

export interface PromptArm {
  /** As the user writes it: `line+heal`. */
  readonly name: string;
  readonly anchor: PromptAnchor;
  readonly heals: boolean;
}

/** As suggestions in the editor ask. */
export const CURSOR_ARM: PromptArm = { name: "cursor", anchor: "cursor", heals: false };

const HEALS = "+heal";

/** @returns undefined where it names none. */
export function promptArm(name: string): PromptArm | undefined {
  const heals = name.endsWith(HEALS);
  const anchor = anchorOf(heals ? name.slice(0, -HEALS.length) : name);
  return anchor && { name, anchor, heals };
}

function anchorOf(place: string): PromptAnchor | undefined {
  if (place === "cursor" || place === "file") return place;
  if (place === "line") return { linesUp: 0 };
  return /^[1-9]\d{0,5}$/.test(place) ? { linesUp: Number(place) } : undefined;
}

/** The answers of an arm that is not the first. */
export interface ArmAnswers {
  readonly name: string;
  readonly places: readonly PlaceResult[];
}

export interface ArmFigures extends ArmAnswers {
  readonly all: GroupFigures;
  /** Over the first arm. */
  readonly pairs: readonly PairedFigures[];
}

export function armFigures(
  first: readonly PlaceResult[],
  arms: readonly ArmAnswers[],
  seed: number,
): ArmFigures[] {
  return arms
    .filter(({ places }) => places.length > 0)
    .map(({ name, places }) => ({
      ...{ name, places },
      all: groupFigures(name, places, seed),
      pairs: modelPairs(places, first, seed),
    }));
}

/** A section of the report; empty where there is one arm only. */
export function armSection(
  firstName: string,
  first: GroupFigures,
  arms: readonly ArmFigures[],
): string[] {
  if (arms.length === 0) return [];
  const head = ["arm", "places", "exact line", "any of k", "whole", `exact line over ${firstName}`];
  const row = (name: string, figures: GroupFigures, pair?: PairedFigures) => [
    ...[name, String(figures.numPlaces), bounded(figures.offered.lineExact)],
    ...[bounded(figures.anyLineExact), bounded(figures.offered.whole)],
    pair === undefined ? NONE : points(pair.difference),
    typeof pair?.least === "number" ? signed(pair.least) : NONE,
  ];
  return [
    "## Arms",
    "Prompts of the same places, in one run. An arm after the first goes on from what the cache holds of the one before.",
    formatTable(
      [...head, "at least"],
      [row(firstName, first), ...arms.map(({ name, all, pairs }) => row(name, all, pairs[0]))],
    ),
    ...arms.map(({ name, pairs }) => pairTable(`${name} over ${firstName}`, pairs)),
  ];
}
