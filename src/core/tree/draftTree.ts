/**
 * The draft tree: proposed continuations of the committed tokens, as parallel arrays.
 * Parents precede children, so every algorithm over a tree is one loop without recursion, and a tree has the shape of
 * a llama.cpp batch and of the logits rows that come back.
 */
import type { Token } from "../base/tokens.ts";

/** Row of the last committed token: already shown to the user, not yet in the target's KV cache. */
export const ROOT = 0;

/** What can propose a draft token. */
export const DRAFT_SOURCES = [
  "recycling",
  "suffixMatch",
  "draftModel",
  "workspace",
  "ghost",
] as const;
export type DraftSource = (typeof DRAFT_SOURCES)[number];

/** The bit that stands for a source in {@link DraftTree.sources}. */
export function sourceBit(source: DraftSource): number {
  return 1 << DRAFT_SOURCES.indexOf(source);
}

const MODEL_BIT = sourceBit("draftModel");

/** The sources whose bits are set. */
export function sourcesOf(bits: number): DraftSource[] {
  return DRAFT_SOURCES.filter((source) => (bits & sourceBit(source)) !== 0);
}

/** A draft tree as parallel arrays; node i is row i. Siblings carry distinct tokens. */
export interface DraftTree {
  /** Number of nodes, the root included; at least 1. */
  readonly size: number;
  /** [size] tokens[0] is the last committed token. */
  readonly tokens: Int32Array;
  /** [size] parents[0] is -1; otherwise 0 <= parents[i] < i. */
  readonly parents: Int32Array;
  /** [size] distance from the root; 0 for the root. */
  readonly depths: Int32Array;
  /** [size] estimated P(the target continues with tokens[i] | it reached parents[i]), in (0, 1]; 1 for the root. */
  readonly scores: Float32Array;
  /** [size] bit d is set if DRAFT_SOURCES[d] proposed the node; 0 for the root. */
  readonly sources: Uint8Array;
}

/** What a drafter says of one node; see the columns of {@link DraftTree}. */
export interface NodeProposal {
  readonly score: number;
  readonly source: number;
}

/** Grows a {@link DraftTree}; equal siblings are merged. */
export class DraftTreeBuilder {
  readonly #tokens: Token[];
  readonly #parents = [-1];
  readonly #depths = [0];
  readonly #scores = [1];
  readonly #sources = [0];
  readonly #firstChild = [-1];
  readonly #nextSibling = [-1];

  constructor(rootToken: Token) {
    this.#tokens = [rootToken];
  }

  get size(): number {
    return this.#tokens.length;
  }

