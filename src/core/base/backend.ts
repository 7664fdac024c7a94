/** Names of compute backends, shared by every room. */

/** Where a model may run; `auto` takes the best backend that works here. */
export const GPU_CHOICES = ["auto", "cuda", "vulkan", "metal", "off"] as const;
export type GpuChoice = (typeof GPU_CHOICES)[number];
/** The backend that was loaded. */
export const BACKENDS = ["cpu", "cuda", "vulkan", "metal"] as const;
export type Backend = (typeof BACKENDS)[number];
