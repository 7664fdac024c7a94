import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addCounters, type Counters } from "../../src/ui/figures/counters.ts";
import { AcceptanceTracker, SHOWN_DWELL_MS } from "../../src/ui/suggest/acceptanceTracker.ts";
import { countKept, KEPT_AFTER_MS } from "../../src/ui/suggest/keptText.ts";
import { SuggestionWatcher } from "../../src/ui/suggest/suggestionWatcher.ts";
import { FakeDocument } from "../fakes/fakeDocument.ts";
import { closeDocument, liveDisposables, resetVscode, workspace } from "../fakes/fakeVscode.ts";

const DOC = "file:/ws/a.ts";

/** An editor with one document: edits go into its text and to the tracker, as VS Code's do. */
function editor(text = "", eol = "\n") {
  let counters: Counters = {};
  let now = 0;
  let content = text;
  const tracker = new AcceptanceTracker((languageId, delta) => {
    expect(languageId).toBe("typescript");
    counters = addCounters(counters, delta);
  });
  const read = (documentId: string, start: number, end: number) =>
    documentId === DOC ? content.slice(start, end) : undefined;
  return {
    tracker,
    get counters() {
      return counters;
    },
    wait(ms: number) {
      now += ms;
      return tracker.tick(now, read);
    },
    offer(id: number, offered: string, offset = content.length, others: readonly string[] = []) {
      const withEol = offered.replaceAll("\n", eol);
      tracker.offered(
        { id, documentId: DOC, languageId: "typescript", offset, text: withEol, others },
        now,
      );
    },
    insert(inserted: string, offset = content.length, numRemoved = 0) {
      content = content.slice(0, offset) + inserted + content.slice(offset + numRemoved);
      tracker.edited(DOC, [{ offset, numRemoved, text: inserted }], now);
      tracker.cursorMoved(DOC, offset + inserted.length, now);
    },
    move: (offset: number) => tracker.cursorMoved(DOC, offset, now),
    accept: (id: number, rank?: number) => tracker.accepted(id, now, rank),
    close: () => tracker.closed(DOC, read),
  };
}

