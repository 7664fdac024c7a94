import { beforeEach, describe, expect, test } from "vitest";
import type {
  CompletionQuery,
  CompletionSource,
  QueryOutcome,
} from "../../src/session/broker/completionQuery.ts";
import { readConfig } from "../../src/ui/base/config.ts";
import { DecisionLog } from "../../src/ui/suggest/decisionLog.ts";
import { ACCEPTED_COMMAND, InlineProvider } from "../../src/ui/suggest/inlineProvider.ts";
import type { Offer } from "../../src/ui/suggest/keptText.ts";
import { FakeDocument } from "../fakes/fakeDocument.ts";
import {
  CancellationTokenSource,
  type InlineCompletionList,
  InlineCompletionTriggerKind,
  liveDisposables,
  NotebookCellKind,
  Position,
  Range,
  resetVscode,
  window,
  workspace,
} from "../fakes/fakeVscode.ts";
import { suggestion } from "../support/completionResults.ts";

type Answer = (query: CompletionQuery, signal: AbortSignal) => Promise<QueryOutcome>;

function setUp(answer: Answer = async () => ({ suggestion: suggestion(5, "b + c;\n") })) {
  const queries: CompletionQuery[] = [];
  const offers: Offer[] = [];
  const decisions = new DecisionLog();
  const log: string[] = [];
  const waits: number[] = [];
  const source: CompletionSource = {
    query: (query, signal) => {
      queries.push(query);
      return answer(query, signal);
    },
    prepare: () => {},
    accepted: () => {},
    forget: () => {},
  };
  const settings: Record<string, unknown> = {};
  const provider = new InlineProvider({
    source,
    config: () =>
      readConfig(
        (name) => settings[name],
        "/home/me",
        () => {},
      ),
    decisions,
    log: (_level, message) => log.push(message),
    onOffer: (offer) => offers.push(offer),
    onWaited: (ms) => waits.push(ms),
  });
  const askAt = async (
    document: FakeDocument,
    position: Position,
    { context, token }: { context?: object; token?: unknown } = {},
  ) => {
    const list = await provider.provideInlineCompletionItems(
      document as never,
      position as never,
      { triggerKind: InlineCompletionTriggerKind.Automatic, ...context } as never,
      (token ?? new CancellationTokenSource().token) as never,
    );
    return list as unknown as InlineCompletionList | undefined;
  };
  /** Asks at the `█`. */
  const ask = (
    marked: string,
    options: { uri?: string; languageId?: string; context?: object; token?: unknown } = {},
  ) => {
    const document = new FakeDocument(marked.replace("█", ""), options);
    return askAt(document, document.positionAt(marked.indexOf("█")), options);
  };
  const reasons = () => decisions.decisions.map(({ reason }) => reason);
  return { ask, askAt, queries, offers, reasons, log, settings, waits };
}

