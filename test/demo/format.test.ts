import { expect } from "chai";
import fc from "fast-check";
import {
  formatCount,
  formatDay,
  formatFixed,
  formatNumber,
  formatPercent,
  formatQuote,
  formatTable,
  formatTime,
} from "../../scripts/demo/format.ts";

describe("the demo's formats", () => {
  it("show fixed point with separators, rounded half away from zero", () => {
    const show = (value: bigint, digits: number) => formatFixed({ value, decimals: 6, digits });
    expect(show(1_234_567_895_000n, 2)).to.equal("1,234,567.90");
    expect(show(1_005_000n, 2)).to.equal("1.01");
    expect(show(-1_005_000n, 2)).to.equal("−1.01");
    expect(show(1_004_999n, 2)).to.equal("1.00");
    expect(show(999_999n, 0)).to.equal("1");
    expect(show(1n, 6)).to.equal("0.000001");
  });

  it("never show a minus or a plus before zero", () => {
    expect(formatQuote(-1n)).to.equal("0.00");
    expect(formatQuote(1n, true)).to.equal("0.00");
    expect(formatNumber(-0.001, 2)).to.equal("0.00");
    expect(formatNumber(0.001, 2, true)).to.equal("0.00");
  });

  it("lose nothing at full precision", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (value) => {
        const text = formatFixed({ value, decimals: 18, digits: 18 });
        expect(BigInt(text.replace("−", "-").replace(/[.,]/g, ""))).to.equal(value);
      }),
    );
  });

  it("say so when a number is none", () => {
    expect(formatNumber(Number.NaN, 2)).to.equal("none");
    expect(formatPercent(Number.POSITIVE_INFINITY, 2)).to.equal("none");
    expect(formatPercent(0.2854, 1, true)).to.equal("+28.5 %");
  });

  it("show times in UTC", () => {
    const time = Date.UTC(2026, 0, 9, 8) / 1000;
    expect(formatDay(time)).to.equal("Fri 9 Jan");
    expect(formatTime(time)).to.equal("Fri 9 Jan 08:00");
  });

  it("count in words", () => {
    expect(formatCount(1, "hedge")).to.equal("1 hedge");
    expect(formatCount(1_200, "hedge")).to.equal("1,200 hedges");
  });

  it("align the first column left and the others right", () => {
    expect(
      formatTable([
        ["", "Hedged"],
        ["Premium", "+1.00"],
      ]),
    ).to.equal("          Hedged\nPremium    +1.00");
  });
});
