import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { LoadedEngines } from "../../src/session/client/loadedEngines.ts";
import { type Config, readConfig } from "../../src/ui/base/config.ts";
import { EngineLifecycle } from "../../src/ui/lifecycle/engineLifecycle.ts";
import type { Problem } from "../../src/ui/lifecycle/problem.ts";
import { createClient, events, never, useFakeEngine } from "../support/fakeEngineClient.ts";

const DEFAULTS = readConfig(
  () => undefined,
  "",
  () => {},
);

/** The fake engine acts by the target's path. */
function configWith(overrides: Partial<Config>): Config {
  return { ...DEFAULTS, targetPath: "tiny.gguf", gpu: "off", ...overrides };
}

const QUESTION = {
  documentId: "a",
  languageId: "typescript",
  prefixText: "x",
  suffixText: "",
  trigger: "invoke",
} as const;

describe("EngineLifecycle", () => {
  useFakeEngine();
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "treeline-lifecycle-"));
    return () => rm(folder, { recursive: true });
  });

  function setUp() {
    const problems: Problem[] = [];
    const phases: string[] = [];
    const onRecovered = vi.fn();
    const { clock } = createClient();
    const lifecycle = new EngineLifecycle({
      bundled: {
        enginePath: "",
        targetPath: "bundled.gguf",
        draftPath: "bundledDraft.gguf",
        passCostPath: "",
      },
      createClient: ({ gpu }) => createClient({ gpu }).client,
      loadedEngines: new LoadedEngines(join(folder, "engines")),
      clock,
      log: () => {},
      onChange: ({ phase }) => {
        if (phases.at(-1) !== phase) phases.push(phase);
      },
      onProblem: (problem) => problems.push(problem),
      onRecovered,
      onNotice: () => {},
    });
    const loads = async () =>
      (await events()).filter(({ event }) => event === "load").map((load) => load.targetPath);
    return { lifecycle, problems, onRecovered, phases, loads };
  }

  test("loads the bundled pair where nothing is chosen, and says how far it is", async () => {
    await using lifecycle = setUp().lifecycle;
    await lifecycle.apply(DEFAULTS);
    expect(lifecycle.status).toMatchObject({ phase: "ready", alsoLoadedBytes: 0 });
  });

  test("goes through starting and loading to ready, and answers", async () => {
    const { lifecycle, phases, loads } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    expect(phases).toEqual(["starting", "loading", "starting", "ready"]);
    expect(await loads()).toEqual(["tiny.gguf"]);
    const outcome = await lifecycle.query(QUESTION, never);
    expect(outcome).toMatchObject({ suggestion: { text: "ab" } });
  });

  test("tells of a model that cannot be loaded, refuses questions, and recovers with another", async () => {
    const { lifecycle, problems, onRecovered } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({ targetPath: "missing.gguf" }));
    expect(lifecycle.status).toMatchObject({
      phase: "failed",
      detail: "No such file: missing.gguf",
      failure: "models",
    });
    expect(problems).toEqual([
      {
        cause: "modelNotFound missing.gguf ",
        message: "No such file: missing.gguf",
        kind: "models",
      },
    ]);
    expect(await lifecycle.query(QUESTION, never)).toMatchObject({
      noSuggestion: { reason: "noModel", detail: "No such file: missing.gguf" },
    });
    expect(onRecovered).not.toHaveBeenCalled();
    await lifecycle.apply(configWith({}));
    expect(lifecycle.status.phase).toBe("ready");
    expect(onRecovered).toHaveBeenCalledOnce();
    expect(await lifecycle.query(QUESTION, never)).toHaveProperty("suggestion");
  });

  test("says what serves after a step down, and forgets what was wrong once it serves again", async () => {
    const { lifecycle, onRecovered } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({ gpu: "vulkan" }));
    expect(lifecycle.status.models?.backend).not.toBe("cpu");
    onRecovered.mockClear();
    for (const documentId of ["b", "c"]) {
      await lifecycle.query({ ...QUESTION, documentId, prefixText: "crash" }, never);
      expect(lifecycle.status.models).toBeUndefined();
    }
    // Loaded again is not yet recovered.
    expect(onRecovered).not.toHaveBeenCalled();
    expect(await lifecycle.query(QUESTION, never)).toHaveProperty("suggestion");
    expect(lifecycle.status.models?.backend).toBe("cpu");
    expect(onRecovered).toHaveBeenCalled();
  });

  test("serves where other windows cannot be told", async () => {
    await writeFile(join(folder, "engines"), "a file where a folder should be");
    const { lifecycle, problems } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    expect(lifecycle.status).toMatchObject({ phase: "ready", alsoLoadedBytes: 0 });
    await lifecycle.sleep();
    expect(lifecycle.status.phase).toBe("asleep");
    await lifecycle.wake();
    expect(await lifecycle.query(QUESTION, never)).toHaveProperty("suggestion");
    expect(problems).toEqual([]);
  });

  test("what is set while an engine is restarted holds for the next one", async () => {
    const { lifecycle } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    const restarted = lifecycle.restart();
    await lifecycle.apply(configWith({ maxTokens: 8 }));
    await restarted;
    await lifecycle.query(QUESTION, never);
    const completions = (await events()).filter(({ event }) => event === "complete");
    expect(completions.at(-1)?.params).toMatchObject({ maxTokens: 8 });
  });

  test("the newest of several changes wins", async () => {
    const { lifecycle, problems } = setUp();
    await using _ = lifecycle;
    void lifecycle.apply(configWith({ targetPath: "slow.gguf" }));
    void lifecycle.apply(configWith({ targetPath: "missing.gguf" }));
    await lifecycle.apply(configWith({}));
    expect(lifecycle.status.phase).toBe("ready");
    expect(problems).toEqual([]);
  });

  test("loads nothing anew for settings that the models do not depend on", async () => {
    const { lifecycle, loads } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    await lifecycle.apply(configWith({ maxTokens: 8 }));
    await lifecycle.apply(configWith({ maxTokens: 8, languages: { "*": false } }));
    expect(await loads()).toEqual(["tiny.gguf"]);
    expect(await lifecycle.query(QUESTION, never)).toHaveProperty("suggestion");
  });

  test("asks with appended prompts, and with what the settings say of them", async () => {
    const { lifecycle } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({ firstLineMs: 0 }));
    await lifecycle.query(QUESTION, never);
    const context = { ...DEFAULTS.context, imports: true };
    await lifecycle.apply(configWith({ firstLineMs: 700, context }));
    await lifecycle.query(QUESTION, never);
    // The first suggestion, then the others.
    const asked = (await events()).filter(({ event }) => event === "complete");
    expect(asked).toHaveLength(4);
    for (const { params } of asked.slice(0, 2)) {
      expect(params).not.toHaveProperty("firstLineMs");
      expect(params).not.toHaveProperty("context");
    }
    for (const { params } of asked.slice(2)) {
      expect(params).toMatchObject({ firstLineMs: 700, maxLossShare: 0.03, context });
    }
    for (const { params } of asked) {
      expect(params).toMatchObject({ anchor: { linesUp: 0 }, keepsAnchor: true, heals: true });
    }
  });

  test("gives every suggestion an id of its own, also after the broker was replaced", async () => {
    const { lifecycle } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    const ids = new Set<number>();
    for (const maxTokens of [64, 8, 9]) {
      await lifecycle.apply(configWith({ maxTokens }));
      const outcome = await lifecycle.query(QUESTION, never);
      if ("suggestion" in outcome) ids.add(outcome.suggestion.id);
    }
    expect(ids.size).toBe(3);
  });

  test("ends the engine when switched off, and starts it when switched on", async () => {
    const { lifecycle, loads } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    await lifecycle.apply(configWith({ enabled: false }));
    expect(lifecycle.status.phase).toBe("off");
    expect(await lifecycle.query(QUESTION, never)).toHaveProperty("noSuggestion");
    await lifecycle.apply(configWith({}));
    expect(lifecycle.status.phase).toBe("ready");
    expect(await loads()).toHaveLength(2);
  });

  test("sleeps, and wakes with the same models", async () => {
    const { lifecycle, loads, phases } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    await lifecycle.sleep();
    expect(lifecycle.status).toMatchObject({ phase: "asleep", alsoLoadedBytes: 0 });
    expect(lifecycle.status.models).toBeUndefined();
    expect(phases.at(-1)).toBe("asleep");
    // A setting that needs no models does not wake it.
    await lifecycle.apply(configWith({ maxTokens: 8 }));
    expect(lifecycle.status.phase).toBe("asleep");
    await lifecycle.wake();
    expect(lifecycle.status.phase).toBe("ready");
    expect(await lifecycle.query(QUESTION, never)).toHaveProperty("suggestion");
    expect(await loads()).toEqual(["tiny.gguf", "tiny.gguf"]);
  });

  test("does not sleep while it loads or measures, and not twice", async () => {
    const { lifecycle, phases } = setUp();
    await using _ = lifecycle;
    const loaded = lifecycle.apply(configWith({}));
    await lifecycle.sleep();
    await loaded;
    expect(phases).not.toContain("asleep");
    await lifecycle.wake();
    expect(phases.filter((phase) => phase === "loading")).toHaveLength(1);
  });

  test("restarts with the same models", async () => {
    const { lifecycle } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    await lifecycle.restart();
    const started = (await events()).filter(({ event }) => event === "start");
    expect(new Set(started.map(({ pid }) => pid)).size).toBe(2);
    expect(lifecycle.status.phase).toBe("ready");
  });

  test("a killed engine is recovering, and answers again", async () => {
    const { lifecycle } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    await lifecycle.query({ ...QUESTION, prefixText: "crash" }, never);
    await vi.waitFor(() => expect(lifecycle.status.phase).toBe("recovering"));
    expect(await lifecycle.query(QUESTION, never)).toHaveProperty("suggestion");
    expect(lifecycle.status.phase).toBe("ready");
  });

  test("suggestions wait while a benchmark runs, as one would end it", async () => {
    const { lifecycle } = setUp();
    await using _ = lifecycle;
    await lifecycle.apply(configWith({}));
    const cancellation = new AbortController();
    const begun = vi.fn();
    const params = { suites: ["slow"] } as never;
    const running = lifecycle.bench(params, begun, cancellation.signal);
    await vi.waitFor(() => expect(begun).toHaveBeenCalled());
    const { noSuggestion } = (await lifecycle.query(QUESTION, never)) as never as {
      noSuggestion: { detail: string };
    };
    expect(noSuggestion.detail).toContain("A benchmark is running");
    lifecycle.prepare(QUESTION);
    cancellation.abort();
    expect((await running).isComplete).toBe(false);
    expect(await lifecycle.query(QUESTION, never)).toHaveProperty("suggestion");
  });

  test("does not benchmark without an engine", async () => {
    const { lifecycle } = setUp();
    await using _ = lifecycle;
    await expect(lifecycle.bench({} as never, () => {}, never)).rejects.toThrow(/not running/);
  });

  test("says that another window holds models, and how much that costs", async () => {
    const { lifecycle } = setUp();
    const other = new LoadedEngines(join(folder, "engines"), 4711, () => true);
    await other.announce();
    const own = new EngineLifecycle({
      bundled: { enginePath: "", targetPath: "", draftPath: "", passCostPath: "" },
      createClient: ({ gpu }) => createClient({ gpu }).client,
      loadedEngines: new LoadedEngines(join(folder, "engines"), process.pid, () => true),
      clock: createClient().clock,
      log: () => {},
      onChange: () => {},
      onProblem: () => {},
      onRecovered: () => {},
      onNotice: () => {},
    });
    await using _ = own;
    await using _unused = lifecycle;
    await own.apply(configWith({}));
    expect(own.status.alsoLoadedBytes).toBe(2000);
    await other.withdraw();
    await own.lookForOthers();
    expect(own.status.alsoLoadedBytes).toBe(0);
  });
});
