/**
 * Checks the vocabulary in a GGUF header. llama.cpp answers several of these faults by aborting the process, either
 * while loading or at the first text that needs the missing entry.
 */
import { quotedText } from "../core/base/foreignText.ts";
import { GgufFault, type GgufType } from "./ggufCursor.ts";
import { type GgufHeader, ggufString, ggufStrings } from "./ggufHeader.ts";

const prefix = "tokenizer.ggml.";

interface TokenizerDefaults {
  /** BOS and EOS ids llama.cpp assumes when the file names none; undefined: none. */
  readonly bos?: number;
  readonly eos?: number;
  readonly addsBos?: true;
  /** Tokenizers that look single bytes up as `<0x0A>` and throw when one is missing. */
  readonly needsBytes?: true;
  readonly hasMerges?: true;
}

/** Tokenizers of text generators (llama.cpp v0.4.0, llama-vocab.cpp); "bert" and "t5" belong to encoders. */
const tokenizers: ReadonlyMap<string, TokenizerDefaults> = new Map<string, TokenizerDefaults>([
  ["gpt2", { bos: 11, eos: 11, hasMerges: true }],
  ["gemma4", { addsBos: true, hasMerges: true }],
  ["llama", { bos: 1, eos: 2, addsBos: true, needsBytes: true }],
  ["plamo2", { bos: 1, eos: 2, needsBytes: true }],
  ["rwkv", {}],
  ["hybriddna", { bos: 11, eos: 11 }],
  ["whitespace", { bos: 11, eos: 11 }],
]);

/** Pre-tokenizers that add BOS unless told otherwise. */
const addsBos = new Set(
  (
    "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano tekken chameleon gemma4 " +
    "granite-embed-multi-311m"
  ).split(" "),
);
/** Pre-tokenizers without the BOS id that their tokenizer would otherwise assume. */
const withoutBos = new Set(["glm4", "chatglm-bpe"]);

/** Ids this engine relies on must be right; llama.cpp replaces wrong ones of the other kinds itself. */
const neededIds =
  "bos eos eot eom fim_pre fim_suf fim_mid fim_pad fim_rep fim_sep prefix suffix middle".split(" ");
const otherIds = ["unknown", "seperator", "padding", "mask"];

/**
 * The number of tokens in the vocabulary of `header`.
 * @throws GgufFault noVocabulary without one.
 */
export function countTokens(header: GgufHeader): number {
  const model = ggufString(header, `${prefix}model`);
  const count = ggufStrings(header, `${prefix}tokens`)?.length ?? 0;
  if (model === undefined || model === "no_vocab" || model === "none" || count === 0)
    throw new GgufFault(
      `a vocabulary (${prefix}model and ${prefix}tokens)`,
      `tokenizer ${quotedText(model ?? "none")} with ${count} tokens`,
      "Choose a model with its tokenizer included.",
      "noVocabulary",
    );
  return count;
}

/**
 * Checks the tokenizer of `header`, which has tokens.
 * @throws GgufFault unsupportedArchitecture for one this engine cannot use, modelCorrupt when it contradicts itself.
 */
export function checkTokenizer(header: GgufHeader): void {
  const model = ggufString(header, `${prefix}model`) ?? "";
  const tokens = ggufStrings(header, `${prefix}tokens`) ?? [];
  const defaults = tokenizers.get(model);
  if (defaults === undefined)
    throw new GgufFault(
      `one of the tokenizers ${[...tokenizers.keys()].join(", ")}`,
      quotedText(model),
      "Choose a model that generates text.",
      "unsupportedArchitecture",
    );
  const pre = ggufString(header, `${prefix}pre`);
  // llama.cpp asserts that no byte-pair word holds a space, which this pre-tokenizer leaves to a tokenizer of its own.
  if (pre === "whitespace" && model !== "whitespace")
    throw new GgufFault(`a ${prefix}pre for tokenizer ${quotedText(model)}`, quotedText(pre));
  const ids = tokenIds(tokens);
  checkPerToken(header, "token_type", ["int32"], tokens.length);
  checkPerToken(header, "scores", ["float32", "int32"], tokens.length);
  checkSpecialTokens(header, tokens.length, defaults);
  if (defaults.hasMerges) checkMerges(header, ids);
  if (defaults.needsBytes) checkByteTokens(ids);
  // llama.cpp asserts that this tokenizer can say a newline.
  if (model === "rwkv" && !["\\n", "\n", "\\x0a"].some((text) => ids.has(text)))
    throw new GgufFault("a newline token", "none");
}

