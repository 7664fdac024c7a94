import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GhostDrafter } from "../../src/core/drafters/ghostDrafter.ts";
import { GhostStore, placeIn } from "../../src/core/drafters/ghostStore.ts";
import { hitConfidence } from "../../src/core/drafters/hitTree.ts";
import {
  checkDraftTree,
  type DraftTree,
  rootOnlyTree,
  sourceBit,
  survivals,
} from "../../src/core/tree/draftTree.ts";
import { openGhosts } from "../support/ghosts.ts";
import { NUM_RUNS } from "../support/numRuns.ts";
import { pathTokens } from "../support/trees.ts";

const utf8 = new TextEncoder();
const BUDGET = { maxNodes: 64, maxDepth: 64, minSurvival: 0 };
const EMPTY = new Int32Array(0);

async function drafterAt(
  store: GhostStore,
  documentKey: string | undefined,
  prefixTokens: Int32Array,
) {
  const drafter = new GhostDrafter(store);
  drafter.moveTo(documentKey);
  await drafter.begin({ promptTokens: prefixTokens, prefixTokens, suffixTokens: EMPTY });
  return drafter;
}

const commit = (drafter: GhostDrafter, committed: Int32Array) =>
  drafter.learn({ committed } as never);

/** A document in which tokens are written as their texts: `draft("let |x")` gives the draft's branches. */
function openDocument() {
  const { vocabulary, store, remember } = openGhosts();
  const branches = (tree: DraftTree) =>
    Array.from(tree.tokens.keys())
      .filter((node) => node > 0 && !tree.parents.includes(node))
      .map((leaf) => vocabulary.pieces(pathTokens(tree, leaf)));
  const draft = async (prefix: string, documentKey = "a") => {
    const drafter = await drafterAt(store, documentKey, vocabulary.tokens(prefix));
    return branches(await drafter.draft(0, BUDGET));
  };
  return { vocabulary, store, remember, draft, branches };
}

