/**
 * Deploys Ballast on a chain that has a quote token, a push feed and a perpetual venue.
 *
 * The contracts know each other by immutable address, in circles. Their addresses are therefore computed from the
 * deployer's nonce before the first one exists, and compared afterwards: a deployment that was disturbed by a foreign
 * transaction fails here and not in use. (Ignition does not fix the order of deployments, so it cannot give these
 * addresses in advance.)
 */
import { Contract, Interface, ZeroAddress, ZeroHash } from "ethers";
import { ballastArtifact, type ContractArtifact } from "../local-chain/artifacts.ts";
import { Transactor } from "../local-chain/transactor.ts";
import { checkDeployment, DeploymentCheckError } from "./checkDeployment.ts";
import { firstHourOf } from "./firstHour.ts";
import { type BallastParameters, type Settings, settingsOf } from "./parameters.ts";
import { ARTIFACTS, type BallastAddresses, PARTS, type PartName } from "./parts.ts";
import { membersOf, RESTRICTED, ROLE_LABELS, ROLES } from "./roles.ts";

export { checkDeployment, DeploymentCheckError } from "./checkDeployment.ts";
export { type BallastParameters, curieVenue, PRODUCTION, type Settings, type VenueDeployment } from "./parameters.ts";
export type { BallastAddresses } from "./parts.ts";
export { RESTRICTED, ROLES } from "./roles.ts";

interface FeedNow {
  /** Quote WAD per underlying. */
  readonly price: bigint;
  /** Where the realised volatility begins; undefined when there is one already. */
  readonly first: { readonly hour: bigint; readonly roundId: bigint } | undefined;
}

/** @throws {DeploymentCheckError} when the contracts do not know each other or somebody holds a role who should not. */
export async function deployBallast(parameters: BallastParameters): Promise<BallastAddresses> {
  const settings = settingsOf(parameters);
  const now = await readFeed(parameters, settings);
  const transactor = await Transactor.create(parameters.deployer);
  const firstBlock = await transactor.blockNumber();

  const given: Partial<Record<PartName, string>> = {
    ...(parameters.realisedVolatility !== undefined && { realisedVolatility: parameters.realisedVolatility }),
  };
  const order = PARTS.filter((part) => given[part] === undefined);
  const ahead = order.map((part, place) => [part, transactor.addressAhead(place)] as const);
  const at = { ...given, ...Object.fromEntries(ahead) } as BallastAddresses;

  const constructorArguments = argumentsOf({ parameters, settings, now, at, deployer: transactor.address });
  for (const part of order) {
    const artifact = part === "venue" ? parameters.venue.artifact : ballastArtifact(ARTIFACTS[part]);
    const address = await transactor.deploy(part, artifact, constructorArguments[part]);
    if (address === at[part]) continue;
    throw new DeploymentCheckError(
      `${part} was to be at ${at[part]} but is at ${address}: another transaction of the deployer came between. Deploy again.`,
    );
  }
  await grantRoles({ parameters, at, transactor });
  await transactor.confirm();
  await checkDeployment({ parameters, addresses: at, fromBlock: firstBlock });
  return at;
}

