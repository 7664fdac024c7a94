/** Tells vocabularies apart: token ids that are kept on disk mean the same text under the same hash only. */
import { createHash } from "node:crypto";
import { type GgufHeader, ggufString, ggufStrings } from "../../gguf/ggufHeader.ts";

export function tokenizerHash(header: GgufHeader): string {
  const hash = createHash("sha256");
  for (const key of ["model", "pre"]) {
    hash.update(`${ggufString(header, `tokenizer.ggml.${key}`) ?? ""}\0`);
  }
  for (const key of ["tokens", "merges"]) {
    const texts = ggufStrings(header, `tokenizer.ggml.${key}`) ?? [];
    // One text: a call for each would take a tenth of a second.
    hash.update(`${texts.length}\0${texts.join("\0")}\0`);
  }
  return hash.digest("hex");
}
