/** Where a model's cache stands in a trie of rows, and where the nodes of a tree below it are. */

import { commonPrefixLength, type Token, TokenBuffer } from "../../../src/core/base/tokens.ts";
import { type DraftTree, ROOT } from "../../../src/core/tree/draftTree.ts";
import { PROMPT_NODE, type RowTrie } from "./rowTrie.ts";

/** The history is a part of the prompt; nothing is known there. */
const IN_PROMPT = -2;
/** The trie has no such continuation. */
const UNKNOWN = -1;

/** Follows one prompt at a time, as a cache does. */
export class TrieCursor {
  readonly #committed = new TokenBuffer();
  /** [committed] node of each position. */
  #nodes: number[] = [];
  #prompt = new Int32Array(0);
  #trie: RowTrie | undefined;

  get length(): number {
    return this.#committed.length;
  }

  /** What is committed stays, as another prompt's cells do until the next prefill. */
  open(promptTokens: Int32Array, trie: RowTrie): void {
    this.#prompt = Int32Array.from(promptTokens);
    this.#trie = trie;
    const held = Int32Array.from(this.#committed.view());
    this.#committed.truncate(0);
    this.#nodes = [];
    this.append(held);
  }

  /** How many of these tokens it holds, from the first one on. */
  numHeld(tokens: Int32Array): number {
    return commonPrefixLength(this.#committed.view(), tokens);
  }

  /** Holds exactly these tokens afterwards. @returns how many of them it held already. */
  moveTo(tokens: Int32Array): number {
    const numHeld = this.numHeld(tokens);
    this.#committed.truncate(numHeld);
    this.#nodes.length = numHeld;
    this.append(tokens.subarray(numHeld));
    return numHeld;
  }

  append(tokens: ArrayLike<Token>): void {
    for (let index = 0; index < tokens.length; index++) {
      this.#nodes.push(this.#step(this.#nodes.at(-1), this.#nodes.length, tokens[index]!));
    }
    this.#committed.append(tokens);
  }

  /** [tree.size] the trie's node of each, negative where it has none. @param isAdded - whether it gets one then. */
  nodesOf(tree: DraftTree, isAdded = false): Int32Array {
    const nodes = new Int32Array(tree.size);
    for (let node = ROOT; node < tree.size; node++) {
      const parent = node === ROOT ? this.#nodes.at(-1) : nodes[tree.parents[node]!]!;
      const position = this.length + tree.depths[node]!;
      nodes[node] = this.#step(parent, position, tree.tokens[node]!, isAdded);
    }
    return nodes;
  }

  /** @param from - node of the position before; undefined at the very start. */
  #step(from: number | undefined, position: number, token: Token, isAdded = false): number {
    const lastOfPrompt = this.#prompt.length - 1;
    if (position <= lastOfPrompt) {
      const isPrompt =
        (from === undefined || from === IN_PROMPT) && this.#prompt[position] === token;
      if (!isPrompt) return UNKNOWN;
      return position === lastOfPrompt ? PROMPT_NODE : IN_PROMPT;
    }
    if (from === undefined || from < 0 || this.#trie === undefined) return UNKNOWN;
    return isAdded ? this.#trie.add(from, token) : this.#trie.child(from, token);
  }
}
