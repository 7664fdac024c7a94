/** A machine that does not exist: passes, drafts and the clock are made up, the decoding is real. */
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import type { DraftPolicy } from "../../src/core/budget/draftPolicy.ts";
import { MeasuredPolicy } from "../../src/core/budget/measuredPolicy.ts";
import { PassCostTable } from "../../src/core/budget/passCost.ts";
import { speculativeDecode } from "../../src/core/decode/speculativeDecode.ts";
import type { DecodeStats } from "../../src/core/tree/decodeStats.ts";
import type { Drafter } from "../../src/core/tree/drafter.ts";
import {
  type DraftSource,
  DraftTreeBuilder,
  ROOT,
  sourceBit,
} from "../../src/core/tree/draftTree.ts";
import { FakeTarget } from "../fakes/fakeTarget.ts";
import { NEVER } from "./never.ts";

export const VOCAB = 50;
const PROMPT = Int32Array.of(1, 2, 3);

/** What the model writes after so many tokens. */
export type TokenAt = (position: number) => number;

export interface Machine {
  /** What the policy believes, if not the truth. */
  readonly believedMs?: (numRows: number) => number;
  /** Host time of a step, in ms. */
  readonly hostMs?: (step: number) => number;
  /** What a step's drafts cost together, whoever made them. */
  readonly sharedMs?: number;
  /** @param hasDrafted - whether the host drafted before the pass. */
  readonly passMs: (numRows: number, hasDrafted: boolean) => number;
  /** A step brought so many tokens. */
  readonly onCommitted?: (numTokens: number) => void;
  readonly tokenAt: TokenAt;
  readonly drafters: readonly DrafterPlan[];
}

/** A drafter that is right with a chance, says so or not, and takes its time for each node. */
export interface DrafterPlan {
  readonly source: DraftSource;
  readonly hitRate: number;
  readonly saysScore: number;
  readonly nodeMs: number;
}

/** Decodes on a machine, with a policy that measured it. */
export class MadeUpMachine {
  now = 0;
  readonly #machine: Machine;
  #numSteps = 0;
  #hasDrafted = false;
  readonly #random: () => number;
  readonly policy: MeasuredPolicy;

  constructor(machine: Machine, seed = 11) {
    this.#machine = machine;
    this.#random = seededRandom(seed);
    const points = Array.from({ length: 64 }, (_, index) => ({
      numRows: index + 1,
      ms: (machine.believedMs ?? machine.passMs)(index + 1, false),
    }));
    this.policy = new MeasuredPolicy(new PassCostTable(points, 64));
  }

  async decode(policy: DraftPolicy, numTokens: number, maxDraftNodes = 32): Promise<DecodeStats> {
    const { passMs, tokenAt, drafters } = this.#machine;
    const logitsOf = (history: readonly number[]) => {
      const logits = new Float32Array(VOCAB);
      logits[tokenAt(history.length - PROMPT.length)] = 9;
      return logits;
    };
    const target = new FakeTarget({ vocabSize: VOCAB, logitsOf });
    const evaluateTree = target.evaluateTree.bind(target);
    target.evaluateTree = (tree, signal) => {
      this.now += passMs(tree.size, this.#hasDrafted);
      this.#hasDrafted = false;
      return evaluateTree(tree, signal);
    };
    const commit = target.commit.bind(target);
    target.commit = (path) => {
      this.now += this.#machine.hostMs?.(this.#numSteps++) ?? 0;
      this.#machine.onCommitted?.(path.nodes.length + 1);
      commit(path);
    };
    const { stats } = await speculativeDecode(
      {
        target,
        drafters: drafters.map((plan) => this.#drafterOf(plan, target)),
        context: { promptTokens: PROMPT, prefixTokens: PROMPT, suffixTokens: PROMPT },
        limits: { maxTokens: numTokens, isEndToken: () => false },
        maxDraftNodes,
        policy: this.#withSharedCost(policy),
        observer: {
          now: () => this.now,
        },
      },
      NEVER,
    );
    return stats;
  }

  #withSharedCost(policy: DraftPolicy): DraftPolicy {
    return {
      started: () => policy.started(),
      isWanted: (source) => policy.isWanted(source),
      get isDrafting() {
        return policy.isDrafting;
      },
      spent: (ms) => policy.spent(ms),
      tokensToRead: (numUnread, maxSteps) => policy.tokensToRead(numUnread, maxSteps),
      hasRead: (numTokens, ms) => policy.hasRead(numTokens, ms),
      budgetFor: (source, limits, others) => policy.budgetFor(source, limits, others),
      plan: (drafts, limits) => {
        this.now += this.#machine.sharedMs ?? 0;
        return policy.plan(drafts, limits);
      },
      learn: (outcome) => policy.learn(outcome),
      ended: (numSteps) => policy.ended(numSteps),
    };
  }

  #drafterOf({ source, hitRate, saysScore, nodeMs }: DrafterPlan, target: FakeTarget): Drafter {
    const { tokenAt } = this.#machine;
    return {
      source,
      begin: async () => {},
      draft: async (rootToken, { maxDepth, minSurvival }) => {
        this.#hasDrafted = true;
        const tree = new DraftTreeBuilder(rootToken);
        let parent = ROOT;
        let survival = 1;
        for (let depth = 0; depth < Math.min(8, maxDepth); depth++) {
          this.now += nodeMs;
          survival *= saysScore;
          if (survival < minSurvival) break;
          const truth = tokenAt(target.kvLength + 1 - PROMPT.length + depth);
          const token = this.#random() < hitRate ? truth : (truth + 1) % VOCAB;
          parent = tree.add(parent, token, { score: saysScore, source: sourceBit(source) });
        }
        return tree.finish();
      },
      learn() {},
    };
  }
}
