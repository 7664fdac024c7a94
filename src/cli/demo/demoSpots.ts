/** Where the demo completes: places in the sources of well-known packages, each with the text it hides. */
import { CliError } from "../base/cliError.ts";
import type { SplitText } from "../complete/cursor.ts";

/** A cursor after `before`; from there to the end of the `numHiddenLines`th line the file is hidden. */
export interface DemoSpot {
  readonly packageName: string;
  /** Below the package's folder. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly before: string;
  readonly numHiddenLines: number;
}

export const DEMO_SPOTS: readonly DemoSpot[] = [
  {
    packageName: "immer",
    file: "src/core/proxy.ts",
    before: "\t\tconst owner = latest(state)\n\t\tconst desc = ",
    numHiddenLines: 1,
  },
  {
    packageName: "immer",
    file: "src/core/immerClass.ts",
    before: "\t\tif (isDraft(base)) base = current(base)\n\t\tconst scope = ",
    numHiddenLines: 1,
  },
  {
    packageName: "immer",
    file: "src/utils/common.ts",
    before: "\tif (!value || !isObjectish(value)) return false\n\tconst proto = ",
    numHiddenLines: 2,
  },
  {
    packageName: "redux",
    file: "src/createStore.ts",
    before: "    const listenerId = listenerIdCounter++\n    ",
    numHiddenLines: 1,
  },
  {
    packageName: "redux",
    file: "src/combineReducers.ts",
    before: "      const previousStateForKey = ",
    numHiddenLines: 2,
  },
  {
    packageName: "reselect",
    file: "src/lruMemoize.ts",
    before: "    const cacheIndex = ",
    numHiddenLines: 1,
  },
  {
    packageName: "@reduxjs/toolkit",
    file: "src/entities/unsorted_state_adapter.ts",
    before:
      "  function setManyMutably(\n    newEntities: readonly T[] | Record<Id, T>,\n    state: R,\n  ): void {\n    ",
    numHiddenLines: 5,
  },
  {
    packageName: "@reduxjs/toolkit",
    file: "src/entities/utils.ts",
    before: "    if (existingIds.has(id) || addedIds.has(id)) {\n      ",
    numHiddenLines: 1,
  },
];

/** The text around a spot's cursor, without what it hides, and the cursor's line, from 1. */
export interface PlacedSpot extends SplitText {
  readonly line: number;
}

/** @throws CliError if the file is another version of itself. */
export function placeSpot(text: string, spot: DemoSpot): PlacedSpot {
  const start = text.indexOf(spot.before);
  if (start === -1 || start !== text.lastIndexOf(spot.before)) {
    throw new CliError(
      `Expected ${JSON.stringify(spot.before)} once in ${spot.packageName}/${spot.file}, found it ` +
        `${start === -1 ? "nowhere" : "more than once"}. Run npm ci for the version that the demo knows.`,
    );
  }
  const cursor = start + spot.before.length;
  const prefixText = text.slice(0, cursor);
  const rest = text.slice(cursor);
  const hiddenLines = rest.split("\n").slice(0, spot.numHiddenLines).join("\n");
  return {
    prefixText,
    // The line end stays, be it CRLF.
    suffixText: rest.slice(hiddenLines.replace(/\r$/, "").length),
    line: prefixText.split("\n").length,
  };
}

/** Where in a file a session is begun, as shares of its lines. */
const SESSION_SHARES = [0.25, 0.5, 0.75];
/** Shorter lines say little. */
const MIN_LINE_LENGTH = 12;

/** Other cursors in a spot's file, each before a line of code that it hides. What the spot hides they do not have either. */
export function sessionPlaces({ prefixText, suffixText }: SplitText): SplitText[] {
  const lines = (prefixText + suffixText).split("\n");
  return SESSION_SHARES.flatMap((share) => {
    const start = Math.floor(share * lines.length);
    const found = lines
      .slice(start)
      .findIndex((line) => line.trim().length >= MIN_LINE_LENGTH && !/^\s*(\/[/*]|\*)/.test(line));
    const line = lines[start + found];
    if (found === -1 || line === undefined) return [];
    const before = [...lines.slice(0, start + found), line.slice(0, line.search(/\S/))];
    const after = ["", ...lines.slice(start + found + 1)];
    return [{ prefixText: before.join("\n"), suffixText: after.join("\n") }];
  });
}
