import { expect } from "chai";
import { Interface } from "ethers";
import { checkDeployment, DeploymentCheckError, RESTRICTED, ROLES } from "../../scripts/deploy/deployBallast.ts";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import { fiveStrikes, nextFridayExpiry } from "../../scripts/local-chain/board.ts";
import { FEED_HEARTBEAT_SECONDS } from "../../scripts/local-chain/world.ts";
import { eth, networkHelpers, systemOnMisbehavingVenue } from "../helpers/system.ts";

const { loadFixture } = networkHelpers;

async function deployed() {
  return systemOnMisbehavingVenue();
}

function parametersOf(system: Awaited<ReturnType<typeof deployed>>, quoteToken: string) {
  return {
    deployer: system.deployer,
    quoteToken,
    feed: "",
    heartbeatSeconds: FEED_HEARTBEAT_SECONDS,
    venue: { artifact: ballastArtifact("mocks/MisbehavingVenue"), constructorArguments: () => [] },
    governor: system.governor.address,
    curator: system.curator.address,
    keeper: system.keeper.address,
    addresses: system.addresses,
  };
}

describe("deployment", () => {
  it("leaves the deployer without any role", async () => {
    const { manager, deployer, governor } = await loadFixture(deployed);
    for (const role of [0n, ROLES.curator, ROLES.keeper])
      expect((await manager.hasRole(role, deployer.address)).isMember).to.equal(false);
    expect((await manager.hasRole(0n, governor.address)).isMember).to.equal(true);
  });

  it("gives each restricted function its one role, and no other function any", async () => {
    const { manager, addresses, deployer, governor, curator, keeper, stranger } = await loadFixture(deployed);
    for (const [name, target, artifact] of [
      ["market", addresses.market, "OptionMarket"],
      ["controller", addresses.controller, "HedgeController"],
    ] as const) {
      const { role, functions } = RESTRICTED[name];
      const restricted = new Set(
        functions.map((signature) => new Interface([`function ${signature}`]).fragments[0]!.format()),
      );
      for (const fragment of Interface.from(ballastArtifact(artifact).abi).fragments) {
        if (fragment.type !== "function" || !restricted.has(fragment.format())) continue;
        restricted.delete(fragment.format());
        const selector = Interface.from([fragment]).getFunction(fragment.format())!.selector;
        expect(await manager.getTargetFunctionRole(target, selector)).to.equal(role);
        for (const who of [deployer, governor, curator, keeper, stranger]) {
          const may = role === ROLES.curator ? who === curator : who === keeper;
          expect((await manager.canCall(who.address, target, selector)).immediate).to.equal(may);
        }
      }
      // Each signature that the deployment names exists in the contract.
      expect([...restricted]).to.deep.equal([]);
    }
  });

  it("checks its own wiring and roles, and says what is wrong", async () => {
    const system = await loadFixture(deployed);
    const parameters = parametersOf(system, await system.usdcToken.getAddress());
    await checkDeployment(parameters);
    const failure = async (options: Parameters<typeof checkDeployment>[0]) =>
      checkDeployment(options).then(
        () => undefined,
        (error: unknown) => error,
      );
    const wrongToken = await failure({ ...parameters, quoteToken: system.alice.address });
    expect(wrongToken).to.be.instanceOf(DeploymentCheckError);
    expect((wrongToken as Error).message)
      .to.contain("vault.asset")
      .and.to.contain(system.alice.address);
    await system.manager.connect(system.governor).grantRole(0n, system.deployer.address, 0n);
    expect(((await failure(parameters)) as Error).message).to.contain("is ADMIN is true, expected false");
  });

  it("keeps every contract of the product under the size limit of a chain", () => {
    const contracts = [
      "OptionVault",
      "OptionMarket",
      "OptionToken",
      "RiskEngine",
      "HedgeController",
      "lens/BallastLens",
      "oracles/ChainlinkSpotOracle",
      "venues/CurieVenue",
    ];
    for (const contract of contracts) {
      const { deployedBytecode } = ballastArtifact(contract) as unknown as { deployedBytecode?: string };
      const code = deployedBytecode ?? ballastArtifact(contract).bytecode;
      expect((code.length - 2) / 2, contract).to.be.within(1, 24_575);
    }
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
