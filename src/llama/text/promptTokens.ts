/**
 * Tokens of the text around the cursor, remembered from key to key: the suffix hardly changes while the user types, and
 * the prefix grows at its end. Tokenizing 16 KB anew took a third of a short completion's time.
 */
import { concatTokens } from "../../core/base/tokens.ts";
import { ggufString } from "../../gguf/ggufHeader.ts";
import type { LlamaModel } from "../model/llamaModel.ts";
import { StableBoundary, type StableTokens } from "./stableTokens.ts";
import { nextJoint } from "./textSlices.ts";

/** The remembered part of a prefix grows in steps of this many UTF-16 code units. */
const STEP_CHARS = 1024;

interface Remembered {
  readonly text: string;
  readonly tokens: Int32Array;
}

const NOTHING: Remembered = { text: "", tokens: new Int32Array(0) };

/** Parts of a prompt's text that grow at their ends. */
type GrowingPart = "prefix" | "middle";

/** One model's. The tokens are those of the whole text, tokenized at once. */
export class PromptTokens {
  readonly #model: LlamaModel;
  /** Whether the tokenizer splits text before it merges bytes, so that parts can be tokenized apart. */
  readonly #canSplit: boolean;
  #suffix = NOTHING;
  readonly #heads: Record<GrowingPart, Remembered> = { prefix: NOTHING, middle: NOTHING };
  #boundary: StableBoundary | undefined;

  constructor(model: LlamaModel) {
    this.#model = model;
    this.#canSplit = ggufString(model.header, "tokenizer.ggml.model") === "gpt2";
  }

  ofSuffix(text: string): Int32Array {
    this.#suffix = this.#remember(this.#suffix, text);
    return this.#suffix.tokens;
  }

  /** Of a text before the cursor, or of a part of it. */
  ofBefore(part: GrowingPart, text: string): Int32Array {
    const split = this.#canSplit ? jointOf(text) : 0;
    if (split === 0) return this.#model.vocabulary.tokenize(text);
    this.#heads[part] = this.#remember(this.#heads[part], text.slice(0, split));
    const tail = this.#model.vocabulary.tokenize(text.slice(split));
    return concatTokens(this.#heads[part].tokens, tail);
  }

  ofStable(part: GrowingPart, text: string): StableTokens {
    this.#boundary ??= new StableBoundary(this.#model);
    return this.#boundary.part(text, this.ofBefore(part, text));
  }

  #remember(known: Remembered, text: string): Remembered {
    if (known.text === text) return known;
    return { text, tokens: this.#model.vocabulary.tokenize(text) };
  }
}

/** Where a text can be parted, the same place for a whole step of its growth; 0 if it cannot. */
function jointOf(text: string): number {
  const stepEnd = Math.floor(text.length / STEP_CHARS) * STEP_CHARS;
  if (stepEnd < STEP_CHARS) return 0;
  return Math.max(0, nextJoint(text, stepEnd - STEP_CHARS));
}
