import { expect } from "chai";
import type { GasPriceOracle } from "../../types/index.ts";
import { deployContract } from "../helpers/feeds.ts";
import { ethers, networkHelpers } from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const GWEI = 10n ** 9n;
const HOUR = 3_600;
const LOWEST = 10n ** 6n;
const HIGHEST = 1_000n * GWEI;
const [MIN, MAX] = [GWEI / 100n, 200n * GWEI];

/** In the order of GasPriceOracleMutant.Guard. */
const GUARDS = ["PastSample", "Weight", "Bounds"] as const;

const setBaseFee = (wei: bigint) => networkHelpers.setNextBlockBaseFeePerGas(wei);
const fund = async () => {
  const [signer] = await ethers.getSigners();
  await networkHelpers.setBalance(signer!.address, 10n ** 24n);
};

/** Calls `update` in a block of the given base fee, `seconds` after the last one. */
async function updateAt(oracle: GasPriceOracle, baseFee: bigint, seconds: number): Promise<void> {
  await time.setNextBlockTimestamp((await time.latest()) + seconds);
  await setBaseFee(baseFee);
  await oracle.update({ maxFeePerGas: 3_000n * GWEI, maxPriorityFeePerGas: 0n, gasLimit: 200_000n });
}

async function atTenGwei() {
  await fund();
  await setBaseFee(10n * GWEI);
  return { oracle: await deployContract<GasPriceOracle>("oracles/GasPriceOracle", [MIN, MAX]) };
}

async function mutantAtTenGwei(guard: (typeof GUARDS)[number]): Promise<GasPriceOracle> {
  await fund();
  await setBaseFee(10n * GWEI);
  return deployContract<GasPriceOracle>("mocks/mutants/GasPriceOracleMutant", [MIN, MAX, GUARDS.indexOf(guard)]);
}

/** The rule written out, in floating point: the base fee of each update counts until the next one, at most an hour. */
function reference(start: number, steps: readonly { fee: number; seconds: number }[]): number {
  let [average, sample] = [start, start];
  for (const { fee, seconds } of steps) {
    average += (1 - 2 ** -(Math.min(seconds, HOUR) / HOUR)) * (sample - average);
    sample = fee;
  }
  return average;
}

