/**
 * Prepares a machine for `npm test`: on Debian as root it installs Mesa's software Vulkan (lavapipe), on which the
 * contract suite runs the real Vulkan backend without a GPU. Elsewhere it says what will be skipped.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { hasLavapipe } from "./lavapipe.ts";

const PACKAGES = ["libvulkan1", "mesa-vulkan-drivers"];

function run(command: string, args: readonly string[]): boolean {
  process.stdout.write(`setup: ${command} ${args.join(" ")}\n`);
  const { status } = spawnSync(command, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return status === 0;
}

if (!hasLavapipe()) {
  const canInstall = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  const installed =
    canInstall &&
    run("apt-get", ["update", "-qq"]) &&
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...PACKAGES]);
  if (!installed) {
    process.stdout.write(
      `setup: no software Vulkan (${PACKAGES.join(", ")}); the Vulkan tests will be skipped, or fail where CI is set\n`,
    );
  }
}
