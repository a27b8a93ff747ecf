import { expect } from "chai";
import { formatUnits } from "ethers";
import fc from "fast-check";
import { InputError } from "../../keeper/errors.ts";
import {
  ceilDiv,
  formatAssets,
  formatFixed,
  formatPercent,
  formatTime,
  formatWad,
  parseAmount,
} from "../../keeper/units.ts";

const WAD = 10n ** 18n;
const USDC = { underlying: "ETH", quote: "USDC", quoteDecimals: 6 };

describe("amounts that a person types", () => {
  const parse = (text: string, decimals = 6): bigint => parseAmount(text, { decimals, name: "--amount" });

  it("are read exactly, to the last unit", () => {
    expect(parse("1000")).to.equal(1_000_000_000n);
    expect(parse("0.000001")).to.equal(1n);
    expect(parse("9007199254740993.000001")).to.equal(9_007_199_254_740_993_000_001n);
    expect(parse("0.1", 18)).to.equal(WAD / 10n);
    expect(parse("7", 0)).to.equal(7n);
  });

  it("read back as what was written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 1n << 200n }), fc.integer({ min: 0, max: 18 }), (value, decimals) => {
        const text = formatUnits(value, decimals);
        const typed = decimals === 0 ? text.replace(/\.0$/, "") : text;
        expect(parse(typed, decimals)).to.equal(value);
      }),
    );
  });

  for (const text of [
    "",
    " ",
    "-1",
    "+1",
    "1e3",
    "0x10",
    "1,000",
    "1_000",
    ".5",
    "5.",
    "01",
    "1.2.3",
    "١",
    "NaN",
    "Infinity",
    "1 000",
  ]) {
    it(`refuse "${text}" and name the option`, () => {
      expect(() => parse(text)).to.throw(
        InputError,
        `--amount: expected a positive decimal number like 1000 or 0.25, got "${text}"`,
      );
    });
  }

  it("refuse more decimals than the token has, one too many decides", () => {
    expect(parse("1.234567")).to.equal(1_234_567n);
    expect(() => parse("1.2345670")).to.throw(InputError, "expected at most 6 decimals, got 7");
    expect(() => parse("1.0", 0)).to.throw(InputError, "expected at most 0 decimals, got 1");
  });

  it("refuse zero in every spelling", () => {
    for (const text of ["0", "0.0", "0.000000"]) expect(() => parse(text)).to.throw(InputError, "more than zero");
  });
});

describe("numbers that are shown", () => {
  it("group thousands and round half away from zero", () => {
    expect(formatFixed(1_234_567_890n, 6)).to.equal("1,234.5679");
    expect(formatWad(-1_234_567n * WAD)).to.equal("-1,234,567.00");
    expect(formatFixed(125n, 2, { least: 1, most: 1 })).to.equal("1.3");
    expect(formatFixed(-125n, 2, { least: 1, most: 1 })).to.equal("-1.3");
    expect(formatFixed(1_999_999n, 6, { most: 2 })).to.equal("2.00");
  });

  it("do not hide what rounding would make zero", () => {
    expect(formatWad(1n)).to.equal("0.000000000000000001");
    expect(formatWad(-2_635_737_138_320n)).to.equal("-0.0000026");
    expect(formatAssets(-1n, USDC)).to.equal("-0.000001 USDC");
    expect(formatWad(0n)).to.equal("0.00");
  });

  it("carry a sign when asked", () => {
    expect(formatWad(WAD, { signed: true })).to.equal("+1.00");
    expect(formatWad(-WAD, { signed: true })).to.equal("-1.00");
    expect(formatWad(0n, { signed: true })).to.equal("0.00");
  });

  it("are within half of the last digit shown", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 130n), max: 1n << 130n }), (value) => {
        const shown = formatWad(value).replaceAll(",", "");
        const digits = shown.split(".")[1]?.length ?? 0;
        const back = BigInt(shown.replace(".", "")) * 10n ** BigInt(18 - digits);
        const gap = back > value ? back - value : value - back;
        expect(gap <= WAD / 20_000n).to.equal(true);
      }),
    );
  });

  it("show ratios as percentages and seconds as UTC", () => {
    expect(formatPercent((22n * WAD) / 100n)).to.equal("22 %");
    expect(formatPercent(-WAD / 3n, { most: 1, signed: true })).to.equal("-33.3 %");
    expect(formatTime(1_767_945_600n)).to.equal("2026-01-09 08:00:00 UTC");
    expect(formatTime(1n << 200n)).to.match(/^second \d+$/);
  });

  it("round up in ceilDiv", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(1n << 100n), max: 1n << 100n }),
        fc.bigInt({ min: 1n, max: 1n << 60n }),
        (a, b) => {
          const q = ceilDiv(a, b);
          expect(q * b >= a && (q - 1n) * b < a).to.equal(true);
        },
      ),
    );
  });
});
