/** Mutations of a model's metadata that leave the file well-formed; mutateGguf.ts adds those of its bytes and tensors. */
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import { assemble, type WritableGguf } from "./ggufWriter.ts";

export interface Mutation {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An integer from 0 to below its argument. */
export type Random = (below: number) => number;

function withEntries(
  model: WritableGguf,
  entries: Readonly<Record<string, GgufValue | undefined>>,
): Uint8Array {
  const metadata = new Map(model.metadata);
  for (const [key, value] of Object.entries(entries))
    if (value === undefined) metadata.delete(key);
    else metadata.set(key, value);
  return assemble({ ...model, metadata });
}

const uint32 = (value: number): GgufValue => ({ type: "uint32", value });
const float32 = (value: number): GgufValue => ({ type: "float32", value });
const text = (value: string): GgufValue => ({ type: "string", value });
const texts = (value: readonly string[]): GgufValue => ({
  type: "array",
  elementType: "string",
  value,
});
const int32s = (value: readonly number[]): GgufValue => ({
  type: "array",
  elementType: "int32",
  value: Int32Array.from(value),
});

/** Hyperparameters that are missing, of a wrong type, impossible or contradicting the tensors. */
export function* hyperparameterFaults(model: WritableGguf): Iterable<Mutation> {
  const huge = 2 ** 32 - 1;
  const counts: Readonly<Record<string, readonly number[]>> = {
    block_count: [0, 1, 3, 512, 513, huge],
    context_length: [0, 1, 300, huge],
    embedding_length: [0, 1, 32, 65, huge],
    feed_forward_length: [0, 1, 64, huge],
    vocab_size: [0, huge],
    embedding_length_out: [7],
    pooling_type: [9],
    "attention.head_count": [0, 2, 3, huge],
    "attention.head_count_kv": [0, 2, 3, huge],
    "attention.key_length": [0, 1, 32, 63, 128, huge],
    "attention.value_length": [0, 32, huge],
    "rope.dimension_count": [0, 1, 32, 63, 128, huge],
    nextn_predict_layers: [1, 2, 3],
    expert_count: [1, 8, 1025],
    expert_used_count: [1],
    expert_group_count: [2],
    expert_gating_func: [9],
    "attention.sliding_window": [0, 4],
  };
  for (const [name, values] of Object.entries(counts)) {
    for (const value of values)
      yield {
        name: `${name} ${value}`,
        bytes: withEntries(model, { [`llama.${name}`]: uint32(value) }),
      };
    if (!model.metadata.has(`llama.${name}`)) continue;
    yield { name: `no ${name}`, bytes: withEntries(model, { [`llama.${name}`]: undefined }) };
    for (const wrong of [
      { type: "int32", value: 64 },
      { type: "uint64", value: 64n },
      text("64"),
      int32s([64]),
    ] as const)
      yield {
        name: `${name} as ${wrong.type}`,
        bytes: withEntries(model, { [`llama.${name}`]: wrong }),
      };
  }
  for (const name of ["attention.layer_norm_rms_epsilon", "rope.freq_base", "rope.scaling.factor"])
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e30])
      yield {
        name: `${name} ${value}`,
        bytes: withEntries(model, { [`llama.${name}`]: float32(value) }),
      };
  for (const kind of ["none", "yarn", "longrope", "spiral", "yarn\0"])
    yield {
      name: `rope.scaling.type ${JSON.stringify(kind)}`,
      bytes: withEntries(model, { "llama.rope.scaling.type": text(kind) }),
    };
  for (const kv of [[1, 1], [1, 2], [0, 1], [-1, 1], [1], []])
    yield {
      name: `head counts [${kv.join()}]`,
      bytes: withEntries(model, {
        "llama.attention.head_count_kv": int32s(kv),
        "llama.attention.head_count": int32s(kv),
      }),
    };
  yield {
    name: "not causal",
    bytes: withEntries(model, { "llama.attention.causal": { type: "bool", value: false } }),
  };
  for (const no of [0, 1])
    yield {
      name: `split file ${no} of 2`,
      bytes: withEntries(model, {
        "split.count": { type: "uint16", value: 2 },
        "split.no": { type: "uint16", value: no },
      }),
    };
}

