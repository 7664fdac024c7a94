/**
 * The promise on real quantized weights: along a given text speculation flips no more of the target's choices than plain
 * decoding does when its prompt is cut elsewhere and its passes have other rows. The planted faults do.
 *
 * More positions, 128 a text: TREELINE_FLOOR_TEXTS=24 npm run test:real -- test/real/noiseFloor.test.ts
 * With TREELINE_FLOOR_FILE=FILE each text's figures are kept there, and those that are in it are not measured again.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RecyclingDrafter } from "../../src/core/drafters/recyclingDrafter.ts";
import { RecyclingStore } from "../../src/core/drafters/recyclingStore.ts";
import { SuffixDrafter } from "../../src/core/drafters/suffixDrafter.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import type { TargetModel } from "../../src/core/tree/targetModel.ts";
import { type OpenedTarget, openTarget } from "../support/models.ts";
import { SecondBestTarget, WrongLeafTarget } from "../support/mutantTargets.ts";
import {
  countFlips,
  countMutantFlips,
  describeRates,
  flipRates,
  MAX_DIFFERENCE,
  type TextFlips,
} from "../support/noiseFloor.ts";
import { checkRealModels, REAL_DRAFT_PATH, REAL_TARGET_PATH } from "../support/realModels.ts";
import { forcedTexts } from "../support/realTexts.ts";

const NUM_TEXTS = Number(process.env["TREELINE_FLOOR_TEXTS"] ?? 0);
const KEPT_FILE = process.env["TREELINE_FLOOR_FILE"];
const NUM_PROMPT_TOKENS = 64;
const NUM_POSITIONS = 128;
const NUM_NODES = 5;
/** A few show a planted fault. */
const NUM_MUTANT_TEXTS = 3;
const SEED = 20_261_129;

const MUTANTS = [
  {
    name: "second best token accepted",
    mutate: (target: TargetModel) => new SecondBestTarget(target),
  },
  { name: "wrong leaf committed", mutate: (target: TargetModel) => new WrongLeafTarget(target) },
];

checkRealModels();

const drafters = (store: RecyclingStore): Drafter[] => [
  new RecyclingDrafter(store),
  new SuffixDrafter(),
];

/** Figures of the loop as it is that an earlier run kept, by the text's number. */
function keptFlips(name: string): Map<number, TextFlips> {
  if (KEPT_FILE === undefined || !existsSync(KEPT_FILE)) return new Map();
  const lines = readFileSync(KEPT_FILE, "utf8").split("\n");
  // The last line of a run that was killed may be cut off.
  const texts = lines
    .filter((line) => line.endsWith("}"))
    .map((line): { name: string; index: number; flips: TextFlips } => JSON.parse(line));
  return new Map(
    texts.filter((text) => text.name === name).map((text) => [text.index, text.flips]),
  );
}

/** Flips of the loop as it is, and of each mutant on the first texts. */
async function flipsOf(
  { model, target }: OpenedTarget,
  name: string,
  numTexts: number,
  mutants: typeof MUTANTS,
) {
  const kept = keptFlips(name);
  const store = new RecyclingStore(target.vocabSize);
  const found: TextFlips[] = [];
  const caught = mutants.map((): TextFlips[] => []);
  const texts = forcedTexts(model, numTexts, NUM_PROMPT_TOKENS, NUM_POSITIONS, SEED);
  for (const [index, text] of texts.entries()) {
    const known = kept.get(index);
    if (known !== undefined) {
      found.push(known);
      continue;
    }
    const runs = await countFlips(target, text, drafters(store), NUM_NODES);
    found.push(runs.flips);
    if (KEPT_FILE !== undefined) {
      appendFileSync(KEPT_FILE, `\n${JSON.stringify({ name, index, flips: runs.flips })}`);
    }
    if (index >= NUM_MUTANT_TEXTS) continue;
    for (const [at, { mutate }] of mutants.entries()) {
      const fresh = drafters(new RecyclingStore(target.vocabSize));
      caught[at]!.push(await countMutantFlips(mutate(target), text, fresh, NUM_NODES, runs));
    }
  }
  return { rates: flipRates(found), mutantRates: caught.map(flipRates) };
}

describe("on real quantized weights", () => {
  test.each([
    ["Qwen2.5-Coder 0.5B Q4_K_M", REAL_DRAFT_PATH, NUM_TEXTS || 8, MUTANTS],
    ["Qwen2.5-Coder 1.5B Q4_K_M", REAL_TARGET_PATH, NUM_TEXTS || 3, []],
  ])(
    "%s: speculation flips as plain decoding of another shape, planted faults flip more",
    async (name, path, numTexts, mutants) => {
      using opened = await openTarget(path, { contextSize: 512, numThreads: 2 });
      // A long run looks for no fault.
      const planted = KEPT_FILE === undefined ? mutants : [];
      const { rates, mutantRates } = await flipsOf(opened, name, numTexts, planted);
      process.stdout.write(describeRates(name, rates));
      for (const [at, mutant] of mutantRates.entries()) {
        process.stdout.write(describeRates(`${name}, ${mutants[at]!.name}`, mutant));
        expect(mutant.difference.low).toBeGreaterThan(MAX_DIFFERENCE);
      }
      // A few hundred positions show a fault, thousands that there is none.
      const bound = NUM_TEXTS > 0 ? rates.difference.high : rates.difference.low;
      expect(bound).toBeLessThan(MAX_DIFFERENCE);
      // Else nothing was verified beside plain decoding's rows.
      expect(rates.numAccepted).toBeGreaterThan(rates.numPositions / 20);
    },
  );
});
