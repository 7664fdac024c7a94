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
import { planShape, type WidenedShape, type WidenSettings } from "./widenedShape.ts";
import { planTensors, type WidenedTensor } from "./widenedTensors.ts";
import { checkWidenSource, type WidenSource } from "./widenSource.ts";

export interface WidenOptions extends WidenSettings {
  /** Whether to replace a file at the destination. Default: no. */
  readonly overwrite?: boolean | undefined;
  /** Fraction written, 0 … 1; called about once per MiB. */
  readonly onProgress?: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/** What is known of a widened model before it is written. */
export interface WidenPlan {
  readonly source: WidenSource;
  readonly shape: WidenedShape;
  readonly tensors: readonly WidenedTensor[];
  /** All bytes before the first tensor's data. */
  readonly headerBytes: Uint8Array;
  readonly fileBytes: number;
  /** Elements of all tensors. */
  readonly numParameters: number;
}

export interface WidenedModel {
  readonly path: string;
  readonly shape: WidenedShape;
  readonly numParameters: number;
  readonly fileBytes: number;
}

/**
 * Widens the model at `source` into a file at `destination`, which is there whole or not at all.
 * @throws EngineError as `readGgufHeader` and `checkGguf` for the source; unsupportedArchitecture if it cannot be
 * widened; invalidRequest for impossible dimensions; writeFailed for the destination. `signal.reason` on abort.
 */
export async function widenModel(
  source: string,
  destination: string,
  options: WidenOptions,
): Promise<WidenedModel> {
  const plan = await planWidening(source, options, options.signal);
  await checkDistinct(source, destination);
  await writeWidened(plan, destination, options);
  const { shape, numParameters, fileBytes } = plan;
  return { path: destination, shape, numParameters, fileBytes };
}

/** Reads and checks the header of the model at `path`. @throws EngineError as {@link widenModel}. */
export async function planWidening(
  path: string,
  settings: WidenSettings,
  signal: AbortSignal,
): Promise<WidenPlan> {
  const source = checkWidenSource(await readGgufHeader(path, signal));
  const shape = planShape(source, settings);
  const tensors = planTensors(source, shape);
  const { dataOffset, alignment } = source.header;
  await using file = await openSource(path);
  const sourceBytes = await readExactly(file.handle, path, 0, dataOffset);
  const headerBytes = encodeWidenedHeader(source, sourceBytes, shape, tensors);
  const last = tensors.at(-1)!;
  const dataBytes = Math.ceil((last.offset + last.bytes) / alignment) * alignment;
  return {
    source,
    shape,
    tensors,
    headerBytes,
    fileBytes: headerBytes.length + dataBytes,
    numParameters: tensors.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0),
  };
}

/** Writes what `plan` says. @throws EngineError modelTruncated, modelNotReadable or writeFailed. */
export async function writeWidened(
  plan: WidenPlan,
  path: string,
  { overwrite = false, onProgress = () => {}, signal }: Omit<WidenOptions, keyof WidenSettings>,
): Promise<void> {
  const { header } = plan.source;
  await using file = await openSource(header.path);
  const source = { header, handle: file.handle };
  const filler = new Filler(plan.shape.type);
  const output = { path, bytes: plan.fileBytes, overwrite };
  const writeAll = async (append: (chunk: Uint8Array) => Promise<void>) => {
    let written = 0;
    const put = async (chunk: Uint8Array) => {
      await append(chunk);
      written += chunk.length;
      onProgress(written / plan.fileBytes);
    };
    await put(plan.headerBytes);
    for (const tensor of plan.tensors) {
      for await (const chunk of tensorChunks(tensor, source, filler)) await put(chunk);
      const padding = -tensor.bytes & (header.alignment - 1);
      if (padding > 0) await put(new Uint8Array(padding));
    }
  };
  await writeWholeFile(output, writeAll, signal);
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
