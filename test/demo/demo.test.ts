import { spawnSync } from "node:child_process";
import { expect } from "chai";
import { checkRecord } from "../../scripts/demo/checks.ts";
import { residual } from "../../scripts/demo/record.ts";
import { renderReport } from "../../scripts/demo/report.ts";
import { type RunResult, runDemo } from "../../scripts/demo/run.ts";
import { expectNear } from "../helpers/numbers.ts";

const HOURS = 12;
const WAD = 10n ** 18n;

describe("a short demo on the real venue", () => {
  let result: RunResult;
  const lines: string[] = [];

  before(async () => {
    result = await runDemo({ seed: 1, hours: HOURS, say: (line) => lines.push(line) });
  });

  it("conserves every unit and adds up", () => {
    expect(result.faults).to.deep.equal([]);
    expect(residual(result.record.hedged)).to.equal(0n);
    expect(residual(result.record.unhedged)).to.equal(0n);
  });

  it("takes the same deposits into both vaults and pays the same to option holders, for nearly the same premium", () => {
    const { hedged, unhedged, purchases } = result.record;
    expect(hedged.depositedWad).to.equal(301_000n * WAD);
    expect(purchases).to.be.at.least(2);
    expect(hedged.premiumWad > 0n).to.equal(true);
    for (const row of ["depositedWad", "payoutWad"] as const) expect(hedged[row], row).to.equal(unhedged[row]);
    // Each vault's own NAV says how much vega an expiry takes, and so its skew.
    expectNear(Number(hedged.premiumWad) / Number(unhedged.premiumWad), 1, 0.005);
  });

  it("hedges one vault on the venue, for a fee, and never the other", () => {
    const { hedges, hedged, unhedged } = result.record;
    expect(hedges.length).to.be.greaterThan(0);
    expect(hedged.feesWad > 0n).to.equal(true);
    expect([unhedged.hedgePnlWad, unhedged.feesWad, unhedged.fundingWad]).to.deep.equal([0n, 0n, 0n]);
  });

  it("would notice a hedge from inside the band", () => {
    const [first, ...rest] = result.record.hedges;
    const falsified = { ...result.record, hedges: [{ ...first!, netDeltaBeforeWad: first!.bandWad }, ...rest] };
    expect(checkRecord(falsified)).to.have.length(1);
  });

  it("explains one price to the last unit: the addends make the premium", () => {
    const trade = result.record.example!;
    const halfSpread =
      (trade.volatilityDoubtWad > trade.hedgingWad ? trade.volatilityDoubtWad : trade.hedgingWad) +
      trade.spotDoubtWad +
      trade.convexityWad +
      trade.carryDoubtWad;
    const cost = ((trade.valueWad + trade.worsePriceWad + halfSpread) * trade.sizeWad) / WAD + trade.skewWad;
    expect(trade.premiumWad - cost >= 0n && trade.premiumWad - cost <= 10n ** 12n + 2n).to.equal(true);
    expect(trade.series).to.match(/^ETH-09JAN26-[0-9.]+-[CP]$/);
  });

  it("records each hour and ends flat", () => {
    const { hours } = result.record;
    expect(hours.map((hour) => hour.hour)).to.deep.equal(Array.from({ length: HOURS + 1 }, (_, hour) => hour));
    expect(hours.at(-1)!.hedgeSize).to.equal(0);
    expect(hours.at(-1)!.bookDelta).to.equal(0);
    expect(hours.every((hour) => Math.abs(hour.mark / hour.spot - 1) < 0.005)).to.equal(true);
  });

  it("tells what happened while it runs, and renders", () => {
    for (const words of ["alice deposits", "board 1 is listed", "board 1 settles at", "carol withdraws everything"]) {
      expect(lines.join("\n")).to.contain(words);
    }
    expect(renderReport(result.record)).to.contain("board 1 settles at");
  });
});

describe("the demo's command line", () => {
  it("refuses a length that cannot hold a board, with a sentence", () => {
    const { status, stderr } = spawnSync(process.execPath, ["scripts/demo/demo.ts", "--hours", "11"], {
      encoding: "utf8",
    });
    expect(status).to.equal(1);
    expect(stderr).to.contain('expected a number of hours from 12 to 672, got "11"');
  });
});
