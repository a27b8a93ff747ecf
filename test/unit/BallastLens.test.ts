import { expect } from "chai";
import {
  buy,
  CLOSURE,
  deposit,
  eth,
  listBoard,
  networkHelpers,
  rebalance,
  seriesId,
  setFeed,
  systemOnCurie,
  usdc,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;

async function hedged() {
  const system = await systemOnCurie();
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  await buy(system, system.dave, seriesId(expiry, 3_000, "call"), eth(26));
  await rebalance(system);
  return { ...system, expiry };
}

describe("BallastLens", () => {
  it("tells in one call what the contracts tell one by one", async () => {
    const system = await loadFixture(hedged);
    const { lens, vault, riskEngine, saleLimits, controller, oracle, surface, funding, realised, market } = system;
    const s = await lens.snapshot();
    const spot = await oracle.spot(await surface.sigma());
    expect(s.blockNumber).to.equal(BigInt(await time.latestBlock()));
    expect(s.timestamp).to.equal(BigInt(await time.latest()));
    expect([s.spotUpdatedAt, s.spotFault, s.spotSource]).to.deep.equal([spot.updatedAt, 0n, spot.source]);
    expect([s.surfaceClosure, s.fundingAverages]).to.deep.equal([0n, await funding.averages()]);
    expect([s.realisedVolatility, s.realisedAsOf]).to.deep.equal([...(await realised.realisedVolatility())]);
    expect(s.checkpointTime).to.equal((await saleLimits.checkpoint()).time);
    expect(s.valuation).to.deep.equal(await riskEngine.valuation());
    expect(s.book).to.deep.equal(await riskEngine.book(spot.price));
    expect(s.hedge).to.deep.equal(await controller.hedgeState());
    expect([s.idle, s.owed, s.totalSupply]).to.deep.equal([
      await vault.idle(),
      await vault.owed(),
      await vault.totalSupply(),
    ]);
    expect(s.pricePerShareWad).to.equal((await vault.convertToAssets(10n ** 12n)) * 10n ** 12n);
    expect(s.liveExpiries).to.deep.equal(await market.liveExpiries());
    expect([s.liveExpiries, s.unsettled]).to.deep.equal([[system.expiry], []]);
  });

  it("names the expiries that wait for settlement", async () => {
    const system = await loadFixture(hedged);
    const later = await listBoard(system, { strikes: [3_000], week: 2 });
    await time.increaseTo(system.expiry);
    await setFeed(system, 3_000);
    const s = await system.lens.snapshot();
    expect([s.liveExpiries, s.unsettled]).to.deep.equal([[system.expiry, later], [system.expiry]]);
    expect(s.valuation.closure).to.equal(CLOSURE.expiryUnsettled);
  });

  it("answers without any price, and then claims none", async () => {
    const { lens, feed, stranger, vault } = await loadFixture(hedged);
    await feed.connect(stranger).setOffline(true);
    const s = await lens.snapshot();
    expect([s.spotFault, s.valuation.mid, s.book.calls]).to.deep.equal([1n, 0n, 0n]);
    expect(s.valuation.closure).to.equal(CLOSURE.priceUntrusted);
    expect(s.pricePerShareWad).to.equal((await vault.convertToAssets(10n ** 12n)) * 10n ** 12n);
  });
});
