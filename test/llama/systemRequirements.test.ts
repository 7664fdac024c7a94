import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findBuilds, nodeLlamaFolder, THIS_MACHINE } from "../../src/llama/native/llamaBuilds.ts";
import {
  readSystemFacts,
  type SystemFacts,
  systemProblem,
} from "../../src/llama/native/systemRequirements.ts";

const LINUX: SystemFacts = {
  platform: "linux",
  arch: "x64",
  release: "6.1.0",
  glibc: "2.36",
  missingRuntime: [],
  refusal: undefined,
};
const REFUSED = "libm.so.6: version `GLIBC_2.34' not found";

describe("systemProblem", () => {
  test.each<[string, Partial<SystemFacts>, RegExp]>([
    [
      "musl",
      { glibc: undefined, refusal: REFUSED },
      /need glibc 2\.34.*musl, as on Alpine.*Debian 12/,
    ],
    [
      "an old glibc",
      { glibc: "2.31", refusal: REFUSED },
      /need glibc 2\.34.*has 2\.31\. Use a newer system/,
    ],
    ["glibc 1", { glibc: "1.99" }, /need glibc 2\.34.*has 1\.99/],
    [
      "an old libstdc++",
      { refusal: "libstdc++.so.6: version `GLIBCXX_3.4.30' not found" },
      /need libstdc\+\+ of GCC 12.*system says: libstdc\+\+\.so\.6: version.*newer libstdc\+\+/,
    ],
    [
      "a bare Windows",
      { platform: "win32", missingRuntime: ["MSVCP140.dll"], refusal: "module not found" },
      /Visual C\+\+ runtime; MSVCP140\.dll cannot be loaded.*vc_redist\.x64\.exe/,
    ],
    [
      "an old macOS",
      { platform: "darwin", arch: "arm64", release: "22.6.0", refusal: "Symbol not found" },
      /need macOS 14 or later; this is an older one \(Darwin 22\.6\.0\)\. Update macOS/,
    ],
    [
      "another refusal",
      { refusal: "file too short" },
      /does not load.*: file too short\. Reinstall/,
    ],
  ])("on %s says what is missing and what to do, and names no driver", (_what, facts, message) => {
    const problem = systemProblem({ ...LINUX, ...facts });
    expect(problem).toMatch(message);
    expect(problem).not.toMatch(/driver/);
  });

  test.each<[string, Partial<SystemFacts>]>([
    ["Debian 12", {}],
    ["glibc 2.34 itself", { glibc: "2.34" }],
    ["a glibc of the next kind", { glibc: "3.0" }],
    ["macOS 14", { platform: "darwin", release: "23.0.0", glibc: undefined }],
    ["Windows with its runtime", { platform: "win32", release: "10.0.20348", glibc: undefined }],
  ])("finds nothing missing on %s", (_what, facts) => {
    expect(systemProblem({ ...LINUX, ...facts })).toBeUndefined();
  });
});

describe("readSystemFacts", () => {
  test("finds nothing missing on this machine, be a build installed or not", async () => {
    const [build] = await findBuilds(THIS_MACHINE, nodeLlamaFolder());
    for (const each of [build, undefined]) {
      const facts = readSystemFacts(THIS_MACHINE, each);
      if (process.platform === "linux") expect(facts.glibc).toMatch(/^2\.\d+$/);
      expect(systemProblem(facts)).toBeUndefined();
    }
  });

  test("tells how the system refuses a file that is no library", async () => {
    const folder = await mkdtemp(join(tmpdir(), "treeline-damaged-"));
    try {
      const files = ["libllama.so", "libllama.dylib", "llama.dll"];
      for (const file of files) await writeFile(join(folder, file), "not a library");
      const build = { folder, files, gpu: false, buildType: "prebuilt" } as const;
      const problem = systemProblem(readSystemFacts(THIS_MACHINE, build));
      expect(problem).toMatch(/^The system does not load llama\.cpp's library: .+\. Reinstall/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
