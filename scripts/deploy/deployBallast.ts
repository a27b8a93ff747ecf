/**
 * Deploys Ballast on a chain that has a quote token, a push feed and a Curie market.
 *
 * Vault, market, risk engine and controller know each other by immutable address, in a circle. The addresses are
 * therefore computed from the deployer's nonce before the first contract exists, and compared afterwards: a deployment
 * that was disturbed by a foreign transaction fails here and not in use. (Ignition does not fix the order of
 * deployments, so it cannot give these addresses in advance.)
 */
import { Contract, id, type Signer } from "ethers";
import { ballastArtifact, type ContractArtifact } from "../local-chain/artifacts.ts";
import { Transactor } from "../local-chain/transactor.ts";

/** Role numbers in the AccessManager. 0 is its own ADMIN role, held by the governor alone. */
export const ROLES = { curator: 1n, keeper: 2n } as const;

/** Which functions need which role. Nothing else in Ballast is restricted. */
export const RESTRICTED = {
  market: {
    role: ROLES.curator,
    functions: ["listExpiry(uint256,uint256)", "listStrikes(uint256,uint256[])", "setVolatility(uint256,uint256)"],
  },
  controller: { role: ROLES.keeper, functions: ["rebalance(int256,uint256,uint256)"] },
} as const;

/** How to deploy an adapter once it is known where its controller and vault will be. */
export interface VenueDeployment {
  readonly artifact: ContractArtifact;
  readonly constructorArguments: (at: { readonly controller: string; readonly vault: string }) => readonly unknown[];
}

/** The adapter of a Curie market. */
export function curieVenue(market: { readonly clearingHouse: string; readonly baseToken: string }): VenueDeployment {
  return {
    artifact: ballastArtifact("venues/CurieVenue"),
    constructorArguments: ({ controller, vault }) => [controller, vault, market.clearingHouse, market.baseToken],
  };
}

export interface BallastParameters {
  /** Pays for the deployment and holds no role afterwards. */
  readonly deployer: Signer;
  readonly quoteToken: string;
  /** Chainlink-shaped push feed of the underlying in the quote token. */
  readonly feed: string;
  /** Seconds between rounds that the feed promises at least. */
  readonly heartbeatSeconds: number;
  /** The adapter of the perpetual venue to hedge on. */
  readonly venue: VenueDeployment;
  readonly governor: string;
  readonly curator: string;
  readonly keeper: string;
  /** What the options are on; ETH unless told. */
  readonly underlying?: string;
  readonly name?: string;
  readonly symbol?: string;
}

export interface BallastAddresses {
  readonly accessManager: string;
  readonly oracle: string;
  readonly optionToken: string;
  readonly vault: string;
  readonly market: string;
  readonly riskEngine: string;
  readonly controller: string;
  readonly venue: string;
  readonly lens: string;
}

/** The deployed system is not wired or not owned as it must be. */
export class DeploymentCheckError extends Error {
  override name = "DeploymentCheckError";
}

const accessManagerArtifact = () => ballastArtifact("@openzeppelin/contracts/access/manager/AccessManager");

