/** A pricer whose oracles and market say what a test tells them. */
import type { HardhatEthers } from "@nomicfoundation/hardhat-ethers/types";
import { formatEther, parseUnits } from "ethers";
import { CLOSURES, type Closure } from "../../keeper/enums.ts";
import { packSlice, type SviParameters, type SviSlice, unpackSlice } from "../../keeper/math/svi.ts";
import type { IOptionPricer, OptionPricer, OptionPricerMutant, ToldPricingWorld } from "../../types/index.ts";
import type { Conditions, Series } from "./reference.ts";

export const HOUR = 3_600;
export const DAY = 86_400;
export const WEEK = 7 * DAY;
export const WAD = 10n ** 18n;

export const FAULT = { none: 0, stale: 6 } as const;
export const CLAMP = { none: 0, lower: 1, upper: 2 } as const;
export const SURFACE = { none: 0, clamped: 1, stale: 2 } as const;

export type { Closure };
export const closureName = (closure: bigint): Closure => CLOSURES[Number(closure)]!;
export const closureIndex = (closure: Closure): number => CLOSURES.indexOf(closure);

/** In the order of `OptionPricerMutant.Guard`. */
const GUARDS = [
  "None",
  "Doubt",
  "Carry",
  "Potential",
  "Mark",
  "Apart",
  "Stale",
  "Floor",
  "Ends",
  "Line",
  "LastHour",
  "Bounds",
  "Clamp",
] as const;
export type Guard = (typeof GUARDS)[number];

/** To nine decimals, which is what the numbers of these tests have. */
export const wad = (value: number): bigint => parseUnits(value.toFixed(9), 18);
export const number = (value: bigint): number => Number(formatEther(value));

/** A smile with that volatility at the money, half of its variance from the wings, as a slot holds it. */
export function smile(level: number, { rho = -0.2, sigma = 0.2, m = 0 } = {}): SviSlice {
  const b = (0.5 * level * level) / (rho * -m + Math.hypot(m, sigma));
  return asStored({ a: 0.5 * level * level, b, rho, m, sigma });
}

/** Rounded to the units of the slot. */
export function asStored(slice: SviParameters): SviSlice {
  return unpackSlice(packSlice({ ...slice, postedAt: 1, atTheMoneyVolatility: 0, spread: 0 }));
}

/** An ordinary hour: 3,000, 70 %, the push feed's doubt, a little open. */
export const ORDINARY: Conditions = {
  spot: 3_000,
  doubt: 0.0077,
  mark: 3_000,
  carry: 0.11,
  seconds: WEEK,
  slice: smile(0.7),
  spread: 0.015,
  proportionalCost: 0.0005,
  fixedCost: 0.5,
  openCalls: 30,
  openPuts: 20,
  vegaCapacity: 100_000,
  strikes: [
    { strike: 2_700, calls: 0, puts: 12 },
    { strike: 3_000, calls: 18, puts: 8 },
    { strike: 3_300, calls: 12, puts: 0 },
    { strike: 3_600, calls: 0, puts: 0 },
  ],
  isSurfaceBehind: false,
};

export function seriesId({ strike, isCall }: Series, expiry: number): bigint {
  return (BigInt(expiry) << 65n) | (isCall ? 1n << 64n : 0n) | (wad(strike) / 10n ** 9n);
}

export type Pricer = OptionPricer | OptionPricerMutant;
export type Quote = IOptionPricer.QuoteStructOutput;

export async function deployWorld(ethers: HardhatEthers, decimals = 6): Promise<ToldPricingWorld> {
  return (await ethers.deployContract("ToldPricingWorld", [decimals])) as unknown as ToldPricingWorld;
}

/** A pricer on that world; `missing` names the guard that it is without, `oracle` another source of spot. */
export async function deployPricer(
  ethers: HardhatEthers,
  world: ToldPricingWorld,
  missing?: Guard,
  oracle?: string,
): Promise<Pricer> {
  const address = await world.getAddress();
  const args: unknown[] = [address, address, address, address, oracle ?? address, address];
  const pricer =
    missing === undefined
      ? await ethers.deployContract("OptionPricer", args)
      : await ethers.deployContract("OptionPricerMutant", [...args, GUARDS.indexOf(missing)]);
  return pricer as unknown as Pricer;
}

/** Tells everything but the time. */
export async function tell(world: ToldPricingWorld, conditions: Conditions, expiry: number): Promise<void> {
  const { strikes, slice } = conditions;
  await world.tellSigma(wad(0.7));
  await world.tellSpot(spotOf(conditions));
  const word = packSlice({ ...slice, atTheMoneyVolatility: 0, postedAt: 1, spread: 0 });
  await world.tellSlice(expiry, word, wad(conditions.spread));
  await world.tellClosure(conditions.isSurfaceBehind ? SURFACE.stale : SURFACE.none);
  await world.tellCarry(wad(conditions.carry), CLAMP.none);
  await world.tellMark(wad(conditions.mark ?? 0), conditions.mark !== undefined);
  await world.tellHedgeCost(wad(conditions.proportionalCost), wad(conditions.fixedCost));
  await world.tellVegaCapacity(wad(conditions.vegaCapacity));
  await world.tellOpenContracts(wad(conditions.openCalls), wad(conditions.openPuts));
  await world.tellStrikes(
    expiry,
    strikes.map(({ strike }) => wad(strike)),
    strikes.map(({ calls }) => wad(calls)),
    strikes.map(({ puts }) => wad(puts)),
  );
}

export const spotOf = ({ spot, doubt }: Pick<Conditions, "spot" | "doubt">, fault: number = FAULT.none) => ({
  price: wad(spot),
  doubt: wad(doubt),
  updatedAt: 1_700_000_000,
  source: 1,
  fault,
});
