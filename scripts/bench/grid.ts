/** A number of at most nine decimals in WAD, exactly. */
export function wad(value: number): bigint {
  return BigInt(Math.round(value * 1e9)) * 10n ** 9n;
}

/** Every combination of one number from each list, the last list fastest. */
export function product<const Lists extends readonly (readonly number[])[]>(
  ...lists: Lists
): { -readonly [I in keyof Lists]: number }[] {
  const rows = lists.reduce<number[][]>((all, list) => all.flatMap((row) => list.map((x) => [...row, x])), [[]]);
  return rows as { -readonly [I in keyof Lists]: number }[];
}
