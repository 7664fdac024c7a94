import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CliError } from "../../src/cli/base/cliError.ts";
import { Terminal } from "../../src/cli/base/terminal.ts";
import { hostileText, unseenIn } from "../support/hostileText.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

function openTerminal(isTTY: boolean) {
  const written = { out: "", err: "" };
  const terminal = new Terminal(
    { isTTY, write: (text) => (written.out += text) },
    { isTTY, write: (text) => (written.err += text) },
    {},
  );
  return { terminal, written };
}

function opened(isTTY: boolean) {
  const written: string[] = [];
  const time = { ms: 0 };
  const stream = { isTTY, write: (text: string) => written.push(text) };
  const terminal = new Terminal(stream, stream, { NO_COLOR: "1" }, () => time.ms);
  return { terminal, written, time };
}

function forAll(check: (text: string) => void): void {
  fc.assert(fc.property(hostileText(), check), { numRuns: NUM_RUNS });
}

describe("Terminal", () => {
  test("shows a person the controls of a text, and obeys none", () => {
    forAll((text) => {
      const { terminal, written } = openTerminal(true);
      terminal.out(text, { style: "red", text }, "\n");
      expect(written.out).toContain("\u001b[31m");
      const shown = written.out.replace("\u001b[31m", "").replace("\u001b[39m", "");
      expect(unseenIn(shown.replaceAll(/[\n\t]/g, ""))).toEqual([]);
    });
  });

  test("gives a pipe the text as it is", () => {
    forAll((text) => {
      const { terminal, written } = openTerminal(false);
      terminal.out(text, { style: "red", text });
      expect(written.out).toBe(text + text);
    });
  });

  test("begins a note on a line of its own, wherever the text before it ended", () => {
    const { terminal, written } = opened(false);
    terminal.out("text");
    terminal.note("figures");
    terminal.note("more");
    terminal.out("next\n");
    terminal.note("last");
    expect(written.join("")).toBe("text\nfigures\nmore\nnext\nlast\n");
  });

  test("writes notes and progress as one short line, to a person and to a pipe", () => {
    forAll((text) => {
      for (const isTTY of [true, false]) {
        const { terminal, written } = openTerminal(isTTY);
        terminal.note(text);
        expect(written.err.endsWith("\n")).toBe(true);
        const note = written.err.slice(0, -1);
        expect(unseenIn(note)).toEqual([]);
        expect(note.length).toBeLessThanOrEqual(1_000);
        written.err = "";
        terminal.progress(text);
        const line = written.err.replace("\r\u001b[2K", "");
        expect(unseenIn(line)).toEqual([]);
        expect(line.length).toBeLessThanOrEqual(isTTY ? 78 : 0);
        written.err = "";
        terminal.notes(`a\n${text}`);
        expect(unseenIn(written.err.replaceAll(/[\n\t]/g, ""))).toEqual([]);
      }
    });
  });
});

describe("Terminal.progress", () => {
  test("is one line that is replaced where a person watches", () => {
    const { terminal, written } = opened(true);
    terminal.tellProgress();
    for (const line of ["a", "b", ""]) terminal.progress(line);
    expect(written).toEqual(["\r\u001b[2Ka", "\r\u001b[2Kb", "\r\u001b[2K"]);
  });

  test("without a terminal is silent, unless it is to be told", () => {
    const { terminal, written } = opened(false);
    terminal.progress("loading");
    expect(written).toEqual([]);
  });

  test("is told there at once, and then now and then", () => {
    const { terminal, written, time } = opened(false);
    terminal.tellProgress();
    for (let second = 0; second <= 25; second++) {
      time.ms = second * 1000;
      terminal.progress(`second ${second}`);
      terminal.progress("");
    }
    expect(written).toEqual(["second 0\n", "second 10\n", "second 20\n"]);
  });
});

describe("CliError", () => {
  test("is one line, whatever was put into it", () => {
    forAll((text) => {
      expect(unseenIn(new CliError(`Cannot read ${text}.`).message)).toEqual([]);
    });
  });
});
