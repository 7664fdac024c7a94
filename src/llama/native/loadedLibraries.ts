/** Which of llama.cpp's builds node-llama-cpp has loaded, and its libraries, opened. */
import { basename } from "node:path";
import type { LibraryHandle } from "koffi";
import { EngineError } from "../../core/base/errors.ts";
import { type LlamaBuild, type LlamaLibraryName, libraryPaths } from "./llamaBuilds.ts";
import type { NativeModules } from "./nativeModules.ts";

/** The shared libraries of llama.cpp that are in this process, whatever their file names on this platform. */
export interface LoadedLibraries {
  readonly llama: LibraryHandle;
  /** With the registry of backends. */
  readonly ggml: LibraryHandle;
  readonly ggmlBase: LibraryHandle;
  readonly c: LibraryHandle;
}

/** A function of each library, by which copies of it are told apart. */
const SYMBOLS = {
  llama: "llama_version",
  ggml: "ggml_backend_reg_by_name",
  "ggml-base": "ggml_get_type_traits",
} as const satisfies Partial<Record<LlamaLibraryName, string>>;

/** What node-llama-cpp says of what it loaded. A build for Vulkan that found no device may call itself false. */
export type LoadedBuild = Pick<LlamaBuild, "gpu" | "buildType">;

/**
 * Opens what is loaded. Of several builds, where node-llama-cpp gave one up, the one that it says it took; what that shares
 * with the former, as the system takes a library of the same name for the same, may lie in the other's folder.
 * @throws EngineError `libraryMismatch` if a library is of none of the builds.
 */
export function openLoadedLibraries(
  builds: readonly LlamaBuild[],
  { gpu, buildType }: LoadedBuild,
  modules: NativeModules,
): LoadedLibraries {
  const rank = (build: LlamaBuild) =>
    (build.gpu === gpu ? 0 : 2) + (build.buildType === buildType ? 0 : 1);
  const likeliestFirst = builds.toSorted((a, b) => rank(a) - rank(b));
  const open = (name: keyof typeof SYMBOLS): LibraryHandle => {
    for (const path of likeliestFirst.flatMap((build) => libraryPaths(build, name))) {
      const library = modules.openLoaded(path, SYMBOLS[name]);
      if (library !== undefined) return library;
    }
    return refuse(likeliestFirst, name);
  };
  return { llama: open("llama"), ggml: open("ggml"), ggmlBase: open("ggml-base"), c: modules.c };
}

function refuse(builds: readonly LlamaBuild[], name: LlamaLibraryName): never {
  const places = builds.map((build) => {
    const files = libraryPaths(build, name).map((path) => basename(path));
    return `${build.folder} (${files.join(", ") || "no such file"})`;
  });
  throw new EngineError(
    "libraryMismatch",
    `node-llama-cpp has loaded llama.cpp, but not its library "${name}" from where it was expected: ` +
      `${places.join("; ") || "no build of llama.cpp was found"}. Reinstall Treeline, or its dependencies with \`npm ci\`.`,
  );
}
