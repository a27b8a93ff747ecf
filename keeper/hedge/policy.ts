/** What the keeper may choose, and the bounds that the contracts set to it. */
import type { Contracts } from "../contracts.ts";
import { PolicyError } from "../errors.ts";
import { asReadError } from "../explain.ts";
import { formatPercent, WAD } from "../units.ts";

/** Constants of the deployed contracts. The keeper reads them once and computes with them itself. */
export interface HedgeLimits {
  bandPerContractWad: bigint;
  minNotionalWad: bigint;
  maxSlippageWad: bigint;
  marginFloorWad: bigint;
  marginTargetWad: bigint;
  marginCeilingWad: bigint;
  /** Quote WAD per quote-token unit. */
  assetScale: bigint;
}

export interface PolicySettings {
  /** How much worse than mark and spot the average fill may be, the venue's fee included. */
  slippageWad: bigint;
  /** Margin moves of less are not worth their gas. */
  minMarginMoveWad: bigint;
  /** Seconds after the snapshot's block until which a trade may be mined. */
  deadlineSeconds: bigint;
}

export type Policy = HedgeLimits & PolicySettings;

export const DEFAULT_SETTINGS: PolicySettings = {
  slippageWad: WAD / 200n, // 0.5 %
  minMarginMoveWad: WAD, // 1 quote
  deadlineSeconds: 120n,
};

/** Reads the contracts' constants; they never change, so once per process is enough. */
export async function readPolicy(contracts: Contracts, settings: Partial<PolicySettings> = {}): Promise<Policy> {
  const { controller, vault } = contracts;
  let constants: bigint[];
  try {
    constants = await Promise.all([
      controller.BAND_PER_CONTRACT(),
      controller.MIN_NOTIONAL(),
      controller.MAX_SLIPPAGE(),
      controller.MARGIN_FLOOR(),
      controller.MARGIN_TARGET(),
      controller.MARGIN_CEILING(),
      vault.assetScale(),
    ]);
  } catch (error) {
    throw asReadError(error, { what: "the contracts' constants cannot be read", rpcUrl: contracts.deployment.rpcUrl });
  }
  const [
    bandPerContractWad,
    minNotionalWad,
    maxSlippageWad,
    marginFloorWad,
    marginTargetWad,
    marginCeilingWad,
    assetScale,
  ] = constants as [bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  return checkPolicy({
    bandPerContractWad,
    minNotionalWad,
    maxSlippageWad,
    marginFloorWad,
    marginTargetWad,
    marginCeilingWad,
    assetScale,
    ...DEFAULT_SETTINGS,
    ...settings,
  });
}

/** @throws {PolicyError} when a setting is outside what the contracts accept. */
export function checkPolicy(policy: Policy): Policy {
  const { slippageWad, maxSlippageWad, minMarginMoveWad, deadlineSeconds } = policy;
  if (slippageWad <= 0n || slippageWad >= maxSlippageWad) {
    throw new PolicyError(
      `slippage: expected more than 0 % and less than the contract's bound of ${formatPercent(maxSlippageWad)}, got ${formatPercent(slippageWad)}`,
    );
  }
  if (minMarginMoveWad < 0n) throw new PolicyError(`smallest margin move: expected 0 or more, got ${minMarginMoveWad}`);
  if (deadlineSeconds <= 0n) throw new PolicyError(`deadline: expected 1 second or more, got ${deadlineSeconds}`);
  return policy;
}
