/** The engine process: wires the requests of protocol.ts to a CompletionServer, and ends with its parent. */
import { parseArgs } from "node:util";
import type * as v from "valibot";
import {
  type CancellationToken,
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type ProgressType,
  type RequestHandler,
  type RequestParam,
  type RequestType,
  ResponseError,
} from "vscode-jsonrpc/node";
import { GPU_CHOICES, type GpuChoice } from "../core/base/backend.ts";
import { EngineError, isAbortError, messageOf } from "../core/base/errors.ts";
import type { Log } from "../core/base/log.ts";
import { BackgroundTurns } from "./base/backgroundTurns.ts";
import { CompletionServer } from "./completionServer.ts";
import { Heartbeat } from "./heartbeat.ts";
import { WorkspaceStore } from "./indexing/workspaceStore.ts";
import { benchSuggestions } from "./measure/benchSuggestions.ts";
import { runBenchmark } from "./measure/runBenchmark.ts";
import type { ModelPair } from "./models/modelHost.ts";
import { beatNotification } from "./protocol/beatMessages.ts";
import {
  type BenchProgress,
  benchParams,
  benchProgress,
  benchRequest,
} from "./protocol/benchMessages.ts";
import { completeRequest, completionProgress } from "./protocol/completeMessages.ts";
import { lastPromptRequest, promptRequest } from "./protocol/promptMessages.ts";
import {
  ENGINE_ERROR,
  healthRequest,
  loadProgress,
  loadRequest,
  logNotification,
  REQUEST_CANCELLED,
  statisticsRequest,
  unloadRequest,
  type WireError,
  type WithProgress,
} from "./protocol/protocol.ts";
import { benchSuggestionsParams, benchSuggestionsRequest } from "./protocol/suggestionMessages.ts";
import {
  forgetWorkspaceRequest,
  openWorkspaceNotification,
  workspaceBuffer,
  workspaceBufferNotification,
  workspaceChanges,
  workspaceChangesNotification,
  workspaceParams,
  workspaceStatusNotification,
} from "./protocol/workspaceMessages.ts";
import { checkRequest } from "./requestChecks.ts";

function main(): void {
  if (process.send === undefined) {
    process.stderr.write("This is Treeline's engine; it is started by `treeline` or the editor.\n");
    process.exit(2);
  }
  // A native call may be running on a worker thread, and a normal exit would wait for it.
  // A terminal sends Ctrl+C to this process, too; the parent decides what becomes of it.
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

  const connection = createMessageConnection(
    new IPCMessageReader(process),
    new IPCMessageWriter(process),
  );
  const send = (task: Promise<void>) => {
    // The channel closes only with the parent, and then this process ends.
    task.catch(() => {});
  };
  const log: Log = (level, message) =>
    send(connection.sendNotification(logNotification, { level, message }));
  const heartbeat = new Heartbeat((beat) =>
    send(connection.sendNotification(beatNotification, beat)),
  );
  const answer = async <T>(token: CancellationToken, work: (signal: AbortSignal) => Promise<T>) => {
    using _ = heartbeat.hold();
    return await settle(token, work);
  };
  const turns = new BackgroundTurns();
  let indexing: Disposable | undefined;
  const workspace = new WorkspaceStore({
    turns,
    log,
    onStatus(status) {
      if (status.phase === "indexing") indexing ??= heartbeat.hold();
      else {
        indexing?.[Symbol.dispose]();
        indexing = undefined;
      }
      send(connection.sendNotification(workspaceStatusNotification, status));
    },
  });
  const server = new CompletionServer(gpuChoice(), log, turns, workspace);
  const onWork = <P, R, A>(
    request: RequestType<WithProgress<P>, A, WireError>,
    progressType: ProgressType<R>,
    work: (params: P, tell: (progress: RequestParam<R>) => void, signal: AbortSignal) => Promise<A>,
  ) => {
    const handle = (params: WithProgress<P>, token: CancellationToken) => {
      const tell = (progress: RequestParam<R>) =>
        send(connection.sendProgress(progressType, params.progressToken, progress));
      return answer(token, (signal) => work(params, tell, signal));
    };
    // The library's type is conditional: an answer may be left out where it is null, and none is.
    connection.onRequest(request, handle as RequestHandler<WithProgress<P>, A, WireError>);
  };
  /** What has the models for itself. A cancel or a newer request ends it with what was finished. */
  const onMeasuring = <P, A>(
    request: RequestType<WithProgress<P>, A, WireError>,
    schema: v.GenericSchema,
    measure: (
      pair: ModelPair,
      params: P,
      tell: (progress: BenchProgress) => void,
      running: AbortSignal,
    ) => Promise<A>,
  ) =>
    onWork(request, benchProgress, (params, tell, signal) =>
      server.measure(async (pair, running) => {
        checkRequest(schema, params);
        return measure(pair, params, tell, running);
      }, signal),
    );
  onWork(loadRequest, loadProgress, server.load.bind(server));
  connection.onRequest(unloadRequest, (token) =>
    answer(token, () => server.unload().then(() => null)),
  );
  onWork(completeRequest, completionProgress, server.complete.bind(server));
  onMeasuring(benchRequest, benchParams, runBenchmark);
  onMeasuring(benchSuggestionsRequest, benchSuggestionsParams, benchSuggestions);
  connection.onNotification(openWorkspaceNotification, (params) => {
    if (params !== null) checkRequest(workspaceParams, params);
    workspace.open(params ?? undefined);
  });
  connection.onNotification(workspaceChangesNotification, (changes) => {
    checkRequest(workspaceChanges, changes);
    workspace.changed(changes);
    const last = changes.opened.at(-1);
    if (last !== undefined) server.opened(last);
  });
  connection.onNotification(workspaceBufferNotification, (buffer) => {
    checkRequest(workspaceBuffer, buffer);
    workspace.setBuffer(buffer);
  });
  connection.onRequest(forgetWorkspaceRequest, (token) =>
    answer(token, () => server.forgetWorkspace().then(() => null)),
  );
  connection.onRequest(promptRequest, (question, token) =>
    answer(token, (signal) => server.promptOf(question, signal)),
  );
  connection.onRequest(lastPromptRequest, () => server.lastPrompt());
  connection.onRequest(statisticsRequest, () => server.statistics);
  connection.onRequest(healthRequest, () => server.health);
  connection.listen();
}

function gpuChoice(): GpuChoice {
  const { values } = parseArgs({ options: { gpu: { type: "string", default: "auto" } } });
  const choice = GPU_CHOICES.find((gpu) => gpu === values.gpu);
  if (choice !== undefined) return choice;
  process.stderr.write(`--gpu is "${values.gpu}", expected one of ${GPU_CHOICES.join(", ")}\n`);
  return process.exit(2);
}

/** Runs a request with a signal in place of the token, and gives every failure its code. */
async function settle<T>(
  token: CancellationToken,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | ResponseError<WireError>> {
  const controller = new AbortController();
  const subscription = token.onCancellationRequested(() => controller.abort());
  try {
    return await work(controller.signal);
  } catch (error) {
    const message = messageOf(error);
    if (isAbortError(error)) return new ResponseError(REQUEST_CANCELLED, message);
    const code = error instanceof EngineError ? error.code : "internal";
    return new ResponseError(ENGINE_ERROR, message, { code });
  } finally {
    subscription.dispose();
  }
}

main();
