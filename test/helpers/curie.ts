import { ContractFactory, parseUnits, type Signer } from "ethers";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import { type Curie, deployCurie } from "../../scripts/local-chain/curie.ts";
import { createMarket, type Market } from "../../scripts/local-chain/market.ts";
import type { CurieVenue } from "../../types/index.ts";

/** A number for humans as WAD: `toWad(0.0015)`, rounded to nine decimals. */
export function toWad(value: number): bigint {
  return parseUnits(value.toFixed(9), 18);
}

/** A number for humans as USDC units. */
export function toUsdc(value: number): bigint {
  return parseUnits(value.toFixed(6), 6);
}

export interface CurieFixture {
  readonly curie: Curie;
  readonly market: Market;
}

/** A Curie market at 3,000 with liquidity; `signer` owns it. Call it inside a `loadFixture` function. */
export async function deployCurieMarket(signer: Signer): Promise<CurieFixture> {
  const curie = await deployCurie({ signer });
  const market = await createMarket({ curie, signer });
  return { curie, market };
}

/** The adapter of that market for a controller and a vault, whatever they are: contracts, or accounts of a test. */
export async function deployCurieVenue(options: {
  readonly curie: Curie;
  readonly signer: Signer;
  readonly controller: string;
  readonly vault: string;
}): Promise<CurieVenue> {
  const { curie, signer, controller, vault } = options;
  const { abi, bytecode } = ballastArtifact("venues/CurieVenue");
  const factory = new ContractFactory(abi, bytecode, signer);
  const { clearingHouse, baseToken } = curie.addresses;
  const venue = await factory.deploy(controller, vault, clearingHouse, baseToken);
  await venue.waitForDeployment();
  return venue as unknown as CurieVenue;
}
