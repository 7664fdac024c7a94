/**
 * Which elements of a widened model's tensors come from the source and what fills the others.
 *
 * Padded lanes of the residual stream hold exactly 0: the embedding's new columns are zero, and so are the new rows of
 * everything that adds to the stream (attn_output, ffn_down). What reads only such lanes, or is read only by zeros (new
 * heads, new feed-forward lanes, the first half of extra layers), cannot change the output and holds filler.
 */
import type { GgufTensor } from "../../src/gguf/ggufHeader.ts";
import { tensorTypes } from "../../src/gguf/ggufTensorCheck.ts";
import { BLOCK_LENGTH, groupSize, type WidenedShape } from "./widenedShape.ts";
import {
  F32,
  GGML_TYPES,
  invalidSetting,
  isMatrix,
  Q8_0,
  unsupported,
  type WidenSource,
} from "./widenSource.ts";

/** A run of elements: `length` from `from` on in the source stand from `to` on in the widened tensor. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** One dimension of a tensor. */
export interface Axis {
  readonly length: number;
  readonly segments: readonly Segment[];
}

export interface WidenedTensor extends GgufTensor {
  /** Undefined where nothing comes from the source. */
  readonly source: GgufTensor | undefined;
  readonly columns: Axis;
  /** Of length 1 for vectors. */
  readonly rows: Axis;
  /** What the elements are that do not come from the source. */
  readonly pad: "zero" | "filler";
  /** Factor on the source's elements; 1 but for norms. */
  readonly scale: number;
  readonly bytes: number;
}

type AxisName = "stream" | "queries" | "keys" | "ffn" | "vocabulary" | "same" | "one";

interface Role {
  readonly columns: AxisName;
  readonly rows: AxisName;
  readonly pad: "zero" | "filler";
  /** Norm weights: the mean of squares over more lanes is smaller. They alone have a source in extra layers. */
  readonly isNorm?: true;
}

const matrix = (columns: AxisName, rows: AxisName, pad: "zero" | "filler"): Role => ({
  columns,
  rows,
  pad,
});
const vector = (columns: AxisName): Role => ({ columns, rows: "one", pad: "zero" });
const norm: Role = { ...vector("stream"), isNorm: true };

/** By the tensor's name, in a layer without `blk.N.`. */
const ROLES: Readonly<Record<string, Role>> = {
  "token_embd.weight": matrix("stream", "vocabulary", "zero"),
  "output.weight": matrix("stream", "vocabulary", "filler"),
  "output.bias": vector("vocabulary"),
  "output_norm.weight": norm,
  "rope_freqs.weight": vector("same"),
  "blk.attn_norm.weight": norm,
  "blk.attn_q.weight": matrix("stream", "queries", "filler"),
  "blk.attn_q.bias": vector("queries"),
  "blk.attn_k.weight": matrix("stream", "keys", "filler"),
  "blk.attn_k.bias": vector("keys"),
  "blk.attn_v.weight": matrix("stream", "keys", "filler"),
  "blk.attn_v.bias": vector("keys"),
  "blk.attn_output.weight": matrix("queries", "stream", "zero"),
  "blk.attn_output.bias": vector("stream"),
  "blk.ffn_norm.weight": norm,
  "blk.ffn_gate.weight": matrix("stream", "ffn", "filler"),
  "blk.ffn_gate.bias": vector("ffn"),
  "blk.ffn_up.weight": matrix("stream", "ffn", "filler"),
  "blk.ffn_up.bias": vector("ffn"),
  "blk.ffn_down.weight": matrix("ffn", "stream", "zero"),
  "blk.ffn_down.bias": vector("stream"),
};

/**
 * All tensors of the widened model with their offsets: the source's, then those of the extra layers.
 * @throws EngineError unsupportedArchitecture for a tensor of unknown purpose, invalidRequest where Q8_0 blocks would
 * have to be taken apart.
 */
export function planTensors(source: WidenSource, shape: WidenedShape): WidenedTensor[] {
  const { header, numLayers } = source;
  const lastLayer = `blk.${numLayers - 1}.`;
  const inLastLayer = header.tensors.filter(({ name }) => name.startsWith(lastLayer));
  const planned: WidenedTensor[] = [];
  let offset = 0;
  const add = (name: string, from: GgufTensor, isExtra: boolean) => {
    const tensor = planTensor(name, from, isExtra, offset, source, shape);
    planned.push(tensor);
    offset += Math.ceil(tensor.bytes / header.alignment) * header.alignment;
  };
  for (const tensor of header.tensors) add(tensor.name, tensor, false);
  for (let layer = numLayers; layer < shape.numLayers; layer++)
    for (const tensor of inLastLayer)
      add(`blk.${layer}.${tensor.name.slice(lastLayer.length)}`, tensor, true);
  return planned;
}

function planTensor(
  name: string,
  from: GgufTensor,
  isExtra: boolean,
  offset: number,
  source: WidenSource,
  shape: WidenedShape,
): WidenedTensor {
  const role = ROLES[name.replace(/^blk\.\d+\./, "blk.")];
  if (role === undefined)
    throw unsupported(source.header.path, "tensors of a plain llama or qwen2 layer", name);
  const columns = axis(role.columns, from.dims[0] ?? 1, source, shape);
  const rows = axis(role.rows, from.dims[1] ?? 1, source, shape);
  const type = isMatrix(from) ? GGML_TYPES[shape.type] : F32;
  const { blockLength, blockBytes } = tensorTypes.get(type)!;
  const step = from.type === Q8_0 ? BLOCK_LENGTH : blockLength;
  if (columns.segments.some((run) => (run.from | run.to | run.length) % step !== 0))
    throw invalidSetting(
      `groups of heads that fill whole blocks of ${step} where Q8_0 weights must be regrouped`,
      `${groupSize(source)} × ${source.headLength} elements`,
      `Choose a width with groups of ${groupSize(source)} heads.`,
    );
  return {
    name,
    dims: role.rows === "one" ? [columns.length] : [columns.length, rows.length],
    type,
    offset,
    source: isExtra && role.isNorm !== true ? undefined : from,
    columns,
    rows,
    pad: role.pad,
    scale: role.isNorm === true ? Math.sqrt(source.width / shape.width) : 1,
    bytes: ((columns.length * rows.length) / blockLength) * blockBytes,
  };
}

/** @param sourceLength - what the dimension has in the source, where that does not follow from its name. */
function axis(
  name: AxisName,
  sourceLength: number,
  source: WidenSource,
  shape: WidenedShape,
): Axis {
  const { headLength } = source;
  switch (name) {
    case "stream":
      return padded(source.width, shape.width);
    case "ffn":
      return padded(source.ffnWidth, shape.ffnWidth);
    case "keys":
      return padded(source.numKvHeads * headLength, shape.numKvHeads * headLength);
    case "queries":
      return queryAxis(source, shape);
    default:
      return padded(sourceLength, sourceLength);
  }
}

function padded(sourceLength: number, length: number): Axis {
  return { length, segments: [{ from: 0, to: 0, length: sourceLength }] };
}

/** Each group of old heads begins where its widened group begins. */
function queryAxis(source: WidenSource, shape: WidenedShape): Axis {
  const { headLength, numKvHeads } = source;
  const length = shape.numHeads * headLength;
  const sourceGroup = groupSize(source) * headLength;
  const group = groupSize(shape) * headLength;
  if (group === sourceGroup) return padded(source.numHeads * headLength, length);
  const segments = Array.from({ length: numKvHeads }, (_, index) => ({
    from: index * sourceGroup,
    to: index * group,
    length: sourceGroup,
  }));
  return { length, segments };
}
