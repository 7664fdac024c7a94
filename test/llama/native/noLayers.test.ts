import { describe, expect, test } from "vitest";
import { ALL_LAYERS, openModel } from "../../../src/llama/model/llamaModel.ts";
import {
  findBuilds,
  nodeLlamaFolder,
  THIS_MACHINE,
} from "../../../src/llama/native/llamaBuilds.ts";
import type { Pointer } from "../../../src/llama/native/llamaFunctions.ts";
import { loadLlamaLibrary } from "../../../src/llama/native/llamaLibrary.ts";
import { openLoadedLibraries } from "../../../src/llama/native/loadedLibraries.ts";
import { nativeModules } from "../../../src/llama/native/nativeModules.ts";
import { TARGET_PATH, TEST_GPU } from "../../support/models.ts";
import { NEVER } from "../../support/never.ts";

/** llama.cpp's own count of a model's devices: a C++ function, exported by this name but on Windows. */
const N_DEVICES = "int _Z21llama_model_n_devicesPK11llama_model(void*)";

describe("openModel", () => {
  // With devices, a context takes a buffer of its largest pass on each of them, whatever is offloaded.
  test.skipIf(process.platform === "win32")(
    "uses no device for a model without layers on one",
    async () => {
      const library = await loadLlamaLibrary(TEST_GPU);
      const builds = await findBuilds(THIS_MACHINE, nodeLlamaFolder());
      const { llama } = openLoadedLibraries(builds, library.nodeLlama, nativeModules());
      const numDevices = llama.func(N_DEVICES) as unknown as (model: Pointer) => number;
      const count = async (gpuLayers: number) => {
        using model = await openModel(library, TARGET_PATH, { gpuLayers }, NEVER);
        return numDevices(model.pointer);
      };
      expect(await count(0)).toBe(0);
      expect(await count(ALL_LAYERS)).toBe(library.deviceNames.length);
    },
  );
});
