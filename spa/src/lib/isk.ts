/** ISK as players write it. Amounts come as decimal text and are never summed here. */

const UNITS = ["", "k", "m", "b", "t"] as const;

/** The whole ISK of a decimal text; rounds half up. */
function wholeIsk(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  const negative = whole.startsWith("-");
  const up = (fraction[0] ?? "0") >= "5" ? 1n : 0n;
  const digits = BigInt(negative ? whole.slice(1) : whole || "0") + up;
  return negative ? -digits : digits;
}

/** `950`, `12k`, `456.7m`→`457m`, `1.23b`: three significant digits without trailing zeros. */
export function shortIsk(text: string): string {
  const value = wholeIsk(text);
  const amount = value < 0n ? -value : value;
  return (value < 0n ? "−" : "") + shorten(amount);
}

function shorten(amount: bigint): string {
  if (amount < 1000n) return amount.toString();
  let unit = Math.min(Math.floor((amount.toString().length - 1) / 3), UNITS.length - 1);
  let scaled = Number(amount) / 1000 ** unit;
  // What rounds to a thousand of a unit is one of the next: 999,999 is 1m.
  if (Number(scaled.toPrecision(3)) >= 1000 && unit < UNITS.length - 1) {
    unit += 1;
    scaled /= 1000;
  }
  const digits = scaled >= 1000 ? Math.round(scaled).toString() : Number(scaled.toPrecision(3)).toString();
  return digits + (UNITS[unit] ?? "");
}

/** `56,712,345,678 ISK`. */
export function fullIsk(text: string): string {
  return `${grouped(wholeIsk(text))} ISK`;
}

/** For scales only: text to a float, which is exact enough for pixels. */
export function iskNumber(text: string): number {
  return Number(text);
}

export type IskClass = "isk-low" | "isk-mid" | "isk-high" | "isk-top";

/** The class of its colour: below 100m, 1b, 10b, and above. */
export function iskClass(text: string): IskClass {
  const value = wholeIsk(text);
  if (value < 100_000_000n) return "isk-low";
  if (value < 1_000_000_000n) return "isk-mid";
  return value < 10_000_000_000n ? "isk-high" : "isk-top";
}

/** `1,204`. */
function grouped(value: bigint | number): string {
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `1,204`, from ten thousand on `12.4k`. */
export function count(value: number): string {
  return value < 10_000 ? grouped(value) : shorten(BigInt(value));
}

/** `83 %` of a part from 0 to 100. */
export function percent(value: number): string {
  return `${Math.round(value)} %`;
}
