/** What is said about a prompt without completing it: benchmarks give it to others, and ask where its tokens end. */
import * as v from "valibot";
import { RequestType, RequestType0 } from "vscode-jsonrpc/node";
import { shapeOf } from "../../core/base/messageSchema.ts";
import type { ContextSnippet } from "../../core/prompt/promptContext.ts";
import type { PromptShares } from "../../core/prompt/promptShares.ts";
import { promptEntries } from "./completeMessages.ts";
import type { WireError } from "./protocol.ts";

/** The part of a completion's request that its prompt is made of, and what may follow. */
export const promptQuestion = shapeOf({
  ...promptEntries,
  /** Text that is put in at the cursor. */
  nextText: v.string(),
});
export type PromptQuestion = v.InferOutput<typeof promptQuestion>;

export interface PromptAnswer {
  /** What the target gets for such a request. */
  readonly promptTokens: Int32Array;
  /** Whether the tokens of the text before the cursor and `nextText` together begin with those of the text alone. */
  readonly keepsTokens: boolean;
  /** How many of them are of what. */
  readonly shares: PromptShares;
  /** The files of the context, in the order in which they stand. */
  readonly snippets: readonly ContextSnippet[];
  /** Of the target. */
  readonly vocabSize: number;
}

export const promptRequest = new RequestType<PromptQuestion, PromptAnswer, WireError>("prompt");

/** What the target got for the last completion; it is nowhere kept. */
export interface LastPrompt {
  /** With the markers as the vocabulary names them. */
  readonly text: string;
  readonly shares: PromptShares;
  /** As the model saw it; absent where the request had none. */
  readonly filePath?: string;
}

/** Null where there was no completion since the models were loaded. */
export const lastPromptRequest = new RequestType0<LastPrompt | null, WireError>("lastPrompt");
