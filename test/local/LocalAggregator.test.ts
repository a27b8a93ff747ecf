import { expect } from "chai";
import { ContractFactory } from "ethers";
import { network } from "hardhat";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import type { LocalAggregator } from "../../types/index.ts";

const { ethers, networkHelpers } = await network.create();

const roundId = (phase: bigint, round: bigint) => (phase << 64n) | round;

async function aggregatorFixture() {
  const [owner] = await ethers.getSigners();
  const { abi, bytecode } = ballastArtifact("local/LocalAggregator");
  return (await new ContractFactory(abi, bytecode, owner!).deploy(8, 3_000_00000000n)) as unknown as LocalAggregator;
}
const load = () => networkHelpers.loadFixture(aggregatorFixture);

describe("LocalAggregator", () => {
  it("starts with a complete round 1 of phase 1", async () => {
    const aggregator = await load();
    const now = BigInt(await networkHelpers.time.latest());
    const id = roundId(1n, 1n);
    expect([...(await aggregator.latestRoundData())]).to.deep.equal([id, 3_000_00000000n, now, now, id]);
    expect(await aggregator.decimals()).to.equal(8n);
  });

  it("keeps every round", async () => {
    const aggregator = await load();
    const answers = [3_000_00000000n, 3_001_00000000n, 2_999_00000000n, 2_999_00000000n];
    for (const answer of answers.slice(1)) await aggregator.setAnswer(answer);
    for (const [i, answer] of answers.entries()) {
      const round = await aggregator.getRoundData(roundId(1n, BigInt(i + 1)));
      expect(round.answer).to.equal(answer);
    }
    expect((await aggregator.latestRoundData()).roundId).to.equal(roundId(1n, 4n));
  });

  it("starts a new phase at round 1 and still answers for the old one", async () => {
    const aggregator = await load();
    await aggregator.startPhase();
    expect((await aggregator.latestRoundData()).roundId).to.equal(roundId(1n, 1n));
    await aggregator.setAnswer(1n);
    await aggregator.setAnswer(2n);
    expect(await aggregator.phaseId()).to.equal(2n);
    expect((await aggregator.latestRoundData()).roundId).to.equal(roundId(2n, 2n));
    expect((await aggregator.getRoundData(roundId(2n, 1n))).answer).to.equal(1n);
    expect((await aggregator.getRoundData(roundId(1n, 1n))).answer).to.equal(3_000_00000000n);
  });

  it("reverts for a round that was never posted, or reads zeros when told to", async () => {
    const aggregator = await load();
    for (const id of [0n, roundId(1n, 0n), roundId(1n, 2n), roundId(2n, 1n)]) {
      await aggregator.setUnknownRoundReverts(true);
      await expect(aggregator.getRoundData(id)).to.be.revertedWith("No data present");
      await aggregator.setUnknownRoundReverts(false);
      expect([...(await aggregator.getRoundData(id))]).to.deep.equal([id, 0n, 0n, 0n, 0n]);
    }
  });

  it("takes a round with anything in it", async () => {
    const aggregator = await load();
    await aggregator.pushRound(-5n, 7n, 0n, 99n);
    expect([...(await aggregator.latestRoundData())]).to.deep.equal([roundId(1n, 2n), -5n, 7n, 0n, 99n]);
    await aggregator.pushRound(0n, 0n, 0n, 0n);
    expect([...(await aggregator.latestRoundData())]).to.deep.equal([roundId(1n, 3n), 0n, 0n, 0n, roundId(1n, 3n)]);
  });

  it("keeps a history for each phase, and a new phase brings its own past with it", async () => {
    const aggregator = await load();
    await aggregator.pushHistory([
      { phase: 2, updatedAt: 5n, answer: 7n },
      { phase: 1, updatedAt: 5n, answer: 8n },
      { phase: 2, updatedAt: 6n, answer: 9n },
    ]);
    expect((await aggregator.latestRoundData()).roundId).to.equal(roundId(1n, 2n));
    expect([...(await aggregator.getRoundData(roundId(2n, 1n)))]).to.deep.equal([
      roundId(2n, 1n),
      7n,
      5n,
      5n,
      roundId(2n, 1n),
    ]);
    await aggregator.startPhase();
    expect((await aggregator.latestRoundData()).roundId).to.equal(roundId(2n, 2n));
    await aggregator.pushHistory([{ phase: 1, updatedAt: 6n, answer: 10n }]);
    expect((await aggregator.latestRoundData()).answer).to.equal(9n);
    expect((await aggregator.getRoundData(roundId(1n, 3n))).answer).to.equal(10n);
  });

  it("changes its decimals, and goes offline, when told to", async () => {
    const aggregator = await load();
    await aggregator.setDecimals(18);
    expect(await aggregator.decimals()).to.equal(18n);
    await aggregator.setOffline(true);
    await expect(aggregator.latestRoundData()).to.be.revertedWithCustomError(aggregator, "Offline");
    await expect(aggregator.getRoundData(roundId(1n, 1n))).to.be.revertedWithCustomError(aggregator, "Offline");
    await aggregator.setOffline(false);
    expect((await aggregator.latestRoundData()).answer).to.equal(3_000_00000000n);
  });
});
