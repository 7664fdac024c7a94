/** Time that this thread has computed, in ms. Unlike a clock it stands still while other work has the cores. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
