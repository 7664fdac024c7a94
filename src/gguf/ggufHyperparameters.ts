/**
 * Reads an architecture's hyperparameters from a GGUF header as llama.cpp v0.4.0 does (llama-model.cpp,
 * load_hparams) and refuses the values on which its loader or its graphs abort instead of returning an error.
 */

import { quotedText } from "../core/base/foreignText.ts";
import type { ArchitectureKind } from "./ggufArchitecture.ts";
import { GgufFault, type GgufValue } from "./ggufCursor.ts";
import type { GgufHeader } from "./ggufHeader.ts";

export type Hyperparameters = Readonly<ReturnType<typeof readHyperparameters>>;

const maxLayers = 512;
const maxExperts = 1024;
const maxUint32 = 2 ** 32 - 1;
const ropeScalings = ["none", "linear", "yarn", "longrope"];

/**
 * @returns the hyperparameters of `header`, consistent with each other.
 * @throws GgufFault on the first value that is missing, of a wrong type or impossible.
 */
export function readHyperparameters(
  header: GgufHeader,
  architecture: string,
  kind: ArchitectureKind,
) {
  const read = new Reader(header, architecture);
  read.uint32("context_length", 1);
  read.uint32("vocab_size", 0, maxUint32, 0);
  const embeddingLength = read.uint32("embedding_length", 1);
  const layerCount = read.uint32("block_count", 1, maxLayers);
  read.uint32("nextn_predict_layers", 0, layerCount - 1, 0);
  const needsHeads = kind === "decoder";
  const headCounts = read.perLayer("attention.head_count", layerCount, needsHeads ? undefined : 0);
  const headCountsKv = read.perLayer("attention.head_count_kv", layerCount, headCounts);
  const firstHeads = headCounts[0] ?? 0;
  if (needsHeads && !headCounts.some((count) => count > 0))
    throw read.corrupt("attention.head_count", "above 0", "0");
  for (const [layer, heads] of headCounts.entries()) {
    const headsKv = headCountsKv[layer] ?? 0;
    if (headsKv > 0 && heads % headsKv !== 0)
      throw read.corrupt(
        "attention.head_count_kv",
        `a divisor of ${heads} heads in layer ${layer}`,
        String(headsKv),
      );
  }
  const keyLength = read.headLength("attention.key_length", embeddingLength, firstHeads);
  const valueLength = read.headLength("attention.value_length", embeddingLength, firstHeads);
  const ropeLength =
    firstHeads === 0 ? 0 : read.uint32("rope.dimension_count", 0, keyLength, keyLength);
  if (ropeLength % 2 !== 0) throw read.corrupt("rope.dimension_count", "even", String(ropeLength));
  checkFloats(read);
  if (read.flag("attention.causal") === false && kind === "decoder")
    throw new GgufFault(
      `${architecture}.attention.causal to be true`,
      "false, a model that embeds text",
      "Choose a model that generates text.",
      "unsupportedArchitecture",
    );
  const feedForwardLengths = read.perLayer("feed_forward_length", layerCount, 0);
  return {
    architecture,
    embeddingLength,
    layerCount,
    /** Attention heads per layer, `[layerCount]`; 0 where a layer has no attention. */
    headCounts,
    headCountsKv,
    /** Width of one head's keys, of its values, and how much of it is rotated; 0 without attention. */
    keyLength,
    valueLength,
    ropeLength,
    feedForwardLengths,
    expertCount: readExperts(read, layerCount),
  };
}

function checkFloats(read: Reader): void {
  // RMS norm asserts that epsilon is not negative, which a NaN fails too; at zero a zero row becomes NaN.
  for (const key of read.keys())
    if (key.endsWith("_epsilon") || key.endsWith(".epsilon")) read.float32(key, Number.MIN_VALUE);
  read.float32("rope.freq_base", Number.MIN_VALUE);
  read.float32("rope.scaling.factor", 0);
  read.float32("rope.scale_linear", 0);
  const scaling = read.value("rope.scaling.type");
  if (scaling !== undefined && !(scaling.type === "string" && ropeScalings.includes(scaling.value)))
    throw read.corrupt("rope.scaling.type", `one of ${ropeScalings.join(", ")}`, describe(scaling));
}

