import { describe, expect, test } from "vitest";
import type { TypingStep } from "../../src/bench/typing/typingReplay.ts";
import { playScript } from "../../src/cli/bench/typingPlayer.ts";
import type {
  CompletionQuery,
  CompletionSource,
  QueryOutcome,
} from "../../src/session/broker/completionQuery.ts";
import { settle } from "../support/brokerHarness.ts";
import { FakeClock } from "../support/clock.ts";
import { suggestion } from "../support/completionResults.ts";
import { NEVER } from "../support/never.ts";

/** A text after so many ms; none where it is empty. */
type AnswerOf = (query: CompletionQuery) => readonly [ms: number, text: string];

/** Answers by a function of the question, and notes what it is told. */
class NotingSource implements CompletionSource {
  readonly notes: string[] = [];
  readonly #clock: FakeClock;
  readonly #answerOf: AnswerOf;

  constructor(clock: FakeClock, answerOf: AnswerOf) {
    this.#clock = clock;
    this.#answerOf = answerOf;
  }

  async query(query: CompletionQuery, signal: AbortSignal): Promise<QueryOutcome> {
    this.notes.push(`${this.#clock.now()} ${query.trigger} ${query.prefixText}`);
    const [ms, text] = this.#answerOf(query);
    try {
      await this.#clock.delay(ms, signal);
    } catch {
      return { noSuggestion: { reason: "cancelled", detail: "" } };
    }
    if (text === "") return { noSuggestion: { reason: "rejected", detail: "" } };
    return { suggestion: suggestion(7, text) };
  }

  prepare({ prefixText }: CompletionQuery): void {
    this.notes.push(`${this.#clock.now()} prepare ${prefixText}`);
  }

  accepted(suggestionId: number): void {
    this.notes.push(`${this.#clock.now()} accepted ${suggestionId}`);
  }

  forget(): void {}
}

const place = (prefixText: string, hiddenText: string) => ({
  path: "a.ts",
  line: 1,
  column: 1,
  prefixText,
  suffixText: "",
  hiddenText,
});
const step = (delayMs: number, more: Partial<TypingStep> = {}): TypingStep => ({
  action: "type",
  follows: "nothing",
  delayMs,
  ...more,
});

interface Played {
  readonly steps: readonly TypingStep[];
  readonly lastPauseMs?: number;
  readonly answerOf?: AnswerOf;
  /** Of the first place. Words open a list, these do not. */
  readonly hiddenText?: string;
  readonly givesUp?: boolean;
  readonly signal?: AbortSignal;
}

async function play({
  steps,
  lastPauseMs = 1000,
  answerOf = () => [0, "ok"],
  hiddenText = "(+)",
  givesUp = true,
  signal = NEVER,
}: Played) {
  const clock = new FakeClock();
  const source = new NotingSource(clock, answerOf);
  const script = { places: [place("<", hiddenText), place("[", "x")], steps, lastPauseMs };
  const played = playScript(script, source, clock, givesUp, signal);
  let isOver = false;
  const settled = Promise.allSettled([played]).then(() => {
    isOver = true;
  });
  for (let ms = 0; ms < 20_000 && !isOver; ms += 10) {
    await settle();
    clock.advance(10);
  }
  await settled;
  return { played, notes: source.notes, endedAt: clock.now() };
}

/** What the pauses of a script were: until ghost text, and what it was. */
async function pausesOf(script: Played) {
  const { pauses } = await (await play(script)).played;
  return pauses.map(({ ghostMs, origin }) => `${ghostMs} ${origin}`);
}

