/**
 * Damaged copies of a valid llama-architecture model with byte-pair merges: what a bad download, a bad disk, a careless
 * converter or an attacker would produce. Deterministic: the same bytes and seed give the same mutations.
 */
import { uint } from "../../src/gguf/ggufEncode.ts";
import {
  assemble,
  disassemble,
  entryOffsets,
  sizeOf,
  type WritableGguf,
  type WritableTensor,
} from "./ggufWriter.ts";
import {
  architectureFaults,
  hyperparameterFaults,
  type Mutation,
  type Random,
  tokenizerFaults,
} from "./mutateGgufMetadata.ts";

export type { Mutation } from "./mutateGgufMetadata.ts";

/** Yields more than 320 mutations of the model file `bytes`, one at a time; every one differs from it. */
export function* mutations(bytes: Uint8Array, seed: number): Iterable<Mutation> {
  for (const mutation of candidates(bytes, seed))
    if (!Buffer.from(bytes).equals(mutation.bytes)) yield mutation;
}

function* candidates(bytes: Uint8Array, seed: number): Iterable<Mutation> {
  const random = randomFrom(seed);
  const model = disassemble(bytes);
  const dataBytes = model.tensors.reduce(
    (sum, tensor) => sum + Math.ceil(tensor.data.length / 32) * 32,
    0,
  );
  const dataOffset = bytes.length - dataBytes;
  yield* flips(bytes, dataOffset, random);
  yield* truncations(bytes, dataOffset, random);
  yield* preambles(bytes);
  yield* lengths(bytes, model);
  yield* tensorFaults(model);
  yield* hyperparameterFaults(model);
  yield* architectureFaults(model);
  yield* tokenizerFaults(model, random);
}

