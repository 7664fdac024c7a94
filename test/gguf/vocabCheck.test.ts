import { describe, expect, test } from "vitest";
import type { GgufHeader, GgufValue } from "../../src/gguf/ggufHeader.ts";
import { checkSharedVocabulary, vocabularyDifference } from "../../src/gguf/vocabCheck.ts";

interface Vocab {
  readonly kind?: string;
  readonly tokens?: readonly string[];
  readonly bos?: number;
  readonly eos?: GgufValue;
}

function header(path: string, { kind = "gpt2", tokens = ["a", "b", "c"], bos, eos }: Vocab) {
  const metadata = new Map<string, GgufValue>([
    ["tokenizer.ggml.model", { type: "string", value: kind }],
    ["tokenizer.ggml.tokens", { type: "array", elementType: "string", value: tokens }],
  ]);
  if (bos !== undefined)
    metadata.set("tokenizer.ggml.bos_token_id", { type: "uint32", value: bos });
  if (eos !== undefined) metadata.set("tokenizer.ggml.eos_token_id", eos);
  const rest = { fileBytes: 0, tensors: [], dataOffset: 0, alignment: 32 };
  return { path, metadata, entrySpans: new Map(), ...rest } satisfies GgufHeader;
}

function difference(target: Vocab, draft: Vocab): string | undefined {
  return vocabularyDifference(header("target.gguf", target), header("draft.gguf", draft));
}

const words = (count: number) => Array.from({ length: count }, (_, id) => `word${id}`);

describe("vocabularyDifference", () => {
  test("finds none between equal vocabularies", () => {
    expect(difference({ bos: 1 }, { bos: 1 })).toBeUndefined();
  });

  test("forgives padding at the end of either, up to 128 tokens", () => {
    expect(difference({ tokens: words(100) }, { tokens: words(228) })).toBeUndefined();
    expect(difference({ tokens: words(228) }, { tokens: words(100) })).toBeUndefined();
    expect(difference({ tokens: words(100) }, { tokens: words(229) })).toBe(
      "the target has 100 tokens, the draft 229",
    );
  });

  test("names the first token that differs, however little", () => {
    expect(difference({}, { tokens: ["a", "B", "x"] })).toBe(
      'token 1 is "b" in the target and "B" in the draft',
    );
    expect(difference({ tokens: ["a\n"] }, { tokens: ["a"] })).toBe(
      'token 0 is "a\\n" in the target and "a" in the draft',
    );
  });

  test("names the tokenizers, and the marks that begin and end a text", () => {
    expect(difference({}, { kind: "llama" })).toBe(
      'the target\'s tokenizer is "gpt2", the draft\'s "llama"',
    );
    expect(difference({ bos: 1 }, { bos: 2 })).toBe(
      "tokenizer.ggml.bos_token_id is 1 in the target and 2 in the draft",
    );
    expect(difference({}, { eos: { type: "uint32", value: 0 } })).toBe(
      "tokenizer.ggml.eos_token_id is absent in the target and 0 in the draft",
    );
  });

  test("compares ids by value, whatever their width", () => {
    const eos: GgufValue = { type: "uint64", value: 2n };
    expect(difference({ eos: { type: "uint32", value: 2 } }, { eos })).toBeUndefined();
  });
});

describe("checkSharedVocabulary", () => {
  test("throws with both paths, the difference and what to do", () => {
    const check = () => checkSharedVocabulary(header("t.gguf", {}), header("d.gguf", { bos: 1 }));
    expect(check).toThrow(
      expect.objectContaining({
        code: "vocabMismatch",
        message: expect.stringMatching(/^d\.gguf .* t\.gguf: .*bos_token_id.*\. Choose/),
      }),
    );
    expect(() => checkSharedVocabulary(header("t.gguf", {}), header("d.gguf", {}))).not.toThrow();
  });
});
