import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ggufStrings } from "../../../src/gguf/ggufHeader.ts";
import { type LlamaModel, openModel } from "../../../src/llama/model/llamaModel.ts";
import { TokenDecoder, type Vocabulary } from "../../../src/llama/model/vocabulary.ts";
import { loadLlamaLibrary } from "../../../src/llama/native/llamaLibrary.ts";
import { TARGET_PATH, TEST_GPU } from "../../support/models.ts";
import { NEVER } from "../../support/never.ts";
import { NUM_RUNS } from "../../support/numRuns.ts";
import { packageSources } from "../../support/packageSources.ts";

let model: LlamaModel;
let vocabulary: Vocabulary;
beforeAll(async () => {
  model = await openModel(await loadLlamaLibrary(TEST_GPU), TARGET_PATH, { gpuLayers: 0 }, NEVER);
  vocabulary = model.vocabulary;
});
afterAll(() => model[Symbol.dispose]());

function controlToken(text: string): number {
  const id = ggufStrings(model.header, "tokenizer.ggml.tokens")!.indexOf(text);
  expect(id).toBeGreaterThanOrEqual(0);
  return id;
}

/** Text as a file holds it: whole characters. */
const text = fc.string({ unit: "binary", maxLength: 200 });

describe("Vocabulary", () => {
  test("gives back any text, and no more tokens than bytes", () => {
    fc.assert(
      fc.property(text, (value) => {
        const tokens = vocabulary.tokenize(value);
        expect(vocabulary.detokenize(tokens)).toBe(value);
        expect(tokens.length).toBeLessThanOrEqual(Buffer.byteLength(value));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("gives back real sources, in far fewer tokens than bytes", () => {
    for (const { path, text: source } of packageSources().slice(0, 20)) {
      const tokens = vocabulary.tokenize(source);
      expect(vocabulary.detokenize(tokens) === source, path).toBe(true);
      expect(tokens.length * 2, path).toBeLessThan(source.length);
    }
  });

  test.each([
    ["", 0],
    ["\r\n\r\n", 4],
    ["\ufeffconst a", 12],
    ["\0", 1],
    ["👩‍👩‍👧‍👦", 25],
  ])("gives back %j", (value, maxTokens) => {
    const tokens = vocabulary.tokenize(value);
    expect(vocabulary.detokenize(tokens)).toBe(value);
    expect(tokens.length).toBeLessThanOrEqual(maxTokens);
  });

  test("replaces half a surrogate pair, as it is no text", () => {
    expect(vocabulary.detokenize(vocabulary.tokenize("a\ud83d"))).toBe("a\ufffd");
  });

  test("reads markers in a text as text", () => {
    const marker = "<|fim_prefix|>";
    const asText = vocabulary.tokenize(marker);
    expect(asText.length).toBeGreaterThan(1);
    expect(vocabulary.detokenize(asText)).toBe(marker);
    // Control tokens have no text of their own, so none can reach an editor.
    expect(vocabulary.detokenize([controlToken(marker)])).toBe("");
  });

  test("knows the end tokens, and takes ids beyond the vocabulary for none", () => {
    expect(vocabulary.isEndToken(controlToken("<|endoftext|>"))).toBe(true);
    const [ordinary] = vocabulary.tokenize("const");
    expect(vocabulary.isEndToken(ordinary!)).toBe(false);
    expect([-1, vocabulary.size, 2 ** 31 - 1].map((id) => vocabulary.isEndToken(id))).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("every token has bytes, and all texts can be written with single bytes alone", () => {
    const single = new Set<number>();
    for (let token = 0; token < vocabulary.size; token++) {
      const bytes = vocabulary.pieceBytes(token);
      if (bytes.length === 1) single.add(bytes[0]!);
      expect(vocabulary.pieceBytes(token)).toBe(bytes);
    }
    // 0xF5 … 0xFF, 0xC0 and 0xC1 occur in no text, but a byte-level vocabulary has them all.
    expect(single.size).toBe(256);
  });

  test("the table of pieces has the bytes of every token, none for markers and end tokens", () => {
    const { bytes, starts } = vocabulary.pieceTable();
    expect(starts.length).toBe(vocabulary.size + 1);
    expect(starts[vocabulary.size]).toBe(bytes.length);
    for (let token = 0; token < vocabulary.size; token++) {
      const piece = bytes.subarray(starts[token], starts[token + 1]);
      expect(Buffer.compare(piece, vocabulary.pieceBytes(token))).toBe(0);
      if (vocabulary.isEndToken(token)) expect(piece.length).toBe(0);
    }
  });
});

describe("TokenDecoder", () => {
  test("holds back the bytes of a character until it is whole, and pieces make up the text", () => {
    fc.assert(
      fc.property(text, (value) => {
        const decoder = new TokenDecoder(vocabulary);
        const tokens = vocabulary.tokenize(value);
        const pieces = Array.from(tokens, (token) => decoder.push(token));
        expect(pieces.join("") + decoder.finish()).toBe(value);
        for (const piece of pieces) expect(Buffer.from(piece).toString()).toBe(piece);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("splits a character over tokens: nothing, nothing, then all of it", () => {
    const tokens = vocabulary.tokenize("\u{1F9EA}");
    expect(tokens.length).toBeGreaterThan(1);
    const decoder = new TokenDecoder(vocabulary);
    const pieces = Array.from(tokens, (token) => decoder.push(token));
    expect(pieces.slice(0, -1).every((piece) => piece === "")).toBe(true);
    expect(pieces.at(-1)).toBe("\u{1F9EA}");
  });

  test("an unfinished character becomes U+FFFD at the end, and spoils nothing that follows", () => {
    const [first] = vocabulary.tokenize("\u{1F9EA}");
    const cut = new TokenDecoder(vocabulary);
    expect(cut.push(first!) + cut.finish()).toBe("\ufffd");
    const followed = new TokenDecoder(vocabulary);
    const after = vocabulary.tokenize("ok");
    const pieces = [followed.push(first!), ...Array.from(after, (token) => followed.push(token))];
    expect(pieces.join("")).toBe("\ufffdok");
  });
});
