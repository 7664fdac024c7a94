/** The engine process: wires the requests of protocol.ts to a CompletionServer, and ends with its parent. */
import { parseArgs } from "node:util";
import {
  type CancellationToken,
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
} from "vscode-jsonrpc/node";
import { GPU_CHOICES, type GpuChoice } from "../core/base/backend.ts";
import { EngineError, isAbortError, messageOf } from "../core/base/errors.ts";
import type { Log } from "../core/base/log.ts";
import { BackgroundTurns } from "./base/backgroundTurns.ts";
import { CompletionServer } from "./completionServer.ts";
import { Heartbeat } from "./heartbeat.ts";
import { WorkspaceStore } from "./indexing/workspaceStore.ts";
import { registerMeasuring } from "./measureRequests.ts";
import { beatNotification } from "./protocol/beatMessages.ts";
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
} from "./protocol/protocol.ts";
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
  connection.onRequest(loadRequest, ({ progressToken, ...params }, token) =>
    answer(token, (signal) =>
      server.load(
        params,
        (progress) => send(connection.sendProgress(loadProgress, progressToken, progress)),
        signal,
      ),
    ),
  );
  connection.onRequest(unloadRequest, (token) =>
    answer(token, async () => {
      await server.unload();
      return null;
    }),
  );
  connection.onRequest(completeRequest, ({ progressToken, ...params }, token) =>
    answer(token, (signal) =>
      server.complete(
        params,
        (chunk) => send(connection.sendProgress(completionProgress, progressToken, chunk)),
        signal,
      ),
    ),
  );
  registerMeasuring({ connection, answer, send }, server);
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
    answer(token, async () => {
      await server.forgetWorkspace();
      return null;
    }),
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