describe("GasPriceOracle", () => {
  it("starts at the base fee of its deployment", async () => {
    const { oracle } = await loadFixture(atTenGwei);
    expect(await oracle.gasPrice()).to.equal(10n * GWEI);
  });

  it("comes half the way in an hour, in one step or in many", async () => {
    for (const steps of [1, 4, 60, 300]) {
      const { oracle } = await loadFixture(atTenGwei);
      await updateAt(oracle, 30n * GWEI, 1);
      for (let step = 0; step < steps; step++) await updateAt(oracle, 30n * GWEI, HOUR / steps);
      expect(await oracle.gasPrice(), `${steps} steps`).to.be.closeTo(20n * GWEI, 10n ** 4n);
    }
  });

  it("weighs each base fee by the time for which it was the last", async () => {
    const { oracle } = await loadFixture(atTenGwei);
    const steps = [];
    let random = 12345;
    for (let step = 0; step < 40; step++) {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      const [fee, seconds] = [1 + (random % 150), 1 + (random % 5_000)];
      steps.push({ fee, seconds });
      await updateAt(oracle, BigInt(fee) * GWEI, seconds);
      const expected = BigInt(Math.round(reference(10, steps) * 1e9));
      expect(await oracle.gasPrice()).to.be.closeTo(expected, 1_000n);
    }
  });

  it("P4: a view agrees with the transaction whatever the block's base fee is; without the rule it does not", async () => {
    /** What an eth_call of the next block says, where the base fee reads 0, and what the block then stores. */
    const both = async (oracle: GasPriceOracle, baseFee: bigint) => {
      const next = (await time.latest()) + 600;
      await time.setNextBlockTimestamp(next);
      await setBaseFee(baseFee);
      const simulated = await oracle.update.staticCall({ blockTag: "pending" });
      await time.setNextBlockTimestamp(next);
      await setBaseFee(baseFee);
      await oracle.update({ maxFeePerGas: 3_000n * GWEI, maxPriorityFeePerGas: 0n });
      expect(await time.latest()).to.equal(next);
      return [simulated, await oracle.gasPrice()] as const;
    };
    const { oracle } = await loadFixture(atTenGwei);
    await updateAt(oracle, 30n * GWEI, 1);
    for (const baseFee of [LOWEST, 150n * GWEI]) {
      const [simulated, stored] = await both(oracle, baseFee);
      expect(stored).to.equal(simulated);
    }
    const mutant = await mutantAtTenGwei("PastSample");
    const [simulated, stored] = await both(mutant, 150n * GWEI);
    expect(simulated).to.be.lessThan(10n * GWEI);
    expect(stored).to.be.greaterThan(20n * GWEI);
  });

  it("P4: whoever calls in a block of his choice changes nothing in that block; without the rule he sets the price", async () => {
    const { oracle } = await loadFixture(atTenGwei);
    await time.increase(HOUR);
    const before = await oracle.gasPrice();
    await updateAt(oracle, 190n * GWEI, 1);
    expect(await oracle.gasPrice()).to.equal(before);

    const mutant = await mutantAtTenGwei("PastSample");
    await time.increase(HOUR);
    await updateAt(mutant, 190n * GWEI, 1);
    const moved = await mutant.gasPrice();
    // What it earns: a bounty of 500,000 gas, paid at 1.1 times the stored price and burnt at the real one.
    const stolen = Number(500_000n * (moved - 10n * GWEI)) / 1e18;
    console.log(
      `      one block at 190 gwei moves the mutant to ${moved / GWEI} gwei: ${stolen.toFixed(3)} ETH a bounty`,
    );
    expect(moved).to.be.greaterThan(90n * GWEI);
  });

  it("P4: after a silence of a day one base fee weighs half; without the rule it is the whole average", async () => {
    const { oracle } = await loadFixture(atTenGwei);
    await updateAt(oracle, 190n * GWEI, 1);
    await updateAt(oracle, 10n * GWEI, 86_400);
    expect(await oracle.gasPrice()).to.be.closeTo(100n * GWEI, 10n ** 4n);

    const mutant = await mutantAtTenGwei("Weight");
    await updateAt(mutant, 190n * GWEI, 1);
    await updateAt(mutant, 10n * GWEI, 86_400);
    expect(await mutant.gasPrice()).to.be.greaterThan(189n * GWEI);
  });

  it("P4: clips what it sees to its bounds; without them the average follows anything", async () => {
    const { oracle } = await loadFixture(atTenGwei);
    const mutant = await mutantAtTenGwei("Bounds");
    for (const each of [oracle, mutant]) {
      for (let step = 0; step < 40; step++) await updateAt(each, 2_000n * GWEI, HOUR);
    }
    expect(await oracle.gasPrice()).to.be.closeTo(MAX, 10n);
    expect(await mutant.gasPrice()).to.be.greaterThan(1_900n * GWEI);
    for (const each of [oracle, mutant]) {
      for (let step = 0; step < 60; step++) await updateAt(each, 1_000n, HOUR);
    }
    expect(await oracle.gasPrice()).to.be.closeTo(MIN, 10n);
    expect(await mutant.gasPrice()).to.be.lessThan(2_000n);
  });

  it("counts once a block: a second call changes nothing", async () => {
    const { oracle } = await loadFixture(atTenGwei);
    const [signer] = await ethers.getSigners();
    const next = (await time.latest()) + HOUR;
    const overrides = { maxFeePerGas: 300n * GWEI, maxPriorityFeePerGas: 0n, gasLimit: 200_000n };
    const nonce = await signer!.getNonce();
    await ethers.provider.send("evm_setAutomine", [false]);
    try {
      const sent = [
        await oracle.update({ ...overrides, nonce }),
        await oracle.update({ ...overrides, nonce: nonce + 1 }),
      ];
      await time.setNextBlockTimestamp(next);
      await setBaseFee(30n * GWEI);
      await networkHelpers.mine();
      const [first, second] = await Promise.all(sent.map((each) => each.wait()));
      expect(first!.blockNumber).to.equal(second!.blockNumber);
      expect(second!.gasUsed).to.be.lessThan(first!.gasUsed);
      console.log(`      gas of an update: ${first!.gasUsed}, of a second one in a block: ${second!.gasUsed}`);
    } finally {
      await ethers.provider.send("evm_setAutomine", [true]);
    }
    expect(await oracle.gasPrice()).to.equal(10n * GWEI);
    await updateAt(oracle, 30n * GWEI, HOUR);
    expect(await oracle.gasPrice()).to.be.closeTo(20n * GWEI, 10n ** 4n);
  });

  it("refuses bounds outside the hard ones, or out of order", async () => {
    const { oracle } = await loadFixture(atTenGwei);
    const build = (min: bigint, max: bigint) => deployContract("oracles/GasPriceOracle", [min, max]);
    for (const [min, max] of [
      [LOWEST - 1n, MAX],
      [MIN, HIGHEST + 1n],
      [MAX, MAX],
      [MAX, MIN],
    ] as const) {
      await expect(build(min, max)).to.be.revertedWithCustomError(oracle, "BoundsOutOfOrder").withArgs(min, max);
    }
    await build(LOWEST, HIGHEST);
  });
});
