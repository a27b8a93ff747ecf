import { expect } from "chai";
import { Interface, ZeroAddress } from "ethers";
import { revertDataOf } from "../../keeper/explain.ts";
import {
  type BallastParameters,
  checkDeployment,
  DeploymentCheckError,
  deployBallast,
  PRODUCTION,
  RESTRICTED,
  ROLES,
} from "../../scripts/deploy/deployBallast.ts";
import { FeedTooYoungError, firstHourOf } from "../../scripts/deploy/firstHour.ts";
import { ARTIFACTS, PARTS } from "../../scripts/deploy/parts.ts";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import { fiveStrikes, nextFridayExpiry } from "../../scripts/local-chain/board.ts";
import { seedHistory } from "../../scripts/local-chain/history.ts";
import type { LocalAggregator } from "../../types/index.ts";
import {
  at,
  DAY,
  eth,
  ethers,
  HOUR,
  networkHelpers,
  type System,
  systemOnMisbehavingVenue,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;

async function deployed() {
  return systemOnMisbehavingVenue();
}

function parametersOf(system: System): BallastParameters {
  return {
    deployer: system.deployer,
    ...system.parts,
    governor: system.governor.address,
    curator: system.curator.address,
    keeper: system.keeper.address,
  };
}

/** What the check says, or nothing. */
async function complaint(system: System, changes: Partial<BallastParameters> = {}): Promise<string> {
  try {
    await checkDeployment({ parameters: { ...parametersOf(system), ...changes }, addresses: system.addresses });
    return "";
  } catch (error) {
    expect(error).to.be.instanceOf(DeploymentCheckError);
    return (error as Error).message;
  }
}

/** Every contract with roles, and the functions of it that need one. */
const restricted = Object.entries(RESTRICTED) as [keyof typeof RESTRICTED, Readonly<Record<string, bigint>>][];
const transactionsOf = (path: string) =>
  Interface.from(ballastArtifact(path).abi).fragments.filter(
    (fragment) => fragment.type === "function" && !("constant" in fragment && fragment.constant),
  );

describe("deployment", () => {
  it("leaves the deployer without any role", async () => {
    const { manager, deployer, governor } = await loadFixture(deployed);
    for (const role of Object.values(ROLES)) {
      expect((await manager.hasRole(role, deployer.address)).isMember).to.equal(false);
    }
    expect((await manager.hasRole(ROLES.admin, governor.address)).isMember).to.equal(true);
  });

  it("gives each restricted function its one role, and nobody else may call it", async () => {
    const system = await loadFixture(deployed);
    const { manager, addresses, deployer, governor, curator, keeper, stranger } = system;
    const everybody = [deployer, governor, curator, keeper, stranger].map(({ address }) => address);
    const allowed = new Map<bigint, string[]>([
      [ROLES.curator, [curator.address]],
      [ROLES.keeper, [keeper.address]],
      [ROLES.lister, [curator.address, addresses.autoLister]],
    ]);
    for (const [part, functions] of restricted) {
      for (const [name, role] of Object.entries(functions)) {
        const { selector } = Interface.from(ballastArtifact(ARTIFACTS[part]).abi).getFunction(name)!;
        expect(await manager.getTargetFunctionRole(addresses[part], selector)).to.equal(role);
        for (const who of [...everybody, addresses.autoLister, addresses.router]) {
          const may = allowed.get(role)!.includes(who);
          expect((await manager.canCall(who, addresses[part], selector)).immediate, `${part}.${name}`).to.equal(may);
        }
      }
    }
  });

  it("restricts what the table names and not one user function: by calling every function of every contract", async () => {
    const system = await loadFixture(deployed);
    const { stranger } = system;
    const unauthorised = Interface.from(["error AccessManagedUnauthorized(address)"]).getError(
      "AccessManagedUnauthorized",
    )!.selector;
    for (const part of PARTS) {
      if (part === "venue" || part === "accessManager") continue;
      const functions: Readonly<Record<string, bigint>> =
        part in RESTRICTED ? RESTRICTED[part as keyof typeof RESTRICTED] : {};
      for (const fragment of transactionsOf(ARTIFACTS[part])) {
        const { name, inputs, selector } = fragment as unknown as {
          name: string;
          inputs: readonly { format(): string }[];
          selector: string;
        };
        // Zeros for every argument: three words each are enough for what is decoded before the role is asked for.
        const data = selector + "00".repeat(32 * 3 * Math.max(inputs.length, 1) * 3);
        if (name === "setAuthority") continue; // AccessManaged's own: the AccessManager's alone
        const answer = await ethers.provider
          .call({ to: system.addresses[part], from: stranger.address, data })
          .then(() => "0x")
          .catch((error: unknown) => revertDataOf(error) ?? "0x");
        const isRestricted = answer.startsWith(unauthorised);
        expect(isRestricted, `${part}.${name}`).to.equal(name in functions);
      }
    }
  });

  it("checks its own wiring and roles", async () => {
    expect(await complaint(await loadFixture(deployed))).to.equal("");
  });

  it("asks every contract for every address that it names", async () => {
    const system = await loadFixture(deployed);
    const { alice } = system;
    const wrong: readonly [Partial<BallastParameters>, readonly string[]][] = [
      [{ quoteToken: alice.address }, ["vault.asset", "market.quoteToken", "router.quoteToken", "venue.quoteToken"]],
      [{ feed: alice.address }, ["oracle.push", "expiryPriceOracle.push", "realisedVolatility.feed"]],
      [{ pull: undefined }, ["oracle.pull", "oracle.pullId", "expiryPriceOracle.pull", "router.pyth"]],
      [{ sequencer: alice.address }, ["oracle.sequencer"]],
      [{ quoteFeed: alice.address }, ["oracle.quoteFeed"]],
      [{ settings: { surfaceHeartbeatSeconds: HOUR } }, ["surface.heartbeat"]],
    ];
    for (const [changes, names] of wrong) {
      const said = await complaint(system, changes);
      for (const name of names) expect(said).to.contain(`${name} is `);
    }
  });

  it("finds every contract that was put in another one's place", async () => {
    const system = await loadFixture(deployed);
    for (const part of PARTS) {
      const addresses = { ...system.addresses, [part]: system.usdcToken.target as string };
      await checkDeployment({ parameters: parametersOf(system), addresses }).then(
        () => expect.fail(`${part} may be anything`),
        (error) => expect(error, part).to.be.instanceOf(DeploymentCheckError),
      );
      const nobody = { ...system.addresses, [part]: system.alice.address };
      await checkDeployment({ parameters: parametersOf(system), addresses: nobody }).then(
        () => expect.fail(`${part} may be nothing`),
        (error: Error) => expect(error.message).to.contain(`there is no contract at ${system.alice.address}`),
      );
    }
  });

  it("finds whoever holds a role and should not, and whoever should and does not", async () => {
    const system = await loadFixture(deployed);
    const { manager, governor, deployer, stranger, keeper, curator } = system;
    const m = manager.connect(governor);
    await m.grantRole(ROLES.admin, deployer.address, 0n);
    await m.grantRole(ROLES.lister, stranger.address, 0n);
    await m.grantRole(77n, stranger.address, 0n);
    await m.revokeRole(ROLES.keeper, keeper.address);
    await m.grantRole(ROLES.curator, curator.address, DAY);
    const said = await complaint(system);
    expect(said).to.contain(`${deployer.address} is ADMIN is true, expected false`);
    expect(said).to.contain(`${stranger.address} is LISTER is true, expected false`);
    expect(said).to.contain(`${stranger.address} is role 77 is true, expected false`);
    expect(said).to.contain(`${keeper.address} is KEEPER is false, expected true`);
    expect(said).to.contain(`the delay of ${curator.address} as CURATOR is ${DAY}, expected 0`);
  });

  it("finds a function with another role, and a contract that was closed", async () => {
    const system = await loadFixture(deployed);
    const { manager, governor, addresses, market } = system;
    const { selector } = market.interface.getFunction("settle");
    await manager.connect(governor).setTargetFunctionRole(addresses.market, [selector], ROLES.keeper);
    await manager.connect(governor).setTargetClosed(addresses.controller, true);
    const said = await complaint(system);
    expect(said).to.contain("the role of market.settle is 2, expected 0");
    expect(said).to.contain("controller is closed is true, expected false");
  });

  it("fails when another transaction of the deployer comes between", async () => {
    const system = await loadFixture(deployed);
    const { deployer } = system;
    // A signer whose third transaction is somebody else's.
    let sent = 0;
    const disturbed = Object.create(deployer) as typeof deployer;
    disturbed.sendTransaction = async (transaction) => {
      if (++sent === 3) await deployer.sendTransaction({ to: deployer.address, nonce: transaction.nonce });
      return deployer.sendTransaction(transaction);
    };
    await deployBallast({ ...parametersOf(system), deployer: disturbed }).then(
      () => expect.fail("the deployment went through"),
      (error: Error) => expect(error.message).to.match(/nonce|came between/i),
    );
  });

  it("believes prices between a tenth and ten times of that at deployment, and deploys PRODUCTION unless told", async () => {
    const { oracle, gasPriceOracle, surface, expiryPrices } = await loadFixture(deployed);
    expect([await oracle.minPrice(), await oracle.maxPrice()]).to.deep.equal([eth(300), eth(30_000)]);
    expect([await oracle.maxAge(), await oracle.deviation(), await oracle.maxApart()]).to.deep.equal([
      3_960n,
      PRODUCTION.deviation,
      PRODUCTION.maxApart,
    ]);
    expect([await gasPriceOracle.minGasPrice(), await gasPriceOracle.maxGasPrice()]).to.deep.equal([
      PRODUCTION.minGasPrice,
      PRODUCTION.maxGasPrice,
    ]);
    expect(await surface.heartbeat()).to.equal(4n * 3_600n);
    expect([await oracle.sequencer(), await oracle.quoteFeed()]).to.deep.equal([ZeroAddress, ZeroAddress]);
    expect(await expiryPrices.pullId()).to.equal(await oracle.pullId());
  });

  it("keeps every contract of the product under the size limit of a chain", () => {
    for (const part of PARTS) {
      if (part === "accessManager") continue;
      const path = part === "venue" ? "venues/CurieVenue" : ARTIFACTS[part];
      const { deployedBytecode } = ballastArtifact(path) as unknown as { deployedBytecode?: string };
      const code = deployedBytecode ?? ballastArtifact(path).bytecode;
      expect((code.length - 2) / 2, path).to.be.within(1, 24_575);
    }
  });
});

describe("the first hour of a new realised volatility", () => {
  async function feedWithHistory() {
    const [signer] = await ethers.getSigners();
    const { abi, bytecode } = ballastArtifact("local/LocalAggregator");
    const aggregator = await new ethers.ContractFactory(abi as never, bytecode, signer).deploy(
      8,
      eth(3_000) / 10n ** 10n,
    );
    const address = await aggregator.getAddress();
    await seedHistory({ signer: signer!, aggregator: address, priceWad: eth(3_000), hours: 48 });
    return at<LocalAggregator>("local/LocalAggregator", address);
  }

  const firstHour = async (feed: LocalAggregator, historyHours: number) =>
    firstHourOf({ feed: feed as never, timestamp: BigInt(await time.latest()), historyHours });

  it("is the hour asked for, with the last round at or before it", async () => {
    const feed = await loadFixture(feedWithHistory);
    const { hour, roundId } = await firstHour(feed, 24);
    const newest = (BigInt(await time.latest()) - 1n) / 3_600n;
    expect(hour).to.equal((newest - 24n) * 3_600n);
    expect((await feed.getRoundData(roundId)).updatedAt).to.be.lessThanOrEqual(hour);
    expect((await feed.getRoundData(roundId + 1n)).updatedAt).to.be.greaterThan(hour);
  });

  it("is the first one that the feed's phase knows, when more was asked for", async () => {
    const feed = await loadFixture(feedWithHistory);
    const { hour, roundId } = await firstHour(feed, 30 * 24);
    expect(roundId).to.equal((2n << 64n) + 1n);
    const { updatedAt } = await feed.getRoundData(roundId);
    expect(hour - updatedAt).to.be.within(0n, 3_599n);
  });

  it("steps over rounds without an answer", async () => {
    const feed = await loadFixture(feedWithHistory);
    const [signer] = await ethers.getSigners();
    const { roundId } = await firstHour(feed, 24);
    await feed.connect(signer!).setMissing(roundId, true);
    expect((await firstHour(feed, 24)).roundId).to.equal(roundId - 1n);
  });

  it("waits for a feed that has no past", async () => {
    const [signer] = await ethers.getSigners();
    const { abi, bytecode } = ballastArtifact("local/LocalAggregator");
    const young = await new ethers.ContractFactory(abi as never, bytecode, signer).deploy(8, 1n);
    const feed = at<LocalAggregator>("local/LocalAggregator", await young.getAddress());
    await firstHour(feed, 24).then(
      () => expect.fail("a feed without a past has no first hour"),
      (error) => expect(error).to.be.instanceOf(FeedTooYoungError),
    );
  });
});

describe("the first board", () => {
  it("expires on a Friday at 08:00 UTC, at least three days ahead", () => {
    for (let hour = 0; hour < 24 * 14; hour++) {
      const now = Date.UTC(2026, 0, 1, hour) / 1000;
      const expiry = nextFridayExpiry(now);
      const date = new Date(expiry * 1000);
      expect([date.getUTCDay(), date.getUTCHours(), date.getUTCMinutes()]).to.deep.equal([5, 8, 0]);
      expect(expiry - now).to.be.within(3 * 86_400, 10 * 86_400);
    }
  });

  it("has five strikes around spot in whole tens", () => {
    expect(fiveStrikes(eth(3_000))).to.deep.equal([2_700, 2_850, 3_000, 3_150, 3_300].map(eth));
    expect(fiveStrikes(eth(3_333))).to.deep.equal([2_990, 3_160, 3_330, 3_490, 3_660].map(eth));
  });
});
