/** What every command needs: an engine with models in it, its progress shown, its end made sure of. */
import { join } from "node:path";
import type { GpuChoice } from "../../core/base/backend.ts";
import { nullLog } from "../../core/base/log.ts";
import { DRAFT_SOURCES, type DraftSource } from "../../core/tree/draftTree.ts";
import type { LoadedModels, LoadParams } from "../../engine/protocol/protocol.ts";
import { EngineClient } from "../../session/client/engineClient.ts";
import { WorkspaceFeed } from "../../session/client/workspaceFeed.ts";
import { systemClock } from "../../session/clock.ts";
import { bundledEngine } from "./bundledModels.ts";
import { cacheFolder } from "./cacheFolder.ts";
import { modelsToLoad } from "./installedModels.ts";
import type { Terminal } from "./terminal.ts";

/** Options of every command that loads models: paths, or names of installed ones. */
export interface ModelOptions {
  readonly target?: string;
  readonly draft?: string;
  readonly gpu: GpuChoice;
}

/** The surroundings of a command. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** `import.meta.url` of the bundled entry. */
  readonly cliUrl: string;
  readonly env: NodeJS.ProcessEnv;
  readonly workingFolder: string;
}

/** An engine that holds models. */
export interface EngineSession {
  readonly client: EngineClient;
  readonly params: LoadParams;
  readonly models: LoadedModels;
  /** No workspace is open yet. */
  readonly workspace: WorkspaceFeed;
}

/** Positions of the target's context; plenty for one file, little memory. */
export const CONTEXT_SIZE = 4_096;

/** Runs `use` with a loaded engine; the engine is gone when the promise settles. */
export async function withEngine<T>(
  options: ModelOptions,
  context: CommandContext,
  use: (session: EngineSession) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { terminal, env } = context;
  const params = {
    ...(await modelsToLoad(options, context)),
    contextSize: CONTEXT_SIZE,
    passCostPath: join(cacheFolder(env), "pass-cost.json"),
  };
  const workspace = new WorkspaceFeed();
  const client = newEngine(options.gpu, context, workspace);
  client.onNotice((notice) => terminal.note(`note: ${notice}`));
  try {
    terminal.progress("starting the engine");
    const models = await client.load(
      params,
      ({ model, fraction }) =>
        terminal.progress(`loading ${model} ${Math.round(fraction * 100)} %`),
      signal,
    );
    terminal.progress("");
    return await use({ client, params, models, workspace });
  } finally {
    terminal.progress("");
    await client[Symbol.asyncDispose]();
  }
}

/** An engine that starts with the first request. */
export function newEngine(
  gpu: GpuChoice,
  { cliUrl, env }: CommandContext,
  workspace = new WorkspaceFeed(),
): EngineClient {
  const enginePath = bundledEngine(cliUrl);
  return new EngineClient({ enginePath, gpu, log: nullLog, clock: systemClock, env, workspace });
}

/** The drafters that speculation may use with these models. */
export function draftSources(models: LoadedModels): DraftSource[] {
  return DRAFT_SOURCES.filter((source) => source !== "draftModel" || models.draft !== undefined);
}