describe("AcceptanceTracker", () => {
  test("counts a suggestion as shown after the dwell time, once", () => {
    const e = editor();
    e.offer(1, "abc");
    expect(e.wait(SHOWN_DWELL_MS - 1)).toBe(SHOWN_DWELL_MS);
    expect(e.counters).toEqual({});
    e.wait(1);
    e.offer(1, "abc");
    e.wait(5000);
    expect(e.counters).toEqual({ shown: 1 });
  });

  test("counts the first lines and their rest, of one id, as one suggestion with all its text", () => {
    const e = editor();
    e.offer(1, "if (a) {");
    e.insert("if (a) {");
    e.accept(1);
    e.offer(1, "\n  b();\n}");
    e.insert("\n  b();\n}");
    e.accept(1);
    expect(e.counters).toMatchObject({ accepted: 1, acceptedCharacters: 17 });
  });

  test("counts which of several was taken, whole, by words, or through the command alone", () => {
    const whole = editor();
    whole.offer(1, "abc", 0, ["abd", "xyz"]);
    whole.insert("xyz");
    whole.accept(1, 3);
    expect(whole.counters).toMatchObject({ accepted: 1, acceptedCharacters: 3 });
    expect(whole.counters).toMatchObject({ "acceptedRank.3": 1, shown: 1 });
    const byWords = editor();
    byWords.offer(1, "abc def", 0, ["xyz uvw"]);
    byWords.insert("xyz ");
    byWords.insert("uvw");
    byWords.accept(1, 2);
    expect(byWords.counters).toMatchObject({ accepted: 1, "acceptedRank.2": 1 });
    expect(byWords.counters).toMatchObject({ partialAccepts: 1, acceptedCharacters: 7 });
    const typedInto = editor();
    typedInto.offer(1, "abc", 0, ["abde"]);
    typedInto.insert("a");
    typedInto.insert("bde");
    expect(typedInto.counters).toMatchObject({ "acceptedRank.2": 1, acceptedCharacters: 3 });
  });

  test("does not count what other text, or another place, replaced before that", () => {
    const e = editor("x");
    e.offer(1, "abc");
    e.wait(300);
    e.insert("z");
    e.wait(5000);
    e.offer(2, "abc");
    e.wait(300);
    e.move(0);
    e.wait(5000);
    expect(e.counters).toEqual({});
  });

  test("keeps the dwell time of a suggestion that the user types into", () => {
    const e = editor();
    e.offer(1, "abcdef");
    e.wait(400);
    e.insert("a");
    e.offer(1, "bcdef");
    e.wait(350);
    expect(e.counters).toEqual({ shown: 1 });
  });

  test("counts Tab once, though the edit and the command both tell of it", () => {
    const e = editor("x = ");
    e.offer(1, "call(a, b)");
    e.insert("call(a, b)");
    e.accept(1);
    e.accept(1);
    expect(e.counters).toEqual({
      shown: 1,
      accepted: 1,
      "acceptedRank.1": 1,
      acceptedCharacters: 10,
    });
  });

  test("counts Tab by the command alone where the edit looks different", () => {
    const e = editor("foo()");
    e.offer(1, "bar\nbaz", 4);
    e.insert("ba", 4, 1);
    e.accept(1);
    expect(e.counters).toMatchObject({ shown: 1, accepted: 1, acceptedCharacters: 7 });
  });

  test("counts words taken one by one as one acceptance", () => {
    const e = editor("x = ");
    e.offer(1, "call(alpha, beta)");
    e.insert("call");
    e.insert("(alpha");
    e.insert(", beta)");
    expect(e.counters).toEqual({
      shown: 1,
      accepted: 1,
      "acceptedRank.1": 1,
      partialAccepts: 2,
      acceptedCharacters: 17,
    });
  });

  test("counts a word and then the rest by Tab", () => {
    const e = editor("x = ");
    e.offer(1, "call(alpha)");
    e.insert("call");
    e.insert("(alpha)");
    e.accept(1);
    expect(e.counters).toMatchObject({ accepted: 1, partialAccepts: 1, acceptedCharacters: 11 });
  });

  test.each(["a", "😀", "()", '""', "\n", "\n    ", "\r\n  "])("takes %j for typing", (typed) => {
    const e = editor("x");
    e.offer(1, `${typed}rest`);
    e.insert(typed);
    expect(e.counters).toEqual({});
  });

  test("compares in the document's own line ends", () => {
    const e = editor("x\r\n", "\r\n");
    e.offer(1, "one\ntwo\nthree");
    e.insert("one\r\ntwo");
    expect(e.counters).toMatchObject({ partialAccepts: 1, acceptedCharacters: 8 });
  });

  test("follows edits before the cursor", () => {
    const e = editor("import a\nx = ");
    e.offer(1, "call()");
    e.tracker.edited(DOC, [{ offset: 0, numRemoved: 0, text: "import b\n" }], 0);
    e.tracker.edited(DOC, [{ offset: 22, numRemoved: 0, text: "call" }], 0);
    expect(e.counters).toMatchObject({ partialAccepts: 1 });
  });

  test("ignores an acceptance of a suggestion that it does not know", () => {
    const e = editor();
    e.accept(7);
    expect(e.counters).toEqual({});
  });

  test("keeps a suggestion that extends a selected entry while the cursor stays", () => {
    const e = editor("foo.to");
    const offer = { id: 1, documentId: DOC, languageId: "typescript", text: "()" };
    e.tracker.offered({ ...offer, offset: 12, cursorOffset: 6 }, 0);
    e.move(6);
    e.wait(SHOWN_DWELL_MS);
    expect(e.counters).toEqual({ shown: 1 });
    e.accept(1);
    expect(e.counters).toMatchObject({ accepted: 1, acceptedCharacters: 2 });
  });

  test("judges after a while what was kept, through edits around it", () => {
    const e = editor("x = ");
    e.offer(1, "call(alpha)");
    e.insert("call(alpha)");
    e.insert("// top\n", 0);
    e.insert("beta", 4 + 7 + 5, 5);
    e.wait(KEPT_AFTER_MS - 1);
    expect(e.counters).not.toHaveProperty("judgedCharacters");
    e.wait(1);
    // Left of "call(alpha)": "call(", a common last letter, and ")".
    expect(e.counters).toMatchObject({ judgedCharacters: 11, keptCharacters: 7 });
  });

  test("judges what a closing document held", () => {
    const e = editor();
    e.offer(1, "abc");
    e.insert("abc");
    e.close();
    expect(e.counters).toMatchObject({ judgedCharacters: 3, keptCharacters: 3 });
  });
});

describe("SuggestionWatcher", () => {
  beforeEach(() => resetVscode());
  afterEach(() => expect(liveDisposables()).toEqual([]));

  test("judges what a document held that was closed soon after", () => {
    let counters: Counters = {};
    using watcher = new SuggestionWatcher((_languageId, delta) => {
      counters = addCounters(counters, delta);
    });
    const document = new FakeDocument("let abX;");
    workspace.textDocuments = [document];
    watcher.offered({ id: 1, documentId: DOC, languageId: "typescript", offset: 4, text: "abc" });
    watcher.accepted(1, 1);
    expect(counters).not.toHaveProperty("judgedCharacters");
    closeDocument(document);
    expect(counters).toMatchObject({ judgedCharacters: 3, keptCharacters: 2 });
  });
});

describe("countKept", () => {
  test.each([
    ["abc", "abc", 3],
    ["abc", "", 0],
    ["abcdef", "abXef", 4],
    ["aa", "a", 1],
    ["abc", "abcabc", 3],
  ])("of %j, in %j: %i", (before, after, expected) => {
    expect(countKept(before, after)).toBe(expected);
  });
});
