/** Everything that a user of the extension reads can be translated. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { BUNDLE, bundleOf, externalTexts, textParser } from "../../tooling/externalTexts.ts";

describe("textParser", () => {
  test("takes literals and those added up, and finds what reads like a text and is none of them", async () => {
    const textsOf = await textParser();
    const source = `import x from "some package";
      tell(l10n.t("one {0}", name("two words")) + vscode.l10n.t("add" + "ed up") + l10n.t('a "b"'));
      tell("left out", \`left \${n} out, too\`, "Label", "an.id", "oneWord", "Pick a label");
      this.#options.log("info", "loaded the model");
      throw new RangeError("a fault of ours");`;
    const { external, leftOut } = textsOf(source);
    expect(external).toEqual(["one {0}", "added up", 'a "b"']);
    expect(leftOut).toEqual([
      "2: two words",
      "3: left out",
      "3: left 0 out, too",
      "3: Label",
      "3: Pick a label",
    ]);
  });

  test("refuses a text that nobody could translate", async () => {
    const textsOf = await textParser();
    expect(() => textsOf("l10n.t(message)")).toThrow(/found message/);
  });
});

describe("the extension", () => {
  test("has no text that is left out, and a bundle with all others", async () => {
    const { external, leftOut } = await externalTexts();
    expect(leftOut).toEqual([]);
    // `node tooling/externalTexts.ts` writes it.
    expect(await readFile(BUNDLE, "utf8")).toBe(bundleOf(external));
  });

  test("has every text of its manifest in package.nls.json, and none besides", async () => {
    const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
    const { contributes, capabilities, displayName, description } = JSON.parse(
      await read("package.json"),
    );
    const shown = JSON.stringify({ contributes, capabilities, displayName, description });
    const used = [...shown.matchAll(/"%([\w.-]+)%"/g)].map(([, key]) => key);
    const texts = Object.keys(JSON.parse(await read("package.nls.json")));
    expect(texts.sort()).toEqual([...new Set(used)].sort());
    const left = shown.match(/"(title|description|markdownDescription)":"(?!%|Treeline")[^"]+"/g);
    expect(left ?? []).toEqual([]);
    expect(shown).not.toMatch(/"enumDescriptions":\["(?!%)/);
  });
});
