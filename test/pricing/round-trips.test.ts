/** The pricer inside the whole system: round trips at unchanged oracles, and funding that moves the forward. */
import { expect } from "chai";
import { MaxUint256 } from "ethers";
import fc from "fast-check";
import { unpackSlice } from "../../keeper/math/svi.ts";
import { decodeSeries } from "../../keeper/series.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import { expectNear } from "../helpers/numbers.ts";
import {
  buy,
  deposit,
  fund,
  HOUR,
  listBoard,
  type MisbehavingSystem,
  networkHelpers,
  refreshFeed,
  repostSurface,
  type Slice,
  seriesId,
  systemOnMisbehavingVenue,
  usdc,
} from "../helpers/system.ts";
import { referenceQuote } from "./reference.ts";
import { number, WAD, wad } from "./told.ts";

const { time } = networkHelpers;

const STRIKES = [2_700, 3_000, 3_300] as const;
const SERIES = STRIKES.flatMap((strike) => (["call", "put"] as const).map((kind) => ({ strike, kind })));
/** 65 % at the money, dearer to both sides, puts more so. */
const SMILE: Slice = { a: 211_250_000n, b: 1_100_000_000n, rho: -200_000n, m: 0n, sigma: 20_000_000n, spread: 150n };

/** A vault of ten million, two boards, someone else's inventory, and two auctions that are about to give up the half-spread. */
async function fixture() {
  const system = await systemOnMisbehavingVenue();
  await deposit(system, system.carol, usdc(10_000_000));
  const near = await listBoard(system, { strikes: STRIKES, shape: SMILE });
  const far = await listBoard(system, { strikes: STRIKES, shape: SMILE, week: 3 });
  const ids = [near, far].flatMap((expiry) => SERIES.map(({ strike, kind }) => seriesId(expiry, strike, kind)));
  await buy(system, system.bob, ids[2]!, 20n * WAD);
  await buy(system, system.bob, ids[5]!, 30n * WAD);
  await fund(system, system.alice, usdc(1_000_000_000));
  const auctioned = [ids[2]!, ids[9]!];
  const start = (await time.latest()) + 60;
  for (const id of auctioned) {
    const window = { start, end: start + 600, firstFactor: WAD, lastFactor: 0n };
    await system.auctions.connect(system.curator).schedule({ seriesId: id, size: 400n * WAD, ...window });
  }
  await time.increaseTo(start + 540);
  await repostSurface(system);
  await refreshFeed(system);
  return { system, ids, auctioned };
}

type Step =
  | { readonly kind: "buy" | "sell"; readonly series: number; readonly size: bigint }
  | { readonly kind: "fill"; readonly auction: number; readonly size: bigint }
  | { readonly kind: "refresh" };

const size = fc.oneof(
  fc.bigInt({ min: 1n, max: WAD / 50n }),
  fc.bigInt({ min: WAD / 100n, max: 10n * WAD }),
  fc.bigInt({ min: WAD, max: 120n * WAD }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("buy" as const), series: fc.nat(11), size }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("sell" as const), series: fc.nat(11), size }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("fill" as const), auction: fc.nat(1), size }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("refresh" as const) }) },
);

/** Limits that a trade of these sizes may meet; anything else is a failure. */
const LIMITS =
  /RoundDeltaSpent|NoVegaCapacity|SizeBelowMinimum|FillBelowMinimum|FillAboveRemaining|RestBelowMinimum|VenueDepthSpent|InsufficientCollateral|SalesClosed/;

async function unlessLimited(trade: Promise<unknown>): Promise<boolean> {
  try {
    await trade;
    return true;
  } catch (error) {
    if (!LIMITS.test(String(error))) throw error;
    return false;
  }
}

/** Every option that exists is open interest, of every series. */
async function expectSupplyIsOpenInterest({ market, token }: MisbehavingSystem, ids: readonly bigint[]): Promise<void> {
  for (const id of ids) expect(await token.totalSupply(id), `supply of ${id}`).to.equal(await market.openInterest(id));
  // The sums that bound sales and close the vault at an expiry are those of the tokens, too.
  let [calls, puts] = [0n, 0n];
  const ofExpiry = new Map<bigint, bigint>();
  for (const id of ids) {
    const { expiry, isCall } = decodeSeries(id);
    const supply = await token.totalSupply(id);
    if (isCall) calls += supply;
    else puts += supply;
    ofExpiry.set(expiry, (ofExpiry.get(expiry) ?? 0n) + supply);
  }
  expect([...(await market.openContracts())], "open calls and puts").to.deep.equal([calls, puts]);
  for (const [expiry, supply] of ofExpiry) {
    expect((await market.expiryOf(expiry)).openContracts, `open contracts of ${expiry}`).to.equal(supply);
  }
}

