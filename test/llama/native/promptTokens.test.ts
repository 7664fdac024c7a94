import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LlamaModel, openModel } from "../../../src/llama/model/llamaModel.ts";
import { loadLlamaLibrary } from "../../../src/llama/native/llamaLibrary.ts";
import { PromptTokens } from "../../../src/llama/text/promptTokens.ts";
import { TARGET_PATH, TEST_GPU } from "../../support/models.ts";
import { NEVER } from "../../support/never.ts";
import { packageSources } from "../../support/packageSources.ts";

let model: LlamaModel;
beforeAll(async () => {
  model = await openModel(await loadLlamaLibrary(TEST_GPU), TARGET_PATH, { gpuLayers: 0 }, NEVER);
});
afterAll(() => model[Symbol.dispose]());

describe("PromptTokens", () => {
  test("are those of the whole text, while it grows, shrinks and is replaced", () => {
    const promptTokens = new PromptTokens(model);
    const sources = packageSources().map(({ text }) => text);
    const crlf = sources.slice(0, 5).map((text) => text.replaceAll("\n", "\r\n"));
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(fc.constantFrom(...sources, ...crlf), cuts, (source, shares) => {
        for (const share of shares) {
          const cut = Math.floor(share * Math.min(source.length, 9000));
          const [prefix, suffix] = [source.slice(0, cut), source.slice(cut, cut + 4000)];
          expect(promptTokens.ofBefore("prefix", prefix)).toEqual(
            model.vocabulary.tokenize(prefix),
          );
          expect(promptTokens.ofSuffix(suffix)).toEqual(model.vocabulary.tokenize(suffix));
        }
      }),
      { numRuns: 50 },
    );
  });
});