describe("InlineProvider", () => {
  beforeEach(() => {
    resetVscode();
    return () => expect(liveDisposables()).toEqual([]);
  });

  test("hands out several items in one place, the first as it would be alone", async () => {
    const several = setUp(async () => ({ suggestion: suggestion(5, "b;\n", ["c;\n", "d;"]) }));
    const list = await several.ask("const a = █\n");
    const alone = await setUp(async () => ({ suggestion: suggestion(5, "b;\n") })).ask(
      "const a = █\n",
    );
    expect(list?.items[0]).toEqual(alone?.items[0]);
    expect(list?.items.map(({ insertText }) => insertText)).toEqual(["b;\n", "c;\n", "d;"]);
    const ranks = list?.items.map(({ command }) => command?.arguments);
    expect(ranks).toEqual([
      [5, 1],
      [5, 2],
      [5, 3],
    ]);
    expect(several.offers).toMatchObject([{ text: "b;\n", others: ["c;\n", "d;"] }]);
  });

  test("asks with the text around the cursor and hands out one item there", async () => {
    const { ask, queries, offers, reasons } = setUp();
    const list = await ask("const a = █\nnext();\n");
    expect(queries).toEqual([
      {
        prefixText: "const a = ",
        suffixText: "\nnext();\n",
        documentPath: "/ws/a.ts",
        documentId: "file:/ws/a.ts",
        languageId: "typescript",
        filePath: "a.ts",
        repoName: "ws",
        trigger: "automatic",
      },
    ]);
    const at = new Position(0, 10);
    expect(list?.items).toEqual([
      {
        insertText: "b + c;\n",
        range: new Range(at, at),
        command: { title: "Suggestion Accepted", command: ACCEPTED_COMMAND, arguments: [5, 1] },
      },
    ]);
    expect(offers).toEqual([
      {
        id: 5,
        others: [],
        documentId: "file:/ws/a.ts",
        languageId: "typescript",
        offset: 10,
        text: "b + c;\n",
      },
    ]);
    expect(reasons()).toEqual(["offered"]);
  });

  test("tells an invocation from typing", async () => {
    const { ask, queries } = setUp();
    await ask("a█", { context: { triggerKind: InlineCompletionTriggerKind.Invoke } });
    expect(queries[0]?.trigger).toBe("invoke");
  });

  test("tells of the wait for a first line, not of one for all suggestions", async () => {
    let isWhole = true;
    const answer = async () => ({ suggestion: { ...suggestion(1, "b"), isWhole } });
    const { ask, settings, waits } = setUp(answer);
    const byHand = { context: { triggerKind: InlineCompletionTriggerKind.Invoke } };
    await ask("a█", byHand);
    expect(waits).toHaveLength(0);
    await ask("a█");
    expect(waits).toHaveLength(1);
    isWhole = false;
    await ask("a█", byHand);
    expect(waits).toHaveLength(2);
    isWhole = true;
    settings["suggestion.count"] = 1;
    await ask("a█", byHand);
    expect(waits).toHaveLength(3);
  });

  test.each([
    "untitled:Untitled-1",
    "vscode-remote:/ws/a.ts",
    "vscode-userdata:/u/settings.json",
    "vscode-vfs:/github/a.ts",
    "sftp:/x/a.ts",
  ])("serves %s", async (uri) => {
    const { ask } = setUp();
    expect((await ask("a█", { uri }))?.items).toHaveLength(1);
  });

  test.each([
    ["output:/log", "Log"],
    ["output:/x", "typescript"],
    ["vscode-scm:/git/input", "scminput"],
    ["git:/ws/a.ts", "typescript"],
    ["treeline-report:/x.md", "markdown"],
    ["file:/ws/a.log", "log"],
  ])("never serves %s in %s", async (uri, languageId) => {
    const { ask, queries, reasons } = setUp();
    expect(await ask("a█", { uri, languageId })).toBeUndefined();
    expect(queries).toEqual([]);
    expect(reasons()).toEqual([]);
  });

  test("answers with nothing, and says why, where the user switched it off", async () => {
    const { ask, queries, reasons, settings } = setUp();
    await ask("a█", { languageId: "markdown" });
    settings["suggestion.languages"] = { typescript: false };
    await ask("a█");
    settings["suggestion.enabled"] = false;
    await ask("a█", { languageId: "go" });
    expect(queries).toEqual([]);
    expect(reasons()).toEqual(["off", "languageOff", "languageOff"]);
  });

  test("answers with nothing where several cursors are", async () => {
    const { ask, reasons } = setUp();
    window.activeTextEditor = { document: new FakeDocument("a"), selections: [{}, {}] };
    expect(await ask("a█")).toBeUndefined();
    expect(reasons()).toEqual(["severalCursors"]);
  });

  test("extends the selected entry of the suggest widget with that entry's range", async () => {
    const { ask, queries, offers } = setUp(async () => ({ suggestion: suggestion(1, "().x") }));
    const range = new Range(new Position(0, 4), new Position(0, 6));
    const list = await ask("foo.to█()", {
      context: { selectedCompletionInfo: { range, text: "toString" } },
    });
    expect(queries[0]).toMatchObject({ prefixText: "foo.toString", suffixText: "()" });
    expect(list?.items[0]).toMatchObject({ insertText: "toString().x", range });
    expect(offers[0]).toMatchObject({ offset: 12, cursorOffset: 6, text: "().x" });
  });

  test("speaks line feeds with the model and the document's line ends with the tracker", async () => {
    const { ask, queries, offers } = setUp(async () => ({ suggestion: suggestion(1, "b\n\tc") }));
    const list = await ask("a\r\n\t█\r\n");
    expect(queries[0]).toMatchObject({ prefixText: "a\n\t", suffixText: "\n" });
    expect(list?.items[0]?.insertText).toBe("b\n\tc");
    expect(offers[0]).toMatchObject({ offset: 4, text: "b\r\n\tc" });
  });

  test("puts the notebook's earlier cells of the language first", async () => {
    const { askAt, queries } = setUp();
    const uri = "vscode-notebook-cell:/ws/n.ipynb";
    const cell = (text: string, languageId: string, kind: number = NotebookCellKind.Code) => ({
      kind,
      document: new FakeDocument(text, { uri, languageId }),
    });
    const asked = cell("y = ", "python");
    const cells = [
      cell("x = 1\n", "python"),
      cell("# title", "markdown", NotebookCellKind.Markup),
      cell("ls", "shellscript"),
      asked,
      cell("z", "python"),
    ];
    workspace.notebookDocuments = [{ uri: { path: "/ws/n.ipynb" }, getCells: () => cells }];
    await askAt(asked.document, new Position(0, 4));
    expect(queries[0]?.prefixText).toBe("x = 1\ny = ");
    expect(queries[0]).toMatchObject({ filePath: "n.ipynb", repoName: "ws" });
  });

  test("aborts the question when the editor cancels, and offers nothing then", async () => {
    const cancellation = new CancellationTokenSource();
    let wasAborted = false;
    const { ask, offers, reasons } = setUp(async (_query, signal) => {
      cancellation.cancel();
      wasAborted = signal.aborted;
      return { suggestion: suggestion(1, "late") };
    });
    expect(await ask("a█", { token: cancellation.token })).toBeUndefined();
    expect(wasAborted).toBe(true);
    expect(offers).toEqual([]);
    expect(reasons()).toEqual(["cancelled"]);
  });

  test("remembers why there was none", async () => {
    const { ask, reasons } = setUp(async () => ({
      noSuggestion: { reason: "rejected", detail: "The model repeated itself." },
    }));
    expect(await ask("a█")).toBeUndefined();
    expect(reasons()).toEqual(["rejected"]);
  });

  test("never throws", async () => {
    const { ask, reasons, log } = setUp(async () => {
      throw new RangeError("a bug");
    });
    expect(await ask("a█")).toBeUndefined();
    expect(reasons()).toEqual(["internalError"]);
    expect(log[0]).toContain("a bug");
  });
});
