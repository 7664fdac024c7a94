import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cursorWindow,
  MAX_PREFIX_CHARS,
  MAX_SUFFIX_CHARS,
  WINDOW_STEP_CHARS,
} from "../../src/ui/suggest/documentContext.ts";
import { FakeDocument } from "../fakes/fakeDocument.ts";
import { Position, Range } from "../fakes/fakeVscode.ts";

type Source = Parameters<typeof cursorWindow>[0];

function sourceOf(text: string): Source & { numRead: () => number } {
  const document = new FakeDocument(text) as unknown as Source;
  let numRead = 0;
  return {
    offsetAt: (position) => document.offsetAt(position),
    positionAt: (offset) => document.positionAt(offset),
    getText: (range) => {
      const found = document.getText(range);
      numRead += found.length;
      return found;
    },
    numRead: () => numRead,
  };
}

/** A text with `█` at the cursor. */
function atCursor(marked: string, ...rest: [Parameters<typeof cursorWindow>[2]?, string[]?]) {
  const offset = marked.indexOf("█");
  const source = sourceOf(marked.replace("█", ""));
  return cursorWindow(source, source.positionAt(offset), ...rest);
}

describe("cursorWindow", () => {
  test("splits a small document at the cursor", () => {
    expect(atCursor("a\n\tfoo(█)\nb\n")).toEqual({
      prefixText: "a\n\tfoo(",
      suffixText: ")\nb\n",
    });
    expect(atCursor("█")).toEqual({ prefixText: "", suffixText: "" });
  });

  test("gives line feeds for CRLF", () => {
    expect(atCursor("a\r\nb█\r\nc\r\n")).toEqual({ prefixText: "a\nb", suffixText: "\nc\n" });
  });

  test("reads as if the selected entry of the suggest widget was taken", () => {
    const range = new Range(new Position(0, 4), new Position(0, 6)) as never;
    expect(atCursor("foo.to█()\n", { range, text: "toString" })).toEqual({
      prefixText: "foo.toString",
      suffixText: "()\n",
    });
  });

  test("puts earlier cells of the notebook before the text, the nearest last", () => {
    expect(atCursor("z = x█", undefined, ["x = 1\n\n", "y = 2"]).prefixText).toBe(
      "x = 1\ny = 2\nz = x",
    );
    const long = "l".repeat(MAX_PREFIX_CHARS);
    expect(atCursor("z█", undefined, ["x", long, "y"]).prefixText).toBe("y\nz");
  });

  test("cuts long files at line starts, within the limits, and reads no more than that", () => {
    const line = `${"x".repeat(99)}\n`;
    const text = line.repeat(5000);
    const source = sourceOf(text);
    const { prefixText, suffixText } = cursorWindow(source, source.positionAt(250_010));
    expect(prefixText.length).toBeLessThanOrEqual(MAX_PREFIX_CHARS);
    expect(prefixText.length).toBeGreaterThan(MAX_PREFIX_CHARS - WINDOW_STEP_CHARS - line.length);
    expect(suffixText.length).toBeLessThanOrEqual(MAX_SUFFIX_CHARS);
    expect(prefixText.startsWith(line)).toBe(true);
    expect(suffixText.endsWith("\n")).toBe(true);
    expect(source.numRead()).toBe(prefixText.length + suffixText.length);
  });

  test("keeps the window's start while the user types on", () => {
    const text = `${"x".repeat(99)}\n`.repeat(2000);
    const starts = new Set<number>();
    for (let offset = 150_000; offset < 150_000 + WINDOW_STEP_CHARS; offset += 97) {
      const source = sourceOf(text);
      const { prefixText } = cursorWindow(source, source.positionAt(offset));
      starts.add(offset - prefixText.length);
    }
    expect(starts.size).toBeLessThanOrEqual(2);
  });

  test("never splits a surrogate pair and always is what stands around the cursor", () => {
    const part = fc.constantFrom("a", "\n", "😀", "\t", "x".repeat(9000), "😀".repeat(9000));
    const texts = fc.array(part, { maxLength: 20 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(texts, fc.nat(), (text, seed) => {
        let offset = seed % (text.length + 1);
        if (/[\uDC00-\uDFFF]/.test(text.charAt(offset))) offset--;
        const source = sourceOf(text);
        const { prefixText, suffixText } = cursorWindow(source, source.positionAt(offset));
        expect(text.slice(0, offset).endsWith(prefixText)).toBe(true);
        expect(text.slice(offset).startsWith(suffixText)).toBe(true);
        expect(prefixText + suffixText).not.toMatch(/\p{Surrogate}/u);
        expect(prefixText.length).toBeLessThanOrEqual(MAX_PREFIX_CHARS);
      }),
      { numRuns: 60 },
    );
  });
});
