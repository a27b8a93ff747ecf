/** The pricer on an oracle world that says what it is told: formula, rounding, what is closed, and its errors. */
import { expect } from "chai";
import { MaxUint256, type Result } from "ethers";
import fc from "fast-check";
import { network } from "hardhat";
import type { IOptionPricer } from "../../types/index.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { expectNear, expectWithin } from "../helpers/numbers.ts";
import { type Conditions, type ReferenceQuote, referenceQuote, type Series } from "./reference.ts";
import {
  asStored,
  CLAMP,
  type Closure,
  closureIndex,
  closureName,
  DAY,
  deployPricer,
  deployWorld,
  FAULT,
  HOUR,
  number,
  ORDINARY,
  type Quote,
  SURFACE,
  seriesId,
  smile,
  spotOf,
  tell,
  WAD,
  WEEK,
  wad,
} from "./told.ts";

const { ethers, networkHelpers } = await network.create();
const { time } = networkHelpers;

const MIN_SIZE = wad(0.01);
const MAX_SIZE = 2n ** 96n - 1n;
const MAX_APART = wad(0.015);

const setUp = async (decimals = 6) => {
  const world = await deployWorld(ethers, decimals);
  return { world, pricer: await deployPricer(ethers, world), decimals };
};
async function fixture() {
  return setUp();
}
const load = () => networkHelpers.loadFixture(fixture);
type Setup = Awaited<ReturnType<typeof load>>;

/** Tells the conditions, then what else there is to tell, and goes to the moment that they speak of. */
async function prepare({ world }: Setup, conditions: Conditions, also?: Case["also"]): Promise<number> {
  const expiry = (await time.latest()) + 1_000 + conditions.seconds;
  await tell(world, conditions, expiry);
  await also?.(expiry);
  await time.increaseTo(expiry - conditions.seconds);
  return expiry;
}

interface Case {
  readonly conditions?: Partial<Conditions>;
  readonly series?: Partial<Series>;
  readonly size?: bigint;
  readonly factor?: bigint;
  /** Told before the moment of the quote. */
  readonly also?: (expiry: number) => Promise<unknown>;
}

/** The quote and what the reference says to it. */
async function quoted(setup: Setup, { conditions, series, size = WAD, factor = WAD, also }: Case = {}) {
  const told: Conditions = { ...ORDINARY, ...conditions };
  const option: Series = { strike: 3_000, isCall: true, ...series };
  const expiry = await prepare(setup, told, also);
  const id = seriesId(option, expiry);
  const q = factor === WAD ? await setup.pricer.quote(id, size) : await setup.pricer.quoteAtFactor(id, size, factor);
  return { q, expected: referenceQuote(told, option, number(size), number(factor)), id, expiry, told };
}

function expectAgreement(q: Quote, expected: ReferenceQuote, told: Conditions, size: bigint, decimals: number): void {
  const near = (name: string, actual: bigint, value: number, scale = told.spot) => {
    const tolerance = 1e-10 * scale + 1e-9 * Math.abs(value);
    expectWithin(number(actual), value - tolerance, value + tolerance, `${name}:`);
  };
  near("forward", q.forward, expected.forward);
  near("volatility", q.volatility, expected.volatility, 1);
  near("value", q.value, expected.value);
  near("intrinsic", q.intrinsic, expected.intrinsic);
  near("delta", q.delta, expected.delta, 1);
  near("jumpDelta", q.jumpDelta, expected.jumpDelta, 1);
  near("vega", q.vega, expected.vega);
  for (const side of ["buyer", "seller"] as const) {
    for (const addend of ["worsePrice", "volatility", "hedging", "spot", "convexity", "carry", "halfSpread"] as const) {
      near(`${side}.${addend}`, q[side][addend], expected[side][addend]);
    }
  }
  const options = Math.max(number(size), 1);
  near("shortVega", q.shortVega, expected.shortVega, told.spot * 100);
  near("buySkew", q.buySkew, expected.buySkew, told.spot * options);
  near("sellSkew", q.sellSkew, expected.sellSkew, told.spot * options);
  const unit = 10 ** -decimals;
  const total = (name: string, actual: bigint, value: number, units: number) => {
    const tolerance = 1e-9 * (Math.abs(value) + told.spot * options) + units * unit;
    expectWithin(Number(actual) * unit, value - tolerance, value + tolerance, `${name}:`);
  };
  total("premium", q.premium, expected.premium, 2);
  total("proceeds", q.proceeds, expected.proceeds, 1);
  total("floor", q.floor, expected.floor, 2);
}

/** The struct as a contract takes it back. */
const plain = (q: Quote) => (q as unknown as Result).toObject(true) as unknown as IOptionPricer.QuoteStruct;

const ceilDiv = (x: bigint, y: bigint) => (x + y - 1n) / y;
const max = (x: bigint, y: bigint) => (x > y ? x : y);
const min = (x: bigint, y: bigint) => (x < y ? x : y);

