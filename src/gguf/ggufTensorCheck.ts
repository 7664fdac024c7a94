/**
 * Checks where a GGUF file's tensors lie and what they are made of, before llama.cpp maps the file into memory.
 * Names and shapes a particular architecture needs are ggufShapeCheck.ts's business.
 */
import { quotedText } from "../core/base/foreignText.ts";
import { GgufFault } from "./ggufCursor.ts";
import type { GgufHeader, GgufTensor } from "./ggufHeader.ts";

const type = (name: string, blockLength: number, blockBytes: number) => ({
  name,
  /** Elements per block; a row is a whole number of blocks. */
  blockLength,
  blockBytes,
});
type TensorType = Readonly<ReturnType<typeof type>>;

/**
 * Types a weight may be stored in, by their number in the file (llama.cpp v0.4.0, ggml.h and ggml-common.h).
 * Missing are removed numbers and types that only exist while computing, which have no kernel to multiply with.
 */
export const tensorTypes: ReadonlyMap<number, TensorType> = new Map([
  [0, type("F32", 1, 4)],
  [1, type("F16", 1, 2)],
  [2, type("Q4_0", 32, 18)],
  [3, type("Q4_1", 32, 20)],
  [6, type("Q5_0", 32, 22)],
  [7, type("Q5_1", 32, 24)],
  [8, type("Q8_0", 32, 34)],
  [10, type("Q2_K", 256, 84)],
  [11, type("Q3_K", 256, 110)],
  [12, type("Q4_K", 256, 144)],
  [13, type("Q5_K", 256, 176)],
  [14, type("Q6_K", 256, 210)],
  [16, type("IQ2_XXS", 256, 66)],
  [17, type("IQ2_XS", 256, 74)],
  [18, type("IQ3_XXS", 256, 98)],
  [19, type("IQ1_S", 256, 50)],
  [20, type("IQ4_NL", 32, 18)],
  [21, type("IQ3_S", 256, 110)],
  [22, type("IQ2_S", 256, 82)],
  [23, type("IQ4_XS", 256, 136)],
  [26, type("I32", 1, 4)],
  [29, type("IQ1_M", 256, 56)],
  [30, type("BF16", 1, 2)],
  [34, type("TQ1_0", 256, 54)],
  [35, type("TQ2_0", 256, 66)],
  [39, type("MXFP4", 32, 17)],
  [40, type("NVFP4", 64, 36)],
  [41, type("Q1_0", 128, 18)],
  [42, type("Q2_0", 64, 18)],
]);

const f32 = 0;
const i32 = 26;
/** ggml's TENSOR_ALIGNMENT: it aborts when mapped weights begin elsewhere. */
const memoryAlignment = 32;

/**
 * Checks types, sizes, order and extents of all tensors of `header`.
 * @param isSplit whether more tensors lie in further files; the first may then have none.
 * @throws GgufFault modelTruncated when data lies behind the file's end, modelCorrupt otherwise.
 */
export function checkTensors(header: GgufHeader, isSplit: boolean): void {
  const { tensors, fileBytes, dataOffset, alignment } = header;
  if (tensors.length === 0 && !isSplit)
    throw new GgufFault("weights", "no tensors, only a vocabulary", "Choose the model itself.");
  const names = new Set<string>();
  let expectedOffset = 0;
  for (const tensor of tensors) {
    const name = quotedText(tensor.name);
    if (names.has(tensor.name)) throw new GgufFault("distinct tensor names", `${name} twice`);
    names.add(tensor.name);
    const bytes = tensorBytes(tensor);
    // llama.cpp requires tensors in file order without gaps other than padding.
    if (tensor.offset !== expectedOffset)
      throw new GgufFault(`tensor ${name} at offset ${expectedOffset}`, `offset ${tensor.offset}`);
    if ((dataOffset + tensor.offset) % memoryAlignment !== 0)
      throw new GgufFault(
        `data aligned to ${memoryAlignment} bytes`,
        `tensor ${name} at ${dataOffset + tensor.offset} (general.alignment ${alignment})`,
      );
    const end = dataOffset + tensor.offset + bytes;
    if (end > fileBytes)
      throw new GgufFault(
        `at least ${end} bytes, where tensor ${name} ends`,
        `a file of ${fileBytes} bytes`,
        "Download it again: it is incomplete.",
        "modelTruncated",
      );
    expectedOffset += Math.ceil(bytes / alignment) * alignment;
  }
}

/**
 * The size of a tensor's data in bytes.
 * @throws GgufFault for a type or a shape that no weights have.
 */
export function tensorBytes(tensor: Omit<GgufTensor, "offset">): number {
  const name = quotedText(tensor.name);
  const found = tensorTypes.get(tensor.type);
  if (found === undefined)
    throw new GgufFault(
      `a weight type this llama.cpp can compute with for ${name}`,
      `type ${tensor.type}`,
      "Download the model again or choose another quantization.",
    );
  const rowLength = tensor.dims[0] ?? 1;
  const elements = tensor.dims.reduce((product, dim) => product * dim, 1);
  if (elements === 0 || elements > Number.MAX_SAFE_INTEGER)
    throw new GgufFault(`a possible shape for tensor ${name}`, `[${tensor.dims.join(", ")}]`);
  if (rowLength % found.blockLength !== 0)
    throw new GgufFault(
      `rows of tensor ${name} in blocks of ${found.blockLength} (${found.name})`,
      `rows of ${rowLength}`,
    );
  checkKernels(tensor, found);
  return (elements / found.blockLength) * found.blockBytes;
}

/** Integers are tables, never weights; vectors are added and multiplied as F32: anything else aborts while computing. */
function checkKernels(tensor: Omit<GgufTensor, "offset">, found: TensorType): void {
  const isTable = tensor.name.includes("tid2eid");
  const isVector = tensor.dims.length < 2 && /(_norm\.weight|\.bias)$/.test(tensor.name);
  if ((tensor.type === i32 && !isTable) || (isVector && tensor.type !== f32))
    throw new GgufFault(
      `tensor ${quotedText(tensor.name)} as ${isVector ? "F32" : "floating point"}`,
      found.name,
    );
}
