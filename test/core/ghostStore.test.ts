import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Ghost, GhostStore, MAX_GHOSTS, placeIn } from "../../src/core/drafters/ghostStore.ts";
import { openGhosts } from "../support/ghosts.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const utf8 = new TextEncoder();

const numbered = (count: number, start = 0) =>
  Array.from({ length: count }, (_, i) => `t${start + i} `).join("|");

/** Where a text ends in a ghost, by comparing strings at every place. */
function placeNaively(pieces: readonly string[], text: string) {
  const whole = pieces.join("");
  let best = { end: 0, agreement: 0 };
  for (let end = 0; end <= whole.length; end++) {
    let agreement = 0;
    while (agreement < end && text.endsWith(whole.slice(end - agreement - 1, end))) agreement++;
    if (agreement > best.agreement) best = { end, agreement };
  }
  const { end, agreement } = best;
  const starts = pieces.map((_, i) => pieces.slice(0, i).join("").length);
  const index =
    end === 0 ? 0 : starts.findIndex((start, i) => start + pieces[i]!.length === end) + 1;
  if (end > 0 && index === 0) return undefined;
  const matchLength = starts.slice(0, index).filter((start) => start >= end - agreement).length;
  const isAll = agreement === text.length && agreement === end;
  if (matchLength === 0 && !isAll) return undefined;
  return { index, matchLength, isCertain: isAll || matchLength >= 16 };
}

function ghostOf(pieces: readonly string[]): Ghost {
  const store = new GhostStore((token) => utf8.encode(pieces[token]));
  const tokens = Int32Array.from(pieces.keys());
  store.remember("a", tokens.subarray(0, 0), tokens);
  return store.ghostsOf("a")[0]!;
}

describe("placeIn", () => {
  test("finds what comparing strings at every place finds", () => {
    const arbitraryPiece = fc.string({
      unit: fc.constantFrom("a", "b"),
      minLength: 1,
      maxLength: 3,
    });
    const arbitraryPieces = fc.array(arbitraryPiece, { minLength: 1, maxLength: 60, size: "max" });
    fc.assert(
      fc.property(
        arbitraryPieces,
        fc.array(arbitraryPiece, { maxLength: 20, size: "max" }),
        fc.nat(),
        (pieces, before, cut) => {
          const whole = pieces.join("");
          const texts = [
            before.join(""),
            before.join("") + whole.slice(0, cut % (whole.length + 1)),
          ];
          for (const text of texts) {
            const place = placeIn(ghostOf(pieces), utf8.encode(text));
            expect(place).toEqual(placeNaively(pieces, text));
          }
        },
      ),
      { numRuns: 2 * NUM_RUNS },
    );
  });

  test("tells places that look alike apart by what stands before them", () => {
    const ghost = ghostOf(["f(", "x", ");", " g(", "x", ");"]);
    expect(placeIn(ghost, utf8.encode("f(x"))).toMatchObject({ index: 2, isCertain: true });
    expect(placeIn(ghost, utf8.encode("f(x); g(x"))).toMatchObject({ index: 5, isCertain: true });
    expect(placeIn(ghost, utf8.encode("h(x"))).toMatchObject({ matchLength: 1, isCertain: false });
  });

  test("is nowhere inside a token, and where nothing agrees", () => {
    const ghost = ghostOf(["foo", "Bar"]);
    expect(placeIn(ghost, utf8.encode("fooB"))).toBeUndefined();
    expect(placeIn(ghost, utf8.encode("baz"))).toBeUndefined();
    expect(placeIn(ghost, utf8.encode(""))).toEqual({ index: 0, matchLength: 0, isCertain: true });
  });

  test("takes markers, which have no text, for a part of what follows", () => {
    expect(placeIn(ghostOf(["a", "", "b"]), utf8.encode("a"))?.index).toBe(1);
  });

  test("knows its place among a thousand that look alike, in no time", () => {
    const ghost = ghostOf(Array.from({ length: 250 }, () => "    "));
    expect(placeIn(ghost, utf8.encode(" ".repeat(5000)))).toMatchObject({ index: 64 });
  });
});

