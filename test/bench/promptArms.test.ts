import { describe, expect, test } from "vitest";
import { EDITOR_ARM, promptArm } from "../../src/bench/accuracy/promptArms.ts";

describe("promptArm", () => {
  test("reads what a prompt has, in one order", () => {
    expect(promptArm("line+heal")).toEqual(EDITOR_ARM);
    const request = { anchor: { linesUp: 0 }, heals: true };
    expect(promptArm("line+heal")).toEqual({ name: "line+heal", hasContext: false, request });
    const name = "8+heal+context~300@1024";
    expect(promptArm(name)).toEqual({
      ...{ name, hasContext: true },
      request: { anchor: { linesUp: 8 }, heals: true, maxSuffixChars: 300, maxPromptTokens: 1024 },
    });
    expect(promptArm("file@256")?.request).toMatchObject({ anchor: "file", maxPromptTokens: 256 });
  });

  test.each([
    ...["", "+heal", "0", "here", "line+context+heal", "line@0", "line~", "line@12~9", "line@1e3"],
    ...["line+heal ", "line+heal+heal", "9999999"],
  ])("%j names none", (name) => {
    expect(promptArm(name)).toBeUndefined();
  });
});
