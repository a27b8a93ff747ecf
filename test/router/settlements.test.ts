import { expect } from "chai";
import { encodePullUpdate } from "../../scripts/local-chain/pyth.ts";
import type { BallastRouter } from "../../types/index.ts";
import { answer, pullUpdate } from "../helpers/feeds.ts";
import { proxyId as id, PATIENCE, RULE, WINDOW } from "../helpers/settlement.ts";
import { DAY, eth, ethers, networkHelpers, usdc } from "../helpers/system.ts";
import {
  type Before,
  FOREVER,
  ID,
  NOTHING,
  PREMIUM,
  type RouterWorld,
  routerWorld,
  type Settlement,
  settlement,
  withoutPullFeed,
} from "./world.ts";

const { loadFixture, time } = networkHelpers;
const { provider } = ethers;
const NO_RULE = 0n;

type World = RouterWorld & { expiry: bigint; other: bigint };

/** Two expiries a day apart on a feed whose first round was written before both. */
async function listed(make: () => Promise<RouterWorld> = routerWorld): Promise<World> {
  const world = await make();
  const { market, quoteToken, alice, router } = world;
  const expiry = BigInt(await time.latest()) + BigInt(10 * DAY);
  const other = expiry + BigInt(DAY);
  await market.list(expiry);
  await market.list(other);
  await quoteToken.connect(alice).approve(router.address, usdc(1_000_000));
  return { ...world, expiry, other };
}

const round = ({ feed }: World, phase: number, updatedAt: bigint, price: number) =>
  feed.pushHistory([{ phase, answer: answer(price), updatedAt }]);

/** Round 2 before the first expiry, 3 the first after it, 4 a later one; a minute has gone by. */
async function expired(): Promise<World> {
  const world = await listed();
  const { expiry } = world;
  await round(world, 1, expiry - 100n, 3_100);
  await round(world, 1, expiry + 50n, 3_200);
  await round(world, 1, expiry + 55n, 3_300);
  await time.setNextBlockTimestamp(expiry + 60n);
  await networkHelpers.mine();
  return world;
}

/** No round in the window of either expiry; both windows are over. */
async function silent(make: () => Promise<RouterWorld> = routerWorld): Promise<World> {
  const world = await listed(make);
  await round(world, 1, world.expiry - 100n, 3_100);
  await time.setNextBlockTimestamp(world.other + WINDOW + 1n);
  await networkHelpers.mine();
  return world;
}
const silentFixture = () => silent();

/** The pull feed's first update after an expiry. */
async function firstUpdate(expiry: bigint, price = 3_250): Promise<string> {
  return encodePullUpdate(await pullUpdate(price, { publishTime: expiry + 1n, prevPublishTime: expiry - 1n }));
}
const byFirstRound = ({ expiry }: World) => settlement(expiry, RULE.firstRound, id(1, 3));
const byPull = async (expiry: bigint, price?: number) =>
  settlement(expiry, RULE.pullUpdate, 0n, [id(1, 2)], [await firstUpdate(expiry, price)]);
const byLastRound = (expiry: bigint) => settlement(expiry, RULE.lastRound, id(1, 2), [id(1, 2)]);

const bringing = (...settlements: Settlement[]): Before => ({ ...NOTHING, settlements });
const buy = ({ router, alice }: World, first: Before, value = 0n, by: BallastRouter = router) =>
  by.connect(alice).buy(first, ID, eth(1), PREMIUM, FOREVER, alice.address, { value });

async function expectSettled({ market, token, alice }: World, expiry: bigint, price: number): Promise<void> {
  const { settled, settlementPrice } = await market.expiryOf(expiry);
  expect(settled).to.equal(true);
  expect(settlementPrice).to.equal(eth(price));
  expect(await token.balanceOf(alice.address, ID)).to.equal(eth(1));
}

