/**
 * How model families order a fill-in-the-middle prompt. GGUF metadata gives the marker ids of many, never the
 * order. An entry is found by the model's names, then by the marker texts its vocabulary holds.
 */

/** Order of the parts: prefix-suffix-middle or suffix-prefix-middle. */
export type FimOrder = "PSM" | "SPM";

/** One family's prompt. */
export interface FimFamily {
  readonly name: string;
  readonly order: FimOrder;
  /** Marker texts, each one token of the vocabulary. No middle marker: generation starts after the prefix. */
  readonly prefix: string;
  readonly suffix: string;
  readonly middle?: string;
  readonly repoName?: string;
  readonly fileSeparator?: string;
  /** Matches `general.basename`, `general.name` or `general.architecture`, lower case; absent: by marker texts alone. */
  readonly namePattern?: RegExp;
}

const markers = (prefix: string, suffix: string, middle: string) => ({ prefix, suffix, middle });
const QWEN_MARKERS = markers("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>");
const STARCODER_MARKERS = markers("<fim_prefix>", "<fim_suffix>", "<fim_middle>");

/** First match wins, so that families with a name come before the generic ones. Each stands in its model's card or tokenizer. */
export const FIM_FAMILIES: readonly FimFamily[] = [
  // Trained on the bare form, without repository or path lines (models/training/encode_spm.mjs).
  { name: "treeline-tiny", order: "SPM", ...QWEN_MARKERS, namePattern: /treeline-tiny/ },
  {
    name: "mellum",
    order: "SPM",
    ...STARCODER_MARKERS,
    fileSeparator: "<filename>",
    namePattern: /mellum/,
  },
  {
    name: "seed-coder",
    order: "SPM",
    ...markers("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"),
    namePattern: /seed-?coder/,
  },
  {
    name: "codegemma",
    order: "PSM",
    ...QWEN_MARKERS,
    fileSeparator: "<|file_separator|>",
    namePattern: /codegemma/,
  },
  { name: "codestral", order: "SPM", prefix: "[PREFIX]", suffix: "[SUFFIX]" },
  { name: "codellama", order: "PSM", ...markers("▁<PRE>", "▁<SUF>", "▁<MID>") },
  {
    name: "deepseek-coder",
    order: "PSM",
    ...markers("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
  },
  {
    name: "qwen-coder",
    order: "PSM",
    ...QWEN_MARKERS,
    repoName: "<|repo_name|>",
    fileSeparator: "<|file_sep|>",
  },
  {
    name: "granite-code",
    order: "PSM",
    ...STARCODER_MARKERS,
    repoName: "<reponame>",
    fileSeparator: "<filename>",
    namePattern: /granite/,
  },
  {
    name: "starcoder2",
    order: "PSM",
    ...STARCODER_MARKERS,
    repoName: "<repo_name>",
    fileSeparator: "<file_sep>",
  },
  { name: "santacoder", order: "PSM", ...markers("<fim-prefix>", "<fim-suffix>", "<fim-middle>") },
  {
    name: "glm",
    order: "PSM",
    ...markers("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),
  },
  { name: "falcon-coder", order: "PSM", ...markers("<|prefix|>", "<|suffix|>", "<|middle|>") },
];

/** What a model says of itself. */
export interface ModelIdentity {
  readonly architecture: string;
  readonly name: string;
  readonly basename: string;
}

/**
 * The family whose name matches and whose required markers the vocabulary holds; undefined if there is none.
 * @param hasToken - whether the vocabulary holds a token of exactly this text.
 */
export function findFimFamily(
  identity: ModelIdentity,
  hasToken: (text: string) => boolean,
): FimFamily | undefined {
  const names = `${identity.basename}\n${identity.name}\n${identity.architecture}`.toLowerCase();
  return FIM_FAMILIES.find(
    (family) =>
      (family.namePattern?.test(names) ?? true) &&
      [family.prefix, family.suffix, family.middle].every(
        (text) => text === undefined || hasToken(text),
      ),
  );
}
