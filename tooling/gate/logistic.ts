/** Logistic regression by Newton's method, with a ridge that keeps weights finite where few rows part cleanly. */

/** As much as one place weighs; the constant has none. */
const RIDGE = 1;
const MAX_STEPS = 50;
const TOLERANCE = 1e-9;

/**
 * @param rows - [rows, features]
 * @param labels - [rows]
 * @returns [1 + features] the constant first.
 */
export function fitLogistic(
  rows: readonly (readonly number[])[],
  labels: readonly boolean[],
): number[] {
  const size = 1 + (rows[0]?.length ?? 0);
  const weights = new Array<number>(size).fill(0);
  for (let step = 0; step < MAX_STEPS; step++) {
    const gradient = weights.map((weight, i) => (i === 0 ? 0 : -RIDGE * weight));
    const hessian = weights.map((_, i) =>
      weights.map((_, j) => (i === j ? (i === 0 ? 1e-9 : RIDGE) : 0)),
    );
    for (const [index, row] of rows.entries()) {
      const x = [1, ...row];
      const logit = x.reduce((sum, value, i) => sum + value * weights[i]!, 0);
      const p = 1 / (1 + Math.exp(-logit));
      const error = (labels[index] === true ? 1 : 0) - p;
      for (let i = 0; i < size; i++) {
        gradient[i]! += x[i]! * error;
        for (let j = 0; j < size; j++) hessian[i]![j]! += x[i]! * x[j]! * p * (1 - p);
      }
    }
    const change = solve(hessian, gradient);
    for (let i = 0; i < size; i++) weights[i]! += change[i]!;
    if (Math.max(...change.map(Math.abs)) < TOLERANCE) break;
  }
  return weights;
}

/** Gaussian elimination with pivots. @param matrix - [n, n]; destroyed, as the vector is. */
function solve(matrix: number[][], vector: number[]): number[] {
  const n = vector.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(matrix[row]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = row;
    }
    [matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!];
    [vector[column], vector[pivot]] = [vector[pivot]!, vector[column]!];
    for (let row = column + 1; row < n; row++) {
      const factor = matrix[row]![column]! / matrix[column]![column]!;
      for (let j = column; j < n; j++) matrix[row]![j]! -= factor * matrix[column]![j]!;
      vector[row]! -= factor * vector[column]!;
    }
  }
  const solution = new Array<number>(n).fill(0);
  for (let row = n - 1; row >= 0; row--) {
    let rest = vector[row]!;
    for (let j = row + 1; j < n; j++) rest -= matrix[row]![j]! * solution[j]!;
    solution[row] = rest / matrix[row]![row]!;
  }
  return solution;
}
