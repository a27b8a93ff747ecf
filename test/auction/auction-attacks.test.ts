/** Auctions on the real market: what a fill may cost, and that nobody gains from one. */
import { expect } from "chai";
import { type ContractTransactionResponse, formatUnits, MaxUint256, ZeroAddress } from "ethers";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { ReentrantToken } from "../../types/index.ts";
import { deployContract } from "../helpers/feeds.ts";
import { fuzzRuns } from "../helpers/fuzz.ts";
import {
  at,
  CLOSURE,
  DAY,
  deposit,
  eth,
  ethers,
  fund,
  HOUR,
  listBoard,
  type MisbehavingSystem,
  networkHelpers,
  refreshFeed,
  seriesId,
  setPrice,
  systemOnMisbehavingVenue,
  usdc,
  VOLATILITY,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const { provider } = ethers;
const STRIKES = [2_700, 2_850, 3_000, 3_150, 3_300];
const FACTORS = [0, 0.3, 1, 2, 5];
/** OptionPricerMutant.Guard. */
const FLOOR = 7;

interface World extends MisbehavingSystem {
  readonly expiry: bigint;
}

async function worldWith(tokenPath?: string): Promise<World> {
  const system = await systemOnMisbehavingVenue(tokenPath === undefined ? {} : { tokenPath });
  await deposit(system, system.alice, usdc(5_000_000));
  const expiry = await listBoard(system);
  await fund(system, system.dave, usdc(10_000_000));
  await fund(system, system.erin, usdc(10_000_000));
  return { ...system, expiry };
}
const world = () => worldWith();
const reentrantWorld = () => worldWith("mocks/ReentrantToken");

interface Lot {
  readonly id: bigint;
  readonly size?: bigint;
  readonly first?: number;
  readonly last?: number;
}

/** Schedules a day's auction and lets it begin; the feed is fresh. */
async function auction(w: World, { id, size = eth(100), first = 1, last = first }: Lot): Promise<bigint> {
  const start = (await time.latest()) + 60;
  const schedule = { seriesId: id, size, start, end: start + DAY, firstFactor: eth(first), lastFactor: eth(last) };
  // The chain's clock goes with the wall's unless it is told.
  await time.setNextBlockTimestamp(start - 1);
  await w.auctions.connect(w.curator).schedule(schedule);
  await time.increaseTo(start);
  return (await w.auctions.auctionCount()) - 1n;
}

const fill = (w: World, auctionId: bigint, size: bigint, who = w.dave, limit = MaxUint256) =>
  w.auctions.connect(who).fill(auctionId, size, limit, MaxUint256, who.address, { gasLimit: 4_000_000n });
const buy = (w: World, id: bigint, size: bigint) =>
  w.market.connect(w.dave).buy(id, size, MaxUint256, MaxUint256, w.dave.address, { gasLimit: 4_000_000n });
const sell = (w: World, id: bigint, size: bigint) =>
  w.market.connect(w.dave).sell(id, size, 0n, MaxUint256, w.dave.address, { gasLimit: 4_000_000n });

/** All in one block; true for each that succeeded. */
async function inOneBlock(calls: readonly (() => Promise<ContractTransactionResponse>)[]): Promise<boolean[]> {
  await provider.send("evm_setAutomine", [false]);
  try {
    const sent: ContractTransactionResponse[] = [];
    for (const call of calls) sent.push(await call());
    await provider.send("evm_mine", []);
    const receipts = await Promise.all(sent.map(({ hash }) => provider.getTransactionReceipt(hash)));
    expect(new Set(receipts.map((receipt) => receipt!.blockNumber)).size).to.equal(1);
    return receipts.map((receipt) => receipt!.status === 1);
  } finally {
    await provider.send("evm_setAutomine", [true]);
  }
}

const money = (w: World) => w.usdcToken.balanceOf(w.dave.address);
const dollars = (amount: bigint) => `$${formatUnits(amount, 6)}`;

/** The pricer that sells at a share of the model's value, in the place of the real one: "a reserve at 80 %". */
async function withoutFloor(w: World): Promise<void> {
  const { usdcToken, addresses: at } = w;
  const parts = [
    await usdcToken.getAddress(),
    at.market,
    at.surface,
    at.fundingOracle,
    at.oracle,
    at.controller,
    FLOOR,
  ];
  const mutant = await deployContract("mocks/mutants/OptionPricerMutant", parts);
  await networkHelpers.setCode(at.pricer, await provider.getCode(mutant.address));
}

/** Fills and sells back in one block: what the buyer is left with, the greatest of all series and sizes. */
async function bestRoundTrip(w: World, factor: number): Promise<bigint> {
  let best = -(2n ** 200n);
  for (const strike of STRIKES) {
    for (const kind of ["call", "put"] as const) {
      const id = seriesId(w.expiry, strike, kind);
      const auctionId = await auction(w, { id, first: factor });
      for (const size of [eth("0.01"), eth("3.333333333333333333")]) {
        await refreshFeed(w);
        const before = await money(w);
        const done = await inOneBlock([() => fill(w, auctionId, size), () => sell(w, id, size)]);
        expect(done, `${strike} ${kind}`).to.deep.equal([true, true]);
        const profit = (await money(w)) - before;
        if (profit > best) best = profit;
      }
    }
  }
  return best;
}

describe("Auctions on the real market", () => {
  it("Q6: filling at any factor and selling back in the same block never profits; without the floor it does", async () => {
    const best: string[] = [];
    for (const factor of FACTORS) {
      const profit = await bestRoundTrip(await loadFixture(world), factor);
      best.push(`${factor}: ${dollars(profit)}`);
      expect(profit < 0n, `${factor}: ${dollars(profit)}`).to.equal(true);
    }
    const attacked = await loadFixture(world);
    await withoutFloor(attacked);
    const profit = await bestRoundTrip(attacked, 0.8);
    console.log(
      `      best of 20 round trips by factor: ${best.join(", ")}; at 80 % of the model's value ${dollars(profit)}`,
    );
    expect(profit > 0n).to.equal(true);
  });

  it("Q6: no factor sells below the intrinsic value on the forward; without the floor a share of the value does", async () => {
    /** The least that a premium is above it, quote tokens an option. */
    const leastAbove = async (w: World, factor: number) => {
      const above: bigint[] = [];
      for (const strike of STRIKES) {
        for (const kind of ["call", "put"] as const) {
          const id = seriesId(w.expiry, strike, kind);
          const auctionId = await auction(w, { id, first: factor });
          await setPrice(w, kind === "call" ? strike * 1.12 : strike / 1.12);
          const { price } = await w.auctions.quote(auctionId, eth(1));
          above.push(price.premium - price.intrinsic / 10n ** 12n);
        }
      }
      return above.reduce((a, b) => (a < b ? a : b));
    };
    expect((await leastAbove(await loadFixture(world), 0)) > 0n).to.equal(true);
    const attacked = await loadFixture(world);
    await withoutFloor(attacked);
    const below = await leastAbove(attacked, 0.8);
    console.log(`      at 80 % of the model's value an option in the money is sold ${dollars(-below)} below`);
    expect(below < 0n).to.equal(true);
  });

  it("Q6: a fill at no spread, an update of the feed by its whole deviation, and a sale back loses", async () => {
    const w = await loadFixture(world);
    const profits: bigint[] = [];
    for (const strike of STRIKES) {
      for (const [kind, direction] of [
        ["call", 1.005],
        ["put", 1 / 1.005],
      ] as const) {
        await setPrice(w, 3_000);
        const id = seriesId(w.expiry, strike, kind);
        const auctionId = await auction(w, { id, first: 0 });
        const before = await money(w);
        await fill(w, auctionId, eth(1));
        await setPrice(w, 3_000 * direction);
        await sell(w, id, eth(1));
        profits.push((await money(w)) - before);
      }
    }
    const best = profits.reduce((a, b) => (a > b ? a : b));
    console.log(`      best of ten: ${dollars(best)}`);
    expect(best < 0n).to.equal(true);
  });

  it("Q6: costs at a factor of 1 what the market asks in that second, and less or more at another", async () => {
    const w = await loadFixture(world);
    const id = seriesId(w.expiry, 3_150, "call");
    const size = eth("2.5");
    const lots = [];
    for (const factor of FACTORS) lots.push(await auction(w, { id, first: factor }));
    const second = (await time.latest()) + 60;
    const state = await networkHelpers.takeSnapshot();
    const costOf = async (trade: () => Promise<unknown>) => {
      const before = await money(w);
      await time.setNextBlockTimestamp(second);
      await trade();
      const cost = before - (await money(w));
      await state.restore();
      return cost;
    };
    const ordinary = await costOf(() => buy(w, id, size));
    const premiums = [];
    for (const lot of lots) premiums.push(await costOf(() => fill(w, lot, size)));
    expect(premiums[FACTORS.indexOf(1)]).to.equal(ordinary);
    for (let i = 1; i < premiums.length; ++i) expect(premiums[i]! > premiums[i - 1]!, `${premiums}`).to.equal(true);
    // The half-spread alone is multiplied: what a factor adds grows in proportion, up to the last unit.
    const [none, , one, two, five] = premiums as [bigint, bigint, bigint, bigint, bigint];
    expect(five - one).to.be.closeTo(4n * (two - one), 8n);
    expect(none).to.be.closeTo(2n * one - two, 4n);
  });

  it("moves money from the buyer to the vault, options to the receiver, and nothing through itself", async () => {
    const w = await loadFixture(world);
    const id = seriesId(w.expiry, 3_000, "put");
    const auctionId = await auction(w, { id, size: eth(5), first: 2, last: 0 });
    const [idle, held] = [await w.vault.idle(), await money(w)];
    const transaction = w.auctions.connect(w.dave).fill(auctionId, eth(5), MaxUint256, MaxUint256, w.bob.address);
    await expect(transaction).to.emit(w.auctions, "Filled");
    const premium = held - (await money(w));
    expect(premium > 0n).to.equal(true);
    expect((await w.vault.idle()) - idle).to.equal(premium);
    expect(await w.token.balanceOf(w.bob.address, id)).to.equal(eth(5));
    expect(await w.market.openInterest(id)).to.equal(eth(5));
    expect(await w.usdcToken.balanceOf(w.addresses.auctions)).to.equal(0n);
    expect(await w.token.balanceOf(w.addresses.auctions, id)).to.equal(0n);
  });

  it("needs the buyer's approval of the market, and his money", async () => {
    const w = await loadFixture(world);
    const auctionId = await auction(w, { id: seriesId(w.expiry, 3_000, "call") });
    const fillAs = (who: typeof w.dave) =>
      w.auctions.connect(who).fill(auctionId, eth(1), MaxUint256, MaxUint256, who.address);
    await expect(fillAs(w.bob)).to.be.revertedWithCustomError(w.usdcToken, "ERC20InsufficientAllowance");
    await w.usdcToken.connect(w.bob).approve(w.addresses.auctions, MaxUint256);
    await expect(fillAs(w.bob)).to.be.revertedWithCustomError(w.usdcToken, "ERC20InsufficientAllowance");
    await w.usdcToken.connect(w.bob).approve(w.addresses.market, MaxUint256);
    await expect(fillAs(w.bob)).to.be.revertedWithCustomError(w.usdcToken, "ERC20InsufficientBalance");
    expect((await w.auctions.auctionOf(auctionId)).remaining).to.equal(eth(100));
  });

  it("is the only one to sell at another spread, and cannot send options to nobody", async () => {
    const w = await loadFixture(world);
    const id = seriesId(w.expiry, 3_000, "call");
    for (const who of [w.dave, w.curator, w.governor, w.keeper]) {
      await expect(w.market.connect(who).buyAtFactor(id, eth(1), 0n, MaxUint256, w.dave.address, who.address))
        .to.be.revertedWithCustomError(w.market, "NotAuctions")
        .withArgs(who.address);
    }
    const auctionId = await auction(w, { id });
    await expect(
      w.auctions.connect(w.dave).fill(auctionId, eth(1), MaxUint256, MaxUint256, ZeroAddress),
    ).to.be.revertedWithCustomError(w.market, "ZeroAddress");
  });

  it("Q6: two auctions of one series each sell their own size, and the second starts from where the first left the price", async () => {
    const w = await loadFixture(world);
    const id = seriesId(w.expiry, 3_150, "call");
    const first = await auction(w, { id, size: eth(6), first: 0 });
    const second = await auction(w, { id, size: eth(4), first: 0 });
    const done = await inOneBlock([
      () => fill(w, first, eth(6)),
      () => fill(w, second, eth(4), w.erin),
      () => fill(w, first, eth("0.01")),
      () => fill(w, second, eth("0.01")),
    ]);
    expect(done).to.deep.equal([true, true, false, false]);
    expect(await w.market.openInterest(id)).to.equal(eth(10));
    const premiums = await w.auctions.queryFilter(w.auctions.filters.Filled(), -1);
    const [one, two] = premiums.map(({ args }) => (args.premium * eth(1)) / args.size);
    expect(two! > one!, `${one}, ${two}`).to.equal(true);
  });

  it("Q6: filling two auctions at no spread in pieces and selling all back in one block never profits, in any order", async function () {
    const runs = fuzzRuns(8);
    this.timeout(runs * 10_000);
    const step = fc.record({
      kind: fc.constantFrom("fill", "fill", "buy", "sell"),
      strike: fc.constantFrom(2_850, 3_000, 3_150),
      side: fc.constantFrom("call", "put"),
      lot: fc.constantFrom(0, 1),
      size: fc.oneof(fc.bigInt(eth("0.01"), eth(4)), fc.constantFrom(1n, eth("0.01"), eth(4))),
    });
    const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
      const w = await loadFixture(world);
      const lots = new Map<bigint, readonly bigint[]>();
      for (const strike of [2_850, 3_000, 3_150]) {
        for (const kind of ["call", "put"] as const) {
          const id = seriesId(w.expiry, strike, kind);
          lots.set(id, [
            await auction(w, { id, first: 0 }),
            await auction(w, { id, size: eth(8), first: 0.5, last: 0 }),
          ]);
        }
      }
      await refreshFeed(w);
      const before = await money(w);
      const tries = steps.map(({ kind, strike, side, lot, size }) => () => {
        const id = seriesId(w.expiry, strike, side as "call" | "put");
        if (kind === "fill") return fill(w, lots.get(id)![lot]!, size);
        return kind === "buy" ? buy(w, id, size) : sell(w, id, size);
      });
      // What is held after them goes back in the same block.
      await provider.send("evm_setAutomine", [false]);
      const sent: ContractTransactionResponse[] = [];
      for (const attempt of tries) sent.push(await attempt());
      for (const id of lots.keys()) {
        const held = await w.token.balanceOf(w.dave.address, id, { blockTag: "pending" });
        if (held > 0n) sent.push(await sell(w, id, held));
      }
      await provider.send("evm_mine", []);
      await provider.send("evm_setAutomine", [true]);
      for (const id of lots.keys()) expect(await w.token.balanceOf(w.dave.address, id)).to.equal(0n);
      const receipts = await Promise.all(sent.map(({ hash }) => provider.getTransactionReceipt(hash)));
      expect(new Set(receipts.map((receipt) => receipt!.blockNumber)).size).to.equal(1);
      const profit = (await money(w)) - before;
      expect(profit <= 0n, dollars(profit)).to.equal(true);
      for (const [id, [one, two]] of lots) {
        const left = await Promise.all([one!, two!].map(async (lot) => (await w.auctions.auctionOf(lot)).remaining));
        expect(left[0]! <= eth(100) && left[1]! <= eth(8), `${id}`).to.equal(true);
      }
    });
    try {
      await fc.assert(property, { numRuns: runs, seed: 0xba11a57 });
    } finally {
      await provider.send("evm_setAutomine", [true]);
    }
  });

  describe("keeps every limit of a purchase", () => {
    const refused = async (
      w: World,
      auctionId: bigint,
      contract: { interface: unknown },
      error: string,
      size = eth(1),
    ) => {
      const before = (await w.auctions.auctionOf(auctionId)).remaining;
      await expect(
        w.auctions.connect(w.dave).fill(auctionId, size, MaxUint256, MaxUint256, w.dave.address),
      ).to.be.revertedWithCustomError(contract as never, error);
      expect((await w.auctions.auctionOf(auctionId)).remaining, "taken off").to.equal(before);
    };

    it("the price's faults", async () => {
      const w = await loadFixture(world);
      const auctionId = await auction(w, { id: seriesId(w.expiry, 3_000, "call") });
      await w.feed.connect(w.stranger).setAnswer(0n);
      await refused(w, auctionId, w.oracle, "PriceNotPositive");
      await w.feed.connect(w.stranger).setAnswer(3_000n * 10n ** 8n);
      await time.increase(HOUR + 400);
      await refused(w, auctionId, w.oracle, "PriceStale");
      expect((await w.auctions.quote(auctionId, eth(1))).price.buying).to.equal(CLOSURE.priceUntrusted);
    });

    it("a mark that is off, a surface that is stale, the delta bounds, the smallest trade", async () => {
      const w = await loadFixture(world);
      const auctionId = await auction(w, { id: seriesId(w.expiry, 3_000, "call") });
      await w.venue.connect(w.stranger).setMark(eth(3_050));
      await refused(w, auctionId, w.pricer, "MarkApart");
      await setPrice(w, 2_100);
      await refused(w, auctionId, w.pricer, "DeltaOutOfBounds");
      await setPrice(w, 3_000);
      await time.increase(4 * HOUR + 1);
      await refreshFeed(w);
      await refused(w, auctionId, w.pricer, "SurfaceClosed");
      await refused(w, auctionId, w.auctions, "FillBelowMinimum", eth("0.01") - 1n);
    });

    it("the delta of one round and the collateral", async () => {
      const w = await loadFixture(world);
      const id = seriesId(w.expiry, 3_000, "call");
      const auctionId = await auction(w, { id, size: eth(1_000_000), first: 0 });
      // 5 % of five million are 83 underlyings.
      await refused(w, auctionId, w.saleLimits, "RoundDeltaSpent", eth(180));
      await fill(w, auctionId, eth(100));
      await refused(w, auctionId, w.saleLimits, "RoundDeltaSpent", eth(80));
      await refreshFeed(w);
      await fill(w, auctionId, eth(80));
    });

    it("the last hour: an auction can end a second before it, and no later", async () => {
      const w = await loadFixture(world);
      const id = seriesId(w.expiry, 3_000, "call");
      const closesAt = Number(w.expiry) - HOUR;
      const schedule = { seriesId: id, size: eth(5), start: closesAt - DAY, firstFactor: eth(1), lastFactor: eth(1) };
      const curator = w.auctions.connect(w.curator);
      await expect(curator.schedule({ ...schedule, end: closesAt }))
        .to.be.revertedWithCustomError(w.auctions, "EndTooLate")
        .withArgs(closesAt, closesAt);
      await curator.schedule({ ...schedule, end: closesAt - 1 });
      await time.increaseTo(closesAt - 60);
      await setPrice(w, 3_000);
      const { surface, curator: poster } = w;
      const flat = { a: (VOLATILITY * VOLATILITY) / 10n ** 27n, b: 0n, rho: 0n, m: 0n, sigma: 10n ** 7n, spread: 150n };
      await surface.connect(poster).post([{ expiry: w.expiry, ...flat }]);
      await time.setNextBlockTimestamp(closesAt - 1);
      await fill(w, 0n, eth(1));
      await time.setNextBlockTimestamp(closesAt);
      await expect(w.auctions.connect(w.dave).fill(0n, eth(1), MaxUint256, MaxUint256, w.dave.address))
        .to.be.revertedWithCustomError(w.auctions, "AuctionOver")
        .withArgs(0n, 3n);
      // The market would say the same.
      await expect(
        w.market.connect(w.dave).buy(id, eth(1), MaxUint256, MaxUint256, w.dave.address),
      ).to.be.revertedWithCustomError(w.pricer, "SaleClosed");
    });

    it("the buyer's own", async () => {
      const w = await loadFixture(world);
      const auctionId = await auction(w, { id: seriesId(w.expiry, 3_000, "call") });
      const { price } = await w.auctions.quote(auctionId, eth(1));
      await expect(
        w.auctions.connect(w.dave).fill(auctionId, eth(1), price.premium / 2n, MaxUint256, w.dave.address),
      ).to.be.revertedWithCustomError(w.market, "PremiumAboveLimit");
    });
  });

  it("a token that calls back in the middle of a fill finds the market locked and what is sold gone", async () => {
    const w = await loadFixture(reentrantWorld);
    const token = at<ReentrantToken>("mocks/ReentrantToken", await w.usdcToken.getAddress());
    const auctionId = await auction(w, { id: seriesId(w.expiry, 3_000, "call"), size: eth(3) });
    const again = (size: bigint) =>
      w.auctions.interface.encodeFunctionData("fill", [auctionId, size, MaxUint256, MaxUint256, w.dave.address]);
    await token.connect(w.dave).arm(w.addresses.auctions, again(eth(2)));
    await fill(w, auctionId, eth(1));
    expect([await token.fired(), await token.succeeded()]).to.deep.equal([true, false]);
    expect(w.vault.interface.parseError(await token.returned())?.name).to.equal("ReentrantCall");
    expect((await w.auctions.auctionOf(auctionId)).remaining).to.equal(eth(2));
    await token.connect(w.dave).arm(w.addresses.auctions, again(eth(2)));
    await fill(w, auctionId, eth(2));
    expect(w.auctions.interface.parseError(await token.returned())?.name).to.equal("AuctionOver");
    expect(await w.market.openInterest(seriesId(w.expiry, 3_000, "call"))).to.equal(eth(3));
  });
});
