/**
 * Prepares a machine for `npm test`: on Debian as root it installs Mesa's software Vulkan (lavapipe), on which the
 * contract suite runs the real Vulkan backend without a GPU. Elsewhere it says what will be skipped.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const ICD_FOLDERS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
const PACKAGES = ["libvulkan1", "mesa-vulkan-drivers"];

function hasLavapipe(): boolean {
  return ICD_FOLDERS.some(
    (folder) => existsSync(folder) && readdirSync(folder).some((file) => file.startsWith("lvp_icd")),
  );
}

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
