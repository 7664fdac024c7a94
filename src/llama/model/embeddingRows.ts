/** A model's input embedding rows, read from the GGUF file and dequantized by ggml, so that every tensor type works. */

import { closeSync, openSync, readSync } from "node:fs";
import koffi from "koffi";
import { EngineError } from "../../core/base/errors.ts";
import { pathText } from "../../core/base/foreignText.ts";
import type { GgufHeader } from "../../gguf/ggufHeader.ts";
import type { Pointer } from "../native/llamaFunctions.ts";
import type { LlamaLibrary } from "../native/llamaLibrary.ts";
import { ToFloat, TypeTraits } from "../native/llamaStructs.ts";

const EMBEDDING_TENSOR = "token_embd.weight";
/** `GGML_TYPE_F32`, which has no conversion. */
const TYPE_F32 = 0;

interface Traits {
  readonly blck_size: number | bigint;
  readonly type_size: number | bigint;
  readonly to_float: Pointer | null;
}

/** Reads rows on demand; the file is opened at the first read. */
export function embeddingRows(library: LlamaLibrary, header: GgufHeader, width: number) {
  let file: number | undefined;
  return {
    /**
     * @returns [tokens.length, width]
     * @throws EngineError `modelCorrupt` if the file has no embedding tensor; RangeError for an id outside it.
     */
    read(tokens: ArrayLike<number>): Float32Array {
      const tensor = header.tensors.find(({ name }) => name === EMBEDDING_TENSOR);
      if (tensor === undefined) {
        throw new EngineError(
          "modelCorrupt",
          `${pathText(header.path)} has no tensor ${EMBEDDING_TENSOR}, which embedding input needs. Use a single-file model.`,
        );
      }
      const numRows = Number(tensor.dims[1]);
      const traits = koffi.decode(
        library.fn.typeTraits(tensor.type),
        TypeTraits,
      ) as unknown as Traits;
      const rowBytes = (width / Number(traits.blck_size)) * Number(traits.type_size);
      file ??= openSync(header.path, "r");
      const rows = new Float32Array(tokens.length * width);
      // Larger than V8 keeps on its own heap, so that the address stays put.
      const source = new Uint8Array(Math.max(rowBytes, 64));
      const row = new Float32Array(Math.max(width, 64));
      for (let i = 0; i < tokens.length; i++) {
        const token = tokens[i]!;
        if (!(token >= 0 && token < numRows))
          throw new RangeError(`token ${token} has no embedding`);
        readSync(file, source, 0, rowBytes, header.dataOffset + tensor.offset + token * rowBytes);
        if (tensor.type === TYPE_F32)
          rows.set(new Float32Array(source.buffer, 0, width), i * width);
        else {
          koffi.call(traits.to_float, ToFloat, source, row, width);
          rows.set(row.subarray(0, width), i * width);
        }
      }
      return rows;
    },
    [Symbol.dispose](): void {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
