import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { GgufValue } from "../../src/gguf/ggufCursor.ts";
import {
  ggufNumber,
  ggufString,
  ggufStrings,
  parseGgufHeader,
  readGgufHeader,
} from "../../src/gguf/ggufHeader.ts";
import { countdownSignal } from "../support/countdownSignal.ts";
import { assemble, disassemble } from "../support/ggufWriter.ts";

const draftPath = join(import.meta.dirname, "../../models/treeline-tiny-draft-q8_0.gguf");
const draft = new Uint8Array(await readFile(draftPath));
const signal = new AbortController().signal;

const text = (value: string): GgufValue => ({ type: "string", value });

/** The draft model with metadata entries replaced. */
function draftWith(entries: Readonly<Record<string, GgufValue>>): Uint8Array {
  const model = disassemble(draft);
  const metadata = new Map([...model.metadata, ...Object.entries(entries)]);
  return assemble({ ...model, metadata });
}

describe("readGgufHeader", () => {
  test("reads what the bundled draft model says about itself", async () => {
    const header = await readGgufHeader(draftPath, signal);
    expect(ggufString(header, "general.basename")).toBe("treeline-tiny");
    expect(ggufNumber(header, "llama.block_count")).toBe(2);
    expect(ggufStrings(header, "tokenizer.ggml.tokens")).toHaveLength(8192);
    expect(header.tensors[0]).toEqual({
      name: "token_embd.weight",
      dims: [64, 8192],
      type: 8,
      offset: 0,
    });
    expect([header.alignment, header.fileBytes]).toEqual([32, draft.length]);
  });

  test("grows its window until a vocabulary of 150,000 tokens fits, a fourfold one each time", async () => {
    const many = (prefix: string): GgufValue => ({
      type: "array",
      elementType: "string",
      value: Array.from({ length: 150_000 }, (_, i) => `${prefix}${i}`),
    });
    const folder = await mkdtemp(join(tmpdir(), "treeline-gguf-"));
    const path = join(folder, "large.gguf");
    await writeFile(
      path,
      draftWith({ "tokenizer.ggml.tokens": many("tøken"), "tokenizer.ggml.merges": many("a b") }),
    );
    // Looked at once before the file is opened, then once for each window: 1, 4 and 16 MiB.
    const read = (numLooks: number) => readGgufHeader(path, countdownSignal(numLooks).signal);
    await expect(read(4)).rejects.toHaveProperty("name", "AbortError");
    const header = await read(5);
    await rm(folder, { recursive: true });
    expect(ggufStrings(header, "tokenizer.ggml.tokens")?.at(-1)).toBe("tøken149999");
  });

  test("keeps different bytes that are not UTF-8 different, and ends strings at a NUL as llama.cpp does", () => {
    const entry = text("a\udcff");
    const header = (value: GgufValue) => {
      const bytes = draftWith({ "general.name": value });
      return parseGgufHeader("name.gguf", bytes, bytes.length);
    };
    expect(ggufString(header(entry), "general.name")).toBe("a\udcff");
    expect(ggufString(header(text("a\ufffd")), "general.name")).toBe("a\ufffd");
    expect(ggufString(header(text("ab\0c")), "general.name")).toBe("ab");
  });

  test("stops when its signal is aborted", async () => {
    await expect(readGgufHeader(draftPath, AbortSignal.abort())).rejects.toHaveProperty(
      "name",
      "AbortError",
    );
  });
});
