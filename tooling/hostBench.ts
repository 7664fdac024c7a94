/**
 * `npm run bench:host`: what one step costs the host, apart from the model's pass, by tree size and context length; and
 * what reading one row of logits costs. Run it on an idle machine.
 */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { median } from "../src/bench/base/statistics.ts";
import { WrappedTarget } from "../src/bench/base/wrappedTarget.ts";
import { seededRandom } from "../src/bench/spots/sourceSpots.ts";
import { speculativeDecode } from "../src/core/decode/speculativeDecode.ts";
import { RecyclingDrafter } from "../src/core/drafters/recyclingDrafter.ts";
import { RecyclingStore } from "../src/core/drafters/recyclingStore.ts";
import { SuffixDrafter } from "../src/core/drafters/suffixDrafter.ts";
import type { DraftBudget, Drafter } from "../src/core/tree/drafter.ts";
import { type DraftTree, DraftTreeBuilder, sourceBit } from "../src/core/tree/draftTree.ts";
import type { TreeLogits } from "../src/core/tree/targetModel.ts";
import { openModel } from "../src/llama/model/llamaModel.ts";
import { loadLlamaLibrary } from "../src/llama/native/llamaLibrary.ts";
import { type LlamaContext, openContext } from "../src/llama/target/llamaContext.ts";
import { LlamaTarget } from "../src/llama/target/llamaTarget.ts";
import { RowScanner } from "../src/llama/target/rowScan.ts";

const NODE_COUNTS = [8, 32, 64];
const CONTEXT_SIZES = [2048, 8192, 32_768];
const NUM_STEPS = 48;
const NUM_REPEATS = 3;
const SCANNED_ROW = 151_936;
const NUM_SCANS = 200;
const NEVER = new AbortController().signal;
const MODEL = fileURLToPath(new URL("../models/treeline-tiny-target-q8_0.gguf", import.meta.url));
const SOURCE = fileURLToPath(
  new URL("../node_modules/@reduxjs/toolkit/src/query/core/buildThunks.ts", import.meta.url),
);

/** Fills a tree up to the wanted size, so that every step pays for exactly that many nodes. */
class FillingDrafter implements Drafter {
  readonly source = "draftModel";
  readonly #random = seededRandom(1);
  readonly #vocabSize: number;

