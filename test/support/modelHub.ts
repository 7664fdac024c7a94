/**
 * A model hub on this machine that answers as the real one does: a redirect with `x-linked-etag`, `x-linked-size` and
 * `x-repo-commit` to another host, which serves ranges under an etag of its own; and, as told, as badly as others do.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** No name server knows it. */
export const PROXIED_HUB = "http://model-hub.test";

export interface HubFault {
  /** Of the hub's own answers. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** So many answers of the hub; all if absent. */
  readonly times?: number;
  /** The host of the bytes: sends everything whatever range is asked for. */
  readonly ignoresRange?: boolean;
  /** Ends the connection after so many bytes of each answer. */
  readonly endsAfter?: number;
  /** The byte at this place is another one. */
  readonly flips?: number;
  /** So much at once, then `pauseMs`. */
  readonly chunkBytes?: number;
  readonly pauseMs?: number;
  /** Sends the head and then nothing. */
  readonly isSilent?: boolean;
  /** Where the hub redirects to instead. */
  readonly location?: string;
  /** What the proxy writes instead of opening a tunnel; nothing at all where it is empty. */
  readonly proxyAnswer?: string;
  /** The bytes come at once, without redirect. */
  readonly isDirect?: boolean;
}

export interface SeenRequest {
  readonly from: "hub" | "bytes" | "proxy";
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

interface HubFileSource {
  readonly path?: string;
  readonly bytes?: Uint8Array;
  readonly size: number;
  readonly sha256: string;
}

export class ModelHub implements AsyncDisposable {
  fault: HubFault = {};
  readonly seen: SeenRequest[] = [];
  readonly #servers: Server[] = [];
  readonly #files = new Map<string, HubFileSource>();
  /** Connections to the proxy that wait for a tunnel. */
  numProxied = 0;
  #faultsLeft = Number.POSITIVE_INFINITY;
  /** Addresses of the hub, of the host of the bytes and of a proxy. */
  address = "";
  bytesAddress = "";
  proxyAddress = "";

  static async start(): Promise<ModelHub> {
    const hub = new ModelHub();
    hub.address = await hub.#listen(
      createServer((request, response) => hub.#asHub(request, response)),
    );
    hub.bytesAddress = await hub.#listen(
      createServer((request, response) => void hub.#asBytes(request, response)),
    );
    hub.proxyAddress = await hub.#listen(hub.#proxy());
    return hub;
  }

  setFault(fault: HubFault): void {
    this.fault = fault;
    this.#faultsLeft = fault.times ?? Number.POSITIVE_INFINITY;
  }

  serveBytes(repository: string, file: string, bytes: Uint8Array): string {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    this.#files.set(`/${repository}/${file}`, { bytes, size: bytes.length, sha256 });
    return sha256;
  }

