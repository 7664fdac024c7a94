/** How different two texts are. */

/** Insertions, deletions and exchanges of UTF-16 code units that make one text the other (Levenshtein 1965). */
export function editDistance(a: string, b: string): number {
  // [b.length + 1] distances from the part of `a` read so far to each start of `b`.
  const row = Int32Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const exchanged = diagonal + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      diagonal = row[j]!;
      row[j] = Math.min(exchanged, diagonal + 1, row[j - 1]! + 1);
    }
  }
  return row[b.length]!;
}

/** The edit distance by the longer text: 0 for equal ones, 1 where nothing agrees. */
export function relativeDistance(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  return length === 0 ? 0 : editDistance(a, b) / length;
}
