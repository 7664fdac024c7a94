/** A process that fetches one model and says what came of it: `node fetchChild.ts HUB FOLDER NAME REPOSITORY FILE`. */
import { parseEntry } from "../../src/models/catalogue/catalogueEntry.ts";
import { ModelFolder } from "../../src/models/disk/modelFolder.ts";
import { fetchModel } from "../../src/models/hub/fetchModel.ts";
import { createHubRequest } from "../../src/models/hub/hubRequest.ts";

const [hub = "", folder = "", name = "", repository = "", file = ""] = process.argv.slice(2);
try {
  const { sha256 } = await fetchModel(
    parseEntry({ name, repository, file }, "test"),
    {
      hub: { address: new URL(hub), request: createHubRequest(5_000) },
      folder: new ModelFolder(folder),
      onProgress: ({ phase }) => process.stdout.write(`${phase}\n`),
    },
    new AbortController().signal,
  );
  process.stdout.write(`sha256 ${sha256}\n`);
} catch (error) {
  process.stdout.write(`error ${(error as Error).message}\n`);
}
