/** A rectangle as a part of a path; many bars of one colour are one element. */
export function barPath(x: number, y: number, width: number, height: number): string {
  return `M${tenth(x)} ${tenth(y)}h${tenth(width)}v${tenth(height)}h${tenth(-width)}z`;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