export async function deployBallast(parameters: BallastParameters): Promise<BallastAddresses> {
  const {
    quoteToken,
    feed,
    heartbeatSeconds,
    venue,
    underlying = "ETH",
    name = "Ballast ETH Options Vault",
    symbol = "bETH",
  } = parameters;
  const transactor = await Transactor.create(parameters.deployer);

  const order = [
    "accessManager",
    "oracle",
    "optionToken",
    "vault",
    "market",
    "riskEngine",
    "controller",
    "venue",
    "lens",
  ] as const;
  const at = Object.fromEntries(order.map((key, ahead) => [key, transactor.addressAhead(ahead)])) as Record<
    (typeof order)[number],
    string
  >;

  const deployed: Record<(typeof order)[number], string> = {
    accessManager: await transactor.deploy("AccessManager", accessManagerArtifact(), [transactor.address]),
    oracle: await transactor.deploy("ChainlinkSpotOracle", ballastArtifact("oracles/ChainlinkSpotOracle"), [
      feed,
      heartbeatSeconds,
    ]),
    optionToken: await transactor.deploy("OptionToken", ballastArtifact("OptionToken"), [at.market, underlying]),
    vault: await transactor.deploy("OptionVault", ballastArtifact("OptionVault"), [
      quoteToken,
      at.market,
      at.controller,
      at.riskEngine,
      name,
      symbol,
    ]),
    market: await transactor.deploy("OptionMarket", ballastArtifact("OptionMarket"), [
      at.accessManager,
      quoteToken,
      at.vault,
      at.optionToken,
      at.riskEngine,
      at.oracle,
    ]),
    riskEngine: await transactor.deploy("RiskEngine", ballastArtifact("RiskEngine"), [
      at.market,
      at.vault,
      at.controller,
      at.oracle,
    ]),
    controller: await transactor.deploy("HedgeController", ballastArtifact("HedgeController"), [
      at.accessManager,
      quoteToken,
      at.vault,
      at.riskEngine,
      at.oracle,
      at.venue,
    ]),
    venue: await transactor.deploy("venue adapter", venue.artifact, venue.constructorArguments(at)),
    lens: await transactor.deploy("BallastLens", ballastArtifact("lens/BallastLens"), [
      at.vault,
      at.market,
      at.riskEngine,
      at.controller,
      at.oracle,
    ]),
  };
  for (const key of order) {
    if (deployed[key] !== at[key])
      throw new DeploymentCheckError(
        `${key} was to be at ${at[key]} but is at ${deployed[key]}: another transaction of the deployer came between. Deploy again.`,
      );
  }

  const manager = accessManagerArtifact();
  const grant = (method: string, args: readonly unknown[]) => transactor.call(at.accessManager, manager, method, args);
  for (const target of ["market", "controller"] as const) {
    const { role, functions } = RESTRICTED[target];
    await grant("setTargetFunctionRole", [at[target], functions.map((signature) => id(signature).slice(0, 10)), role]);
  }
  await grant("labelRole", [ROLES.curator, "CURATOR"]);
  await grant("labelRole", [ROLES.keeper, "KEEPER"]);
  await grant("grantRole", [ROLES.curator, parameters.curator, 0]);
  await grant("grantRole", [ROLES.keeper, parameters.keeper, 0]);
  if (parameters.governor !== transactor.address) {
    await grant("grantRole", [0n, parameters.governor, 0]);
    await grant("renounceRole", [0n, transactor.address]);
  }
  await transactor.confirm();
  await checkDeployment({ ...parameters, addresses: at });
  return at;
}

/** @throws {DeploymentCheckError} when the contracts do not know each other or somebody holds a role who should not. */
export async function checkDeployment(
  options: BallastParameters & { readonly addresses: BallastAddresses },
): Promise<void> {
  const { addresses: at, deployer } = options;
  const read = (address: string, path: string) => new Contract(address, ballastArtifact(path).abi, deployer);
  const expect = async (what: string, actual: Promise<unknown>, wanted: string) => {
    const found = String(await actual);
    if (found.toLowerCase() !== wanted.toLowerCase())
      throw new DeploymentCheckError(`${what} is ${found}, expected ${wanted}`);
  };
  const vault = read(at.vault, "OptionVault");
  const market = read(at.market, "OptionMarket");
  const controller = read(at.controller, "HedgeController");
  const riskEngine = read(at.riskEngine, "RiskEngine");
  const manager = new Contract(at.accessManager, accessManagerArtifact().abi, deployer);
  const holds = async (role: bigint, account: string) =>
    (await manager.getFunction("hasRole")(role, account))[0] as boolean;
  const deployerAddress = await deployer.getAddress();
  const others = [options.curator, options.keeper, deployerAddress].filter((account) => account !== options.governor);
  await Promise.all([
    expect("vault.market", vault.getFunction("market")(), at.market),
    expect("vault.controller", vault.getFunction("controller")(), at.controller),
    expect("vault.riskEngine", vault.getFunction("riskEngine")(), at.riskEngine),
    expect("vault.asset", vault.getFunction("asset")(), options.quoteToken),
    expect("market.vault", market.getFunction("vault")(), at.vault),
    expect("market.token", market.getFunction("token")(), at.optionToken),
    expect("market.oracle", market.getFunction("oracle")(), at.oracle),
    expect("controller.venue", controller.getFunction("venue")(), at.venue),
    expect("controller.vault", controller.getFunction("vault")(), at.vault),
    expect("riskEngine.controller", riskEngine.getFunction("controller")(), at.controller),
    expect("governor is ADMIN", holds(0n, options.governor), "true"),
    expect("curator is CURATOR", holds(ROLES.curator, options.curator), "true"),
    expect("keeper is KEEPER", holds(ROLES.keeper, options.keeper), "true"),
    ...others.map((account) => expect(`${account} is ADMIN`, holds(0n, account), "false")),
  ]);
}
