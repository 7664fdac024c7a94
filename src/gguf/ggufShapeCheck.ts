/**
 * Checks that a GGUF file has the tensors its hyperparameters imply: in full for architectures "llama" and "qwen2"
 * (llama.cpp's models/llama.cpp and models/qwen2.cpp), for others only that there is one embedding row per token.
 */
import { quotedText } from "../core/base/foreignText.ts";
import { GgufFault } from "./ggufCursor.ts";
import type { GgufHeader, GgufTensor } from "./ggufHeader.ts";
import type { Hyperparameters } from "./ggufHyperparameters.ts";

const f32 = 0;

/**
 * @param tokenCount size of the vocabulary.
 * @param isSplit whether more tensors lie in further files; then missing ones are not missed.
 * @throws GgufFault on a missing tensor or a shape that contradicts the hyperparameters.
 */
export function checkShapes(
  header: GgufHeader,
  params: Hyperparameters,
  tokenCount: number,
  isSplit: boolean,
): void {
  const tensors = new Map(header.tensors.map((tensor) => [tensor.name, tensor]));
  const embedding = tensors.get("token_embd.weight");
  if (embedding !== undefined && embedding.dims[1] !== tokenCount)
    throw new GgufFault(
      `token_embd.weight with ${tokenCount} rows, one per token`,
      shapeOf(embedding.dims),
    );
  if (embedding === undefined && !isSplit)
    throw new GgufFault("the tensor token_embd.weight", "none of this name");
  if (params.architecture !== "llama" && params.architecture !== "qwen2") return;
  checkAttention(params);
  for (const wanted of wantedTensors(params, tokenCount, tensors))
    checkTensor(wanted, tensors, isSplit);
  const surplus = header.tensors.find(
    (tensor) => Number(/^blk\.(\d+)\./.exec(tensor.name)?.[1] ?? 0) >= params.layerCount,
  );
  if (surplus !== undefined)
    throw new GgufFault(`tensors of ${params.layerCount} layers (block_count)`, surplus.name);
  // Vectors take part in F32 arithmetic for which ggml has no other kernels.
  const odd = header.tensors.find(
    (tensor) => tensor.type !== f32 && tensor.dims.slice(1).every((dim) => dim === 1),
  );
  if (odd !== undefined)
    throw new GgufFault(`vector ${quotedText(odd.name)} as F32`, `type ${odd.type}`);
}

/** Both graphs assert one head width throughout, fully rotated, and reshape every layer alike. */
function checkAttention(params: Hyperparameters): void {
  const { keyLength, valueLength, ropeLength, headCounts, headCountsKv, embeddingLength } = params;
  const heads = headCounts[0] ?? 0;
  const headsKv = headCountsKv[0] ?? 0;
  const isUniform =
    headCounts.every((count) => count === heads) &&
    headCountsKv.every((count) => count === headsKv);
  const fits = params.architecture === "llama" || keyLength * heads === embeddingLength;
  if (!isUniform || headsKv === 0 || keyLength !== valueLength || keyLength !== ropeLength || !fits)
    throw new GgufFault(
      `${params.architecture} heads alike in every layer, with key_length, value_length and rope.dimension_count equal`,
      `${heads} heads (${headsKv} for keys) of ${keyLength}, ${valueLength} and ${ropeLength} in width ${embeddingLength}`,
    );
}

interface WantedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly optional?: boolean;
}

function* wantedTensors(
  params: Hyperparameters,
  tokenCount: number,
  tensors: ReadonlyMap<string, GgufTensor>,
): Iterable<WantedTensor> {
  const { embeddingLength: width, keyLength, layerCount } = params;
  yield { name: "token_embd.weight", dims: [width, tokenCount] };
  yield { name: "output_norm.weight", dims: [width] };
  yield { name: "output.weight", dims: [width, tokenCount], optional: true };
  yield { name: "output.bias", dims: [tokenCount], optional: true };
  yield { name: "rope_freqs.weight", dims: [params.ropeLength / 2], optional: true };
  for (let layer = 0; layer < layerCount; layer++) {
    const name = `blk.${layer}.`;
    const queryWidth = keyLength * (params.headCounts[layer] ?? 0);
    const keyWidth = keyLength * (params.headCountsKv[layer] ?? 0);
    yield { name: `${name}attn_norm.weight`, dims: [width] };
    const fusedWidth = queryWidth + 2 * keyWidth;
    const isFused = tensors.has(`${name}attn_qkv.weight`);
    yield { name: `${name}attn_qkv.weight`, dims: [width, fusedWidth], optional: true };
    yield { name: `${name}attn_qkv.bias`, dims: [fusedWidth], optional: true };
    for (const [part, partWidth] of [
      ["q", queryWidth],
      ["k", keyWidth],
      ["v", keyWidth],
    ] as const) {
      yield { name: `${name}attn_${part}.weight`, dims: [width, partWidth], optional: isFused };
      yield { name: `${name}attn_${part}.bias`, dims: [partWidth], optional: true };
    }
    yield { name: `${name}attn_output.weight`, dims: [queryWidth, width] };
    yield { name: `${name}attn_output.bias`, dims: [width], optional: true };
    yield { name: `${name}ffn_norm.weight`, dims: [width] };
    yield* wantedFeedForward(name, params, params.feedForwardLengths[0] ?? 0);
  }
}

function* wantedFeedForward(
  name: string,
  params: Hyperparameters,
  inner: number,
): Iterable<WantedTensor> {
  const { embeddingLength: width, expertCount } = params;
  if (expertCount > 0 && params.architecture === "llama") {
    yield { name: `${name}ffn_gate_inp.weight`, dims: [width, expertCount] };
    yield {
      name: `${name}ffn_gate_exps.weight`,
      dims: [width, inner, expertCount],
      optional: true,
    };
    yield { name: `${name}ffn_up_exps.weight`, dims: [width, inner, expertCount] };
    yield { name: `${name}ffn_down_exps.weight`, dims: [inner, width, expertCount] };
    return;
  }
  yield { name: `${name}ffn_gate.weight`, dims: [width, inner] };
  yield { name: `${name}ffn_up.weight`, dims: [width, inner] };
  yield { name: `${name}ffn_down.weight`, dims: [inner, width] };
  yield { name: `${name}ffn_gate.bias`, dims: [inner], optional: true };
  yield { name: `${name}ffn_up.bias`, dims: [inner], optional: true };
  yield { name: `${name}ffn_down.bias`, dims: [width], optional: true };
}

function checkTensor(
  wanted: WantedTensor,
  tensors: ReadonlyMap<string, GgufTensor>,
  isSplit: boolean,
): void {
  const tensor = tensors.get(wanted.name);
  if (tensor === undefined) {
    if (wanted.optional === true || isSplit) return;
    throw new GgufFault(`the tensor ${wanted.name}`, "none of this name");
  }
  const length = Math.max(tensor.dims.length, wanted.dims.length);
  for (let i = 0; i < length; i++)
    if ((tensor.dims[i] ?? 1) !== (wanted.dims[i] ?? 1))
      throw new GgufFault(`${wanted.name} of shape ${shapeOf(wanted.dims)}`, shapeOf(tensor.dims));
}

function shapeOf(dims: readonly number[]): string {
  return `[${dims.join(", ")}]`;
}
