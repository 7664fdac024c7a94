/** Traces of fake models, recorded as those of real ones. */
import fc from "fast-check";
import {
  DEFAULT_DRAFT_MODEL,
  DraftModelDrafter,
} from "../../src/core/drafters/draftModelDrafter.ts";
import { RecyclingDrafter } from "../../src/core/drafters/recyclingDrafter.ts";
import { RecyclingStore } from "../../src/core/drafters/recyclingStore.ts";
import { SuffixDrafter } from "../../src/core/drafters/suffixDrafter.ts";
import { proposeAlong } from "../../tooling/traces/trace/proposals.ts";
import type { RowTrie } from "../../tooling/traces/trace/rowTrie.ts";
import type { Trace, TracedModel, TracePrompt } from "../../tooling/traces/trace/trace.ts";
import { recordPlace } from "../../tooling/traces/trace/traceRecorder.ts";
import { TraceTarget } from "../../tooling/traces/trace/traceTarget.ts";
import { FakeBranchedTarget } from "../fakes/fakeBranchedTarget.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { contextOf } from "./decodeScenarios.ts";
import { NEVER } from "./never.ts";

export interface FakePair {
  readonly vocabSize: number;
  readonly order: number;
  readonly seed: number;
  readonly draftSeed: number;
  readonly prompts: readonly (readonly number[])[];
  readonly endTokens: readonly number[];
  readonly maxTokens: number;
}

export function arbitraryFakePair(): fc.Arbitrary<FakePair> {
  return fc.integer({ min: 3, max: 12 }).chain((vocabSize) => {
    const token = fc.nat(vocabSize - 1);
    return fc.record({
      vocabSize: fc.constant(vocabSize),
      order: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(3),
      // Often the target's, so that drafts are right.
      draftSeed: fc.nat(3),
      prompts: fc.array(fc.array(token, { minLength: 2, maxLength: 12 }), {
        minLength: 1,
        maxLength: 4,
      }),
      endTokens: fc.array(token, { maxLength: 1 }),
      maxTokens: fc.integer({ min: 1, max: 24 }),
    });
  });
}

export function openFakeModel({ vocabSize, order }: FakePair, seed: number): FakeBranchedTarget {
  return new FakeBranchedTarget({ vocabSize, logitsOf: hashedLogits(vocabSize, order, seed) });
}

/** A trace with one repository, which has no files. */
export async function recordFakes(pair: FakePair): Promise<Trace> {
  const { vocabSize, seed, draftSeed, endTokens, maxTokens } = pair;
  const models = {
    target: openFakeModel(pair, seed),
    draft: openFakeModel(pair, draftSeed),
    isEndToken: (token: number) => endTokens.includes(token),
  };
  const limits = { vocabSize, contextSize: 4096, maxNodes: 64, maxBranches: 16 };
  const store = new RecyclingStore(vocabSize);
  const prompts: TracePrompt[] = [];
  for (const [place, tokens] of pair.prompts.entries()) {
    // Another than the target's, where that is long enough.
    const draftPromptTokens = Int32Array.from(tokens.filter((_, index) => index !== 1));
    const context = { ...contextOf(tokens), draftPromptTokens };
    const recorded = await recordPlace(
      models,
      context,
      maxTokens,
      async (soFar) => {
        const target = new TraceTarget(limits);
        const draft = new TraceTarget(limits);
        target.open(context.promptTokens, soFar.target, true);
        draft.open(draftPromptTokens, soFar.draft!, true);
        const { isEndToken } = models;
        const drafters = [
          new SuffixDrafter(),
          new RecyclingDrafter(store),
          new DraftModelDrafter(draft, { ...DEFAULT_DRAFT_MODEL, mode: "tree" }, isEndToken),
        ];
        const settings = { maxTokens, isEndToken };
        const along = await proposeAlong(drafters, context, soFar, target, settings, NEVER);
        return { target: along, draft: draft.lacked };
      },
      NEVER,
    );
    prompts.push({
      ...recorded,
      ...context,
      repository: 0,
      place,
      file: -1,
      path: `place${place}.ts`,
      line: 1 + place,
      column: 1,
      languageId: "typescript",
      visible: { numStart: 1, between: context.prefixTokens, numEnd: 2 },
      importedFiles: [],
    });
  }
  return { header: headerOf(pair), repositories: [{ index: 0, files: [] }], prompts };
}

function headerOf({ vocabSize, endTokens, maxTokens }: FakePair): Trace["header"] {
  const model: TracedModel = {
    vocabSize,
    contextSize: 4096,
    maxNodes: 64,
    maxBranches: 16,
    name: "fake",
    fileName: "fake.gguf",
    fileBytes: 0,
    sha256: "00",
    passMs: [
      { numRows: 1, ms: 10 },
      { numRows: 8, ms: 20 },
    ],
    promptTokenMs: 2,
  };
  return {
    target: model,
    draft: { ...model, passMs: [{ numRows: 1, ms: 2 }] },
    tokenizerHash: "00",
    endTokens,
    backend: "cpu",
    llamaCpp: "fake",
    machine: "none",
    threads: 1,
    settings: { maxTokens, maxPromptTokens: 64 },
    repositories: [{ name: "fake 1.0.0", license: "MIT", half: "choose", sha256: "00" }],
  };
}

/** The tokens of a continuation. */
export function tokensTo(trie: RowTrie, node: number): number[] {
  return node === 0 ? [] : [...tokensTo(trie, trie.parent(node)), trie.token(node)];
}
