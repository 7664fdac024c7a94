/**
 * Traces on disk: a mark, then blocks that are compressed one by one, so that a recording is whole after each place, and
 * goes on where it stopped, however it was stopped.
 *
 *   8 bytes mark, 4 version; then of each block 1 byte kind, 4 bytes length, 4 bytes CRC-32, and so many bytes of Brotli.
 */
import { existsSync } from "node:fs";
import { type FileHandle, open, readFile, rename, writeFile } from "node:fs/promises";
import { brotliCompressSync, brotliDecompressSync, constants, crc32 } from "node:zlib";
import { EngineError } from "../../../src/core/base/errors.ts";
import { ByteStreamError } from "../trace/byteStream.ts";
import type { Trace, TraceHeader, TracePrompt, TraceRepository } from "../trace/trace.ts";
import {
  decodeHeader,
  decodePrompt,
  decodeRepository,
  encodeHeader,
  encodePrompt,
  encodeRepository,
  TRACE_VERSION,
} from "../trace/traceCodec.ts";

const MARK = Buffer.from("TLTRACE\n", "latin1");
const HEAD_BYTES = MARK.length + 4;
const BLOCK_HEAD_BYTES = 9;
const KINDS = ["header", "repository", "prompt"] as const;
type BlockKind = (typeof KINDS)[number];
/** Near the best that Brotli does, at a fraction of the time. */
const QUALITY = 9;
/** No part of a trace is larger; what claims to be is not read. */
const MAX_PART_BYTES = 256 * 1024 ** 2;

interface Block {
  readonly kind: BlockKind;
  readonly bytes: Uint8Array;
}

/**
 * Reads a finished or unfinished recording.
 * @throws EngineError `invalidRequest` for anything but whole blocks of a trace of this version.
 */
export async function readTrace(path: string): Promise<Trace> {
  const { trace, numTorn } = parse(path, await readBytes(path));
  if (numTorn > 0) {
    throw refusal(
      path,
      `its last ${numTorn} bytes are a part that is cut off. Record again with the same options: the recording goes on`,
    );
  }
  return trace;
}

/** Appends to a trace, place by place. */
export class TraceWriter {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * Begins a trace, which is there only once its beginning is whole.
   * @throws EngineError `invalidRequest` where a file is there.
   */
  static async create(
    path: string,
    header: TraceHeader,
    repositories: readonly TraceRepository[],
  ): Promise<TraceWriter> {
    assertFree(path);
    const version = Buffer.alloc(4);
    version.writeUInt32LE(TRACE_VERSION);
    const parts = [MARK, version, blockOf("header", encodeHeader(header))];
    for (const repository of repositories) {
      parts.push(blockOf("repository", encodeRepository(repository)));
    }
    const beginning = `${path}.new`;
    await writeFile(beginning, Buffer.concat(parts), { flush: true });
    await rename(beginning, path);
    return new TraceWriter(await open(path, "a"));
  }

  /**
   * Goes on with a trace; a part that was cut off is dropped.
   * @param check - throws where another trace is expected; nothing is changed then.
   * @throws EngineError `invalidRequest` if the file is no trace.
   */
  static async resume(
    path: string,
    check: (header: TraceHeader) => void,
  ): Promise<{ writer: TraceWriter; trace: Trace }> {
    const bytes = await readBytes(path);
    const { trace, numTorn } = parse(path, bytes);
    check(trace.header);
    const file = await open(path, "r+");
    await file.truncate(bytes.length - numTorn);
    await file.close();
    return { writer: new TraceWriter(await open(path, "a")), trace };
  }

