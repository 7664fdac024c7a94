import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseEntry } from "../../src/models/catalogue/catalogueEntry.ts";
import { ModelFolder } from "../../src/models/disk/modelFolder.ts";
import { environmentAgent } from "../../src/models/hub/environmentProxy.ts";
import { type FetchOptions, fetchModel } from "../../src/models/hub/fetchModel.ts";
import type { FetchProgress } from "../../src/models/hub/fetchProgress.ts";
import { createHubRequest } from "../../src/models/hub/hubRequest.ts";
import { COMMIT, type HubFault, ModelHub, noise, sha256Of } from "../support/modelHub.ts";

const REPOSITORY = "owner/model-GGUF";
const FILE = "model.Q8_0.gguf";
const BYTES = noise(3_000_000);
const CHILD = fileURLToPath(new URL("../support/fetchChild.ts", import.meta.url));

let hub: ModelHub;
let sha256: string;
let path: string;
let folder: ModelFolder;
let progress: FetchProgress[];

beforeEach(async () => {
  hub = await ModelHub.start();
  sha256 = hub.serveBytes(REPOSITORY, FILE, BYTES);
  path = await mkdtemp(join(tmpdir(), "treeline-models-"));
  folder = new ModelFolder(path);
  progress = [];
});

afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(path, { recursive: true, force: true });
});

const entryWith = (fields: object = {}) =>
  parseEntry({ name: "model", repository: REPOSITORY, file: FILE, ...fields }, "test");

function fetch(
  fields: object = {},
  options: Partial<FetchOptions> = {},
  signal = new AbortController().signal,
) {
  const all: FetchOptions = {
    hub: { address: new URL(hub.address), request: createHubRequest(1_000) },
    folder,
    onProgress: (one) => progress.push(one),
    retryMs: [10, 10],
    ...options,
  };
  return fetchModel(entryWith(fields), all, signal);
}

function fetchByProxy(silenceMs = 1_000, signal?: AbortSignal) {
  const request = createHubRequest(silenceMs, environmentAgent);
  return fetch({}, { hub: { address: new URL(hub.address), request } }, signal);
}

/** With the hub's proxy in the environment. */
async function withProxy(work: () => Promise<void>): Promise<void> {
  process.env["http_proxy"] = hub.proxyAddress;
  try {
    await work();
  } finally {
    delete process.env["http_proxy"];
    delete process.env["no_proxy"];
  }
}

const files = async () => (await readdir(path)).sort();

/** Nothing that looks whole: no file has a model's name. */
async function expectNoModel(): Promise<void> {
  expect((await files()).filter((name) => name.endsWith(".gguf"))).toEqual([]);
  expect(await folder.find("model")).toBeUndefined();
}

async function expectModel(): Promise<void> {
  expect(await files()).toEqual(["model.gguf", "model.json"]);
  expect(await sha256Of(join(path, "model.gguf"))).toBe(sha256);
  expect(await folder.find("model")).toMatchObject({ sha256, bytes: BYTES.length });
}

