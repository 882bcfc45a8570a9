/** The exact sum of decimal ISK, as text with two decimals. */
export function sumIsk(amounts: Iterable<string>): string {
  let cents = 0n;
  for (const amount of amounts) cents += centsOf(amount);
  return iskOfCents(cents);
}

/** Hundredths of an ISK. */
export function centsOf(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.split(".");
  return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, "0").slice(0, 2));
}

export function iskOfCents(cents: bigint): string {
  return `${cents / 100n}.${(cents % 100n).toString().padStart(2, "0")}`;
}