describe("BallastRouter settles what is due, then acts", () => {
  describe("by each rule", () => {
    it("the first round", async () => {
      const w = await loadFixture(expired);
      await buy(w, bringing(byFirstRound(w)));
      await expectSettled(w, w.expiry, 3_200);
    });

    it("the first round of two phases", async () => {
      const w = await loadFixture(expired);
      await round(w, 2, w.expiry + 20n, 3_150);
      await w.feed.startPhase();
      await buy(w, bringing(settlement(w.expiry, RULE.firstRound, id(2, 1), [id(1, 2)])));
      await expectSettled(w, w.expiry, 3_150);
    });

    it("no round, then the pull feed's first update, and the rest of the value returns", async () => {
      const w = await loadFixture(silentFixture);
      const call = buy(w, bringing(await byPull(w.expiry)), 5n);
      await expect(call).to.changeEtherBalances(ethers, [w.alice, w.pyth, w.router], [-1n, 1n, 0n]);
      await expectSettled(w, w.expiry, 3_250);
      expect((await w.expiryPrices.recordOf(w.expiry)).rule).to.equal(RULE.pullUpdate);
    });

    it("no round, then the last one before expiry", async () => {
      const w = await loadFixture(silentFixture);
      await time.setNextBlockTimestamp(w.expiry + PATIENCE + 1n);
      await buy(w, bringing(byLastRound(w.expiry)));
      await expectSettled(w, w.expiry, 3_100);
    });

    it("the last round of two phases, in either: one list of boundaries proves both that there is none and which", async () => {
      for (const [offset, roundId, price] of [
        [-50n, id(2, 1), 3_400],
        [-150n, id(1, 2), 3_100],
      ] as const) {
        const w = await loadFixture(silentFixture);
        await round(w, 2, w.expiry + offset, 3_400);
        await w.feed.startPhase();
        await time.setNextBlockTimestamp(w.expiry + PATIENCE + 1n);
        const both = [id(1, 2), id(2, 1)];
        const wrong = roundId === both[0] ? both[1]! : both[0]!;
        await expect(buy(w, bringing(settlement(w.expiry, RULE.lastRound, wrong, both)))).to.be.revertedWithCustomError(
          w.expiryPrices,
          "LaterRoundInOtherPhase",
        );
        await buy(w, bringing(settlement(w.expiry, RULE.lastRound, roundId, both)));
        await expectSettled(w, w.expiry, price);
      }
    });

    it("none: the price is proved, the market does not know it yet", async () => {
      const w = await loadFixture(expired);
      await expect(buy(w, bringing(settlement(w.expiry, NO_RULE))))
        .to.be.revertedWithCustomError(w.expiryPrices, "NotProved")
        .withArgs(w.expiry);
      await w.expiryPrices.connect(w.bob).proveFirstRound(w.expiry, id(1, 3), []);
      await buy(w, bringing(settlement(w.expiry, NO_RULE)));
      await expectSettled(w, w.expiry, 3_200);
    });

    it("several expiries at once, by different rules, and `prepare` alone does it too", async () => {
      const w = await loadFixture(silentFixture);
      await time.setNextBlockTimestamp(w.expiry + PATIENCE + 60n);
      const both = bringing(byLastRound(w.expiry), await byPull(w.other));
      await expect(w.router.connect(w.bob).prepare(both, { value: 2n })).to.changeEtherBalance(ethers, w.bob, -1n);
      expect((await w.market.expiryOf(w.expiry)).settlementPrice).to.equal(eth(3_100));
      expect((await w.market.expiryOf(w.other)).settlementPrice).to.equal(eth(3_250));
    });
  });

  describe("where others come first", () => {
    it("passes over an expiry that somebody settled meanwhile, and pays no fee for it", async () => {
      const w = await loadFixture(silentFixture);
      const mine = bringing(await byPull(w.expiry));
      await w.router.connect(w.bob).prepare(mine, { value: 1n });
      await expect(buy(w, mine, 1n)).to.changeEtherBalance(ethers, w.alice, 0n);
      await expectSettled(w, w.expiry, 3_250);
    });

    it("without the rule, whoever settles first stops the action", async () => {
      const w = await loadFixture(expired);
      const mutant = await w.without("Settled");
      await w.quoteToken.connect(w.alice).approve(mutant.address, PREMIUM);
      await w.router.connect(w.bob).prepare(bringing(byFirstRound(w)));
      await expect(buy(w, bringing(byFirstRound(w)), 0n, mutant))
        .to.be.revertedWithCustomError(w.market, "ExpiryAlreadySettled")
        .withArgs(w.expiry);
      await buy(w, bringing(byFirstRound(w)));
    });

    it("passes over a price that somebody proved without settling, and pays no fee for it", async () => {
      const w = await loadFixture(silentFixture);
      await w.expiryPrices.proveNoRound(w.expiry, [id(1, 2)]);
      await w.expiryPrices.connect(w.bob).provePullUpdate(w.expiry, [await firstUpdate(w.expiry)], { value: 1n });
      // Without the rule the oracle sends the fee back to a router that takes no ether.
      const mutant = await w.without("Proved");
      await w.quoteToken.connect(w.alice).approve(mutant.address, PREMIUM);
      const mine = bringing(await byPull(w.expiry));
      await expect(buy(w, mine, 1n, mutant)).to.be.revertedWithCustomError(
        new ethers.Contract(mutant.address, ["error FailedCall()"]),
        "FailedCall",
      );
      await expect(buy(w, mine, 1n)).to.changeEtherBalance(ethers, w.alice, 0n);
      await expectSettled(w, w.expiry, 3_250);
    });

    it("goes on when somebody has proved that there is no round", async () => {
      const w = await loadFixture(silentFixture);
      for (const expiry of [w.expiry, w.other]) {
        await w.expiryPrices.connect(w.bob).proveNoRound(expiry, [id(1, 2)]);
      }
      await time.setNextBlockTimestamp(w.expiry + PATIENCE + 60n);
      await buy(w, bringing(byLastRound(w.expiry), await byPull(w.other)), 1n);
      await expectSettled(w, w.expiry, 3_100);
      await expectSettled(w, w.other, 3_250);
    });

    it("takes an expiry that it is given twice once", async () => {
      const w = await loadFixture(silentFixture);
      const twice = await byPull(w.expiry);
      await expect(buy(w, bringing(twice, twice), 2n)).to.changeEtherBalance(ethers, w.alice, -1n);
      await expectSettled(w, w.expiry, 3_250);
    });
  });

  describe("refuses", () => {
    it("one payment for several updates (Opyn 2020)", async () => {
      const w = await loadFixture(silentFixture);
      const all: Before = {
        ...bringing(await byPull(w.expiry), await byPull(w.other)),
        priceUpdate: [await encodePullUpdate(await pullUpdate(3_000))],
      };
      await networkHelpers.setBalance(w.router.address, 100n);
      await expect(buy(w, all, 2n))
        .to.be.revertedWithCustomError(w.router, "FeeTooLow")
        .withArgs(0n, 1n);
      await expect(buy(w, all, 1n))
        .to.be.revertedWithCustomError(w.router, "FeeTooLow")
        .withArgs(0n, 1n);
      await expect(buy(w, all, 3n)).to.changeEtherBalances(ethers, [w.alice, w.pyth], [-3n, 3n]);
      expect(await provider.getBalance(w.router.address)).to.equal(100n);
    });

    it("an expiry that was never listed", async () => {
      const w = await loadFixture(expired);
      await expect(buy(w, bringing(settlement(w.expiry + 1n, RULE.firstRound, id(1, 3)))))
        .to.be.revertedWithCustomError(w.expiryPrices, "NotListed")
        .withArgs(w.expiry + 1n);
      await expect(buy(w, bringing(settlement(w.expiry + 1n, NO_RULE))))
        .to.be.revertedWithCustomError(w.market, "ExpiryNotListed")
        .withArgs(w.expiry + 1n);
    });

    it("an expiry that is ahead", async () => {
      const w = await loadFixture(expired);
      await expect(buy(w, bringing(settlement(w.other, RULE.firstRound, id(1, 3))))).to.be.revertedWithCustomError(
        w.expiryPrices,
        "NotExpired",
      );
    });

    it("a later round, another rule and foreign boundaries, each with the oracle's error", async () => {
      const w = await loadFixture(expired);
      const fails = (s: Settlement, error: string, value = 0n) =>
        expect(buy(w, bringing(s), value)).to.be.revertedWithCustomError(w.expiryPrices, error);
      await fails(settlement(w.expiry, RULE.firstRound, id(1, 4)), "NotTheFirstRound");
      await fails(settlement(w.expiry, RULE.firstRound, id(1, 2)), "RoundBeforeExpiry");
      await fails(settlement(w.expiry, RULE.firstRound, id(1, 3), [id(1, 2)]), "WrongNumberOfPhases");
      await fails(await byPull(w.expiry), "WindowOpen", 1n);
      await fails(byLastRound(w.expiry), "WindowOpen");
      await time.setNextBlockTimestamp(w.expiry + PATIENCE + 60n);
      await networkHelpers.mine();
      await fails(byLastRound(w.expiry), "FirstRoundExists");
    });

    it("a last round that is not among the boundaries, with or without somebody's proof that there is none", async () => {
      const w = await loadFixture(silentFixture);
      await time.setNextBlockTimestamp(w.expiry + PATIENCE + 1n);
      await networkHelpers.mine();
      const fails = (roundId: bigint, boundaries: bigint[], error: string) =>
        expect(
          buy(w, bringing(settlement(w.expiry, RULE.lastRound, roundId, boundaries))),
        ).to.be.revertedWithCustomError(w.expiryPrices, error);
      await fails(id(1, 1), [id(1, 2)], "NotTheLastRound");
      await fails(id(1, 2), [], "WrongNumberOfPhases");
      await w.expiryPrices.proveNoRound(w.expiry, [id(1, 2)]);
      await fails(id(1, 1), [id(1, 2)], "NotTheLastRound");
      await fails(id(2, 1), [id(1, 2)], "WrongPhase");
      await fails(id(1, 2), [id(1, 2), id(2, 0)], "WrongNumberOfPhases");
      // The proof is there, nothing but the round is needed.
      await buy(w, bringing(settlement(w.expiry, RULE.lastRound, id(1, 2))));
      await expectSettled(w, w.expiry, 3_100);
    });

    it("another update than the first", async () => {
      const w = await loadFixture(silentFixture);
      const late = await encodePullUpdate(
        await pullUpdate(3_900, { publishTime: w.expiry + 60n, prevPublishTime: w.expiry }),
      );
      await expect(
        buy(w, bringing(settlement(w.expiry, RULE.pullUpdate, 0n, [id(1, 2)], [late])), 1n),
      ).to.be.revertedWithCustomError(w.pyth, "PriceFeedNotFoundWithinRange");
    });

    it("a pull update where there is no pull feed", async () => {
      const w = await silent(withoutPullFeed);
      await expect(buy(w, bringing(await byPull(w.expiry)), 1n)).to.be.revertedWithCustomError(w.router, "NoPullFeed");
    });
  });

  it("hands what the market pays for settling to the caller, and nothing that lay there before", async () => {
    const w = await loadFixture(silentFixture);
    await w.market.tell(PREMIUM, 0n, 0n, usdc(3));
    await w.quoteToken.mint(w.router.address, 7n);
    const both = bringing(await byPull(w.expiry), await byPull(w.other));
    await expect(w.router.connect(w.bob).prepare(both, { value: 2n })).to.changeTokenBalances(
      ethers,
      w.quoteToken,
      [w.bob, w.router, w.market],
      [usdc(6), 0n, -usdc(6)],
    );
  });
});
