/**
 * SuffixDecoding as published, by plain search in place of its suffix trees: what ours is compared with on traces.
 * @see Oliaro et al., SuffixDecoding (arXiv 2411.04975); the settings are Arctic Inference's.
 */
import type { Token } from "../../../src/core/base/tokens.ts";
import type {
  DraftBudget,
  Drafter,
  GenerationContext,
  VerifiedStep,
} from "../../../src/core/tree/drafter.ts";
import {
  type DraftTree,
  DraftTreeBuilder,
  ROOT,
  rootOnlyTree,
  sourceBit,
} from "../../../src/core/tree/draftTree.ts";

/** Tokens of a match, and so of a draft (α = 1), at most. */
const MAX_MATCH = 64;
const MIN_PROB = 0.1;
/** No token: parts of a text. */
const END = -1;

/** An occurrence of the text's end: its last token. */
interface Occurrence {
  readonly text: readonly Token[];
  readonly at: number;
}

/** A tree and the tokens that it is expected to bring, were counts probabilities. */
interface Candidate {
  readonly tree: DraftTree;
  readonly score: number;
}

/** @param outputs - earlier outputs of the session, which it adds its own to: the global tree. */
export class SuffixDecoding implements Drafter {
  readonly source = "suffixMatch";
  readonly #outputs: Token[][];
  #local: Token[] = [];
  #output: Token[] = [];

  constructor(outputs: Token[][]) {
    this.#outputs = outputs;
  }

  async begin({ prefixTokens, suffixTokens }: GenerationContext): Promise<void> {
    this.#local = [...suffixTokens, END, ...prefixTokens];
    this.#output = [];
    this.#outputs.push(this.#output);
  }

  async draft(rootToken: Token, budget: DraftBudget): Promise<DraftTree> {
    const earlier = this.#outputs.filter((output) => output !== this.#output);
    let best: Candidate = { tree: rootOnlyTree(rootToken), score: 0 };
    for (const texts of [[this.#local], earlier]) {
      let found = texts.flatMap((text) => occurrencesOf(text, this.#local.at(-1)));
      for (let length = 1; length <= MAX_MATCH && found.length > 0; length++) {
        const candidate = candidateOf(rootToken, found, length, budget, sourceBit(this.source));
        // Of equals the longer match.
        if (candidate.score >= best.score) best = candidate;
        const before = this.#local.at(-1 - length) ?? END;
        found = found.filter(({ text, at }) => before !== END && text[at - length] === before);
      }
    }
    return best.tree;
  }

  learn({ committed }: VerifiedStep): void {
    this.#local.push(...committed);
    this.#output.push(...committed);
  }
}

function occurrencesOf(text: readonly Token[], token: Token | undefined): Occurrence[] {
  return Array.from(text.keys())
    .filter((at) => text[at] === token && token !== END)
    .map((at) => ({ text, at }));
}

/** Best-first on count ratios; the text's own end counts as an occurrence, as it does in their tree. */
function candidateOf(
  rootToken: Token,
  found: readonly Occurrence[],
  length: number,
  { maxNodes, maxDepth }: DraftBudget,
  source: number,
): Candidate {
  const tree = new DraftTreeBuilder(rootToken);
  const open = [{ token: rootToken, parent: -1, depth: 0, prob: 1, share: 1, found }];
  let score = 0;
  for (;;) {
    open.sort((a, b) => b.prob - a.prob);
    const node = open.shift();
    if (node === undefined || tree.size > Math.min(length, maxNodes)) break;
    const { token, parent, depth, prob, share, found: here } = node;
    const at = parent === -1 ? ROOT : tree.add(parent, token, { score: share, source });
    if (parent !== -1) score += prob;
    if (depth === maxDepth) continue;
    const next = new Map<Token, Occurrence[]>();
    for (const one of here) {
      const child = one.text[one.at + depth + 1] ?? END;
      next.set(child, [...(next.get(child) ?? []), one]);
    }
    for (const [child, below] of next) {
      const childShare = below.length / here.length;
      if (child === END || prob * childShare < MIN_PROB) continue;
      const childProb = prob * childShare;
      open.push({
        token: child,
        parent: at,
        depth: depth + 1,
        prob: childProb,
        share: childShare,
        found: below,
      });
    }
  }
  return { tree: tree.finish(), score };
}
