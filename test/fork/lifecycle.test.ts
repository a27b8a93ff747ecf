/**
 * The whole life of a sale inside a fork of the chain that carries the real Perp v2: deposit, sell, hedge, funding,
 * settle, withdraw. Without FORK_URL the test starts that chain itself and forks it over RPC. With FORK_URL it forks
 * whatever is there, and skips what such a chain does not offer; FORK_DEPLOYMENT names the deployment file of a chain
 * that `npm run chain` serves.
 */
import { expect } from "chai";
import { Contract, JsonRpcProvider, MaxUint256, parseEther, Wallet } from "ethers";
import { network } from "hardhat";
import { connectContracts } from "../../keeper/contracts.ts";
import { type Deployment, readDeployment } from "../../keeper/deployment.ts";
import { readSettlementProof, settlementCalls } from "../../keeper/settle.ts";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import { fiveStrikes, nextFridayExpiry } from "../../scripts/local-chain/board.ts";
import { connectCurie } from "../../scripts/local-chain/curie.ts";
import { connectMarket, type Market } from "../../scripts/local-chain/market.ts";
import { type SpawnedChain, spawnLocalChain } from "../../scripts/local-chain/spawn.ts";
import { createSteward, type Steward } from "../../scripts/local-chain/steward.ts";
import type { CurieVenue, HedgeController, LocalUsdc, OptionMarket, OptionVault } from "../../types/index.ts";

const { FORK_URL, FORK_DEPLOYMENT } = process.env;
const HOUR = 3_600;
const GAS = { gasLimit: 12_000_000n };
const eth = (amount: string | number) => parseEther(String(amount));
const usdc = (whole: number) => BigInt(whole) * 10n ** 6n;

async function fork(url: string) {
  const upstream = new JsonRpcProvider(url);
  const [blockNumber, { chainId }] = await Promise.all([upstream.getBlockNumber(), upstream.getNetwork()]);
  upstream.destroy();
  const connection = await network.create({
    network: "fork",
    override: { chainId: Number(chainId), forking: { url, blockNumber } },
  });
  // The first block of our own gives the fork a clock and a hardfork of its own.
  await connection.provider.request({ method: "evm_mine", params: [] });
  return { connection, blockNumber, chainId };
}