/** llama.cpp aborts unless every token's text is its own; it names empty ones by their index first. */
function tokenIds(tokens: readonly string[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const [id, token] of tokens.entries()) {
    const text = token === "" ? `[EMPTY_${id}]` : token;
    if (ids.has(text))
      throw new GgufFault("distinct tokens", `${quotedText(text)} again as token ${id}`);
    ids.add(text);
  }
  return ids;
}

/** An optional array with one element per token; llama.cpp reads only as many as there are tokens. */
function checkPerToken(
  header: GgufHeader,
  key: string,
  types: readonly GgufType[],
  count: number,
): void {
  const entry = header.metadata.get(prefix + key);
  if (entry === undefined) return;
  if (entry.type !== "array" || !types.includes(entry.elementType) || entry.value.length < count)
    throw new GgufFault(
      `${prefix}${key} with ${count} elements of ${types.join(" or ")}`,
      entry.type === "array" ? `${entry.value.length} of ${entry.elementType}` : entry.type,
    );
}

function checkSpecialTokens(header: GgufHeader, count: number, defaults: TokenizerDefaults): void {
  for (const name of [...neededIds, ...otherIds]) {
    const key = `${prefix}${name}_token_id`;
    const entry = header.metadata.get(key);
    if (entry === undefined) continue;
    if (entry.type !== "uint32") throw new GgufFault(`${key} as uint32`, entry.type);
    if (entry.value >= count && neededIds.includes(name))
      throw new GgufFault(`${key} below ${count}, the number of tokens`, String(entry.value));
  }
  const pre = ggufString(header, `${prefix}pre`) ?? "";
  const bos = withoutBos.has(pre) ? undefined : defaults.bos;
  // Adding a token that does not exist aborts at the first text.
  checkAdded(header, "bos", bos, count, defaults.addsBos === true || addsBos.has(pre));
  checkAdded(header, "eos", defaults.eos, count, false);
}

function checkAdded(
  header: GgufHeader,
  name: string,
  fallback: number | undefined,
  count: number,
  addedByDefault: boolean,
): void {
  const key = `${prefix}add_${name}_token`;
  const flag = header.metadata.get(key);
  if (flag !== undefined && flag.type !== "bool") throw new GgufFault(`${key} as bool`, flag.type);
  const exists =
    header.metadata.has(`${prefix}${name}_token_id`) ||
    (fallback !== undefined && fallback < count);
  if ((flag?.value ?? addedByDefault) && !exists)
    throw new GgufFault(`${prefix}${name}_token_id, which this tokenizer adds`, "no such id");
}

/**
 * Byte-pair merges are "left right", and left, right and their concatenation are tokens. llama.cpp would drop what
 * breaks this and split text differently; checked against its 16 BPE vocabularies of real models, none of which does.
 */
function checkMerges(header: GgufHeader, ids: ReadonlySet<string>): void {
  const merges = ggufStrings(header, `${prefix}merges`);
  if (merges === undefined) {
    if (!header.metadata.has(`${prefix}merges`) && ggufString(header, `${prefix}pre`) === "kimi-k2")
      return;
    throw new GgufFault(`the byte-pair merges ${prefix}merges`, "none");
  }
  for (const [rank, merge] of merges.entries()) {
    // As llama.cpp: the left part may itself begin with a space.
    const space = merge.indexOf(" ", 1);
    const left = merge.slice(0, space);
    const right = merge.slice(space + 1);
    if (space < 1 || right === "")
      throw new GgufFault("merges of two parts", `merge ${rank}: ${quotedText(merge)}`);
    const missing = [left, right, left + right].find((text) => !ids.has(text));
    if (missing !== undefined)
      throw new GgufFault("merges of known tokens", `merge ${rank} with ${quotedText(missing)}`);
  }
}

function checkByteTokens(ids: ReadonlySet<string>): void {
  for (let byte = 0; byte < 256; byte++) {
    const hex = byte.toString(16).toUpperCase().padStart(2, "0");
    if (!ids.has(`<0x${hex}>`) && !(byte < 0x80 && ids.has(String.fromCharCode(byte))))
      throw new GgufFault("a token for every byte", `none for <0x${hex}>`);
  }
}