describe("fetchModel", () => {
  test("brings the file, with hash, size and commit from the hub's redirect", async () => {
    await expect(fetch()).resolves.toMatchObject({ sha256, bytes: BYTES.length, revision: COMMIT });
    await expectModel();
    expect(hub.requests("hub").map(({ path }) => path)).toEqual([
      `/${REPOSITORY}/resolve/main/${FILE}`,
      `/${REPOSITORY}/resolve/${COMMIT}/${FILE}`,
    ]);
    expect(hub.seen.every(({ headers }) => headers["accept-encoding"] === "identity")).toBe(true);
    expect(progress.at(-1)).toMatchObject({ phase: "fetching", doneBytes: BYTES.length });
  });

  test("asks for nothing where the model is there", async () => {
    await fetch();
    hub.seen.length = 0;
    await fetch();
    expect(hub.seen).toEqual([]);
  });

  test.each<[string, HubFault]>([
    ["that breaks off again and again", { endsAfter: 400_000 }],
    ["that ignores ranges", { ignoresRange: true }],
    ["without a redirect", { isDirect: true }],
    ["that is busy at first", { status: 503, times: 2 }],
    [
      "that wants to be asked less often",
      { status: 429, times: 1, headers: { "retry-after": "0" } },
    ],
  ])("brings the file from a hub %s", async (_, fault) => {
    hub.setFault(fault);
    await fetch();
    await expectModel();
  });

  test("goes on where a cancel left off, and reads what is there first", async () => {
    hub.setFault({ chunkBytes: 100_000, pauseMs: 5 });
    const cancel = new AbortController();
    const onProgress = ({ doneBytes }: FetchProgress) => {
      if (doneBytes > 1_000_000) cancel.abort();
    };
    await expect(fetch({}, { onProgress }, cancel.signal)).rejects.toThrow(/abort/i);
    await expectNoModel();
    hub.setFault({});
    hub.seen.length = 0;
    await fetch();
    await expectModel();
    const range = hub.requests("bytes").at(-1)?.headers.range ?? "";
    expect(Number(/\d+/.exec(range)?.[0])).toBeGreaterThan(900_000);
    expect(progress.some(({ phase }) => phase === "checking")).toBe(true);
  });

  test("starts anew where the rest is asked for and everything comes", async () => {
    await writeFile(folder.partOf("model", sha256), BYTES.subarray(0, 1_000_000));
    hub.setFault({ ignoresRange: true });
    await fetch();
    await expectModel();
  });

  test("does not believe what is left of a file that it is not", async () => {
    await writeFile(folder.partOf("model", sha256), noise(1_000_000, 7));
    await expect(fetch()).rejects.toThrow("expected SHA-256");
    expect(await files()).toEqual([]);
    await fetch();
    await expectModel();
  });

  test("deletes a file of another hash, and does not go on with it", async () => {
    hub.setFault({ flips: 2_999_999 });
    await expect(fetch()).rejects.toThrow(/expected SHA-256 .* found .* is deleted/);
    expect(await files()).toEqual([]);
    hub.setFault({});
    await fetch();
    await expectModel();
  });

  test.each<[string, HubFault, object, RegExp]>([
    ["401", { status: 401 }, {}, /found 401\. Accept the model's terms at http.*HF_TOKEN/],
    ["403", { status: 403 }, {}, /found 403\. Accept the model's terms/],
    ["404", { status: 404 }, {}, /expected the file, found 404, it is not there/],
    ["429 for ever", { status: 429 }, {}, /answered 429, too many requests.*try later/],
    ["429 for hours", { status: 429, headers: { "retry-after": "7200" } }, {}, /429/],
    ["503 for ever", { status: 503 }, {}, /answered 503/],
    ["silence", { isSilent: true }, {}, /nothing came for 1 s/],
    [
      "nothing but the beginning",
      { ignoresRange: true, endsAfter: 500_000 },
      {},
      /connection broke|from the start only/,
    ],
    ["no checksum", { headers: { "x-linked-etag": `"${COMMIT}"` } }, {}, /nobody could tell/],
    ["an answer that is no file", { status: 300 }, {}, /status 300/],
    [
      "a redirect to a file",
      { location: "file:///etc/passwd" },
      {},
      /expected a redirect to https/,
    ],
    [
      "redirects in a circle",
      { location: "?again", headers: { "x-linked-etag": "" } },
      {},
      /at most 5 redirects/,
    ],
    [
      "a hash that is not the catalogue's",
      {},
      { sha256: "a".repeat(64), revision: COMMIT },
      /Nothing was fetched/,
    ],
  ])("%s: one clear message, and nothing that looks whole", async (_, fault, fields, message) => {
    hub.setFault(fault);
    await expect(fetch(fields)).rejects.toThrow(message);
    await expectNoModel();
  });

  test("no port there: one clear message", async () => {
    const address = new URL("http://127.0.0.1:1");
    await expect(fetch({}, { hub: { address, request: createHubRequest(1_000) } })).rejects.toThrow(
      /127\.0\.0\.1:1: expected the file, found: .*ECONNREFUSED.*Check connection and proxy/,
    );
    await expectNoModel();
  });

  test("a full disk is found before and while, and what came is kept", async () => {
    await expect(fetch({}, { freeBytes: async () => 1e6 })).rejects.toThrow(
      /expected room for .* found 1\.0 MB free/,
    );
    expect(hub.requests("bytes")).toEqual([]);
    let looks = 0;
    const freeBytes = async () => (looks++ === 0 ? 1e9 : 1e6);
    await expect(fetch({}, { freeBytes, lookBytes: 1e6 })).rejects.toThrow("found 1.0 MB free");
    await expectNoModel();
    expect((await stat(folder.partOf("model", sha256))).size).toBeGreaterThan(900_000);
    await fetch();
    await expectModel();
  });

  // A file's greatest length stands in for a disk's: the system refuses the write, as it does on a full disk.
  test("a write that the system refuses is one clear message", async () => {
    expect(await child({ limitKb: 1_000 })).toMatch(
      /error Model model: expected room for .* EFBIG/,
    );
    await expectNoModel();
    expect(await child()).toContain(`sha256 ${sha256}`);
  });

  test("a token goes to the hub and to no other host", async () => {
    const address = new URL(hub.address);
    await fetch({}, { hub: { address, request: createHubRequest(1_000), token: "secret" } });
    const tokens = (from: "hub" | "bytes") =>
      new Set(hub.requests(from).map(({ headers }) => headers.authorization));
    expect(tokens("hub")).toEqual(new Set(["Bearer secret"]));
    expect(tokens("bytes")).toEqual(new Set([undefined]));
  });

  test("goes through the proxy of the environment, and around it where no_proxy says so", () =>
    withProxy(async () => {
      await fetchByProxy();
      await expectModel();
      expect(hub.requests("proxy").length).toBeGreaterThanOrEqual(2);
      process.env["no_proxy"] = "127.0.0.1";
      hub.seen.length = 0;
      await folder.remove("model");
      await fetchByProxy();
      expect(hub.requests("proxy")).toEqual([]);
    }));

  test.each([
    // With a file of the proxy's own and the hash of it, as the hub would say them.
    ["302", () => hub.answerOf(REPOSITORY, FILE), /found its answer 302\. Ask whoever runs it/],
    ["201", () => "HTTP/1.1 201 Made\r\n\r\n", /found its answer 201/],
    ["403", () => "HTTP/1.1 403 Forbidden\r\n\r\nno", /found its answer 403\. Ask whoever runs it/],
    ["407", () => "HTTP/1.1 407 Who\r\n\r\n", /answer 407\. Give its user and password/],
    [
      "502",
      () => "HTTP/1.1 502 Bad\r\n\r\n",
      /found: 127.*answer 502\..*Check connection and proxy/,
    ],
    ["nothing", () => "", /nothing came for 1 s.*Check connection and proxy/],
  ])("a proxy that answers %s is not believed to be the hub", (_, answer, message) =>
    withProxy(async () => {
      hub.setFault({ proxyAnswer: answer() });
      await expect(fetchByProxy()).rejects.toThrow(message);
      await expectNoModel();
      expect(hub.requests("bytes")).toEqual([]);
      // No connection is left that would keep the process.
      await expect.poll(() => hub.numProxied).toBe(0);
    }),
  );

  test("a cancel ends at once what waits for a proxy", () =>
    withProxy(async () => {
      hub.setFault({ proxyAnswer: "" });
      const cancel = new AbortController();
      const fetching = fetchByProxy(60_000, cancel.signal);
      await expect.poll(() => hub.numProxied).toBe(1);
      cancel.abort();
      await expect(fetching).rejects.toThrow(/abort/i);
      await expect.poll(() => hub.numProxied).toBe(0);
    }));

  test.each(["model.gguf", "model.json"])("never replaces a user's own %s", async (file) => {
    await writeFile(join(path, file), "mine");
    await expect(fetch()).rejects.toThrow(
      /expected no .*one that Treeline did not fetch\. Move it/,
    );
    expect(hub.seen).toEqual([]);
    expect(await files()).toEqual([file]);
    expect(await readFile(join(path, file), "utf8")).toBe("mine");
  });

  test("a user's own file that came while it was fetched is not replaced either", async () => {
    const onProgress = ({ phase }: FetchProgress) => {
      if (phase === "fetching") writeFileSync(join(path, "model.gguf"), "mine");
    };
    await expect(fetch({}, { onProgress })).rejects.toThrow("one that Treeline did not fetch");
    expect(await readFile(join(path, "model.gguf"), "utf8")).toBe("mine");
  });

  test("a part that is a link is not written through", async () => {
    const victim = join(path, "victim");
    await writeFile(victim, "mine");
    await symlink(victim, folder.partOf("model", sha256));
    await expect(fetch()).rejects.toMatchObject({ code: "downloadFailed" });
    expect(await readFile(victim, "utf8")).toBe("mine");
  });

  test("an earlier commit's part goes once the model is there", async () => {
    await writeFile(folder.partOf("model", "f".repeat(64)), "begun");
    await fetch();
    await expectModel();
  });

  test("two at once fetch one file", async () => {
    hub.setFault({ chunkBytes: 200_000, pauseMs: 20 });
    await Promise.all([fetch(), fetch()]);
    await expectModel();
    expect(hub.requests("bytes").length).toBe(1);
    expect(progress.some(({ phase }) => phase === "waiting")).toBe(true);
  });

  test.each([
    ["../../etc/evil.gguf"],
    ["..\\evil.gguf"],
    ["/etc/evil.gguf"],
    ["a/../b.gguf"],
    ["evil.exe"],
  ])("refuses %s as a file's name", (file) => {
    expect(() => entryWith({ file })).toThrow("expected a .gguf file's path");
  });

  test.each(["../x", "x/y", ".hidden", "a..b", "x.gguf"])("refuses %s as a name", (name) => {
    expect(() => entryWith({ name })).toThrow("expected a name");
    expect(() => folder.pathOf(name)).toThrow("is no model's name");
  });
});

/** Runs the child; resolves to what it printed. `killAt`: the part's size at which it is killed. */
async function child(limits: { killAt?: number; limitKb?: number } = {}): Promise<string> {
  const { killAt, limitKb = "unlimited" } = limits;
  const args = [process.execPath, CHILD, hub.address, path, "model", REPOSITORY, FILE];
  const limited = ["-c", `ulimit -f ${limitKb}; exec "$@"`, "sh", ...args];
  const process_ = spawn("bash", limited, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  process_.stdout.on("data", (data) => (output += data));
  const ended = new Promise<void>((resolve) => process_.once("close", () => resolve()));
  if (killAt === undefined) return ended.then(() => output);
  const part = folder.partOf("model", sha256);
  const looking = setInterval(async () => {
    const size = await stat(part).then(
      ({ size }) => size,
      () => -1,
    );
    if (size >= killAt) process_.kill("SIGKILL");
  }, 2);
  await ended;
  clearInterval(looking);
  return output;
}

describe("processes that fetch one model", () => {
  test("two of them: one fetches, the other waits for it", async () => {
    hub.setFault({ chunkBytes: 30_000, pauseMs: 20 });
    const outputs = await Promise.all([child(), child()]);
    for (const output of outputs) expect(output).toContain(`sha256 ${sha256}`);
    expect(outputs.filter((output) => output.includes("waiting"))).toHaveLength(1);
    expect(hub.requests("bytes").length).toBe(1);
    await expectModel();
  });

  test("killed at 20 places, the last one has the file, and before there is none", async () => {
    hub.setFault({ chunkBytes: 20_000, pauseMs: 3 });
    const places = Array.from({ length: 20 }, () => Math.floor(Math.random() * BYTES.length));
    for (const place of places.sort((a, b) => a - b)) {
      await child({ killAt: place });
      if ((await files()).includes("model.gguf")) break;
      await expectNoModel();
    }
    hub.setFault({});
    expect(await child(), `killed at ${places.join(", ")}`).toContain(`sha256 ${sha256}`);
    await expectModel();
    const record = JSON.parse(await readFile(join(path, "model.json"), "utf8"));
    expect(record.sha256).toBe(sha256);
    const sent = hub.requests("bytes").filter(({ headers }) => headers.range !== undefined);
    expect(sent.length).toBeGreaterThan(10);
  });
});
