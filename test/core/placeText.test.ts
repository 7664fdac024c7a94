/** What would only say the cursor's own place again is told, in this project's own files. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PlaceText } from "../../src/core/prompt/placeText.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { threadMs } from "../support/threadMs.ts";

const CORE = join(import.meta.dirname, "../../src/core");
const FILES = globSync("**/*.ts", { cwd: CORE })
  .map((name) => readFileSync(join(CORE, name), "utf8").split("\n"))
  .filter((lines) => lines.length > 60);

describe("PlaceText", () => {
  test("tells a stretch of the file itself that has the hidden lines and some around them", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FILES),
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 4, max: 15 }),
        fc.integer({ min: 4, max: 15 }),
        fc.nat(60),
        (lines, seed, numHidden, above, below, column) => {
          const first = 15 + (seed % (lines.length - 40));
          const before = `${lines.slice(0, first).join("\n")}\n`;
          const hidden = lines.slice(first, first + numHidden).join("\n");
          const after = `\n${lines.slice(first + numHidden).join("\n")}`;
          const stretch = lines.slice(first - above, first + numHidden + below).join("\n");
          // From the line's start, and from within it.
          for (const cut of [0, Math.min(column, lines[first]!.length)]) {
            const place = new PlaceText(before + hidden.slice(0, cut), after);
            expect(place.isRepeatedBy(stretch)).toBe(true);
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("lets nearly all of other files through", () => {
    let numRepeated = 0;
    let numAll = 0;
    for (const [number, lines] of FILES.entries()) {
      const place = new PlaceText(lines.slice(0, 40).join("\n"), lines.slice(41).join("\n"));
      const other = FILES[(number + 1) % FILES.length]!;
      for (let at = 20; at + 15 < other.length; at += 15) {
        numAll++;
        if (place.isRepeatedBy(other.slice(at, at + 15).join("\n"))) numRepeated++;
      }
    }
    expect(numAll).toBeGreaterThan(200);
    expect(numRepeated / numAll).toBeLessThan(0.02);
  });

  test("is bounded in time for any text", () => {
    const text = "a b c d e f ".repeat(20_000);
    const start = threadMs();
    const place = new PlaceText(text, text);
    expect(place.isRepeatedBy(text.slice(0, 20_000))).toBe(true);
    expect(new PlaceText("", "").isRepeatedBy("")).toBe(false);
    expect(threadMs() - start).toBeLessThan(2_000);
  });
});
