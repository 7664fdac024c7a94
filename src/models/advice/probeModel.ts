/**
 * A model to measure a machine with where none is on the disk: layers of the shape and type of a 1.5B's, a few of them, with
 * weights that mean nothing. Written beside what else can be made again, and deleted after the measurement.
 */
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { replaceFile } from "../../files/replaceFile.ts";
import type { GgufTensor, GgufValue } from "../../gguf/ggufCursor.ts";
import { encodeEntry, encodeTensorInfo, uint } from "../../gguf/ggufEncode.ts";
import { readGgufHeader } from "../../gguf/ggufHeader.ts";

/** Qwen2.5-Coder 1.5B's. */
const WIDTH = 1_536;
const FEED_FORWARD = 8_960;
const HEAD = 128;
const KV_WIDTH = 256;
/** Enough to be larger than caches, and read in a moment. */
const NUM_LAYERS = 6;

const F32 = 0;
const Q4_K = 12;
/** Weights and bytes of a block of Q4_K. */
const BLOCK = 256;
const BLOCK_BYTES = 144;
const ALIGNMENT = 32;

export interface ProbeModel extends AsyncDisposable {
  readonly path: string;
  readonly bytes: number;
  /** Thousands of millions, the embeddings left out. */
  readonly promptParameters: number;
}

/** @param tokenizer - a model whose tokenizer it takes: the bundled target. @throws what the file system says. */
export async function writeProbe(
  path: string,
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
  const tensors = placed(shapes(vocabulary.length));
  const head = Buffer.concat([
    Buffer.from("GGUF"),
    uint(4, 3),
    uint(8, tensors.length),
    uint(8, header.metadata.size),
    ...[...header.metadata].map(([key, value]) => encodeEntry(key, changed[key] ?? value)),
    ...tensors.map(encodeTensorInfo),
  ]);
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, bytesOfFile(head, tensors, signal), 0o600);
  const weights = (of: readonly GgufTensor[]) =>
    of.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0);
  return {
    path,
    bytes: tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0),
    promptParameters: weights(tensors.filter(({ name }) => name !== "token_embd.weight")) / 1e9,
    [Symbol.asyncDispose]: () => rm(path, { force: true }),
  };
}

type Shape = Pick<GgufTensor, "name" | "dims" | "type">;

function shapes(vocabularySize: number): Shape[] {
  const matrix = (name: string, ...dims: number[]): Shape => ({ name, dims, type: Q4_K });
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
    const tensor = { ...shape, offset } as GgufTensor;
    offset += Math.ceil(tensorBytes(tensor) / ALIGNMENT) * ALIGNMENT;
    return tensor;
  });
}

function tensorBytes({ dims, type }: Pick<GgufTensor, "dims" | "type">): number {
  const weights = dims.reduce((a, b) => a * b, 1);
  return type === F32 ? weights * 4 : (weights / BLOCK) * BLOCK_BYTES;
}

async function* bytesOfFile(
  head: Uint8Array,
  tensors: readonly GgufTensor[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield head;
  yield new Uint8Array(-head.length & (ALIGNMENT - 1));
  const blocks = smallWeights(4_096);
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
function smallWeights(numBlocks: number): Uint8Array {
  const bytes = new Uint8Array(numBlocks * BLOCK_BYTES);
  let state = 1;
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < numBlocks; block++) {
    // Scale and minimum in 16 bits: 2^-13 and 2^-10, about the middle of 4 bits apart.
    view.setUint16(block * BLOCK_BYTES, 0x0800, true);
    view.setUint16(block * BLOCK_BYTES + 2, 0x1400, true);
  }
  return bytes;
}
