import { expect } from "chai";
import fc from "fast-check";
import { InputError, NotPossibleError } from "../../keeper/errors.ts";
import {
  dayName,
  decodeSeries,
  describeSeries,
  encodeSeries,
  expiryOfDay,
  parseDay,
  parseSeriesName,
  resolveSeries,
  seriesName,
  unpackStrike,
} from "../../keeper/series.ts";

const WAD = 10n ** 18n;
const TICK = 10n ** 9n;
const DAY = 86_400n;
const MAX_TICKS = (1n << 64n) - 1n;
const at = (text: string): bigint => BigInt(Date.parse(text) / 1000);
const friday = at("2026-01-09T08:00:00Z");
const id = encodeSeries({ expiry: friday, strikeWad: 3000n * WAD, isCall: true });

/** 2000–2099, the years that two digits name. */
const day = fc
  .bigInt({ min: at("2000-01-01T00:00:00Z") / DAY, max: at("2099-12-31T00:00:00Z") / DAY })
  .map((n) => n * DAY);
const strikeWad = fc.bigInt({ min: 1n, max: MAX_TICKS }).map((ticks) => ticks * TICK);

describe("series ids", () => {
  it("carry strike, side and expiry where SeriesId.sol puts them", () => {
    expect(id).to.equal((friday << 65n) | (1n << 64n) | 3_000_000_000_000n);
    expect(encodeSeries({ expiry: friday, strikeWad: 3000n * WAD, isCall: false })).to.equal(id - (1n << 64n));
  });

  it("read back as what was encoded", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 40n) - 1n }), strikeWad, fc.boolean(), (expiry, strike, isCall) => {
        const series = { expiry, strikeWad: strike, isCall };
        expect(decodeSeries(encodeSeries(series))).to.deep.equal(series);
      }),
    );
  });

  it("refuse a strike off the grid, of zero and past the largest", () => {
    for (const wrong of [0n, 1n, TICK - 1n, TICK + 1n, (MAX_TICKS + 1n) * TICK, -TICK]) {
      expect(() => encodeSeries({ expiry: friday, strikeWad: wrong, isCall: true }), String(wrong)).to.throw(
        InputError,
        /strike/,
      );
    }
  });

  it("refuse an expiry that does not fit and bits outside the layout", () => {
    expect(() => encodeSeries({ expiry: 1n << 40n, strikeWad: WAD, isCall: true })).to.throw(InputError, /expiry/);
    expect(() => encodeSeries({ expiry: -1n, strikeWad: WAD, isCall: true })).to.throw(InputError, /expiry/);
    for (const wrong of [1n << 105n, -1n, 0n, friday << 65n]) expect(() => decodeSeries(wrong)).to.throw(InputError);
  });

  it("unpack the board's slots", () => {
    const slot = (7n << 160n) | (5n << 64n) | 3_000_000_000_000n;
    expect(unpackStrike(slot)).to.deep.equal({ strikeWad: 3000n * WAD, callsWad: 5n, putsWad: 7n });
  });
});

