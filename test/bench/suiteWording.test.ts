import { describe, expect, test } from "vitest";
import { suiteOrigin } from "../../src/bench/speed/suiteWording.ts";

describe("suiteOrigin", () => {
  test("names what is hidden, and says of both suites of real code what the index holds", () => {
    const repo = suiteOrigin("repo", "redux 5.0.1", "immer 11.1.4");
    const scratch = suiteOrigin("scratch", "redux 5.0.1", "immer 11.1.4");
    expect(repo).toMatch(/^Spans of redux 5\.0\.1 are hidden\./);
    expect(scratch).toMatch(
      /^Spans of immer 11\.1\.4 are hidden, which is no part of redux 5\.0\.1\./,
    );
    expect(repo).toMatch(/The index holds the workspace, without the span\.$/);
    expect(scratch).toMatch(/The index holds the workspace\.$/);
  });
});
