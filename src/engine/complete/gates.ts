/** Which models say how sure they are of a line: those that were measured, with the prompts that they were measured with. */
import { APPENDED_PROMPT } from "../../core/prompt/promptAnchor.ts";
import type { GateWeights } from "../../core/suggestions/confidence.ts";
import type { CompleteParams } from "../protocol/completeMessages.ts";
import type { LoadedModel } from "../protocol/protocol.ts";

interface Gate {
  /** As the header names the model, and the file's size: other quantizations are other models. */
  readonly name: string;
  readonly fileBytes: number;
  /** Of `npm run gate`, for prompts as the editor asks them. */
  readonly weights: GateWeights;
}

const GATES: readonly Gate[] = [
  {
    name: "Qwen2.5 Coder 0.5B Instruct AWQ",
    fileBytes: 491_400_064,
    weights: [1.757, 1.32, 2.365, 1.32, -0.335],
  },
  {
    name: "Qwen2.5 Coder 1.5B Instruct GGUF",
    fileBytes: 1_117_320_768,
    weights: [2.412, 1.354, 2.358, -0.193, -0.432],
  },
];

/** Undefined where the model was not measured with such a prompt. */
export function gateOf(
  { name, fileBytes }: LoadedModel,
  { anchor, heals }: Pick<CompleteParams, "anchor" | "heals">,
): GateWeights | undefined {
  const isMeasured =
    heals === true && JSON.stringify(anchor) === JSON.stringify(APPENDED_PROMPT.anchor);
  if (!isMeasured) return undefined;
  return GATES.find((gate) => gate.name === name && gate.fileBytes === fileBytes)?.weights;
}
