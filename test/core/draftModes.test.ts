/** A draft model in each of its modes, on machines that do not exist; its probabilities are right, its passes take time. */
import { describe, expect, test } from "vitest";
import { DraftModelDrafter } from "../../src/core/drafters/draftModelDrafter.ts";
import type { DraftMode } from "../../src/core/tree/drafter.ts";
import { between, calibratedLogits, ModelledMachine } from "../support/modelledDraft.ts";

type PassMs = (numRows: number) => number;

/** Rows are free up to 16, as on a device; or each has its price and the second is dear, as on a CPU. */
const flat =
  (ms: number): PassMs =>
  (numRows) =>
    ms * (1 + 0.05 * Math.max(0, numRows - 16));
const rising =
  (ms: number): PassMs =>
  (numRows) =>
    numRows === 1 ? ms : ms * (1.35 + 0.1 * (numRows - 1));

const PLAIN_MS = 20;
const TOKENS = 50;

interface Machine {
  readonly targetMs: PassMs;
  readonly draftMs: PassMs;
  /** How sure the draft is of its first choice. */
  readonly sureness: (history: readonly number[]) => number;
}

interface Outcome {
  readonly msPerToken: number;
  /** Expected and realised accepted tokens per pass. */
  readonly expected: number;
  readonly accepted: number;
}

/** Decodes until it is settled, then as much again under measurement. */
async function run(
  { targetMs, draftMs, sureness }: Machine,
  draftModes: readonly DraftMode[] | undefined,
  { isMeasured = true, numGenerations = 30 } = {},
): Promise<Outcome> {
  const machine = new ModelledMachine(targetMs);
  const policy = machine.policy(draftModes && { draftModes });
  const drafter = new DraftModelDrafter(machine.model(calibratedLogits(sureness), draftMs), {
    maxTokens: 16,
    minSurvival: 0.3,
    ...(isMeasured ? { now: () => machine.now } : {}),
  });
  const sum = { ms: 0, tokens: 0, steps: 0, expected: 0, accepted: 0 };
  for (let generation = 0; generation < 2 * numGenerations; generation++) {
    const { msPerToken, stats } = await machine.decode([drafter], TOKENS, { policy });
    if (generation < numGenerations) continue;
    sum.ms += msPerToken * stats.numCommittedTokens;
    sum.tokens += stats.numCommittedTokens;
    sum.steps += stats.numSteps;
    sum.expected += stats.expectedAcceptedTokens;
    sum.accepted += stats.numAcceptedTokens;
  }
  return {
    msPerToken: sum.ms / sum.tokens,
    expected: sum.expected / sum.steps,
    accepted: sum.accepted / sum.steps,
  };
}

const MACHINES: Readonly<Record<string, Machine>> = {
  "device, sure draft": {
    targetMs: flat(PLAIN_MS),
    draftMs: flat(2),
    sureness: between(0.6, 1),
  },
  "device, unsure draft": {
    targetMs: flat(PLAIN_MS),
    draftMs: flat(2),
    sureness: between(0.2, 0.8),
  },
  "device, slow draft": {
    targetMs: flat(PLAIN_MS),
    draftMs: flat(8),
    sureness: between(0.3, 0.9),
  },
  "CPU, sure draft": {
    targetMs: rising(PLAIN_MS),
    draftMs: rising(3),
    sureness: between(0.6, 1),
  },
  "CPU, bad draft": {
    targetMs: rising(PLAIN_MS),
    draftMs: rising(3),
    sureness: between(0.02, 0.2),
  },
};

describe("DraftModelDrafter in its modes", () => {
  test.each(Object.entries(MACHINES))(
    "%s: what is chosen by measurement is near the best of the modes, and expected is realised",
    async (name, machine) => {
      const threshold = await run(machine, ["chain"], { isMeasured: false });
      const chain = await run(machine, ["chain"]);
      const rootPass = await run(machine, ["rootPass"]);
      const tree = await run(machine, ["tree"]);
      const chosen = await run(machine, undefined);
      const cells = Object.entries({ threshold, chain, rootPass, tree, chosen }).map(
        ([mode, { msPerToken, accepted, expected }]) =>
          `${mode} ${msPerToken.toFixed(1)} (${accepted.toFixed(2)}, expected ${expected.toFixed(2)})`,
      );
      process.stdout.write(`${name}: ms per token, plain ${PLAIN_MS}: ${cells.join("; ")}\n`);
      const best = Math.min(
        PLAIN_MS,
        ...[chain, rootPass, tree].map(({ msPerToken }) => msPerToken),
      );
      expect(chosen.msPerToken).toBeLessThan(1.06 * best);
      expect(chain.msPerToken).toBeLessThan(1.03 * threshold.msPerToken);
      for (const { expected, accepted } of [chain, rootPass, tree, chosen]) {
        if (accepted > 0.2) expect(Math.abs(expected / accepted - 1)).toBeLessThan(0.1);
      }
    },
  );

  test("a tree is worth its passes where rows are free and the draft is unsure", async () => {
    const machine = MACHINES["device, unsure draft"]!;
    const chain = await run(machine, ["chain"]);
    const tree = await run(machine, ["tree"]);
    expect(tree.msPerToken).toBeLessThan(0.85 * chain.msPerToken);
  });

  test("drafts in the language that it knows, and not in the other", async () => {
    const machine = new ModelledMachine(rising(PLAIN_MS));
    const policy = machine.policy();
    const draftModel = (sureness: Machine["sureness"]) =>
      new DraftModelDrafter(machine.model(calibratedLogits(sureness), rising(3)), {
        maxTokens: 16,
        minSurvival: 0.3,
        now: () => machine.now,
      });
    const languages = [
      { id: "typescript", drafter: draftModel(between(0.7, 1)), numProposed: 0, ms: 0 },
      { id: "cobol", drafter: draftModel(between(0.02, 0.2)), numProposed: 0, ms: 0 },
    ];
    for (let round = 0; round < 60; round++) {
      for (const language of languages) {
        const { msPerToken, stats } = await machine.decode(
          [language.drafter],
          TOKENS,
          { policy },
          language.id,
        );
        if (round < 30) continue;
        language.numProposed += stats.bySource.draftModel.numProposed / stats.numSteps / 30;
        language.ms += msPerToken / 30;
      }
    }
    const [known, other] = languages;
    process.stdout.write(
      `by language: ${languages.map(({ id, ms }) => `${id} ${ms.toFixed(1)} ms per token`).join(", ")}\n`,
    );
    expect(known!.numProposed).toBeGreaterThan(1.5);
    expect(known!.ms).toBeLessThan(0.75 * PLAIN_MS);
    expect(other!.numProposed).toBeLessThan(0.5);
    expect(other!.ms).toBeLessThan(1.02 * PLAIN_MS);
  });
});
