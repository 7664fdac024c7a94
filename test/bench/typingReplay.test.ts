import { describe, expect, test } from "vitest";
import {
  drawnPauses,
  drawTypingScript,
  drawTypingSteps,
  durationOf,
  MAX_PAUSE_MS,
  TypingDocument,
  type TypingStep,
} from "../../src/bench/typing/typingReplay.ts";
import { packageSources } from "../support/packageSources.ts";

const files = packageSources();
const SEEDS = Array.from({ length: 30 }, (_, seed) => seed);

describe("drawTypingScript", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(drawTypingScript(files, 7)).toEqual(drawTypingScript(files, 7));
    expect(drawTypingScript(files, 7)).not.toEqual(drawTypingScript(files, 8));
  });

  test("has the same keystrokes whatever the files hold", () => {
    const { places: _places, ...steps } = drawTypingScript(files, 7);
    expect(steps).toEqual(drawTypingSteps(7));
    expect(durationOf(steps)).toBeGreaterThan(20_000);
  });

  test("never runs out of text before its next jump, whoever follows what", () => {
    for (const seed of SEEDS) {
      const { places, steps } = drawTypingScript(files, seed);
      expect(new Set(places.map(({ path }) => path)).size).toBe(1);
      const document = new TypingDocument(places);
      for (const step of steps) {
        const effect = document.apply(step, seed % 2 === 0 ? undefined : "xy");
        expect(effect === "jumped").toBe(step.action === "jump");
      }
    }
  });
});

describe("drawTypingSteps", () => {
  const drawn = SEEDS.map(drawTypingSteps);
  const pauses = drawn.flatMap(drawnPauses);

  test("has all kinds of keystrokes, at a person's pace", () => {
    const steps = drawn.flatMap((each) => each.steps);
    expect(new Set(steps.map(({ action }) => action))).toEqual(
      new Set(["type", "slip", "backspace", "jump"]),
    );
    expect(new Set(steps.map(({ follows }) => follows))).toEqual(
      new Set(["all", "word", "type", "nothing"]),
    );
    for (const { delayMs } of steps) {
      expect(delayMs).toBeGreaterThanOrEqual(40);
      expect(delayMs).toBeLessThanOrEqual(MAX_PAUSE_MS);
    }
    const typed = steps.filter(({ delayMs }) => delayMs <= 250).map(({ delayMs }) => delayMs);
    expect(typed.length / steps.length).toBeGreaterThan(0.6);
    const median = typed.sort((a, b) => a - b)[typed.length >> 1]!;
    expect(median).toBeGreaterThan(90);
    expect(median).toBeLessThan(120);
  });

  test("has nine pauses for thought of 1 to 5 s behind the first place, three there, and ends with one", () => {
    for (const each of drawn) {
      const isLong = ({ drawnMs }: { readonly drawnMs: number }) => drawnMs >= 1000;
      const places = drawnPauses(each)
        .filter(isLong)
        .map(({ place }) => place);
      for (const place of [0, 1, 2, 3]) {
        expect(places.filter((found) => found === place).length).toBeGreaterThanOrEqual(3);
      }
      expect(each.lastPauseMs).toBeGreaterThanOrEqual(1000);
      expect(each.lastPauseMs).toBeLessThanOrEqual(MAX_PAUSE_MS);
    }
    const long = pauses.map(({ drawnMs }) => drawnMs).filter((ms) => ms >= 1000);
    // A tail, and nothing heaped up at its bounds.
    expect(long.filter((ms) => ms >= 1500).length / long.length).toBeGreaterThan(0.6);
    expect(long.filter((ms) => ms >= 3000).length / long.length).toBeGreaterThan(0.1);
    expect(long.filter((ms) => ms === 1000 || ms === MAX_PAUSE_MS).length).toBeLessThan(5);
  });

  test("drawnPauses are the times between a key that asks and the next", () => {
    for (const { steps, lastPauseMs } of drawn) {
      const found = drawnPauses({ steps, lastPauseMs });
      const numJumps = steps.filter(({ action }) => action === "jump").length;
      expect(found.length).toBe(steps.length - numJumps);
      expect(found.at(-1)).toEqual({ step: steps.length - 1, place: 3, drawnMs: lastPauseMs });
      for (const { step, drawnMs } of found.slice(0, -1)) {
        expect(steps[step + 1]!.delayMs).toBe(drawnMs);
      }
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
    expect(document.numJumps).toBe(0);
    expect(document.apply(step("type"), undefined)).toBe("jumped");
    expect(document.numJumps).toBe(1);
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
