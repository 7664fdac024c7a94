/**
 * How much of a text can be tokenized before it is whole: the tokens of its longest beginning that no continuation can
 * change. The rest is pending, and is generated under the constraint that it comes (`core/healing/pendingText.ts`).
 */
import { splitsPair } from "../../core/base/surrogates.ts";
import type { PieceTable } from "../../core/healing/sortedVocabulary.ts";
import { type GgufHeader, ggufString } from "../../gguf/ggufHeader.ts";
import type { Vocabulary } from "../model/vocabulary.ts";
import {
  type PreTokenizer,
  preTokenizer,
  splitRulesOf,
  userDefinedTexts,
} from "./preTokenizers.ts";
import { nextJoint } from "./textSlices.ts";

/**
 * What may follow a text, as far as a splitting rule looks: a character of each kind, or of two kinds where it takes two
 * to see a contraction through or the end of a run of spaces.
 */
const CONTINUATIONS = [
  "",
  ..." \n\r\t",
  ...".'/=_",
  ..."aAstmdleév一가",
  "\u0301",
  ..."1२",
  "'s",
  "'re",
  "ll",
  " a",
  "  ",
  " .",
  "\n\n",
  "\r\n",
  ".a",
  "12",
  "123",
] as const;
/** A piece of more tokens is cut inside it: one pass for each would cost more than a seam. */
const MAX_PENDING_TOKENS = 12;
/** How far back the cut is then: about as far as the last tokens of a piece depend on what follows. */
const NUM_BACK = 3;
/** Code units of a text's end in which a line is looked for to begin with, one after the other. */
const TAIL_CHARS = [64, 512, 4096] as const;
/** Pieces at the end that may not be settled, and some more; none looks back across so many. */
const NUM_PIECES = 5;
/** What is split of a text without lines. */
const LINELESS_TAIL_CHARS = 256;
/** How far back a tokenizer without rules looks for a space. */
const MAX_SEARCH_CHARS = 512;

/** A text that will go on. */
export interface StableTokens {
  /** Of its longest beginning whose tokens no continuation can change. */
  readonly tokens: Int32Array;
  /** The rest. */
  readonly pendingText: string;
  /** How the rest is written if nothing follows. */
  readonly pendingTokens: Int32Array;
  /** The place is within a long piece, and a continuation may change tokens before it after all. */
  readonly isCut: boolean;
}

const ENCODER = new TextEncoder();
/** A leading U+FEFF is text. */
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One model's. Where llama.cpp splits texts by rules (`preTokenizers.ts`) the boundary is the last end of a piece that is
 * there whatever follows. Tokenizers without rules (SPM: llama, gemma) and rules that are not known get a safe place: before
 * the last space or line break behind another character that no token of the vocabulary spans with it. Tokens merge to
 * tokens, so nothing that follows reaches across.
 */
export class StableBoundary {
  readonly #vocabulary: Pick<Vocabulary, "tokenize" | "pieceBytes" | "pieceTable">;
  readonly #splitter: PreTokenizer | undefined;
  readonly #userDefined: readonly string[];
  #spanned: SpannedBytes | undefined;

  constructor(model: {
    readonly header: GgufHeader;
    readonly vocabulary: Pick<Vocabulary, "tokenize" | "pieceBytes" | "pieceTable">;
  }) {
    const { header, vocabulary } = model;
    this.#vocabulary = vocabulary;
    this.#userDefined = userDefinedTexts(model);
    const isByteLevel = ggufString(header, "tokenizer.ggml.model") === "gpt2";
    const rules = isByteLevel ? splitRulesOf(ggufString(header, "tokenizer.ggml.pre")) : undefined;
    this.#splitter = rules && preTokenizer(rules, this.#userDefined);
  }

  /** Whether the model's own rules decide; otherwise more is pending than has to be. */
  get hasRules(): boolean {
    return this.#splitter !== undefined;
  }

