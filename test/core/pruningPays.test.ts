/** What pruning does to a decode on a machine that does not exist: a retrieval drafter that guesses, a draft that knows. */
import { describe, expect, test } from "vitest";
import type { Drafter } from "../../src/core/drafter.ts";
import { DraftModelDrafter } from "../../src/core/draftModelDrafter.ts";
import { DraftTreeBuilder, ROOT, sourceBit } from "../../src/core/draftTree.ts";
import type { PruneSettings } from "../../src/core/pruneRetrieval.ts";
import {
  between,
  calibratedLogits,
  hashed,
  ModelledMachine,
  truthAfter,
  VOCAB_SIZE,
} from "../support/modelledDraft.ts";

const NUM_PATHS = 6;
const PATH_LENGTH = 5;
const STRICT: PruneSettings = { minProb: 1e-4, minShare: 0.1, byRecycling: false };
/** A row costs a share of a pass, and a pass of the draft so much that few are made: RASD's case. */
const targetMs = (numRows: number) => 20 * (1 + 0.06 * (numRows - 1));
const draftMs = (numRows: number) => 3 * numRows;

/**
 * Several continuations that look alike, of which one is right as often as `hitRate` says: what stood elsewhere after
 * the same few tokens.
 */
class GuessingDrafter implements Drafter {
  readonly source = "workspace";
  readonly #hitRate: number;
  #history: number[] = [];

  constructor(hitRate: number) {
    this.#hitRate = hitRate;
  }
  async begin({ promptTokens }: { promptTokens: Int32Array }): Promise<void> {
    this.#history = Array.from(promptTokens);
  }
  async draft(rootToken: number) {
    const tree = new DraftTreeBuilder(rootToken);
    const right = Math.floor((hashed(this.#history, 31) * NUM_PATHS) / this.#hitRate);
    for (let path = 0; path < NUM_PATHS; path++) {
      const text = [...this.#history];
      let parent: number = ROOT;
      for (let depth = 0; depth < PATH_LENGTH; depth++) {
        const wrong = Math.floor(hashed(text, 40 + path) * VOCAB_SIZE);
        const token = path === right ? truthAfter(text) : wrong;
        const score = depth === 0 ? 0.15 : 0.7;
        parent = tree.add(parent, token, { score, source: sourceBit(this.source) });
        text.push(token);
      }
    }
    return tree.finish();
  }
  learn({ committed }: { committed: Int32Array }): void {
    this.#history.push(...committed);
  }
}

async function run(
  sureness: (history: readonly number[]) => number,
  pruning: PruneSettings | undefined,
  logitsSalt = 0,
) {
  const machine = new ModelledMachine(targetMs);
  const policy = machine.policy();
  const right = calibratedLogits(sureness);
  const logitsOf = (history: readonly number[]) =>
    right([...history, ...Array(logitsSalt).fill(1)]);
  const drafters = [
    new GuessingDrafter(0.8),
    new DraftModelDrafter(machine.model(logitsOf, draftMs), {
      maxTokens: 16,
      minSurvival: 0.3,
      now: () => machine.now,
    }),
  ];
  const sum = { ms: 0, tokens: 0, expected: 0, accepted: 0, numPruned: 0, right: 0, steps: 0 };
  for (let generation = 0; generation < 60; generation++) {
    const start = machine.now;
    const { stats } = await machine.decode(drafters, 50, { policy, pruning });
    if (generation < 20) continue;
    sum.ms += machine.now - start;
    sum.tokens += stats.numCommittedTokens;
    sum.expected += stats.expectedAcceptedTokens;
    sum.accepted += stats.numAcceptedTokens;
    sum.numPruned += stats.numPruned;
    sum.right += stats.numPrunedRight;
    sum.steps += stats.numSteps;
  }
  return {
    msPerToken: sum.ms / sum.tokens,
    calibration: sum.expected / sum.accepted,
    prunedPerStep: sum.numPruned / sum.steps,
    rightShare: sum.right / sum.steps,
  };
}

describe("pruning by the draft model", () => {
  test("pays where retrieval guesses and the draft knows, and what is expected stays what is realised", async () => {
    const without = await run(between(0.3, 0.9), undefined);
    const pruned = await run(between(0.3, 0.9), STRICT);
    process.stdout.write(
      `pruning: ${without.msPerToken.toFixed(1)} → ${pruned.msPerToken.toFixed(1)} ms per token, ` +
        `${pruned.prunedPerStep.toFixed(1)} nodes pruned per step, right ones in ${(100 * pruned.rightShare).toFixed(1)} % of steps, ` +
        `expected / realised ${without.calibration.toFixed(2)} → ${pruned.calibration.toFixed(2)}\n`,
    );
    expect(pruned.msPerToken).toBeLessThan(0.97 * without.msPerToken);
    expect(Math.abs(pruned.calibration - 1)).toBeLessThan(0.1);
    expect(pruned.rightShare).toBeLessThan(0.05);
  });

  test("a draft model that knows nothing is found out and sits out, so that it does not prune for long", async () => {
    const without = await run(between(0.05, 0.1), undefined, 1);
    const pruned = await run(between(0.05, 0.1), STRICT, 1);
    process.stdout.write(
      `pruning by a wrong draft: ${without.msPerToken.toFixed(1)} → ${pruned.msPerToken.toFixed(1)} ms per token, ` +
        `right ones in ${(100 * pruned.rightShare).toFixed(1)} % of steps\n`,
    );
    expect(pruned.msPerToken).toBeLessThan(1.05 * without.msPerToken);
  });
});
