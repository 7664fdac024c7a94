/** Which length of prompt a request gets, by what the caches hold of each and how fast the target reads. */
import { firstWithin, type PromptSpeed, promptLengths } from "../../core/prompt/promptLength.ts";
import type { LlamaTarget } from "../../llama/target/llamaTarget.ts";
import type { CompletionPrompt } from "./completionPrompt.ts";

export interface ChosenPrompt {
  readonly prompt: CompletionPrompt;
  /** Tokens of it that the target has yet to read. */
  readonly numUnread: number;
  /** The longest prompt of the place, to be read while nobody waits; undefined where it is the chosen one. */
  readonly ahead?: Int32Array;
}

/**
 * The longest prompt that lets the first line be there in time.
 * @param firstLineMs - from the request on.
 * @param longest - tokens.
 * @param build - the prompt of a length.
 */
export function choosePrompt(
  target: Pick<LlamaTarget, "numAtHand">,
  speed: PromptSpeed,
  firstLineMs: number,
  longest: number,
  build: (maxTokens: number) => CompletionPrompt,
): ChosenPrompt {
  const whole = build(longest);
  function* choices() {
    for (const length of promptLengths(longest)) {
      const prompt = length === longest ? whole : build(length);
      yield { prompt, numUnread: numUnreadOf(target, prompt) };
    }
  }
  const { prompt, numUnread } = firstWithin(choices(), speed.tokensWithin(firstLineMs));
  return prompt === whole
    ? { prompt, numUnread }
    : { prompt, numUnread, ahead: whole.promptTokens };
}

/** One that is taken whatever reading it takes. */
export function chosenWhole(
  target: Pick<LlamaTarget, "numAtHand">,
  prompt: CompletionPrompt,
): ChosenPrompt {
  return { prompt, numUnread: numUnreadOf(target, prompt) };
}

function numUnreadOf(
  target: Pick<LlamaTarget, "numAtHand">,
  { promptTokens }: Pick<CompletionPrompt, "promptTokens">,
): number {
  return promptTokens.length - target.numAtHand(promptTokens);
}
