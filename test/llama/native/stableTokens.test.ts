/** What is called stable is: llama.cpp's own tokens of the whole text begin with it, whatever follows. */
import { describe, expect, test } from "vitest";
import { PRE_TOKENIZERS, splitRulesOf } from "../../../src/llama/text/preTokenizers.ts";
import { PromptTokens } from "../../../src/llama/text/promptTokens.ts";
import { StableBoundary } from "../../../src/llama/text/stableTokens.ts";
import { NUM_RUNS } from "../../support/numRuns.ts";
import { expectStable } from "../../support/stableTexts.ts";
import {
  asSentencePiece,
  openVariant,
  withPreTokenizer,
  withUserDefined,
} from "../../support/tokenizerVariants.ts";

describe("stable tokens", () => {
  // One of each set of rules.
  const names = PRE_TOKENIZERS.filter(
    (name, index) =>
      PRE_TOKENIZERS.findIndex((other) => splitRulesOf(other) === splitRulesOf(name)) === index,
  );

  test.each(names)("of the pre-tokenizer %s", async (name) => {
    using model = await openVariant(withPreTokenizer(name));
    expect(new StableBoundary(model).hasRules).toBe(true);
    expectStable(model, NUM_RUNS);
  });

  test("of one whose rules are not known", async () => {
    using model = await openVariant(withPreTokenizer("viking"));
    expect(new StableBoundary(model).hasRules).toBe(false);
    expectStable(model, NUM_RUNS);
  });

  test("of SentencePiece, which splits nothing", async () => {
    using model = await openVariant(asSentencePiece);
    expect(new StableBoundary(model).hasRules).toBe(false);
    expectStable(model, NUM_RUNS);
  });

  test("where some texts are tokens before anything is split", async () => {
    const texts = ["<tool_call>", "</tool_call>", "    ", "  ", "\t\t", "();\n"];
    using model = await openVariant(withUserDefined(texts));
    expectStable(model, NUM_RUNS);
    const { pendingText } = new PromptTokens(model).ofStable("prefix", "x = <tool_ca");
    expect(pendingText.endsWith("<tool_ca")).toBe(true);
  });

  test("of Qwen's rules, at what is typed", async () => {
    using model = await openVariant(withPreTokenizer("qwen2"));
    const promptTokens = new PromptTokens(model);
    const pendingOf = (text: string) => promptTokens.ofStable("prefix", text).pendingText;
    expect(pendingOf("const list = items.app")).toBe(".app");
    expect(pendingOf("items.")).toBe(".");
    expect(pendingOf("call(a, ")).toBe(" ");
    expect(pendingOf("if (x) {\n    ")).toBe("    ");
    expect(pendingOf("x\n    ")).toBe("\n    ");
    expect(pendingOf("return")).toBe("return");
    expect(pendingOf("x = 12")).toBe("");
    expect(pendingOf("")).toBe("");
  });

  test("of a vocabulary that drops what it has no token for", async () => {
    using model = await openVariant(withPreTokenizer("viking"));
    const { vocabulary } = model;
    const asciiOnly = {
      tokenize: (text: string) => vocabulary.tokenize(text.replaceAll(/[^\t-~]/g, "")),
      pieceBytes: (token: number) => vocabulary.pieceBytes(token),
      pieceTable: () => vocabulary.pieceTable(),
    };
    const boundary = new StableBoundary({ header: model.header, vocabulary: asciiOnly });
    for (const text of ["漢字", "x漢", "a 漢字 b漢"]) {
      const { tokens, pendingText } = boundary.part(text, asciiOnly.tokenize(text));
      expect(text.endsWith(pendingText)).toBe(true);
      const before = text.slice(0, text.length - pendingText.length);
      expect(tokens).toEqual(asciiOnly.tokenize(before));
    }
  });

  test("data of many tokens is cut near its end, between characters", async () => {
    using model = await openVariant(withPreTokenizer("qwen2"));
    const promptTokens = new PromptTokens(model);
    for (const text of ["Zm9vYmFy".repeat(2000).replaceAll(/\d/g, "q"), "漢字仮名".repeat(2000)]) {
      const { tokens, pendingText } = promptTokens.ofStable("prefix", `const data = "${text}`);
      expect(pendingText.length).toBeGreaterThan(0);
      expect(model.vocabulary.tokenize(pendingText).length).toBeLessThanOrEqual(13);
      expect(text.endsWith(pendingText)).toBe(true);
      expect(model.vocabulary.detokenize(tokens)).toBe(
        `const data = "${text}`.slice(0, -pendingText.length),
      );
    }
  });
});
