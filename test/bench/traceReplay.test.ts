import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { greedyDecode } from "../../src/core/decode/greedyDecode.ts";
import { FollowingTarget } from "../../tooling/traces/replay/followingTarget.ts";
import { ALL_REPLAY_CONFIGS, replayConfig } from "../../tooling/traces/replay/replayConfigs.ts";
import { flatCosts, recordedCosts } from "../../tooling/traces/replay/replayCosts.ts";
import {
  checkReplay,
  formatReplay,
  replayFigures,
} from "../../tooling/traces/replay/replayReport.ts";
import {
  type ReplayModels,
  replayTrace,
  TraceModels,
} from "../../tooling/traces/replay/traceReplay.ts";
import { RowTrie } from "../../tooling/traces/trace/rowTrie.ts";
import { pathOf, type Trace, type TracePrompt } from "../../tooling/traces/trace/trace.ts";
import {
  decodeHeader,
  decodePrompt,
  decodeRepository,
  encodeHeader,
  encodePrompt,
  encodeRepository,
} from "../../tooling/traces/trace/traceCodec.ts";
import { hashedLogits } from "../fakes/fakeTarget.ts";
import { CLOCK } from "../support/decodeScenarios.ts";
import { NEVER } from "../support/never.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import {
  arbitraryFakePair,
  type FakePair,
  openFakeModel,
  recordFakes,
  tokensTo,
} from "../support/traces.ts";

/** Each case records with fake models, and decodes several times. */
const NUM_RECORDINGS = Math.ceil(NUM_RUNS / 5);

const ROWS = { numRead: 4, numLacked: 1 };

const PAIR: FakePair = {
  vocabSize: 12,
  order: 2,
  seed: 1,
  draftSeed: 1,
  prompts: [
    [3, 1, 4, 1, 5, 9, 2, 6],
    [3, 1, 4, 1, 5, 9, 2, 7],
    [2, 7, 1, 8, 2, 8],
  ],
  endTokens: [],
  maxTokens: 24,
};

/** The models that were recorded. */
function modelsOf(pair: FakePair): ReplayModels {
  const target = openFakeModel(pair, pair.seed);
  return { target, draft: openFakeModel(pair, pair.draftSeed), enter() {} };
}

async function replay(trace: Trace, config: string, models: ReplayModels, flatRows?: number) {
  const { header, prompts } = trace;
  const costs = flatRows === undefined ? recordedCosts(header) : flatCosts(header, flatRows);
  return replayTrace(trace, prompts, replayConfig(config), costs, models, NEVER);
}

describe("recordPlace", () => {
  test("records the target's greedy output, and rows that are the models' own, whole along it", async () => {
    const property = fc.asyncProperty(arbitraryFakePair(), async (pair) => {
      const { vocabSize, order, seed, draftSeed, maxTokens, endTokens } = pair;
      const trace = await recordFakes(pair);
      for (const prompt of trace.prompts) {
        const { promptTokens, draftPromptTokens, output, endToken, target, draft } = prompt;
        for (const trie of [target, draft!]) {
          const isParent = new Set(
            Array.from({ length: trie.size }, (_, node) => trie.parent(node)),
          );
          for (let node = 0; node < trie.size; node++) {
            if (trie.row(node) === undefined) expect(isParent.has(node)).toBe(true);
          }
        }
        const limits = { maxTokens, isEndToken: (token: number) => endTokens.includes(token) };
        const plain = await greedyDecode(
          openFakeModel(pair, seed),
          promptTokens,
          limits,
          CLOCK,
          NEVER,
        );
        expect(output).toEqual(plain.tokens);
        expect(endToken !== -1).toBe(plain.finishReason === "endToken");
        for (const [trie, modelSeed, ownPrompt] of [
          [target, seed, promptTokens],
          [draft!, draftSeed, draftPromptTokens],
        ] as const) {
          const logitsOf = hashedLogits(vocabSize, order, modelSeed);
          for (let node = 0; node < trie.size; node++) {
            const row = trie.row(node);
            const logits = logitsOf([...ownPrompt, ...tokensTo(trie, node)]);
            row?.tokens.forEach((token, rank) => {
              expect(row.logits[rank]).toBe(logits[token]);
            });
            if (row !== undefined) expect(row.tokens[0]).toBe(logits.indexOf(Math.max(...logits)));
          }
        }
        const last = endToken === -1 ? output.length - 1 : output.length;
        const onPath = target.addPath(pathOf(prompt)).slice(0, last + 1);
        for (const node of onPath) expect(target.row(node)?.tokens.length).toBe(vocabSize);
      }
    });
    await fc.assert(property, { numRuns: NUM_RECORDINGS });
  });

  test("records the draft model's own chain of 8 from every position", async () => {
    const property = fc.asyncProperty(arbitraryFakePair(), async (pair) => {
      for (const prompt of (await recordFakes(pair)).prompts) {
        const draft = prompt.draft!;
        const nodes = draft.addPath(pathOf(prompt)).slice(0, -1);
        for (let node of nodes) {
          for (let length = 0; length < 8 && node !== -1; length++) {
            const row = draft.row(node);
            expect(row).toBeDefined();
            const [token] = row!.tokens;
            // Nothing is drafted below an end token, and a chain's last token needs no row.
            if (pair.endTokens.includes(token!) || length === 7) break;
            node = draft.child(node, token!);
            expect(node).not.toBe(-1);
          }
        }
      }
    });
    await fc.assert(property, { numRuns: NUM_RECORDINGS });
  });
});

