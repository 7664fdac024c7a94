/** Whether Mesa's software Vulkan is on this machine. */
import { existsSync, readdirSync } from "node:fs";

const ICD_FOLDERS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

export function hasLavapipe(): boolean {
  return ICD_FOLDERS.some(
    (folder) =>
      existsSync(folder) && readdirSync(folder).some((file) => file.startsWith("lvp_icd")),
  );
}
