import { beforeEach, describe, expect, test, vi } from "vitest";
import { DEFAULT_CONFIGS } from "../../src/bench/base/benchConfigNames.ts";
import { formatBenchMarkdown } from "../../src/bench/speed/benchMarkdown.ts";
import type { BenchReport } from "../../src/bench/speed/benchReport.ts";
import { benchParams } from "../../src/engine/protocol/benchMessages.ts";
import { checkRequest } from "../../src/engine/requestChecks.ts";
import type { ShowMessage } from "../../src/panel/messages/panelProtocol.ts";
import { readConfig } from "../../src/ui/base/config.ts";
import type { EngineStatus, Phase } from "../../src/ui/figures/status.ts";
import { Benchmark, type BenchmarkContext } from "../../src/ui/measure/benchmark.ts";
import {
  fake,
  liveDisposables,
  resetVscode,
  setSetting,
  Uri,
  workspace,
} from "../fakes/fakeVscode.ts";
import { type FakeWebviewPanel, setFile, workbench } from "../fakes/fakeWorkbench.ts";
import { GAIN_REPORT, withFused } from "../support/benchReports.ts";

const LOSS = { ratioToPlain: { ratio: 0.8, low: 0.7, high: 0.9 } };
const LOSING: BenchReport = {
  ...GAIN_REPORT,
  suites: { repo: withFused(GAIN_REPORT.suites["repo"]!, LOSS) },
};

