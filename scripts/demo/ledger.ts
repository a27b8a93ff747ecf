/**
 * Conservation: every unit of the quote token that was ever minted is somewhere, and everybody's money reconciles with
 * what the contracts say happened to it. Whole token units, no tolerance.
 */
import { formatFixed } from "./format.ts";

export interface Ledger {
  /** Sum of the token's own mint events, and what the token says its supply is. */
  readonly minted: bigint;
  readonly totalSupply: bigint;
  /** What each address holds; nobody twice. */
  readonly balances: readonly { readonly holder: string; readonly address: string; readonly units: bigint }[];
  readonly vaults: readonly VaultBalance[];
  readonly persons: readonly PersonBalance[];
}

/** What a vault counts against what it holds. */
export interface VaultBalance {
  readonly name: string;
  readonly balance: bigint;
  readonly idle: bigint;
  readonly owed: bigint;
  /** Idle as the vault's own events add up to it: paid in, premium, margin back, less paid out, payouts, margin sent. */
  readonly idleFromEvents: bigint;
  /** Still owed as the events add up to it: recorded, less paid, less released. */
  readonly owedFromEvents: bigint;
}

/** A depositor's or buyer's purse against the events that name him. */
export interface PersonBalance {
  readonly name: string;
  readonly minted: bigint;
  readonly paid: bigint;
  readonly received: bigint;
  readonly balance: bigint;
}

/** One sentence for each thing that does not reconcile; empty when everything does. */
export function checkLedger(ledger: Ledger): string[] {
  const faults: string[] = [];
  const expectEqual = (what: string, found: bigint, other: string, expected: bigint) => {
    if (found === expected) return;
    faults.push(`${what} is ${usdc(found)}, but ${other} is ${usdc(expected)}: ${usdc(found - expected, true)} USDC`);
  };

  const addresses = ledger.balances.map(({ address }) => address.toLowerCase());
  if (new Set(addresses).size !== addresses.length) faults.push("an address is counted twice");
  const held = ledger.balances.reduce((sum, { units }) => sum + units, 0n);
  expectEqual("the sum of all balances", held, "what was minted", ledger.minted);
  expectEqual("the token's total supply", ledger.totalSupply, "what was minted", ledger.minted);

  for (const vault of ledger.vaults) {
    expectEqual(`the balance of the ${vault.name} vault`, vault.balance, "what it counts as idle", vault.idle);
    expectEqual(`idle of the ${vault.name} vault`, vault.idle, "the sum of its events", vault.idleFromEvents);
    expectEqual(`what the ${vault.name} vault owes`, vault.owed, "the sum of its events", vault.owedFromEvents);
    if (vault.owed > vault.idle + 0n) {
      faults.push(`the ${vault.name} vault owes ${usdc(vault.owed)} but has ${usdc(vault.idle)} idle`);
    }
  }
  for (const person of ledger.persons) {
    const expected = person.minted - person.paid + person.received;
    expectEqual(`the balance of ${person.name}`, person.balance, "minted − paid in + received", expected);
  }
  return faults;
}

function usdc(units: bigint, signed = false): string {
  return formatFixed({ value: units, decimals: 6, digits: 6, signed });
}
