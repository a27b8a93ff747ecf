import { expect } from "chai";
import { network } from "hardhat";
import { connectCurie, deployCurie } from "../../scripts/local-chain/curie.ts";
import {
  connectMarket,
  createMarket,
  PriceOutsideLiquidityError,
  StepTooShortError,
} from "../../scripts/local-chain/market.ts";
import { WAD } from "../../scripts/local-chain/prices.ts";
import { deployCurieMarket, toWad } from "../helpers/curie.ts";
import { rejection } from "../helpers/rejection.ts";

const { ethers, networkHelpers } = await network.create();

async function marketFixture() {
  const [owner] = await ethers.getSigners();
  return deployCurieMarket(owner!);
}

/** |mark ÷ index − 1|, WAD. */
async function markGapWad({ curie }: Awaited<ReturnType<typeof marketFixture>>): Promise<bigint> {
  const mark = await curie.accountBalance.getMarkPrice(curie.addresses.baseToken);
  const index = await curie.baseToken.getIndexPrice(0);
  const gap = ((mark - index) * WAD) / index;
  return gap < 0n ? -gap : gap;
}

describe("Local Curie market", () => {
  it("deploys Curie with every part wired to every other", async () => {
    const [owner] = await ethers.getSigners();
    const { addresses, clearingHouse, vault, baseToken } = await deployCurie({
      signer: owner!,
      priceWad: toWad(1_800),
    });

    expect(await clearingHouse.getVault()).to.equal(addresses.vault);
    expect(await clearingHouse.getExchange()).to.equal(addresses.exchange);
    expect(await clearingHouse.getAccountBalance()).to.equal(addresses.accountBalance);
    expect(await clearingHouse.getClearingHouseConfig()).to.equal(addresses.clearingHouseConfig);
    expect(await vault.getSettlementToken()).to.equal(addresses.usdc);
    expect(BigInt(addresses.baseToken) < BigInt(addresses.quoteToken)).to.equal(true);
    expect(await baseToken.getIndexPrice(0)).to.equal(toWad(1_800));
  });

  it("sorts the base token below the quote token whatever the deployer's nonce", async () => {
    const [owner] = await ethers.getSigners();
    for (let i = 0; i < 6; i++) {
      const { addresses } = await deployCurie({ signer: owner! });
      expect(BigInt(addresses.baseToken) < BigInt(addresses.quoteToken), `deployment ${i}`).to.equal(true);
    }
  });

  it("keeps the mark within .15 % of the index through jumps of 15 %", async () => {
    const fixture = await networkHelpers.loadFixture(marketFixture);
    const moves = [0.01, -0.02, 0.15, -0.15, 0.05, -0.05, -0.15, 0.15, 0, 0.03, -0.15, -0.01, 0.15, 0.15, -0.15];
    let price = 3_000;
    for (const move of moves) {
      price *= 1 + move;
      await fixture.market.step({ priceWad: toWad(price), seconds: 3_600 });
      expect(await markGapWad(fixture), `after a move of ${move} to ${price}`).to.be.lessThan(toWad(0.0015));
    }
  });

  it("advances the clock by exactly the seconds asked for", async () => {
    const { market } = await networkHelpers.loadFixture(marketFixture);
    const before = await networkHelpers.time.latest();
    const near = await market.step({ priceWad: toWad(3_010), seconds: 3_600 });
    const far = await market.step({ priceWad: toWad(3_450), seconds: 60 });
    expect(near).to.deep.equal({ timestamp: before + 3_600, trades: 1 });
    expect(far).to.deep.equal({ timestamp: before + 3_660, trades: 2 });
    expect(await networkHelpers.time.latest()).to.equal(before + 3_660);
    expect(await market.wait(10)).to.equal(before + 3_670);
    expect(await networkHelpers.time.latest()).to.equal(before + 3_670);
  });

  it("holds the premium that is asked for, above and below the index", async () => {
    const { curie, market } = await networkHelpers.loadFixture(marketFixture);
    for (const premium of [0.002, -0.002]) {
      for (let hour = 0; hour < 2; hour++) {
        await market.step({ priceWad: toWad(3_000), seconds: 3_600, premiumWad: toWad(premium) });
      }
      const mark = await curie.accountBalance.getMarkPrice(curie.addresses.baseToken);
      expect(mark).to.be.closeTo(toWad(3_000 * (1 + premium)), toWad(0.4));
    }
  });

  it("refuses a step too short for its move, and a price where there is no liquidity, and leaves the chain alone", async () => {
    const { market } = await networkHelpers.loadFixture(marketFixture);
    const block = await ethers.provider.getBlockNumber();
    expect(await rejection(market.step({ priceWad: toWad(3_000), seconds: 31 }))).to.be.instanceOf(StepTooShortError);
    expect(await rejection(market.step({ priceWad: toWad(3_400), seconds: 47 }))).to.be.instanceOf(StepTooShortError);
    expect(await rejection(market.step({ priceWad: toWad(5_600), seconds: 3_600 }))).to.be.instanceOf(
      PriceOutsideLiquidityError,
    );
    expect(await rejection(market.step({ priceWad: toWad(1_600), seconds: 3_600 }))).to.be.instanceOf(
      PriceOutsideLiquidityError,
    );
    expect(await ethers.provider.getBlockNumber()).to.equal(block);
  });

  it("can be picked up again from its addresses", async () => {
    const { curie, market } = await networkHelpers.loadFixture(marketFixture);
    const [owner, other] = await ethers.getSigners();
    const addresses = JSON.parse(JSON.stringify(curie.addresses)) as typeof curie.addresses;
    const again = connectCurie({ addresses, signer: other! });
    const marketMover = await market.mover.getAddress();
    const connected = await connectMarket({ curie: again, signer: other!, marketMover });
    await connected.step({ priceWad: toWad(3_030), seconds: 3_600 });
    expect(await curie.baseToken.getIndexPrice(0)).to.equal(toWad(3_030));
    expect(owner!.address).to.not.equal(other!.address);
  });

  it("works with a quote token of 18 decimals", async () => {
    const [owner] = await ethers.getSigners();
    const curie = await deployCurie({ signer: owner!, usdcDecimals: 18 });
    const market = await createMarket({ curie, signer: owner! });
    await market.step({ priceWad: toWad(3_100), seconds: 3_600 });
    expect(await markGapWad({ curie, market })).to.be.lessThan(toWad(0.0015));
  });
});