  async serveFile(repository: string, file: string, path: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 22 })) {
      hash.update(chunk as Uint8Array);
    }
    const sha256 = hash.digest("hex");
    this.#files.set(`/${repository}/${file}`, { path, size: (await stat(path)).size, sha256 });
    return sha256;
  }

  /** As the hub answers of a file: the head alone. */
  answerOf(repository: string, file: string): string {
    const { sha256, size } = this.#files.get(`/${repository}/${file}`)!;
    return [
      "HTTP/1.1 302 Found",
      `x-linked-etag: "${sha256}"`,
      `x-linked-size: ${size}`,
      `Location: ${this.bytesAddress}/${repository}/resolve/main/${file}`,
      "\r\n",
    ].join("\r\n");
  }

  requests(from: SeenRequest["from"]): SeenRequest[] {
    return this.seen.filter((request) => request.from === from);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #listen(server: Server): Promise<string> {
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://127.0.0.1:${address.port}`;
  }

  #asHub(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? "").split("?")[0] ?? "";
    this.seen.push({ from: "hub", path, headers: request.headers });
    const { status, headers = {}, location, isDirect = false } = this.fault;
    if (status !== undefined && this.#faultsLeft-- > 0) {
      response.writeHead(status, headers).end("no");
      return;
    }
    const source = this.#source(path);
    if (source === undefined) {
      response.writeHead(404).end("Entry not found");
      return;
    }
    const facts = {
      "x-linked-etag": `"${source.sha256}"`,
      "x-linked-size": String(source.size),
      "x-repo-commit": COMMIT,
      ...headers,
    };
    if (isDirect) {
      void this.#send(request, response, source, facts);
      return;
    }
    response
      .writeHead(302, { ...facts, Location: location ?? `${this.bytesAddress}${path}?signed=1` })
      .end("Found. Redirecting");
  }

  async #asBytes(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").split("?")[0] ?? "";
    this.seen.push({ from: "bytes", path, headers: request.headers });
    const source = this.#source(path);
    if (source === undefined) response.writeHead(404).end();
    else {
      // Another value of the same form, as the real hub's second host has it.
      const etag = createHash("sha256").update(source.sha256).digest("hex");
      await this.#send(request, response, source, { etag: `"${etag}"`, "x-linked-etag": etag });
    }
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    source: HubFileSource,
    headers: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { ignoresRange, endsAfter = Number.POSITIVE_INFINITY, flips, isSilent } = this.fault;
    const { chunkBytes = 1 << 16, pauseMs = 0 } = this.fault;
    const range = /^bytes=(\d+)-/.exec(request.headers.range ?? "");
    const from = ignoresRange === true || range === null ? 0 : Number(range[1]);
    if (from >= source.size) {
      response.writeHead(416).end();
      return;
    }
    response.writeHead(from > 0 ? 206 : 200, {
      ...headers,
      "Content-Length": source.size - from,
      ...(from > 0 ? { "Content-Range": `bytes ${from}-${source.size - 1}/${source.size}` } : {}),
    });
    response.flushHeaders();
    if (isSilent === true) return;
    let sent = 0;
    for await (const chunk of this.#read(source, from, chunkBytes)) {
      if (response.destroyed) return;
      const at = (flips ?? -1) - from - sent;
      if (at >= 0 && at < chunk.length) chunk[at]! ^= 1;
      const part = chunk.subarray(0, Math.max(0, endsAfter - sent));
      if (!response.write(part)) {
        await new Promise<void>((resolve) => {
          const go = () => {
            response.off("drain", go).off("close", go);
            resolve();
          };
          response.on("drain", go).on("close", go);
        });
      }
      sent += part.length;
      if (sent >= endsAfter) {
        await sleep(20);
        response.destroy();
        return;
      }
      if (pauseMs > 0) await sleep(pauseMs);
    }
    response.end();
  }

  async *#read(
    { path, bytes }: HubFileSource,
    from: number,
    chunkBytes: number,
  ): AsyncGenerator<Uint8Array> {
    if (path !== undefined) {
      for await (const chunk of createReadStream(path, {
        start: from,
        highWaterMark: chunkBytes,
      })) {
        yield chunk as Uint8Array;
      }
      return;
    }
    for (let at = from; at < (bytes?.length ?? 0); at += chunkBytes) {
      yield Uint8Array.from(bytes!.subarray(at, at + chunkBytes));
    }
  }

  #source(path: string): HubFileSource | undefined {
    const match = /^\/([^/]+\/[^/]+)\/resolve\/[^/]+\/(.+)$/.exec(decodeURIComponent(path));
    return match === null ? undefined : this.#files.get(`/${match[1]}/${match[2]}`);
  }

  /** A proxy, which forwards or tunnels, and alone knows where {@link PROXIED_HUB} is. */
  #proxy(): Server {
    const server = createServer((request, response) => {
      const { pathname, host } = new URL(request.url ?? "");
      this.seen.push({ from: "proxy", path: `${host}${pathname}`, headers: request.headers });
      this.#asHub(Object.assign(request, { url: pathname }), response);
    });
    server.on("connect", (request, socket) => {
      this.seen.push({ from: "proxy", path: request.url ?? "", headers: request.headers });
      const { proxyAnswer } = this.fault;
      if (proxyAnswer !== undefined) {
        this.numProxied++;
        socket.on("error", () => {}).once("close", () => this.numProxied--);
        socket.once("end", () => socket.destroy()).resume();
        if (proxyAnswer !== "") socket.end(proxyAnswer);
        return;
      }
      const [host, port] = (request.url ?? "").split(":");
      const upstream = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        upstream.pipe(socket);
        socket.pipe(upstream);
      });
      upstream.on("error", () => socket.destroy());
      socket.on("error", () => upstream.destroy());
    });
    return server;
  }
}

/** Bytes that differ everywhere, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export async function sha256Of(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
