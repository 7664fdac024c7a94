/** Small random dense models as GGUF bytes, of any head arrangement, and what they compute, in double precision. */
import fc from "fast-check";
import { seededRandom } from "../../src/bench/spots/sourceSpots.ts";
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import { assemble, disassemble, sizeOf, type WritableTensor } from "./ggufWriter.ts";

export const F32 = 0;
export const F16 = 1;
export const Q8_0 = 8;
const VOCAB = 12;

export interface DenseShape {
  readonly architecture: string;
  readonly headLength: number;
  readonly numKvHeads: number;
  /** Query heads per key head. */
  readonly group: number;
  readonly numLayers: number;
  readonly ffnWidth: number;
  /** Type of all matrices. */
  readonly type: number;
  readonly isTied: boolean;
  readonly hasBiases: boolean;
  readonly seed: number;
}

/** Four heads of 32 on two key heads, tied, Q8_0. */
export const SMALL_SHAPE: DenseShape = {
  architecture: "llama",
  headLength: 32,
  numKvHeads: 2,
  group: 2,
  numLayers: 1,
  ffnWidth: 64,
  type: Q8_0,
  isTied: true,
  hasBiases: false,
  seed: 1,
};

export const denseShapes: fc.Arbitrary<DenseShape> = fc.record({
  architecture: fc.constantFrom("llama", "qwen2"),
  headLength: fc.constant(32),
  numKvHeads: fc.integer({ min: 1, max: 3 }),
  group: fc.integer({ min: 1, max: 3 }),
  numLayers: fc.integer({ min: 1, max: 2 }),
  ffnWidth: fc.constantFrom(32, 96),
  type: fc.constantFrom(F32, F16, Q8_0),
  isTied: fc.boolean(),
  hasBiases: fc.boolean(),
  seed: fc.nat(),
});

/** A valid model file of random weights. */
export function denseModel(shape: DenseShape, changes: Record<string, GgufValue> = {}): Uint8Array {
  const { architecture, headLength, numKvHeads, numLayers, ffnWidth, isTied, hasBiases } = shape;
  const numHeads = numKvHeads * shape.group;
  const width = numHeads * headLength;
  const random = seededRandom(shape.seed);
  const tensors: WritableTensor[] = [];
  const add = (name: string, type: number, dims: readonly number[], center = 0) => {
    const data = encode(
      type,
      Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => center + random() - 0.5),
    );
    tensors.push({ name, dims, type, data });
  };
  const matrix = (name: string, columns: number, rows: number) => {
    add(`${name}.weight`, shape.type, [columns, rows]);
    if (hasBiases && name.startsWith("blk.")) add(`${name}.bias`, F32, [rows]);
  };
  matrix("token_embd", width, VOCAB);
  for (let layer = 0; layer < numLayers; layer++) {
    const block = `blk.${layer}.`;
    add(`${block}attn_norm.weight`, F32, [width], 1);
    matrix(`${block}attn_q`, width, width);
    matrix(`${block}attn_k`, width, numKvHeads * headLength);
    matrix(`${block}attn_v`, width, numKvHeads * headLength);
    matrix(`${block}attn_output`, width, width);
    add(`${block}ffn_norm.weight`, F32, [width], 1);
    matrix(`${block}ffn_gate`, width, ffnWidth);
    matrix(`${block}ffn_up`, width, ffnWidth);
    matrix(`${block}ffn_down`, ffnWidth, width);
  }
  add("output_norm.weight", F32, [width], 1);
  if (!isTied) matrix("output", width, VOCAB);
  const uint32 = (value: number): GgufValue => ({ type: "uint32", value });
  const strings = (value: readonly string[]): GgufValue => ({
    type: "array",
    elementType: "string",
    value,
  });
  const metadata = new Map<string, GgufValue>(
    Object.entries({
      "general.architecture": { type: "string", value: architecture },
      "general.name": { type: "string", value: "a name\0with a hidden end" },
      [`${architecture}.context_length`]: uint32(64),
      [`${architecture}.embedding_length`]: uint32(width),
      [`${architecture}.block_count`]: uint32(numLayers),
      [`${architecture}.feed_forward_length`]: uint32(ffnWidth),
      [`${architecture}.attention.head_count`]: uint32(numHeads),
      [`${architecture}.attention.head_count_kv`]: uint32(numKvHeads),
      [`${architecture}.attention.layer_norm_rms_epsilon`]: { type: "float32", value: 0.01 },
      "tokenizer.ggml.model": { type: "string", value: "gpt2" },
      "tokenizer.ggml.tokens": strings(Array.from({ length: VOCAB }, (_, id) => `t${id}`)),
      "tokenizer.ggml.merges": strings([]),
      ...changes,
    } satisfies Record<string, GgufValue>),
  );
  return assemble({ metadata, tensors, alignment: 32 });
}

function encode(type: number, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(sizeOf([values.length], type));
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) {
    const block = Math.floor(index / 32) * 34;
    if (type === F32) view.setFloat32(index * 4, value, true);
    else if (type === F16) view.setFloat16(index * 2, value, true);
    else {
      view.setFloat16(block, 1 / 128, true);
      view.setInt8(block + 2 + (index % 32), Math.max(-127, Math.round(value * 128)));
    }
  }
  return bytes;
}

