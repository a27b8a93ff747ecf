import { expect } from "chai";
import { checkRatio, checkRecord, checkVenueStatement } from "../../scripts/demo/checks.ts";
import type { DemoRecord, HedgeRecord, VaultAccount } from "../../scripts/demo/record.ts";
import { residual } from "../../scripts/demo/record.ts";
import { exampleRecord, wad } from "./exampleRecord.ts";

const sound = exampleRecord({ seed: 1, hours: 48 });
const withHedge = (change: Partial<HedgeRecord>): DemoRecord => {
  return { ...sound, hedges: [{ ...sound.hedges[0]!, ...change }, ...sound.hedges.slice(1)] };
};
const withAccount = (side: "hedged" | "unhedged", change: Partial<VaultAccount>): DemoRecord => {
  return { ...sound, [side]: { ...sound[side], ...change } };
};

describe("the demo's checks", () => {
  it("find nothing wrong with a sound run", () => {
    expect(sound.hedges.length).to.be.greaterThan(0);
    expect(checkRecord(sound)).to.deep.equal([]);
  });

  it("accept a hedge that ends on the band, not one wei further, on either side", () => {
    for (const sign of [1n, -1n]) {
      expect(checkRecord(withHedge({ netDeltaAfterWad: sign * wad(4) }))).to.deep.equal([]);
      const [fault] = checkRecord(withHedge({ netDeltaAfterWad: sign * (wad(4) + 1n) }));
      expect(fault).to.match(/left net delta at [+−]4\.000000 ETH, outside the band/);
    }
  });

  it("refuse a hedge that was sent from inside the band, its edge included", () => {
    expect(checkRecord(withHedge({ netDeltaBeforeWad: wad(4) + 1n }))).to.deep.equal([]);
    for (const before of [wad(4), -wad(4), 0n]) {
      expect(checkRecord(withHedge({ netDeltaBeforeWad: before }))[0]).to.contain("inside the band ±+4.000000 ETH");
    }
  });

  for (const side of ["hedged", "unhedged"] as const) {
    it(`refuse a table of the ${side} vault that is off by one wei in any row`, () => {
      for (const row of [
        "depositedWad",
        "withdrawnWad",
        "leftWad",
        "premiumWad",
        "payoutWad",
        "hedgePnlWad",
      ] as const) {
        const record = withAccount(side, { [row]: sound[side][row] + 1n });
        expect(residual(record[side]), row).to.not.equal(0n);
        expect(checkRecord(record)[0], row).to.contain(`the table of the ${side} vault does not add up`);
      }
    });
  }

  it("accept a ratio of 40 %, not more, and not one that is no number", () => {
    const withRatio = (ratio: number) => ({ ...sound, statistics: { ...sound.statistics, ratio } });
    expect(checkRatio(withRatio(0.4))).to.deep.equal([]);
    expect(checkRatio(withRatio(0.4001))).to.deep.equal([
      "the hedge leaves 40.0 % of the unhedged hourly swings, more than 40 %",
    ]);
    expect(checkRatio(withRatio(Number.NaN))).to.have.length(1);
  });

  it("accept what the venue's rounding keeps, less than a unit at a payout, and not one wei more", () => {
    const statement = { tradingWad: wad(-100), feesWad: wad(5), fundingWad: wad(2), payouts: 3 };
    const told = wad(-103);
    const unit = 10n ** 12n;
    for (const kept of [0n, 1n, 3n * unit]) expect(checkVenueStatement(statement, told - kept)).to.deep.equal([]);
    for (const kept of [-1n, 3n * unit + 1n, wad(2)]) {
      expect(checkVenueStatement(statement, told - kept)[0]).to.contain(
        "the venue's events say that the hedge made −103.00",
      );
    }
  });
});
