/** Which models can be widened, and what of them widening needs to know. */
import { EngineError } from "../../src/core/base/errors.ts";
import { quotedText } from "../../src/core/base/foreignText.ts";
import { checkGguf } from "../../src/gguf/ggufCheck.ts";
import { ggufError } from "../../src/gguf/ggufCursor.ts";
import {
  type GgufHeader,
  type GgufTensor,
  ggufNumber,
  ggufString,
} from "../../src/gguf/ggufHeader.ts";
import { readHyperparameters } from "../../src/gguf/ggufHyperparameters.ts";
import { tensorTypes } from "../../src/gguf/ggufTensorCheck.ts";

/** What weights are stored as in a widened model. */
export const WIDENED_TYPES = ["q8_0", "f16", "f32"] as const;
export type WidenedType = (typeof WIDENED_TYPES)[number];

export const F32 = 0;
export const F16 = 1;
export const Q8_0 = 8;
/** As ggml numbers them. */
export const GGML_TYPES: Readonly<Record<WidenedType, number>> = { q8_0: Q8_0, f16: F16, f32: F32 };

/** Dense decoders of RMS norms, rotary positions and SwiGLU, whose graphs are known to keep zero lanes zero. */
const ARCHITECTURES = ["llama", "qwen2"];

/** `<architecture>.*` keys that change; every other key is copied. */
export const REWRITTEN_KEYS = [
  "embedding_length",
  "block_count",
  "feed_forward_length",
  "attention.head_count",
  "attention.head_count_kv",
  "attention.layer_norm_rms_epsilon",
] as const;

/** A model that can be widened. */
export type WidenSource = ReturnType<typeof checkWidenSource>;

/** @throws EngineError as `checkGguf`, or unsupportedArchitecture for a model that cannot be widened. */
export function checkWidenSource(header: GgufHeader) {
  checkGguf(header);
  const { path } = header;
  const architecture = ggufString(header, "general.architecture") ?? "";
  if (!ARCHITECTURES.includes(architecture))
    throw unsupported(
      path,
      `architecture ${ARCHITECTURES.join(" or ")}, dense`,
      quotedText(architecture),
    );
  const params = readHyperparameters(header, architecture, "decoder");
  if (params.expertCount > 0)
    throw unsupported(path, "a dense model", `${params.expertCount} experts`);
  const splits = ggufNumber(header, "split.count") ?? 0;
  if (splits > 1)
    throw unsupported(
      path,
      "a model in one file",
      `the first of ${splits}`,
      "Merge them with llama.cpp's llama-gguf-split --merge.",
    );
  checkKeys(header, architecture);
  const ffnWidth = params.feedForwardLengths[0] ?? 0;
  if (params.feedForwardLengths.some((length) => length !== ffnWidth))
    throw unsupported(path, "feed-forward layers of one width", params.feedForwardLengths.join());
  const epsilon = ggufNumber(header, `${architecture}.attention.layer_norm_rms_epsilon`);
  if (epsilon === undefined)
    throw ggufError("modelCorrupt", path, "the epsilon of its RMS norms", "none");
  return {
    header,
    architecture,
    width: params.embeddingLength,
    numLayers: params.layerCount,
    ffnWidth,
    numHeads: params.headCounts[0]!,
    numKvHeads: params.headCountsKv[0]!,
    headLength: params.keyLength,
    /** Of every RMS norm. */
    epsilon,
    /** The type all matrices have, if it is one that can be written. */
    type: commonType(path, header.tensors),
  };
}

/** A matrix is a weight that is multiplied with or looked up in; all else is a vector, always F32. */
export function isMatrix(tensor: GgufTensor): boolean {
  return tensor.dims.slice(1).some((dim) => dim > 1);
}

/** An array may hold one value per layer, and there will be more layers. */
function checkKeys(header: GgufHeader, architecture: string): void {
  for (const [key, { type }] of header.metadata) {
    if (!key.startsWith(`${architecture}.`) || type !== "array") continue;
    const name = key.slice(architecture.length + 1);
    if (!REWRITTEN_KEYS.some((rewritten) => rewritten === name))
      throw unsupported(
        header.path,
        `${quotedText(key)} to be one value for all layers`,
        "an array",
      );
  }
}

function commonType(path: string, tensors: readonly GgufTensor[]): WidenedType | undefined {
  const matrices = tensors.filter(isMatrix);
  const odd = matrices.find(({ type }) => type !== Q8_0 && type !== F16 && type !== F32);
  if (odd !== undefined)
    throw unsupported(
      path,
      "weights as Q8_0, F16 or F32",
      `${tensorTypes.get(odd.type)?.name ?? `type ${odd.type}`} in ${quotedText(odd.name)}`,
      "Use a Q8_0 or F16 file of this model.",
    );
  if (matrices.every(({ type }) => type === Q8_0)) return "q8_0";
  if (matrices.every(({ type }) => type === F16)) return "f16";
  return matrices.every(({ type }) => type === F32) ? "f32" : undefined;
}

/** The refusal of a model that may be sound but cannot be widened. */
export function unsupported(
  path: string,
  expected: string,
  found: string,
  remedy = "Widen another model.",
): EngineError {
  return ggufError("unsupportedArchitecture", path, expected, found, remedy);
}

/** The refusal of a setting. */
export function invalidSetting(expected: string, found: string, remedy: string): EngineError {
  return new EngineError("invalidRequest", `Expected ${expected}, found ${found}. ${remedy}`);
}
