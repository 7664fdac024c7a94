import { describe, expect, test } from "vitest";
import { lastPromptReport } from "../../src/ui/suggest/lastPromptReport.ts";

describe("lastPromptReport", () => {
  const shares = {
    imports: 60,
    tabs: 0,
    similar: 0,
    edits: 0,
    before: 100,
    after: 30,
    markers: 10,
  };

  test("says what the prompt consists of, then the prompt as it is", () => {
    const text = "<|file_sep|>b.ts\n[x](command:y) **z**\n<|fim_prefix|>a";
    const lines = lastPromptReport({ text, shares, filePath: "src/a.ts" }).split("\n");
    expect(lines[0]).toMatch(/^The last prompt in src\/a.ts: 200 tokens\./);
    expect(lines.slice(1, 5).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ["60", "30 %", "declarations of imported files"],
      ["100", "50 %", "text before the cursor"],
      ["30", "15 %", "text after it"],
      ["10", "5 %", "markers, repository and path"],
    ]);
    expect(lines.slice(7).join("\n")).toBe(text);
  });

  test("a path with controls in it stays in its line, and without a prompt it says what to do", () => {
    const report = lastPromptReport({ text: "x", shares, filePath: "a\n\u202eb.ts" });
    expect(report.split("\n")[0]).toContain("a\\n\\u202eb.ts");
    expect(lastPromptReport(undefined)).toContain("Trigger Suggestion");
  });
});
