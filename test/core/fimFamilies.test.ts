import { describe, expect, test } from "vitest";
import {
  FIM_FAMILIES,
  findFimFamily,
  type ModelIdentity,
} from "../../src/core/prompt/fimFamilies.ts";

const QWEN = [
  "<|fim_prefix|>",
  "<|fim_suffix|>",
  "<|fim_middle|>",
  "<|repo_name|>",
  "<|file_sep|>",
];
const STARCODER = ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"];
const SEED = ["<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>"];
const DEEPSEEK = ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"];
const CODELLAMA = ["▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"];
const CHAT = ["<|im_start|>", "<|im_end|>", "<s>", "</s>", "<|endoftext|>"];

function find(identity: Partial<ModelIdentity>, vocabulary: readonly string[]) {
  const texts = new Set(vocabulary);
  return findFimFamily({ architecture: "", name: "", basename: "", ...identity }, (text) =>
    texts.has(text),
  );
}

/** The families by the names and markers their files carry. */
const MODELS: readonly (readonly [
  model: string,
  identity: Partial<ModelIdentity>,
  vocabulary: readonly string[],
  family: string,
  order: "PSM" | "SPM",
])[] = [
  [
    "Qwen2.5-Coder",
    { architecture: "qwen2", name: "Qwen2.5 Coder 1.5B" },
    QWEN,
    "qwen-coder",
    "PSM",
  ],
  ["Qwen3-Coder", { architecture: "qwen3moe", basename: "Qwen3-Coder" }, QWEN, "qwen-coder", "PSM"],
  ["StarCoder2", { architecture: "starcoder2" }, [...STARCODER, "<file_sep>"], "starcoder2", "PSM"],
  ["StableCode", { architecture: "stablelm" }, STARCODER, "starcoder2", "PSM"],
  ["CodeLlama", { architecture: "llama", name: "CodeLlama" }, CODELLAMA, "codellama", "PSM"],
  ["DeepSeek-Coder", { architecture: "llama" }, DEEPSEEK, "deepseek-coder", "PSM"],
  ["DeepSeek-Coder-V2", { architecture: "deepseek2" }, DEEPSEEK, "deepseek-coder", "PSM"],
  [
    "CodeGemma",
    { architecture: "gemma", name: "codegemma-2b" },
    QWEN.slice(0, 3),
    "codegemma",
    "PSM",
  ],
  [
    "Codestral",
    { architecture: "llama" },
    ["[PREFIX]", "[SUFFIX]", "[MIDDLE]"],
    "codestral",
    "SPM",
  ],
  [
    "Granite-code",
    { architecture: "llama", basename: "granite-3b-code-base" },
    STARCODER,
    "granite-code",
    "PSM",
  ],
  [
    "Granite 4.0",
    { architecture: "granite", name: "Granite 4.0" },
    QWEN.slice(0, 3),
    "qwen-coder",
    "PSM",
  ],
  ["Mellum", { architecture: "llama", basename: "Mellum-4b-base" }, STARCODER, "mellum", "SPM"],
  ["Seed-Coder", { architecture: "llama", name: "Seed-Coder 8B Base" }, SEED, "seed-coder", "SPM"],
  [
    "GLM-4",
    { architecture: "glm4" },
    ["<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"],
    "glm",
    "PSM",
  ],
  [
    "Falcon-H1-Tiny-Coder",
    { architecture: "falcon-h1" },
    ["<|prefix|>", "<|suffix|>", "<|middle|>"],
    "falcon-coder",
    "PSM",
  ],
  [
    "SantaCoder",
    { architecture: "starcoder" },
    ["<fim-prefix>", "<fim-suffix>", "<fim-middle>"],
    "santacoder",
    "PSM",
  ],
  [
    "the bundled model",
    { architecture: "llama", name: "treeline-tiny-target" },
    QWEN,
    "treeline-tiny",
    "SPM",
  ],
];

describe("findFimFamily", () => {
  test.each(MODELS)("finds the family of %s", (_model, identity, vocabulary, family, order) => {
    const found = find(identity, [...CHAT, ...vocabulary]);
    expect(found?.name).toBe(family);
    expect(found?.order).toBe(order);
  });

  test("every family of the table is found for one of these models", () => {
    const found = new Set(MODELS.map(([, , , family]) => family));
    expect(FIM_FAMILIES.map((family) => family.name).filter((name) => !found.has(name))).toEqual(
      [],
    );
  });

  test.each([
    ["SmolLM2", { architecture: "llama", name: "SmolLM2 1.7B Instruct" }],
    ["Llama 3", { architecture: "llama", name: "Llama 3.2 3B Instruct" }],
    ["Gemma 3", { architecture: "gemma3", name: "Gemma 3 4b It" }],
    ["a chat model named after a code model", { name: "my-mellum-codegemma-granite-chat" }],
  ])("finds none for %s, which has no markers", (_model, identity) => {
    expect(find(identity, CHAT)).toBeUndefined();
  });

  test("one missing marker is no family", () => {
    for (const missing of QWEN.slice(0, 3)) {
      const rest = QWEN.filter((text) => text !== missing);
      expect(find({ architecture: "qwen2" }, rest)).toBeUndefined();
    }
  });

  test("a name decides between families of the same markers", () => {
    expect(find({}, STARCODER)?.name).toBe("starcoder2");
    expect(find({ name: "MELLUM 4b" }, STARCODER)?.name).toBe("mellum");
    expect(find({}, QWEN)?.name).toBe("qwen-coder");
    expect(find({ basename: "CodeGemma" }, QWEN)?.name).toBe("codegemma");
  });
});
