/**
 * How byte-level BPE tokenizers split a text before they merge its bytes: no token spans two pieces. llama.cpp knows these
 * rules by the names that stand at `tokenizer.ggml.pre`; here are those of models that complete code, and some others.
 * Each rule splits what the one before it left; what it does not match is a piece, too.
 */
import { type GgufHeader, ggufStrings } from "../../gguf/ggufHeader.ts";

/** Rules in the order in which they split. */
export type SplitRules = readonly RegExp[];

/** White space is Unicode's property, which JavaScript's own \s is not quite. */
function rule(...alternatives: readonly string[]): RegExp {
  const source = alternatives
    .join("|")
    .replaceAll("\\s", "\\p{White_Space}")
    .replaceAll("\\S", "\\P{White_Space}");
  return new RegExp(source, "gu");
}

const CONTRACTION = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
const SPACES = ["\\s*[\\r\\n]+", "\\s+(?!\\S)", "\\s+"] as const;
const PUNCTUATION = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*";
const DIGIT = rule("\\p{N}");

/** OpenAI's cl100k and its kin: a word takes the character before it. */
function wordsOf(numbers: string, letters = "\\p{L}"): RegExp {
  const punctuation = ` ?[^\\s${letters}\\p{N}]+[\\r\\n]*`;
  const word = `[^\\r\\n\\p{L}\\p{N}]?[${letters}]+`;
  return rule(CONTRACTION, word, numbers, punctuation, ...SPACES);
}

/** OpenAI's o200k and its kin: words part at their capitals. */
function casedWordsOf(numbers: string, ending = ""): RegExp {
  // Letters without these.
  const notLower = "[^a-z\\P{L}]";
  const notUpper = "[^A-Z\\P{L}]";
  const before = "[^\\r\\n\\p{L}\\p{N}]?";
  return rule(
    `${before}${notLower}*${notUpper}+${ending}`,
    `${before}${notLower}+${notUpper}*${ending}`,
    numbers,
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*",
    ...SPACES,
  );
}

const GPT2 = rule(
  "'(?:[stmd]|re|ve|ll)",
  " ?\\p{L}+",
  " ?\\p{N}+",
  " ?[^\\s\\p{L}\\p{N}]+",
  "\\s+(?!\\S)",
);
const THREE_DIGITS = rule("[0-9]{3}");
const CJK = "[一-龥぀-ゟ゠-ヿ]+";
const OLD_CJK = rule("[一-龥ࠀ-一가-퟿]+");
const CASED_LETTERS = "\\s?[\\p{Lu}\\p{Ll}\\p{Lt}]+";

