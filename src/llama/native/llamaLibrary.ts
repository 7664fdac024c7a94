/**
 * The C API of the very llama.cpp library that node-llama-cpp has loaded. node-llama-cpp ships and selects it; koffi
 * calls what its own API does not express: several sequence ids per token, embedding input, raw logits.
 * Pointers are addresses (bigint). Foreign memory is copied, never viewed: Electron forbids external buffers.
 */
import { availableParallelism } from "node:os";
import type { Backend, GpuChoice } from "../../core/base/backend.ts";
import { EngineError, messageOf } from "../../core/base/errors.ts";
import { foreignText, nameText } from "../../core/base/foreignText.ts";
import {
  type BuildGpu,
  buildToAskFor,
  findBuilds,
  type LlamaBuild,
  nodeLlamaFolder,
  packageNames,
  THIS_MACHINE,
} from "./llamaBuilds.ts";
import { bindLlama, type LlamaFunctions } from "./llamaFunctions.ts";
import { checkLayouts } from "./llamaStructs.ts";
import { openLoadedLibraries } from "./loadedLibraries.ts";
import { nativeModules } from "./nativeModules.ts";
import { readSystemFacts, systemProblem } from "./systemRequirements.ts";

/** The loaded library. One per process: native libraries are never unloaded. */
export interface LlamaLibrary {
  readonly fn: LlamaFunctions;
  readonly backend: Backend;
  /** Names of the devices that layers can be offloaded to; empty on the CPU backend. */
  readonly deviceNames: readonly string[];
  /** llama.cpp's version, as the library states it. */
  readonly version: string;
  /** node-llama-cpp's handle, for its memory estimates. */
  readonly nodeLlama: NodeLlama;
  /** Error lines llama.cpp logged since the last call; cleared by reading. */
  takeErrorLog(): string;
}

export type NodeLlama = Awaited<ReturnType<typeof import("node-llama-cpp").getLlama>>;

const MAX_ERROR_LINES = 8;
/** Of what a message repeats of the log, in UTF-16 units. */
const MAX_DETAIL_LENGTH = 400;
let loading: { gpu: GpuChoice; library: Promise<LlamaLibrary> } | undefined;

/**
 * Loads llama.cpp once per process; later calls must ask for the same backend.
 * @throws EngineError `backendUnavailable` if the asked backend cannot be loaded here, `libraryMismatch` if the
 *   library is not the one the struct layouts were read from.
 */
export function loadLlamaLibrary(gpu: GpuChoice): Promise<LlamaLibrary> {
  if (loading !== undefined && loading.gpu !== gpu) {
    const message = `This process has loaded llama.cpp for "${loading.gpu}"; "${gpu}" needs a new engine process.`;
    return Promise.reject(new EngineError("backendUnavailable", message));
  }
  loading ??= { gpu, library: loadOnce(gpu) };
  return loading.library;
}

async function loadOnce(gpu: GpuChoice): Promise<LlamaLibrary> {
  const { getLlama, LlamaLogLevel } = await import("node-llama-cpp");
  const builds = await findBuilds(THIS_MACHINE, nodeLlamaFolder());
  const wanted = buildToAskFor(gpu, builds);
  const errorLines: string[] = [];
  let nodeLlama: NodeLlama;
  try {
    nodeLlama = await getLlama({
      gpu: wanted,
      build: "never",
      skipDownload: true,
      maxThreads: availableParallelism(),
      logLevel: LlamaLogLevel.error,
      logger: (_level, message) => {
        errorLines.push(message.trim());
        if (errorLines.length > MAX_ERROR_LINES) errorLines.shift();
      },
    });
  } catch (error) {
    throw new EngineError(
      "backendUnavailable",
      `llama.cpp could not be loaded with gpu "${gpu}" on ${process.platform}-${process.arch}` +
        `${describeCause(error)}. ${unavailableRemedy(gpu, wanted, builds)}`,
      { cause: error },
    );
  }
  const fn = bindLlama(openLoadedLibraries(builds, nodeLlama, nativeModules()));
  checkLayouts({
    version: fn.version(),
    model: fn.modelDefaults(),
    context: fn.contextDefaults(),
  });
  // Without a device llama.cpp computes on the CPU: a Vulkan loader may find none, or a software one that it leaves out.
  const deviceNames =
    gpu === "off" || nodeLlama.gpu === false
      ? []
      : (await nodeLlama.getGpuDeviceNames()).map(nameText);
  // What a platform never has is taken for "auto" by node-llama-cpp.
  const isOther = gpu !== "auto" && gpu !== "off" && nodeLlama.gpu !== gpu;
  if (isOther || (deviceNames.length === 0 && gpu !== "auto" && gpu !== "off")) {
    throw new EngineError(
      "backendUnavailable",
      `llama.cpp was to be loaded for ${gpu}, but found no such device on ${process.platform}-${process.arch}. ${deviceRemedy(gpu)}`,
    );
  }
  const backend: Backend =
    nodeLlama.gpu === false || deviceNames.length === 0 ? "cpu" : nodeLlama.gpu;
  const takeErrorLog = () => errorLines.splice(0).join("; ");
  return { fn, backend, deviceNames, version: fn.version(), nodeLlama, takeErrorLog };
}

/** Error lines of llama.cpp behind a message's words: they quote the model's own texts. */
export function logDetail(log: string): string {
  return log === "" ? "" : ` (${foreignText(log, MAX_DETAIL_LENGTH)})`;
}

/** What node-llama-cpp says, unless that is only that it found nothing. */
function describeCause(error: unknown): string {
  const message = messageOf(error);
  return message === "NoBinaryFoundError" ? "" : `: ${message}`;
}

function unavailableRemedy(
  gpu: GpuChoice,
  wanted: BuildGpu | "auto",
  builds: readonly LlamaBuild[],
): string {
  const build = builds.find((each) => wanted === "auto" || each.gpu === wanted) ?? builds[0];
  const problem = systemProblem(readSystemFacts(THIS_MACHINE, build));
  if (problem !== undefined) return problem;
  if (gpu !== "auto" && gpu !== "off") return deviceRemedy(gpu);
  return build === undefined
    ? `There is no build of llama.cpp for this machine beside node-llama-cpp (looked for ${packageNames(THIS_MACHINE).join(", ")}). ` +
        "Install the Treeline of this platform, or the dependencies with `npm ci` and without `--omit=optional`."
    : "Reinstall Treeline, or its dependencies with `npm ci`.";
}

function deviceRemedy(gpu: GpuChoice): string {
  const fallback = 'gpu "auto" or "off".';
  if (gpu === "metal") return `llama.cpp has Metal on Apple Silicon only: use ${fallback}`;
  return gpu === "cuda"
    ? `CUDA needs an NVIDIA driver and llama.cpp's CUDA binaries, which Treeline does not bundle: use gpu "vulkan", ${fallback}`
    : `Vulkan needs a driver: the GPU's vendor has it (on Linux, Mesa's for most: mesa-vulkan-drivers). Else use ${fallback}`;
}

/** node-llama-cpp's own version. */
export async function nodeLlamaVersion(): Promise<string> {
  const { getModuleVersion } = await import("node-llama-cpp");
  return getModuleVersion();
}
