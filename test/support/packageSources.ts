/** Real TypeScript sources: of pinned packages that the tiny pair was not trained on (models/training/corpus.mjs). */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawSpots, type SourceFile, type SourceSpot } from "../../src/bench/spots/sourceSpots.ts";
import { isPackageSource, SOURCE_PACKAGES } from "../../src/cli/sources/packageSources.ts";

const MODULES = fileURLToPath(new URL("../../node_modules/", import.meta.url));

/** Every non-test source file of the packages, in a fixed order. */
export function packageSources(): SourceFile[] {
  return SOURCE_PACKAGES.flatMap((name) => {
    const folder = `${MODULES}${name}/src`;
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter(isPackageSource)
      .sort()
      .map((path) => ({
        path: `${name}/src/${path}`,
        text: readFileSync(`${folder}/${path}`, "utf8"),
      }));
  });
}

export function realSpots(count: number, seed: number): SourceSpot[] {
  return drawSpots(packageSources(), count, seed);
}
