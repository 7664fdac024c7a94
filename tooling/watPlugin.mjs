// Compiles .wat files to bytes, for the bundle (esbuild) and the tests (vite). One function, two hosts.
import { readFile } from "node:fs/promises";
import wabtInit from "wabt";

async function compileWat(path) {
  const wabt = await wabtInit();
  const module = wabt.parseWat(path, await readFile(path, "utf8"), { simd: true });
  try {
    return Buffer.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** @returns {import("esbuild").Plugin} */
export function esbuildWat() {
  return {
    name: "wat",
    setup(build) {
      build.onLoad({ filter: /\.wat$/ }, async ({ path }) => ({
        contents: await compileWat(path),
        loader: "binary",
      }));
    },
  };
}

export function viteWat() {
  return {
    name: "wat",
    async load(id) {
      const path = id.split("?")[0];
      if (!path.endsWith(".wat")) return undefined;
      const base64 = (await compileWat(path)).toString("base64");
      return `export default Uint8Array.from(Buffer.from(${JSON.stringify(base64)}, "base64"));`;
    },
  };
}
