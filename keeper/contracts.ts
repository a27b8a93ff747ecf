/** Typed handles on the contracts of a deployment. No request is made before the first call. */
import { existsSync, readFileSync } from "node:fs";
import { Contract, type ContractRunner, type Fragment, Interface, type InterfaceAbi, type Provider } from "ethers";
import type { AccessManager } from "../types/@openzeppelin/contracts/access/manager/AccessManager.ts";
import type { AutoLister } from "../types/contracts/AutoLister.ts";
import type { Auctions } from "../types/contracts/auction/Auctions.ts";
import type { BallastRouter } from "../types/contracts/BallastRouter.ts";
import type { HedgeController } from "../types/contracts/HedgeController.ts";
import type { IAggregatorV3 } from "../types/contracts/interfaces/IAggregatorV3.ts";
import type { BallastLens } from "../types/contracts/lens/BallastLens.ts";
import type { LocalUsdc } from "../types/contracts/local/LocalUsdc.ts";
import type { OptionMarket } from "../types/contracts/OptionMarket.ts";
import type { OptionPricer } from "../types/contracts/OptionPricer.ts";
import type { OptionToken } from "../types/contracts/OptionToken.ts";
import type { OptionVault } from "../types/contracts/OptionVault.ts";
import type { ExpiryPriceOracle } from "../types/contracts/oracles/ExpiryPriceOracle.ts";
import type { FundingOracle } from "../types/contracts/oracles/FundingOracle.ts";
import type { RealisedVolatilityOracle } from "../types/contracts/oracles/RealisedVolatilityOracle.ts";
import type { SpotOracle } from "../types/contracts/oracles/SpotOracle.ts";
import type { VolatilitySurface } from "../types/contracts/oracles/VolatilitySurface.ts";
import type { RiskEngine } from "../types/contracts/RiskEngine.ts";
import type { SaleLimits } from "../types/contracts/SaleLimits.ts";
import type { Deployment } from "./deployment.ts";
import { ArtifactMissingError } from "./errors.ts";

/** A provider that also passes on any method: ethers' JSON-RPC providers and Hardhat's. */
export type RpcProvider = Provider & { send(method: string, params: unknown[]): Promise<unknown> };

export interface Contracts {
  deployment: Deployment;
  provider: RpcProvider;
  accessManager: AccessManager;
  auctions: Auctions;
  autoLister: AutoLister;
  controller: HedgeController;
  expiryPriceOracle: ExpiryPriceOracle;
  feed: IAggregatorV3;
  fundingOracle: FundingOracle;
  lens: BallastLens;
  market: OptionMarket;
  optionToken: OptionToken;
  oracle: SpotOracle;
  pricer: OptionPricer;
  /** The quote token. `mint` exists on local chains only. */
  quoteToken: LocalUsdc;
  realisedVolatility: RealisedVolatilityOracle;
  riskEngine: RiskEngine;
  /** Undefined on a deployment without one: what it does in one transaction then takes several. */
  router: BallastRouter | undefined;
  saleLimits: SaleLimits;
  surface: VolatilitySurface;
  vault: OptionVault;
}

const ARTIFACTS = new URL("../artifacts/", import.meta.url);

const SOURCES = {
  auctions: "contracts/auction/Auctions.sol/Auctions",
  autoLister: "contracts/AutoLister.sol/AutoLister",
  accessManager: "@openzeppelin/contracts/access/manager/AccessManager.sol/AccessManager",
  controller: "contracts/HedgeController.sol/HedgeController",
  expiryPriceOracle: "contracts/oracles/ExpiryPriceOracle.sol/ExpiryPriceOracle",
  gasPriceOracle: "contracts/oracles/GasPriceOracle.sol/GasPriceOracle",
  fundingOracle: "contracts/oracles/FundingOracle.sol/FundingOracle",
  feed: "contracts/interfaces/IAggregatorV3.sol/IAggregatorV3",
  lens: "contracts/lens/BallastLens.sol/BallastLens",
  market: "contracts/OptionMarket.sol/OptionMarket",
  optionToken: "contracts/OptionToken.sol/OptionToken",
  oracle: "contracts/oracles/SpotOracle.sol/SpotOracle",
  pricer: "contracts/OptionPricer.sol/OptionPricer",
  quoteToken: "contracts/local/LocalUsdc.sol/LocalUsdc",
  realisedVolatility: "contracts/oracles/RealisedVolatilityOracle.sol/RealisedVolatilityOracle",
  riskEngine: "contracts/RiskEngine.sol/RiskEngine",
  saleLimits: "contracts/SaleLimits.sol/SaleLimits",
  router: "contracts/BallastRouter.sol/BallastRouter",
  surface: "contracts/oracles/VolatilitySurface.sol/VolatilitySurface",
  vault: "contracts/OptionVault.sol/OptionVault",
  venue: "contracts/venues/CurieVenue.sol/CurieVenue",
} as const;

export type ContractName = keyof typeof SOURCES;

const abis = new Map<ContractName, Interface>();

/** @throws {ArtifactMissingError} when the contracts are not compiled. */
export function interfaceOf(name: ContractName): Interface {
  const known = abis.get(name);
  if (known !== undefined) return known;
  const file = new URL(`${SOURCES[name]}.json`, ARTIFACTS);
  if (!existsSync(file)) {
    throw new ArtifactMissingError(
      `the compiled contract ${SOURCES[name]} is not in artifacts/: run \`npm run build\``,
    );
  }
  const { abi } = JSON.parse(readFileSync(file, "utf8")) as { abi: InterfaceAbi };
  const built = new Interface(abi);
  abis.set(name, built);
  return built;
}

let errors: Interface | undefined;

/** Every custom error of every contract here, to decode a revert whoever threw it. */
export function errorInterface(): Interface {
  if (errors === undefined) {
    const found = new Map<string, Fragment>();
    for (const name of Object.keys(SOURCES) as ContractName[]) {
      interfaceOf(name).forEachError((fragment) => found.set(fragment.format("sighash"), fragment));
    }
    errors = new Interface([...found.values()]);
  }
  return errors;
}

/** @param provider Reads go through it; what is sent is signed by the caller of `sendTransaction`. */
export function connectContracts(deployment: Deployment, provider: RpcProvider): Contracts {
  const at = <T>(name: ContractName & keyof Deployment["contracts"]): T =>
    attach<T>(deployment.contracts[name]!, interfaceOf(name), provider);
  return {
    deployment,
    provider,
    accessManager: at("accessManager"),
    auctions: at("auctions"),
    autoLister: at("autoLister"),
    controller: at("controller"),
    expiryPriceOracle: at("expiryPriceOracle"),
    feed: at("feed"),
    fundingOracle: at("fundingOracle"),
    lens: at("lens"),
    market: at("market"),
    optionToken: at("optionToken"),
    oracle: at("oracle"),
    pricer: at("pricer"),
    quoteToken: at("quoteToken"),
    realisedVolatility: at("realisedVolatility"),
    riskEngine: at("riskEngine"),
    router: deployment.contracts.router === undefined ? undefined : at("router"),
    saleLimits: at("saleLimits"),
    surface: at("surface"),
    vault: at("vault"),
  };
}

/** The one place where an untyped ethers contract takes its generated type. */
function attach<T>(address: string, abi: Interface, runner: ContractRunner): T {
  return new Contract(address, abi, runner) as unknown as T;
}
