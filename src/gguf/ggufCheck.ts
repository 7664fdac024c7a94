/**
 * Decides whether llama.cpp may see a model file. Many faults in a header make llama.cpp abort the whole process
 * (GGML_ASSERT, division by zero, out-of-range vocabulary look-ups) instead of returning an error; this check refuses
 * them first, with a message a user can act on. It reads no weights: wrong numbers in them give wrong text, not a crash.
 */

import { quotedText } from "../core/base/foreignText.ts";
import { architectureKind } from "./ggufArchitecture.ts";
import { GgufFault, ofFile } from "./ggufCursor.ts";
import { type GgufHeader, ggufString } from "./ggufHeader.ts";
import { readHyperparameters } from "./ggufHyperparameters.ts";
import { checkShapes } from "./ggufShapeCheck.ts";
import { checkTensors } from "./ggufTensorCheck.ts";
import { checkTokenizer, countTokens } from "./ggufTokenizerCheck.ts";

/**
 * Checks everything about `header` that can be known without loading the model.
 * @throws EngineError noVocabulary, unsupportedArchitecture, modelTruncated or modelCorrupt; its message names the
 * path, what was expected, what was found and what to do.
 */
export function checkGguf(header: GgufHeader): void {
  ofFile(header.path, () => {
    const architecture = ggufString(header, "general.architecture");
    if (architecture === undefined) throw new GgufFault("text in general.architecture", "none");
    const kind = architectureKind(architecture);
    if (kind === undefined || kind === "encoder")
      throw new GgufFault(
        "an architecture that generates text with this llama.cpp",
        `general.architecture ${quotedText(architecture)}`,
        "Choose a text model of another family.",
        "unsupportedArchitecture",
      );
    const isSplit = checkSplit(header);
    const tokenCount = countTokens(header);
    checkTensors(header, isSplit);
    checkShapes(header, readHyperparameters(header, architecture, kind), tokenCount, isSplit);
    // Last, because it alone takes time: about 0.5 µs per token and merge.
    checkTokenizer(header);
  });
}

/** Whether the model continues in further files; only the first file can be opened. */
function checkSplit(header: GgufHeader): boolean {
  const count = splitNumber(header, "split.count");
  const index = splitNumber(header, "split.no");
  if (count > 1 && index !== 0)
    throw new GgufFault(
      "the first file of a split model",
      `file ${index + 1} of ${count}`,
      "Choose the file that ends in -00001-of-….gguf.",
    );
  return count > 1;
}

function splitNumber(header: GgufHeader, key: string): number {
  const entry = header.metadata.get(key);
  if (entry === undefined) return 0;
  if (entry.type !== "uint16") throw new GgufFault(`${key} as uint16`, entry.type);
  return entry.value;
}
