/**
 * Writes a GGUF model that computes the same function as another at the cost of a larger one: a target expensive enough
 * to make speculation pay, with real text, from a model of a few megabytes.
 *
 * Zero lanes widen the residual stream. RMS norms then divide by the root of a mean over `width` instead of
 * `source.width` lanes: weights × √(source.width / width) and epsilon × source.width / width undo that exactly. New
 * heads, new feed-forward lanes and extra layers are computed in full and multiplied by zeros in the end.
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import { writeWholeFile } from "../../src/cli/base/outputFile.ts";
import { EngineError, messageOf } from "../../src/core/base/errors.ts";
import { ggufError } from "../../src/gguf/ggufCursor.ts";
import { readGgufHeader } from "../../src/gguf/ggufHeader.ts";
import { Filler } from "./filler.ts";
import { readExactly, tensorChunks } from "./tensorData.ts";
import { encodeWidenedHeader } from "./widenedHeader.ts";
import { planShape, type WidenSettings } from "./widenedShape.ts";
import { planTensors, type WidenedTensor } from "./widenedTensors.ts";
import { checkWidenSource } from "./widenSource.ts";

export interface WidenOptions extends WidenSettings {
  /** Whether to replace a file at the destination. Default: no. */
  readonly overwrite?: boolean | undefined;
  /** Fraction written, 0 … 1; called about once per MiB. */
  readonly onProgress?: (fraction: number) => void;
  readonly signal: AbortSignal;
}

export type WidenedModel = Awaited<ReturnType<typeof widenModel>>;

/**
 * Widens the model at `source` into a file at `destination`, which is there whole or not at all.
 * @throws EngineError as `readGgufHeader` and `checkGguf` for the source; unsupportedArchitecture if it cannot be
 * widened; invalidRequest for impossible dimensions; writeFailed for the destination. `signal.reason` on abort.
 */
export async function widenModel(
  source: string,
  destination: string,
  { overwrite = false, onProgress = () => {}, signal, ...settings }: WidenOptions,
) {
  const found = checkWidenSource(await readGgufHeader(source, signal));
  const { header } = found;
  const shape = planShape(found, settings);
  const tensors = planTensors(found, shape);
  await using file = await openSource(source);
  const sourceBytes = await readExactly(file.handle, source, 0, header.dataOffset);
  const headerBytes = encodeWidenedHeader(found, sourceBytes, shape, tensors);
  const paddingOf = (tensor: WidenedTensor) => -tensor.bytes & (header.alignment - 1);
  const last = tensors.at(-1)!;
  const fileBytes = headerBytes.length + last.offset + last.bytes + paddingOf(last);
  await checkDistinct(source, destination);
  const filler = new Filler(shape.type);
  const writeAll = async (append: (chunk: Uint8Array) => Promise<void>) => {
    let written = 0;
    const put = async (chunk: Uint8Array) => {
      await append(chunk);
      written += chunk.length;
      onProgress(written / fileBytes);
    };
    await put(headerBytes);
    for (const tensor of tensors) {
      const chunks = tensorChunks(tensor, { header, handle: file.handle }, filler);
      for await (const chunk of chunks) await put(chunk);
      const padding = paddingOf(tensor);
      if (padding > 0) await put(new Uint8Array(padding));
    }
  };
  await writeWholeFile({ path: destination, bytes: fileBytes, overwrite }, writeAll, signal);
  // Elements of all tensors.
  const numParameters = tensors.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0);
  return { path: destination, shape, numParameters, fileBytes };
}

async function openSource(path: string): Promise<{ handle: FileHandle } & AsyncDisposable> {
  try {
    const handle = await open(path);
    return { handle, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    throw ggufError("modelNotReadable", path, "a readable file", messageOf(error));
  }
}

/** Even replacing it on purpose would read the source while it goes. */
async function checkDistinct(source: string, destination: string): Promise<void> {
  const [from, to] = await Promise.all(
    [source, destination].map((path) => stat(path, { bigint: true }).catch(() => undefined)),
  );
  if (from !== undefined && from.ino === to?.ino && from.dev === to.dev)
    throw new EngineError(
      "writeFailed",
      `Output ${destination}: expected another file than the model, found the model itself. Choose another name.`,
    );
}
