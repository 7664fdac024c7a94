// Preloaded into an engine that is measured: without it a resident size says when V8 last collected, not what is kept.
const { setFlagsFromString } = require("node:v8");
const { runInNewContext } = require("node:vm");

setFlagsFromString("--expose-gc");
setInterval(runInNewContext("gc"), 500).unref();
