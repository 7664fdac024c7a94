/** Traces as bytes, part by part, before compression (`record/traceFile.ts`). Logits stay exact. */
import { ByteReader, ByteStreamError, ByteWriter } from "./byteStream.ts";
import { type LogitsRow, RowTrie } from "./rowTrie.ts";
import type { TraceHeader, TracePrompt, TraceRepository } from "./trace.ts";

/** Raised with every change of what stands in a part. */
export const TRACE_VERSION = 2;

export function encodeHeader(header: TraceHeader): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header));
}

/** @throws ByteStreamError for anything but a header. */
export function decodeHeader(bytes: Uint8Array): TraceHeader {
  try {
    const header = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    ) as TraceHeader;
    // The checksum stands for the rest: nothing but a recorder writes these.
    if (Array.isArray(header.repositories) && typeof header.target === "object") return header;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new ByteStreamError("a header that is none");
}

export function encodeRepository({ index, files }: TraceRepository): Uint8Array {
  const out = new ByteWriter();
  out.uint(index);
  out.uint(files.length);
  for (const { path, tokens } of files) {
    out.text(path);
    out.uints(tokens);
  }
  return out.finish();
}

/** @throws ByteStreamError */
export function decodeRepository(bytes: Uint8Array): TraceRepository {
  const reader = new ByteReader(bytes);
  const index = reader.uint();
  const files = Array.from({ length: reader.count() }, () => ({
    path: reader.text(),
    tokens: Int32Array.from(reader.uints()),
  }));
  reader.end();
  return { index, files };
}

export function encodePrompt(prompt: TracePrompt): Uint8Array {
  const out = new ByteWriter();
  for (const field of ["repository", "place", "line", "column"] as const) out.uint(prompt[field]);
  out.index(prompt.file);
  out.index(prompt.endToken);
  out.text(prompt.path);
  out.text(prompt.languageId);
  out.uints(prompt.importedFiles);
  out.uint(prompt.visible.numStart);
  out.uints(prompt.visible.between);
  out.uint(prompt.visible.numEnd);
  // The same tokens again: the compressor sees to that.
  out.uints(prompt.prefixTokens);
  out.uints(prompt.suffixTokens);
  out.uints(prompt.promptTokens);
  out.uints(prompt.draftPromptTokens);
  out.uints(prompt.output);
  encodeTrie(out, prompt.target);
  out.uint(prompt.draft === undefined ? 0 : 1);
  if (prompt.draft !== undefined) encodeTrie(out, prompt.draft);
  return out.finish();
}

/** @throws ByteStreamError */
export function decodePrompt(bytes: Uint8Array): TracePrompt {
  const reader = new ByteReader(bytes);
  const tokens = () => Int32Array.from(reader.uints());
  // Evaluated in the order in which they were written.
  const prompt = {
    repository: reader.uint(),
    place: reader.uint(),
    line: reader.uint(),
    column: reader.uint(),
    file: reader.index(),
    endToken: reader.index(),
    path: reader.text(),
    languageId: reader.text(),
    importedFiles: reader.uints(),
    visible: { numStart: reader.uint(), between: tokens(), numEnd: reader.uint() },
    prefixTokens: tokens(),
    suffixTokens: tokens(),
    promptTokens: tokens(),
    draftPromptTokens: tokens(),
    output: tokens(),
    target: decodeTrie(reader),
    draft: reader.uint() === 0 ? undefined : decodeTrie(reader),
  };
  reader.end();
  return prompt;
}

function encodeTrie(out: ByteWriter, trie: RowTrie): void {
  out.uint(trie.size);
  const tokens: number[] = [];
  const topTokens: number[] = [];
  const logits: number[] = [];
  const sums: number[] = [];
  for (let node = 0; node < trie.size; node++) {
    const row = trie.row(node);
    if (node > 0) {
      out.uint(node - trie.parent(node));
      tokens.push(trie.token(node));
    }
    // A row has one entry at least.
    out.uint(row?.tokens.length ?? 0);
    if (row === undefined) continue;
    topTokens.push(...row.tokens);
    logits.push(...row.logits);
    sums.push(row.logSumExp);
  }
  out.planes24(tokens);
  out.planes24(topTokens);
  out.floats(logits);
  out.doubles(sums);
}

function decodeTrie(reader: ByteReader): RowTrie {
  const trie = new RowTrie();
  const size = reader.count();
  if (size < 1) throw new ByteStreamError("a trie without the prompt's node");
  const parents: number[] = [];
  const widths: number[] = [];
  for (let node = 0; node < size; node++) {
    if (node > 0) parents.push(node - reader.uint());
    widths.push(reader.uint());
  }
  const tokens = reader.planes24(size - 1);
  for (let node = 1; node < size; node++) {
    const parent = parents[node - 1]!;
    const isNew = parent >= 0 && parent < node && trie.add(parent, tokens[node - 1]!) === node;
    if (!isNew) throw new ByteStreamError(`node ${node} is twice there, or has no parent`);
  }
  const numEntries = widths.reduce((sum, width) => sum + width, 0);
  const topTokens = reader.planes24(numEntries);
  const logits = reader.floats(numEntries);
  const sums = reader.doubles(widths.filter((width) => width > 0).length);
  let start = 0;
  let row = 0;
  for (const [node, width] of widths.entries()) {
    if (width === 0) continue;
    const end = start + width;
    trie.setRow(node, rowOf(topTokens, logits, start, end, sums[row++]!));
    start = end;
  }
  return trie;
}

function rowOf(
  tokens: Int32Array,
  logits: Float32Array,
  start: number,
  end: number,
  logSumExp: number,
): LogitsRow {
  return { tokens: tokens.slice(start, end), logits: logits.slice(start, end), logSumExp };
}
