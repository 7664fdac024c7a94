/**
 * Reads the header of a GGUF file (version 2 or 3, little endian) and nothing of its tensor data.
 * The file is not trusted: no count or length it claims is allocated before it is compared with the bytes the file
 * really has, and every fault is an {@link EngineError}. What the values mean is judged in ggufCheck.ts.
 */
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { EngineError, messageOf } from "../core/base/errors.ts";
import { pathText, quotedText } from "../core/base/foreignText.ts";
import {
  GgufCursor,
  GgufFault,
  type GgufTensor,
  type GgufValue,
  ggufError,
  ofFile,
  WindowEnd,
} from "./ggufCursor.ts";

export type { GgufNumericArray, GgufTensor, GgufType, GgufValue } from "./ggufCursor.ts";

/** Bytes `start` to before `end` of a file. */
export interface GgufSpan {
  readonly start: number;
  readonly end: number;
}

export interface GgufHeader {
  readonly path: string;
  readonly fileBytes: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Where each metadata entry lies, key and type included, for copying it byte by byte; in file order. */
  readonly entrySpans: ReadonlyMap<string, GgufSpan>;
  readonly tensors: readonly GgufTensor[];
  /** Where tensor data begins: the header's end, rounded up to `alignment`. */
  readonly dataOffset: number;
  readonly alignment: number;
}

/** The text at `key`, or undefined when absent or of another type. */
export function ggufString(header: GgufHeader, key: string): string | undefined {
  const entry = header.metadata.get(key);
  return entry?.type === "string" ? entry.value : undefined;
}

/** The number at `key`, whatever its width, or undefined when absent or not a single number. */
export function ggufNumber(header: GgufHeader, key: string): number | undefined {
  const value = header.metadata.get(key)?.value;
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}

/** The array of texts at `key`, or undefined when absent or of another type. */
export function ggufStrings(header: GgufHeader, key: string): readonly string[] | undefined {
  const entry = header.metadata.get(key);
  return entry?.type === "array" && entry.elementType === "string" ? entry.value : undefined;
}

const firstWindowBytes = 2 ** 20;
/** The largest real headers (vocabularies of 260,000 tokens with merges) are below 32 MiB. */
const maxHeaderBytes = 2 ** 28;
/**
 * Reads and parses the header of the model at `path`. Windows grow fourfold from 1 MiB until the header fits.
 * @throws EngineError modelNotFound, modelNotReadable, notGguf, ggufVersion, modelTruncated or modelCorrupt.
 */
export async function readGgufHeader(path: string, signal: AbortSignal): Promise<GgufHeader> {
  signal.throwIfAborted();
  await using file = await openModel(path);
  const { handle, fileBytes } = file;
  let window: Uint8Array = new Uint8Array(0);
  for (let size = firstWindowBytes; ; size *= 4) {
    signal.throwIfAborted();
    const wanted = Math.min(size, fileBytes);
    try {
      window = await growWindow(handle, window, wanted);
    } catch (cause) {
      throw notReadable(path, cause);
    }
    try {
      // A shorter window means that the file shrank meanwhile.
      return parseGgufHeader(path, window, window.length < wanted ? window.length : fileBytes);
    } catch (error) {
      if (!(error instanceof WindowEnd)) throw error;
      if (size >= maxHeaderBytes)
        throw ggufError(
          "modelCorrupt",
          path,
          `a header of at most ${maxHeaderBytes} bytes`,
          "a longer one",
        );
    }
  }
}

async function openModel(path: string) {
  try {
    // Asked before opening: opening a pipe would wait for its writer.
    const info = await stat(path);
    if (!info.isFile())
      throw ggufError(
        "modelNotReadable",
        path,
        "a file",
        "a folder or device",
        "Choose a .gguf file.",
      );
    const handle = await open(path, constants.O_RDONLY);
    return { handle, fileBytes: info.size, [Symbol.asyncDispose]: () => handle.close() };
  } catch (cause) {
    throw cause instanceof EngineError ? cause : notReadable(path, cause);
  }
}