  constructor(vocabSize: number) {
    this.#vocabSize = vocabSize;
  }
  async begin(): Promise<void> {}
  async draft(rootToken: number, budget: DraftBudget): Promise<DraftTree> {
    const tree = new DraftTreeBuilder(rootToken);
    while (tree.size <= budget.maxNodes) {
      const parent = Math.floor(this.#random() * tree.size);
      const token = Math.floor(this.#random() * this.#vocabSize);
      tree.add(parent, token, { score: 0.01, source: sourceBit(this.source) });
    }
    return tree.finish();
  }
  learn(): void {}
}

/** Times every read of logits. */
class ScanTimer extends WrappedTarget {
  scanMs = 0;

  override async evaluateTree(tree: DraftTree, signal: AbortSignal): Promise<TreeLogits> {
    const logits = await super.evaluateTree(tree, signal);
    return {
      argmax: (node) => this.#timed(() => logits.argmax(node)),
      topK: (node, k) => this.#timed(() => logits.topK(node, k)),
      logSumExp: (node) => this.#timed(() => logits.logSumExp(node)),
      logit: (node, token) => this.#timed(() => logits.logit(node, token)),
    };
  }

  #timed<R>(read: () => R): R {
    const start = performance.now();
    const result = read();
    this.scanMs += performance.now() - start;
    return result;
  }
}

const print = (line: string) => process.stdout.write(`${line}\n`);

async function measureSteps(): Promise<void> {
  const library = await loadLlamaLibrary("off");
  const model = await openModel(library, MODEL, { gpuLayers: 0 }, NEVER);
  const { vocabulary } = model;
  const source = vocabulary.tokenize(readFileSync(SOURCE, "utf8"));
  print(
    "Host time per step, ms (draft + union + batch and branches + verify + learn + commit; logits scan apart)",
  );
  print(
    "| context | nodes | draft | union | batch | verify + learn | commit | host total | scan | pass |",
  );
  print("|---|---|---|---|---|---|---|---|---|---|");
  for (const contextSize of CONTEXT_SIZES) {
    const context = await openContext(model, {
      contextSize,
      threads: { now: 1, most: 1 },
      backend: "cpu",
    });
    let decodeMs = 0;
    const timedContext: LlamaContext = {
      ...context,
      async decode(batch, numRows, signal) {
        const start = performance.now();
        const isDone = await context.decode(batch, numRows, signal);
        decodeMs += performance.now() - start;
        return isDone;
      },
    };
    const target = new LlamaTarget(timedContext);
    const length = contextSize - 512;
    const promptTokens = Int32Array.from({ length }, (_, i) => source[i % source.length]!);
    const prompt = { promptTokens, prefixTokens: promptTokens, suffixTokens: new Int32Array(0) };
    for (const maxDraftNodes of NODE_COUNTS) {
      const rows: number[][] = [];
      for (let repeat = 0; repeat < NUM_REPEATS; repeat++) {
        const timer = new ScanTimer(target);
        // The prompt's cells are there after the first run; only passes of trees are timed.
        await target.prefill(promptTokens.subarray(0, -1), NEVER);
        decodeMs = 0;
        const { stats } = await speculativeDecode(
          {
            target: timer,
            drafters: [
              new SuffixDrafter(),
              new RecyclingDrafter(new RecyclingStore(vocabulary.size)),
              new FillingDrafter(vocabulary.size),
            ],
            context: prompt,
            limits: { maxTokens: NUM_STEPS, isEndToken: () => false },
            maxDraftNodes,
            observer: { now: () => performance.now() },
          },
          NEVER,
        );
        const { draftMs, fuseMs, verifyMs, learnMs, commitMs, evaluateMs } = stats.timings;
        const reading = verifyMs + learnMs - timer.scanMs;
        const parts = [draftMs, fuseMs, evaluateMs - decodeMs, reading, commitMs];
        const host = parts.reduce((sum, ms) => sum + ms, 0);
        rows.push([...parts, host, timer.scanMs, decodeMs].map((ms) => ms / stats.numSteps));
      }
      const medians = rows[0]!.map((_, column) => median(rows.map((row) => row[column]!)));
      const cells = medians.map((ms) => ms.toFixed(3));
      print(`| ${contextSize} | ${maxDraftNodes} | ${cells.join(" | ")} |`);
    }
    target[Symbol.dispose]();
  }
  model[Symbol.dispose]();
}

/** One row of a large vocabulary: copied into WebAssembly memory, then its 8 best found. */
function measureScan(): void {
  const scanner = new RowScanner(SCANNED_ROW);
  const random = seededRandom(2);
  const source = Float32Array.from({ length: SCANNED_ROW }, () => random() * 20 - 10);
  const copies: number[] = [];
  const scans: number[] = [];
  const sums: number[] = [];
  for (let i = 0; i < NUM_SCANS; i++) {
    const start = performance.now();
    scanner.row.set(source);
    const copied = performance.now();
    scanner.topK(8);
    const scanned = performance.now();
    scanner.logSumExp();
    copies.push(copied - start);
    scans.push(scanned - copied);
    sums.push(performance.now() - scanned);
  }
  print(
    `\nOne row of ${SCANNED_ROW} logits, ms (median of ${NUM_SCANS}): copy ${median(copies).toFixed(3)}, ` +
      `8 best ${median(scans).toFixed(3)}, ln sum exp ${median(sums).toFixed(3)}`,
  );
}

measureScan();
await measureSteps();