describe("round trips on the whole system", () => {
  it("no sequence of buys, sells and auction fills leaves the trader better off at unchanged oracles", async function () {
    this.timeout(0);
    let trades = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
        const { system, ids, auctioned } = await networkHelpers.loadFixture(fixture);
        const { alice, auctions, usdcToken } = system;
        // The chain's clock goes on from here, however long the runs before took.
        await time.increaseTo((await time.latest()) + 1);
        const market = system.market.connect(alice);
        const held = new Map<bigint, bigint>(ids.map((id) => [id, 0n]));
        const before = await usdcToken.balanceOf(alice.address);

        const take = async (id: bigint, amount: bigint, trade: () => Promise<unknown>) => {
          const paid = await usdcToken.balanceOf(alice.address);
          if (!(await unlessLimited(trade()))) return;
          trades++;
          held.set(id, held.get(id)! + amount);
          const premium = paid - (await usdcToken.balanceOf(alice.address));
          // The quote of the second before the trade: what passes in a second is far below a unit's millionth part.
          const { intrinsic } = await system.pricer.quote(id, amount);
          const bound = (intrinsic * amount) / WAD / 10n ** 12n;
          expect(premium, "premium against intrinsic value on the forward").to.be.at.least(bound - bound / 10n ** 8n);
        };
        const giveBack = async (id: bigint, amount: bigint) => {
          if (amount === 0n) return;
          const sold = await unlessLimited(market.sell(id, amount, 0n, MaxUint256, alice.address));
          if (sold) held.set(id, held.get(id)! - amount);
          trades += Number(sold);
        };

        for (const s of steps) {
          if (s.kind === "refresh") await refreshFeed(system);
          else if (s.kind === "buy") {
            const id = ids[s.series]!;
            await take(id, s.size, () => market.buy(id, s.size, MaxUint256, MaxUint256, alice.address));
          } else if (s.kind === "fill") {
            const id = auctioned[s.auction]!;
            const house = auctions.connect(alice);
            await take(id, s.size, () => house.fill(s.auction, s.size, MaxUint256, MaxUint256, alice.address));
          } else {
            const holdings = [...held].filter(([, amount]) => amount > 0n);
            if (holdings.length === 0) continue;
            const [id, most] = holdings[s.series % holdings.length]!;
            await giveBack(id, s.size < most ? s.size : most);
          }
          await expectSupplyIsOpenInterest(system, ids);
        }
        for (const [id, amount] of held) await giveBack(id, amount);
        for (const amount of held.values()) expect(amount, "everything could be sold back").to.equal(0n);
        await expectSupplyIsOpenInterest(system, ids);
        const gain = (await usdcToken.balanceOf(alice.address)) - before;
        expect(gain <= 0n, `gained ${gain} units`).to.equal(true);
      }),
      { numRuns: fuzzRuns(25) },
    );
    console.log(`      ${trades} trades`);
    expect(trades).to.be.greaterThan(0);
  });

  it("a fill at a factor of nothing still costs a unit more than the sale back right after brings without a spread", async () => {
    const { system, auctioned } = await networkHelpers.loadFixture(fixture);
    const { alice, auctions, market, pricer } = system;
    const amount = 3n * WAD;
    await time.increase(50);
    const { price } = await market.quote(auctioned[0]!, amount);
    const before = await system.usdcToken.balanceOf(alice.address);
    await auctions.connect(alice).fill(0, amount, MaxUint256, MaxUint256, alice.address);
    const premium = before - (await system.usdcToken.balanceOf(alice.address));
    expect(premium).to.be.below(price.premium);
    const q = await pricer.quote(auctioned[0]!, amount);
    const withoutSpread = ((q.value - q.seller.worsePrice) * amount) / WAD + q.sellSkew;
    expect(premium * 10n ** 12n).to.be.greaterThan(withoutSpread);
  });
});

describe("funding in the price of the whole system (Q1, F1)", () => {
  /** Charges a rate for four hours and samples it; the feed and the surface stay fresh. */
  async function charge(system: MisbehavingSystem, rate: number): Promise<void> {
    const seconds = 4 * HOUR;
    const cumulative = (await system.venue.cumulativeFunding()) + wad((rate * 3_000 * seconds) / (365 * 24 * HOUR));
    await system.venue.connect(system.stranger).setCumulativeFunding(cumulative);
    await time.increase(seconds - 10);
    await refreshFeed(system);
    await repostSurface(system);
    await system.funding.connect(system.stranger).sample({ gasLimit: 16_000_000n });
  }

  it("the middle of every listed call and put is where the forward says, to 1e-9 of spot, when funding moves by 50 % a year and back", async () => {
    const { system, ids } = await networkHelpers.loadFixture(fixture);
    await system.funding.connect(system.stranger).sample({ gasLimit: 16_000_000n });
    const carries: number[] = [];
    for (const rates of [[], [2, 2, 2, 2, 2, 2], [-2, -2, -2, -2, -2, -2, -2, -2, -2]]) {
      for (const rate of rates) await charge(system, rate);
      const now = await time.latest();
      for (const id of ids) {
        const expiry = id >> 65n;
        const slice = unpackSlice(await system.surface.sliceOf(expiry));
        const { price: q } = await system.market.quote(id, WAD);
        const seconds = Number(expiry) - now;
        const carry = number(q.carry);
        const isCall = ((id >> 64n) & 1n) === 1n;
        const strike = number((id & (2n ** 64n - 1n)) * 10n ** 9n);
        const told = {
          spot: 3_000,
          mark: 3_000,
          doubt: number(q.spotDoubt),
          carry,
          seconds,
          slice,
          spread: number(await system.surface.spread(expiry)),
          proportionalCost: 0,
          fixedCost: 0,
          openCalls: 0,
          openPuts: 0,
          vegaCapacity: 0,
          strikes: [],
          isSurfaceBehind: false,
        };
        const expected = referenceQuote(told, { strike, isCall }, 1);
        expectNear(number(q.value), expected.value, 1e-9 * 3_000);
        expectNear(number(q.forward), 3_000 * Math.exp((carry * seconds) / (365 * 24 * HOUR)), 1e-9 * 3_000);
        carries.push(carry);
      }
    }
    const [lowest, highest] = [Math.min(...carries), Math.max(...carries)];
    console.log(`      carry from ${(100 * lowest).toFixed(1)} % to ${(100 * highest).toFixed(1)} % a year`);
    expect(highest).to.be.greaterThan(0.11 + 0.5);
    expect(lowest).to.be.at.most(-0.4);
  });
});
