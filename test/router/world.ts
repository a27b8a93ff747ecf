/** A router on a market and a vault that trade at the prices they are told, with the real option token and oracles. */
import { type AddressLike, type BytesLike, Signature, type Signer, ZeroAddress } from "ethers";
import type {
  BallastRouter,
  EtherCaller,
  ExpiryPriceOracle,
  IBallastRouter,
  LocalUsdc,
  OptionToken,
  StubAuctions,
  StubMarket,
  StubVault,
} from "../../types/index.ts";
import { deployContract, PULL_ID, pullFeed, pushFeed } from "../helpers/feeds.ts";
import { eth, ethers, seriesId, usdc } from "../helpers/system.ts";

export type Deployed<T> = T & { address: string };
export type Before = IBallastRouter.BeforeStruct;
export type Permit = IBallastRouter.PermitStruct;
export type Settlement = IBallastRouter.SettlementStruct;

export const NOTHING: Before = { permits: [], priceUpdate: [], settlements: [] };
export const FOREVER = 2n ** 40n;
export const ID = seriesId(2_000_000_000n, 3_000, "call");
/** What one option costs, brings back and pays. */
export const PREMIUM = usdc(100);
export const PROCEEDS = usdc(90);
export const PAYOUT = usdc(250);

/** In the order of BallastRouterMutant.Guard. */
const GUARDS = [
  "Lock",
  "CountedRefund",
  "Deadline",
  "Receiver",
  "MinShares",
  "MinAssets",
  "OurTokens",
  "UsedPermit",
  "Settled",
  "Proved",
  "Disallow",
] as const;
export type Guard = (typeof GUARDS)[number];

export interface Parts {
  /** A quote token of six decimals. */
  readonly quote?: string;
  /** Another pull feed; the zero address = none. */
  readonly pull?: (thief: string) => Promise<string>;
}

/** Alice has a million and some options, and has allowed the router nothing. */
export async function routerWorld({ quote = "local/LocalUsdc", pull }: Parts = {}) {
  const [, alice, bob, carol] = await ethers.getSigners();
  const quoteToken = await deployContract<LocalUsdc>(quote, quote === "local/LocalUsdc" ? [6] : []);
  const vault = await deployContract<StubVault>("mocks/router/StubVault", [quoteToken.address]);
  const market = await deployContract<StubMarket>("mocks/router/StubMarket", [quoteToken.address]);
  const token = await deployContract<OptionToken>("OptionToken", [market.address, "ETH"]);
  const auctions = await deployContract<StubAuctions>("mocks/router/StubAuctions", [market.address]);
  const feed = await pushFeed(3_000);
  const thief = await deployContract<EtherCaller>("mocks/router/EtherCaller");
  const pyth = await pullFeed();
  const pullAddress = pull === undefined ? pyth.address : await pull(thief.address);
  const expiryPrices = await deployContract<ExpiryPriceOracle>("oracles/ExpiryPriceOracle", [
    market.address,
    feed.address,
    pullAddress,
    PULL_ID,
  ]);
  await market.setParts(token.address, expiryPrices.address);
  await market.tell(PREMIUM, PROCEEDS, PAYOUT, 0n);
  await quoteToken.mint(market.address, usdc(1_000_000));
  await quoteToken.mint(alice!.address, usdc(1_000_000));
  const args = [vault.address, market.address, auctions.address, expiryPrices.address, pullAddress];
  return {
    alice: alice!,
    bob: bob!,
    carol: carol!,
    quoteToken,
    vault,
    market,
    token,
    auctions,
    feed,
    pyth,
    expiryPrices,
    thief,
    router: await deployContract<BallastRouter>("BallastRouter", args),
    /** The router without some of its guards. */
    without: (...guards: readonly Guard[]) =>
      deployContract<BallastRouter>("mocks/mutants/BallastRouterMutant", [
        ...args,
        guards.reduce((mask, guard) => mask | (1n << BigInt(GUARDS.indexOf(guard))), 0n),
      ]),
  };
}

export type RouterWorld = Awaited<ReturnType<typeof routerWorld>>;
export const withoutPullFeed = () => routerWorld({ pull: async () => ZeroAddress });

interface PermitToken {
  getAddress(): Promise<string>;
  eip712Domain(): Promise<{ name: string; version: string; chainId: bigint; verifyingContract: string }>;
  nonces(owner: AddressLike): Promise<bigint>;
}

const PERMIT = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

export interface PermitTerms {
  readonly signer: Signer;
  readonly token: PermitToken;
  readonly spender: string;
  readonly value: bigint;
  readonly deadline?: bigint;
  /** Other than the signer for a forged one. */
  readonly owner?: string;
}

/** An ERC-2612 signature at the owner's present nonce. */
export async function signPermit({
  signer,
  token,
  spender,
  value,
  deadline = FOREVER,
  owner,
}: PermitTerms): Promise<Permit> {
  const { name, version, chainId, verifyingContract } = await token.eip712Domain();
  const from = owner ?? (await signer.getAddress());
  const terms = { owner: from, spender, value, nonce: await token.nonces(from), deadline };
  const domain = { name, version, chainId, verifyingContract };
  const { v, r, s } = Signature.from(await signer.signTypedData(domain, PERMIT, terms));
  return { token: await token.getAddress(), value, deadline, v, r, s };
}

/** A settlement that brings no pull update. */
export const settlement = (
  expiry: bigint,
  rule: bigint,
  roundId = 0n,
  boundaries: readonly bigint[] = [],
  updateData: readonly BytesLike[] = [],
): Settlement => ({ expiry, rule, roundId, boundaries: [...boundaries], updateData: [...updateData] });

/** Puts options of series {@link ID} into somebody's hands. */
export async function giveOptions({ market, quoteToken }: RouterWorld, to: string, size = eth(10)): Promise<void> {
  const [giver] = await ethers.getSigners();
  const cost = (size * PREMIUM) / eth(1);
  await quoteToken.connect(giver!).mint(giver!.address, cost);
  await quoteToken.connect(giver!).approve(await market.getAddress(), cost);
  await market.connect(giver!).buy(ID, size, cost, FOREVER, to);
}
