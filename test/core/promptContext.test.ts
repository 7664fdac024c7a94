import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ContextKeeper, MAX_LINES_AWAY } from "../../src/core/prompt/contextKeeper.ts";
import { PlaceText } from "../../src/core/prompt/placeText.ts";
import {
  chooseLines,
  chooseOutlines,
  type OutlinedFile,
} from "../../src/core/prompt/promptContext.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const countTokens = (text: string) => Math.ceil(text.length / 3);
const NOWHERE = new PlaceText("", "");
const file = (path: string, ...entries: readonly (readonly [string, string])[]): OutlinedFile => ({
  path,
  outline: entries.map(([names, text]) => ({ names: names.split(" ").filter(Boolean), text })),
});

const STORE = file(
  "store.ts",
  ["Store", "export class Store {\n  load(): Item;\n}"],
  ["open", "export function open(): Store;"],
  ["close", "export function close(): void;"],
);
const ITEM = file(
  "item.ts",
  ["Item", "export interface Item {}"],
  ["Other", "export interface Other {}"],
);

describe("chooseOutlines", () => {
  const choose = (nearText: string, text: string, maxTokens = 1_000) =>
    chooseOutlines("imports", [STORE, ITEM], { nearText, text }, NOWHERE, maxTokens, countTokens);

  test("takes what the document names and what that names in turn, in the files' order", () => {
    expect(choose("open();", "import { Store, open } from './store';")).toEqual([
      {
        kind: "imports",
        path: "store.ts",
        text: "export class Store {\n  load(): Item;\n}\nexport function open(): Store;",
      },
      { kind: "imports", path: "item.ts", text: "export interface Item {}" },
    ]);
    expect(choose("", "")).toEqual([]);
  });

  test("takes what is named near the cursor first where not everything fits", () => {
    const [only, ...others] = choose("close()", "Store, open, close", 20);
    expect(only?.text).toBe("export function close(): void;");
    expect(others).toEqual([]);
  });

  test("tells a signature of the same shape from one that stands at the cursor already", () => {
    const like = "export function second(text: string): string;";
    const own = "export function first(text: string): string;";
    const place = new PlaceText(
      "export function first(text: string): string {\n  return ",
      "\n}\n",
    );
    const outlined = [file("x.ts", ["second", like], ["first", own])];
    const naming = { nearText: "first second", text: "" };
    const chosen = chooseOutlines("imports", outlined, naming, place, 99, countTokens);
    expect(chosen.map(({ text }) => text)).toEqual([like]);
  });

  test("an entry without a name is one that any name may stand for", () => {
    const unnamed = file("x.ts", ["", "export default function (): void;"]);
    const chosen = chooseOutlines(
      "imports",
      [unnamed],
      { nearText: "", text: "" },
      NOWHERE,
      99,
      countTokens,
    );
    expect(chosen.map(({ path }) => path)).toEqual(["x.ts"]);
  });

  test("keeps the budget, for any outlines", () => {
    const word = fc.constantFrom("a", "bb", "ccc", "dddd");
    const entry = fc.record({
      names: fc.array(word, { maxLength: 2 }),
      text: fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(" ")),
    });
    const outlined = fc.record({ path: word, outline: fc.array(entry, { maxLength: 5 }) });
    fc.assert(
      fc.property(
        fc.array(outlined, { maxLength: 4 }),
        fc.array(word).map((words) => words.join(" ")),
        fc.nat(120),
        (files, text, maxTokens) => {
          const chosen = chooseOutlines(
            "imports",
            files,
            { nearText: "bb", text },
            NOWHERE,
            maxTokens,
            countTokens,
          );
          const cost = chosen.reduce(
            (sum, snippet) => sum + countTokens(snippet.path) + countTokens(`${snippet.text}\n`),
            0,
          );
          expect(cost).toBeLessThanOrEqual(maxTokens);
          const texts = files.flatMap(({ outline }) => outline.map((one) => one.text));
          for (const snippet of chosen) {
            for (const line of snippet.text.split("\n")) expect(texts).toContain(line);
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("chooseLines", () => {
  const BEFORE = "function first(alpha, beta) {\n  const gamma = alpha + beta;\n  log(gamma);\n";
  const AFTER = "\n  return gamma * 2;\n}\nexport { first };\n";
  const place = new PlaceText(BEFORE, AFTER);

  test("puts the likest last, and leaves out what has the place itself and what does not fit", () => {
    const copy = `// kept elsewhere\n${BEFORE}  secret(gamma);${AFTER}`;
    const candidates = [
      { path: "copy.js", text: copy },
      { path: "likest.js", text: "function second(delta) {\n  return delta * 3;\n}" },
      { path: "long.js", text: "let x1 = 1;\n".repeat(200) },
      { path: "less.js", text: "class Third {}" },
    ];
    const chosen = chooseLines("similar", candidates, place, 100, countTokens);
    expect(chosen.map(({ path }) => path)).toEqual(["less.js", "likest.js"]);
  });
});

describe("ContextKeeper", () => {
  const at = (numLinesBefore: number, documentKey = "a", options = "") => ({
    ...{ documentKey, numLinesBefore, options },
  });

  test("a choice stays for any keys near it, and is another's business elsewhere", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -MAX_LINES_AWAY, max: MAX_LINES_AWAY }), { maxLength: 30 }),
        (offsets) => {
          const keeper = new ContextKeeper<string>();
          keeper.keep(at(100), "chosen");
          for (const offset of offsets) {
            expect(keeper.find(at(100 + offset), () => true)).toBe("chosen");
          }
          expect(keeper.find(at(101 + MAX_LINES_AWAY), () => true)).toBeUndefined();
          expect(keeper.find(at(100, "b"), () => true)).toBeUndefined();
          expect(keeper.find(at(100, "a", "other"), () => true)).toBeUndefined();
          expect(keeper.find(at(100), () => false)).toBeUndefined();
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("keeps the places asked for last, and forgets when told", () => {
    const keeper = new ContextKeeper<number>();
    for (let number = 0; number < 8; number++) keeper.keep(at(0, `d${number}`), number);
    keeper.find(at(0, "d0"), () => true);
    keeper.keep(at(0, "d8"), 8);
    expect(keeper.find(at(0, "d1"), () => true)).toBeUndefined();
    expect(keeper.find(at(0, "d0"), () => true)).toBe(0);
    keeper.forget();
    expect(keeper.find(at(0, "d0"), () => true)).toBeUndefined();
  });
});
