import { describe, expect, test } from "vitest";
import { countersOfGeneration, figuresOf } from "../../src/ui/figures/counters.ts";
import { formatSaved } from "../../src/ui/figures/formats.ts";
import {
  type Phase,
  renderStatus,
  type StatusState,
  TOOLTIP_COMMANDS,
} from "../../src/ui/figures/status.ts";
import { completionResult, loadedModels } from "../support/completionResults.ts";

const NOTHING = figuresOf({});
const SOME = figuresOf({
  ...countersOfGeneration(completionResult("x")),
  shown: 4,
  accepted: 3,
  partialAccepts: 2,
  judgedCharacters: 50,
  keptCharacters: 40,
});

/** Ready, and nothing counted, but for what a test says. */
function render(state: Partial<StatusState>) {
  return renderStatus({
    phase: "ready",
    content: "figures",
    alsoLoadedBytes: 0,
    today: NOTHING,
    ...state,
  });
}

describe("renderStatus", () => {
  test.each<[Phase, string, string]>([
    ["off", "$(circle-slash) Treeline: off", "none"],
    ["starting", "$(loading~spin) Treeline: starting", "none"],
    ["loading", "$(loading~spin) Treeline: loading", "none"],
    ["ready", "$(list-tree) Treeline", "none"],
    ["working", "$(loading~spin) Treeline", "none"],
    ["asleep", "$(coffee) Treeline: asleep", "none"],
    ["recovering", "$(warning) Treeline: restarting", "warning"],
    ["failed", "$(error) Treeline: not working", "error"],
  ])("shows %s", (phase, text, color) => {
    const view = render({ phase });
    expect(view).toMatchObject({ text, color });
    expect(view.label).toMatch(/^Treeline: \w/);
    expect(view.tooltip).toContain("command:treeline.explainNoSuggestion");
  });

  test("shows the figures of late once there are enough, and those of today in words", () => {
    expect(render({ today: SOME }).text).toBe("$(list-tree) Treeline");
    const view = render({
      today: SOME,
      recent: figuresOf({ shown: 20, accepted: 8, tokens: 17, steps: 10 }),
    });
    expect(view.text).toBe("$(list-tree) Treeline 40 % 1.7/pass");
    expect(view.label).toBe(
      "Treeline: ready. You took 40 percent of the suggestions shown of late. 1.7 tokens per pass of the model",
    );
    expect(view.tooltip).toContain("Suggestions today: 4 shown, 3 taken, word by word 2 times");
    expect(view.tooltip).toContain("You kept 80 % of what you took (looked at again after 30 s)");
    expect(view.tooltip).toContain(
      "A pass of the model brought 2.00 tokens; without drafts it is 1",
    );
    expect(view.tooltip).toContain("Drafts that held: recycling\u00a050\u00a0%\u00a0of\u00a04");
    expect(view.tooltip).toContain("Time against plain decoding: 15 ms saved (estimated)");
  });

  test("says once rather than 1 times", () => {
    const { tooltip } = render({ today: { ...SOME, partialAccepts: 1 } });
    expect(tooltip).toContain("word by word once");
  });

  test("shows as much as the setting says, whatever the state", () => {
    const recent = figuresOf({ shown: 20, accepted: 8 });
    expect(render({ recent, content: "name" }).text).toBe("$(list-tree) Treeline");
    expect(render({ recent, content: "icon" }).text).toBe("$(list-tree)");
    expect(render({ phase: "off", content: "icon" }).text).toBe("$(circle-slash)");
    expect(render({ phase: "loading", recent }).text).toBe("$(loading~spin) Treeline: loading");
  });

  test("says how soon a first line is shown", () => {
    expect(render({ firstLineMs: 640 }).tooltip).toContain(
      "A first line is shown after 0.6 s (median)",
    );
  });

  test("says how large the workspace's index is, and how far it has come", () => {
    const tooltip = (phase: "off" | "indexing" | "ready", numWaiting = 0) => {
      const index = { phase, numFiles: 1, numTokens: 1_234_567, numWaiting };
      return render({ index }).tooltip;
    };
    expect(tooltip("ready")).toContain("Workspace index: 1 file, 1,234,567 tokens");
    expect(tooltip("indexing", 1_000)).toContain(
      "Indexing the workspace: 1 file, 1,234,567 tokens, 1,000 to go",
    );
    expect(tooltip("off")).not.toMatch(/index/i);
  });

  test("says that the demonstration model suggests only when asked, and how to choose another", () => {
    const view = (phase: Phase) => render({ phase, askedReason: "demonstration" });
    expect(view("ready").text).toBe("$(list-tree) Treeline: demonstration");
    expect(view("ready").label).toBe(
      "Treeline: ready; the demonstration model suggests only when asked",
    );
    expect(view("ready").tooltip).toContain("the demonstration model suggests only when asked");
    expect(view("ready").tooltip).toContain("[Choose a model](command:treeline.setUpModels)");
    expect(view("failed").label).toBe("Treeline: not working");
    const { tooltip } = render({ askedReason: "demonstration", today: SOME });
    expect(tooltip).toContain("A pass of the model brought 2.00 tokens");
    expect(tooltip).not.toContain("plain decoding");
  });

  test("says that it is paused, or asked only, and how to go on", () => {
    const paused = render({ askedReason: "paused" });
    expect(paused.text).toBe("$(debug-pause) Treeline: paused");
    expect(paused.tooltip).toContain("[Resume](command:treeline.togglePause)");
    expect(render({ askedReason: "manual" }).text).toBe("$(list-tree) Treeline: when asked");
  });

  test("says that the language is off, how to turn it on, and shows no figures then", () => {
    const view = render({ languageOff: "Markdown", recent: SOME });
    expect(view.text).toBe("$(circle-slash) Treeline: off here");
    expect(view.tooltip).toContain("off for Markdown");
    expect(view.tooltip).toContain("[Turn on for this language](command:treeline.toggleLanguage)");
  });

  test("links to commands that it may run", () => {
    for (const askedReason of ["paused", "manual", "demonstration"] as const) {
      const { tooltip } = render({ askedReason, languageOff: "go" });
      for (const [, id] of tooltip.matchAll(/\(command:([\w.]+)\)/g)) {
        expect(TOOLTIP_COMMANDS).toContain(id);
      }
    }
  });

  test("names the models, their notices, and another window that holds models", () => {
    const models = loadedModels({ notices: ["The draft was left out."] });
    const { tooltip } = render({
      models,
      alsoLoadedBytes: 5 * 1024 ** 2,
    });
    expect(tooltip).toContain("Model: target\\_7b (4.29 GB) on cpu");
    expect(tooltip).toContain("The draft was left out.");
    expect(tooltip).toContain("Also loaded in another window: 5.2 MB more");
  });

  test("shows an error's text as text", () => {
    const { tooltip } = render({ phase: "failed", detail: "no [link](command:evil) $(icon) <b>" });
    expect(tooltip).toContain("no \\[link\\] (command:evil) \\$ (icon) \\<b\\>");
  });
});

describe("formats", () => {
  test("give times as people read them", () => {
    expect(formatSaved(-12.4, 100)).toBe("12 ms lost");
    expect(formatSaved(-2.4, 100)).toBe("no difference");
    expect(formatSaved(65_432, 100_000)).toBe("65.4 s saved");
  });
});
