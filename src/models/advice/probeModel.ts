/**
 * A model to measure a machine with: two layers of a 1.5B's shape, of one type of weights, which mean nothing. Written beside
 * what else can be made again, and deleted after the measurement.
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isRunning } from "../../files/isRunning.ts";
import { replaceFile } from "../../files/replaceFile.ts";
import type { GgufTensor, GgufValue } from "../../gguf/ggufCursor.ts";
import { encodeEntry, encodeTensorInfo, uint } from "../../gguf/ggufEncode.ts";
import { readGgufHeader } from "../../gguf/ggufHeader.ts";
import { tensorBytes, tensorTypes } from "../../gguf/ggufTensorCheck.ts";
import type { WeightType } from "./lineTime.ts";

/** Qwen2.5-Coder 1.5B's. */
const WIDTH = 1_536;
const FEED_FORWARD = 8_960;
const HEAD = 128;
const KV_WIDTH = 256;
/** Enough to be larger than most caches, and read in a moment. */
const NUM_LAYERS = 2;

const F32 = 0;
/** ggml's number of each type, and the 16-bit scales that its blocks begin with. */
const BLOCKS = {
  // Scale and minimum: 2^-13 and 2^-10, about the middle of 4 bits apart.
  Q4_K: { id: 12, scales: [0x0800, 0x1400] },
  Q5_0: { id: 6, scales: [0x1400] },
  Q8_0: { id: 8, scales: [0x0400] },
} as const satisfies Readonly<Record<WeightType, unknown>>;
const ALIGNMENT = 32;

export interface ProbeModel extends AsyncDisposable {
  readonly path: string;
  /** All that writing a token reads. */
  readonly bytes: number;
  /** That a token of a prompt passes. */
  readonly weights: number;
}

/** A probe, whole or half written, with the process whose it is. */
const PROBE = /^probe-(\d+)\.gguf(?:\.\d+\.tmp)?$/;

/**
 * @param folder - where it is written, and where what ended processes left of theirs is deleted.
 * @param tokenizer - a model whose tokenizer it takes: the bundled target.
 * @throws what the file system says.
 */
export async function writeProbe(
  folder: string,
  type: WeightType,
  tokenizer: string,
  signal: AbortSignal,
): Promise<ProbeModel> {
  const header = await readGgufHeader(tokenizer, signal);
  const count = (value: number): GgufValue => ({ type: "uint32", value });
  const changed: Readonly<Record<string, GgufValue>> = {
    "general.name": { type: "string", value: "Treeline probe" },
    "llama.embedding_length": count(WIDTH),
    "llama.block_count": count(NUM_LAYERS),
    "llama.feed_forward_length": count(FEED_FORWARD),
    "llama.attention.head_count": count(WIDTH / HEAD),
    "llama.attention.head_count_kv": count(KV_WIDTH / HEAD),
    "llama.attention.key_length": count(HEAD),
    "llama.attention.value_length": count(HEAD),
    "llama.rope.dimension_count": count(HEAD),
  };
  const vocabulary = header.metadata.get("tokenizer.ggml.tokens")?.value as readonly string[];
  const tensors = placed(shapes(vocabulary.length, BLOCKS[type].id));
  const head = Buffer.concat([
    Buffer.from("GGUF"),
    uint(4, 3),
    uint(8, tensors.length),
    uint(8, header.metadata.size),
    ...[...header.metadata].map(([key, value]) => encodeEntry(key, changed[key] ?? value)),
    ...tensors.map(encodeTensorInfo),
  ]);
  await mkdir(folder, { recursive: true });
  await removeLeft(folder);
  const path = join(folder, `probe-${process.pid}.gguf`);
  await replaceFile(path, bytesOfFile(head, tensors, type, signal), 0o600);
  // Of the last layer's feed-forward part llama.cpp computes the rows alone that something is read from.
  const passed = tensors.filter(
    ({ name }) => name !== "token_embd.weight" && !name.startsWith(`blk.${NUM_LAYERS - 1}.ffn_`),
  );
  return {
    path,
    bytes: tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0),
    weights: passed.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0),
    [Symbol.asyncDispose]: () => rm(path, { force: true }),
  };
}

async function removeLeft(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((file) => {
    const pid = Number(PROBE.exec(file)?.[1] ?? process.pid);
    return !isRunning(pid);
  });
  // What another process still has open is the next measurement's matter.
  for (const file of left) await rm(join(folder, file), { force: true }).catch(() => {});
}

type Shape = Omit<GgufTensor, "offset">;

function shapes(vocabularySize: number, type: number): Shape[] {
  const matrix = (name: string, ...dims: number[]): Shape => ({ name, dims, type });
  const norm = (name: string): Shape => ({ name, dims: [WIDTH], type: F32 });
  const layers = Array.from({ length: NUM_LAYERS }, (_, layer) => `blk.${layer}`);
  return [
    matrix("token_embd.weight", WIDTH, vocabularySize),
    norm("output_norm.weight"),
    ...layers.flatMap((layer) => [
      norm(`${layer}.attn_norm.weight`),
      matrix(`${layer}.attn_q.weight`, WIDTH, WIDTH),
      matrix(`${layer}.attn_k.weight`, WIDTH, KV_WIDTH),
      matrix(`${layer}.attn_v.weight`, WIDTH, KV_WIDTH),
      matrix(`${layer}.attn_output.weight`, WIDTH, WIDTH),
      norm(`${layer}.ffn_norm.weight`),
      matrix(`${layer}.ffn_gate.weight`, WIDTH, FEED_FORWARD),
      matrix(`${layer}.ffn_up.weight`, WIDTH, FEED_FORWARD),
      matrix(`${layer}.ffn_down.weight`, FEED_FORWARD, WIDTH),
    ]),
  ];
}

function placed(shapes: readonly Shape[]): GgufTensor[] {
  let offset = 0;
  return shapes.map((shape) => {
    const tensor = { ...shape, offset };
    offset += Math.ceil(tensorBytes(tensor) / ALIGNMENT) * ALIGNMENT;
    return tensor;
  });
}

async function* bytesOfFile(
  head: Uint8Array,
  tensors: readonly GgufTensor[],
  type: WeightType,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield head;
  yield new Uint8Array(-head.length & (ALIGNMENT - 1));
  const blocks = smallWeights(8_192, type);
  for (const tensor of tensors) {
    signal.throwIfAborted();
    const bytes = tensorBytes(tensor);
    if (tensor.type === F32) yield new Uint8Array(new Float32Array(bytes / 4).fill(1).buffer);
    else {
      for (let left = bytes; left > 0; left -= blocks.length) yield blocks.subarray(0, left);
    }
    yield new Uint8Array(-bytes & (ALIGNMENT - 1));
  }
}

/** Blocks whose weights are small and of both signs, so that nothing overflows in any layer. */
function smallWeights(numBlocks: number, type: WeightType): Uint8Array {
  const { id, scales } = BLOCKS[type];
  const { blockBytes } = tensorTypes.get(id)!;
  const bytes = new Uint8Array(numBlocks * blockBytes);
  let state = 1;
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < numBlocks; block++) {
    scales.forEach((scale, index) => {
      view.setUint16(block * blockBytes + 2 * index, scale, true);
    });
  }
  return bytes;
}