/** What the interface says premium, floor and proceeds are, of the addends that the quote itself names. */
function expectTotals(q: Quote, size: bigint, decimals: number, isSurfaceBehind: boolean): void {
  const scale = 10n ** BigInt(18 - decimals);
  const up = (each: bigint) => ceilDiv(each * size, WAD);
  const cheapest = q.value - q.seller.worsePrice;
  const floor = ceilDiv(max(up(cheapest) + q.buySkew, up(q.intrinsic)), scale) + 1n;
  expect(q.floor, "floor").to.equal(floor);
  const premium = up(q.value + q.buyer.worsePrice + q.buyer.halfSpread) + q.buySkew;
  expect(q.premium, "premium").to.equal(max(ceilDiv(premium, scale), floor));
  let proceeds = max((cheapest * size) / WAD + q.sellSkew - up(q.seller.halfSpread), 0n);
  // The intrinsic value is rounded up where it bounds from below: from above it may be a wei less.
  const least = max(q.intrinsic - 1n, 0n);
  if (isSurfaceBehind) {
    expect(q.proceeds, "proceeds").to.be.at.most((q.intrinsic * size) / WAD / scale);
    proceeds = min(proceeds, (least * size) / WAD);
    expect(q.proceeds, "proceeds").to.be.at.least(proceeds / scale);
  } else expect(q.proceeds, "proceeds").to.equal(proceeds / scale);
}

const strikeArbitrary = fc.constantFrom(1_800, 2_400, 2_700, 2_850, 3_000, 3_100, 3_450, 4_200, 6_000);
const between = (least: number, most: number) =>
  fc.double({ min: least, max: most, noNaN: true }).map((x) => Number(x.toFixed(9)));

const conditionsArbitrary: fc.Arbitrary<Conditions> = fc
  .record({
    spot: between(2_000, 4_500),
    doubt: between(0.0005, 0.02),
    apart: fc.option(between(-0.0149, 0.0149), { freq: 5 }),
    carry: between(-0.5, 1),
    seconds: fc.oneof(fc.integer({ min: 60, max: DAY }), fc.integer({ min: DAY, max: 400 * DAY })),
    level: between(0.25, 2.5),
    rho: between(-0.7, 0.5),
    spread: between(0.01, 0.12),
    proportionalCost: fc.oneof(fc.constant(0), between(0.0001, 0.01)),
    fixedCost: fc.oneof(fc.constant(0), between(0.01, 200)),
    openCalls: between(0, 5_000),
    openPuts: between(0, 5_000),
    vegaCapacity: fc.oneof(fc.constant(0), between(100, 1e6)),
    strikes: fc.uniqueArray(fc.record({ strike: strikeArbitrary, calls: between(0, 300), puts: between(0, 300) }), {
      selector: ({ strike }) => strike,
      maxLength: 6,
    }),
    isSurfaceBehind: fc.boolean(),
  })
  .map(({ apart, level, rho, spot, ...rest }) => ({
    ...rest,
    spot,
    mark: apart === null ? undefined : Number((spot * (1 + apart)).toFixed(9)),
    slice: smile(level, { rho }),
  }));

