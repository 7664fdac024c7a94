/** What pruning does to a decode on a machine that does not exist: a retrieval drafter that guesses, a draft that knows. */
import { describe, expect, test } from "vitest";
import {
  DEFAULT_DRAFT_MODEL,
  DraftModelDrafter,
} from "../../src/core/drafters/draftModelDrafter.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import { DraftTreeBuilder, ROOT, sourceBit } from "../../src/core/tree/draftTree.ts";
import { DEFAULT_PRUNING, type PruneSettings } from "../../src/core/tree/pruneRetrieval.ts";
import type { LogitsOf } from "../fakes/fakeTarget.ts";
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

/** What a draft model says after a history. */
const KNOWING = calibratedLogits(between(0.3, 0.9));
const LOST: LogitsOf = (history) => calibratedLogits(between(0.05, 0.1))([...history, 1]);

async function run(
  logitsOf: LogitsOf,
  pruning: PruneSettings | undefined,
  { maxDraftNodes = 48, isMeasured = true } = {},
) {
  const machine = new ModelledMachine(targetMs);
  const policy = isMeasured ? { policy: machine.policy() } : {};
  const drafters = [
    new GuessingDrafter(0.8),
    new DraftModelDrafter(machine.model(logitsOf, draftMs), {
      ...DEFAULT_DRAFT_MODEL,
      mode: "rootPass",
      now: () => machine.now,
    }),
  ];
  const sum = { ms: 0, tokens: 0, expected: 0, accepted: 0, numPruned: 0, right: 0, steps: 0 };
  for (let generation = 0; generation < 60; generation++) {
    const start = machine.now;
    const { stats } = await machine.decode(drafters, 50, {
      ...policy,
      pruning,
      maxDraftNodes,
    });
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

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

describe("pruning by the draft model", () => {
  test("pays where a fixed number of nodes is verified: the draft knows which guesses are worth a row", async () => {
    const options = { maxDraftNodes: 7, isMeasured: false };
    const without = await run(KNOWING, undefined, options);
    const pruned = await run(KNOWING, DEFAULT_PRUNING, options);
    process.stdout.write(
      `pruning, 7 nodes a pass: ${without.msPerToken.toFixed(2)} → ${pruned.msPerToken.toFixed(2)} ms per token, ` +
        `${pruned.prunedPerStep.toFixed(1)} nodes pruned a step, right ones in ${percent(pruned.rightShare)} of steps\n`,
    );
    expect(pruned.msPerToken).toBeLessThan(0.98 * without.msPerToken);
    expect(pruned.rightShare).toBeLessThan(0.05);
  });

  test("changes little where acceptance is calibrated by who agrees, and does not starve the calibration", async () => {
    const without = await run(KNOWING, undefined);
    const pruned = await run(KNOWING, DEFAULT_PRUNING);
    process.stdout.write(
      `pruning, calibrated: ${without.msPerToken.toFixed(2)} → ${pruned.msPerToken.toFixed(2)} ms per token, ` +
        `expected / realised ${without.calibration.toFixed(2)} → ${pruned.calibration.toFixed(2)}\n`,
    );
    expect(Math.abs(pruned.msPerToken / without.msPerToken - 1)).toBeLessThan(0.06);
    expect(Math.abs(pruned.calibration - 1)).toBeLessThan(0.1);
  });

  test("a draft model that knows nothing sits out, and prunes no longer", async () => {
    const without = await run(LOST, undefined);
    const pruned = await run(LOST, DEFAULT_PRUNING);
    process.stdout.write(
      `pruning by a draft model that knows nothing: ${without.msPerToken.toFixed(2)} → ${pruned.msPerToken.toFixed(2)} ` +
        `ms per token, right ones in ${percent(pruned.rightShare)} of steps\n`,
    );
    expect(pruned.msPerToken).toBeLessThan(1.05 * without.msPerToken);
  });
});
