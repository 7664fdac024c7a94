import { describe, expect, test } from "vitest";
import { describeExit, StderrTail } from "../../src/session/client/engineExit.ts";
import { forkOptions } from "../../src/session/client/engineProcess.ts";

describe("forkOptions", () => {
  test("inherits the environment and no flags, and carries typed arrays", () => {
    const options = forkOptions({ PATH: "/bin" }, undefined);
    expect(options.env).toEqual({ PATH: "/bin", MALLOC_ARENA_MAX: "2" });
    expect(options.execArgv).toEqual([]);
    expect(options.serialization).toBe("advanced");
    expect(options.stdio).toEqual(["ignore", "ignore", "pipe", "ipc"]);
  });

  test("makes Electron's binary run as Node", () => {
    expect(forkOptions({ PATH: "/bin" }, "34.0.0").env).toEqual({
      PATH: "/bin",
      MALLOC_ARENA_MAX: "2",
      ELECTRON_RUN_AS_NODE: "1",
    });
    expect(forkOptions({ MALLOC_ARENA_MAX: "8" }, undefined).env).toEqual({
      MALLOC_ARENA_MAX: "8",
    });
  });
});

describe("StderrTail", () => {
  test("finds the cause above a stack trace", () => {
    const tail = new StderrTail();
    tail.append("node:internal:1\n  throw err;\n  ^\n\nError: Cannot find mod");
    tail.append("ule\n    at main\n  code: 'X'\n}\n\nNode.js v24.21.0\n");
    expect(tail.lastLine).toBe("Error: Cannot find module");
  });

  test("keeps the last lines of a long stream", () => {
    const tail = new StderrTail();
    for (let i = 0; i < 10_000; i++) tail.append(`line ${i}\n`);
    expect(tail.lastLine).toBe("line 9999");
  });
});

describe("describeExit", () => {
  test("names signal, exit code and last words", () => {
    const exit = { code: null, signal: "SIGSEGV", lastStderrLine: "" };
    expect(describeExit(exit)).toBe("signal SIGSEGV");
    expect(describeExit({ ...exit, code: 7, signal: null, lastStderrLine: "oh" })).toBe(
      'exit code 7; its last words were "oh"',
    );
  });
});
