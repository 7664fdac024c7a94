import { describe, expect, test } from "vitest";
import { loadLlamaLibrary } from "../../../src/llama/native/llamaLibrary.ts";

describe("loadLlamaLibrary", () => {
  // node-llama-cpp takes it for "auto" there, and another device for what was asked for.
  const missing = process.platform === "darwin" ? "cuda" : "metal";
  test(`refuses ${missing} where no build has it, also where another device is found`, async () => {
    await expect(loadLlamaLibrary(missing)).rejects.toMatchObject({
      code: "backendUnavailable",
      message: expect.stringMatching(/use gpu .*"auto" or "off"\.$/),
    });
  });
});
