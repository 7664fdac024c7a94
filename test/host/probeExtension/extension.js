// Answers `VscodeHost.evaluate`: one connection per call, a JSON request up to its end, then one JSON reply.
const fs = require("node:fs");
const net = require("node:net");
const vm = require("node:vm");
const vscode = require("vscode");

async function evaluate(request) {
  const { source, argument } = JSON.parse(request);
  const value = await vm.runInThisContext(`(${source})`)(vscode, argument);
  return { pid: process.pid, value };
}

exports.activate = (context) => {
  const socketPath = process.env.TREELINE_PROBE_SOCKET;
  if (socketPath === undefined) return;
  fs.rmSync(socketPath, { force: true });
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    let request = "";
    socket.on("data", (chunk) => {
      request += chunk;
    });
    socket.on("error", () => {});
    socket.on("end", () => {
      void evaluate(request)
        .catch((error) => ({ pid: process.pid, error: String(error?.stack ?? error) }))
        .then((reply) => socket.end(JSON.stringify(reply)));
    });
  });
  server.listen(socketPath);
  context.subscriptions.push({ dispose: () => server.close() });
};