describe("playScript", () => {
  test("asks a little behind each key, and prepares where the cursor rests", async () => {
    const { notes, played } = await play({ steps: [step(300), step(200), step(40), step(400)] });
    expect(notes).toEqual([
      "100 prepare <",
      "350 automatic <(",
      // The third key came before the editor asked for the second; the fourth found nothing left to write.
      "590 automatic <(+)",
      "1040 prepare [",
    ]);
    const { pauses, shown } = await played;
    expect(pauses.map(({ step: number, drawnMs, pauseMs }) => [number, drawnMs, pauseMs])).toEqual([
      [0, 200, 200],
      [1, 40, 40],
      [2, 400, 400],
    ]);
    expect(pauses.map(({ ghostMs }) => ghostMs)).toEqual([50, null, 50]);
    expect(shown.size).toBe(2);
  });

  test("cuts the last key's question off as any other's", async () => {
    const slow = { answerOf: () => [9_000, "ok"] as const, steps: [step(100), step(2000)] };
    const { played, endedAt } = await play({ ...slow, lastPauseMs: 3000 });
    const { pauses } = await played;
    expect(pauses.map(({ ghostMs, pauseMs }) => [ghostMs, pauseMs])).toEqual([
      [null, 2000],
      [null, 3000],
    ]);
    expect(endedAt).toBeLessThan(6_000);
  });

  test("counts text at once where ghost text is typed into, and only if it was on the screen", async () => {
    const steps = [step(100), step(1000), step(1000)];
    const answerOf: AnswerOf = ({ prefixText }) => (prefixText === "<(" ? [300, "+)"] : [400, ")"]);
    expect(await pausesOf({ steps, answerOf })).toEqual([
      "350 generated",
      "0 onScreen",
      // Typed to its end.
      "450 generated",
    ]);
    // The same text came too late to be seen.
    const quick = [step(100), step(200), step(1000)];
    expect(await pausesOf({ steps: quick, answerOf })).toEqual([
      "null cutOff",
      "450 generated",
      "450 generated",
    ]);
    // Another character than the one on the screen.
    expect(await pausesOf({ steps, answerOf: () => [300, "no"] })).toEqual(
      Array(3).fill("350 generated"),
    );
  });

  test("text that goes away again, or comes back, counts from when it stays", async () => {
    const steps = [step(100), step(1000)];
    const gone: AnswerOf = ({ prefixText }) => (prefixText === "<(" ? [0, "+)"] : [200, ""]);
    expect(await pausesOf({ steps, answerOf: gone })).toEqual(["50 generated", "null rejected"]);
    // Another text in its place leaves no time without.
    const other: AnswerOf = ({ prefixText }) => [200, prefixText === "<(" ? "+)" : "]"];
    expect(await pausesOf({ steps, answerOf: other })).toEqual(["250 generated", "0 onScreen"]);
  });

  test("goes on with the rest of ghost text of which a word was taken", async () => {
    const steps = [step(100), step(1000, { follows: "word" }), step(1000, { follows: "all" })];
    const answerOf = () => [200, "one two"] as const;
    const { played, notes } = await play({ steps, answerOf, lastPauseMs: 150 });
    const { pauses, numAcceptedSuggestions } = await played;
    expect(pauses.map(({ ghostMs }) => ghostMs)).toEqual([250, 0, null]);
    expect(numAcceptedSuggestions).toBe(2);
    // Told before the next question.
    expect(notes.slice(-2)).toEqual(["2100 accepted 7", "2150 automatic <(oneone two"]);
  });

  test("has no pause behind a jump, and another place after it", async () => {
    const steps = [step(100), step(900, { action: "jump" }), step(800)];
    const { pauses } = await (await play({ steps })).played;
    expect(pauses.map(({ step: number, place: at }) => [number, at])).toEqual([
      [0, 0],
      [2, 1],
    ]);
  });

  describe("behind a word", () => {
    const slow: AnswerOf = ({ trigger }) => [trigger === "automatic" ? 2000 : 500, "ok"];
    const word = { steps: [step(100)], hiddenText: "word", answerOf: slow, lastPauseMs: 4000 };

    test("the editor gives its question up, and asks again once the answer is there", async () => {
      const { played, notes } = await play(word);
      expect(notes.slice(1)).toEqual(["150 automatic <w", "860 again <w", "1360 again <w"]);
      expect((await played).pauses[0]).toMatchObject({ ghostMs: 1760, origin: "generated" });
    });

    test("an editor that waits, or one with ghost text on the screen, does not", async () => {
      expect(await pausesOf({ ...word, givesUp: false })).toEqual(["2050 generated"]);
      expect(await pausesOf({ ...word, hiddenText: "1 +" })).toEqual(["2050 generated"]);
      const typed = { ...word, steps: [step(100), step(4000)] };
      const answerOf: AnswerOf = (query) => [...slow(query).slice(0, 1), "or"] as [number, string];
      const { notes } = await play({ ...typed, answerOf });
      expect(notes.filter((note) => note.endsWith(" <wo"))).toEqual(["4150 automatic <wo"]);
    });

    test("a key ends what was asked again", async () => {
      expect(await pausesOf({ ...word, lastPauseMs: 1000 })).toEqual(["null cutOff"]);
    });
  });

  test("stops with the signal", async () => {
    const controller = new AbortController();
    controller.abort();
    const { played } = await play({ steps: [step(100)], signal: controller.signal });
    await expect(played).rejects.toMatchObject({ name: "AbortError" });
  });
});