/** The assertions of load_hparams and of build_moe_ffn, in their order. */
function readExperts(read: Reader, layerCount: number): number {
  const count = read.uint32("expert_count", 0, maxExperts, 0);
  const used = Math.max(...read.perLayer("expert_used_count", layerCount, 0));
  const groups = read.uint32("expert_group_count", 0, maxUint32, 0);
  const groupsUsed = read.uint32("expert_group_used_count", 0, maxUint32, 0);
  read.uint32("expert_gating_func", 0, 4, 0);
  // hunyuan-dense files say one expert and mean none.
  const dense = count <= 1 && read.architecture.startsWith("hunyuan");
  if (!dense && (used > count || (count > 0 && used === 0)))
    throw read.corrupt(
      "expert_used_count",
      `from ${Math.min(count, 1)} to ${count}, the number of experts`,
      String(used),
    );
  if (groups > 0 && groups >= count && !dense)
    throw read.corrupt(
      "expert_group_count",
      `below ${count}, the number of experts`,
      String(groups),
    );
  if (groups > 1 && (count % groups !== 0 || groupsUsed === 0 || groupsUsed >= groups))
    throw read.corrupt(
      "expert_group_count",
      `a divisor of ${count} and above the groups used`,
      `${groups} with ${groupsUsed} used`,
    );
  // Divisors in ernie4-5-moe.cpp and grovemoe.cpp.
  if (read.architecture === "ernie4_5-moe") read.uint32("interleave_moe_layer_step", 1);
  if (read.architecture === "grovemoe") read.uint32("experts_per_group", 1);
  return dense ? 0 : count;
}

/** Typed access to `<architecture>.*`; llama.cpp converts no types, so neither does this. */
class Reader {
  readonly architecture: string;
  readonly #header: GgufHeader;

  constructor(header: GgufHeader, architecture: string) {
    this.#header = header;
    this.architecture = architecture;
  }

  value(name: string): GgufValue | undefined {
    return this.#header.metadata.get(`${this.architecture}.${name}`);
  }

  /** Names of all keys of the architecture. */
  keys(): string[] {
    const prefix = `${this.architecture}.`;
    return [...this.#header.metadata.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }

  corrupt(name: string, expected: string, found: string) {
    return new GgufFault(`${this.architecture}.${name} ${expected}`, found);
  }

  /** An integer from `min` to `max`; `fallback` when absent, which without fallback is an error. */
  uint32(name: string, min: number, max: number = maxUint32, fallback?: number): number {
    const entry = this.value(name);
    if (entry === undefined && fallback !== undefined) return fallback;
    if (entry?.type !== "uint32" || entry.value < min || entry.value > max)
      throw this.corrupt(name, `as uint32 from ${min} to ${max}`, describe(entry));
    return entry.value;
  }

  /** One number for all layers or an array with one for each; `fallback` when absent. */
  perLayer(
    name: string,
    layerCount: number,
    fallback: number | readonly number[] | undefined,
  ): readonly number[] {
    const entry = this.value(name);
    if (entry === undefined && Array.isArray(fallback)) return fallback;
    if (entry?.type !== "array")
      return new Array<number>(layerCount).fill(
        this.uint32(name, 0, maxUint32, fallback as number | undefined),
      );
    const counts =
      entry.elementType === "uint32" || entry.elementType === "int32"
        ? Array.from(entry.value, Number)
        : [];
    if (counts.length !== layerCount || counts.some((count) => count < 0))
      throw this.corrupt(name, `with ${layerCount} counts, one per layer`, describe(entry));
    return counts;
  }

  /** The width of one head, by default the embedding's share of it. */
  headLength(name: string, embeddingLength: number, heads: number): number {
    if (heads === 0) return 0;
    const entry = this.value(name);
    if (entry !== undefined) return this.uint32(name, 1);
    if (embeddingLength % heads !== 0)
      throw this.corrupt(
        "attention.head_count",
        `a divisor of embedding_length ${embeddingLength}`,
        String(heads),
      );
    return embeddingLength / heads;
  }

  /** Checks an optional finite float of at least `min`. */
  float32(name: string, min: number): void {
    const entry = this.value(name);
    if (entry === undefined) return;
    if (entry.type !== "float32" || !Number.isFinite(entry.value) || entry.value < min)
      throw this.corrupt(
        name,
        `as finite float32 ${min === 0 ? "of at least 0" : "above 0"}`,
        describe(entry),
      );
  }

  flag(name: string): boolean | undefined {
    const entry = this.value(name);
    if (entry === undefined) return undefined;
    if (entry.type !== "bool") throw this.corrupt(name, "as bool", describe(entry));
    return entry.value;
  }
}

function describe(entry: GgufValue | undefined): string {
  if (entry === undefined) return "nothing";
  if (entry.type === "array") return `an array of ${entry.value.length} ${entry.elementType}`;
  return entry.type === "string" ? quotedText(entry.value) : `${entry.type} ${entry.value}`;
}
