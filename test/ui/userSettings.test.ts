import { beforeEach, describe, expect, test } from "vitest";
import { updateUserSetting, updateUserSettings } from "../../src/ui/base/userSettings.ts";
import { fake, resetVscode } from "../fakes/fakeVscode.ts";

beforeEach(resetVscode);

describe("updateUserSettings", () => {
  test("says which settings the workspace decides, once for all", async () => {
    fake.workspaceSettings.set("treeline.suggestion.enabled", false);
    fake.workspaceSettings.set("treeline.suggestion.maxTokens", 8);
    await updateUserSettings([
      { name: "suggestion.enabled", value: true },
      { name: "suggestion.maxTokens", value: 8 },
      { name: "suggestion.trigger", value: "manual" },
    ]);
    expect(fake.settings.get("treeline.suggestion.enabled")).toBe(true);
    expect(fake.warningMessages).toEqual([
      "Treeline: this workspace's own settings still decide treeline.suggestion.enabled. Change or remove them there.",
    ]);
  });

  test("of an object only what it sets counts", async () => {
    fake.workspaceSettings.set("treeline.suggestion.languages", { python: false, rust: false });
    await updateUserSetting("suggestion.languages", { rust: false });
    expect(fake.warningMessages).toEqual([]);
    await updateUserSetting("suggestion.languages", { python: true });
    expect(fake.warningMessages).toHaveLength(1);
    fake.workspaceSettings.set("treeline.suggestion.languages", 0);
    await updateUserSetting("suggestion.languages", { python: true });
    expect(fake.warningMessages).toHaveLength(2);
  });
});
