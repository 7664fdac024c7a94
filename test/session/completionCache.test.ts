import { describe, expect, test } from "vitest";
import {
  CompletionCache,
  MAX_CACHED_COMPLETIONS,
} from "../../src/session/broker/completionCache.ts";
import { fakeResult } from "../fakes/fakeCompletionEngine.ts";
import { at } from "../support/brokerHarness.ts";

const completion = (text: string, id = 1, isPrefetched = false) => ({
  id,
  result: fakeResult(text),
  isPrefetched,
});

function cacheWith(marked: string, text: string): CompletionCache {
  const cache = new CompletionCache();
  cache.add(at(marked), completion(text));
  return cache;
}

const found = (cache: CompletionCache, marked: string, documentId?: string) =>
  cache.find(at(marked, "automatic", documentId))?.text;

describe("CompletionCache", () => {
  test("serves a state, and what is left after each typed character", () => {
    const cache = cacheWith("let a = █\n", "f(b)");
    expect(found(cache, "let a = █\n")).toBe("f(b)");
    expect(found(cache, "let a = f█\n")).toBe("(b)");
    expect(found(cache, "let a = f(b█\n")).toBe(")");
    expect(cache.find(at("let a = f█\n"))?.origin).toBe("typedThrough");
  });

  test("serves nothing where the text was typed to its end, where another was typed, or before its start", () => {
    const cache = cacheWith("let a = █\n", "f(b)");
    for (const marked of ["let a = f(b)█\n", "let a = g█\n", "let a =█\n", "let a = f(b) █\n"]) {
      expect(found(cache, marked)).toBeUndefined();
    }
  });

  test("serves nothing in another document, before another suffix, or after another prefix of equal length", () => {
    const cache = cacheWith("let a = █\n", "f(b)");
    expect(found(cache, "let a = █\n", "b.ts")).toBeUndefined();
    expect(found(cache, "let a = █;\n")).toBeUndefined();
    expect(found(cache, "let b = █\n")).toBeUndefined();
    expect(found(cache, "let b = f█\n")).toBeUndefined();
  });

  test("the completion served last goes before others that fit", () => {
    const cache = cacheWith("█", "abc");
    cache.add(at("a█"), completion("bX", 2));
    expect(found(cache, "a█")).toBe("bX");
    expect(found(cache, "█")).toBe("abc");
    expect(found(cache, "a█")).toBe("bc");
  });

  test("knows that there is nothing to complete, unless another completion has text here", () => {
    const cache = cacheWith("a█", "");
    expect(found(cache, "a█")).toBe("");
    expect(found(cache, "ab█")).toBeUndefined();
    cache.add(at("█"), completion("ab", 2));
    cache.add(at("a█"), completion("", 3));
    expect(found(cache, "a█")).toBe("b");
  });

  test("tells a prefetched completion from others the first time", () => {
    const cache = new CompletionCache();
    cache.add(at("a█"), completion("b", 1, true));
    expect(cache.find(at("a█"))?.origin).toBe("prefetched");
    expect(cache.find(at("a█"))?.origin).toBe("cache");
  });

  test("keeps no more than its maximum, the last used", () => {
    const cache = cacheWith("first█", "x");
    for (let id = 0; id < MAX_CACHED_COMPLETIONS; id++) {
      expect(found(cache, "first█")).toBe("x");
      cache.add(at(`${id}█`), completion("y", id));
    }
    expect(found(cache, "first█")).toBe("x");
    expect(found(cache, "0█")).toBeUndefined();
    expect(found(cache, "1█")).toBe("y");
  });

  test("forgets a document, or everything", () => {
    const cache = cacheWith("a█", "x");
    cache.add(at("a█", "automatic", "b.ts"), completion("y"));
    cache.forget("b.ts");
    expect(found(cache, "a█", "b.ts")).toBeUndefined();
    expect(found(cache, "a█")).toBe("x");
    cache.forget();
    expect(found(cache, "a█")).toBeUndefined();
  });
});
