/** The end of a run: everybody leaves, the books are read, and what does not reconcile is put into sentences. */
import { bigintOf, type Journal, named, readAccount, readJournal, readLedger, venueStatement } from "./books.ts";
import { checkVenueStatement } from "./checks.ts";
import { checkLedger } from "./ledger.ts";
import type { HourRecord, VaultAccount } from "./record.ts";
import { type Depositor, depositors, type PersonCall, type Stage } from "./stage.ts";

/** Quote WAD per unit of the quote token. */
const UNIT = 10n ** 12n;

/** Of both vaults. */
export interface Journals {
  readonly hedged: Journal;
  readonly unhedged: Journal;
}

/** Every depositor redeems every share that he has. @returns One sentence for each who may not. */
export async function withdrawAll(stage: Stage): Promise<string[]> {
  const faults: string[] = [];
  const calls: PersonCall[] = [];
  for (const { name, contracts } of stage.sides) {
    for (const person of depositors) {
      const owner = stage.addressOf(person);
      const [shares, most] = await Promise.all([contracts.vault.balanceOf(owner), contracts.vault.maxRedeem(owner)]);
      if (most !== shares) faults.push(`${person} may redeem ${most} of his ${shares} shares of the ${name} vault`);
      const to = contracts.deployment.contracts.vault;
      calls.push({ person, to, contract: "OptionVault", method: "redeem", args: [most, owner, owner] });
    }
  }
  await stage.act(calls);
  return faults;
}

/** What a depositor took out of a vault, quote WAD. */
export function withdrawnBy(stage: Stage, person: Depositor, journal: Journal): bigint {
  const address = stage.addressOf(person);
  const entries = named(journal.vault, "Withdraw").filter((entry) => entry.args.owner === address);
  return entries.reduce((total, entry) => total + bigintOf(entry, "assets"), 0n) * UNIT;
}

/** Reads every balance and event there is, at the latest block. */
export async function takeStock(stage: Stage): Promise<{ readonly journals: Journals; readonly faults: string[] }> {
  const [hedged, unhedged] = await Promise.all([readJournal(stage, stage.hedged), readJournal(stage, stage.unhedged)]);
  return { journals: { hedged, unhedged }, faults: checkLedger(await readLedger(stage, [hedged, unhedged])) };
}

export async function readAccounts(options: {
  readonly stage: Stage;
  readonly journals: Journals;
  readonly first: HourRecord;
  readonly last: HourRecord;
}): Promise<{ readonly hedged: VaultAccount; readonly unhedged: VaultAccount }> {
  const { stage, journals, first, last } = options;
  const read = (name: "hedged" | "unhedged") =>
    readAccount({
      side: stage[name],
      journal: journals[name],
      navPerShareStart: first[name].navPerShare,
      navPerShareEnd: last[name].navPerShare,
    });
  const [hedged, unhedged] = await Promise.all([read("hedged"), read("unhedged")]);
  return { hedged, unhedged };
}

/** The venue's own events against the money that moved. */
export function checkHedgedVenue(journals: Journals, hedged: VaultAccount): string[] {
  return checkVenueStatement(venueStatement(journals.hedged), hedged.hedgePnlWad);
}
