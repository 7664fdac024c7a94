/** Whether a completion's document is one that nothing is to be kept of. */
import { isSecretPath, isSecretText } from "../../workspace/sourceRules.ts";
import type { CompleteParams } from "../protocol/completeMessages.ts";

/** More text than a prompt has on either side of the cursor. */
const MAX_LEARNED_CHARS = 32_768;

/** Whether what is learned here must not be kept: the rules by which the index leaves files out. */
export function isSecretDocument({
  filePath,
  documentPath,
  prefixText,
  suffixText,
}: CompleteParams) {
  const path = (documentPath ?? filePath ?? "").replaceAll("\\", "/");
  return (
    isSecretPath(path) ||
    isSecretText(prefixText.slice(-MAX_LEARNED_CHARS)) ||
    isSecretText(suffixText.slice(0, MAX_LEARNED_CHARS))
  );
}
