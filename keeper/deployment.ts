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

export const deploymentSchema = z.object({
  version: z.literal(1),
  chainId: z.number().int().positive(),
  /** Where the chain served RPC when the file was written. `--rpc` overrides it. */
  rpcUrl: z.url(),
  contracts: z.object({
    quoteToken: address,
    feed: address,
    accessManager: address,
    oracle: address,
    vault: address,
    market: address,
    optionToken: address,
    riskEngine: address,
    controller: address,
    venue: address,
    lens: address,
  }),
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
  const parsed = deploymentSchema.safeParse(json);
  if (!parsed.success) {
    throw new DeploymentFileError(`the deployment file ${path} does not fit:\n${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}
