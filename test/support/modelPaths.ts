/** Where the bundled pair lies. Imports nothing, so that scripts outside vitest can use it. */
import { fileURLToPath } from "node:url";

const modelFile = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
export const TARGET_PATH = modelFile("treeline-tiny-target-q8_0.gguf");
export const DRAFT_PATH = modelFile("treeline-tiny-draft-q8_0.gguf");