/** What each constructor takes. */
function argumentsOf(options: {
  readonly parameters: BallastParameters;
  readonly settings: Settings;
  readonly now: FeedNow;
  readonly at: BallastAddresses;
  readonly deployer: string;
}): Readonly<Record<PartName, readonly unknown[]>> {
  const { parameters, settings, now, at, deployer } = options;
  const { quoteToken, feed, pull, sequencer, quoteFeed } = parameters;
  const { underlying = "ETH", name = "Ballast ETH Options Vault", symbol = "bETH" } = parameters;
  const wad = 10n ** 18n;
  const spotConfig = {
    push: feed,
    heartbeat: settings.heartbeatSeconds,
    deviation: settings.deviation,
    minPrice: (now.price * settings.lowestPrice) / wad,
    maxPrice: (now.price * settings.highestPrice) / wad,
    pull: pull?.pyth ?? ZeroAddress,
    pullId: pull?.id ?? ZeroHash,
    maxApart: settings.maxApart,
    sequencer: sequencer ?? ZeroAddress,
    grace: settings.sequencerGraceSeconds,
    quoteFeed: quoteFeed ?? ZeroAddress,
    quoteHeartbeat: settings.quoteHeartbeatSeconds,
    pegTolerance: settings.pegTolerance,
  };
  return {
    accessManager: [deployer],
    oracle: [spotConfig],
    gasPriceOracle: [settings.minGasPrice, settings.maxGasPrice],
    realisedVolatility: [feed, now.first?.hour, now.first?.roundId],
    surface: [at.accessManager, at.market, at.realisedVolatility, settings.surfaceHeartbeatSeconds],
    fundingOracle: [at.controller, at.oracle],
    expiryPriceOracle: [at.market, feed, pull?.pyth ?? ZeroAddress, pull?.id ?? ZeroHash],
    optionToken: [at.market, underlying],
    vault: [quoteToken, at.market, at.controller, at.riskEngine, at.saleLimits, at.gasPriceOracle, name, symbol],
    pricer: [quoteToken, at.market, at.surface, at.fundingOracle, at.oracle, at.controller],
    market: [
      at.accessManager,
      quoteToken,
      at.vault,
      at.optionToken,
      at.riskEngine,
      at.saleLimits,
      at.pricer,
      at.surface,
      at.expiryPriceOracle,
      at.auctions,
    ],
    riskEngine: [at.market, at.vault, at.controller, at.oracle, at.surface, at.fundingOracle, at.saleLimits],
    saleLimits: [at.market, at.vault, at.controller, at.riskEngine, at.surface],
    controller: [
      at.accessManager,
      quoteToken,
      at.vault,
      at.riskEngine,
      at.saleLimits,
      at.oracle,
      at.surface,
      at.gasPriceOracle,
      at.fundingOracle,
      at.venue,
    ],
    venue: parameters.venue.constructorArguments(at),
    auctions: [at.accessManager, at.market, at.pricer],
    autoLister: [at.market, at.surface, at.oracle, at.fundingOracle, settings.autoListing],
    router: [at.vault, at.market, at.auctions, at.expiryPriceOracle, pull?.pyth ?? ZeroAddress],
    lens: [
      at.vault,
      at.market,
      at.riskEngine,
      at.saleLimits,
      at.controller,
      at.oracle,
      at.surface,
      at.fundingOracle,
      at.realisedVolatility,
    ],
  };
}

async function grantRoles(options: {
  readonly parameters: BallastParameters;
  readonly at: BallastAddresses;
  readonly transactor: Transactor;
}): Promise<void> {
  const { parameters, at, transactor } = options;
  const manager = ballastArtifact(ARTIFACTS.accessManager);
  const call = (method: string, args: readonly unknown[]) => transactor.call(at.accessManager, manager, method, args);
  for (const [part, functions] of Object.entries(RESTRICTED) as [keyof typeof RESTRICTED, Record<string, bigint>][]) {
    for (const role of new Set(Object.values(functions))) {
      const names = Object.keys(functions).filter((name) => functions[name] === role);
      const selectors = names.map((name) => selectorOf(ballastArtifact(ARTIFACTS[part]), name));
      await call("setTargetFunctionRole", [at[part], selectors, role]);
    }
  }
  for (const [role, label] of Object.entries(ROLE_LABELS) as [keyof typeof ROLE_LABELS, string][]) {
    await call("labelRole", [ROLES[role], label]);
  }
  for (const [role, members] of membersOf({ ...parameters, autoLister: at.autoLister })) {
    for (const member of members) {
      // The AccessManager's first ADMIN is the deployer.
      if (role !== ROLES.admin || member !== transactor.address) await call("grantRole", [role, member, 0]);
    }
  }
  if (parameters.governor !== transactor.address) await call("renounceRole", [ROLES.admin, transactor.address]);
}

function selectorOf({ abi }: ContractArtifact, name: string): string {
  const fragment = Interface.from(abi).getFunction(name);
  if (fragment === null) throw new DeploymentCheckError(`no contract has a function called ${name}: see RESTRICTED`);
  return fragment.selector;
}

async function readFeed(parameters: BallastParameters, { historyHours }: Settings): Promise<FeedNow> {
  const abi = ballastArtifact("interfaces/IAggregatorV3").abi;
  const feed = new Contract(parameters.feed, abi, parameters.deployer);
  const [{ answer }, decimals, block] = await Promise.all([
    feed.getFunction("latestRoundData")(),
    feed.getFunction("decimals")(),
    parameters.deployer.provider?.getBlock("latest"),
  ]);
  const timestamp = BigInt(block?.timestamp ?? 0);
  const first =
    parameters.realisedVolatility === undefined ? await firstHourOf({ feed, timestamp, historyHours }) : undefined;
  return { price: answer * 10n ** (18n - decimals), first };
}
