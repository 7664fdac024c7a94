/** What a model said after continuations of one prompt: rows of logits by the tokens that lead to them. */

import type { Token } from "../../../src/core/base/tokens.ts";
import type { TopK } from "../../../src/core/tree/targetModel.ts";

/** A row as far as it is kept: its best entries, and what turns them into probabilities. */
export interface LogitsRow extends TopK {
  /** ln Σ exp over the whole row. */
  readonly logSumExp: number;
}

/** The node of the prompt itself, whose row is the model's next token after the prompt's last one. */
export const PROMPT_NODE = 0;

/** A trie whose nodes are continuations; parents precede children. A node may lack its row. */
export class RowTrie {
  readonly #tokens: Token[] = [-1];
  readonly #parents: number[] = [-1];
  readonly #rows: (LogitsRow | undefined)[] = [undefined];
  readonly #children = new Map<number, number>();

  get size(): number {
    return this.#tokens.length;
  }

  /** The last token of a continuation; -1 for the prompt. */
  token(node: number): Token {
    return this.#tokens[node]!;
  }

  /** -1 for the prompt. */
  parent(node: number): number {
    return this.#parents[node]!;
  }

  row(node: number): LogitsRow | undefined {
    return this.#rows[node];
  }

  /** The first of several rows of a node stays. */
  setRow(node: number, row: LogitsRow): void {
    this.#rows[node] ??= row;
  }

  /** The node one token further, or -1. */
  child(node: number, token: Token): number {
    return this.#children.get(keyOf(node, token)) ?? -1;
  }

  /** The same, added if it is not there. @throws RangeError if `node` is none. */
  add(node: number, token: Token): number {
    if (!(node >= 0 && node < this.size)) throw new RangeError(`${node} is no node of the trie`);
    const known = this.child(node, token);
    if (known !== -1) return known;
    const added = this.size;
    this.#tokens.push(token);
    this.#parents.push(node);
    this.#rows.push(undefined);
    this.#children.set(keyOf(node, token), added);
    return added;
  }

  /** The same without nodes that neither have a row nor lead to one. */
  withRowsOnly(): RowTrie {
    const isKept = new Uint8Array(this.size);
    isKept[PROMPT_NODE] = 1;
    for (let node = this.size - 1; node > PROMPT_NODE; node--) {
      if (this.row(node) !== undefined) isKept[node] = 1;
      if (isKept[node] === 1) isKept[this.parent(node)] = 1;
    }
    const kept = new RowTrie();
    const nodes = [PROMPT_NODE];
    for (let node = 0; node < this.size; node++) {
      if (isKept[node] === 0) continue;
      if (node > PROMPT_NODE) nodes[node] = kept.add(nodes[this.parent(node)]!, this.token(node));
      const row = this.row(node);
      if (row !== undefined) kept.setRow(nodes[node]!, row);
    }
    return kept;
  }

  /** [path.length + 1] the prompt's node, then those of the path, added where they are not there. */
  addPath(path: ArrayLike<Token>): number[] {
    const nodes = [PROMPT_NODE];
    for (let index = 0; index < path.length; index++)
      nodes.push(this.add(nodes[index]!, path[index]!));
    return nodes;
  }
}

/** A token has 32 bits. */
function keyOf(node: number, token: Token): number {
  return node * 2 ** 32 + token;
}