  /**
   * Parts a text's tokens from what is pending. Spaces at its end are always pending as a whole. A long piece (data has
   * such) is cut inside it.
   * @param tokens - of the whole text.
   */
  part(text: string, tokens: Int32Array): StableTokens {
    const boundary = this.#splitter
      ? this.#lastSettledEnd(text, this.#splitter)
      : this.#unspannedSpace(text);
    const pendingBytes = ENCODER.encode(text.slice(boundary));
    let isCut = false;
    let numBack = 0;
    let numBytes = 0;
    const stepBack = () => {
      numBytes += this.#vocabulary.pieceBytes(tokens[tokens.length - ++numBack]!).length;
    };
    // A vocabulary may drop what it has no token for: then all of them have fewer bytes.
    const most = Math.min(MAX_PENDING_TOKENS + 1, tokens.length);
    while (numBytes < pendingBytes.length && numBack < most) stepBack();
    if (numBack > MAX_PENDING_TOKENS) {
      isCut = true;
      [numBack, numBytes] = [0, 0];
      while (numBack < NUM_BACK) stepBack();
      // Inside a character.
      while ((pendingBytes[pendingBytes.length - numBytes]! & 0xc0) === 0x80) stepBack();
    } else if (numBytes !== pendingBytes.length) {
      // A token spans the place, as no safe one was found.
      const known = this.#vocabulary.tokenize(text.slice(0, boundary));
      const pendingText = text.slice(boundary);
      const pendingTokens = this.#vocabulary.tokenize(pendingText);
      return { tokens: known, pendingText, pendingTokens, isCut };
    }
    // As many code units as the text has them, also where half a character became U+FFFD.
    const { length } = DECODER.decode(pendingBytes.subarray(pendingBytes.length - numBytes));
    return {
      tokens: tokens.slice(0, tokens.length - numBack),
      pendingText: text.slice(text.length - length),
      pendingTokens: tokens.slice(tokens.length - numBack),
      isCut,
    };
  }

  #lastSettledEnd(text: string, splitter: PreTokenizer): number {
    const end = text.length - /[ \t]*$/.exec(text)![0].length;
    const tailAt = tailStart(text);
    const known = splitter.pieceEnds(text.slice(tailAt)).filter((at) => tailAt + at <= end);
    const start = tailAt + (known.at(-1 - NUM_PIECES) ?? 0);
    const tail = text.slice(start);
    const [first, ...others] = [...CONTINUATIONS, ...this.#restsOfUserDefined(tail)].map((more) =>
      splitter.pieceEnds(tail + more),
    );
    let numSettled = 0;
    while (
      start + first![numSettled]! <= end &&
      others.every((ends) => ends[numSettled] === first![numSettled])
    ) {
      numSettled++;
    }
    return start + (first![numSettled - 1] ?? 0);
  }

  /** What would make the text's end a token that is taken out before all splitting. */
  #restsOfUserDefined(tail: string): string[] {
    const rests: string[] = [];
    for (const text of this.#userDefined) {
      for (let length = 1; length < text.length; length++) {
        if (tail.endsWith(text.slice(0, length))) rests.push(text.slice(length));
      }
    }
    return rests;
  }

  #unspannedSpace(text: string): number {
    this.#spanned ??= new SpannedBytes(this.#vocabulary.pieceTable());
    const end = Math.max(0, text.length - MAX_SEARCH_CHARS);
    for (let at = text.length - 1; at > end; at--) {
      if (!/^\S[ \t\r\n]$/.test(text.slice(at - 1, at + 1))) continue;
      if (!this.#spanned.has(ENCODER.encode(text.charAt(at - 1)).at(-1)!, text.charCodeAt(at)))
        return at;
    }
    return end;
  }
}

/** Where splitting may begin: at a line; within a very long one at a place that splitting finds its way from. */
function tailStart(text: string): number {
  for (const numChars of TAIL_CHARS) {
    if (text.length <= numChars) return 0;
    const joint = nextJoint(text, text.length - numChars);
    if (joint !== -1) return joint;
  }
  const start = text.length - LINELESS_TAIL_CHARS;
  return splitsPair(text, start) ? start + 1 : start;
}

/** Which bytes stand side by side within any token. */
class SpannedBytes {
  readonly #pairs = new Uint8Array(2 ** 16);

  constructor({ bytes, starts }: PieceTable) {
    for (let token = 0; token + 1 < starts.length; token++) {
      for (let at = starts[token]! + 1; at < starts[token + 1]!; at++) {
        this.#pairs[bytes[at - 1]! * 256 + bytes[at]!] = 1;
      }
    }
  }

  has(first: number, second: number): boolean {
    return this.#pairs[first * 256 + second] === 1;
  }
}
