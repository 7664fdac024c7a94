import { describe, expect, test } from "vitest";
import { bytesOf, Catalogue, licenceText, sizeText } from "../../src/models/catalogue/catalogue.ts";

const own = { name: "mine", repository: "me/mine", file: "mine.gguf" };

describe("Catalogue", () => {
  test("every entry has a source beside it, a licence, and drafts that are entries and smaller", () => {
    const catalogue = new Catalogue();
    expect(catalogue.entries.length).toBeGreaterThan(20);
    for (const entry of catalogue.entries) {
      expect(entry.sources.length, entry.name).toBeGreaterThan(0);
      expect(entry.licence.name, entry.name).not.toBe("unknown");
      expect(entry.licence.commercialUse, entry.name).not.toBe("unknown");
      expect(bytesOf(entry), entry.name).toBeGreaterThan(100e6);
      for (const name of entry.drafts) {
        expect(catalogue.get(name).parameters!).toBeLessThan(entry.parameters!);
      }
    }
  });

  test("recommends first what may be used commercially, base models before those that chat", () => {
    const { entries } = new Catalogue();
    const recommended = entries.filter(({ isRecommended }) => isRecommended);
    expect(entries.slice(0, recommended.length)).toEqual(recommended);
    for (const { name, licence, kind, activeParameters } of recommended) {
      expect(licence.commercialUse, name).toBe("yes");
      // Of this mixture of experts there is no base model.
      if (activeParameters === undefined) expect(kind, name).toBe("base");
    }
  });

  test("the user's own entries come beside it, and before one of the same name", () => {
    const catalogue = new Catalogue([own, { ...own, name: "qwen2.5-coder-0.5b-q8_0" }]);
    expect(catalogue.get("mine")).toMatchObject({ title: "mine", licence: { name: "unknown" } });
    expect(catalogue.get("qwen2.5-coder-0.5b-q8_0").repository).toBe("me/mine");
    expect(sizeText(catalogue.get("mine"))).toBe("size unknown");
    expect(licenceText(catalogue.get("mine").licence)).toContain("licence unknown");
  });

  test.each([
    [
      { ...own, repository: "me" },
      /own entry 0\.repository: expected owner\/name, found "\\"me\\""/,
    ],
    [{ ...own, file: "a.bin" }, /file: expected a \.gguf file/],
    [{ ...own, sha256: "abc" }, /sha256: expected 64 hex digits/],
    [{ ...own, bytes: -1 }, /bytes: expected a number above 0/],
    [{ ...own, licence: { commercialUse: "perhaps" } }, /commercialUse: expected yes, conditional/],
    ["mine", /own entry 0: expected an object/],
    [{ ...own, drafts: [1] }, /drafts: expected a list of texts/],
  ])("refuses %j", (entry, message) => {
    expect(() => new Catalogue([entry])).toThrow(message);
  });

  test("an unknown name is answered with names that are alike", () => {
    expect(() => new Catalogue().get("qwen3b")).toThrow(/such as qwen2\.5-coder-0\.5b-q8_0/);
  });
});
