/** What the user is told of the demonstration model: when, how often, and what comes of the answer. */
import { beforeEach, describe, expect, test } from "vitest";
import { type Config, readConfig } from "../../src/ui/base/config.ts";
import { DemonstrationNotice } from "../../src/ui/lifecycle/demonstration.ts";
import { fake, resetVscode, window } from "../fakes/fakeVscode.ts";

function config(settings: Record<string, unknown> = {}): Config {
  return readConfig(
    (name) => settings[name],
    "",
    () => {},
  );
}

/** What all windows share. */
function sharedStorage() {
  const values = new Map<string, unknown>();
  return {
    get: (key: string) => values.get(key),
    update: async (key: string, value: unknown) => void values.set(key, value),
  };
}

describe("DemonstrationNotice", () => {
  beforeEach(() => resetVscode());

  test("tells once, whatever is chosen, over windows and starts", async () => {
    const storage = sharedStorage();
    const notice = new DemonstrationNotice(storage);
    await Promise.all([notice.tell(config()), notice.tell(config())]);
    await new DemonstrationNotice(storage).tell(config());
    expect(fake.infoMessages).toEqual([expect.stringContaining("5 MB demonstration model")]);
    // Closed without an answer.
    expect(fake.settings.size).toBe(0);
    expect(fake.executed).toEqual([]);
  });

  test("is silent where the model is the user's, kept, or off", async () => {
    const notice = new DemonstrationNotice(sharedStorage());
    await notice.tell(config({ "model.target": "a.gguf" }));
    await notice.tell(config({ "suggestion.demonstration": true }));
    await notice.tell(config({ "suggestion.enabled": false }));
    expect(fake.infoMessages).toEqual([]);
    await notice.tell(config());
    expect(fake.infoMessages).toHaveLength(1);
  });

  test("leaves it to the window that the user looks at", async () => {
    const storage = sharedStorage();
    const [one, two] = [new DemonstrationNotice(storage), new DemonstrationNotice(storage)];
    window.state.focused = false;
    await one.tell(config());
    expect(fake.infoMessages).toEqual([]);
    window.state.focused = true;
    await two.tell(config());
    await one.tell(config());
    expect(fake.infoMessages).toHaveLength(1);
  });

  test.each([
    ["Keep", "treeline.suggestion.demonstration", true],
    ["Turn Off", "treeline.suggestion.enabled", false],
  ])("%s sets %s to %s", async (button, name, value) => {
    fake.pressedButtons = [button];
    await new DemonstrationNotice(sharedStorage()).tell(config());
    expect([...fake.settings]).toEqual([[name, value]]);
  });

  test("Choose a Model runs the picker", async () => {
    fake.pressedButtons = ["Choose a Model"];
    await new DemonstrationNotice(sharedStorage()).tell(config());
    expect(fake.executed).toEqual(["treeline.setUpModels"]);
  });
});
