/** The pull feed of a local chain: its contract, and the blobs that it takes. */
import { AbiCoder, getBytes, keccak256, type Signer, ZeroAddress } from "ethers";
import type { LocalPyth } from "../../types/index.ts";
import { ballastArtifact } from "./artifacts.ts";
import { Transactor } from "./transactor.ts";

/** ETH/USD at Pyth; the local feed bears the same name. */
export const ETH_USD_PULL_ID = "0xff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace";
/** A price of 3000 is 3000 · 10^8. */
export const PULL_EXPONENT = -8;
const WEI_PER_UPDATE = 1n;

/** One price of a pull feed, as it is published. */
export interface PullUpdate {
  readonly id: string;
  /** price · 10^expo and conf · 10^expo are quote per underlying. */
  readonly price: bigint;
  readonly conf: bigint;
  readonly expo: number;
  /** Unix seconds. */
  readonly publishTime: bigint;
  /** When the feed's previous price was published. */
  readonly prevPublishTime: bigint;
}

const UPDATE =
  "tuple(bytes32 id, int64 price, uint64 conf, int32 expo, uint64 publishTime, uint64 prevPublishTime)" as const;
const coder = AbiCoder.defaultAbiCoder();

/** The blob that LocalPyth takes, signed when there is a publisher. */
export async function encodePullUpdate(update: PullUpdate, publisher?: Signer): Promise<string> {
  const digest = keccak256(coder.encode([UPDATE], [update]));
  const signature = publisher === undefined ? "0x" : await publisher.signMessage(getBytes(digest));
  return coder.encode([UPDATE, "bytes"], [update, signature]);
}

/** A WAD number in the pull feed's scale, rounded down. */
export const toPullScale = (wad: bigint): bigint => wad / 10n ** BigInt(18 + PULL_EXPONENT);

/** Deploys the contract. With a publisher only what he signs counts. */
export async function deployPyth(options: { readonly signer: Signer; readonly publisher?: Signer }): Promise<string> {
  const { signer, publisher } = options;
  const transactor = await Transactor.create(signer);
  const publisherAddress = publisher === undefined ? ZeroAddress : await publisher.getAddress();
  const pyth = await transactor.deploy("LocalPyth", ballastArtifact("local/LocalPyth"), [
    publisherAddress,
    WEI_PER_UPDATE,
  ]);
  await transactor.confirm();
  return pyth;
}

/** Brings blobs on chain, with exactly their fee. */
export async function bringUpdates(pyth: LocalPyth, updateData: readonly string[]): Promise<void> {
  const fee = await pyth.getUpdateFee([...updateData]);
  await (await pyth.updatePriceFeeds([...updateData], { value: fee })).wait();
}
