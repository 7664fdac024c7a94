/** Whatever foreign text reaches the editor, none of its surfaces obeys it. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import {
  confirmChange,
  confirmLoss,
  tell,
  tellError,
  tellWarning,
} from "../../src/ui/base/notifications.ts";
import { logTo } from "../../src/ui/base/vscodeAdapters.ts";
import { createCommands, registerCommands } from "../../src/ui/commands.ts";
import { figuresOf } from "../../src/ui/figures/counters.ts";
import { statisticsReport } from "../../src/ui/figures/statisticsReport.ts";
import { renderStatus, type StatusState } from "../../src/ui/figures/status.ts";
import { ProblemNotifier } from "../../src/ui/lifecycle/problem.ts";
import { workspaceText } from "../../src/ui/measure/benchmark.ts";
import { noSuggestionReport } from "../../src/ui/suggest/noSuggestionReport.ts";
import { fake, resetVscode, window } from "../fakes/fakeVscode.ts";
import { loadedModels } from "../support/completionResults.ts";
import {
  activeInLabel,
  hostileText,
  markdownReads,
  markdownShape,
  unseenIn,
} from "../support/hostileText.ts";
import { NUM_RUNS } from "../support/numRuns.ts";

const WORDS = "words";
const LINK =
  "[Repair this model](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22id%22%7D)";

function models(text: string) {
  const { target } = loadedModels();
  const named = { ...target, name: text };
  return loadedModels({ target: named, draft: named, notices: [text] });
}

/** Runs `check` on many foreign texts. */
function forAll(check: (text: string) => void): void {
  fc.assert(fc.property(hostileText(), check), { numRuns: NUM_RUNS, examples: [[LINK]] });
}

function expectInert(line: string): void {
  expect(unseenIn(line)).toEqual([]);
  expect(activeInLabel(line)).toEqual([]);
}

/** Foreign text changes the words of a document, never what it is made of. */
function expectShapeOfWords(documentOf: (text: string) => string): void {
  const shape = markdownShape(documentOf(WORDS));
  forAll((text) => {
    // A blank name leaves a blank cell or paragraph.
    const document = documentOf(`${WORDS}${text}`);
    expect(unseenIn(document.replaceAll(/[\n\u00a0]/g, ""))).toEqual([]);
    expect(markdownShape(document)).toEqual(shape);
    const own = documentOf(WORDS).match(/\$\([^)]*\)/g) ?? [];
    expect(markdownReads(document).match(/\$\([^)]*\)/g) ?? []).toEqual(own);
  });
}

beforeEach(() => resetVscode());

describe("notifications", () => {
  test("of every kind hold no link, icon, escape or line break", () => {
    forAll((text) => {
      void tell(text);
      void tellWarning(text);
      void tellError(text);
      void new ProblemNotifier().tell({ cause: "", message: `Model ${text}.`, kind: "models" });
      void confirmLoss(text, "Yes");
      void confirmChange(text, [text], "Yes");
      for (const detail of fake.details.splice(0)) expectInert(detail);
      for (const messages of [fake.infoMessages, fake.warningMessages, fake.errorMessages]) {
        expect(messages).toHaveLength(2);
        for (const message of messages.splice(0)) expectInert(message);
      }
    });
  });

  test("that tell a failed command's error hold none either", async () => {
    registerCommands({
      config: () => {
        throw new Error(`${LINK}\u001b[2J\nnext`);
      },
      log: () => {},
    } as never);
    await fake.commands.get("treeline.toggle")?.();
    expect(fake.errorMessages).toHaveLength(1);
    expectInert(fake.errorMessages[0]!);
    expect(fake.errorMessages[0]).toContain("Repair this model] (command:workbench");
  });
});

describe("the menu", () => {
  test("shows a language's name without an icon", async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(), async (languageId) => {
        window.activeTextEditor = { document: { languageId } };
        const config = { enabled: true, languages: {}, targetPath: "m.gguf", trigger: "automatic" };
        const lifecycle = { status: { models: models(languageId) } };
        const titles = new Map([["treeline.selectModels", "Select Model Files"]]);
        const context = { config: () => config, lifecycle, titles };
        await createCommands(context as never)["treeline.showMenu"]?.();
        const labels = fake.quickPicks.at(-1) ?? [];
        expect(labels.length).toBeGreaterThan(4);
        for (const description of fake.quickPickDescriptions) expectInert(description);
        for (const label of labels) expectInert(label);
      }),
      { numRuns: NUM_RUNS },
    );
  });
});

describe("the status bar", () => {
  const state = (text: string): StatusState => ({
    phase: "ready",
    content: "figures",
    detail: text,
    models: models(text),
    alsoLoadedBytes: 0,
    languageOff: text,
    today: figuresOf({}),
  });

  test("has the icons and links of its own only", () => {
    expectShapeOfWords((text) => renderStatus(state(text)).tooltip);
    forAll((text) => {
      const view = renderStatus(state(text));
      expect(view.text).toBe("$(circle-slash) Treeline: off here");
      expectInert(view.label);
      expect(view.tooltip.match(/\]\(command:/g)).toHaveLength(4);
    });
  });
});

describe("reports", () => {
  test("are built of their own tables, lists and links only", () => {
    const facts = {
      onlyWhenAsked: false,
      isLanguageOff: true,
      inlineSuggestEnabled: true,
      hidingSettings: [],
      isTrusted: true,
    };
    expectShapeOfWords((text) => {
      const status = { phase: "failed", detail: text, models: models(text), alsoLoadedBytes: 0 };
      const decision = {
        at: new Date(0),
        document: text,
        languageId: text,
        line: 1,
        reason: "engineFailed",
        detail: text,
      };
      return noSuggestionReport(status as never, { ...facts, languageId: text, rivals: [text] }, [
        decision as never,
      ]);
    });
    expectShapeOfWords((text) =>
      statisticsReport({ "2026-01-01": { [text]: { shown: 1 } } }, new Date(2026, 0, 1)),
    );
  });

  test("name the workspace's folders in one short line", () => {
    forAll((text) => {
      const folders = [{ name: text }, { name: text }];
      const line = workspaceText(folders, { files: [], numBytes: 0, numFound: 0 });
      expect(unseenIn(line)).toEqual([]);
      expect(line.length).toBeLessThan(140);
    });
  });
});

describe("the log", () => {
  test("has one line per event, without escapes", () => {
    const channel = window.createOutputChannel("Treeline", { log: true });
    const log = logTo(channel as never);
    forAll((text) => {
      log("error", `engine crashed reason=${text}`);
      const [line = "", ...more] = fake.logLines.splice(0);
      expect(more).toEqual([]);
      expect(unseenIn(line)).toEqual([]);
      expect(line.length).toBeLessThan(4_100);
    });
  });
});
