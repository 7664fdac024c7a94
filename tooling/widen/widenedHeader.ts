/** The header of a widened model: dimensions, norm epsilon, type and tensor table anew, all else byte by byte. */
import { encodeEntry, encodeTensorInfo, uint } from "../../src/gguf/ggufEncode.ts";
import type { GgufValue } from "../../src/gguf/ggufHeader.ts";
import type { WidenedShape } from "./widenedShape.ts";
import type { WidenedTensor } from "./widenedTensors.ts";
import type { REWRITTEN_KEYS, WidenSource } from "./widenSource.ts";

/** `llama_ftype`, the value of general.file_type. */
const FILE_TYPES = { q8_0: 7, f16: 1, f32: 0 } as const;

/**
 * @param sourceBytes - the source's header; at least up to its last metadata entry.
 * @returns all bytes before the first tensor's data, padding included.
 */
export function encodeWidenedHeader(
  source: WidenSource,
  sourceBytes: Uint8Array,
  shape: WidenedShape,
  tensors: readonly WidenedTensor[],
): Uint8Array {
  const { metadata, entrySpans, alignment } = source.header;
  const replacements = replacedValues(source, shape);
  const parts = [
    // The magic and the version: 2 and 3 have one layout.
    sourceBytes.subarray(0, 8),
    uint(8, tensors.length),
    uint(8, metadata.size),
  ];
  for (const [key, { start, end }] of entrySpans) {
    const value = replacements.get(key);
    parts.push(value === undefined ? sourceBytes.subarray(start, end) : encodeEntry(key, value));
  }
  for (const tensor of tensors) parts.push(encodeTensorInfo(tensor));
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  parts.push(new Uint8Array(Math.ceil(bytes / alignment) * alignment - bytes));
  return Buffer.concat(parts);
}

/** Only keys that are there are replaced: a head_count_kv that is not means head_count, before and after. */
function replacedValues(source: WidenSource, shape: WidenedShape): Map<string, GgufValue> {
  const values: Record<(typeof REWRITTEN_KEYS)[number], GgufValue> = {
    embedding_length: { type: "uint32", value: shape.width },
    block_count: { type: "uint32", value: shape.numLayers },
    feed_forward_length: { type: "uint32", value: shape.ffnWidth },
    "attention.head_count": { type: "uint32", value: shape.numHeads },
    "attention.head_count_kv": { type: "uint32", value: shape.numKvHeads },
    // mean + epsilon shrinks by the very factor that the mean of squares does.
    "attention.layer_norm_rms_epsilon": {
      type: "float32",
      value: (source.epsilon * source.width) / shape.width,
    },
  };
  const replacements = new Map<string, GgufValue>([
    ["general.file_type", { type: "uint32", value: FILE_TYPES[shape.type] }],
  ]);
  for (const [name, value] of Object.entries(values))
    replacements.set(`${source.architecture}.${name}`, value);
  return replacements;
}