  /** On the disk when it resolves. */
  async append(prompt: TracePrompt): Promise<void> {
    await this.#file.appendFile(blockOf("prompt", encodePrompt(prompt)));
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/**
 * Goes on with a trace, or begins it where there is no file yet.
 * @param check - throws where the file is of something else.
 * @param begin - what the trace is of.
 */
export async function openRecording(
  path: string,
  check: (header: TraceHeader) => void,
  begin: () => Promise<Omit<Trace, "prompts">>,
): Promise<{ writer: TraceWriter; trace: Trace }> {
  if (existsSync(path)) return TraceWriter.resume(path, check);
  const { header, repositories } = await begin();
  const writer = await TraceWriter.create(path, header, repositories);
  return { writer, trace: { header, repositories, prompts: [] } };
}

/** @throws EngineError `invalidRequest` where a file is there. */
export function assertFree(path: string): void {
  if (!existsSync(path)) return;
  throw new EngineError(
    "invalidRequest",
    `Expected no file at ${path}, found one: it is not replaced. Choose another name, or delete it.`,
  );
}

function blockOf(kind: BlockKind, bytes: Uint8Array): Buffer {
  const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_LGWIN]: 24 };
  const packed = brotliCompressSync(bytes, { params });
  const head = Buffer.alloc(BLOCK_HEAD_BYTES);
  head.writeUInt8(KINDS.indexOf(kind));
  head.writeUInt32LE(packed.length, 1);
  head.writeUInt32LE(crc32(packed), 5);
  return Buffer.concat([head, packed]);
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "it cannot be read";
    throw new EngineError("invalidRequest", `Expected a trace at ${path}, found none (${code}).`);
  }
}

/** @returns the whole blocks, and the bytes behind them that are none. */
function parse(path: string, bytes: Buffer): { readonly trace: Trace; readonly numTorn: number } {
  if (!bytes.subarray(0, MARK.length).equals(MARK) || bytes.length < HEAD_BYTES) {
    throw refusal(path, "it does not begin as one");
  }
  const version = bytes.readUInt32LE(MARK.length);
  if (version !== TRACE_VERSION) {
    throw refusal(path, `its version is ${version}, this is for ${TRACE_VERSION}. Record it anew`);
  }
  let at = HEAD_BYTES;
  let header: TraceHeader | undefined;
  const repositories: TraceRepository[] = [];
  const prompts: TracePrompt[] = [];
  for (;;) {
    const block = blockAt(path, bytes, at);
    if (block === undefined) break;
    at = block.end;
    try {
      if (header === undefined) header = decodeHeader(partOf(block, "header"));
      else if (repositories.length < header.repositories.length) {
        repositories.push(decodeRepository(partOf(block, "repository")));
      } else prompts.push(decodePrompt(partOf(block, "prompt")));
    } catch (error) {
      if (!(error instanceof ByteStreamError)) throw error;
      throw refusal(path, `the part before byte ${at} is ${error.message}`);
    }
  }
  if (header === undefined || repositories.length < header.repositories.length) {
    throw refusal(path, "it is cut off before the first place. Delete it and record again");
  }
  return { trace: { header, repositories, prompts }, numTorn: bytes.length - at };
}

function partOf({ kind, bytes }: Block, expected: BlockKind): Uint8Array {
  if (kind === expected) return bytes;
  throw new ByteStreamError(`a ${kind} where a ${expected} is expected`);
}

/** Undefined where no whole block begins; only a block's end may be missing. */
function blockAt(path: string, bytes: Buffer, at: number): (Block & { end: number }) | undefined {
  if (at + BLOCK_HEAD_BYTES > bytes.length) return undefined;
  const kind = KINDS[bytes.readUInt8(at)];
  const start = at + BLOCK_HEAD_BYTES;
  const end = start + bytes.readUInt32LE(at + 1);
  if (kind === undefined) throw refusal(path, `byte ${at} begins no part of it`);
  if (end > bytes.length) return undefined;
  const packed = bytes.subarray(start, end);
  if (crc32(packed) !== bytes.readUInt32LE(at + 5)) {
    // After a power cut the last block may have its length, but not its content.
    if (end === bytes.length) return undefined;
    throw refusal(path, `the part at byte ${at} is damaged`);
  }
  return { kind, bytes: brotliDecompressSync(packed, { maxOutputLength: MAX_PART_BYTES }), end };
}

function refusal(path: string, why: string): EngineError {
  return new EngineError("invalidRequest", `${path} is not a trace that can be read: ${why}.`);
}
