import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeptAnchors } from "../../src/core/prompt/keptAnchors.ts";
import { anchorIndex } from "../../src/core/prompt/promptAnchor.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const LINE = { linesUp: 0 };

function lineAnchor(
  anchors: KeptAnchors,
  key: string,
  prefixText: string,
  suffixText: string,
): number {
  return anchors.anchorAt(key, { prefixText, suffixText }, LINE);
}

/** What a person does to a document with a cursor. */
type Edit =
  | { readonly kind: "type"; readonly text: string }
  | { readonly kind: "delete"; readonly count: number }
  | { readonly kind: "jump"; readonly to: number }
  | { readonly kind: "changeBelow"; readonly text: string };

const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("type" as const),
        text: fc.constantFrom("a", "(", "\n", "  ", "x.y"),
      }),
    },
    fc.record({ kind: fc.constant("delete" as const), count: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ kind: fc.constant("jump" as const), to: fc.nat(60) }),
    fc.record({ kind: fc.constant("changeBelow" as const), text: fc.constantFrom(")", "z\n") }),
  ),
  { maxLength: 40 },
);

function* statesOf(
  list: readonly Edit[],
): Generator<{ edit: Edit; prefix: string; suffix: string }> {
  let prefix = "const a = 1;\nfunction f() {\n  ";
  let suffix = "\n}\nconst b = 2;\n";
  for (const edit of list) {
    if (edit.kind === "type") prefix += edit.text;
    else if (edit.kind === "delete") prefix = prefix.slice(0, -edit.count);
    else if (edit.kind === "changeBelow") suffix = edit.text + suffix;
    else {
      const text = prefix + suffix;
      const at = Math.min(edit.to, text.length);
      [prefix, suffix] = [text.slice(0, at), text.slice(at)];
    }
    yield { edit, prefix, suffix };
  }
}