describe("GhostDrafter", () => {
  test("drafts the rest of a suggestion that the user types into, to its end", async () => {
    const { remember, draft } = openDocument();
    remember("a", "let |x", " = |foo|(|bar|)|;|\n|let |y");
    expect(await draft("let |x")).toEqual([" = |foo|(|bar|)|;|\n|let |y"]);
    expect(await draft("let |x| = ")).toEqual(["foo|(|bar|)|;|\n|let |y"]);
    expect(await draft("let |x =| fo|o(")).toEqual(["bar|)|;|\n|let |y"]);
    expect(await draft("let |x| = |foo|(|bar|)|;|\n|let |y")).toEqual([]);
  });

  test("drafts nothing inside a token, and goes on where the output is at the end of one again", async () => {
    const { remember, store, vocabulary, branches } = openDocument();
    remember("a", "let |x", " = |fooBar|(|baz|)");
    const drafter = await drafterAt(store, "a", vocabulary.tokens("let |x| = |foo"));
    expect(await drafter.draft(7, BUDGET)).toEqual(rootOnlyTree(7));
    commit(drafter, vocabulary.tokens("Bar"));
    expect(branches(await drafter.draft(7, BUDGET))).toEqual(["(|baz|)"]);
    commit(drafter, vocabulary.tokens("(|none"));
    expect((await drafter.draft(7, BUDGET)).size).toBe(1);
    commit(drafter, vocabulary.tokens("(|baz"));
    expect(branches(await drafter.draft(7, BUDGET))).toEqual([")"]);
  });

  test("takes up a suggestion again that another word stands in", async () => {
    const { remember, draft } = openDocument();
    remember("a", "  return ", "foo|(|a|, |b|)|;");
    expect(await draft("  return |await |foo")).toEqual(["(|a|, |b|)|;"]);
  });

  test("drafts what was deleted again", async () => {
    const { remember, draft } = openDocument();
    const before = Array.from({ length: 40 }, (_, i) => `t${i} `).join("|");
    remember("a", `${before}|let |x`, " = |0");
    expect(await draft(before)).toEqual(["let |x| = |0"]);
  });

  test("unites suggestions that agree, and prefers the newer where they part", async () => {
    const { remember, store, vocabulary } = openDocument();
    remember("a", "x", " = |foo|(|a|)");
    remember("a", "x", " = |foo|[|0|]");
    const drafter = await drafterAt(store, "a", vocabulary.tokens("x"));
    const tree = await drafter.draft(0, BUDGET);
    const [equals, foo, bracket, paren] = [" = ", "foo", "[", "("].map((piece) =>
      tree.tokens.indexOf(vocabulary.tokens(piece)[0]!),
    );
    expect(tree.size).toBe(9);
    expect(tree.parents[foo!]).toBe(equals);
    expect([tree.parents[bracket!], tree.parents[paren!]]).toEqual([foo, foo]);
    expect(tree.scores[equals!]).toBeGreaterThan(0.95);
    expect(tree.scores[bracket!]! / tree.scores[paren!]!).toBeCloseTo(3);
    expect(Array.from(tree.sources.subarray(1)).every((bits) => bits === sourceBit("ghost"))).toBe(
      true,
    );
  });

  test("in its own place a suggestion is believed, in one that looks alike as any text is", async () => {
    const { remember, store, vocabulary } = openDocument();
    remember("a", "let |x", " = |foo|;");
    const draftAfter = async (prefix: string) =>
      (await drafterAt(store, "a", vocabulary.tokens(prefix))).draft(0, BUDGET);
    expect((await draftAfter("let |x| = ")).scores[1]).toBeGreaterThan(0.9);
    const asAnyText = Math.fround(hitConfidence(1, 1));
    expect((await draftAfter("var |y| = ")).scores[1]).toBe(asAnyText);
    // What is certain leaves out what is not.
    remember("a", "var |y", " = |bar|;");
    expect((await draftAfter("let |x| = ")).size).toBe(3);
  });

  test("drafts nothing for other documents, nor without one", async () => {
    const { remember, draft, store, vocabulary } = openDocument();
    remember("a", "x", " = |1");
    expect(await draft("x", "b")).toEqual([]);
    const drafter = await drafterAt(store, undefined, vocabulary.tokens("x"));
    expect(await drafter.draft(3, BUDGET)).toEqual(rootOnlyTree(3));
  });

  test("forgets the previous generation at begin", async () => {
    const { remember, store, vocabulary } = openDocument();
    remember("a", "x", " = |1|;");
    const drafter = await drafterAt(store, "a", vocabulary.tokens("x| = "));
    expect((await drafter.draft(0, BUDGET)).size).toBe(3);
    const prefixTokens = vocabulary.tokens("y");
    await drafter.begin({ promptTokens: prefixTokens, prefixTokens, suffixTokens: EMPTY });
    expect((await drafter.draft(0, BUDGET)).size).toBe(1);
  });

  test("whatever was typed of a suggestion, the draft is exactly the rest", async () => {
    const arbitraryRun = (maxLength: number) => fc.array(fc.nat(5), { maxLength, size: "max" });
    await fc.assert(
      fc.asyncProperty(arbitraryRun(60), arbitraryRun(60), fc.nat(), async (before, after, cut) => {
        // All tokens differ; their texts share beginnings and ends.
        const pieces = [...before, ...after].map(
          (letter, i) => `${"abcdef"[letter]}${i}${"ab"[i % 2]}`,
        );
        const store = new GhostStore((token) => utf8.encode(pieces[token]));
        const all = Int32Array.from(pieces.keys());
        const prefix = all.subarray(0, before.length);
        store.remember("a", prefix, all.subarray(before.length));
        const at = before.length + (cut % (after.length + 1));
        const drafter = await drafterAt(store, "a", all.subarray(0, at));
        const tree = await drafter.draft(0, BUDGET);
        expect(Array.from(tree.tokens.subarray(1))).toEqual(Array.from(all.subarray(at)));
        expect(Array.from(tree.parents)).toEqual(Array.from(tree.tokens.keys(), (i) => i - 1));
        // The same where the model types.
        const typing = await drafterAt(store, "a", prefix);
        commit(typing, all.subarray(before.length, at));
        expect((await typing.draft(0, BUDGET)).tokens).toEqual(tree.tokens);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test("drafts what a search of all suggestions finds, within the budget, whatever is typed and suggested", async () => {
    const pieces = ["a", "b", "ab"];
    const arbitraryTokens = fc.array(fc.nat(pieces.length - 1), { maxLength: 30, size: "max" });
    const arbitraryBudget = fc.record({
      maxNodes: fc.nat(40),
      maxDepth: fc.nat(20),
      minSurvival: fc.constantFrom(0, 0.01, 0.5),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(arbitraryTokens, arbitraryTokens), { maxLength: 8, size: "max" }),
        arbitraryTokens,
        arbitraryTokens,
        arbitraryBudget,
        async (suggestions, prefix, output, budget) => {
          const store = new GhostStore((token) => utf8.encode(pieces[token]));
          for (const [before, tokens] of suggestions) {
            store.remember("a", Int32Array.from(before), Int32Array.from(tokens));
          }
          const drafter = await drafterAt(store, "a", Int32Array.from(prefix));
          for (let end = 0; end <= output.length; end += 3) {
            if (end > 0) commit(drafter, Int32Array.from(output.slice(end - 3, end)));
            const limited = await drafter.draft(0, budget);
            expect(checkDraftTree(limited)).toBeUndefined();
            expect(limited.size - 1).toBeLessThanOrEqual(budget.maxNodes);
            expect(Math.max(...limited.depths)).toBeLessThanOrEqual(budget.maxDepth);
            const least = Math.min(...survivals(limited));
            expect(least).toBeGreaterThanOrEqual(budget.minSurvival * (1 - 1e-5));

            const tree = await drafter.draft(0, { ...BUDGET, maxNodes: 1000 });
            const text = utf8.encode(
              [...prefix, ...output.slice(0, end)].map((id) => pieces[id]).join(""),
            );
            const paths = Array.from(tree.tokens.keys(), (node) => pathTokens(tree, node).join());
            expect(new Set(paths)).toEqual(expectedPaths(store, text));
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});

/** Every beginning of what follows in the suggestions whose place is certain, or else in all. */
function expectedPaths(store: GhostStore, text: Uint8Array): Set<string> {
  const found = store.ghostsOf("a").flatMap(({ tokens, ...ghost }) => {
    const place = placeIn({ tokens, ...ghost }, text);
    return place === undefined ? [] : [{ rest: Array.from(tokens).slice(place.index), ...place }];
  });
  const going = found.filter(({ rest }) => rest.length > 0);
  const certain = going.filter(({ isCertain }) => isCertain);
  const used = certain.length > 0 ? certain : going;
  return new Set([
    "",
    ...used.flatMap(({ rest }) => rest.map((_, i) => rest.slice(0, i + 1).join())),
  ]);
}
