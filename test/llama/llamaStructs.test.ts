import { describe, expect, test } from "vitest";
import { checkLayouts, LLAMA_CPP_VERSION } from "../../src/llama/native/llamaStructs.ts";

const nothing = { model: {}, context: {} };

describe("checkLayouts", () => {
  test.each(["0.5.0", "0.4.1", "", "1.0.4.0"])("refuses llama.cpp %j", (version) => {
    expect(() => checkLayouts({ version, ...nothing })).toThrow(
      expect.objectContaining({
        code: "libraryMismatch",
        message: expect.stringMatching(/its version is .* Expected llama\.cpp 0\.4\.0.*`npm ci`/),
      }),
    );
  });

  // The real defaults, and each of them changed, are in native/openModel.test.ts.
  test.each([LLAMA_CPP_VERSION, `${LLAMA_CPP_VERSION}-dev`])(
    "refuses llama.cpp %s whose defaults are not there",
    (version) => {
      expect(() => checkLayouts({ version, ...nothing })).toThrow(
        expect.objectContaining({
          code: "libraryMismatch",
          message: expect.stringContaining(
            "llama_model_params.devices is undefined, expected null",
          ),
        }),
      );
    },
  );
});
