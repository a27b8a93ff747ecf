/** The board: expiries, strikes and what is open, live and settled. */
import { NotPossibleError, SnapshotError } from "../../errors.ts";
import { logsInRanges } from "../../logs.ts";
import {
  customaryExpiry,
  decodeSeries,
  parseSeriesName,
  resolveSeries,
  seriesName,
  unpackStrike,
} from "../../series.ts";
import { formatFixed, type Units } from "../../units.ts";
import { read, type Session } from "./session.ts";

/** Those that are not settled, earliest first. */
export async function liveExpiries({ contracts }: Session): Promise<bigint[]> {
  const live = await read(contracts, () => contracts.market.liveExpiries());
  return [...live].sort((a, b) => Number(a - b));
}

/** The live expiries, and the one of `day` when it was ever listed: expiries lie on a calendar. */
export async function expiriesWith(session: Session, day: bigint): Promise<bigint[]> {
  const live = await liveExpiries(session);
  const customary = customaryExpiry(day);
  if (live.includes(customary)) return live;
  const { listed } = await read(session.contracts, () => session.contracts.market.expiryOf(customary));
  return listed ? [customary, ...live] : live;
}

export interface Strike {
  strikeWad: bigint;
  callsWad: bigint;
  putsWad: bigint;
}

/** Lowest first. */
export async function strikesOf({ contracts }: Session, expiry: bigint): Promise<Strike[]> {
  const slots = await read(contracts, () => contracts.market.strikesOf(expiry));
  return slots.map(unpackStrike).sort((a, b) => (a.strikeWad < b.strikeWad ? -1 : 1));
}

/** A series that is listed, from what a person typed. @throws {NotPossibleError} naming the strikes there are. */
export async function seriesOf(session: Session, text: string): Promise<bigint> {
  const { underlying } = session.units;
  const isNumber = /^[0-9]+$/.test(text);
  const listed = isNumber ? [] : await expiriesWith(session, parseSeriesName(text, underlying).day);
  const id = resolveSeries(text, { underlying, listed });
  const { expiry, strikeWad } = decodeSeries(id);
  const strikes = await strikesOf(session, expiry);
  if (!strikes.some((strike) => strike.strikeWad === strikeWad)) {
    const listed = strikes.map((strike) => formatFixed(strike.strikeWad, 18, { least: 0, most: 9 })).join(", ");
    throw new NotPossibleError(
      `${text}: that strike is not listed: expected one of ${listed === "" ? "(none is listed)" : listed}`,
    );
  }
  return id;
}

export interface Holding {
  id: bigint;
  holder: string;
  sizeWad: bigint;
}

/** Who holds what of these series, from the token's own transfers. */
export async function holdingsOf({ contracts, provider }: Session, ids: readonly bigint[]): Promise<Holding[]> {
  if (ids.length === 0) return [];
  const { optionToken, deployment } = contracts;
  const filter = optionToken.filters.Transfer(undefined, undefined, undefined, [...ids] as unknown as bigint);
  const events = await logsInRanges({
    from: deployment.firstBlock ?? 0,
    to: await read(contracts, () => provider.getBlockNumber()),
    fetch: (from, to) => optionToken.queryFilter(filter, from, to),
    rpcUrl: deployment.rpcUrl,
  });
  const balances = new Map<string, bigint>();
  const add = (id: bigint, holder: string, change: bigint): void => {
    const key = `${id} ${holder}`;
    balances.set(key, (balances.get(key) ?? 0n) + change);
  };
  for (const { args } of events) {
    add(args.id, args.sender, -args.amount);
    add(args.id, args.receiver, args.amount);
  }
  return [...balances]
    .filter(([, sizeWad]) => sizeWad > 0n)
    .map(([key, sizeWad]) => {
      const [id, holder] = key.split(" ");
      if (id === undefined || holder === undefined) throw new SnapshotError(`cannot read the holding "${key}"`);
      return { id: BigInt(id), holder, sizeWad };
    });
}

export const nameOfSeries = (id: bigint, { underlying }: Units): string => seriesName(id, underlying);

/** One result for each item, in order, never more than `atOnce` under way. */
export async function inTurn<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += atOnce) {
    results.push(...(await Promise.all(items.slice(at, at + atOnce).map(work))));
  }
  return results;
}

/** Pads the columns; the first row is the head. Numbers to the right, the last column to the left. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === columns - 1 ? cell : cell.padStart(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
