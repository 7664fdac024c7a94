/**
 * An engine process without models, for tests of the session: it speaks the protocol and misbehaves on command.
 *
 * FAKE_ENGINE_START: `exit`, `hang`, `wrongVersion` or `cannotForget`. FAKE_ENGINE_JOURNAL: a file that gets one JSON line per event.
 * Loads act by target path (`crashOnGpu.gguf`, `crash.gguf`, `missing.gguf`, `slow.gguf`), completions by prefix text
 * (`crash`, `hang`, `slow`, `fail`, `exit`), benchmarks by the name of their first suite (`crash`, `hang`, `slow`).
 */
import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
} from "vscode-jsonrpc/node";

const gpu = process.argv[process.argv.indexOf("--gpu") + 1];
const mode = process.env.FAKE_ENGINE_START;
const ENGINE_ERROR = -31_000;
const REQUEST_CANCELLED = -32_800;

function journal(event) {
  const file = process.env.FAKE_ENGINE_JOURNAL;
  if (file !== undefined)
    appendFileSync(file, `${JSON.stringify({ pid: process.pid, ...event })}\n`);
}

function crash(lastWords) {
  process.stderr.write(`${lastWords}\n`, () => process.kill(process.pid, "SIGKILL"));
  return new Promise(() => {});
}

const connection = createMessageConnection(
  new IPCMessageReader(process),
  new IPCMessageWriter(process),
);
let loaded = false;
let running;

journal({ event: "start", gpu });
if (mode === "exit") {
  process.stderr.write("Error: no such library\n");
  process.exit(7);
}

connection.onRequest("health", () =>
  mode === "hang"
    ? new Promise(() => {})
    : {
        protocolVersion: mode === "wrongVersion" ? 999 : 5,
        pid: process.pid,
        nodeVersion: process.version,
        isLoaded: loaded,
        isBusy: running !== undefined,
        residentBytes: 1,
        uptimeMs: 1,
      },
);
connection.onRequest("statistics", () => ({ numCompletions: 1 }));
connection.onRequest("unload", () => {
  loaded = false;
  return null;
});

connection.onRequest("load", async (params, token) => {
  journal({ event: "load", targetPath: params.targetPath });
  const { targetPath, progressToken } = params;
  if (targetPath === "crash.gguf" || (targetPath === "crashOnGpu.gguf" && gpu !== "off")) {
    return crash("ggml: device lost");
  }
  if (targetPath === "missing.gguf") {
    return new ResponseError(ENGINE_ERROR, "No such file: missing.gguf", { code: "modelNotFound" });
  }
  const report = (fraction) =>
    connection.sendNotification("$/progress", {
      token: progressToken,
      value: { model: "target", fraction },
    });
  void report(0);
  if (targetPath === "slow.gguf") {
    for (let i = 0; i < 200 && !token.isCancellationRequested; i++) await delay(5);
    if (token.isCancellationRequested) return new ResponseError(REQUEST_CANCELLED, "cancelled");
  }
  void report(1);
  loaded = true;
  return {
    target: { path: targetPath, name: "fake", fileBytes: 2000 },
    backend: gpu === "off" ? "cpu" : "cuda",
    notices: [],
  };
});

connection.onRequest("complete", async (params, token) => {
  journal({ event: "complete", prefixText: params.prefixText, params });
  if (!loaded) return new ResponseError(ENGINE_ERROR, "No model is loaded.", { code: "notLoaded" });
  running?.abort();
  const own = new AbortController();
  running = own;
  const isCancelled = () => own.signal.aborted || token.isCancellationRequested;
  const chunk = (text) =>
    connection.sendNotification("$/progress", { token: params.progressToken, value: { text } });
  switch (params.prefixText) {
    case "crash":
      void chunk("half");
      return crash("GGML_ASSERT failed");
    case "exit":
      return process.exit(3);
    case "hang":
      return new Promise(() => {});
    case "fail":
      return new ResponseError(ENGINE_ERROR, "The context is full.", { code: "contextFull" });
    case "slow":
      void chunk("a");
      for (let i = 0; i < 400 && !isCancelled(); i++) await delay(5);
      break;
  }
  if (isCancelled()) return new ResponseError(REQUEST_CANCELLED, "cancelled");
  void chunk("a");
  void chunk("b");
  return {
    text: "ab",
    tokens: Int32Array.of(5, 6),
    pieces: ["a", "b"],
    tokenSources: Uint8Array.of(0, 1),
    finishReason: "endToken",
    // Two tokens of one pass, drafted by those that were asked to.
    stats: {
      numSteps: 1,
      numCommittedTokens: 2,
      timings: { evaluateMs: 1, verifyMs: 0, commitMs: 0 },
      bySource: Object.fromEntries(
        params.sources.map((source) => [source, { numVerified: 1, numAccepted: 1 }]),
      ),
    },
    timings: { decodeMs: 1 },
    pid: process.pid,
  };
});

connection.onRequest("bench", async (params, token) => {
  const [suite] = params.suites;
  if (suite === "hang") return new Promise(() => {});
  const report = (done) =>
    connection.sendNotification("$/progress", {
      token: params.progressToken,
      value: { part: suite, done, total: 2, what: "plain" },
    });
  void report(1);
  if (suite === "crash") return crash("GGML_ASSERT failed");
  if (suite === "slow") {
    for (let i = 0; i < 400 && !token.isCancellationRequested; i++) await delay(5);
  } else void report(2);
  return { isComplete: !token.isCancellationRequested };
});

// The index of a workspace is ready at once, with a file for every folder.
connection.onNotification("workspace/open", (params) => {
  journal({ event: "openWorkspace", params });
  const status = { phase: "ready", numFiles: params?.roots.length ?? 0, numTokens: 7 };
  void connection.sendNotification("workspace/status", { numWaiting: 0, ...status });
});
connection.onNotification("workspace/changes", (changes) => journal({ event: "changes", changes }));
connection.onNotification("workspace/buffer", (buffer) => journal({ event: "buffer", buffer }));
connection.onRequest("workspace/forget", () => {
  journal({ event: "forget" });
  if (mode === "cannotForget") return new ResponseError(ENGINE_ERROR, "The disk is busy.");
  return null;
});

process.on("disconnect", () => process.exit(0));
connection.listen();
