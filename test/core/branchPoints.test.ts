import { describe, expect, test } from "vitest";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import { SuffixDrafter } from "../../src/core/drafters/suffixDrafter.ts";
import { BranchPointCollector } from "../../src/core/suggestions/branchPoints.ts";
import { rootOnlyTree } from "../../src/core/tree/draftTree.ts";
import { FakeTarget, hashedLogits } from "../fakes/fakeTarget.ts";
import { CLOCK, contextOf } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";

const VOCAB_SIZE = 11;
const logitsOf = hashedLogits(VOCAB_SIZE, 2, 3);
const PROMPT = [1, 2, 3, 1, 2, 3, 1, 2];
const letters = (token: number) => String.fromCharCode(97 + token);

async function collect(
  pieceOf: (token: number) => string = letters,
  options: { maxPositions?: number; endToken?: number; drafts?: boolean } = {},
) {
  const { maxPositions, endToken = -1, drafts = false } = options;
  const isEndToken = (token: number) => token === endToken;
  const collector = new BranchPointCollector({ pieceOf, isEndToken }, undefined, maxPositions);
  const { tokens } = await speculativeDecode(
    {
      target: new FakeTarget({ vocabSize: VOCAB_SIZE, logitsOf }),
      drafters: drafts ? [new SuffixDrafter()] : [],
      context: contextOf(PROMPT),
      limits: { maxTokens: 20, isEndToken: () => false },
      maxDraftNodes: 12,
      observer: { ...CLOCK, onVerified: (step) => collector.observe(step) },
    },
    NEVER,
  );
  return { collector, tokens };
}

/** [VOCAB_SIZE] natural log-probabilities after the prompt and some output. */
function logProbsAfter(output: Iterable<number>): number[] {
  const row = logitsOf([...PROMPT, ...output]);
  const logSumExp = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return Array.from(row, (logit) => logit - logSumExp);
}

describe("BranchPointCollector", () => {
  test("finds the alternatives of the largest probability, with the shared tokens' part in it", async () => {
    const { collector, tokens } = await collect();
    const all: { position: number; token: number; logProb: number }[] = [];
    let shared = 0;
    for (let position = 0; position < 8; position++) {
      const logProbs = logProbsAfter(tokens.subarray(0, position));
      for (let token = 0; token < VOCAB_SIZE; token++) {
        if (token === tokens[position]) continue;
        all.push({ position, token, logProb: shared + logProbs[token]! });
      }
      shared += logProbs[tokens[position]!]!;
    }
    all.sort((a, b) => b.logProb - a.logProb);
    const points = collector.choose(5, tokens.length);
    expect(points.map(({ position, tokens }) => ({ position, token: tokens[0] }))).toEqual(
      all.slice(0, 5).map(({ position, token }) => ({ position, token })),
    );
    for (const [index, { logProbs, position }] of points.entries()) {
      expect(logProbs.length).toBe(position + 1);
      expect(logProbs.reduce((sum, value) => sum + value, 0)).toBeCloseTo(all[index]!.logProb, 5);
    }
  });

  test("finds the same whatever was drafted", async () => {
    const plain = await collect();
    const drafted = await collect(letters, { drafts: true });
    expect(drafted.collector.choose(6, 20)).toEqual(plain.collector.choose(6, 20));
    expect(drafted.collector.logProbs).toEqual(plain.collector.logProbs);
  });

  test("alternatives are those of the output, of the first positions, and of some probability", async () => {
    const { collector } = await collect(letters, { maxPositions: 4 });
    expect(collector.logProbs.length).toBe(4);
    const positions = collector.choose(99, 3).map(({ position }) => position);
    expect(new Set(positions)).toEqual(new Set([0, 1, 2]));
    expect(collector.choose(0, 20)).toEqual([]);
  });

  test("ends with the first line that has text", async () => {
    const { tokens } = await collect();
    const lineEnd = tokens[2]!;
    const { collector } = await collect((token) => (token === lineEnd ? "x\n" : `y${token}`));
    const lastOf = (points: readonly { position: number }[]) =>
      Math.max(...points.map(({ position }) => position));
    expect(lastOf(collector.choose(99, 20))).toBe(tokens.indexOf(lineEnd));
    expect(collector.logProbs.length).toBe(8);
    // A line break before any text ends nothing.
    const { collector: blank } = await collect((token) =>
      token === tokens[0] ? "\n  " : `y${token}`,
    );
    expect(lastOf(blank.choose(99, 20))).toBeGreaterThan(0);
  });

  test("alternatives that differ in white space only are one", async () => {
    const { collector, tokens } = await collect();
    const [best] = collector.choose(1, 20);
    const twin = tokens[best!.position]!;
    const pieceOf = (token: number) =>
      token === best!.tokens[0] ? ` ${letters(twin)}` : letters(token);
    const merged = await collect(pieceOf);
    const points = merged.collector.choose(99, 20);
    expect(points).not.toContainEqual(best);
    const forms = points.map(({ position, tokens }) => `${position} ${pieceOf(tokens[0]!).trim()}`);
    expect(new Set(forms).size).toBe(forms.length);
  });

  test("alternatives that only spell the greedy text in fewer tokens are none", async () => {
    const { collector, tokens } = await collect();
    const [best] = collector.choose(1, 20);
    const twoGreedy = letters(tokens[best!.position]!) + letters(tokens[best!.position + 1]!);
    const spelling = await collect((token) =>
      token === best!.tokens[0] ? twoGreedy : letters(token),
    );
    expect(spelling.collector.choose(99, 20)).not.toContainEqual(best);
    // One letter further it says something else.
    const longer = await collect((token) =>
      token === best!.tokens[0] ? `${twoGreedy}#` : letters(token),
    );
    expect(longer.collector.choose(99, 20)).toContainEqual(best);
  });

  test("alternatives that are unlikely where they stand come last", async () => {
    const collector = new BranchPointCollector({ pieceOf: letters, isEndToken: () => false });
    // [position][token] probabilities.
    const rows = [
      [0.3, 0.04, 0.02],
      [0.5, 0.06, 0.03],
    ];
    for (const row of rows) {
      const topK = () => ({
        tokens: Int32Array.of(0, 1, 2),
        logits: Float32Array.from(row, Math.log),
      });
      collector.observe({
        tree: rootOnlyTree(0),
        path: { nodes: new Int32Array(0), bonusToken: 0 },
        committed: Int32Array.of(0),
        logits: { argmax: () => 0, topK, logSumExp: () => 0, logit: () => 0 },
      });
    }
    const points = collector.choose(9, 2);
    // 0.3 x 0.06 is less than 0.04, but 0.06 is not unlikely where it stands.
    expect(points.map(({ position, tokens }) => [position, tokens[0]])).toEqual([
      [1, 1],
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
  });

  test("an end token is an alternative, but not to the first token", async () => {
    const { collector } = await collect();
    const [best] = collector.choose(1, 20);
    const atStart = collector.choose(99, 20).find(({ position }) => position === 0)!;
    const ends = await collect(letters, { endToken: atStart.tokens[0]! });
    expect(ends.collector.choose(99, 20)).not.toContainEqual(atStart);
    if (best!.position > 0) {
      const later = await collect(letters, { endToken: best!.tokens[0]! });
      expect(later.collector.choose(99, 20)).toContainEqual(best);
    }
  });
});