function notReadable(path: string, cause: unknown): EngineError {
  const missing =
    cause instanceof Error &&
    "code" in cause &&
    (cause.code === "ENOENT" || cause.code === "ENOTDIR");
  return missing
    ? new EngineError(
        "modelNotFound",
        `Model file ${pathText(path)}: expected a GGUF file, found nothing at this path. ` +
          "Correct the path or download the model.",
        { cause },
      )
    : new EngineError(
        "modelNotReadable",
        `Model file ${pathText(path)}: expected a readable file, found: ${messageOf(cause)}. ` +
          "Check its permissions and the disk.",
        { cause },
      );
}

/** Returns a window of `size` bytes that begins with `old`; shorter if the file ended early. */
async function growWindow(handle: FileHandle, old: Uint8Array, size: number): Promise<Uint8Array> {
  const window = new Uint8Array(size);
  window.set(old);
  let filled = old.length;
  while (filled < size) {
    const { bytesRead } = await handle.read(window, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return window.subarray(0, filled);
}

/**
 * Parses a header from the first bytes of a file of `fileBytes` bytes. With `window` the whole file it never asks for more.
 * @throws EngineError as {@link readGgufHeader}, or an internal signal when only the window was too short.
 */
export function parseGgufHeader(path: string, window: Uint8Array, fileBytes: number): GgufHeader {
  return ofFile(path, () => {
    const cursor = new GgufCursor(window, fileBytes);
    checkPreamble(cursor);
    const tensorCount = cursor.count("tensors");
    const entryCount = cursor.count("metadata entries");
    const metadata = new Map<string, GgufValue>();
    const entrySpans = new Map<string, GgufSpan>();
    for (let i = 0; i < entryCount; i++) {
      const start = cursor.at;
      const key = cursor.name(`metadata key ${i}`);
      if (metadata.has(key))
        throw new GgufFault("distinct metadata keys", `${quotedText(key)} twice`);
      metadata.set(key, cursor.value(key));
      entrySpans.set(key, { start, end: cursor.at });
    }
    const alignment = readAlignment(metadata.get("general.alignment"));
    const tensors: GgufTensor[] = [];
    for (let i = 0; i < tensorCount; i++) tensors.push(cursor.tensor(i));
    const dataOffset = Math.ceil(cursor.at / alignment) * alignment;
    return { path, fileBytes, metadata, entrySpans, tensors, dataOffset, alignment };
  });
}

function checkPreamble(cursor: GgufCursor): void {
  const { window } = cursor;
  const magic = Buffer.from(window.subarray(0, 4)).toString("latin1");
  if (!(magic === "GGUF" || (window.length < 4 && "GGUF".startsWith(magic) && magic !== "")))
    throw new GgufFault(
      'a GGUF file, which begins with "GGUF"',
      window.length === 0 ? "an empty file" : JSON.stringify(magic),
      "Choose a model in GGUF format.",
      "notGguf",
    );
  cursor.skip(4, "the version");
  const version = cursor.uint32("the version");
  const wanted = "GGUF version 2 or 3, little endian";
  if (version !== 0 && (version & 0xffff) === 0)
    throw new GgufFault(
      wanted,
      "a big-endian file",
      "Download the little-endian build of this model.",
      "ggufVersion",
    );
  if (version !== 2 && version !== 3)
    throw new GgufFault(
      wanted,
      `version ${version}`,
      "Download a current GGUF of this model.",
      "ggufVersion",
    );
}

function readAlignment(entry: GgufValue | undefined): number {
  if (entry === undefined) return 32;
  if (entry.type !== "uint32" || entry.value === 0 || (entry.value & (entry.value - 1)) !== 0)
    throw new GgufFault(
      "general.alignment to be a uint32 power of two",
      `${entry.type} ${String(entry.value)}`,
    );
  return entry.value;
}
