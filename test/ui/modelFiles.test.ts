import { beforeEach, describe, expect, test, vi } from "vitest";
import { readConfig } from "../../src/ui/base/config.ts";
import type { Phase } from "../../src/ui/figures/status.ts";
import { useModels } from "../../src/ui/models/modelFiles.ts";
import { fake, resetVscode, setSetting } from "../fakes/fakeVscode.ts";

beforeEach(resetVscode);

function useWith(phase: Phase) {
  return {
    config: () =>
      readConfig(
        (name) => fake.settings.get(`treeline.${name}`),
        "",
        () => {},
      ),
    settled: async () => ({ phase, alsoLoadedBytes: 0 }),
    restart: vi.fn(async () => {}),
  };
}

describe("useModels", () => {
  test("loads again where the settings stay and loading had failed: the files may be there by now", async () => {
    setSetting("treeline.model.target", "late.gguf");
    const use = useWith("failed");
    await useModels("late.gguf", undefined, use);
    expect(use.restart).toHaveBeenCalledOnce();
  });

  test.each(["ready", "asleep"] as const)("leaves models alone that are %s", async (phase) => {
    setSetting("treeline.model.target", "late.gguf");
    const use = useWith(phase);
    await useModels("late.gguf", undefined, use);
    expect(use.restart).not.toHaveBeenCalled();
  });

  test("leaves the load of other models to the settings", async () => {
    setSetting("treeline.model.target", "early.gguf");
    const use = useWith("failed");
    await useModels("late.gguf", "small.gguf", use);
    expect(fake.settings.get("treeline.model.target")).toBe("late.gguf");
    expect(fake.settings.get("treeline.model.draft")).toBe("small.gguf");
    expect(use.restart).not.toHaveBeenCalled();
  });
});
