/**
 * What is said about a prompt without completing it: benchmarks give it to others, and ask where its tokens end. Imported by
 * both sides, like `protocol.ts`, and imports nothing native.
 */
import { RequestType, RequestType0 } from "vscode-jsonrpc/node";
import { EngineError } from "../core/errors.ts";
import { isPromptAnchor } from "../core/promptAnchor.ts";
import { type ContextSnippet, isContextOptions } from "../core/promptContext.ts";
import type { PromptShares } from "../core/promptShares.ts";
import type { CompleteParams, WireError } from "./protocol.ts";

/** The part of a completion's request that its prompt is made of, and what may follow. */
export interface PromptQuestion
  extends Pick<
    CompleteParams,
    | "prefixText"
    | "suffixText"
    | "filePath"
    | "documentPath"
    | "repoName"
    | "maxTokens"
    | "maxPromptTokens"
    | "anchor"
    | "heals"
    | "context"
  > {
  /** Text that is put in at the cursor. */
  readonly nextText: string;
}

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

/**
 * Checks a question from the other process.
 * @throws EngineError `invalidRequest` naming the field.
 */
export function checkPromptQuestion(question: PromptQuestion): void {
  const refuse = (field: keyof PromptQuestion, expected: string) => {
    const found = JSON.stringify(question[field]);
    throw new EngineError("invalidRequest", `${field} is ${found}, expected ${expected}.`);
  };
  for (const field of ["prefixText", "suffixText", "nextText"] as const) {
    if (typeof question[field] !== "string") refuse(field, "text");
  }
  if (question.anchor !== undefined && !isPromptAnchor(question.anchor)) {
    refuse("anchor", '"cursor", "file", or { linesUp: an integer of at least 0 }');
  }
  if (question.context !== undefined && !isContextOptions(question.context)) {
    refuse("context", "options of a context");
  }
  const { maxPromptTokens } = question;
  if (
    maxPromptTokens !== undefined &&
    !(Number.isInteger(maxPromptTokens) && maxPromptTokens >= 1)
  ) {
    refuse("maxPromptTokens", "an integer of at least 1");
  }
  if (!Number.isInteger(question.maxTokens) || question.maxTokens < 1) {
    refuse("maxTokens", "an integer of at least 1");
  }
}