describe("replayTrace", () => {
  test("says what the target says, and decodes as the models do where no row is lacked", async () => {
    const configs = fc.constantFrom(...ALL_REPLAY_CONFIGS);
    const flatRows = fc.constantFrom(undefined, 8);
    let numExact = 0;
    const property = fc.asyncProperty(arbitraryFakePair(), configs, flatRows, async (...drawn) => {
      const [pair, config, rows] = drawn;
      const trace = await recordFakes(pair);
      const models = new TraceModels(trace.header);
      const replayed = await replay(trace, config, models, rows);
      expect(replayed.failures).toEqual([]);
      const outputs = replayed.places.map(({ tokens }) => tokens);
      expect(outputs).toEqual(trace.prompts.map(({ output }) => output));
      if (models.numLacked > 0) return;
      numExact++;
      expect(replayed).toEqual(await replay(trace, config, modelsOf(pair), rows));
    });
    // About half of what is drawn is exact: of so many surely enough is.
    await fc.assert(property, { numRuns: 3 * NUM_RECORDINGS });
    expect(numExact).toBeGreaterThan(NUM_RECORDINGS / 2);
  });

  test("one config after the other finds the same again: nothing passes between sessions", async () => {
    const trace = await recordFakes(PAIR);
    const first = await replay(trace, "fused", new TraceModels(trace.header));
    const models = new TraceModels(trace.header);
    await replay(trace, "union", models);
    expect(await replay(trace, "fused", models)).toEqual(first);
  });

  test("takes the time that the costs say: plain decoding one pass a token", async () => {
    const trace = await recordFakes(PAIR);
    const { places } = await replay(trace, "plain", new TraceModels(trace.header));
    expect(places.map(({ decodeMs, readMs }) => [decodeMs, readMs])).toEqual([
      [240, 0],
      [240, 0],
      [240, 0],
    ]);
    // A right draft model at a fifth of the target, verified in passes that cost less than twice one.
    const drafted = await replay(trace, "draftModel", new TraceModels(trace.header));
    expect(drafted.places.at(-1)!.decodeMs).toBeLessThan(240);
    // So short a prompt comes along with the first draft.
    expect(drafted.places.map(({ readMs }) => readMs)).toEqual([0, 0, 0]);
  });

  test("what the draft model reads of its own prompt takes time between the passes", async () => {
    const prompt = Array.from({ length: 40 }, (_, index) => (7 * index) % 12);
    const other = prompt.map((token) => (token + 5) % 12);
    const prompts = [prompt, [...prompt.slice(0, -1), 5], other];
    const trace = await recordFakes({ ...PAIR, prompts });
    const readMs = async (config: string) => {
      const { places } = await replay(trace, config, new TraceModels(trace.header));
      for (const place of places) expect(place.decodeMs).toBeGreaterThan(place.readMs + 10);
      return places.map((place) => place.readMs);
    };
    // 39 tokens of 2 ms. The second prompt was read with the first.
    expect(await readMs("union")).toEqual([78, 0, 78]);
    // A part of 32 tokens in each; then too few steps are left for the rest.
    expect(await readMs("draftModel")).toEqual([64, 0, 64]);
  });

  test("a model that would say something else follows what was recorded, in passes of its own", async () => {
    const trace = await recordFakes(PAIR);
    const other = modelsOf({ ...PAIR, seed: 2 });
    const following = new FollowingTarget(other.target);
    const enter = (prompt: TracePrompt) => following.open(prompt.promptTokens, prompt.target);
    const models = { target: following, draft: other.draft, enter };
    const { places } = await replay(trace, "draftModel", models);
    expect(places.map(({ tokens }) => tokens)).toEqual(trace.prompts.map(({ output }) => output));
    expect(following.numOverruled).toBeGreaterThan(20);
    // The draft model is as it was, and so are its steps.
    const recorded = await replay(trace, "draftModel", new TraceModels(trace.header));
    expect(places).toEqual(recorded.places);
  });

  test("says with which configurations the recording lacked more than 1 % of the rows", async () => {
    const trace = await recordFakes({ ...PAIR, draftSeed: 2 });
    const models = new TraceModels(trace.header);
    const { numRead, numLacked } = models;
    const plain = replayFigures("plain", await replay(trace, "plain", models), {
      numRead,
      numLacked,
    });
    expect(formatReplay("x", [plain], [])).not.toContain("lacks");
    const bare = { ...trace, prompts: trace.prompts.map(pathOnly) };
    const lacking = new TraceModels(trace.header);
    const union = replayFigures("union", await replay(bare, "union", lacking), lacking);
    expect(union.lackedShare).toBeGreaterThan(0.01);
    expect(formatReplay("x", [plain, union], [])).toMatch(/lacks more than 1 % .* with union:/);
  });

  test("compares runs by tokens per pass, and apart where the outputs are the same", async () => {
    const trace = await recordFakes(PAIR);
    const { places } = await replay(trace, "union", new TraceModels(trace.header));
    expect(checkReplay("union", places, places, ROWS)).toMatchObject({
      error: 0,
      numPlaces: 3,
      numSame: 3,
      errorOfSame: 0,
      numSameSteps: 3,
      lackedShare: 0.25,
    });
    const slower = places.map((place, index) =>
      index === 0 ? { ...place, tokens: Int32Array.of(1), numSteps: 2 * place.numSteps } : place,
    );
    const check = checkReplay("union", slower, places, ROWS);
    expect(check).toMatchObject({ numSame: 2, errorOfSame: 0, numSameSteps: 2 });
    expect(check.error).toBeGreaterThan(0.1);
  });
});

