/** Stable tokens by a whole vocabulary, which has far longer ones than the bundled pair's. */
import { beforeAll, expect, test } from "vitest";
import { PendingText } from "../../src/core/healing/pendingText.ts";
import { SortedVocabulary } from "../../src/core/healing/sortedVocabulary.ts";
import { openModel } from "../../src/llama/model/llamaModel.ts";
import { loadLlamaLibrary } from "../../src/llama/native/llamaLibrary.ts";
import { NEVER } from "../support/never.ts";
import { checkRealModels, REAL_DRAFT_PATH } from "../support/realModels.ts";
import { expectStable } from "../support/stableTexts.ts";

beforeAll(() => {
  checkRealModels();
});

test("no continuation changes them, and what is pending is short and found at once", async () => {
  using model = await openModel(
    await loadLlamaLibrary("off"),
    REAL_DRAFT_PATH,
    { gpuLayers: 0 },
    NEVER,
  );
  const numPendings = expectStable(model, 3000);
  const { vocabulary } = model;
  const buildStart = performance.now();
  const sorted = new SortedVocabulary(vocabulary.pieceTable(), (t) => !vocabulary.isEndToken(t));
  const buildMs = performance.now() - buildStart;
  expect(sorted.hasAllBytes).toBe(true);
  const lookupMs = [" ", "\n    ", ".app", " function", "e"].map((text) => {
    const start = performance.now();
    PendingText.of(sorted, Buffer.from(text))!.next;
    return performance.now() - start;
  });
  const median = numPendings[Math.floor(numPendings.length / 2)]!;
  process.stdout.write(
    `pending: median ${median}, most ${numPendings.at(-1)} tokens; table ${buildMs.toFixed(0)} ms; ` +
      `lookups ${lookupMs.map((ms) => ms.toFixed(2)).join(", ")} ms\n`,
  );
  expect(median).toBeLessThanOrEqual(3);
  expect(buildMs).toBeLessThan(2000);
});
