import { beforeEach, describe, expect, test } from "vitest";
import { moveRenamedSettings } from "../../src/ui/base/renamedSettings.ts";
import {
  ConfigurationTarget,
  fake,
  resetVscode,
  setSetting,
  workspace,
} from "../fakes/fakeVscode.ts";

const BEFORE = "treeline.enable";
const NOW = "treeline.suggestion.languages";

describe("moveRenamedSettings", () => {
  const log: string[] = [];
  const move = () => moveRenamedSettings((_level, message) => log.push(message));

  beforeEach(() => {
    resetVscode();
    workspace.isTrusted = true;
    log.length = 0;
  });

  test("moves the user's value and the workspace's, each to where it stood", async () => {
    setSetting(BEFORE, { go: false });
    setSetting(BEFORE, { rust: false }, ConfigurationTarget.Workspace);
    await move();
    expect([...fake.settings]).toEqual([[NOW, { go: false }]]);
    expect([...fake.workspaceSettings]).toEqual([[NOW, { rust: false }]]);
    expect(log).toHaveLength(2);
  });

  test("keeps what stands under the new name", async () => {
    setSetting(BEFORE, { go: false });
    setSetting(NOW, { go: true });
    await move();
    expect([...fake.settings]).toEqual([[NOW, { go: true }]]);
  });

  test("leaves the settings of a workspace alone that is not trusted", async () => {
    workspace.isTrusted = false;
    setSetting(BEFORE, { rust: false }, ConfigurationTarget.Workspace);
    await move();
    expect([...fake.workspaceSettings]).toEqual([[BEFORE, { rust: false }]]);
  });

  test("writes nothing where nothing was renamed", async () => {
    setSetting(NOW, { go: true });
    await move();
    expect(log).toEqual([]);
  });
});
