/** What can be known of a model file before it is loaded: whether it can serve, and what it will take. */
import { EngineError } from "../../core/base/errors.ts";
import { pathText, quotedText } from "../../core/base/foreignText.ts";
import { checkGguf } from "../../gguf/ggufCheck.ts";
import { ggufFimFamily } from "../../gguf/ggufFimFamily.ts";
import { type GgufHeader, ggufNumber, ggufString, readGgufHeader } from "../../gguf/ggufHeader.ts";
import { checkSharedVocabulary } from "../../gguf/vocabCheck.ts";

export interface CheckedTarget {
  /** Weights and the cells of a context of so many positions, in bytes. */
  readonly memoryBytes: number;
  readonly header: GgufHeader;
}

/** Buffers of a context beside its cells, about. */
const BUFFER_BYTES = 300e6;

/**
 * @param contextSize - positions.
 * @throws EngineError as `readGgufHeader` and `checkGguf` do; noFimTokens for a model that cannot fill in.
 */
export async function checkTarget(
  path: string,
  contextSize: number,
  signal: AbortSignal,
): Promise<CheckedTarget> {
  const header = await checkedHeader(path, signal);
  const name = ggufString(header, "general.name") ?? "";
  if (!fillsIn(header))
    throw new EngineError(
      "noFimTokens",
      `${pathText(path)} (${quotedText(name)}): expected fill-in-the-middle markers, found none, so it cannot complete ` +
        "at a cursor. Choose a base code model such as Qwen2.5-Coder; chat models have not learned to fill in.",
    );
  return { memoryBytes: header.fileBytes + cellBytes(header, contextSize) + BUFFER_BYTES, header };
}

/** @throws EngineError as {@link checkTarget} but for the markers; vocabMismatch. */
export async function checkDraft(
  path: string,
  target: CheckedTarget,
  signal: AbortSignal,
): Promise<void> {
  checkSharedVocabulary(target.header, await checkedHeader(path, signal));
}

async function checkedHeader(path: string, signal: AbortSignal): Promise<GgufHeader> {
  const header = await readGgufHeader(path, signal);
  checkGguf(header);
  return header;
}

function fillsIn(header: GgufHeader): boolean {
  if (ggufFimFamily(header).family !== undefined) return true;
  return ["fim_pre", "fim_suf", "fim_mid"].every(
    (marker) => ggufNumber(header, `tokenizer.ggml.${marker}_token_id`) !== undefined,
  );
}

/** Keys and values of all layers in 16 bits. Zero where the header does not say. */
function cellBytes(header: GgufHeader, contextSize: number): number {
  const architecture = ggufString(header, "general.architecture") ?? "";
  const number = (key: string) => ggufNumber(header, `${architecture}.${key}`);
  const numLayers = number("block_count") ?? 0;
  const numHeads = number("attention.head_count") ?? 1;
  const numKvHeads = number("attention.head_count_kv") ?? numHeads;
  const headSize =
    number("attention.key_length") ?? (number("embedding_length") ?? 0) / Math.max(1, numHeads);
  return 2 * 2 * contextSize * numLayers * numKvHeads * headSize;
}
