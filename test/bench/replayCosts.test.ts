import { describe, expect, test } from "vitest";
import { flatCosts, modelledCost } from "../../tooling/traces/replay/replayCosts.ts";
import { recordFakes } from "../support/traces.ts";

const { header } = await recordFakes({
  vocabSize: 3,
  order: 1,
  seed: 1,
  draftSeed: 1,
  prompts: [[1]],
  endTokens: [],
  maxTokens: 1,
});

describe("flatCosts", () => {
  test("rows up to the width cost as one, those beyond their share; the draft model a tenth", () => {
    const costs = flatCosts(header, 16);
    const target = modelledCost(costs.target, 128);
    const draft = modelledCost(costs.draft, 128);
    const one = header.target.passMs[0]!.ms;
    for (const numRows of [1, 2, 15, 16]) {
      expect(target.passMs(numRows)).toBeCloseTo(one);
      expect(draft.passMs(numRows)).toBeCloseTo(one / 10);
    }
    for (const numRows of [32, 64, 128]) {
      expect(target.passMs(numRows)).toBeCloseTo((one * numRows) / 16);
    }
    expect(costs.unionNodes).toBe(15);
  });
});
