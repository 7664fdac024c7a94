import { describe, expect, test } from "vitest";
import { drawTypingScript, TypingDocument, type TypingStep } from "../../src/bench/typingReplay.ts";
import { packageSources } from "../support/packageSources.ts";

const files = packageSources();

describe("drawTypingScript", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(drawTypingScript(files, 40, 7)).toEqual(drawTypingScript(files, 40, 7));
    expect(drawTypingScript(files, 40, 7)).not.toEqual(drawTypingScript(files, 40, 8));
  });

  test("has the asked number of keystrokes, all kinds of them, at a person's pace, in one file", () => {
    const scripts = Array.from({ length: 30 }, (_, seed) => drawTypingScript(files, 40, seed));
    const steps = scripts.flatMap((script) => script.steps);
    expect(steps.length).toBeGreaterThanOrEqual(30 * 40);
    expect(steps.length).toBeLessThanOrEqual(30 * 41);
    expect(new Set(steps.map(({ action }) => action))).toEqual(
      new Set(["type", "slip", "backspace", "jump"]),
    );
    expect(new Set(steps.map(({ follows }) => follows))).toEqual(
      new Set(["all", "word", "type", "nothing"]),
    );
    for (const { delayMs } of steps) {
      expect(delayMs).toBeGreaterThanOrEqual(40);
      expect(delayMs).toBeLessThanOrEqual(1500);
    }
    const typed = steps.filter(({ delayMs }) => delayMs <= 250).map(({ delayMs }) => delayMs);
    const median = typed.sort((a, b) => a - b)[typed.length >> 1]!;
    expect(median).toBeGreaterThan(90);
    expect(median).toBeLessThan(120);
    for (const { places } of scripts) {
      expect(new Set(places.map(({ path }) => path)).size).toBe(1);
    }
  });
});

const place = (hiddenText: string) => ({
  path: "a.ts",
  line: 1,
  column: 1,
  prefixText: "<",
  suffixText: ">",
  hiddenText,
});
const step = (action: TypingStep["action"], follows: TypingStep["follows"] = "nothing") => ({
  action,
  follows,
  delayMs: 100,
});

describe("TypingDocument", () => {
  test("types the source, takes slips back, and goes on to the next place at the end", () => {
    const document = new TypingDocument([place("ab"), place("c")]);
    expect(document.apply(step("type"), "shown")).toBe("typed");
    expect(document.prefixText).toBe("<a");
    document.apply(step("slip"), undefined);
    expect(document.prefixText).toBe("<a~");
    expect(document.apply(step("backspace"), undefined)).toBe("erased");
    document.apply(step("type"), undefined);
    expect(document.prefixText).toBe("<ab");
    expect(document.apply(step("type"), undefined)).toBe("jumped");
    expect(document.prefixText).toBe("<");
    expect(document.rest).toBe("c");
    expect(document.apply(step("jump"), undefined)).toBe("jumped");
    expect(document.rest).toBe("ab");
    expect(document.suffixText).toBe(">");
  });

  test("follows suggestions whole, by word and by typing, and then writes on", () => {
    const document = new TypingDocument([place("z")]);
    expect(document.apply(step("type", "all"), "one ")).toBe("acceptedAll");
    expect(document.apply(step("type", "word"), " two three")).toBe("acceptedWord");
    expect(document.apply(step("type", "word"), "(x)")).toBe("acceptedWord");
    expect(document.prefixText).toBe("<one  two(");
    document.apply(step("type", "type"), "xy");
    expect(document.prefixText).toBe("<one  two(x");
    document.apply(step("type", "all"), "y");
    document.apply(step("type"), undefined);
    expect(document.prefixText).toBe("<one  two(xyz");
  });

  test("without a suggestion there is nothing to follow", () => {
    const document = new TypingDocument([place("abc")]);
    for (const follows of ["all", "word", "type"] as const) {
      document.apply(step("type", follows), undefined);
    }
    expect(document.prefixText).toBe("<abc");
  });

  test("needs a place", () => {
    expect(() => new TypingDocument([])).toThrow(RangeError);
  });
});
