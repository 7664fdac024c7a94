// The licenses of what a bundle holds, as a file beside it: they ask to come along with every copy.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { packageFolder } from "./packageFolder.mjs";

async function licenseOf(folder) {
  const { name, version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${folder} has no license file.`);
  const text = (await readFile(`${folder}/${file}`, "utf8")).trim();
  return `${name} ${version}\n\n${text}\n`;
}

/** @param {string} file - where the licenses go. @returns {import("esbuild").Plugin} */
export function esbuildLicenses(file) {
  return {
    name: "licenses",
    setup(build) {
      build.initialOptions.metafile = true;
      build.onEnd(async ({ metafile }) => {
        if (metafile === undefined) return;
        const folders = new Set(Object.keys(metafile.inputs).map(packageFolder).filter(Boolean));
        const licenses = await Promise.all([...folders].sort().map(licenseOf));
        await writeFile(file, licenses.join(`\n${"-".repeat(80)}\n\n`));
      });
    },
  };
}