/** The same tensors under the name of another architecture. */
export function* architectureFaults(model: WritableGguf): Iterable<Mutation> {
  const others = [
    "qwen2",
    "qwen3",
    "gemma",
    "gemma2",
    "gemma3",
    "starcoder2",
    "phi3",
    "falcon",
    "deepseek2",
    "mamba",
    "jamba",
    "gpt2",
    "stablelm",
    "granite",
    "smollm3",
    "llama4",
    "ernie4_5-moe",
    "grovemoe",
    "bert",
    "clip",
    "gptj",
    "(unknown)",
    "",
    "LLAMA",
  ];
  for (const other of others) {
    const metadata = new Map(
      [...model.metadata].map(
        ([key, value]) => [key.replace(/^llama\./, `${other}.`), value] as const,
      ),
    );
    yield {
      name: `architecture ${other}`,
      bytes: assemble({ ...model, metadata: metadata.set("general.architecture", text(other)) }),
    };
  }
}

/** Vocabularies that contradict themselves or the embedding. */
export function* tokenizerFaults(model: WritableGguf, random: Random): Iterable<Mutation> {
  const get = (name: string): readonly string[] => {
    const entry = model.metadata.get(`tokenizer.ggml.${name}`);
    if (entry?.type !== "array" || entry.elementType !== "string")
      throw new RangeError(`the model has no ${name}`);
    return entry.value;
  };
  const set = (name: string, value: GgufValue | undefined): Uint8Array =>
    withEntries(model, { [`tokenizer.ggml.${name}`]: value });
  const tokens = get("tokens");
  const merges = get("merges");
  const ids = [
    "bos",
    "eos",
    "padding",
    "fim_pre",
    "fim_suf",
    "fim_mid",
    "fim_pad",
    "fim_rep",
    "fim_sep",
    "eot",
    "unknown",
    "middle",
  ];
  for (const id of ids) {
    for (const value of [tokens.length, 2 ** 32 - 1])
      yield { name: `${id} id ${value}`, bytes: set(`${id}_token_id`, uint32(value)) };
    yield { name: `${id} id as int32`, bytes: set(`${id}_token_id`, { type: "int32", value: -1 }) };
  }
  for (const name of ["model", "pre"]) {
    for (const value of [
      "",
      "no_vocab",
      "none",
      "llama",
      "bert",
      "t5",
      "rwkv",
      "plamo2",
      "gemma4",
      "whitespace",
      "gpt2",
      "tekken",
      "glm4",
      "kimi-k2",
      "nonsense",
    ])
      yield { name: `tokenizer ${name} ${value}`, bytes: set(name, text(value)) };
    yield { name: `no tokenizer ${name}`, bytes: set(name, undefined) };
  }
  yield { name: "adds BOS", bytes: set("add_bos_token", { type: "bool", value: true }) };
  yield {
    name: "adds a BOS it lacks",
    bytes: withEntries(model, {
      "tokenizer.ggml.add_bos_token": { type: "bool", value: true },
      "tokenizer.ggml.bos_token_id": undefined,
      "tokenizer.ggml.pre": text("glm4"),
    }),
  };
  yield { name: "add_bos_token as number", bytes: set("add_bos_token", uint32(1)) };
  for (const name of ["tokens", "merges", "token_type"]) {
    yield { name: `no ${name}`, bytes: set(name, undefined) };
    yield { name: `${name} empty`, bytes: set(name, texts([])) };
  }
  for (const name of ["token_type", "scores"])
    for (const count of [0, 1, tokens.length - 1, tokens.length, tokens.length + 1])
      yield {
        name: `${count} ${name}`,
        bytes: set(name, int32s(new Array<number>(count).fill(1))),
      };
  yield { name: "a token less", bytes: set("tokens", texts(tokens.slice(0, -1))) };
  yield { name: "a token more", bytes: set("tokens", texts([...tokens, "<|more|>"])) };
  for (const [label, value] of [
    ["doubled", tokens[300] ?? ""],
    ["doubled behind a NUL", `${tokens[300]}\0x`],
    ["empty", ""],
    ["invalid", "a\udcff"],
    ["long", "x".repeat(70_000)],
    ["[EMPTY_7]", "[EMPTY_7]"],
  ] as const) {
    const at = 1000 + random(5000);
    yield { name: `token ${at} ${label}`, bytes: set("tokens", texts(tokens.with(at, value))) };
    yield { name: `last token ${label}`, bytes: set("tokens", texts(tokens.with(-1, value))) };
  }
  for (const merge of [
    "",
    " ",
    "ab",
    "a",
    " a",
    "a ",
    "a  ",
    "zq1 zq2",
    "a zq2",
    "zq1 a",
    "a b c",
    "\udcff a",
  ])
    yield {
      name: `merge ${JSON.stringify(merge)}`,
      bytes: set("merges", texts(merges.with(random(merges.length), merge))),
    };
}