describe("KeptAnchors", () => {
  test("an anchor stands in the text before the cursor", () => {
    fc.assert(
      fc.property(
        edits,
        fc.constantFrom(LINE, { linesUp: 2 }, "file" as const, "cursor" as const),
        (list, rule) => {
          const anchors = new KeptAnchors();
          for (const { prefix, suffix } of statesOf(list)) {
            const index = anchors.anchorAt(
              "a.ts",
              { prefixText: prefix, suffixText: suffix },
              rule,
            );
            expect(index).toBeGreaterThanOrEqual(0);
            expect(index).toBeLessThanOrEqual(prefix.length);
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  test("while text is typed, and deleted down to it, the anchor stays", () => {
    const keys = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom("a", "b(", "\n", " ") },
        fc.constant("delete" as const),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(keys, (list) => {
        const anchors = new KeptAnchors();
        const start = "one\ntwo\n";
        let typed = "";
        expect(lineAnchor(anchors, "a.ts", start, "\nend")).toBe(start.length);
        for (const key of list) {
          typed = key === "delete" ? typed.slice(0, -1) : typed + key;
          expect(lineAnchor(anchors, "a.ts", start + typed, "\nend")).toBe(start.length);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("deleting beyond it, a jump, another document, or other text behind the cursor sets a new one", () => {
    const anchors = new KeptAnchors();
    lineAnchor(anchors, "a.ts", "one\ntwo\n", "\nend");
    expect(lineAnchor(anchors, "a.ts", "one\ntw", "\nend")).toBe(4);
    expect(lineAnchor(anchors, "a.ts", "o", "ne\ntwo\n\nend")).toBe(0);
    expect(lineAnchor(anchors, "b.ts", "one\ntwo\nx", "\nend")).toBe(8);
    const changed = lineAnchor(anchors, "a.ts", "one\ntwo\nf(\n  ", ")\nend");
    expect(changed).toBe("one\ntwo\nf(\n".length);
  });

  test("coming back finds the anchor of the earlier place, the closest before the cursor", () => {
    const anchors = new KeptAnchors();
    lineAnchor(anchors, "a.ts", "one\ntwo\n", "\nend");
    // An editor closes the bracket, and the person types over what it closed.
    lineAnchor(anchors, "a.ts", "one\ntwo\nf(", ")\nend");
    expect(lineAnchor(anchors, "a.ts", "one\ntwo\nf(1)", "\nend")).toBe(8);
    lineAnchor(anchors, "b.ts", "elsewhere\n", "");
    expect(lineAnchor(anchors, "a.ts", "one\ntwo\nf(1);\ng", "\nend")).toBe(8);
  });

  test("so much is typed that the prefix lacks too much of it: a new one", () => {
    const anchors = new KeptAnchors();
    const start = "one\n";
    lineAnchor(anchors, "a.ts", start, "");
    const long = `${start}${"x".repeat(1500)}\n${"y".repeat(600)}`;
    expect(lineAnchor(anchors, "a.ts", long, "")).toBe(anchorIndex(long, LINE));
  });

  test("is renewed where much was typed behind it, and the one before is there for who deletes that again", () => {
    const anchors = new KeptAnchors();
    const start = { prefixText: "one\n", suffixText: "\nend" };
    anchors.anchorAt("a.ts", start, LINE);
    const little = { ...start, prefixText: `${start.prefixText}${"x".repeat(100)}\ny` };
    expect(anchors.renewalAt("a.ts", little, LINE)).toBeUndefined();
    const much = { ...start, prefixText: `${start.prefixText}${"x".repeat(300)}\ny` };
    expect(anchors.renewalAt("a.ts", much, LINE)).toBe(much.prefixText.length - 1);
    // Not before its prompt was read.
    expect(anchors.anchorAt("a.ts", much, LINE)).toBe(4);
    anchors.renew("a.ts", much, LINE);
    expect(anchors.anchorAt("a.ts", much, LINE)).toBe(much.prefixText.length - 1);
    expect(anchors.renewalAt("a.ts", much, LINE)).toBeUndefined();
    expect(anchors.anchorAt("a.ts", little, LINE)).toBe(4);
    // Many renewals leave other places what they were.
    anchors.forget();
    anchors.anchorAt("b.ts", start, LINE);
    let text = start;
    anchors.anchorAt("a.ts", text, LINE);
    for (let times = 0; times < 6; times++) {
      text = { ...text, prefixText: `${text.prefixText}${"x".repeat(300)}\n` };
      expect(anchors.renewalAt("a.ts", text, LINE)).toBe(text.prefixText.length);
      anchors.renew("a.ts", text, LINE);
    }
    expect(anchors.anchorAt("b.ts", { ...start, prefixText: "one\ntwo\n" }, LINE)).toBe(4);
    // What was forgotten while its prompt was read does not come back.
    const later = { ...text, prefixText: `${text.prefixText}${"x".repeat(300)}\ny` };
    anchors.forget();
    expect(anchors.renewalAt("a.ts", later, LINE)).toBeUndefined();
    anchors.renew("a.ts", later, LINE);
    expect(anchors.anchorAt("a.ts", { ...later, prefixText: `${later.prefixText}\n` }, LINE)).toBe(
      later.prefixText.length + 1,
    );
    for (const rule of ["cursor", "file"] as const) {
      expect(anchors.renewalAt("a.ts", much, rule)).toBeUndefined();
      anchors.renew("a.ts", much, rule);
    }
  });

  test("an anchor of another rule is none, and forgotten ones are gone", () => {
    const anchors = new KeptAnchors();
    const typed = { prefixText: "one\ntwo\n  x", suffixText: "" };
    expect(anchors.anchorAt("a.ts", typed, { linesUp: 1 })).toBe(4);
    expect(anchors.anchorAt("a.ts", typed, LINE)).toBe(8);
    expect(anchors.anchorAt("a.ts", { ...typed, prefixText: "one\ntwo\n  x\ny" }, LINE)).toBe(8);
    anchors.forget();
    expect(anchors.anchorAt("a.ts", { ...typed, prefixText: "one\ntwo\n  x\ny" }, LINE)).toBe(12);
  });
});
