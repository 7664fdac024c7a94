/** Text to tokens and back, on llama.cpp's tokenizer. */

import type { Token } from "../../core/base/tokens.ts";
import type { PieceTable } from "../../core/healing/sortedVocabulary.ts";
import type { Pointer } from "../native/llamaFunctions.ts";
import type { LlamaLibrary } from "../native/llamaLibrary.ts";

const utf8 = new TextEncoder();

/** A model's vocabulary. Valid as long as its model. */
export class Vocabulary {
  readonly size: number;
  /** The token that must open a prompt, or undefined. */
  readonly bosToken: Token | undefined;
  readonly #library: LlamaLibrary;
  readonly #vocab: Pointer;
  readonly #pieces: (Uint8Array | undefined)[];
  readonly #endTokens: Int8Array;
  #pieceBuffer = new Uint8Array(256);

  constructor(library: LlamaLibrary, vocab: Pointer) {
    this.#library = library;
    this.#vocab = vocab;
    this.size = library.fn.numTokens(vocab);
    this.bosToken = library.fn.addsBos(vocab) ? library.fn.bos(vocab) : undefined;
    this.#pieces = new Array(this.size);
    this.#endTokens = new Int8Array(this.size).fill(-1);
  }

  /** Tokens of a text, without any that the model would add; marker texts such as `<|fim_prefix|>` are text. */
  tokenize(text: string): Int32Array {
    const bytes = utf8.encode(text);
    if (bytes.length === 0) return new Int32Array(0);
    // A token is at least a byte, but for a word-start mark that SPM vocabularies put in front.
    const tokens = new Int32Array(bytes.length + 16);
    const { fn } = this.#library;
    const fill = (into: Int32Array) =>
      fn.tokenize(this.#vocab, bytes, bytes.length, into, into.length, false, false);
    const count = fill(tokens);
    if (count >= 0) return tokens.slice(0, count);
    const larger = new Int32Array(-count);
    fill(larger);
    return larger;
  }

  /** The bytes of a token; possibly part of a character. Empty for control tokens. */
  pieceBytes(token: Token): Uint8Array {
    const known = this.#pieces[token];
    if (known !== undefined) return known;
    const piece = this.#readPiece(token).slice();
    this.#pieces[token] = piece;
    return piece;
  }

  /** The pieces of all tokens, read anew: 0.05 s for 152,000. */
  pieceTable(): PieceTable {
    const starts = new Int32Array(this.size + 1);
    let bytes = new Uint8Array(8 * this.size);
    for (let token = 0; token < this.size; token++) {
      const piece = this.#readPiece(token);
      const end = starts[token]! + piece.length;
      if (end > bytes.length) {
        const grown = new Uint8Array(2 * end);
        grown.set(bytes);
        bytes = grown;
      }
      bytes.set(piece, starts[token]!);
      starts[token + 1] = end;
    }
    return { bytes: bytes.slice(0, starts[this.size]), starts };
  }

  /** The text of tokens; bytes that end inside a character become U+FFFD. */
  detokenize(tokens: ArrayLike<Token>): string {
    const decoder = new TokenDecoder(this);
    let text = "";
    for (let i = 0; i < tokens.length; i++) text += decoder.push(tokens[i]!);
    return text + decoder.finish();
  }

  /** Whether the token is in llama.cpp's end-of-generation set (EOS, EOT, FIM pad, repo and file separators). */
  isEndToken(token: Token): boolean {
    if (token < 0 || token >= this.size) return false;
    if (this.#endTokens[token] === -1) {
      this.#endTokens[token] = this.#library.fn.isEog(this.#vocab, token) ? 1 : 0;
    }
    return this.#endTokens[token] === 1;
  }

  /** A view of the buffer, valid until the next call. */
  #readPiece(token: Token): Uint8Array {
    const { fn } = this.#library;
    const read = () =>
      fn.tokenToPiece(this.#vocab, token, this.#pieceBuffer, this.#pieceBuffer.length, 0, false);
    let length = read();
    if (length < 0) {
      this.#pieceBuffer = new Uint8Array(-length);
      length = read();
    }
    return this.#pieceBuffer.subarray(0, length);
  }
}

/** Turns a stream of tokens into text, holding back the bytes of an unfinished character. */
export class TokenDecoder {
  readonly #vocabulary: Vocabulary;
  // A leading U+FEFF is text of the file, not a mark to swallow.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #numSkipped: number;

  /** @param numSkipped - bytes at the start that are left out, as what an output repeats of the text before it. */
  constructor(vocabulary: Vocabulary, numSkipped = 0) {
    this.#vocabulary = vocabulary;
    this.#numSkipped = numSkipped;
  }

  push(token: Token): string {
    const bytes = this.#vocabulary.pieceBytes(token);
    const numSkipped = Math.min(this.#numSkipped, bytes.length);
    this.#numSkipped -= numSkipped;
    return this.#decoder.decode(bytes.subarray(numSkipped), { stream: true });
  }

  /** What is left; an unfinished character becomes U+FFFD. */
  finish(): string {
    return this.#decoder.decode();
  }
}
