import { expect } from "chai";
import fc from "fast-check";
import { checkLedger, type Ledger } from "../../scripts/demo/ledger.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? Mutable<U>[] : T[K] };

/** alice paid 60 of her 100 into a vault that took a premium of 5 from dave and sent 20 to the venue. */
function soundLedger(): Mutable<Ledger> {
  return {
    minted: 150n,
    totalSupply: 150n,
    balances: [
      { holder: "alice", address: "0xA", units: 40n },
      { holder: "dave", address: "0xD", units: 45n },
      { holder: "hedged vault", address: "0xB", units: 45n },
      { holder: "Curie vault", address: "0xC", units: 20n },
    ],
    vaults: [{ name: "hedged", balance: 45n, idle: 45n, owed: 3n, idleFromEvents: 45n, owedFromEvents: 3n }],
    persons: [
      { name: "alice", minted: 100n, paid: 60n, received: 0n, balance: 40n },
      { name: "dave", minted: 50n, paid: 5n, received: 0n, balance: 45n },
    ],
  };
}

/** Every number of the ledger, as a way to reach it. */
const numbers: [string, (ledger: Mutable<Ledger>, by: bigint) => void][] = [
  ["minted", (ledger, by) => (ledger.minted += by)],
  ["total supply", (ledger, by) => (ledger.totalSupply += by)],
  ...soundLedger().balances.map(({ holder }, place): (typeof numbers)[number] => [
    `balance of ${holder}`,
    (ledger, by) => (ledger.balances[place]!.units += by),
  ]),
  ...(["balance", "idle", "owed", "idleFromEvents", "owedFromEvents"] as const).map(
    (field): (typeof numbers)[number] => [`vault's ${field}`, (ledger, by) => (ledger.vaults[0]![field] += by)],
  ),
  ...(["minted", "paid", "received", "balance"] as const).map((field): (typeof numbers)[number] => [
    `alice's ${field}`,
    (ledger, by) => (ledger.persons[0]![field] += by),
  ]),
];

describe("the demo's ledger", () => {
  it("finds nothing wrong with a sound one", () => {
    expect(checkLedger(soundLedger())).to.deep.equal([]);
  });

  for (const [what, falsify] of numbers) {
    it(`notices when the ${what} is off by a single unit`, () => {
      fc.assert(
        fc.property(fc.constantFrom(1n, -1n, 10n ** 12n), (by) => {
          const ledger = soundLedger();
          falsify(ledger, by);
          expect(checkLedger(ledger)).to.not.deep.equal([]);
        }),
      );
    });
  }

  it("says how much is missing and where", () => {
    const ledger = soundLedger();
    ledger.balances[3]!.units -= 1n;
    expect(checkLedger(ledger)).to.deep.equal([
      "the sum of all balances is 0.000149, but what was minted is 0.000150: −0.000001 USDC",
    ]);
  });

  it("does not let an address be counted twice", () => {
    const ledger = soundLedger();
    ledger.balances.push({ holder: "again", address: "0xa", units: 0n });
    expect(checkLedger(ledger)).to.deep.equal(["an address is counted twice"]);
  });

  it("notices a vault that owes more than it has idle", () => {
    const ledger = soundLedger();
    ledger.vaults[0]!.owed = 46n;
    ledger.vaults[0]!.owedFromEvents = 46n;
    expect(checkLedger(ledger)).to.deep.equal(["the hedged vault owes 0.000046 but has 0.000045 idle"]);
  });
});