describe("series names", () => {
  it("look like the field writes them", () => {
    expect(seriesName(id, "ETH")).to.equal("ETH-09JAN26-3000-C");
    const odd = encodeSeries({ expiry: friday, strikeWad: 3_000_500_000_000n * TICK, isCall: false });
    expect(seriesName(odd, "ETH")).to.equal("ETH-09JAN26-3000.5-P");
  });

  it("lead back to the series they name", () => {
    fc.assert(
      fc.property(day, strikeWad, fc.boolean(), (date, strike, isCall) => {
        const expiry = date + 8n * 3600n;
        const series = encodeSeries({ expiry, strikeWad: strike, isCall });
        const name = seriesName(series, "ETH");
        expect(parseSeriesName(name, "ETH")).to.deep.equal({ day: date, strikeWad: strike, isCall });
        expect(resolveSeries(name, { underlying: "ETH", listed: [expiry] })).to.equal(series);
      }),
    );
  });

  it("parse strictly: whatever is accepted is written the same way", () => {
    const almost = fc.oneof(
      fc.string(),
      fc.tuple(fc.string({ maxLength: 7 }), fc.string({ maxLength: 8 })).map(([d, s]) => `ETH-${d}-${s}-C`),
      fc.stringMatching(/^ETH-[0-9]{2}[A-Z]{3}[0-9]{2}-[0-9.]{1,8}-[CP]$/),
      fc.tuple(day, fc.stringMatching(/^[0-9]{1,5}(\.[0-9]{1,10})?$/)).map(([d, s]) => `ETH-${dayName(d)}-${s}-P`),
    );
    let accepted = 0;
    fc.assert(
      fc.property(almost, (text) => {
        let parsed: ReturnType<typeof parseSeriesName>;
        try {
          parsed = parseSeriesName(text, "ETH");
        } catch (error) {
          expect(error).to.be.instanceOf(InputError);
          return;
        }
        accepted++;
        expect(seriesName(encodeSeries({ expiry: parsed.day, ...parsed }), "ETH")).to.equal(text);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).to.be.greaterThan(50);
  });

  for (const [text, why] of [
    ["", "1 parts"],
    ["ETH-09JAN26-3000", "3 parts"],
    ["ETH-09JAN26-3000-C-P", "5 parts"],
    ["BTC-09JAN26-3000-C", 'underlying is "BTC"'],
    ["eth-09JAN26-3000-C", 'underlying is "eth"'],
    ["ETH-9JAN26-3000-C", "not a day"],
    ["ETH-09jan26-3000-C", "not a day"],
    ["ETH-31FEB26-3000-C", "not a day"],
    ["ETH-00JAN26-3000-C", "not a day"],
    ["ETH-09XYZ26-3000-C", "not a day"],
    ["ETH-09JAN2026-3000-C", "not a day"],
    ["ETH-09JAN26--C", "not a strike"],
    ["ETH-09JAN26-0-C", "not a strike"],
    ["ETH-09JAN26-03000-C", "not a strike"],
    ["ETH-09JAN26-3000.50-C", "not a strike"],
    ["ETH-09JAN26-3e3-C", "not a strike"],
    ["ETH-09JAN26-3,000-C", "not a strike"],
    ["ETH-09JAN26-3000.0000000001-C", "not a strike"],
    ["ETH-09JAN26-18446744073.709551616-C", "not a strike"],
    ["ETH-09JAN26-3000-c", 'side is "c"'],
    ["ETH-09JAN26-3000-CALL", 'side is "CALL"'],
    [" ETH-09JAN26-3000-C", "underlying"],
    ["ETH-09JAN26-3000-C ", "side"],
  ] as const) {
    it(`refuses "${text}" and says why`, () => {
      expect(() => parseSeriesName(text, "ETH")).to.throw(InputError, why);
    });
  }

  it("know the 29th of February in leap years only", () => {
    expect(parseDay("29FEB28")).to.equal(at("2028-02-29T00:00:00Z"));
    expect(parseDay("29FEB26")).to.equal(undefined);
  });

  it("never throw where a message is built", () => {
    expect(describeSeries(id, "ETH")).to.equal("ETH-09JAN26-3000-C");
    expect(describeSeries(1n << 200n, "ETH")).to.equal(String(1n << 200n));
  });
});

describe("resolving a day among the listed expiries", () => {
  const midnight = at("2026-01-09T00:00:00Z");
  const noon = at("2026-01-09T12:00:00Z");

  it("takes the only expiry of the day, whatever its hour", () => {
    expect(expiryOfDay(midnight, [noon, noon + DAY])).to.equal(noon);
  });

  it("takes the one at 08:00 UTC when there are several", () => {
    expect(expiryOfDay(midnight, [noon, friday, midnight])).to.equal(friday);
  });

  it("takes an expiry that is listed twice for one", () => {
    expect(expiryOfDay(midnight, [noon, noon])).to.equal(noon);
  });

  it("asks for the number when several are left", () => {
    expect(() => expiryOfDay(midnight, [noon, midnight])).to.throw(NotPossibleError, /2 expiries/);
  });

  it("names the days there are", () => {
    expect(() => expiryOfDay(midnight + DAY, [noon, friday])).to.throw(
      NotPossibleError,
      /10JAN26: expected one of 09JAN26$/,
    );
    expect(() => expiryOfDay(midnight, [])).to.throw(NotPossibleError, /no expiry is listed/);
  });

  it("takes a bare number as the id itself", () => {
    expect(resolveSeries(String(id), { underlying: "ETH", listed: [] })).to.equal(id);
    expect(() => resolveSeries("0", { underlying: "ETH", listed: [] })).to.throw(InputError, /series id/);
  });
});
