/** Reads a finished run's money from the chain: events on one side, balances on the other, for the ledger to compare. */
import { Contract, type EventLog, type Log, type LogDescription } from "ethers";
import { type ContractName, interfaceOf } from "../../keeper/contracts.ts";
import { packageArtifact } from "../local-chain/artifacts.ts";
import type { Ledger, PersonBalance, VaultBalance } from "./ledger.ts";
import type { VaultAccount, VenueStatement } from "./record.ts";
import { BUYERS, depositors, type Side, type Stage } from "./stage.ts";

/** Quote WAD per unit of the quote token. */
const SCALE = 10n ** 12n;

/** An event with its arguments by name. */
export interface Entry {
  readonly name: string;
  readonly blockNumber: number;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Everything that happened to one vault's money. */
export interface Journal {
  readonly vault: readonly Entry[];
  readonly market: readonly Entry[];
  readonly controller: readonly Entry[];
  /** Of the hedge's account on Curie alone. */
  readonly venue: readonly Entry[];
}

export async function readJournal(stage: Stage, side: Side): Promise<Journal> {
  const { contracts } = side.contracts.deployment;
  const ours = async (name: ContractName & keyof typeof contracts): Promise<Entry[]> => {
    const logs = await stage.provider.getLogs({ address: contracts[name], fromBlock: 0, toBlock: "latest" });
    return logs.flatMap((log) => entryOf(log, interfaceOf(name).parseLog(log)));
  };
  const clearingHouse = new Contract(
    stage.curie.addresses.clearingHouse,
    packageArtifact("@perp/curie-contract", "ClearingHouse").abi,
    stage.provider,
  );
  const ofVenue = async (event: string): Promise<Entry[]> => {
    const filter = clearingHouse.filters[event]?.(contracts.venue);
    if (filter === undefined) throw new Error(`Curie's clearing house has no event ${event}.`);
    const logs = await clearingHouse.queryFilter(filter, 0, "latest");
    return logs.flatMap((log: EventLog | Log) => entryOf(log, clearingHouse.interface.parseLog(log)));
  };
  const [vault, market, controller, positions, funding] = await Promise.all([
    ours("vault"),
    ours("market"),
    ours("controller"),
    ofVenue("PositionChanged"),
    ofVenue("FundingPaymentSettled"),
  ]);
  return { vault, market, controller, venue: [...positions, ...funding] };
}

export function venueStatement(journal: Journal): VenueStatement {
  return {
    tradingWad: sum(journal.venue, "PositionChanged", "exchangedPositionNotional"),
    feesWad: sum(journal.venue, "PositionChanged", "fee"),
    fundingWad: -sum(journal.venue, "FundingPaymentSettled", "fundingPayment"),
    payouts: named(journal.vault, "MarginReturned").length,
  };
}

/** A vault's account when everybody has left. */
export async function readAccount(options: {
  readonly side: Side;
  readonly journal: Journal;
  readonly navPerShareStart: number;
  readonly navPerShareEnd: number;
}): Promise<VaultAccount> {
  const { side, journal, navPerShareStart, navPerShareEnd } = options;
  const [idle, position] = await Promise.all([side.contracts.vault.idle(), side.contracts.controller.position()]);
  if (!position.readable) throw new Error(`The venue of the ${side.name} vault cannot be read.`);
  if (position.size !== 0n) throw new Error(`The ${side.name} vault still has a position of ${position.size} wei.`);
  const units = (name: string) => sum(journal.vault, name, "assets") * SCALE;
  const statement = venueStatement(journal);
  return {
    depositedWad: units("Deposit"),
    withdrawnWad: units("Withdraw"),
    leftWad: idle * SCALE + position.cash,
    premiumWad: units("PremiumCollected"),
    payoutWad: units("ClaimPaid"),
    hedgePnlWad: units("MarginReturned") - units("MarginSent") + position.cash,
    fundingWad: statement.fundingWad,
    feesWad: statement.feesWad,
    navPerShareStart,
    navPerShareEnd,
  };
}

/** The whole economy at the latest block. `journals` in the order of `stage.sides`. */
export async function readLedger(stage: Stage, journals: readonly Journal[]): Promise<Ledger> {
  const { quoteToken } = stage.hedged.contracts;
  const blockTag = await stage.provider.getBlockNumber();
  const balances = await Promise.all(
    stage.holders.map(async ({ holder, address }) => {
      return { holder, address, units: await quoteToken.balanceOf(address, { blockTag }) };
    }),
  );
  const balanceOf = (address: string): bigint => {
    return balances.find((balance) => balance.address.toLowerCase() === address.toLowerCase())?.units ?? 0n;
  };
  const mints = (await quoteToken.queryFilter(quoteToken.filters.Transfer(NOBODY_YET), 0, blockTag)).map((mint) => {
    return { to: mint.args.to, units: mint.args.value };
  });

  const vaults = await Promise.all(
    stage.sides.map(async (side, place): Promise<VaultBalance> => {
      const { vault, deployment } = side.contracts;
      const journal = journals[place]?.vault ?? [];
      const assets = (name: string) => sum(journal, name, "assets");
      const [idle, owed] = await Promise.all([vault.idle({ blockTag }), vault.owed({ blockTag })]);
      return {
        name: side.name,
        balance: balanceOf(deployment.contracts.vault),
        idle,
        owed,
        idleFromEvents:
          assets("Deposit") +
          assets("PremiumCollected") +
          assets("MarginReturned") -
          assets("Withdraw") -
          assets("ClaimPaid") -
          assets("MarginSent"),
        owedFromEvents: assets("ClaimsRecorded") - assets("ClaimPaid") - assets("ClaimsReleased"),
      };
    }),
  );

  const persons = [...depositors, ...BUYERS].map((name): PersonBalance => {
    const address = stage.addressOf(name);
    const of = (entries: readonly Entry[], event: string, who: string, what: string) =>
      sum(
        entries.filter((entry) => entry.args[who] === address),
        event,
        what,
      );
    const vaultEntries = journals.flatMap((journal) => journal.vault);
    const marketEntries = journals.flatMap((journal) => journal.market);
    return {
      name,
      minted: mints.reduce((total, mint) => (mint.to === address ? total + mint.units : total), 0n),
      paid: of(vaultEntries, "Deposit", "sender", "assets") + of(marketEntries, "Bought", "buyer", "premium"),
      received:
        of(vaultEntries, "Withdraw", "receiver", "assets") + of(marketEntries, "Redeemed", "receiver", "payout"),
      balance: balanceOf(address),
    };
  });

  return {
    minted: mints.reduce((total, mint) => total + mint.units, 0n),
    totalSupply: await quoteToken.totalSupply({ blockTag }),
    balances,
    vaults,
    persons,
  };
}

/** Minting is a transfer from here. */
const NOBODY_YET = "0x0000000000000000000000000000000000000000";

/** The sum of one argument over the events of one name. */
export function sum(entries: readonly Entry[], name: string, argument: string): bigint {
  return named(entries, name).reduce((total, entry) => total + bigintOf(entry, argument), 0n);
}

export function named(entries: readonly Entry[], name: string): Entry[] {
  return entries.filter((entry) => entry.name === name);
}

export function bigintOf(entry: Entry, argument: string): bigint {
  const value = entry.args[argument];
  if (typeof value !== "bigint") throw new TypeError(`The event ${entry.name} has no number called ${argument}.`);
  return value;
}

function entryOf(log: Log | EventLog, parsed: LogDescription | null): Entry[] {
  if (parsed === null) return [];
  return [{ name: parsed.name, blockNumber: log.blockNumber, args: parsed.args.toObject() }];
}
