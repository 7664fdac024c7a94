/** A prompt as text, with the markers that it is structured by. */
import type { Token } from "../../core/base/tokens.ts";
import { ggufStrings } from "../../gguf/ggufHeader.ts";
import type { LlamaModel } from "../model/llamaModel.ts";
import { TokenDecoder } from "../model/vocabulary.ts";

/** Tokens that have no text of their own as the vocabulary names them. Not to be tokenized again: a text may look like a marker. */
export function promptText({ header, vocabulary }: LlamaModel, tokens: Int32Array): string {
  const names = ggufStrings(header, "tokenizer.ggml.tokens");
  const nameOf = (token: Token) => names?.[token] ?? `<${token}>`;
  let decoder = new TokenDecoder(vocabulary);
  let text = "";
  for (const token of tokens) {
    if (vocabulary.pieceBytes(token).length > 0) {
      text += decoder.push(token);
      continue;
    }
    text += decoder.finish() + nameOf(token);
    decoder = new TokenDecoder(vocabulary);
  }
  return text + decoder.finish();
}
