/** The bytes of one widened tensor, a few rows at a time. */
import type { FileHandle } from "node:fs/promises";
import { messageOf } from "../../src/core/base/errors.ts";
import { ggufError } from "../../src/gguf/ggufCursor.ts";
import type { GgufHeader, GgufTensor } from "../../src/gguf/ggufHeader.ts";
import { tensorTypes } from "../../src/gguf/ggufTensorCheck.ts";
import type { Filler } from "./filler.ts";
import { BLOCK_LENGTH } from "./widenedShape.ts";
import type { Segment, WidenedTensor } from "./widenedTensors.ts";
import { F16, F32 } from "./widenSource.ts";

/** Enough that calls cost nothing beside copying, little enough that an abort is answered at once. */
const CHUNK_BYTES = 2 ** 20;

export interface OpenSource {
  readonly header: GgufHeader;
  readonly handle: FileHandle;
}

/** Yields the data of `tensor` in order; each chunk is valid until the next is asked for. */
export async function* tensorChunks(
  tensor: WidenedTensor,
  source: OpenSource,
  filler: Filler,
): AsyncGenerator<Uint8Array> {
  const rowBytes = bytesOf(tensor.type, tensor.columns.length);
  const numChunkRows = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
  const buffer = new Uint8Array(Math.min(numChunkRows, tensor.rows.length) * rowBytes);
  for (let row = 0; row < tensor.rows.length; row += numChunkRows) {
    const end = Math.min(row + numChunkRows, tensor.rows.length);
    const chunk = buffer.subarray(0, (end - row) * rowBytes);
    if (tensor.pad === "zero") chunk.fill(0);
    else filler.fill(chunk);
    if (tensor.source !== undefined)
      for (const rows of overlaps(tensor.rows.segments, row, end))
        await copyRows(tensor, tensor.source, rows, source, chunk.subarray(rows.to * rowBytes));
    yield chunk;
  }
}

/** The parts of `segments` from `start` to before `end`, `to` counted from `start`. */
function* overlaps(segments: readonly Segment[], start: number, end: number): Iterable<Segment> {
  for (const { from, to, length } of segments) {
    const first = Math.max(to, start);
    const last = Math.min(to + length, end);
    if (first < last) yield { from: from + first - to, to: first - start, length: last - first };
  }
}

/** Writes source rows `rows.from` … into `target`, which begins with the first of them. */
async function copyRows(
  tensor: WidenedTensor,
  from: GgufTensor,
  rows: Segment,
  { header, handle }: OpenSource,
  target: Uint8Array,
): Promise<void> {
  const sourceRowBytes = bytesOf(from.type, from.dims[0] ?? 1);
  const rowBytes = bytesOf(tensor.type, tensor.columns.length);
  const position = header.dataOffset + from.offset + rows.from * sourceRowBytes;
  const bytes = await readExactly(handle, header.path, position, rows.length * sourceRowBytes);
  for (let row = 0; row < rows.length; row++)
    for (const run of tensor.columns.segments) {
      const start = row * sourceRowBytes + bytesOf(from.type, run.from);
      const elements = bytes.subarray(start, start + bytesOf(from.type, run.length));
      const out = target.subarray(row * rowBytes + bytesOf(tensor.type, run.to));
      if (from.type === tensor.type && tensor.scale === 1) out.set(elements);
      else if (!convert(elements, from.type, out, tensor))
        throw ggufError(
          "modelCorrupt",
          header.path,
          `weights within ±65504, F16's range, in ${from.name}`,
          "a larger one, or none that is finite",
          "Choose another model, or type q8_0 for one of Q8_0 weights.",
        );
    }
}

function bytesOf(type: number, numElements: number): number {
  const { blockLength, blockBytes } = tensorTypes.get(type)!;
  return (numElements / blockLength) * blockBytes;
}

/** @throws EngineError modelNotReadable or modelTruncated. */
export async function readExactly(
  handle: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle
      .read(bytes, filled, length - filled, position + filled)
      .catch((error: unknown) => {
        throw ggufError("modelNotReadable", path, "a readable file", messageOf(error));
      });
    if (bytesRead === 0)
      throw ggufError(
        "modelTruncated",
        path,
        `${length} bytes at offset ${position}`,
        `only ${filled}`,
      );
    filled += bytesRead;
  }
  return bytes;
}

/**
 * To singles, times the tensor's factor, or to the nearest halves, as llama.cpp converts; every value of Q8_0 and F16 is a single.
 * @returns false where a half is not finite.
 */
function convert(
  elements: Uint8Array,
  type: number,
  out: Uint8Array,
  tensor: Pick<WidenedTensor, "type" | "scale">,
): boolean {
  const to = viewOf(out);
  let allFinite = true;
  let at = 0;
  for (const value of valuesOf(elements, type)) {
    if (tensor.type === F32) to.setFloat32(at, value * tensor.scale, true);
    else {
      to.setFloat16(at, value, true);
      allFinite &&= Number.isFinite(to.getFloat16(at, true));
    }
    at += tensor.type === F32 ? 4 : 2;
  }
  return allFinite;
}

/** The numbers that elements of a type stand for. */
function* valuesOf(elements: Uint8Array, type: number): Generator<number> {
  const from = viewOf(elements);
  if (type === F32) {
    for (let at = 0; at < elements.length; at += 4) yield from.getFloat32(at, true);
  } else if (type === F16) {
    for (let at = 0; at < elements.length; at += 2) yield from.getFloat16(at, true);
  } else {
    for (let at = 0; at < elements.length; at += 2 + BLOCK_LENGTH) {
      const blockScale = from.getFloat16(at, true);
      for (let i = 0; i < BLOCK_LENGTH; i++) yield blockScale * from.getInt8(at + 2 + i);
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