describe(`a fork of ${FORK_URL === undefined ? "the local chain with the real venue" : "FORK_URL"}`, () => {
  let chain: SpawnedChain | undefined;
  let deployment: Deployment | undefined;
  let forked: Awaited<ReturnType<typeof fork>>;

  before(async () => {
    chain = FORK_URL === undefined ? await spawnLocalChain(["--no-board"]) : undefined;
    deployment = chain?.deployment ?? (FORK_DEPLOYMENT === undefined ? undefined : readDeployment(FORK_DEPLOYMENT));
    forked = await fork(FORK_URL ?? chain!.deployment.rpcUrl);
  });

  after(async () => {
    await forked?.connection.close();
    await chain?.stop();
  });

  it("continues where its upstream stands", async () => {
    const { connection, blockNumber } = forked;
    expect(await connection.ethers.provider.getBlockNumber()).to.equal(blockNumber + 1);
  });

  describe("deposit, sell, hedge, funding, settle, withdraw", () => {
    let local: NonNullable<Deployment["local"]>;
    let contracts: Deployment["contracts"];
    let world: Market;
    let steward: Steward;
    let vault: OptionVault;
    let market: OptionMarket;
    let controller: HedgeController;
    let venue: CurieVenue;
    let token: LocalUsdc;
    let expiry: bigint;
    const signer = (actor: string) => new Wallet(local.accounts[actor]!.privateKey, forked.connection.ethers.provider);

    before(async function skipWithoutLocalActors() {
      if (deployment?.local === undefined) {
        console.log(
          "      skipped: without FORK_DEPLOYMENT nothing is known of our contracts and actors at FORK_URL, so nothing can be traded there",
        );
        this.skip();
      }
      ({ local, contracts } = { local: deployment.local, contracts: deployment.contracts });
      const { provider } = forked.connection.ethers;
      const at = <T>(path: string, address: string) =>
        new Contract(address, ballastArtifact(path).abi, provider) as unknown as T;
      vault = at("OptionVault", contracts.vault);
      market = at("OptionMarket", contracts.market);
      controller = at("HedgeController", contracts.controller);
      venue = at("venues/CurieVenue", contracts.venue);
      token = at("local/LocalUsdc", contracts.quoteToken);
      const curie = connectCurie({ addresses: local.curie, signer: signer("arbitrageur") });
      world = await connectMarket({ curie, signer: signer("arbitrageur"), marketMover: local.marketMover });
      steward = createSteward({ deployment, provider });
    });

    async function trade() {
      const state = await controller.hedgeState();
      const limit = state.trade > 0n ? (state.spot * 101n) / 100n : (state.spot * 99n + 99n) / 100n;
      await controller.connect(signer("keeper")).rebalance(state.trade, limit, MaxUint256, GAS);
    }

    it("takes a deposit", async () => {
      const alice = signer("alice");
      await token.connect(alice).mint(alice.address, usdc(500_000));
      await token.connect(alice).approve(contracts.vault, MaxUint256);
      const before = await vault.totalAssets();
      await vault.connect(alice).deposit(usdc(500_000), alice.address);
      expect((await vault.totalAssets()) - before).to.equal(usdc(500_000));
    });

    it("lists and sells", async () => {
      const now = (await forked.connection.ethers.provider.getBlock("latest"))!.timestamp;
      expiry = BigInt(nextFridayExpiry(now));
      await market.connect(signer("curator")).listExpiry(expiry);
      await market.connect(signer("curator")).listStrikes(expiry, fiveStrikes(eth(3_000)));
      // The curator posts the surface and V_cap, somebody brings hours and funding.
      const done = (await steward.tend()).map(({ method }) => method);
      expect(done).to.include.members(["bring", "sample", "post", "setVegaCapacity"]);
      const dave = signer("dave");
      await token.connect(dave).mint(dave.address, usdc(100_000));
      await token.connect(dave).approve(contracts.market, MaxUint256);
      const id = (expiry << 65n) | (1n << 64n) | (eth(3_000) / 10n ** 9n);
      // A round of the feed sells a twentieth of NAV in delta: two of them for forty calls.
      for (let round = 0; round < 2; round++) {
        await market.connect(dave).buy(id, eth(20), MaxUint256, MaxUint256, dave.address);
        await world.step({ priceWad: eth(3_000), seconds: 60 });
      }
      expect(await market.openInterest(id)).to.equal(eth(40));
    });

    it("hedges on the real venue", async () => {
      await trade();
      const state = await controller.hedgeState();
      expect(state.hedgeSize).to.be.closeTo(eth("21.2"), eth("0.4"));
      expect(state.netDelta < 0n ? -state.netDelta : state.netDelta).to.be.lessThanOrEqual(state.band);
    });

    it("accrues funding that the long pays while the mark stands above the index, and NAV counts it", async () => {
      // The arbitrageur holds the mark .3 % above the index: longs pay .3 % a day.
      const mid = await vault.totalAssets();
      for (let hour = 0; hour < 12; hour++)
        await world.step({ priceWad: eth(3_000), seconds: HOUR, premiumWad: eth("0.003") });
      const { accruedFunding, fundingRate, size } = await venue.state();
      const expected = (size * eth(3_000) * 3n) / 1_000n / 2n / eth(1);
      expect(fundingRate).to.be.closeTo(eth("0.003") * 365n, eth("0.06"));
      expect(accruedFunding).to.be.closeTo(-expected, expected / 10n);
      const state = await venue.state();
      const { cash } = await controller.position();
      expect(cash).to.equal(state.cash - state.entryNotional);
      // Half a day of time value was earned, funding was paid: without funding NAV would be higher by just that.
      expect(await vault.totalAssets()).to.be.greaterThan(mid);
    });

    it("settles, redeems, unwinds and lets everybody leave", async () => {
      const now = BigInt((await forked.connection.ethers.provider.getBlock("latest"))!.timestamp);
      for (let left = Number(expiry - now) - 60; left > 0; left -= 2 * HOUR) {
        await world.step({ priceWad: eth(3_120), seconds: Math.max(60, Math.min(left, 2 * HOUR)) });
      }
      await world.step({ priceWad: eth(3_120), seconds: HOUR });
      const id = (expiry << 65n) | (1n << 64n) | (eth(3_000) / 10n ** 9n);
      const { provider } = forked.connection.ethers;
      const ours = connectContracts(deployment!, provider);
      const block = (await provider.getBlock("latest"))!;
      const proof = await readSettlementProof(ours, expiry, {
        block: { blockNumber: block.number, timestamp: BigInt(block.timestamp) },
      });
      expect(proof.rule).to.equal("first");
      if (proof.rule === "wait") return;
      for (const call of await settlementCalls(ours, { expiry, proof })) {
        await (await signer("erin").sendTransaction({ ...call, ...GAS })).wait();
      }
      expect(await vault.owed()).to.equal(usdc(40 * 120));

      const dave = signer("dave");
      const before = await token.balanceOf(dave.address);
      await market.connect(dave).redeem(id, eth(40), dave.address);
      expect((await token.balanceOf(dave.address)) - before).to.equal(usdc(40 * 120));

      await trade();
      expect((await venue.state()).size).to.equal(0n);
      const alice = signer("alice");
      const shares = await vault.maxRedeem(alice.address);
      expect(shares).to.equal(await vault.balanceOf(alice.address));
      await vault.connect(alice).redeem(shares, alice.address, alice.address);
      expect(await token.balanceOf(contracts.vault)).to.equal(await vault.idle());
      expect(await vault.owed()).to.equal(0n);
    });
  });
});