/** Mulberry32: 32 bits of state are plenty here. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function patched(bytes: Uint8Array, at: number, patch: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(patch, at);
  return copy;
}

function* flips(bytes: Uint8Array, dataOffset: number, random: Random): Iterable<Mutation> {
  // Most of a header is vocabulary; its ends hold the counts, the hyperparameters and the tensor table.
  const regions = [
    ["preamble", 0, 24, 12],
    ["hyperparameters", 24, 900, 50],
    ["header", 0, dataOffset, 50],
    ["tensor table", dataOffset - 1200, dataOffset, 50],
    ["weights", dataOffset, bytes.length, 20],
  ] as const;
  for (const [region, start, end, count] of regions)
    for (let i = 0; i < count; i++) {
      const at = start + random(end - start);
      const value = (bytes[at] ?? 0) ^ (1 << random(8));
      yield {
        name: `flip ${region} byte ${at} to ${value}`,
        bytes: patched(bytes, at, Uint8Array.of(value)),
      };
    }
}

function* truncations(bytes: Uint8Array, dataOffset: number, random: Random): Iterable<Mutation> {
  const fixed = [
    0,
    1,
    3,
    4,
    7,
    8,
    16,
    23,
    24,
    25,
    dataOffset - 1,
    dataOffset,
    dataOffset + 1,
    bytes.length - 33,
  ];
  const drawn = Array.from({ length: 26 }, (_, i) =>
    i % 2 === 0 ? random(dataOffset) : dataOffset + random(bytes.length - dataOffset - 32),
  );
  for (const length of [...fixed, ...drawn])
    yield { name: `truncate to ${length}`, bytes: bytes.subarray(0, length) };
}

function* preambles(bytes: Uint8Array): Iterable<Mutation> {
  for (const magic of ["GGML", "ggjt", "FUGG", "\0\0\0\0"])
    yield { name: `magic ${JSON.stringify(magic)}`, bytes: patched(bytes, 0, Buffer.from(magic)) };
  for (const version of [0, 1, 2, 4, 0x03000000, 0xffffffff])
    yield { name: `version ${version}`, bytes: patched(bytes, 4, uint(4, version)) };
  for (const [what, at] of [
    ["tensor count", 8],
    ["entry count", 16],
  ] as const) {
    const real = bytes[at] ?? 0;
    for (const count of [
      0,
      1,
      real - 1,
      real + 1,
      10_000,
      2 ** 31,
      2 ** 32 + real,
      2 ** 53,
      -1,
      -(2n ** 63n),
    ])
      yield { name: `${what} ${count}`, bytes: patched(bytes, at, uint(8, count)) };
  }
}

function* lengths(bytes: Uint8Array, model: WritableGguf): Iterable<Mutation> {
  const tokenKeys = ["tokens", "token_type", "merges"].map((name) => `tokenizer.ggml.${name}`);
  const offsets = entryOffsets(model);
  for (const key of ["general.architecture", "llama.block_count", ...tokenKeys]) {
    const at = offsets.get(key) ?? 0;
    const typeAt = at + 8 + key.length;
    for (const length of [0, 1, 2 ** 20, 2 ** 40, -1])
      yield { name: `key length ${length} of ${key}`, bytes: patched(bytes, at, uint(8, length)) };
    for (const type of [0, 5, 8, 9, 13, 0xffffffff])
      yield { name: `type ${type} of ${key}`, bytes: patched(bytes, typeAt, uint(4, type)) };
    if (!tokenKeys.includes(key)) continue;
    for (const type of [9, 13, 5, 8])
      yield {
        name: `element type ${type} of ${key}`,
        bytes: patched(bytes, typeAt + 4, uint(4, type)),
      };
    for (const length of [0, 1, 8191, 8193, 2 ** 30, 2 ** 31, 2 ** 40, -1])
      yield {
        name: `array length ${length} of ${key}`,
        bytes: patched(bytes, typeAt + 8, uint(8, length)),
      };
  }
}

function* tensorFaults(model: WritableGguf): Iterable<Mutation> {
  const change = (index: number, fields: Partial<WritableTensor>): Uint8Array =>
    assemble({
      ...model,
      tensors: model.tensors.map((t, i) => (i === index ? { ...t, ...fields } : t)),
    });
  const chosen = [
    "token_embd.weight",
    "blk.0.attn_norm.weight",
    "blk.0.attn_q.weight",
    "blk.1.ffn_down.weight",
    "output_norm.weight",
  ];
  for (const name of chosen) {
    const index = model.tensors.findIndex((tensor) => tensor.name === name);
    const tensor = model.tensors[index];
    if (tensor === undefined) throw new RangeError(`the model has no tensor ${name}`);
    const { dims, data } = tensor;
    const [rows = 1, ...others] = dims;
    for (const changed of [
      [0, ...others],
      [rows * 2, ...others],
      [rows + 1, ...others],
      [rows, 2 ** 40],
      [2 ** 53, 2 ** 53],
      [...dims, 2],
      [rows, 1, 1, 1, 1],
      [],
    ])
      yield {
        name: `dims [${changed.join()}] of ${name}`,
        bytes: change(index, { dims: changed }),
      };
    for (const type of [4, 9, 15, 24, 28, 31, 43, 255, 0xffffffff])
      yield { name: `type ${type} of ${name}`, bytes: change(index, { type }) };
    // The same shape in other types, consistently laid out.
    for (const type of [0, 1, 2, 26, 30]) {
      const resized = new Uint8Array(sizeOf(dims, type));
      resized.set(data.subarray(0, resized.length));
      yield {
        name: `stored as type ${type}: ${name}`,
        bytes: change(index, { type, data: resized }),
      };
    }
    for (const offset of [1, 32, 2 ** 33, 2 ** 53])
      yield { name: `offset ${offset} of ${name}`, bytes: change(index, { offset }) };
    for (const other of [
      "blk.0.unknown.weight",
      "",
      "x".repeat(64),
      "output.weight",
      "blk.0.attn_k.weight",
      `${name}\0x`,
    ])
      yield {
        name: `${name} named ${JSON.stringify(other)}`,
        bytes: change(index, { name: other }),
      };
    yield {
      name: `without ${name}`,
      bytes: assemble({ ...model, tensors: model.tensors.filter((t) => t.name !== name) }),
    };
  }
  yield { name: "no tensors", bytes: assemble({ ...model, tensors: [] }) };
  const extra = { name: "rope_freqs.weight", dims: [32], type: 26, data: new Uint8Array(128) };
  yield {
    name: "integer rope_freqs",
    bytes: assemble({ ...model, tensors: [...model.tensors, extra] }),
  };
  for (const alignment of [0, 1, 3, 8, 16, 64, 4096, 2 ** 31]) {
    const metadata = new Map(model.metadata).set("general.alignment", {
      type: "uint32",
      value: alignment,
    });
    yield {
      name: `alignment ${alignment}`,
      bytes: assemble({ ...model, metadata, alignment: Math.min(alignment || 32, 4096) }),
    };
  }
}