describe("GhostStore", () => {
  test("keeps the newest suggestions of a document, the newest first", () => {
    const { remember, ghosts, store } = openGhosts();
    for (let i = 0; i < MAX_GHOSTS + 2; i++) remember("a", "x = ", `${i}|;`);
    remember("b", "y", "z");
    expect(ghosts("a")).toEqual(
      Array.from({ length: MAX_GHOSTS }, (_, age) => `x = |${MAX_GHOSTS + 1 - age}|;`),
    );
    expect(ghosts("b")).toEqual(["y|z"]);
    store.forget("a");
    expect(ghosts("a")).toEqual([]);
    remember("b", "q", "");
    expect(ghosts("b")).toEqual(["y|z"]);
  });

  test("keeps the documents that were last suggested in", () => {
    const { remember, ghosts } = openGhosts(2);
    for (const key of ["a", "b", "a", "c"]) remember(key, "x", "y");
    expect(["a", "b", "c"].map((key) => ghosts(key).length)).toEqual([1, 0, 1]);
  });

  test("knows the rest of a suggestion that the user types into, whatever tokens the typed text has", () => {
    const { remember, ghosts } = openGhosts();
    remember("a", "let |x", " = |foo|(|bar|)|;");
    remember("a", "let |y", " = |0");
    remember("a", "let |x| = ", "foo|(|bar|)");
    remember("a", "let |x |= f|oo", "(|bar|)|;");
    expect(ghosts("a")).toEqual(["let |x| = |foo|(|bar|)|;", "let |y| = |0"]);
  });

  test("a rest that goes on further lengthens it; so does what follows an accepted one", () => {
    const { remember, ghosts } = openGhosts();
    remember("a", "let |x", " = |foo");
    remember("a", "let |x| = ", "foo|(|)");
    remember("a", "let |x| = foo()", ";|\n");
    expect(ghosts("a")).toEqual(["let |x| = |foo|(|)|;|\n"]);
  });

  test("another one in the same place stands beside it", () => {
    const { remember, ghosts } = openGhosts();
    remember("a", "let |x", " = |foo|;");
    remember("a", "let |x", " = |bar");
    remember("a", "let |x| = |foo", "(");
    expect(ghosts("a")).toEqual(["let |x| = |foo|(", "let |x| = |bar", "let |x| = |foo|;"]);
    remember("a", "let |x", " = |bar|.|baz");
    expect(ghosts("a")[0]).toBe("let |x| = |bar|.|baz");
    expect(ghosts("a").length).toBe(3);
  });

  test("keeps some of the text before, and no more of a long suggestion than its end", () => {
    const { remember, ghosts } = openGhosts();
    remember("a", numbered(100), numbered(20, 100));
    expect(ghosts("a")).toEqual([numbered(52, 68)]);
    for (let start = 120; start < 600; start += 20) {
      remember("a", numbered(start), numbered(20, start));
    }
    expect(ghosts("a")).toEqual([numbered(256, 344)]);
  });

  test("holds a consistent text of each suggestion, whatever is remembered", () => {
    const pieces = ["a", "b", "ab", "ba", "aba", "", "ä"];
    const arbitraryTokens = fc.array(fc.nat(pieces.length - 1), { maxLength: 50, size: "max" });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(arbitraryTokens, arbitraryTokens), { maxLength: 20, size: "max" }),
        (suggestions) => {
          const store = new GhostStore((token) => utf8.encode(pieces[token]));
          for (const [prefix, tokens] of suggestions) {
            store.remember("a", Int32Array.from(prefix), Int32Array.from(tokens));
            const ghosts = store.ghostsOf("a");
            expect(ghosts.length).toBeLessThanOrEqual(MAX_GHOSTS);
            for (const { tokens: own, bytes, ends } of ghosts) {
              const text = Array.from(own, (token) => pieces[token]).join("");
              expect(bytes).toEqual(utf8.encode(text));
              expect(ends.length).toBe(own.length);
              expect(ends.at(-1)).toBe(bytes.length);
            }
            // The newest one begins or goes on with what was said.
            if (tokens.length > 0) expect(ghosts[0]!.tokens.join()).toContain(tokens.join());
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});
