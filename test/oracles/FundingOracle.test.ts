import { expect } from "chai";
import { MaxUint256, ZeroAddress, ZeroHash } from "ethers";
import { describe, it } from "mocha";
import type { FundingOracle, FundingOracleMutant, MisbehavingVenue, VenueList } from "../../types/index.ts";
import { deployCurieMarket, deployCurieVenue, toUsdc, toWad } from "../helpers/curie.ts";
import { spotConfig } from "../helpers/feeds.ts";
import { connection, DAY, HOUR } from "../helpers/system.ts";

const { ethers, networkHelpers } = connection;
const MINUTE = 60;
const WEEK = 7 * DAY;
const YEAR = 365 * DAY;
const START = 0.11;
const GUARD = { cumulative: 0, interval: 1, weight: 2, clip: 3, clamp: 4, hedgeWeights: 5, gas: 6 } as const;
const CLAMP = { none: 0n, lower: 1n, upper: 2n } as const;
const FAULT = { none: 0, revert: 1, revertWithoutData: 2, burnAllGas: 3 } as const;
const GAS = { gasLimit: 12_000_000n };

type Oracle = FundingOracle | FundingOracleMutant;
const number = (wad: bigint): number => Number(wad) / 1e18;
const percent = (rate: number): string => `${(100 * rate).toFixed(2)} %`;

/** The rule in float64. */
function average(old: number, rate: number, seconds: number, halfLife: number): number {
  return rate + (old - rate) * 2 ** (-seconds / halfLife);
}
function fastWeight(days: number): number {
  const knots = [
    [7, 0.66],
    [14, 0.55],
    [28, 0.43],
  ] as const;
  if (days <= 7) return 0.66;
  for (const [i, [end, weight]] of knots.entries()) {
    const [start, from] = knots[i - 1] ?? [0, 0.66];
    if (days <= end) return from + ((weight - from) * (days - start)) / (end - start);
  }
  return 0.43;
}

/** A feed that need not speak more than once a day. */
const slowSpotConfig = (push: string) => ({ ...spotConfig(push), heartbeat: DAY });

/** A round of the same price for the oracle that a sample asks. */
async function refreshFeed(oracle: Oracle): Promise<void> {
  const spot = await ethers.getContractAt("SpotOracle", await oracle.spotOracle());
  const feed = await ethers.getContractAt("LocalAggregator", await spot.push());
  await feed.setAnswer(3_000n * 10n ** 8n);
}

/** Two venues that say what they are told, and a feed at 3,000. */
async function toldFixture() {
  const feed = await ethers.deployContract("LocalAggregator", [8, 3_000n * 10n ** 8n]);
  const spot = await ethers.deployContract("SpotOracle", [slowSpotConfig(await feed.getAddress())]);
  const deployVenue = () => ethers.deployContract("MisbehavingVenue", [ZeroAddress, ZeroAddress, ZeroAddress]);
  const venues = (await Promise.all([deployVenue(), deployVenue()])) as unknown as [MisbehavingVenue, MisbehavingVenue];
  const [first, second] = await Promise.all(venues.map((venue) => venue.getAddress()));
  const list = (await ethers.deployContract("VenueList", [[first]])) as unknown as VenueList;
  const spotAddress = await spot.getAddress();
  const deploy = async (missing?: number): Promise<Oracle> => {
    const args = [await list.getAddress(), spotAddress];
    return missing === undefined
      ? ((await ethers.deployContract("FundingOracle", args)) as unknown as FundingOracle)
      : ((await ethers.deployContract("FundingOracleMutant", [...args, missing])) as unknown as FundingOracleMutant);
  };
  return { feed, spot, venues, list, addresses: [first!, second!] as const, deploy };
}
const loadTold = () => networkHelpers.loadFixture(toldFixture);

/** Lets `seconds` pass at a yearly rate and samples at the end. */
async function charge(oracle: Oracle, venue: MisbehavingVenue, { rate, seconds }: { rate: number; seconds: number }) {
  const now = await networkHelpers.time.latest();
  const paid = toWad((3_000 * rate * seconds) / YEAR);
  await venue.setCumulativeFunding((await venue.cumulativeFunding()) + paid);
  if (seconds >= HOUR) {
    await networkHelpers.time.setNextBlockTimestamp(now + seconds - 1);
    await refreshFeed(oracle);
  }
  await networkHelpers.time.setNextBlockTimestamp(now + seconds);
  return oracle.sample(GAS);
}

