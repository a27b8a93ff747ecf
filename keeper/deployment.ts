/**
 * A deployment file: where everything is on one chain. `npm run chain` and the deploy script write it; the keeper, the
 * command line, the demo and the tests read it.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isAddress } from "ethers";
import { z } from "zod/v4";
import { DeploymentFileError } from "./errors.ts";

const address = z.string().refine(isAddress, { message: "expected a 20-byte address with 0x in front" });

const account = z.object({
  address,
  /** Well-known test key of a local chain: worth nothing anywhere else. */
  privateKey: z.string().regex(/^0x[0-9a-f]{64}$/),
});

const bytes32 = z.string().regex(/^0x[0-9a-f]{64}$/i, { message: "expected 32 bytes with 0x in front" });

/** Of what this file is written in. */
export const DEPLOYMENT_VERSION = 2;

export const deploymentSchema = z.object({
  version: z.literal(DEPLOYMENT_VERSION),
  chainId: z.number().int().positive(),
  /** Where the chain served RPC when the file was written. `--rpc` overrides it. */
  rpcUrl: z.url(),
  /** No contract of it is older than this block: what is searched in events starts here. */
  firstBlock: z.number().int().nonnegative().optional(),
  contracts: z.object({
    quoteToken: address,
    /** The push feed. */
    feed: address,
    accessManager: address,
    /** The SpotOracle. */
    oracle: address,
    gasPriceOracle: address,
    realisedVolatility: address,
    surface: address,
    fundingOracle: address,
    expiryPriceOracle: address,
    optionToken: address,
    vault: address,
    pricer: address,
    market: address,
    riskEngine: address,
    saleLimits: address,
    controller: address,
    venue: address,
    auctions: address,
    autoLister: address,
    router: address.optional(),
    lens: address,
  }),
  /** The pull feed of the same price, where there is one. */
  pull: z
    .object({
      /** The contract that takes the service's updates. */
      pyth: address,
      /** The feed's number there. */
      id: bytes32,
      /** Where a service in the shape of Hermes hands out updates. */
      serviceUrl: z.url().optional(),
    })
    .optional(),
  /** Only on a local chain: the actors whose keys everybody knows, and the contract that moves the market. */
  local: z
    .object({
      accounts: z.record(z.string(), account),
      marketMover: address,
      /** The real Curie on this chain: token, feed, clearing house and the rest. */
      curie: z.object({
        usdc: address,
        aggregator: address,
        priceFeed: address,
        clearingHouse: address,
        clearingHouseConfig: address,
        vault: address,
        accountBalance: address,
        exchange: address,
        insuranceFund: address,
        collateralManager: address,
        baseToken: address,
        quoteToken: address,
        pool: address,
      }),
    })
    .optional(),
});

export type Deployment = z.infer<typeof deploymentSchema>;

/** Writes a deployment file, readable by a person too. */
export function writeDeployment(path: string, deployment: Deployment): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(deployment, null, 2)}\n`);
}

/** @throws {DeploymentFileError} naming the file, the field, what was expected and what came. */
export function readDeployment(path: string): Deployment {
  let raw: string;
  try {
    raw = readFileSync(path, "utf8");
  } catch (cause) {
    throw new DeploymentFileError(
      `cannot read the deployment file ${path}: start a chain with \`npm run chain\`, or name another file with --deployment`,
      { cause },
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch (cause) {
    throw new DeploymentFileError(`the deployment file ${path} is not JSON: write it again with \`npm run chain\``, {
      cause,
    });
  }
  const version = typeof json === "object" && json !== null && "version" in json ? json.version : undefined;
  if (version !== DEPLOYMENT_VERSION) {
    throw new DeploymentFileError(
      `the deployment file ${path} is of version ${String(version)}, expected ${DEPLOYMENT_VERSION}: the contracts of another version answer otherwise; start a chain with \`npm run chain\`, or deploy again`,
    );
  }
  const parsed = deploymentSchema.safeParse(json);
  if (!parsed.success) {
    throw new DeploymentFileError(`the deployment file ${path} does not fit:\n${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}
