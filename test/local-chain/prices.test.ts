import { expect } from "chai";
import fc from "fast-check";
import {
  floorSqrt,
  fromSqrtPriceX96,
  sqrtPriceX96AtTick,
  toSqrtPriceX96,
  WAD,
} from "../../scripts/local-chain/prices.ts";

describe("Pool prices", () => {
  it("takes the largest root that is not above", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 300n }), (value) => {
        const root = floorSqrt(value);
        return root * root <= value && (root + 1n) * (root + 1n) > value;
      }),
    );
    for (const value of [0n, 1n, 2n, 3n, 4n, 8n, 9n])
      expect(floorSqrt(value)).to.equal(BigInt(Math.floor(Math.sqrt(Number(value)))));
    expect(() => floorSqrt(-1n)).to.throw(RangeError);
  });

  it("comes back from a root price to the price", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: WAD / 1_000n, max: 10n ** 6n * WAD }), (priceWad) => {
        const back = fromSqrtPriceX96(toSqrtPriceX96(priceWad));
        return back <= priceWad && priceWad - back <= 1n + priceWad / 10n ** 24n;
      }),
    );
    expect(toSqrtPriceX96(WAD)).to.equal(1n << 96n);
  });

  it("knows Uniswap's root price at a tick", () => {
    expect(sqrtPriceX96AtTick(0)).to.equal(1n << 96n);
    // What TickMath.getSqrtRatioAtTick returns.
    for (const [tick, sqrtPriceX96] of [
      [50, 79_426_470_787_362_580_746_886_972_461n],
      [-50, 79_030_349_367_926_598_376_800_521_322n],
      [100, 79_625_275_426_524_748_796_330_556_128n],
    ] as const) {
      expect(sqrtPriceX96AtTick(tick)).to.be.closeTo(sqrtPriceX96, sqrtPriceX96 / 10n ** 12n);
    }
  });
});
