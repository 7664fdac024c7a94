import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EngineError, messageOf } from "../../src/core/base/errors.ts";
import {
  foreignText,
  labelText,
  MAX_MESSAGE_LENGTH,
  markdownText,
  nameText,
  pathText,
  quotedText,
  visibleText,
} from "../../src/core/base/foreignText.ts";
import {
  activeInLabel,
  hostileText,
  markdownReads,
  markdownShape,
  unseenIn,
} from "../support/hostileText.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const PATH = "/models/[x]/my $(model) (v2).gguf";

describe("foreignText", () => {
  test("is one short line that can do nothing to a terminal", () => {
    const maxLength = fc.integer({ min: 1, max: 900 });
    fc.assert(
      fc.property(hostileText(), maxLength, (text, length) => {
        const line = foreignText(text, length);
        expect(unseenIn(line)).toEqual([]);
        expect(line.length).toBeLessThanOrEqual(length);
        expect(foreignText(line, length)).toBe(line);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("leaves ordinary text and paths as they are", () => {
    for (const text of [PATH, "Grüße, 漢字 🙂 – \\\\server\\share", ""]) {
      expect(foreignText(text)).toBe(text);
    }
  });

  test("shows what it disarms, and cuts in the middle, between characters", () => {
    expect(foreignText("a\u001b]0;x\u0007\n\u009b\u202e\ud83d")).toBe(
      "a\\u001b]0;x\\u0007\\n\\u009b\\u202e\\ud83d",
    );
    expect(foreignText("0123456789", 5)).toBe("01…89");
    expect(foreignText("🙂🙂🙂🙂", 5)).toBe("🙂…🙂");
    expect(foreignText("🙂🙂🙂🙂", 4)).toBe("🙂…");
  });
});

describe("visibleText", () => {
  test("keeps lines and tabs, and gives JSON that means the same", () => {
    expect(visibleText("a\tb\r\nc\u001b[2J")).toBe("a\tb\\r\nc\\u001b[2J");
    fc.assert(
      fc.property(hostileText(), (text) => {
        const shown = visibleText(text);
        expect(unseenIn(shown.replaceAll(/[\n\t]/g, ""))).toEqual([]);
        const value = { text, [text]: [text] };
        expect(JSON.parse(visibleText(JSON.stringify(value, null, 2)))).toEqual(value);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("names, paths and values", () => {
  test("are short lines, and a path keeps its ends", () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        for (const [line, length] of [
          [pathText(text), 240],
          [nameText(text), 100],
          // Each character may take six, and the quotes two.
          [quotedText(text), 6 * 60 + 2],
        ] as const) {
          expect(unseenIn(line)).toEqual([]);
          expect(line.length).toBeLessThanOrEqual(length);
        }
      }),
      { numRuns: NUM_RUNS },
    );
    const long = `/models/${"long/".repeat(100)}end.gguf`;
    expect(pathText(long)).toMatch(/^\/models\/long.*….*\/end\.gguf$/);
    expect(pathText(PATH)).toBe(PATH);
    expect(quotedText('a"b\u009b')).toBe('"a\\"b\\u009b"');
  });
});

describe("labelText", () => {
  test("holds no link and no icon, whatever stands beside it", () => {
    fc.assert(
      fc.property(hostileText(), hostileText(), (text, other) => {
        const label = labelText(text);
        expect(unseenIn(label)).toEqual([]);
        expect(activeInLabel(label)).toEqual([]);
        expect(labelText(`${label}${labelText(other)}`).match(/[\]$]\(/g)).toBeNull();
        expect(labelText(label)).toBe(label);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("leaves a path to be read", () => {
    expect(labelText(PATH)).toBe("/models/[x]/my $ (model) (v2).gguf");
    expect(labelText("/models/[x](y)/m.gguf")).toBe("/models/[x] (y)/m.gguf");
  });
});

describe("markdownText", () => {
  test("is plain words wherever it stands, and reads as the label does", () => {
    const shapes = new Map<(text: string) => string, string[]>();
    const places = [
      (text: string) => `before ${text} after`,
      (text: string) => `x${text}`,
      (text: string) => `- x\n- x${text}\n- x`,
      (text: string) => `| a | b |\n|---|---|\n| ${text} | x${text} |`,
      (text: string) => `# x ${text}\n\n**x ${text}**\n\n${text}\n\nx`,
      (text: string) => `> - x${text}\n\n- ${text}`,
    ];
    for (const place of places) shapes.set(place, markdownShape(place("word")));
    fc.assert(
      fc.property(hostileText(), (text) => {
        const markdown = markdownText(text);
        expect(unseenIn(markdown)).toEqual([]);
        const read = markdownReads(`x ${markdown}`).slice(2);
        expect(activeInLabel(read)).toEqual([]);
        const same = (shown: string) => shown.replaceAll(/(?<=[/@]) | /g, "");
        expect(same(read)).toBe(same(labelText(text)));
        if (markdown === "") return;
        for (const [place, shape] of shapes) expect(markdownShape(place(markdown))).toEqual(shape);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("leaves ordinary words as they are", () => {
    const words = "immer 10.1.1, @reduxjs/toolkit (12 files, 0.9 MB); t(n) is 2.5 × plain's";
    expect(markdownText(words)).toBe(words);
  });
});

describe("EngineError and messageOf", () => {
  test("are one line of bounded length, whatever was put into them", () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const failure = new EngineError("internal", `Model file ${text}: found ${text}.`);
        expect(activeInLabel(failure.message)).toEqual([]);
        for (const message of [failure.message, messageOf(new Error(text)), messageOf(text)]) {
          expect(unseenIn(message)).toEqual([]);
          expect(message.length).toBeLessThanOrEqual(MAX_MESSAGE_LENGTH);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
