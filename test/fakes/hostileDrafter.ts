/** A drafter that lies, throws, and writes into everything it is handed. It may cost speed, never output. */
import fc from "fast-check";
import type {
  DraftBudget,
  Drafter,
  GenerationContext,
  VerifiedStep,
} from "../../src/core/tree/drafter.ts";
import {
  copyDraftTree,
  DRAFT_SOURCES,
  type DraftSource,
  type DraftTree,
  rootOnlyTree,
} from "../../src/core/tree/draftTree.ts";
import { arbitraryTree } from "../support/trees.ts";

/** What one call of `draft` does. */
const TURNS = {
  validTree: (tree: DraftTree) => tree,
  rootOnly: (tree: DraftTree) => rootOnlyTree(tree.tokens[0]!),
  foreignTokens: (tree: DraftTree) => withColumn(tree, "tokens", 1, 1_000_000),
  negativeTokens: (tree: DraftTree) => withColumn(tree, "tokens", tree.size - 1, -1),
  cycle: (tree: DraftTree) => withColumn(tree, "parents", 1, tree.size - 1),
  selfParent: (tree: DraftTree) => withColumn(tree, "parents", tree.size - 1, tree.size - 1),
  badParent: (tree: DraftTree) => withColumn(tree, "parents", tree.size - 1, -7),
  nanScore: (tree: DraftTree) => withColumn(tree, "scores", tree.size - 1, Number.NaN),
  zeroScore: (tree: DraftTree) => withColumn(tree, "scores", tree.size - 1, 0),
  tinyScores: (tree: DraftTree) => ({
    ...tree,
    scores: tree.scores.map((s, i) => (i ? 1e-30 : s)),
  }),
  wrongDepth: (tree: DraftTree) => withColumn(tree, "depths", tree.size - 1, 99),
  shortColumn: (tree: DraftTree) => ({ ...tree, tokens: tree.tokens.subarray(1) }),
  missingColumn: (tree: DraftTree) => ({ ...tree, parents: undefined }) as never,
  hugeSize: (tree: DraftTree) => ({ ...tree, size: 1e12 }),
  nanSize: (tree: DraftTree) => ({ ...tree, size: Number.NaN }),
  fractions: (tree: DraftTree) =>
    ({ ...tree, tokens: Array.from(tree.tokens, (token) => token + 0.5) }) as never,
  nothing: () => undefined as never,
  throws: () => {
    throw new Error("hostile");
  },
  throwsNothing: () => {
    throw undefined;
  },
  abortError: () => {
    throw new DOMException("nobody aborted", "AbortError");
  },
} satisfies Record<string, (tree: DraftTree) => DraftTree>;
type Turn = keyof typeof TURNS;

/** What a {@link HostileDrafter} does; one turn after the other, again from the first. */
export interface HostilePlan {
  readonly source: DraftSource;
  readonly turns: readonly Turn[];
  readonly trees: readonly DraftTree[];
  readonly failsIn: "begin" | "learn" | "nothing";
  readonly mutatesArguments: boolean;
  /** Promise turns after which a returned tree is overwritten; undefined: never. */
  readonly spoilsAfter: number | undefined;
}

export function arbitraryHostilePlan(vocabSize: number): fc.Arbitrary<HostilePlan> {
  const turnNames = Object.keys(TURNS) as Turn[];
  return fc.record({
    source: fc.constantFrom(...DRAFT_SOURCES),
    // Mostly valid trees, or the drafter sits out after its first turn.
    turns: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant("validTree" as const) },
        fc.constantFrom(...turnNames),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    trees: fc.array(arbitraryTree(vocabSize, 24), { minLength: 1, maxLength: 3 }),
    failsIn: fc.oneof(
      { weight: 8, arbitrary: fc.constant("nothing" as const) },
      fc.constantFrom("begin" as const, "learn" as const),
    ),
    mutatesArguments: fc.boolean(),
    spoilsAfter: fc.option(fc.nat(6), { nil: undefined }),
  });
}

export class HostileDrafter implements Drafter {
  readonly source: DraftSource;
  readonly #plan: HostilePlan;
  readonly #returned: DraftTree[] = [];
  #numTurns = 0;

  constructor(plan: HostilePlan) {
    this.#plan = plan;
    this.source = plan.source;
  }

  async begin(context: GenerationContext): Promise<void> {
    if (this.#plan.mutatesArguments) {
      context.promptTokens.fill(1);
      context.prefixTokens.fill(-3);
      context.suffixTokens.fill(2 ** 31 - 1);
    }
    if (this.#plan.failsIn === "begin") throw new Error("hostile begin");
  }

  async draft(_rootToken: number, budget: DraftBudget): Promise<DraftTree> {
    const { turns, trees, mutatesArguments, spoilsAfter } = this.#plan;
    if (mutatesArguments) Object.assign(budget, { maxNodes: 1e9, maxDepth: 1e9 });
    this.#returned.forEach(spoil);
    const turn = turns[this.#numTurns % turns.length]!;
    const tree = TURNS[turn](copyDraftTree(trees[this.#numTurns % trees.length]!));
    this.#numTurns++;
    if (spoilsAfter !== undefined && tree !== undefined) {
      this.#returned.push(tree);
      void this.#spoilLater(tree, spoilsAfter);
    }
    return tree;
  }

  learn(step: VerifiedStep): void {
    if (this.#plan.mutatesArguments) {
      spoil(step.tree);
      step.path.nodes.fill(77);
      step.committed.fill(-5);
      Object.assign(step.path, { bonusToken: -1 });
      Object.assign(step, { tree: undefined });
    }
    if (this.#plan.failsIn === "learn") throw new Error("hostile learn");
  }

  async #spoilLater(tree: DraftTree, numTurns: number): Promise<void> {
    for (let turn = 0; turn < numTurns; turn++) await Promise.resolve();
    spoil(tree);
  }
}

/** Breaks every invariant of a tree in place. */
export function spoil(tree: DraftTree): void {
  tree.tokens?.fill(1);
  tree.parents?.fill(1e6);
  tree.scores?.fill(Number.NaN);
  tree.depths?.fill(3);
  Object.assign(tree, { size: 40 });
}

function withColumn(
  tree: DraftTree,
  column: "tokens" | "parents" | "scores" | "depths",
  row: number,
  value: number,
): DraftTree {
  const copy = copyDraftTree(tree);
  copy[column][row] = value;
  return copy;
}
