import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  buildFimPrompt,
  type FimTokens,
  fimMarkers,
  wholeLines,
  windowPrefix,
  windowSuffix,
} from "../../src/core/prompt/fimPrompt.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const PSM: FimTokens = { order: "PSM", prefix: 900, suffix: 901, middle: 902 };
const SPM: FimTokens = { ...PSM, order: "SPM", bos: 903 };
const NO_MIDDLE: FimTokens = { order: "SPM", prefix: 900, suffix: 901 };
const run = (length: number, start = 0) => Int32Array.from({ length }, (_, index) => start + index);
const NO_HEADER = new Int32Array(0);

describe("buildFimPrompt", () => {
  test("fits the budget, keeps the prefix's end and the suffix's start, for any text and family", () => {
    const length = fc.nat(60);
    fc.assert(
      fc.property(
        fc.constantFrom(PSM, SPM, NO_MIDDLE),
        length,
        length,
        fc.nat(10),
        fc.integer({ min: 5, max: 80 }),
        (fim, numPrefix, numSuffix, numHeader, maxTokens) => {
          const all = {
            prefix: run(numPrefix),
            suffix: run(numSuffix, 100),
            header: run(numHeader, 200),
          };
          const parts = {
            prefixTokens: all.prefix,
            suffixTokens: all.suffix,
            headerTokens: all.header,
          };
          const prompt = buildFimPrompt(fim, parts, maxTokens);
          expect(prompt.promptTokens.length).toBeLessThanOrEqual(maxTokens);
          const { prefixTokens, suffixTokens } = prompt;
          expect(prefixTokens).toEqual(all.prefix.slice(numPrefix - prefixTokens.length));
          expect(suffixTokens).toEqual(all.suffix.slice(0, suffixTokens.length));
          if (numPrefix > 0) expect(prefixTokens.length).toBeGreaterThan(0);
          const numMarkers = fimMarkers(fim).size + 1;
          const fits = numPrefix + numSuffix + numHeader + numMarkers <= maxTokens;
          if (fits) expect(prefixTokens.length + suffixTokens.length).toBe(numPrefix + numSuffix);
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test.each([
    ["prefix, suffix, middle", PSM, [200, 900, 0, 1, 901, 100, 902]],
    ["suffix, prefix, middle behind the BOS token", SPM, [903, 200, 901, 100, 900, 0, 1, 902]],
    [
      "nothing after the prefix where the family has no middle marker",
      NO_MIDDLE,
      [200, 901, 100, 900, 0, 1],
    ],
  ])("orders the parts: %s", (_order, fim, expected) => {
    const parts = { prefixTokens: run(2), suffixTokens: run(1, 100), headerTokens: run(1, 200) };
    const prompt = buildFimPrompt(fim, parts, 20);
    expect(Array.from(prompt.promptTokens)).toEqual(expected);
    expect(Array.from(prompt.prefixTokens)).toEqual([0, 1]);
    expect(Array.from(prompt.suffixTokens)).toEqual([100]);
  });

  test("drops a header that would take more than a quarter where not everything fits", () => {
    const parts = { prefixTokens: run(7), suffixTokens: run(3, 100), headerTokens: run(3, 200) };
    expect(buildFimPrompt(PSM, parts, 16).promptTokens.length).toBe(16);
    const short = buildFimPrompt(PSM, parts, 14);
    expect(short.promptTokens).not.toContain(200);
    expect(short.prefixTokens.length + short.suffixTokens.length).toBe(10);
  });

  test("text of other files comes first, with the header behind it, or not at all", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(PSM, SPM, NO_MIDDLE),
        fc.array(fc.nat(60), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 5, max: 160 }),
        (fim, lengths, maxTokens) => {
          const [numPrefix, numSuffix, numHeader, numContext] = lengths as [
            number,
            number,
            number,
            number,
          ];
          const parts = {
            prefixTokens: run(numPrefix),
            suffixTokens: run(numSuffix, 100),
            headerTokens: run(numHeader, 200),
          };
          const without = buildFimPrompt(fim, parts, maxTokens);
          const prompt = buildFimPrompt(
            fim,
            { ...parts, contextTokens: run(numContext, 300) },
            maxTokens,
          );
          expect(prompt.promptTokens.length).toBeLessThanOrEqual(maxTokens);
          const { numContextTokens } = prompt;
          if (numContextTokens === 0) {
            expect(prompt).toEqual(without);
            return;
          }
          expect(numContextTokens).toBe(numContext);
          const start = fim.bos === undefined ? 0 : 1;
          const head = prompt.promptTokens.slice(start, start + numContext + numHeader);
          expect([...head]).toEqual([...run(numContext, 300), ...run(numHeader, 200)]);
          if (numPrefix > 0) expect(prompt.prefixTokens.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: NUM_RUNS },
    );
    const parts = { prefixTokens: run(30), suffixTokens: run(9, 100), headerTokens: run(3, 200) };
    const contextTokens = run(40, 300);
    expect(buildFimPrompt(PSM, { ...parts, contextTokens }, 70).numContextTokens).toBe(40);
    expect(buildFimPrompt(PSM, { ...parts, contextTokens }, 50).numContextTokens).toBe(0);
  });

  test("gives the suffix a quarter while the prefix needs the rest, and what the prefix leaves, in steps", () => {
    const parts = { prefixTokens: run(500), suffixTokens: run(500, 1000), headerTokens: NO_HEADER };
    expect(buildFimPrompt(PSM, parts, 103).suffixTokens.length).toBe(25);
    // 90 are free: a quarter, and five steps of an eighth.
    const shortPrefix = { ...parts, prefixTokens: run(10) };
    expect(buildFimPrompt(PSM, shortPrefix, 103).suffixTokens.length).toBe(85);
    const shortSuffix = { ...parts, suffixTokens: run(4, 1000) };
    expect(buildFimPrompt(PSM, shortSuffix, 103).prefixTokens.length).toBeGreaterThan(72);
  });

  test.each([PSM, SPM])("the start of the prompt stays while the user types ($order)", (fim) => {
    // From a prefix that leaves room to one that is cut; the suffix never fits.
    let numChanges = 0;
    let before: number[] | undefined;
    for (let length = 10; length < 110; length++) {
      const parts = {
        prefixTokens: run(length),
        suffixTokens: run(500, 1000),
        headerTokens: run(3, 200),
      };
      const prompt = Array.from(buildFimPrompt(fim, parts, 103).promptTokens);
      expect(prompt).toContain(200);
      // Up to the last token of the text that stands last or is typed into.
      const stable = prompt.slice(0, prompt.indexOf(fim.order === "PSM" ? 901 : 900));
      if (before?.some((token, index) => stable[index] !== token)) numChanges++;
      before = stable;
    }
    // SPM: six steps of an eighth of 97 until the suffix has its quarter. PSM: steps of a quarter of the prefix's share.
    expect(numChanges).toBeLessThanOrEqual(7);
    expect(numChanges).toBeGreaterThan(0);
  });

  test("the window of a long prefix keeps its start while the user types, but for rare steps", () => {
    const starts: number[] = [];
    for (let length = 200; length < 300; length++) {
      const parts = {
        prefixTokens: run(length),
        suffixTokens: run(50, 1000),
        headerTokens: NO_HEADER,
      };
      starts.push(buildFimPrompt(PSM, parts, 103).prefixTokens[0]!);
    }
    // A quarter of the 75 tokens that the prefix gets: 100 typed tokens move the start six times.
    expect(new Set(starts).size).toBeLessThanOrEqual(7);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });

  test.each([
    ["behind the suffix", PSM, [900, 0, 1, 901, 100, 902, 50, 51]],
    ["behind the prefix", SPM, [903, 901, 100, 900, 0, 1, 902, 50, 51]],
    ["behind the prefix without a marker", NO_MIDDLE, [901, 100, 900, 0, 1, 50, 51]],
  ])("text behind an anchor begins the middle: %s", (_place, fim, expected) => {
    const parts = {
      prefixTokens: run(2),
      middleTokens: run(2, 50),
      suffixTokens: run(1, 100),
      headerTokens: NO_HEADER,
    };
    const prompt = buildFimPrompt(fim, parts, 20);
    expect(Array.from(prompt.promptTokens)).toEqual(expected);
    expect(Array.from(prompt.prefixTokens)).toEqual([0, 1, 50, 51]);
  });

  test("what is typed behind an anchor only appends, but for rare cuts of the start", () => {
    const typed = fc.record({
      fim: fc.constantFrom(PSM, SPM, NO_MIDDLE),
      numPrefix: fc.nat(200),
      numSuffix: fc.nat(200),
      maxTokens: fc.integer({ min: 40, max: 200 }),
    });
    fc.assert(
      fc.property(typed, ({ fim, numPrefix, numSuffix, maxTokens }) => {
        let numChanges = 0;
        let before: number[] | undefined;
        for (let numMiddle = 0; numMiddle < 100; numMiddle++) {
          const parts = {
            prefixTokens: run(numPrefix),
            middleTokens: run(numMiddle, 1000),
            suffixTokens: run(numSuffix, 400),
            headerTokens: NO_HEADER,
          };
          const { promptTokens, prefixTokens } = buildFimPrompt(fim, parts, maxTokens);
          expect(promptTokens.length).toBeLessThanOrEqual(maxTokens);
          const text = [...parts.prefixTokens, ...parts.middleTokens];
          expect(Array.from(prefixTokens)).toEqual(text.slice(text.length - prefixTokens.length));
          if (before?.some((token, index) => promptTokens[index] !== token)) numChanges++;
          before = Array.from(promptTokens);
        }
        // Steps of a quarter of what the text before the cursor gets (at least three quarters of the budget), and up to six of
        // the suffix's.
        const step = Math.floor(0.75 * (maxTokens - 4) * 0.25);
        expect(numChanges).toBeLessThanOrEqual(Math.ceil(100 / step) + 7);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("a budget that cannot hold the markers and one token is a RangeError", () => {
    const parts = { prefixTokens: run(2), suffixTokens: run(2), headerTokens: NO_HEADER };
    expect(() => buildFimPrompt(SPM, parts, 4)).toThrow(RangeError);
    expect(buildFimPrompt(SPM, parts, 5).prefixTokens.length).toBe(1);
  });
});

describe("fimMarkers", () => {
  test("lists the ids that structure a prompt, BOS not among them", () => {
    expect(fimMarkers({ ...SPM, fileSeparator: 904 })).toEqual(new Set([900, 901, 902, 904]));
  });
});

/** Short lines, long lines, pairs and lone halves. */
const arbitraryText = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
      fc.constantFrom("\n", "\n\n", "a long line ".repeat(20), "🙂", "\ud83d", "\ude42"),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));
const HALF_PAIR = /[\ud800-\udbff]$/;

describe("windowPrefix", () => {
  test("is the end of the text, at most 8 characters per token, and at least half of that", () => {
    fc.assert(
      fc.property(arbitraryText, fc.integer({ min: 1, max: 40 }), (text, maxTokens) => {
        const window = windowPrefix(text, maxTokens);
        expect(text.endsWith(window)).toBe(true);
        expect(window.length).toBeLessThanOrEqual(8 * maxTokens);
        expect(window.length).toBeGreaterThanOrEqual(Math.min(text.length, 4 * maxTokens - 1));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("never starts inside a surrogate pair", () => {
    fc.assert(
      fc.property(arbitraryText, fc.integer({ min: 0, max: 40 }), (text, maxTokens) => {
        const window = windowPrefix(text, maxTokens);
        const before = text.slice(0, text.length - window.length);
        expect(HALF_PAIR.test(before) && /^[\udc00-\udfff]/.test(window)).toBe(false);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("starts at a line", () => {
    const text = Array.from({ length: 100 }, (_, line) => `line ${line}\n`).join("");
    expect(windowPrefix(text, 40)).toMatch(/^line \d+\n/);
  });

  test("keeps its start while the user types, but for rare steps", () => {
    let text = "const value = 1;\n".repeat(100);
    const starts = new Set<number>();
    for (let typed = 0; typed < 160; typed++) {
      text += typed % 20 === 0 ? "\n" : "x";
      starts.add(text.length - windowPrefix(text, 40).length);
    }
    // 160 characters are two steps of a quarter of 320.
    expect(starts.size).toBeLessThanOrEqual(3);
  });

  test("a line longer than the window is cut where it is, also when the next line has begun", () => {
    const minified = "a+b;".repeat(500);
    expect(windowPrefix(minified, 40).length).toBeGreaterThan(160);
    expect(windowPrefix(`${minified}\nx`, 40).length).toBeGreaterThan(160);
  });
});

describe("windowSuffix", () => {
  test("is the start of the text, at most 8 characters per token, and never ends inside a pair", () => {
    fc.assert(
      fc.property(arbitraryText, fc.nat(40), (text, maxTokens) => {
        const window = windowSuffix(text, maxTokens);
        expect(text.startsWith(window)).toBe(true);
        expect(window.length).toBeLessThanOrEqual(8 * maxTokens);
        expect(window.length).toBeGreaterThanOrEqual(Math.min(text.length, 8 * maxTokens) - 1);
        const after = text.slice(window.length);
        expect(HALF_PAIR.test(window) && /^[\udc00-\udfff]/.test(after)).toBe(false);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("wholeLines", () => {
  test("is the start of the text, so long as wanted, and ends where a line does if one fits", () => {
    fc.assert(
      fc.property(arbitraryText, fc.integer({ min: 1, max: 60 }), (text, maxChars) => {
        const start = wholeLines(text, maxChars);
        expect(text.startsWith(start)).toBe(true);
        expect(start.length).toBeLessThanOrEqual(maxChars);
        if (text.length <= maxChars) expect(start).toBe(text);
        else if (start.endsWith("\n") && start.length < maxChars) {
          // No line more fits.
          expect(text.slice(start.length, maxChars)).not.toContain("\n");
        } else if (!start.endsWith("\n")) {
          expect(start.length).toBeGreaterThanOrEqual(maxChars - 1);
          // No line end but before white space only.
          expect(start.slice(0, start.lastIndexOf("\n") + 1).trim()).toBe("");
        }
        const after = text.slice(start.length);
        expect(HALF_PAIR.test(start) && /^[\udc00-\udfff]/.test(after)).toBe(false);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test.each([
    ["a);\n  b();\n  c();\n", 14, "a);\n  b();\n"],
    ["\n\nfunction long() {", 8, "\n\nfuncti"],
    ["x();\n", 5, "x();\n"],
  ])("of %j, %i characters", (text, maxChars, start) => {
    expect(wholeLines(text, maxChars)).toBe(start);
  });
});