function expectNear(actual: bigint, expected: number, what: string, tolerance = 1e-9) {
  expect(Math.abs(number(actual) - expected) < tolerance, `${what}: ${number(actual)}, expected ${expected}`).to.equal(
    true,
  );
}

async function setSize(venue: MisbehavingVenue, size: number) {
  const rest = { cash: 0n, entryNotional: 0n, accruedFunding: 0n, fundingRate: 0n, maintenanceMargin: 0n };
  const market = { markPrice: toWad(3_000), indexPrice: toWad(3_000), withdrawable: 0n, tradable: true };
  await venue.setState({ size: toWad(size), ...rest, ...market });
}

describe("FundingOracle", () => {
  describe("the rule", () => {
    it("begins at 11 % for every term", async () => {
      const { deploy } = await loadTold();
      const oracle = await deploy();
      for (const days of [0, 7, 28, 400]) {
        const { b, clamp } = await oracle.carry(days * DAY);
        expectNear(b, START, `carry of ${days} days`);
        expect(clamp).to.equal(CLAMP.none);
      }
      expect((await oracle.averages()).sampledAt).to.equal(0n);
    });

    it("weighs the two averages by term: linear through 7, 14 and 28 days", async () => {
      const { deploy } = await loadTold();
      const oracle = await deploy();
      for (const days of [0, 1, 6.99, 7, 7.01, 10, 13.99, 14, 14.01, 21, 27.9, 28, 28.1, 365]) {
        expectNear(await oracle.fastWeight(Math.round(days * DAY)), fastWeight(days), `${days} days`, 1e-6);
      }
    });

    it("averages samples of both signs as the formula says", async () => {
      const { deploy, venues } = await loadTold();
      const oracle = await deploy();
      await oracle.sample(GAS);
      let [fast, slow] = [START, START];
      for (const [rate, seconds] of [
        [0.3, HOUR],
        [-0.8, 15 * MINUTE],
        [1.99, 2 * HOUR],
        [0, 4 * HOUR],
        [-1.5, 3 * HOUR],
      ] as const) {
        await charge(oracle, venues[0], { rate, seconds });
        fast = average(fast, rate, seconds, DAY);
        slow = average(slow, rate, seconds, 60 * DAY);
        const averages = await oracle.averages();
        expectNear(averages.fast, fast, "fast");
        expectNear(averages.slow, slow, "slow");
        for (const days of [1, 10, 20, 60]) {
          const expected = fastWeight(days) * fast + (1 - fastWeight(days)) * slow;
          expectNear((await oracle.carry(days * DAY)).b, expected, `${days} days`, 1e-6);
        }
      }
    });

    it("does not depend on when the samples were taken, at one rate", async () => {
      const { deploy, venues } = await loadTold();
      const one = await deploy();
      const other = await deploy();
      await one.sample(GAS);
      await other.sample(GAS);
      for (let i = 0; i < 8; i++) await charge(one, venues[0], { rate: 0.4, seconds: 15 * MINUTE });
      await other.sample(GAS);
      expectNear((await one.averages()).fast, number((await other.averages()).fast), "fast", 2e-5);
    });

    it("takes a first reading for a beginning, of no weight", async () => {
      const { deploy, venues } = await loadTold();
      const oracle = await deploy();
      await venues[0].setCumulativeFunding(toWad(1_000));
      await expect(oracle.sample(GAS))
        .to.emit(oracle, "FundingSampled")
        .withArgs(0n, 0n, toWad(START), toWad(START), (await ethers.getSigners())[0]!.address);
    });
  });

  /** Each guard: what holds with it, and the mutant without it on which the same claim fails. */
  async function holdsExceptWithout(guard: keyof typeof GUARD, claim: (oracle: Oracle) => Promise<void>) {
    const { deploy } = await loadTold();
    const snapshot = await networkHelpers.takeSnapshot();
    await claim(await deploy());
    await snapshot.restore();
    let failure: unknown;
    try {
      await claim(await deploy(GUARD[guard]));
    } catch (error) {
      failure = error;
    }
    expect(failure, `the claim holds without ${guard}, too`).to.be.instanceOf(Error);
  }

  describe("guards", () => {
    it("refuses a second sample within 15 minutes", async () => {
      await holdsExceptWithout("interval", async (oracle) => {
        await oracle.sample(GAS);
        const earliest = (await networkHelpers.time.latest()) + 15 * MINUTE;
        await networkHelpers.time.setNextBlockTimestamp(earliest - 1);
        await expect(oracle.sample(GAS))
          .to.be.revertedWithCustomError(oracle, "SampleTooSoon")
          .withArgs(earliest, earliest - 1);
        await oracle.sample(GAS);
      });
    });

    it("weighs a sample by 4 hours at most", async () => {
      const { venues } = await loadTold();
      await holdsExceptWithout("weight", async (oracle) => {
        await oracle.sample(GAS);
        await charge(oracle, venues[0], { rate: 0.5, seconds: 3 * DAY });
        expectNear((await oracle.averages()).fast, average(START, 0.5, 4 * HOUR, DAY), "fast");
      });
    });

    for (const sign of [1, -1]) {
      it(`clips a sample to ${sign * 200} %`, async () => {
        const { venues } = await loadTold();
        await holdsExceptWithout("clip", async (oracle) => {
          await oracle.sample(GAS);
          await charge(oracle, venues[0], { rate: sign * 9, seconds: HOUR });
          expectNear((await oracle.averages()).fast, average(START, sign * 2, HOUR, DAY), "fast");
        });
      });

      it(`says so when b is held at its ${sign > 0 ? "upper" : "lower"} end`, async () => {
        const { venues } = await loadTold();
        await holdsExceptWithout("clamp", async (oracle) => {
          await oracle.sample(GAS);
          for (let i = 0; i < 30; i++) await charge(oracle, venues[0], { rate: sign * 2, seconds: 4 * HOUR });
          const { b, clamp } = await oracle.carry(WEEK);
          expect(b).to.equal(sign > 0 ? toWad(1) : toWad(-0.5));
          expect(clamp).to.equal(sign > 0 ? CLAMP.upper : CLAMP.lower);
        });
      });
    }

    it("weighs venues by their open hedge, of either sign, and equally without any", async () => {
      const { venues, list, addresses } = await loadTold();
      await holdsExceptWithout("hedgeWeights", async (oracle) => {
        await list.set([...addresses]);
        await oracle.sample(GAS);
        await setSize(venues[0], -30);
        await setSize(venues[1], 10);
        const now = await networkHelpers.time.latest();
        await venues[0].setCumulativeFunding(
          (await venues[0].cumulativeFunding()) + toWad((3_000 * 0.4 * HOUR) / YEAR),
        );
        await networkHelpers.time.setNextBlockTimestamp(now + HOUR);
        await oracle.sample(GAS);
        const weighted = average(START, 0.3, HOUR, DAY);
        expectNear((await oracle.averages()).fast, weighted, "three quarters of .4", 1e-5);

        await setSize(venues[0], 0);
        await setSize(venues[1], 0);
        await charge(oracle, venues[1], { rate: 0.4, seconds: HOUR });
        expectNear((await oracle.averages()).fast, average(weighted, 0.2, HOUR, DAY), "half of .4", 1e-5);
      });
    });

    it("does not let a caller with little gas make a venue look broken", async () => {
      const { list, addresses, venues } = await loadTold();
      await holdsExceptWithout("gas", async (oracle) => {
        await list.set([...addresses]);
        await oracle.sample(GAS);
        await charge(oracle, venues[0], { rate: 0.4, seconds: HOUR });
        await networkHelpers.time.increase(HOUR);
        const [owner] = await ethers.getSigners();
        const { data } = await oracle.sample.populateTransaction();
        const call = owner!.sendTransaction({ to: await oracle.getAddress(), data, gasLimit: 400_000n });
        await expect(call).to.be.revertedWithCustomError(oracle, "GasTooLow");
      });
    });
  });

  describe("faults", () => {
    for (const fault of ["revert", "revertWithoutData", "burnAllGas"] as const) {
      it(`leaves out a venue that cannot be read (${fault}), and catches up with it later`, async () => {
        const { deploy, venues, list, addresses } = await loadTold();
        const oracle = await deploy();
        await list.set([...addresses]);
        await oracle.sample(GAS);
        await venues[1].setFault(FAULT[fault]);
        await expect(charge(oracle, venues[0], { rate: 0.4, seconds: HOUR }))
          .to.emit(oracle, "VenueSkipped")
          .withArgs(addresses[1]);
        const fast = average(START, 0.4, HOUR, DAY);
        expectNear((await oracle.averages()).fast, fast, "the first alone", 1e-5);

        await venues[1].setFault(FAULT.none);
        await setSize(venues[1], 5);
        const paid = toWad((3_000 * 0.2 * 2 * HOUR) / YEAR);
        await venues[1].setCumulativeFunding(paid);
        const last = (await oracle.averages()).sampledAt;
        await networkHelpers.time.setNextBlockTimestamp(Number(last) + HOUR);
        await oracle.sample(GAS);
        expectNear((await oracle.averages()).fast, average(fast, 0.2, HOUR, DAY), "both hours of the second", 1e-5);
      });
    }

    it("reverts when no venue can be read, and when there are too many", async () => {
      const { deploy, venues, list, addresses } = await loadTold();
      const oracle = await deploy();
      await venues[0].setFault(FAULT.revert);
      await expect(oracle.sample(GAS)).to.be.revertedWithCustomError(oracle, "NoVenueReadable");
      await venues[0].setFault(FAULT.none);
      await venues[0].setCumulativeFunding(2n ** 127n);
      await expect(oracle.sample(GAS)).to.be.revertedWithCustomError(oracle, "NoVenueReadable");
      await list.set(Array.from({ length: 9 }, () => addresses[1]));
      await expect(oracle.sample(GAS)).to.be.revertedWithCustomError(oracle, "TooManyVenues").withArgs(9n, 8n);
    });

    it("reverts when spot is not to be trusted", async () => {
      const { deploy, feed, spot } = await loadTold();
      const oracle = await deploy();
      await networkHelpers.time.increase(40 * DAY);
      await expect(oracle.sample(GAS)).to.be.revertedWithCustomError(spot, "PriceStale");
      await (feed as unknown as { setAnswer(answer: bigint): Promise<unknown> }).setAnswer(3_000n * 10n ** 8n);
      await oracle.sample(GAS);
    });
  });

  describe("on the real Curie", () => {
    async function curieFixture() {
      const [owner, controller, vault, attacker] = await ethers.getSigners();
      const { curie, market } = await deployCurieMarket(owner!);
      const venue = await deployCurieVenue({
        curie,
        signer: controller!,
        controller: controller!.address,
        vault: vault!.address,
      });
      const address = await venue.getAddress();
      await curie.usdc.mint(address, toUsdc(200_000));
      await venue.depositMargin(toUsdc(200_000));
      const spot = await ethers.deployContract("SpotOracle", [slowSpotConfig(curie.addresses.aggregator)]);
      const list = await ethers.deployContract("VenueList", [[address]]);
      const args = [await list.getAddress(), await spot.getAddress()];
      const oracle = (await ethers.deployContract("FundingOracle", args)) as unknown as FundingOracle;
      const mutant = (await ethers.deployContract("FundingOracleMutant", [
        ...args,
        GUARD.cumulative,
      ])) as unknown as FundingOracleMutant;

      await curie.usdc.mint(attacker!.address, toUsdc(5_000_000));
      await curie.usdc.connect(attacker!).approve(curie.addresses.vault, MaxUint256);
      const { vault: curieVault } = curie;
      await (curieVault.connect(attacker!) as unknown as { deposit(t: string, a: bigint): Promise<unknown> }).deposit(
        curie.addresses.usdc,
        toUsdc(5_000_000),
      );
      await venue.submit(toWad(-10), 0n);
      await market.step({ priceWad: toWad(3_000), seconds: HOUR });
      return { curie, market, venue, address, oracle, mutant, attacker: attacker!, owner: owner! };
    }
    type Fixture = Awaited<ReturnType<typeof curieFixture>>;
    const load = () => networkHelpers.loadFixture(curieFixture);

    for (const premium of [0.002, -0.002]) {
      it(`measures a premium of ${premium} a day as ${percent(premium * 365)} a year, settled by nobody else`, async () => {
        const { market, oracle } = await load();
        // The mark takes its averages' half hour to follow.
        await market.step({ priceWad: toWad(3_000), seconds: HOUR, premiumWad: toWad(premium) });
        await market.wait(HOUR);
        await oracle.sample(GAS);
        await market.wait(2 * HOUR);
        const { rate, weightSeconds } = await oracle.sample.staticCall(GAS);
        await oracle.sample(GAS);
        expect(weightSeconds).to.be.within(2n * BigInt(HOUR), 2n * BigInt(HOUR) + 4n);
        expect(Math.abs(number(rate) - premium * 365) < 0.05, `${number(rate)}`).to.equal(true);
        expectNear((await oracle.averages()).fast, average(START, number(rate), 2 * HOUR, DAY), "fast", 1e-4);
      });
    }

    it("reads the same growth from our account, from any other, and from what a unit really paid", async () => {
      const { curie, market, venue, owner, attacker } = await load();
      await market.step({ priceWad: toWad(3_000), seconds: HOUR, premiumWad: toWad(0.003) });
      await tradeAs(curie, attacker, 20);
      const twin = await deployCurieVenue({ curie, signer: owner, controller: owner.address, vault: owner.address });
      await expect(twin.cumulativeFunding()).to.be.revertedWithCustomError(twin, "CumulativeFundingUnknown");
      await twin.nameFundingReference(attacker.address);
      const before = await venue.cumulativeFunding();
      const { cash } = await venue.state();
      await market.wait(6 * HOUR);
      // Neither has been settled since.
      const [ours, theirs] = [await venue.cumulativeFunding(), await twin.cumulativeFunding()];
      expect(ours - theirs).to.be.within(-1_000_000n, 1_000_000n);
      // A short of 10 receives ten times what a unit paid.
      expect((await venue.state()).cash - cash).to.be.closeTo(10n * (ours - before), 1_000_000n);
      expect(ours > before, "longs paid shorts").to.equal(true);

      // Settling changes nothing but the seconds that it takes.
      await venue.settleFunding();
      const perSecond = (ours - before) / BigInt(6 * HOUR);
      expect((await venue.cumulativeFunding()) - ours).to.be.closeTo(perSecond, perSecond / 1_000n);
      expect((await venue.state()).accruedFunding).to.equal(0n);
      await twin.settleFunding();
      expect((await twin.cumulativeFunding()) - (await venue.cumulativeFunding())).to.be.within(
        -(10n ** 14n),
        10n ** 14n,
      );
    });

    it("names a reference that serves, and another only when it serves no more", async () => {
      const { curie, owner, attacker, market } = await load();
      const [, , , , stranger] = await ethers.getSigners();
      const flat = await deployCurieVenue({ curie, signer: owner, controller: owner.address, vault: owner.address });
      const refuse = (account: string) =>
        expect(flat.nameFundingReference(account))
          .to.be.revertedWithCustomError(flat, "NotAFundingReference")
          .withArgs(account);
      await refuse(stranger!.address); // no position
      await refuse(owner.address); // the maker: orders
      await tradeAs(curie, attacker, 5);
      await expect(flat.connect(stranger!).nameFundingReference(attacker.address))
        .to.emit(flat, "FundingReferenceNamed")
        .withArgs(attacker.address);
      const mover = await market.mover.getAddress();
      await expect(flat.nameFundingReference(mover))
        .to.be.revertedWithCustomError(flat, "FundingReferenceServes")
        .withArgs(attacker.address);
      await tradeAs(curie, attacker, -5);
      await expect(flat.cumulativeFunding()).to.be.revertedWithCustomError(flat, "CumulativeFundingUnknown");
      await flat.nameFundingReference(mover);
      expect(await flat.fundingReference()).to.equal(mover);
    });

    it("does not count an index round that Curie would extrapolate", async () => {
      const { curie, market, venue, owner, attacker } = await load();
      await tradeAs(curie, attacker, 1);
      const flat = await deployCurieVenue({ curie, signer: owner, controller: owner.address, vault: owner.address });
      await flat.nameFundingReference(attacker.address);
      await curie.aggregator.setAnswer(303_000_000_000n);
      await market.wait(HOUR);
      // 3,120 for an index of 3,030: four times the premium there is.
      const [extrapolated, settledByUs] = [await flat.cumulativeFunding(), await venue.settleFunding.staticCall()];
      expect(extrapolated < settledByUs - toWad(1), "the view alone is misled").to.equal(true);
      expect((await flat.settleFunding.staticCall()) - settledByUs).to.be.within(-(10n ** 12n), 10n ** 12n);
    });

    it("F1: a 15-minute push and one poke", async () => {
      const { curie, oracle, mutant, market, attacker } = await load();
      /** b of a week after `silence` seconds without a sample, the last 15 minutes of them with or without a push. */
      async function carries(silence: number, push: boolean) {
        const snapshot = await networkHelpers.takeSnapshot();
        await oracle.sample(GAS);
        await mutant.sample(GAS);
        await market.wait(silence - 15 * MINUTE + 1);
        if (push) await tradeAs(curie, attacker, 2_000);
        const { sqrtPriceX96 } = await curie.pool.slot0();
        await market.wait(15 * MINUTE);
        await oracle.sample(GAS);
        await mutant.sample(GAS);
        const result = {
          pushed: number((sqrtPriceX96 ** 2n * 10n ** 18n) >> 192n) / 3_000 - 1,
          sound: number((await oracle.carry(WEEK)).b),
          mutant: number((await mutant.carry(WEEK)).b),
        };
        await snapshot.restore();
        return result;
      }
      async function attack(what: string, silence: number) {
        const [calm, pushed] = [await carries(silence, false), await carries(silence, true)];
        const moved = { sound: pushed.sound - calm.sound, mutant: pushed.mutant - calm.mutant };
        console.log(
          `      ${what}: a push of ${percent(pushed.pushed)} moved b(7 days) by ${percent(moved.sound)} a year, that of a rate-sampling oracle by ${percent(moved.mutant)}`,
        );
        expect(pushed.pushed > 0.05, `a real push: ${pushed.pushed}`).to.equal(true);
        return moved;
      }
      const onTime = await attack("sampled 15 minutes before", 15 * MINUTE);
      const silent = await attack("nobody sampled for 4 hours", 4 * HOUR);
      expect(onTime.sound < 0.012, `${onTime.sound}`).to.equal(true);
      expect(silent.mutant > 0.1, `${silent.mutant}`).to.equal(true);
      // What was charged in those minutes was charged: it counts, but as the share of the 4 hours that it was.
      expect(silent.sound < 0.75 * silent.mutant, `${silent.sound}`).to.equal(true);
    });

    it("costs what it costs", async () => {
      const { oracle, market } = await load();
      const gas: bigint[] = [];
      for (let i = 0; i < 3; i++) {
        const receipt = await (await oracle.sample(GAS)).wait();
        gas.push(receipt!.gasUsed);
        await market.wait(HOUR);
      }
      console.log(
        `      sample on Curie: ${gas.join(", ")} gas; carry: ${await oracle.carry.estimateGas(WEEK)} with the call`,
      );
      expect(gas[2]! < 600_000n).to.equal(true);
    });

    function tradeAs(curie: Fixture["curie"], signer: Fixture["attacker"], size: number) {
      return curie.clearingHouse.connect(signer).openPosition(
        {
          baseToken: curie.addresses.baseToken,
          isBaseToQuote: size < 0,
          isExactInput: size < 0,
          amount: toWad(Math.abs(size)),
          oppositeAmountBound: size < 0 ? 1n : 2n ** 128n,
          deadline: MaxUint256,
          sqrtPriceLimitX96: 0n,
          referralCode: ZeroHash,
        },
        GAS,
      );
    }
  });
});