/** The place without rows beside the output. */
function pathOnly(prompt: TracePrompt): TracePrompt {
  const target = new RowTrie();
  const path = pathOf(prompt);
  const nodes = prompt.target.addPath(path);
  for (const [index, node] of target.addPath(path).entries()) {
    const row = prompt.target.row(nodes[index]!);
    if (row !== undefined) target.setRow(node, row);
  }
  return { ...prompt, target };
}

describe("the parts of a trace as bytes", () => {
  test("come back as they were, logits to the last bit", async () => {
    const tokens = fc.array(fc.nat(2 ** 24 - 1)).map((all) => Int32Array.from(all));
    const files = fc.array(fc.record({ path: fc.string({ unit: "grapheme" }), tokens }));
    const property = fc.asyncProperty(arbitraryFakePair(), files, async (pair, someFiles) => {
      const trace = await recordFakes(pair);
      for (const prompt of trace.prompts) {
        const decoded = decodePrompt(encodePrompt(prompt));
        expect({
          ...decoded,
          target: rowsOf(decoded.target),
          draft: rowsOf(decoded.draft!),
        }).toEqual({
          ...prompt,
          target: rowsOf(prompt.target),
          draft: rowsOf(prompt.draft!),
        });
      }
      const repository = { index: 3, files: someFiles };
      expect(decodeRepository(encodeRepository(repository))).toEqual(repository);
      expect(decodeHeader(encodeHeader(trace.header))).toEqual(trace.header);
    });
    await fc.assert(property, { numRuns: NUM_RECORDINGS });
  });

  test("are refused where they are cut off or followed by more", async () => {
    const [prompt] = (await recordFakes(PAIR)).prompts;
    const bytes = encodePrompt(prompt!);
    const property = fc.property(fc.nat(bytes.length - 1), (length) => {
      expect(() => decodePrompt(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ name: "ByteStreamError" }),
      );
    });
    fc.assert(property, { numRuns: NUM_RUNS });
    expect(() => decodePrompt(Uint8Array.of(...bytes, 0))).toThrow("1 bytes too many");
    expect(() => decodeHeader(bytes)).toThrow("a header that is none");
  });
});

function rowsOf(trie: RowTrie) {
  return Array.from({ length: trie.size }, (_, node) => ({
    tokens: tokensTo(trie, node),
    row: trie.row(node),
  }));
}
