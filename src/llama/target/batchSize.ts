/** Rows of one pass at most: a prompt chunk and a tree both fit one micro-batch. A file of its own, as the peers' bundle has it and must not bring the native library a second time. */
export const MAX_BATCH = 512;
