/** Files tokenized in slices have the tokens of the whole text, so that what prompts hold is found in them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackgroundTurns } from "../../src/engine/base/backgroundTurns.ts";
import { SlicedTokenizer } from "../../src/engine/indexing/workspaceTokenizer.ts";
import { BenchWorkspace } from "../../src/engine/measure/benchWorkspace.ts";
import { type OpenedTarget, openTarget } from "../support/models.ts";
import { NEVER } from "../support/never.ts";
import { packageSources } from "../support/packageSources.ts";

const TEXTS = packageSources().map(({ text }) => text.replaceAll("\r\n", "\n"));

describe("SlicedTokenizer", () => {
  let target: OpenedTarget;
  beforeAll(async () => {
    target = await openTarget();
  });
  afterAll(() => target[Symbol.dispose]());

  /** Every slice takes so many ms, whatever the machine does. */
  const tokenizerAt = (sliceMs: number) => {
    let ms = 0;
    return new SlicedTokenizer(target.model, new BackgroundTurns(), () => (ms += sliceMs));
  };

  test("gives the tokens of the whole, whatever the length", async () => {
    const tokenizer = tokenizerAt(3);
    const { vocabulary } = target.model;
    for (const text of ["", "a", ...TEXTS, TEXTS.join("")]) {
      const tokens = await tokenizer.tokenize(text, NEVER);
      expect(tokens).toEqual(vocabulary.tokenize(text));
    }
    expect(await tokenizer.tokenize("a\r\nb\rc", NEVER)).toEqual(vocabulary.tokenize("a\nb\nc"));
    expect(tokenizer.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(tokenizer.vocabSize).toBe(vocabulary.size);
  });

  test("in the shortest slices, gives the same text, and other tokens at the ends of some", async () => {
    const tokenizer = tokenizerAt(1000);
    const { vocabulary } = target.model;
    const text = TEXTS.join("");
    const whole = vocabulary.tokenize(text);
    const tokens = await tokenizer.tokenize(text, NEVER);
    expect(vocabulary.detokenize(tokens)).toBe(text);
    expect(Math.abs(tokens.length - whole.length)).toBeLessThan(whole.length / 1000);
  });

  test("takes the thread for a few ms at a time, and stops with the signal", async () => {
    const turns = new BackgroundTurns();
    const tokenizer = new SlicedTokenizer(target.model, turns);
    const text = TEXTS.join("");
    let numTurns = 0;
    const next = turns.next.bind(turns);
    turns.next = (signal) => {
      numTurns++;
      return next(signal);
    };
    await tokenizer.tokenize(text, NEVER);
    expect(numTurns).toBeGreaterThan(text.length / 100_000);
    const controller = new AbortController();
    const running = tokenizer.tokenize(text, controller.signal);
    controller.abort();
    await expect(running).rejects.toThrow(/abort/i);
  });

  test("fills an index of texts in memory", async () => {
    const tokenizer = new SlicedTokenizer(target.model, new BackgroundTurns());
    const files = TEXTS.slice(0, 10).map((text, number) => ({ path: `${number}.ts`, text }));
    const done: number[] = [];
    const onProgress = (numDone: number) => done.push(numDone);
    const workspace = await BenchWorkspace.open(files, tokenizer, onProgress, NEVER);
    const { index } = await workspace.enterSpot(undefined, NEVER);
    expect(done).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const { path, text } of files) {
      const indexed = index.files().find((file) => file.path === path);
      expect(target.model.vocabulary.detokenize(indexed?.tokens ?? [])).toBe(text);
    }
  });
});
