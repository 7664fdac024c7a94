/**
 * The house: every folder under src, lowest first, with what it may import. `core/*` is every folder of core; a folder
 * imports only those that stand above it here, so there is no circle. Behind the bar are packages, `node` for Node's modules
 * but those that reach the network (NETWORK in checkRooms.ts): each is named, as is `fetch`.
 */
export const ROOMS: Readonly<Record<string, string>> = {
  // Pure: no I/O, no native code, no other room. Schemas of what comes from outside are valibot's.
  "core/base": "| valibot",
  "core/tree": "core/base",
  "core/syntax": "",
  "core/ending": "core/base core/tree core/syntax",
  "core/prompt": "core/base core/tree core/ending | valibot lru-cache",
  "core/healing": "core/base core/tree",
  "core/index": "core/base | lru-cache",
  "core/drafters": "core/base core/tree core/index",
  "core/calibration": "core/base core/tree",
  "core/budget": "core/base core/tree core/calibration",
  "core/decode": "core/base core/tree core/budget",
  "core/suggestions": "core/base core/tree core/budget core/decode",

  // Replaces files whole or not at all.
  files: "| node",
  // Reads and judges headers.
  gguf: "core/base core/prompt | node",
  // What can be installed, what is on the disk; the hub alone reaches the network, and only when a user asks.
  "models/catalogue": "core/base | valibot",
  "models/disk": "core/base files gguf models/catalogue | node",
  "models/hub":
    "core/base files models/catalogue models/disk | node http https https-proxy-agent proxy-from-env",
  "models/advice": "core/base files gguf models/catalogue | node valibot",
  // Reads files by its rules.
  workspace: "core/base core/prompt | node ignore @vscode/tree-sitter-wasm",

  // Measures against core's interfaces only.
  "bench/spots": "core/ending core/syntax",
  "bench/base": "core/tree bench/spots",
  "bench/speed": "core/base core/tree core/budget bench/base bench/spots | valibot",
  "bench/decoders": "core/* bench/base bench/spots bench/speed",
  "bench/suggestions": "core/* bench/base",
  "bench/typing": "core/base bench/base bench/spots",
  "bench/accuracy": "core/* bench/base bench/spots",

  // Evaluates, commits and rewinds.
  "llama/native": "core/base core/tree | node node-llama-cpp koffi",
  "llama/model": "core/base core/healing core/prompt gguf llama/native | node node-llama-cpp koffi",
  "llama/text": "core/base core/healing gguf llama/model",
  "llama/target": "core/base core/tree core/drafters llama/native llama/model",

  // Reaches models only through llama; its protocol is all that others know of it.
  "engine/protocol": "core/* bench/* | valibot vscode-jsonrpc",
  "engine/base": "core/base files | node",
  "engine/models": "core/* files gguf llama/* engine/protocol | node",
  "engine/learned": "core/* llama/model engine/protocol engine/base engine/models",
  "engine/indexing": "core/* workspace llama/* engine/protocol engine/base engine/learned | node",
  "engine/prompt": "core/* workspace llama/* engine/* | node",
  "engine/complete": "core/* workspace llama/model engine/*",
  "engine/measure": "core/* bench/* llama/* engine/* | node",
  engine: "core/* bench/base workspace llama/text engine/* | node valibot vscode-jsonrpc",

  // Talks to the engine by its protocol.
  session: "| node",
  "session/client": "core/base files engine/protocol session | node vscode-jsonrpc",
  "session/advice": "engine/protocol models/advice session/client",
  "session/broker": "core/base core/ending engine/protocol session | node lru-cache",

  // In a browser: reports of bench, names of core, the DOM, nothing else.
  "panel/messages": "core/base bench/speed | valibot",
  "panel/charts": "core/tree bench/base bench/speed | @observablehq/plot",
  panel: "core/base bench/base bench/speed panel/* | valibot",

  // Thin adapters over session.
  "ui/base": "core/base core/prompt engine/protocol | valibot vscode",
  "ui/figures": "core/base core/tree bench/base engine/protocol ui/base | vscode",
  "ui/folders": "workspace bench/spots engine/protocol session/* ui/base | vscode",
  "ui/lifecycle":
    "core/base core/tree core/prompt bench/speed engine/protocol models/disk session session/* ui/base ui/figures | node vscode",
  "ui/models": "core/base models/* session session/* ui/base ui/figures ui/lifecycle | node vscode",
  "ui/measure":
    "core/base bench/* engine/protocol panel/messages ui/base ui/figures ui/folders | node vscode",
  "ui/suggest": "core/base core/prompt engine/protocol session/broker ui/* | lru-cache vscode",
  ui: "core/base bench/speed session session/* ui/* | node vscode",

  // Drives the forked engine through session.
  "cli/base":
    "core/base core/tree files models/catalogue models/disk engine/protocol session session/client | node commander",
  "cli/sources": "core/base workspace bench/spots engine/protocol session/client cli/base | node",
  // Asks servers that a user names.
  "cli/bench":
    "core/* bench/* engine/protocol engine/measure session session/* cli/* | node fetch valibot",
  "cli/models":
    "core/base gguf engine/protocol models/* session session/* cli/base | node commander",
  "cli/complete": "core/* engine/protocol cli/base cli/sources | node",
  "cli/demo": "core/prompt core/tree bench/base engine/protocol cli/* | node",
  cli: "core/base bench/* engine/protocol cli/* | node commander",
};
