import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CursorRest } from "../../src/ui/suggest/cursorRest.ts";
import { FakeDocument } from "../fakes/fakeDocument.ts";
import { happened } from "../fakes/fakeFiles.ts";
import { liveDisposables, resetVscode, window } from "../fakes/fakeVscode.ts";

describe("CursorRest", () => {
  beforeEach(() => {
    resetVscode();
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    expect(liveDisposables()).toEqual([]);
  });

  const document = new FakeDocument("a");

  /** Turns to an editor after a while without a key. @returns timers that run then, and how often it rested. */
  function turnTo(isWanted: boolean, meanwhile = () => {}) {
    const onRest = vi.fn();
    using _ = new CursorRest(() => isWanted, onRest);
    const editor = { document, selection: { isEmpty: true } };
    window.activeTextEditor = editor;
    vi.advanceTimersByTime(1000);
    happened.turnedTo.fire(editor);
    const numTimers = vi.getTimerCount();
    meanwhile();
    vi.advanceTimersByTime(1000);
    return { numTimers, numRests: onRest.mock.calls.length };
  }

  test("tells once the cursor has come to rest", () => {
    expect(turnTo(true)).toEqual({ numTimers: 1, numRests: 1 });
  });

  test("sets no timer where nobody wants to know", () => {
    expect(turnTo(false)).toEqual({ numTimers: 0, numRests: 0 });
  });

  test("is put off by an edit, not by another document's, nor by a change that leaves the text", () => {
    const edit = (edited: FakeDocument, ...contentChanges: unknown[]) =>
      turnTo(true, () => happened.edited.fire({ document: edited, contentChanges }));
    expect(edit(document, {}).numRests).toBe(0);
    expect(edit(new FakeDocument("log"), {}).numRests).toBe(1);
    expect(edit(document).numRests).toBe(1);
  });
});
