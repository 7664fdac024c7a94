/**
 * `npm run test:host [-- FILTER]`, a part of `npm test`: installs what the host needs (setup.ts), checks this folder's
 * types, which need its packages, and runs the tests. `TREELINE_SKIP_HOST_TESTS=1` leaves all of it out.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { HOST_DIR, isSkipped, REPOSITORY, SKIP_VARIABLE } from "./hostLayout.ts";

/** Runs a tool of the repository's own node_modules; ends this process if it fails. */
function run(tool: string, args: readonly string[]): void {
  const command = join(REPOSITORY, "node_modules/.bin", tool);
  const { status, error } = spawnSync(command, args, { cwd: REPOSITORY, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (isSkipped())
  process.stdout.write(`skipped: the VS Code host tests (${SKIP_VARIABLE} is set)\n`);
else {
  run("node", [join(HOST_DIR, "setup.ts")]);
  run("tsc", ["-p", HOST_DIR]);
  run("vitest", ["run", "--config", join(HOST_DIR, "vitest.config.ts"), ...process.argv.slice(2)]);
}