  numChildren(parent: number): number {
    let count = 0;
    for (let node = this.#firstChild[parent] ?? -1; node !== -1; node = this.#nextSibling[node]!)
      count++;
    return count;
  }

  /** The child of `parent` that carries `token`, or -1. */
  child(parent: number, token: Token): number {
    let node = this.#firstChild[parent] ?? -1;
    while (node !== -1 && this.#tokens[node] !== token) node = this.#nextSibling[node]!;
    return node;
  }

  /**
   * Adds a child, or merges into the equal sibling: sources are united and independent estimates combined
   * (1 - the product of the misses). A draft model's is taken as it is: it has looked at the place, others copy.
   * @throws RangeError if `parent` is no node or the score is not in (0, 1].
   */
  add(parent: number, token: Token, { score, source }: NodeProposal): number {
    if (!(parent >= 0 && parent < this.size)) {
      throw new RangeError(`parent ${parent} is not a node of a tree of ${this.size}`);
    }
    if (!(score > 0 && score <= 1)) throw new RangeError(`score ${score} is not in (0, 1]`);
    const existing = this.child(parent, token);
    if (existing !== -1) {
      const known = this.#scores[existing]!;
      const wasModel = (this.#sources[existing]! & MODEL_BIT) !== 0;
      const isModel = (source & MODEL_BIT) !== 0;
      if (isModel) this.#scores[existing] = wasModel ? Math.max(known, score) : score;
      // The same as 1 - (1 - a)(1 - b), but never 0 for scores near 0.
      else if (!wasModel) this.#scores[existing] = Math.min(1, known + score * (1 - known));
      this.#sources[existing]! |= source;
      return existing;
    }
    const node = this.size;
    this.#tokens.push(token);
    this.#parents.push(parent);
    this.#depths.push(this.#depths[parent]! + 1);
    this.#scores.push(score);
    this.#sources.push(source);
    this.#firstChild.push(-1);
    this.#nextSibling.push(this.#firstChild[parent]!);
    this.#firstChild[parent] = node;
    return node;
  }

  finish(): DraftTree {
    return {
      size: this.size,
      tokens: Int32Array.from(this.#tokens),
      parents: Int32Array.from(this.#parents),
      depths: Int32Array.from(this.#depths),
      scores: Float32Array.from(this.#scores),
      sources: Uint8Array.from(this.#sources),
    };
  }
}

/** The tree that drafts nothing: evaluating it is one step of plain decoding. */
export function rootOnlyTree(rootToken: Token): DraftTree {
  return new DraftTreeBuilder(rootToken).finish();
}

/** Tokens one behind the other, for a pass of so many rows that nobody drafted. @param tokens - [>= 1] the root's first. */
export function chainTree(tokens: Int32Array): DraftTree {
  const chain = new DraftTreeBuilder(tokens[0]!);
  for (let node = 1; node < tokens.length; node++) {
    chain.add(node - 1, tokens[node]!, { score: 1, source: 0 });
  }
  return chain.finish();
}

/** The same tree in arrays of its own, so that whoever made it may change theirs. */
export function copyDraftTree(tree: DraftTree): DraftTree {
  return {
    size: tree.size,
    tokens: Int32Array.from(tree.tokens),
    parents: Int32Array.from(tree.parents),
    depths: Int32Array.from(tree.depths),
    scores: Float32Array.from(tree.scores),
    sources: Uint8Array.from(tree.sources),
  };
}

/** [tree.size] survival of each node: the product of the scores on its path. */
export function survivals(tree: DraftTree): Float32Array {
  const survival = new Float32Array(tree.size);
  survival[ROOT] = 1;
  for (let node = 1; node < tree.size; node++) {
    survival[node] = survival[tree.parents[node]!]! * tree.scores[node]!;
  }
  return survival;
}

/** The first broken invariant of a tree, or undefined. Run on everything a drafter returns. */
export function checkDraftTree(tree: DraftTree): string | undefined {
  const { size } = tree;
  if (!Number.isInteger(size) || size < 1) return `size ${size} is not at least 1`;
  const columns = {
    tokens: tree.tokens,
    parents: tree.parents,
    depths: tree.depths,
    scores: tree.scores,
    sources: tree.sources,
  };
  for (const [name, column] of Object.entries(columns)) {
    if (column?.length !== size) return `${name} has ${column?.length} rows, the tree has ${size}`;
  }
  if (tree.parents[ROOT] !== -1) return `the root has parent ${tree.parents[ROOT]}`;
  if (tree.depths[ROOT] !== 0) return `the root has depth ${tree.depths[ROOT]}`;
  const seen = new Set<number>();
  for (let node = 1; node < size; node++) {
    const parent = tree.parents[node]!;
    if (!(parent >= 0 && parent < node)) return `node ${node} has parent ${parent}`;
    if (tree.depths[node] !== tree.depths[parent]! + 1) {
      return `node ${node} has depth ${tree.depths[node]} below depth ${tree.depths[parent]}`;
    }
    if (!(tree.scores[node]! > 0 && tree.scores[node]! <= 1)) {
      return `node ${node} has score ${tree.scores[node]}`;
    }
    if (tree.sources[node]! >= 2 ** DRAFT_SOURCES.length) {
      return `node ${node} has sources ${tree.sources[node]}`;
    }
    // A token has 32 bits.
    const key = parent * 2 ** 32 + tree.tokens[node]!;
    if (seen.has(key)) return `node ${node} repeats token ${tree.tokens[node]} below ${parent}`;
    seen.add(key);
  }
  return undefined;
}
