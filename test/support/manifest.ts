/** package.json as VS Code hands it to the extension: with the texts of package.nls.json. */
import { readFileSync } from "node:fs";

function read(name: string): string {
  return readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
}

export function readManifest() {
  const texts: Record<string, string> = JSON.parse(read("package.nls.json"));
  return JSON.parse(read("package.json"), (_key, value) => {
    const key = typeof value === "string" ? /^%(.+)%$/.exec(value)?.[1] : undefined;
    return key === undefined ? value : texts[key];
  });
}
