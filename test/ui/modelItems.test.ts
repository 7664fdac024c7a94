import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SpeedBook } from "../../src/models/advice/speedBook.ts";
import { Catalogue } from "../../src/models/catalogue/catalogue.ts";
import { type ModelsHere, modelItems } from "../../src/ui/models/modelItems.ts";

const SPEED = { promptMs: 350, tokenMs: 30 };
const MACHINE = { types: { Q4_K: SPEED, Q5_0: SPEED, Q8_0: SPEED } };
const INSTALLED = {
  name: "qwen2.5-coder-0.5b-q8_0",
  repository: "a/b",
  file: "c.gguf",
  bytes: 531e6,
  sha256: "0".repeat(64),
  licence: "Apache License 2.0, commercial use allowed",
  installedAt: "2026-11-30T00:00:00Z",
  path: "/models/qwen2.5-coder-0.5b-q8_0.gguf",
};

async function itemsOf(changes: Partial<ModelsHere> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "treeline-items-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const book = await SpeedBook.open(join(folder, "speed.json"), "off");
  await book.addProbed(MACHINE);
  return modelItems({
    catalogue: new Catalogue(),
    installed: [],
    found: [],
    book,
    memoryBytes: 16e9,
    target: undefined,
    ...changes,
  });
}
const sections = (items: Awaited<ReturnType<typeof itemsOf>>) =>
  items.filter(({ kind }) => kind === -1).map(({ label }) => label);

describe("modelItems", () => {
  test("begins with what is recommended, with size, speed and licence", async () => {
    const items = await itemsOf();
    expect(sections(items)).toEqual(["Recommended", "Files", "More models"]);
    expect(items[1]?.description).toMatch(/GB|MB/);
    expect(items[1]?.detail).toMatch(/^a line after .* s, estimated · Apache License 2\.0/);
  });

  test("what is here comes first; an installed model is not offered again", async () => {
    const found = { path: "/x.gguf", program: "LM Studio", label: "x", bytes: 1e9 } as const;
    const items = await itemsOf({ installed: [INSTALLED], found: [found], target: INSTALLED.name });
    expect(sections(items)[0]).toBe("Installed, or on this disk");
    expect(items[1]?.label).toBe("$(check) Qwen2.5-Coder 0.5B, Q8_0");
    expect(items[2]).toMatchObject({ description: "1.00 GB, LM Studio", detail: "/x.gguf" });
    const offered = items.filter(({ choice }) => choice?.kind === "entry");
    expect(offered.some(({ label }) => label.includes("0.5B, Q8_0"))).toBe(false);
  });

  test("what memory cannot hold is not recommended, and says so first", async () => {
    const items = await itemsOf({ memoryBytes: 2e9 });
    const large = items.find(({ label }) => label.includes("Qwen2.5-Coder 7B, Q8_0"));
    expect(large?.detail).toMatch(/^more than memory holds/);
    const more = items.findIndex(({ label }) => label === "More models");
    expect(items.indexOf(large!)).toBeGreaterThan(more);
  });

  test("no foreign text becomes a link or an icon", async () => {
    const label = "$(trash) [x](command:evil)";
    const found = { path: label, program: "Jan", label, bytes: 1 } as const;
    const [, item] = await itemsOf({ found: [found] });
    expect(item?.label).toBe("$(file) $ (trash) [x] (command:evil)");
    expect(item?.detail).toBe("$ (trash) [x] (command:evil)");
  });
});
