import { expect, test } from "vitest";
import { APPENDED_PROMPT } from "../../src/core/prompt/promptAnchor.ts";
import { gateOf } from "../../src/engine/complete/gates.ts";
import { loadedModels } from "../support/completionResults.ts";

const { target } = loadedModels();
const MEASURED = { ...target, name: "Qwen2.5 Coder 0.5B Instruct AWQ", fileBytes: 491_400_064 };

test("a model says how sure it is where it was measured: this file, with prompts as the editor asks", () => {
  expect(gateOf(MEASURED, APPENDED_PROMPT)).toHaveLength(5);
  expect(gateOf({ ...MEASURED, fileBytes: 1 }, APPENDED_PROMPT)).toBeUndefined();
  expect(gateOf({ ...MEASURED, name: "another" }, APPENDED_PROMPT)).toBeUndefined();
  expect(gateOf(MEASURED, { ...APPENDED_PROMPT, heals: false })).toBeUndefined();
  expect(gateOf(MEASURED, { heals: true })).toBeUndefined();
  expect(gateOf(MEASURED, { heals: true, anchor: { linesUp: 8 } })).toBeUndefined();
});
