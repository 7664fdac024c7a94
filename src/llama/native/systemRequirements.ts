/** Why llama.cpp's binaries do not run on a machine, in words for its user. */
import { release } from "node:os";
import koffi from "koffi";
import { messageOf } from "../../core/base/errors.ts";
import { type LlamaBuild, libraryPaths, type Machine } from "./llamaBuilds.ts";

/** What is known of a machine. */
export interface SystemFacts extends Machine {
  /** Of the kernel: `os.release()`. */
  readonly release: string;
  /** Version of glibc, such as "2.36"; undefined with another C library. Asked on Linux only. */
  readonly glibc: string | undefined;
  /** Libraries of Windows' C++ runtime that are missing. */
  readonly missingRuntime: readonly string[];
  /** How the system refused to load llama.cpp's library; undefined if it loaded. */
  readonly refusal: string | undefined;
}

/** What the pinned binaries were built for, by their symbol tables and load commands. */
const MIN_GLIBC = [2, 34] as const;
const MIN_DARWIN = 23;
const WINDOWS_RUNTIME: Readonly<Record<string, readonly string[]>> = {
  x64: ["VCRUNTIME140.dll", "VCRUNTIME140_1.dll", "MSVCP140.dll"],
  arm64: ["VCRUNTIME140.dll", "MSVCP140.dll"],
};

/**
 * Asks this machine.
 * @param build - that could not be loaded; undefined where none is installed, as npm leaves out what is for another C library.
 */
export function readSystemFacts(machine: Machine, build: LlamaBuild | undefined): SystemFacts {
  // The former is what asks for most, of what the addon of node-llama-cpp is linked to.
  const libraries = (["llama-common", "llama"] as const).flatMap((name) =>
    build === undefined ? [] : libraryPaths(build, name),
  );
  return {
    ...machine,
    release: release(),
    glibc: machine.platform === "linux" ? glibcVersion() : undefined,
    missingRuntime:
      machine.platform === "win32"
        ? (WINDOWS_RUNTIME[machine.arch] ?? []).filter((name) => refusalOf(name) !== undefined)
        : [],
    refusal: libraries.map(refusalOf).find((refusal) => refusal !== undefined),
  };
}

/** What the machine lacks and what to do; undefined if nothing is known to be missing. */
export function systemProblem(facts: SystemFacts): string | undefined {
  const { platform, arch, release, glibc, missingRuntime, refusal } = facts;
  if (platform === "linux") {
    const needs = `llama.cpp's binaries need glibc ${MIN_GLIBC.join(".")} or later`;
    if (glibc === undefined) {
      return `${needs}; this Linux has another C library (musl, as on Alpine). Use a system or container with glibc, such as Debian 12 or Ubuntu 22.04.`;
    }
    const [major = 0, minor = 0] = glibc.split(".").map(Number);
    if (major < MIN_GLIBC[0] || (major === MIN_GLIBC[0] && minor < MIN_GLIBC[1])) {
      return `${needs}; this Linux has ${glibc}. Use a newer system, such as Debian 12 or Ubuntu 22.04.`;
    }
    if (refusal !== undefined && /GLIBCXX|CXXABI|libstdc\+\+/.test(refusal)) {
      return `llama.cpp's binaries need libstdc++ of GCC 12 or later (GLIBCXX_3.4.30); the system says: ${refusal}. Install a newer libstdc++, or use a newer system, such as Debian 12 or Ubuntu 22.04.`;
    }
  }
  if (missingRuntime.length > 0) {
    return `llama.cpp's binaries need the Visual C++ runtime; ${missingRuntime.join(", ")} cannot be loaded. Install it from https://aka.ms/vs/17/release/vc_redist.${arch}.exe and try again.`;
  }
  if (platform === "darwin" && Number.parseInt(release, 10) < MIN_DARWIN) {
    return `llama.cpp's binaries need macOS 14 or later; this is an older one (Darwin ${release}). Update macOS.`;
  }
  return refusal === undefined
    ? undefined
    : `The system does not load llama.cpp's library: ${refusal}. Reinstall Treeline, or its dependencies with \`npm ci\`.`;
}

function glibcVersion(): string | undefined {
  try {
    return koffi.load(null).func("const char* gnu_get_libc_version()")() as string;
  } catch {
    // Only glibc has that function.
    return undefined;
  }
}

function refusalOf(library: string): string | undefined {
  try {
    koffi.load(library);
    return undefined;
  } catch (error) {
    return messageOf(error).trim();
  }
}