/** Names, a space between them, and their rules. The first name of each entry is tested against llama.cpp. */
const RULES: readonly (readonly [names: string, rules: SplitRules])[] = [
  ["qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan", [wordsOf("\\p{N}")]],
  ["grok-2 solar-open", [wordsOf("\\p{N}")]],
  ["qwen35", [wordsOf("\\p{N}", "\\p{L}\\p{M}")]],
  ["llama3 llama-v3 llama-bpe falcon3 falcon-h1", [wordsOf("\\p{N}{1,3}")]],
  ["pixtral midm-2.0 lfm2 dbrx smaug-bpe", [wordsOf("\\p{N}{1,3}")]],
  ["glm4 chatglm-bpe", [wordsOf("\\p{N}{1,3}")]],
  ["tekken", [casedWordsOf("\\p{N}")]],
  ["gpt-4o llama4 kanana2 minimax-m2", [casedWordsOf("\\p{N}{1,3}", `(?:${CONTRACTION})?`)]],
  ["gpt-2 phi-2 mpt olmo jais mellum trillion", [GPT2]],
  ["gigachat exaone4 a.x-4.0 modern-bert granite-docling", [GPT2]],
  ["starcoder refact command-r smollm codeshell", [DIGIT, GPT2]],
  ["exaone minerva-7b mellum2", [DIGIT, GPT2]],
  ["falcon", [rule("[\\p{P}$+<=>^~|`]+"), GPT2, THREE_DIGITS]],
  ["default", [rule("[\\p{P}$+<=>^~|]+"), GPT2, rule("\\p{N}+"), THREE_DIGITS]],
  ["deepseek-coder", [rule("[\\r\\n]"), rule("\\s?\\p{L}+"), rule("\\s?\\p{P}+"), OLD_CJK, DIGIT]],
  [
    "deepseek-llm",
    [
      rule("[\\r\\n]"),
      rule(CASED_LETTERS),
      rule("\\s?[!-/:-~！-／：-～‘-‟　-。]+"),
      rule("\\s+$"),
      OLD_CJK,
      rule("\\p{N}+"),
    ],
  ],
  [
    "deepseek-v3 hunyuan-dense joyai-llm",
    [
      rule("\\p{N}{1,3}"),
      rule(CJK),
      rule(
        "[!-/:-@\\[-`{-~][A-Za-z]+",
        "[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+",
        " ?[\\p{P}\\p{S}]+[\\r\\n]*",
        ...SPACES,
      ),
    ],
  ],
  [
    "seed-coder",
    [
      rule(
        CONTRACTION,
        "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+",
        "\\p{N}",
        " ?[^\\s\\p{L}\\p{N}\\r\\n]+",
        ...SPACES,
      ),
    ],
  ],
  [
    "bailingmoe bailingmoe2 llada-moe",
    [
      rule(
        CONTRACTION,
        "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+",
        "\\p{N}",
        PUNCTUATION,
        "\\s*[\\r\\n]",
        "\\s+(?!\\S)",
        "\\s+",
      ),
    ],
  ],
];

/** Names of which the rules are known. */
export const PRE_TOKENIZERS: readonly string[] = RULES.flatMap(([names]) => names.split(" "));

/** @param name - of `tokenizer.ggml.pre`; llama.cpp takes "default" where there is none. */
export function splitRulesOf(name = "default"): SplitRules | undefined {
  return RULES.find(([names]) => names.split(" ").includes(name))?.[1];
}

const USER_DEFINED = 4;

/** Texts that are taken out of a text as tokens before it is split, the longest first. */
export function userDefinedTexts({ header }: { readonly header: GgufHeader }): readonly string[] {
  const types = header.metadata.get("tokenizer.ggml.token_type");
  const texts = ggufStrings(header, "tokenizer.ggml.tokens");
  if (types?.type !== "array" || types.elementType === "string" || texts === undefined) return [];
  return texts
    .filter((text, token) => Number(types.value[token]) === USER_DEFINED && text !== "")
    .sort((a, b) => b.length - a.length);
}

export type PreTokenizer = ReturnType<typeof preTokenizer>;

/** Splits texts as one tokenizer does. */
export function preTokenizer(rules: SplitRules, userDefined: readonly string[]) {
  const sources = userDefined.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  const taken = sources.length === 0 ? undefined : new RegExp(sources.join("|"), "gu");
  const split = (text: string, offset: number, depth: number, ends: number[]): void => {
    if (text === "") return;
    const splitRule = rules[depth];
    if (splitRule === undefined) {
      ends.push(offset + text.length);
      return;
    }
    let start = 0;
    for (const { 0: found, index } of text.matchAll(splitRule)) {
      split(text.slice(start, index), offset + start, depth + 1, ends);
      split(found, offset + index, depth + 1, ends);
      start = index + found.length;
    }
    split(text.slice(start), offset + start, depth + 1, ends);
  };
  return {
    /** Where the pieces of a text end, ascending. */
    pieceEnds(text: string): number[] {
      const ends: number[] = [];
      let start = 0;
      for (const { 0: found, index } of taken ? text.matchAll(taken) : []) {
        split(text.slice(start, index), start, 0, ends);
        start = index + found.length;
        ends.push(start);
      }
      split(text.slice(start), start, 0, ends);
      return ends;
    },
  };
}