describe("OptionPricer", () => {
  describe("the formula", () => {
    it("agrees with the reference, addend by addend, wherever it is asked", async function () {
      this.timeout(0);
      const setup = await load();
      await fc.assert(
        fc.asyncProperty(
          conditionsArbitrary,
          strikeArbitrary,
          fc.boolean(),
          between(0.01, 500).map(wad),
          fc.oneof(fc.constant(WAD), between(0, 3).map(wad)),
          async (conditions, strike, isCall, size, factor) => {
            const { q, expected, told } = await quoted(setup, { conditions, series: { strike, isCall }, size, factor });
            expectAgreement(q, expected, told, size, setup.decimals);
            expectTotals(q, size, setup.decimals, told.isSurfaceBehind);
          },
        ),
        { numRuns: fuzzRuns(120) },
      );
    });

    for (const decimals of [0, 6, 18]) {
      it(`rounds against the trader, in a token of ${decimals} decimals`, async () => {
        const setup = await setUp(decimals);
        for (const isCall of [true, false]) {
          for (const size of [1n, 2n, 999_999_999_999n, 10n ** 12n, MIN_SIZE, 3n * WAD + 1n, 4_321n * WAD]) {
            for (const isSurfaceBehind of [true, false]) {
              const { q, expected, told } = await quoted(setup, {
                series: { isCall, strike: 2_850 },
                size,
                conditions: { isSurfaceBehind, mark: 3_007.123456789 },
              });
              expectTotals(q, size, decimals, isSurfaceBehind);
              expectAgreement(q, expected, told, size, decimals);
            }
          }
        }
      });
    }

    it("sells nothing below, and takes nothing back above, its value to whoever knows the price within its doubt", async function () {
      this.timeout(0);
      const setup = await load();
      await fc.assert(
        fc.asyncProperty(
          conditionsArbitrary,
          strikeArbitrary,
          fc.boolean(),
          fc.oneof(between(-1, 1), fc.constantFrom(-1, 1)),
          async (conditions, strike, isCall, share) => {
            const { q, told } = await quoted(setup, { conditions, series: { strike, isCall } });
            const spot = told.spot * (1 + share * told.doubt);
            const { value } = referenceQuote({ ...told, spot }, { strike, isCall }, 1);
            expectWithin(number(q.value + q.buyer.halfSpread), value - 1e-9, Number.POSITIVE_INFINITY, "buyer:");
            expectWithin(number(q.value - q.seller.halfSpread), Number.NEGATIVE_INFINITY, value + 1e-9, "seller:");
          },
        ),
        { numRuns: fuzzRuns(120) },
      );
    });

    it("names the price that it is of", async () => {
      const setup = await load();
      const { q } = await quoted(setup, { conditions: { mark: 3_010, carry: -0.25 } });
      expect(q.spot).to.equal(wad(3_000));
      expect(q.spotDoubt).to.equal(wad(0.0077));
      expect(q.spotUpdatedAt).to.equal(1_700_000_000n);
      expect(q.isPull).to.equal(true);
      expect(q.markPrice).to.equal(wad(3_010));
      expect(q.carry).to.equal(wad(-0.25));
      expect([closureName(q.buying), closureName(q.selling)]).to.deep.equal(["None", "None"]);
    });

    it("asks for the doubt at the surface's own volatility", async () => {
      const setup = await load();
      const { id } = await quoted(setup);
      await setup.world.tellSigma(wad(1.3));
      expect((await setup.pricer.quote(id, WAD)).spotDoubt).to.equal(wad(0.0077));
    });

    it("prices with 600 seconds at least", async () => {
      const setup = await load();
      const at600 = (await quoted(setup, { conditions: { seconds: 600 } })).q;
      const at1 = (await quoted(setup, { conditions: { seconds: 1 } })).q;
      const at601 = (await quoted(setup, { conditions: { seconds: 601 } })).q;
      expect([at1.value, at1.vega, at1.forward, at1.proceeds]).to.deep.equal([
        at600.value,
        at600.vega,
        at600.forward,
        at600.proceeds,
      ]);
      expect(at601.value).to.be.greaterThan(at600.value);
    });

    it("charges the greater of the surface's doubt and the hedge, not both", async () => {
      const setup = await load();
      const cheap = (await quoted(setup, { conditions: { proportionalCost: 0.0001 } })).q.buyer;
      expect(cheap.volatility).to.be.greaterThan(cheap.hedging);
      expect(cheap.halfSpread).to.equal(cheap.volatility + cheap.spot + cheap.convexity + cheap.carry);
      const dear = (await quoted(setup, { conditions: { proportionalCost: 0.01 } })).q.buyer;
      expect(dear.hedging).to.be.greaterThan(dear.volatility);
      expect(dear.halfSpread).to.equal(dear.hedging + dear.spot + dear.convexity + dear.carry);
    });

    it("shares the hedge's fixed cost by the open contracts of the type after the trade, at least 5", async () => {
      const setup = await load();
      const hedging = async (openCalls: number, size: number, isCall = true) => {
        const conditions = { fixedCost: 20, openCalls, openPuts: 1_000 };
        const { q } = await quoted(setup, { conditions, size: wad(size), series: { isCall } });
        return [number(q.buyer.hedging), number(q.seller.hedging)] as const;
      };
      const [[atFive], [atSix]] = [await hedging(4, 1), await hedging(5, 1)];
      expect(atSix).to.be.below(atFive);
      expect((await hedging(0, 2))[0]).to.equal(atFive);
      // A sale back leaves fewer to share it; below 5 they are 5, and nothing is below nothing.
      expect((await hedging(10, 4))[1]).to.equal(atSix);
      expect((await hedging(10, 5))[1]).to.equal(atFive);
      expect((await hedging(10, 11))[1]).to.equal(atFive);
      expect((await hedging(0, 1, false))[0]).to.be.below(atSix);
    });

    it("knows a hedge without a fixed cost, without a proportional one, and without any", async () => {
      const setup = await load();
      for (const [proportionalCost, fixedCost] of [
        [0.0005, 0],
        [0, 0.5],
        [0, 0],
        [0.0005, 1e-9],
        [1e-9, 0.5],
      ] as const) {
        const { q, expected, told } = await quoted(setup, { conditions: { proportionalCost, fixedCost } });
        expectAgreement(q, expected, told, WAD, 6);
        if (proportionalCost + fixedCost === 0) expect(q.buyer.hedging).to.equal(0n);
        else expect(q.buyer.hedging).to.be.greaterThan(0n);
      }
    });

    it("answers with a price that nobody pays when the hedge's cost is absurd", async () => {
      const setup = await load();
      const { id } = await quoted(setup);
      for (const cost of [
        [MaxUint256, MaxUint256],
        [0n, MaxUint256],
        [MaxUint256, 0n],
      ] as const) {
        await setup.world.tellHedgeCost(...cost);
        const q = await setup.pricer.quote(id, WAD);
        expect(q.buyer.hedging).to.be.greaterThan(wad(100));
        expect(closureName(q.selling)).to.equal("None");
      }
    });
  });

  describe("the worse price (Q4)", () => {
    for (const isCall of [true, false]) {
      for (const mark of [2_970, 3_030]) {
        it(`is the ${isCall === mark > 3_000 ? "dearer" : "cheaper"} side of a ${isCall ? "call" : "put"}'s at ${mark}`, async () => {
          const setup = await load();
          const { q } = await quoted(setup, { series: { isCall }, conditions: { mark } });
          const here = (await quoted(setup, { series: { isCall }, conditions: { mark: 3_000 } })).q;
          const dearer = isCall === mark > 3_000;
          const move = number(dearer ? q.buyer.worsePrice : q.seller.worsePrice);
          expectWithin(move, 0.3 * 30, 0.7 * 30, "half of the difference of the prices or so:");
          expectNear(number(dearer ? q.seller.worsePrice : q.buyer.worsePrice), 0, 1e-13);
          if (dearer) {
            expect(q.premium).to.be.greaterThan(here.premium);
            expect(q.proceeds).to.equal(here.proceeds);
          } else {
            expect(q.premium).to.equal(here.premium);
            expect(q.proceeds).to.be.below(here.proceeds);
          }
        });
      }
    }

    it("is the price of the worse value where a smile so steep admits arbitrage that the two differ", async () => {
      const setup = await load();
      const slice = asStored({ a: 0.04, b: 30, rho: 0.9, m: 0, sigma: 0.05 });
      const { q, expected, told } = await quoted(setup, {
        series: { strike: 3_480, isCall: true },
        conditions: { slice, mark: 3_040 },
      });
      expectAgreement(q, expected, told, WAD, 6);
      // The call is worth less where the underlying is dearer: a buyer pays the value at spot, a seller gets that at the mark.
      expectNear(number(q.buyer.worsePrice), 0, 1e-13);
      expect(q.seller.worsePrice).to.be.greaterThan(wad(1));
    });

    it("is guarded spot when the venue cannot be read", async () => {
      const setup = await load();
      const { q } = await quoted(setup, { conditions: { mark: undefined } });
      const here = (await quoted(setup)).q;
      expect([q.premium, q.proceeds]).to.deep.equal([here.premium, here.proceeds]);
      expect([closureName(q.buying), closureName(q.selling)]).to.deep.equal(["VenueUnreadable", "None"]);
    });
  });

  describe("the skew (Q3)", () => {
    it("is the same for one trade as for its parts, and what was paid is what comes back", async () => {
      const setup = await load();
      const open = (calls: number) => ({
        strikes: [{ strike: 3_000, calls, puts: 0 }],
        openCalls: calls,
        vegaCapacity: 50_000,
      });
      const whole = (await quoted(setup, { conditions: open(0), size: wad(60) })).q;
      let parts = 0;
      for (const [held, size] of [
        [0, 10],
        [10, 35],
        [45, 15],
      ] as const) {
        parts += number((await quoted(setup, { conditions: open(held), size: wad(size) })).q.buySkew);
      }
      expectNear(parts, number(whole.buySkew), 1e-9);
      const back = (await quoted(setup, { conditions: open(60), size: wad(60) })).q;
      expectNear(number(back.sellSkew), parts, 1e-9);
      expect(back.sellSkew).to.be.at.most(whole.buySkew);
    });

    it("goes on as a straight line beyond V_cap, so that lowering V_cap pays nobody more than κ a vega", async () => {
      const setup = await load();
      const strikes = [{ strike: 3_000, calls: 100, puts: 0 }];
      const at = async (vegaCapacity: number) =>
        (await quoted(setup, { conditions: { strikes, vegaCapacity }, size: wad(100) })).q;
      const shortVega = number((await at(1e6)).shortVega);
      for (const vegaCapacity of [shortVega * 0.5, shortVega * 0.1, 1e-9]) {
        const { sellSkew, buying } = await at(vegaCapacity);
        expectNear(number(sellSkew), 0.1 * (shortVega - vegaCapacity) + 0.05 * vegaCapacity, 1e-6);
        expect(number(sellSkew)).to.be.at.most(0.1 * shortVega);
        expect(closureName(buying)).to.equal("NoVegaCapacity");
      }
    });

    it("never counts more vega back than there is", async () => {
      const setup = await load();
      const strikes = [{ strike: 3_000, calls: 1, puts: 0 }];
      const one = (await quoted(setup, { conditions: { strikes }, size: WAD })).q;
      const many = (await quoted(setup, { conditions: { strikes }, size: 1_000n * WAD })).q;
      expectNear(number(many.sellSkew), number(one.sellSkew), 1e-12);
    });

    it("is nothing, and selling back goes on, while V_cap is zero", async () => {
      const setup = await load();
      const { q } = await quoted(setup, { conditions: { vegaCapacity: 0 } });
      expect([q.buySkew, q.sellSkew]).to.deep.equal([0n, 0n]);
      expect([closureName(q.buying), closureName(q.selling)]).to.deep.equal(["NoVegaCapacity", "None"]);
      expect(q.proceeds).to.be.greaterThan(0n);
    });
  });

  describe("carry (Q1)", () => {
    it("moves the mid of every call and put by what the forward says, to 1e-9 of spot, at ± 50 % a year", async () => {
      const setup = await load();
      for (const seconds of [DAY, WEEK, 28 * DAY]) {
        const mid = async (carry: number, strike: number, isCall: boolean) => {
          const { q } = await quoted(setup, { series: { strike, isCall }, conditions: { carry, seconds } });
          return q.value;
        };
        for (const strike of [2_400, 3_000, 3_600]) {
          const moves = new Map<number, number>();
          for (const carry of [-0.5, 0, 0.5]) {
            const { q, expected } = await quoted(setup, { series: { strike }, conditions: { carry, seconds } });
            expectNear(number(q.value), expected.value, 1e-9 * 3_000);
            // Parity: a call less a put is the forward less the strike, undiscounted, at one volatility for both.
            const put = await mid(carry, strike, false);
            const forward = 3_000 * Math.exp((carry * seconds) / (365 * DAY));
            expectNear(number(q.value - put), forward - strike, 1e-9 * 3_000);
            expectNear(number(q.forward), forward, 1e-9 * 3_000);
            moves.set(carry, number(q.value));
          }
          expect(moves.get(0.5)!).to.be.greaterThan(moves.get(0)!);
          expect(moves.get(0)!).to.be.greaterThan(moves.get(-0.5)!);
        }
      }
    });
  });

  describe("a surface that is behind (E4)", () => {
    it("pays at most the intrinsic value on the forward, skew included, for a sale back", async () => {
      const setup = await load();
      for (const closure of [SURFACE.clamped, SURFACE.stale]) {
        for (const [strike, isCall] of [
          [2_700, true],
          [3_000, true],
          [3_300, true],
          [3_300, false],
          [2_700, false],
        ] as const) {
          const strikes = [{ strike, calls: 300, puts: 300 }];
          const conditions = { strikes, vegaCapacity: 1_000, spread: 0.001, doubt: 0 };
          const series = { strike, isCall };
          const { q: fresh } = await quoted(setup, { series, conditions });
          const { q } = await quoted(setup, { series, conditions, also: () => setup.world.tellClosure(closure) });
          expect(fresh.proceeds).to.be.greaterThan(q.intrinsic / 10n ** 12n);
          const proceeds = q.intrinsic === 0n ? 0n : (q.intrinsic - 1n) / 10n ** 12n;
          expect(q.proceeds).to.equal(proceeds);
          expect(closureName(q.selling)).to.equal("None");
          expect(q.premium).to.equal(fresh.premium);
        }
      }
    });
  });

  describe("an auction's factor and the floor (Q6)", () => {
    it("multiplies the buyer's half-spread alone, without the doubt of spot and its curvature", async () => {
      const setup = await load();
      const plain = (await quoted(setup)).q;
      for (const factor of [0.25, 1, 2.5]) {
        const { q } = await quoted(setup, { factor: wad(factor) });
        const known = plain.buyer.spot + plain.buyer.convexity;
        const own = plain.buyer.halfSpread - known;
        expect(q.buyer.halfSpread).to.equal(ceilDiv(own * wad(factor), WAD) + known);
        expect(q.seller).to.deep.equal(plain.seller);
        expect([q.proceeds, q.floor, q.buySkew]).to.deep.equal([plain.proceeds, plain.floor, plain.buySkew]);
        expectTotals(q, WAD, 6, false);
      }
    });

    it("never sells below one unit more than a sale back without a spread, nor below intrinsic, at a factor of zero", async () => {
      const setup = await load();
      for (const isCall of [true, false]) {
        for (const strike of [1_000, 2_400, 3_000, 3_600, 9_000]) {
          const { q } = await quoted(setup, { series: { strike, isCall }, factor: 0n, size: wad(7) });
          expect(q.buyer.halfSpread).to.equal(q.buyer.spot + q.buyer.convexity);
          expect(q.premium).to.be.at.least(q.floor);
          const back = 7n * (q.value - q.seller.worsePrice) + q.buySkew;
          expect(q.floor * 10n ** 12n).to.be.greaterThan(back);
          expect(q.floor * 10n ** 12n).to.be.greaterThan(7n * q.intrinsic);
        }
      }
    });

    it("is the floor itself where the model's value is nothing", async () => {
      const setup = await load();
      const { q } = await quoted(setup, { series: { strike: 9_000 }, factor: 0n, conditions: { seconds: DAY } });
      expect(q.premium).to.equal(q.floor);
      expect(q.premium).to.be.at.least(1n);
    });
  });

  describe("sizes and strikes", () => {
    it("prices one wei of an option, and of the largest open interest that a strike can hold", async () => {
      const setup = await load();
      for (const isCall of [true, false]) {
        const tiny = (await quoted(setup, { size: 1n, series: { isCall } })).q;
        expect(tiny.premium).to.equal(2n);
        expect(tiny.proceeds).to.equal(0n);
        expect(closureName(tiny.buying)).to.equal("SizeBelowMinimum");
        expect(closureName(tiny.selling)).to.equal("None");

        const { q, expected } = await quoted(setup, { size: MAX_SIZE, series: { isCall } });
        expect(closureName(q.buying)).to.equal("NoVegaCapacity");
        expectNear(Number(q.premium) / 1e6, expected.premium, 1e-9 * expected.premium);
        expectTotals(q, MAX_SIZE, 6, false);
      }
    });

    it("refuses a size that no strike can hold", async () => {
      const setup = await load();
      const { id } = await quoted(setup);
      for (const size of [MAX_SIZE + 1n, MaxUint256]) {
        await expect(setup.pricer.quote(id, size))
          .to.be.revertedWithCustomError(setup.pricer, "OpenInterestNotPackable")
          .withArgs(size);
      }
    });

    it("prices the least and the greatest strike there are, at spots from dust to 1e10", async () => {
      const setup = await load();
      const { expiry } = await quoted(setup);
      for (const spot of [1n, wad(1e-9), wad(3_000), wad(1e10)]) {
        await setup.world.tellSpot({ ...spotOf(ORDINARY), price: spot });
        await setup.world.tellMark(spot, true);
        for (const units of [1n, 2n ** 64n - 1n]) {
          for (const isCall of [0n, 1n]) {
            const id = (BigInt(expiry) << 65n) | (isCall << 64n) | units;
            for (const size of [1n, WAD, MAX_SIZE]) {
              const q = await setup.pricer.quote(id, size);
              expectTotals(q, size, 6, false);
              expect(q.premium).to.be.at.least(ceilDiv(ceilDiv(q.intrinsic * size, WAD), 10n ** 12n));
            }
          }
        }
      }
    });

    it("sells nothing beyond the volatility that the model knows", async () => {
      const setup = await load();
      const slice = asStored({ a: 0.5, b: 4_000, rho: 0.5, m: 0, sigma: 0.0001 });
      const { q } = await quoted(setup, { series: { strike: 3_500 }, conditions: { slice } });
      expect(q.volatility).to.equal(10n * WAD);
      expect(closureName(q.selling)).to.equal("None");
    });
  });

  describe("what is closed, and why", () => {
    type Told = Setup & { readonly expiry: number; readonly id: bigint };
    interface Reason {
      readonly closure: Closure;
      readonly why: string;
      readonly when: (told: Told) => Promise<unknown>;
      readonly case?: Case;
      readonly buyingError: readonly [name: string, args: (told: Told, q: Quote) => readonly unknown[]];
      readonly closesSelling: boolean;
    }
    const nothing = async () => {};

    /** In the order in which they are said. */
    const REASONS: readonly Reason[] = [
      {
        closure: "PriceUntrusted",
        why: "the oracle names a fault",
        when: ({ world }) => world.tellSpot(spotOf(ORDINARY, FAULT.stale)),
        buyingError: ["ToldFault", () => [FAULT.stale]],
        closesSelling: true,
      },
      {
        closure: "Expired",
        why: "it is over",
        when: ({ expiry }) => time.increaseTo(expiry),
        buyingError: ["SeriesExpired", ({ expiry }) => [expiry, expiry]],
        closesSelling: true,
      },
      {
        closure: "NearExpiry",
        why: "an hour is left",
        when: ({ expiry }) => time.increaseTo(expiry - HOUR),
        buyingError: ["SaleClosed", ({ expiry }) => [expiry, expiry - HOUR]],
        closesSelling: false,
      },
      {
        closure: "Unposted",
        why: "its expiry has no slice",
        when: ({ world, expiry }) => world.tellSlice(expiry, 0n, 0n),
        buyingError: ["SurfaceUnposted", ({ expiry }) => [expiry]],
        closesSelling: true,
      },
      {
        closure: "SurfaceClamped",
        why: "a slice is clamped",
        when: ({ world }) => world.tellClosure(SURFACE.clamped),
        buyingError: ["SurfaceClosed", () => [SURFACE.clamped]],
        closesSelling: false,
      },
      {
        closure: "SurfaceStale",
        why: "a slice is stale",
        when: ({ world }) => world.tellClosure(SURFACE.stale),
        buyingError: ["SurfaceClosed", () => [SURFACE.stale]],
        closesSelling: false,
      },
      {
        closure: "VenueUnreadable",
        why: "the venue cannot be read",
        when: ({ world }) => world.tellMark(0n, false),
        buyingError: ["VenueUnreadable", () => []],
        closesSelling: false,
      },
      {
        closure: "VenueOffMark",
        why: "the mark is off",
        when: ({ world }) => world.tellMark(wad(3_046), true),
        buyingError: ["MarkApart", () => [wad(3_000), wad(3_046), MAX_APART]],
        closesSelling: true,
      },
      {
        closure: "CarryClamped",
        why: "calls are too cheap at the upper end of the carry",
        when: ({ world }) => world.tellCarry(WAD, CLAMP.upper),
        buyingError: ["CarryClamped", () => [WAD]],
        closesSelling: false,
      },
      {
        closure: "CarryClamped",
        why: "puts are too cheap at its lower end",
        when: ({ world }) => world.tellCarry(-WAD / 2n, CLAMP.lower),
        case: { series: { isCall: false } },
        buyingError: ["CarryClamped", () => [-WAD / 2n]],
        closesSelling: false,
      },
      {
        closure: "SizeBelowMinimum",
        why: "less than a hundredth is asked for",
        when: nothing,
        case: { size: MIN_SIZE - 1n },
        buyingError: ["SizeBelowMinimum", () => [MIN_SIZE - 1n, MIN_SIZE]],
        closesSelling: false,
      },
      {
        closure: "SizeBelowMinimum",
        why: "nothing is asked for",
        when: nothing,
        case: { size: 0n },
        buyingError: ["SizeBelowMinimum", () => [0n, MIN_SIZE]],
        closesSelling: true,
      },
      {
        closure: "DeltaOutOfBounds",
        why: "it is too far out of the money",
        when: nothing,
        case: { series: { strike: 4_200 } },
        buyingError: ["DeltaOutOfBounds", (_, q) => [q.delta, wad(0.05), wad(0.95)]],
        closesSelling: false,
      },
      {
        closure: "DeltaOutOfBounds",
        why: "it is too far in the money",
        when: nothing,
        case: { series: { strike: 4_200, isCall: false } },
        buyingError: ["DeltaOutOfBounds", (_, q) => [q.delta, wad(0.05), wad(0.95)]],
        closesSelling: false,
      },
      {
        closure: "NoVegaCapacity",
        why: "nobody has set V_cap",
        when: ({ world }) => world.tellVegaCapacity(0n),
        buyingError: ["NoVegaCapacity", (_, q) => [q.shortVega + q.vega + 2n, 0n]],
        closesSelling: false,
      },
    ];

    async function apply(setup: Setup, reason: Reason) {
      const { id, expiry } = await quoted(setup, reason.case);
      const told: Told = { ...setup, id, expiry };
      await reason.when(told);
      const size = reason.case?.size ?? WAD;
      return { told, size, q: await setup.pricer.quote(id, size) };
    }
    for (const reason of REASONS) {
      const { closure, why, buyingError, closesSelling } = reason;
      it(`${closure}: closes buying${closesSelling ? " and selling back" : " alone"} when ${why}`, async () => {
        const setup = await load();
        const { told, size, q } = await apply(setup, reason);
        expect(closureName(q.buying)).to.equal(closure);
        expect(closureName(q.selling)).to.equal(closesSelling ? closure : "None");
        const errors = buyingError[0] === "ToldFault" ? setup.world : setup.pricer;
        await expect(setup.pricer.requireBuyable(told.id, size, plain(q)))
          .to.be.revertedWithCustomError(errors, buyingError[0])
          .withArgs(...buyingError[1](told, q));
        const selling = setup.pricer.requireSellable(told.id, size, plain(q));
        if (!closesSelling) await selling;
        else {
          const args = closure === "SizeBelowMinimum" ? [0n, 1n] : buyingError[1](told, q);
          await expect(selling)
            .to.be.revertedWithCustomError(errors, buyingError[0])
            .withArgs(...args);
        }
      });
    }

    it("says the first of two reasons, in the order of the interface", async () => {
      const setup = await load();
      const reasons = REASONS.filter(({ case: given }) => given === undefined);
      const isTime = ({ closure }: Reason) => closure === "Expired" || closure === "NearExpiry";
      for (const [i, first] of reasons.entries()) {
        for (const second of reasons.slice(i + 1)) {
          // A surface is clamped or stale, a venue has a mark or none, and it is one time.
          if (first.closure.slice(0, 5) === second.closure.slice(0, 5) || (isTime(first) && isTime(second))) continue;
          const { id, expiry } = await quoted(setup);
          const told: Told = { ...setup, id, expiry };
          for (const { when } of isTime(first) ? [second, first] : [first, second]) await when(told);
          const q = await setup.pricer.quote(id, WAD);
          expect(closureName(q.buying), `${first.closure} and ${second.closure}`).to.equal(first.closure);
        }
      }
    });

    it("is open for exactly what the boundaries admit", async () => {
      const setup = await load();
      const buying = async (tested: Case) => closureName((await quoted(setup, tested)).q.buying);
      expect(await buying({ size: MIN_SIZE })).to.equal("None");
      expect(await buying({ conditions: { seconds: HOUR + 1 } })).to.equal("None");
      expect(await buying({ conditions: { seconds: HOUR } })).to.equal("NearExpiry");
      for (const side of [1, -1]) {
        expect(await buying({ conditions: { mark: 3_000 + side * 45 } })).to.equal("None");
        expect(await buying({ conditions: { mark: 3_000 + side * 45.000000001 } })).to.equal("VenueOffMark");
      }
      const { q, id } = await quoted(setup);
      // One wei of the mark beyond 1.5 %.
      await setup.world.tellMark(wad(3_045) + 1n, true);
      expect(closureName((await setup.pricer.quote(id, WAD)).selling)).to.equal("VenueOffMark");
      await setup.world.tellMark(wad(3_045), true);
      expect(closureName((await setup.pricer.quote(id, WAD)).selling)).to.equal("None");
      // V_cap is for the vega after the trade, and a wei for the last digits of each of the two.
      const after = q.shortVega + q.vega + 2n;
      for (const [capacity, closure] of [
        [after - 1n, "NoVegaCapacity"],
        [after, "None"],
      ] as const) {
        expect(await buying({ also: () => setup.world.tellVegaCapacity(capacity) })).to.equal(closure);
      }
      const selling = async (seconds: number) => {
        const told = await quoted(setup, { conditions: { seconds: 60 } });
        await time.increaseTo(told.expiry - seconds);
        return closureName((await setup.pricer.quote(told.id, WAD)).selling);
      };
      expect(await selling(1)).to.equal("None");
      expect(await selling(0)).to.equal("Expired");
    });

    it("takes each bound of delta for inside", async () => {
      const setup = await load();
      let inside = 0;
      for (const isCall of [true, false]) {
        for (let strike = 2_000; strike <= 4_500; strike += 50) {
          const { q } = await quoted(setup, { series: { strike, isCall } });
          const delta = q.delta < 0n ? -q.delta : q.delta;
          const admitted = delta >= wad(0.05) && delta <= wad(0.95);
          expect(closureName(q.buying)).to.equal(admitted ? "None" : "DeltaOutOfBounds");
          if (admitted) inside++;
        }
      }
      expectWithin(inside, 20, 80);
    });

    it("closes neither the puts at the upper end of the carry nor the calls at the lower", async () => {
      const setup = await load();
      const { id } = await quoted(setup, { series: { isCall: false } });
      await setup.world.tellCarry(WAD, CLAMP.upper);
      expect(closureName((await setup.pricer.quote(id, WAD)).buying)).to.equal("None");
      await setup.world.tellCarry(-WAD / 2n, CLAMP.lower);
      expect(closureName((await setup.pricer.quote(id | (1n << 64n), WAD)).buying)).to.equal("None");
    });

    it("offers to close what became deep, for intrinsic value less the spread", async () => {
      const setup = await load();
      const { q } = await quoted(setup, { series: { strike: 1_500 } });
      expect([closureName(q.buying), closureName(q.selling)]).to.deep.equal(["DeltaOutOfBounds", "None"]);
      const expected = number(q.intrinsic) - number(q.seller.halfSpread);
      expectNear(Number(q.proceeds) / 1e6, expected + number(q.sellSkew), 0.05);
    });

    it("answers with zeros and the reason when there is no price at all", async () => {
      const setup = await load();
      const { id } = await quoted(setup);
      for (const price of [0n, 2n ** 128n + 1n, MaxUint256]) {
        await setup.world.tellSpot({ ...spotOf(ORDINARY, FAULT.stale), price });
        const q = await setup.pricer.quote(id, WAD);
        expect([closureName(q.buying), closureName(q.selling)]).to.deep.equal(["PriceUntrusted", "PriceUntrusted"]);
        expect([q.premium, q.proceeds, q.floor, q.value, q.volatility, q.forward]).to.deep.equal([
          0n,
          0n,
          0n,
          0n,
          0n,
          0n,
        ]);
      }
    });

    it("does not trust a price outside of the model's domain, whatever the oracle says", async () => {
      const setup = await load();
      const { id } = await quoted(setup);
      await setup.world.tellSpot({ ...spotOf(ORDINARY), price: 2n ** 128n + 1n });
      const q = await setup.pricer.quote(id, WAD);
      expect(closureName(q.buying)).to.equal("PriceUntrusted");
      for (const refusal of [
        setup.pricer.requireBuyable(id, WAD, plain(q)),
        setup.pricer.requireSellable(id, WAD, plain(q)),
      ]) {
        await expect(refusal)
          .to.be.revertedWithCustomError(setup.pricer, "SalesClosed")
          .withArgs(closureIndex("PriceUntrusted"));
      }
    });

    it("answers whatever the mark is", async () => {
      const setup = await load();
      const { id } = await quoted(setup);
      for (const mark of [0n, 1n, 2n ** 128n, MaxUint256]) {
        await setup.world.tellMark(mark, true);
        const q = await setup.pricer.quote(id, WAD);
        expect([closureName(q.buying), closureName(q.selling)]).to.deep.equal(["VenueOffMark", "VenueOffMark"]);
        expect(q.value).to.be.greaterThan(0n);
      }
    });

    it("still names forward and intrinsic value without a slice", async () => {
      const setup = await load();
      const also = (expiry: number) => setup.world.tellSlice(expiry, 0n, 0n);
      const { q, expected } = await quoted(setup, { series: { strike: 2_700 }, also });
      expectNear(number(q.forward), expected.forward, 1e-6);
      expectNear(number(q.intrinsic), expected.intrinsic, 1e-6);
      expect([q.premium, q.proceeds, q.value, q.volatility]).to.deep.equal([0n, 0n, 0n, 0n]);
    });

    it("lets an open series pass", async () => {
      const setup = await load();
      const { id, q } = await quoted(setup);
      await setup.pricer.requireBuyable(id, WAD, plain(q));
      await setup.pricer.requireSellable(id, WAD, plain(q));
    });

    it("reverts for a series that is not listed and for a number that is none", async () => {
      const setup = await load();
      const { id } = await quoted(setup);
      await setup.world.tellUnlisted(true);
      for (const ask of [setup.pricer.quote(id, WAD), setup.pricer.quoteAtFactor(id, WAD, 0n)]) {
        await expect(ask).to.be.revertedWithCustomError(setup.pricer, "SeriesNotListed").withArgs(id);
      }
      await expect(setup.pricer.quote(1n << 105n, WAD))
        .to.be.revertedWithCustomError(setup.pricer, "MalformedSeriesId")
        .withArgs(1n << 105n);
    });

    it("answers nobody but the market while a call of ours is in progress (N6)", async () => {
      const setup = await load();
      const { id } = await quoted(setup);
      await setup.world.tellInProgress(true);
      await expect(setup.pricer.quote(id, WAD)).to.be.revertedWithCustomError(setup.pricer, "ReentrantRead");
      const market = await setup.world.getAddress();
      const data = setup.pricer.interface.encodeFunctionData("quote", [id, WAD]);
      const answer = await ethers.provider.call({ to: await setup.pricer.getAddress(), from: market, data });
      const [q] = setup.pricer.interface.decodeFunctionResult("quote", answer);
      expect(q.premium).to.be.greaterThan(0n);
    });
  });

  it("needs a quote token of at most 18 decimals", async () => {
    const world = await deployWorld(ethers, 19);
    let failure: unknown;
    try {
      await deployPricer(ethers, world);
    } catch (error) {
      failure = error;
    }
    expect(String(failure)).to.match(/0x11|underflow|overflow/i);
  });

  describe("gas", () => {
    it("is little, and the same however much is listed elsewhere", async () => {
      const setup = await load();
      const strikes = Array.from({ length: 8 }, (_, i) => ({ strike: 2_400 + 150 * i, calls: 3, puts: 4 }));
      const { id } = await quoted(setup, { conditions: { strikes, mark: 3_005 } });
      const gas = await setup.pricer.quote.estimateGas(id, WAD);
      console.log(`      quote with 8 open strikes in the expiry, told oracles: ${gas - 21_000n} gas`);
      expect(gas).to.be.below(200_000n);
    });
  });
});
