/** What the engine is told of the user's workspace, and what it says of its index. Nothing waits for an answer but *forget*. */
import * as v from "valibot";
import { NotificationType, RequestType0 } from "vscode-jsonrpc/node";
import { listOf, shapeOf } from "../../core/base/messageSchema.ts";
import type { WireError } from "./protocol.ts";

/** A folder of the workspace. */
const workspaceRoot = shapeOf({
  /** Absolute; a URI where the folder is not on this machine's disk. */
  path: v.string(),
  name: v.string(),
  /** False: nothing is read, its buffers are all that is known. */
  isOnDisk: v.boolean(),
  /** The editor's patterns for files to leave out, relative to the folder. */
  excludes: listOf(v.string()),
});
export type WorkspaceRoot = v.InferOutput<typeof workspaceRoot>;

export const workspaceParams = shapeOf({
  roots: listOf(workspaceRoot),
  /** Folder for what is kept between sessions, nobody else's; nothing is kept if absent. */
  storagePath: v.exactOptional(v.string()),
});
export type WorkspaceParams = v.InferOutput<typeof workspaceParams>;

/** Paths as in {@link WorkspaceRoot}. */
export const workspaceChanges = shapeOf({
  /** Files and folders that were created, changed or deleted: they are looked at again. */
  paths: listOf(v.string()),
  renamed: listOf(shapeOf({ from: v.string(), to: v.string() })),
  /** Files that the user turned to. */
  opened: listOf(v.string()),
});
export type WorkspaceChanges = v.InferOutput<typeof workspaceChanges>;

/** The text of a document that is not what the disk has; it wins until it is taken back. */
export const workspaceBuffer = shapeOf({
  path: v.string(),
  /** Null: the disk's text is right again, or the document is closed. */
  text: v.nullable(v.string()),
});
export type WorkspaceBuffer = v.InferOutput<typeof workspaceBuffer>;

export interface WorkspaceStatus {
  /** `off`: no workspace is open, or no model that would tokenize it is loaded. */
  readonly phase: "off" | "indexing" | "ready";
  readonly numFiles: number;
  readonly numTokens: number;
  /** Files that are still to be read. */
  readonly numWaiting: number;
}

export const NO_WORKSPACE: WorkspaceStatus = {
  phase: "off",
  numFiles: 0,
  numTokens: 0,
  numWaiting: 0,
};

/** Null closes the workspace. */
export const openWorkspaceNotification = new NotificationType<WorkspaceParams | null>(
  "workspace/open",
);
export const workspaceChangesNotification = new NotificationType<WorkspaceChanges>(
  "workspace/changes",
);
export const workspaceBufferNotification = new NotificationType<WorkspaceBuffer>(
  "workspace/buffer",
);
export const workspaceStatusNotification = new NotificationType<WorkspaceStatus>(
  "workspace/status",
);
/** Deletes what is known of the workspace, in memory and in its storage folder, and closes it. */
export const forgetWorkspaceRequest = new RequestType0<null, WireError>("workspace/forget");
