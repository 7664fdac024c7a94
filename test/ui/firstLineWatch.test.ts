import { beforeEach, describe, expect, test } from "vitest";
import { readConfig } from "../../src/ui/base/config.ts";
import { FirstLineWatch } from "../../src/ui/lifecycle/firstLineWatch.ts";
import { fake, resetVscode } from "../fakes/fakeVscode.ts";
import { loadedModels } from "../support/completionResults.ts";

const config = (settings: Record<string, unknown> = {}) =>
  readConfig(
    (name) => ({ "model.target": "big.gguf", ...settings })[name],
    "",
    () => {},
  );

function sharedStorage() {
  const values = new Map<string, unknown>();
  return {
    get: (key: string) => values.get(key),
    update: async (key: string, value: unknown) => void values.set(key, value),
  } as never;
}

/** One that was told such times. */
async function watchOf(times: readonly number[], storage = sharedStorage(), settings = {}) {
  const watch = new FirstLineWatch(storage);
  watch.serves(loadedModels());
  for (const ms of times) await watch.waited(ms, config(settings));
  return watch;
}

describe("FirstLineWatch", () => {
  beforeEach(() => resetVscode());

  test("warns once where the median is above a second, and names the remedy", async () => {
    const storage = sharedStorage();
    await watchOf([400, 2_000, 12_000, 2_500, 2_400, 2_400, 2_400], storage);
    expect(fake.warningMessages).toEqual([
      expect.stringMatching(/target_7b on cpu a first line takes 2\.4 s.*about 40 % of its size/),
    ]);
    await watchOf([9_000, 9_000, 9_000, 9_000, 9_000], storage);
    expect(fake.warningMessages).toHaveLength(1);
  });

  test("is silent about a few slow ones among many, and about too few", async () => {
    const watch = await watchOf([5_000, 300, 5_000, 300, 300, 300]);
    expect(watch.medianMs).toBe(300);
    expect((await watchOf([5_000, 5_000, 5_000, 5_000])).medianMs).toBeUndefined();
    expect(fake.warningMessages).toEqual([]);
  });

  test("is silent about the demonstration, which has a notice of its own", async () => {
    await watchOf([5_000, 5_000, 5_000, 5_000, 5_000], sharedStorage(), { "model.target": "" });
    expect(fake.warningMessages).toEqual([]);
  });

  test("begins anew with other models", async () => {
    const watch = await watchOf([300, 300, 300, 300, 300]);
    watch.serves(loadedModels());
    expect(watch.medianMs).toBeUndefined();
  });

  test.each([
    ["Choose a Model", {}, () => fake.executed, ["treeline.setUpModels"]],
    ["Use the GPU", { "model.gpu": "off" }, () => [...fake.settings], []],
  ])("%s does so", async (button, settings, read, expected) => {
    fake.settings.set("treeline.model.gpu", "off");
    fake.pressedButtons = [button];
    await watchOf([5_000, 5_000, 5_000, 5_000, 5_000], sharedStorage(), settings);
    if (button === "Choose a Model") fake.settings.clear();
    expect(read()).toEqual(expected);
  });
});