describe("Benchmark", () => {
  let log: string[];
  let phase: Phase;

  beforeEach(() => {
    resetVscode();
    log = [];
    phase = "ready";
    workspace.workspaceFolders = [{ name: "ws", uri: Uri.from({ scheme: "file", path: "/ws" }) }];
    setFile("/ws/a.ts", "export const answer = 42;\n");
  });

  function create(bench: BenchmarkContext["bench"] = async () => GAIN_REPORT): Benchmark {
    return new Benchmark({
      extensionUri: Uri.from({ scheme: "file", path: "/treeline" }) as never,
      bench,
      status: (): EngineStatus => ({ phase, alsoLoadedBytes: 0 }),
      wake: async () => {
        if (phase === "asleep") phase = "ready";
      },
      config: () =>
        readConfig(
          (name) => fake.settings.get(`treeline.${name}`),
          "",
          () => {},
        ),
      log: (level, message) => log.push(`${level} ${message}`),
    });
  }

  /** The open panel, whose page is ready. */
  function openPanel(): FakeWebviewPanel {
    const panel = workbench.panels.at(-1);
    if (panel === undefined) throw new Error("No panel was opened.");
    panel.send({ type: "ready" });
    return panel;
  }

  const lastState = (panel: FakeWebviewPanel) => (panel.posted.at(-1) as ShowMessage).state;

  test("measures on the workspace's sources and shows the report in a locked-down panel", async () => {
    const bench = vi.fn<BenchmarkContext["bench"]>(async () => GAIN_REPORT);
    const benchmark = create(bench);
    await benchmark.run();
    const [params] = bench.mock.calls[0]!;
    checkRequest(benchParams, params);
    const files = [{ path: "a.ts", text: "export const answer = 42;\n" }];
    expect(params).toMatchObject({
      suites: ["repo"],
      workspace: { origin: "ws (1 file, 1 kB)", repoName: "ws", files },
      configs: DEFAULT_CONFIGS,
      budgetMs: 180_000,
      seed: 1,
    });
    const panel = openPanel();
    expect(panel.options).toEqual({
      enableScripts: true,
      enableFindWidget: true,
      localResourceRoots: [Uri.from({ scheme: "file", path: "/treeline/dist" })],
    });
    expect(panel.webview.html).toContain("https://files.example/treeline/dist/benchPanel.js");
    expect(lastState(panel).report).toEqual(GAIN_REPORT);
    expect(lastState(panel).changes).toEqual([]);
    benchmark[Symbol.dispose]();
    expect(liveDisposables()).toEqual([]);
  });

  test("every page gets a nonce of its own", async () => {
    const benchmark = create();
    const nonces = new Set<string | undefined>();
    for (let round = 0; round < 3; round++) {
      await benchmark.run();
      const panel = openPanel();
      nonces.add(/'nonce-([^']{20,})'/.exec(panel.webview.html)?.[1]);
      panel.dispose();
    }
    expect(nonces.size).toBe(3);
    expect(nonces).not.toContain(undefined);
  });

  test("a hidden page that comes back is told again", async () => {
    const benchmark = create();
    await benchmark.run();
    const panel = openPanel();
    const before = panel.posted.length;
    panel.send({ type: "ready" });
    expect(panel.posted).toHaveLength(before + 1);
    expect(panel.posted.at(-1)).toEqual(panel.posted[before - 1]);
  });

  test("a second run shows its report in the same panel", async () => {
    const reports = [GAIN_REPORT, LOSING];
    const benchmark = create(async () => reports.shift()!);
    await benchmark.run();
    openPanel().send({ type: "runAgain" });
    await vi.waitFor(() => expect(lastState(workbench.panels[0]!).report).toEqual(LOSING));
    expect(workbench.panels).toHaveLength(1);
    expect(workbench.panels[0]?.numReveals).toBe(1);
  });

  test("wakes an engine that sleeps, whether by command or from the panel", async () => {
    const phases: Phase[] = [];
    const benchmark = create(async () => {
      phases.push(phase);
      return GAIN_REPORT;
    });
    phase = "asleep";
    await benchmark.run();
    phase = "asleep";
    openPanel().send({ type: "runAgain" });
    await vi.waitFor(() => expect(phases).toEqual(["ready", "ready"]));
  });

  test("shows progress that never goes back", async () => {
    await create(async (_params, onProgress) => {
      onProgress({ part: "the machine", done: 0, fraction: 0, what: "watching" });
      onProgress({ part: "repo", done: 1, fraction: 0.25, what: "fused" });
      onProgress({ part: "repo", done: 1, fraction: 0.1, what: "again" });
      onProgress({ part: "[repo](command:x)", done: 8, fraction: 0.75, what: "plain" });
      return GAIN_REPORT;
    }).run();
    expect(workbench.progress).toEqual([
      { message: expect.stringMatching(/\(repo\): 3 minutes at most\.$/) },
      { message: "the machine: 0 % of the time (watching)", increment: 0 },
      { message: "repo: 1 prompt measured, 25 % of the time (fused)", increment: 25 },
      { message: "repo: 1 prompt measured, 10 % of the time (again)", increment: 0 },
      // Progress stands in a notification, too.
      {
        message: "[repo] (command:x): 8 prompts measured, 75 % of the time (plain)",
        increment: 50,
      },
    ]);
  });

  test("cancelling shows what was measured so far", async () => {
    const partial = { ...GAIN_REPORT, isComplete: false };
    const benchmark = create(async (_params, _onProgress, signal) => {
      workbench.cancel();
      expect(signal.aborted).toBe(true);
      return partial;
    });
    await benchmark.run();
    expect(lastState(openPanel()).report).toEqual(partial);
  });

  test("cancelling before anything was measured says nothing", async () => {
    await create(async () => {
      workbench.cancel();
      return { ...GAIN_REPORT, isComplete: false, suites: {} };
    }).run();
    expect(workbench.panels).toEqual([]);
    expect([...fake.errorMessages, ...fake.warningMessages, ...fake.infoMessages]).toEqual([]);
  });

  test("an engine that fails makes the command fail, and another run may start", async () => {
    const outcomes = [Promise.reject(new Error("The engine crashed.")), GAIN_REPORT];
    const benchmark = create(async () => outcomes.shift()!);
    await expect(benchmark.run()).rejects.toThrow("The engine crashed.");
    await benchmark.run();
    expect(workbench.panels).toHaveLength(1);
  });

  test.each<[string, Phase, string]>([
    ["turned off", "off", "Treeline: no model is loaded, as Treeline is turned off."],
    ["no model", "failed", "Treeline: no model is loaded."],
    ["starting", "starting", "Treeline: the models are still being loaded."],
    ["loading", "loading", "Treeline: the models are still being loaded."],
  ])("%s: says so and measures nothing", async (_, now, message) => {
    phase = now;
    const bench = vi.fn<BenchmarkContext["bench"]>();
    await create(bench).run();
    expect(fake.warningMessages).toHaveLength(1);
    expect(fake.warningMessages[0]).toContain(message);
    expect(bench).not.toHaveBeenCalled();
  });

  test("without a folder offers to open one", async () => {
    workspace.workspaceFolders = undefined;
    fake.pressedButtons = ["Open Folder"];
    await create().run();
    expect(fake.warningMessages[0]).toContain("open a folder first");
    expect(fake.executed).toEqual(["vscode.openFolder"]);
  });

  test("without source says where it does not look", async () => {
    workbench.files.clear();
    setFile("/ws/README.md", "# Nothing\n");
    await create().run();
    expect(fake.warningMessages[0]).toContain("found no source files");
    expect(workbench.panels).toEqual([]);
  });

  test("one run at a time", async () => {
    let finish = (_report: BenchReport) => {};
    const report = new Promise<BenchReport>((resolve) => {
      finish = resolve;
    });
    const benchmark = create(() => report);
    const first = benchmark.run();
    await benchmark.run();
    expect(fake.warningMessages).toEqual([
      "Treeline: a benchmark is already running; its notification has the progress.",
    ]);
    finish(GAIN_REPORT);
    await first;
  });

  test("a run that something else ended says so", async () => {
    await create(async () => ({ ...GAIN_REPORT, isComplete: false, suites: {} })).run();
    expect(fake.warningMessages[0]).toContain("ended before anything was measured");
  });

  test("Apply asks first, and writes only what the user agreed to", async () => {
    const benchmark = create(async () => LOSING);
    await benchmark.run();
    const panel = openPanel();
    expect(lastState(panel).changes).toMatchObject([
      { setting: "treeline.speculation.enabled", now: "on", recommended: "off" },
    ]);
    panel.send({ type: "apply" });
    await vi.waitFor(() => expect(fake.infoMessages).toHaveLength(1));
    expect(fake.settings.has("treeline.speculation.enabled")).toBe(false);

    fake.pressedButtons = ["Change Settings"];
    panel.send({ type: "apply" });
    await vi.waitFor(() => expect(fake.settings.get("treeline.speculation.enabled")).toBe(false));
    benchmark.settingsChanged();
    expect(lastState(panel).changes).toEqual([]);
    expect(lastState(panel).findings[0]).toContain("Speculation stays off");
  });

  test("Apply with nothing to change says so", async () => {
    const benchmark = create();
    await benchmark.run();
    openPanel().send({ type: "apply" });
    await vi.waitFor(() => expect(fake.infoMessages[0]).toContain("nothing to change"));
    expect([...fake.settings.keys()]).toEqual([]);
  });

  test("settings that changed are heeded when Apply is pressed on an older page", async () => {
    const benchmark = create(async () => LOSING);
    await benchmark.run();
    const panel = openPanel();
    setSetting("treeline.speculation.enabled", false);
    panel.send({ type: "apply" });
    await vi.waitFor(() => expect(fake.infoMessages[0]).toContain("nothing to change"));
  });

  test.each([
    ["markdown", "/ws/report.md", formatBenchMarkdown(GAIN_REPORT)],
    ["json", "/ws/report.json", `${JSON.stringify(GAIN_REPORT, undefined, 2)}\n`],
  ])("exports %s to where the user wants it", async (format, path, text) => {
    workbench.saveTo = Uri.from({ scheme: "file", path });
    await create().run();
    openPanel().send({ type: "export", format });
    await vi.waitFor(() => expect(workbench.files.has(path)).toBe(true));
    expect(new TextDecoder().decode(workbench.files.get(path))).toBe(text);
    const ending = path.split(".").at(-1);
    expect(workbench.savedDefaults).toMatchObject([
      { path: `/ws/treeline-benchmark-2026-11-21.${ending}` },
    ]);
  });

  test("an export that is given up writes nothing", async () => {
    await create().run();
    const before = workbench.files.size;
    openPanel().send({ type: "export", format: "json" });
    await vi.waitFor(() => expect(workbench.savedDefaults).toHaveLength(1));
    expect(workbench.files.size).toBe(before);
  });

  test("logs what the page could not show, and refuses what is no request", async () => {
    await create().run();
    const panel = openPanel();
    panel.send({ type: "failed", message: "no canvas" });
    panel.send({ type: "steal" });
    panel.send(undefined);
    expect(log.filter((line) => line.includes("panel"))).toEqual([
      'error panel failed message="no canvas"',
      expect.stringMatching(/^warn panel request refused message="Not a request of the panel: /),
      expect.stringMatching(/^warn panel request refused message="Not a request of the panel: /),
    ]);
  });
});
