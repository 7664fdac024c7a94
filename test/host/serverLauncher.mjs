// Runs VS Code's server in this process: node serverLauncher.mjs <server-main.js> <its arguments>.
// Standard input is a pipe from the test process: when that process is gone, however it ended, the pipe closes and the
// whole process group goes with it. (An --import flag would do the same, but every fork would inherit it, ours too.)
import { pathToFileURL } from "node:url";

const endGroup = () => process.kill(-process.pid, "SIGKILL");
process.stdin.on("end", endGroup);
process.stdin.on("error", endGroup);
process.stdin.resume();

process.argv.splice(1, 1);
await import(pathToFileURL(process.argv[1]).href);
