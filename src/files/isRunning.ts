/** Whether a process of this machine lives, whoever's it is. What it wrote down outlives it, and its number may be another's by now. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
