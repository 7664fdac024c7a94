/** Sizes as people read them. */

/** Of files, and of what they take: in powers of 1,000, as model hubs and disks tell them. "3 kB", "5.2 MB", "398 MB", "1.12 GB", "16.4 GB". Never 0 of something. */
export function byteText(bytes: number): string {
  const [mega, giga] = [bytes / 1e6, bytes / 1e9];
  if (bytes <= 999_000) return `${Math.ceil(bytes / 1e3)} kB`;
  if (mega < 999.5) return `${mega.toFixed(mega < 9.95 ? 1 : 0)} MB`;
  return `${giga.toFixed(giga < 9.995 ? 2 : 1)} GB`;
}

/** Of a machine's or a device's memory: in powers of 1,024, as it is sold and as systems tell it. "16 GB", "23.5 GB". */
export function memoryText(bytes: number): string {
  const giga = bytes / 1024 ** 3;
  return `${Number(giga.toFixed(1))} GB`;
}
