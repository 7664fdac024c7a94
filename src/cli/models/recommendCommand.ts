/** `treeline models recommend`: what to install on this machine, by its memory and by a few seconds of measuring. */
import { totalmem } from "node:os";
import { join } from "node:path";
import type { GpuChoice } from "../../core/base/backend.ts";
import { memoryText } from "../../core/base/byteText.ts";
import { messageOf } from "../../core/base/errors.ts";
import { lineTimeText } from "../../models/advice/lineTime.ts";
import { recommend } from "../../models/advice/recommend.ts";
import { SpeedBook } from "../../models/advice/speedBook.ts";
import { type Catalogue, licenceText, sizeText } from "../../models/catalogue/catalogue.ts";
import { measureMachine, measureSpeed } from "../../session/advice/measureSpeed.ts";
import { bundledModels } from "../base/bundledModels.ts";
import { cacheFolder } from "../base/cacheFolder.ts";
import { type CommandContext, newEngine } from "../base/engineSession.ts";
import { modelFolderOf } from "../base/installedModels.ts";
import { table } from "./table.ts";

export interface RecommendOptions {
  readonly gpu: GpuChoice;
}

export async function recommendModels(
  catalogue: Catalogue,
  { gpu }: RecommendOptions,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { terminal, env } = context;
  const book = await SpeedBook.open(join(cacheFolder(env), "speed.json"), gpu);
  const backend = await measure(book, gpu, context, signal);
  const advised = recommend(catalogue, totalmem(), book.probed);
  const rows = advised.map(({ entry, lineMs, fits }) => [
    entry.name,
    sizeText(entry),
    book.textOf(entry) ?? (lineMs === undefined ? "" : lineTimeText(lineMs, true)),
    fits ? "" : "more than this machine's memory holds",
    licenceText(entry.licence),
  ]);
  const device = book.probed?.deviceMemoryBytes;
  const onDevice = device === undefined ? "" : `, ${memoryText(device)} of the GPU's`;
  terminal.note(
    `${memoryText(totalmem())} of memory${onDevice}; on ${backend}, for a prompt of 256 tokens and a line, as at a place that is new`,
  );
  terminal.out(table(rows));
  const [best] = advised;
  if (best?.fits === true) terminal.note(`advised: treeline models install ${best.entry.name}`);
}

/** The machine, and the installed target. @returns the backend. */
async function measure(
  book: SpeedBook,
  gpu: GpuChoice,
  context: CommandContext,
  signal: AbortSignal,
): Promise<string> {
  const { terminal, cliUrl, env } = context;
  const folder = modelFolderOf(env);
  const chosen = (await folder.chosen())?.target;
  terminal.progress("measuring this machine");
  const client = newEngine(gpu, context);
  try {
    const { targetPath } = bundledModels(cliUrl);
    const { backend, ...probed } = await measureMachine(
      client,
      cacheFolder(env),
      targetPath,
      signal,
    );
    await book.addProbed(probed);
    if (chosen === undefined) return backend;
    try {
      await book.addModel(chosen, await measureSpeed(client, folder.pathOf(chosen), signal));
    } catch (error) {
      // Who has a model that does not load needs the advice most.
      signal.throwIfAborted();
      terminal.note(`${chosen} is not measured: ${messageOf(error)}`);
    }
    return backend;
  } finally {
    terminal.progress("");
    await client[Symbol.asyncDispose]();
  }
}
