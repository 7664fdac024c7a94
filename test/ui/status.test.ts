import { describe, expect, test } from "vitest";
import { countersOfGeneration, figuresOf } from "../../src/ui/figures/counters.ts";
import {
  formatBytes,
  formatSaved,
  type Phase,
  renderStatus,
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

describe("renderStatus", () => {
  test.each<[Phase, string, string]>([
    ["off", "$(circle-slash) Treeline", "none"],
    ["starting", "$(loading~spin) Treeline", "none"],
    ["loading", "$(loading~spin) Treeline", "none"],
    ["ready", "$(list-tree) Treeline", "none"],
    ["working", "$(loading~spin) Treeline", "none"],
    ["recovering", "$(warning) Treeline", "warning"],
    ["failed", "$(error) Treeline", "error"],
  ])("shows %s", (phase, text, color) => {
    const view = renderStatus({ phase, alsoLoadedBytes: 0, today: NOTHING });
    expect(view).toMatchObject({ text, color });
    expect(view.label).toMatch(/^Treeline: \w/);
    expect(view.tooltip).toContain("command:treeline.explainNoSuggestion");
  });

  test("shows acceptance and tokens per pass once there are some", () => {
    const view = renderStatus({ phase: "ready", alsoLoadedBytes: 0, today: SOME });
    expect(view.text).toBe("$(list-tree) Treeline 75 % 2.0/pass");
    expect(view.label).toBe(
      "Treeline: ready. 75 percent of the suggestions shown today were accepted. 2.0 tokens per pass",
    );
    expect(view.tooltip).toContain("Today: 4 shown, 3 accepted, word by word 2 times");
    expect(view.tooltip).toContain("Kept: 40 of 50 accepted characters after 30 s");
    expect(view.tooltip).toContain("Tokens per pass: 2.00 incl. bonus");
    expect(view.tooltip).toContain("Drafts accepted: recycling\u00a050\u00a0%\u00a0of\u00a04");
    expect(view.tooltip).toContain("Against plain decoding: 15 ms saved (estimated)");
  });

  test("says once rather than 1 times", () => {
    const today = { ...SOME, partialAccepts: 1 };
    const { tooltip } = renderStatus({ phase: "ready", alsoLoadedBytes: 0, today });
    expect(tooltip).toContain("word by word once");
  });

  test("says how large the workspace's index is, and how far it has come", () => {
    const tooltip = (phase: "off" | "indexing" | "ready", numWaiting = 0) => {
      const index = { phase, numFiles: 1, numTokens: 1_234_567, numWaiting };
      return renderStatus({ phase: "ready", alsoLoadedBytes: 0, today: NOTHING, index }).tooltip;
    };
    expect(tooltip("ready")).toContain("Workspace index: 1 file, 1,234,567 tokens");
    expect(tooltip("indexing", 1_000)).toContain(
      "Indexing the workspace: 1 file, 1,234,567 tokens, 1,000 to go",
    );
    expect(tooltip("off")).not.toMatch(/index/i);
  });

  test("says that the demonstration model suggests only when asked, and how to choose another", () => {
    const view = (phase: Phase) =>
      renderStatus({ phase, alsoLoadedBytes: 0, today: NOTHING, onlyWhenAsked: true });
    expect(view("ready").text).toBe("$(list-tree) Treeline");
    expect(view("ready").label).toBe(
      "Treeline: ready; the demonstration model suggests only when asked",
    );
    expect(view("ready").tooltip).toContain("the demonstration model suggests only when asked");
    expect(view("ready").tooltip).toContain("[Choose a model](command:treeline.selectModels)");
    expect(view("failed").label).toBe("Treeline: not working");
    expect(TOOLTIP_COMMANDS).toContain("treeline.selectModels");
  });

  test("says that the language is off, and shows no figures then", () => {
    const view = renderStatus({
      phase: "ready",
      alsoLoadedBytes: 0,
      languageOff: "markdown",
      today: SOME,
    });
    expect(view.text).toBe("$(circle-slash) Treeline");
    expect(view.tooltip).toContain("off for markdown");
  });

  test("names the models, their notices, and another window that holds models", () => {
    const models = loadedModels({ notices: ["The draft was left out."] });
    const { tooltip } = renderStatus({
      phase: "ready",
      models,
      alsoLoadedBytes: 5 * 1024 ** 2,
      today: NOTHING,
    });
    expect(tooltip).toContain("target\\_7b (4.0 GB) on cpu");
    expect(tooltip).toContain("The draft was left out.");
    expect(tooltip).toContain("Also loaded in another window: 5.0 MB more");
  });

  test("shows an error's text as text", () => {
    const { tooltip } = renderStatus({
      phase: "failed",
      detail: "no [link](command:evil) $(icon) <b>",
      alsoLoadedBytes: 0,
      today: NOTHING,
    });
    expect(tooltip).toContain("no \\[link\\] (command:evil) \\$ (icon) \\<b\\>");
  });
});

describe("formats", () => {
  test("give bytes and times as people read them", () => {
    expect(formatBytes(1024 ** 2 * 4.96)).toBe("5.0 MB");
    expect(formatBytes(1024 ** 2 * 400)).toBe("400 MB");
    expect(formatSaved(-12.4)).toBe("12 ms lost");
    expect(formatSaved(65_432)).toBe("65.4 s saved");
  });
});