/** The numbers that a tensor of type F32, F16 or Q8_0 holds. */
export function decodeTensor(type: number, data: Uint8Array): Float64Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const bytesPerBlock = sizeOf([32], type);
  const values = new Float64Array((data.length / bytesPerBlock) * 32);
  return values.map((_, index) => {
    if (type === F32) return view.getFloat32(index * 4, true);
    if (type === F16) return view.getFloat16(index * 2, true);
    const block = Math.floor(index / 32) * 34;
    return view.getFloat16(block, true) * view.getInt8(block + 2 + (index % 32));
  });
}

/**
 * The logits after the last of `tokens`, as llama.cpp's llama graph defines them.
 * @param asHalves - whether matrices are rounded to half precision first.
 */
export function denseLogits(bytes: Uint8Array, tokens: readonly number[], asHalves = false) {
  const model = disassemble(bytes);
  const byName = new Map(model.tensors.map((tensor) => [tensor.name, tensor]));
  const architecture = String(model.metadata.get("general.architecture")?.value);
  const meta = (key: string) => Number(model.metadata.get(`${architecture}.${key}`)?.value);
  const numHeads = meta("attention.head_count");
  const group = numHeads / meta("attention.head_count_kv");
  const epsilon = meta("attention.layer_norm_rms_epsilon");
  const weights = (name: string) => {
    const tensor = byName.get(name);
    if (tensor === undefined) return undefined;
    const values = decodeTensor(tensor.type, tensor.data);
    const isRounded = asHalves && tensor.dims.length > 1;
    return isRounded ? values.map(Math.f16round) : values;
  };
  /** Each of `inputs` times a matrix, plus its bias. */
  const multiply = (name: string, inputs: readonly Float64Array[]) => {
    const matrix = weights(`${name}.weight`) ?? weights("token_embd.weight")!;
    const bias = weights(`${name}.bias`);
    return inputs.map((input) =>
      new Float64Array(matrix.length / input.length).map((_, row) => {
        let sum = bias?.[row] ?? 0;
        for (let column = 0; column < input.length; column++)
          sum += input[column]! * matrix[row * input.length + column]!;
        return sum;
      }),
    );
  };
  const norm = (name: string, inputs: readonly Float64Array[]) => {
    const gains = weights(name)!;
    return inputs.map((input) => {
      const mean = input.reduce((sum, value) => sum + value * value, 0) / input.length;
      return input.map((value, index) => (value * gains[index]!) / Math.sqrt(mean + epsilon));
    });
  };
  const embedding = weights("token_embd.weight")!;
  const width = meta("embedding_length");
  let stream = tokens.map((token) => embedding.slice(token * width, (token + 1) * width));
  const addToStream = (added: readonly Float64Array[]) => {
    stream = stream.map((lanes, at) => lanes.map((value, lane) => value + added[at]![lane]!));
  };
  for (let layer = 0; layer < meta("block_count"); layer++) {
    const block = `blk.${layer}.`;
    const input = norm(`${block}attn_norm.weight`, stream);
    const headLength = width / numHeads;
    const queries = multiply(`${block}attn_q`, input).map((row, at) => rotate(row, at, headLength));
    const keys = multiply(`${block}attn_k`, input).map((row, at) => rotate(row, at, headLength));
    const values = multiply(`${block}attn_v`, input);
    addToStream(multiply(`${block}attn_output`, attend(queries, keys, values, headLength, group)));
    const inner = norm(`${block}ffn_norm.weight`, stream);
    const up = multiply(`${block}ffn_up`, inner);
    const gated = multiply(`${block}ffn_gate`, inner).map((gates, at) =>
      gates.map((gate, lane) => (gate / (1 + Math.exp(-gate))) * up[at]![lane]!),
    );
    addToStream(multiply(`${block}ffn_down`, gated));
  }
  return multiply("output", norm("output_norm.weight", stream.slice(-1)))[0]!;
}

/** Rotary positions, neighbors paired. */
function rotate(row: Float64Array, position: number, headLength: number): Float64Array {
  return row.map((value, index) => {
    const pair = Math.floor((index % headLength) / 2);
    const angle = position * 10_000 ** ((-2 * pair) / headLength);
    const partner = row[index ^ 1]!;
    return value * Math.cos(angle) + (index % 2 === 0 ? -partner : partner) * Math.sin(angle);
  });
}

/** Causal attention; query head h reads key head ⌊h / group⌋. */
function attend(
  queries: readonly Float64Array[],
  keys: readonly Float64Array[],
  values: readonly Float64Array[],
  headLength: number,
  group: number,
): Float64Array[] {
  return queries.map((query, at) => {
    const out = new Float64Array(query.length);
    for (let start = 0; start < query.length; start += headLength) {
      const keyStart = Math.floor(start / headLength / group) * headLength;
      const weights = keys.slice(0, at + 1).map((key) => {
        let dot = 0;
        for (let i = 0; i < headLength; i++) dot += query[start + i]! * key[keyStart + i]!;
        return Math.exp(dot / Math.sqrt(headLength));
      });
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (const [past, weight] of weights.entries())
        for (let i = 0; i < headLength; i++)
          out[start + i]! += (weight / total) * values[past]![keyStart + i]!;
    }
    return out;
  });
}
