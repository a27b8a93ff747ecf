/**
 * The stage: a local chain with the real venue, two complete deployments of Ballast side by side, and the people who use
 * them. The time of every block is set here, so that no figure depends on how fast this machine is.
 */
import { id, JsonRpcProvider, MaxUint256, Network, type Signer, toQuantity, Wallet } from "ethers";
import { type Contracts, connectContracts } from "../../keeper/contracts.ts";
import type { Deployment } from "../../keeper/deployment.ts";
import { curieVenue, deployBallast } from "../deploy/deployBallast.ts";
import { ballastArtifact, type ContractArtifact } from "../local-chain/artifacts.ts";
import { type Curie, connectCurie } from "../local-chain/curie.ts";
import { connectMarket } from "../local-chain/market.ts";
import { serveLocalChain } from "../local-chain/serve.ts";
import { dueHours, dueUpkeep } from "../local-chain/steward.ts";
import { Transactor } from "../local-chain/transactor.ts";
import { FAIR_VOLATILITY, type PathPoint } from "./path.ts";

export const DEPOSITORS = { alice: 150_000n, bob: 100_000n, carol: 50_000n } as const;
export const BUYERS = ["dave", "erin", "frank", "grace"] as const;
/** What a buyer comes with: enough for every premium of both vaults. */
const BUYER_PURSE = 250_000n;
const USDC = 10n ** 6n;
/** What the governor locks in each vault for ever, whole tokens. */
const SEED_DEPOSIT = 1_000n;
/** Seconds after the feed's round when the venue's averages have followed the price. */
const MARKET_SETTLES = 16;
/** Where the seed deposits of both vaults are locked for ever. */
const NOBODY = "0x000000000000000000000000000000000000dEaD";

export type Depositor = keyof typeof DEPOSITORS;
export type Buyer = (typeof BUYERS)[number];
export type Person = Depositor | Buyer | "curator" | "feed" | "governor" | "keeper";

export const depositors = Object.keys(DEPOSITORS) as Depositor[];

/** One of the two vaults: `hedged` has a keeper, `unhedged` never hedges. */
export interface Side {
  readonly name: "hedged" | "unhedged";
  readonly contracts: Contracts;
}

export interface Stage {
  readonly provider: JsonRpcProvider;
  readonly deployment: Deployment;
  readonly curie: Curie;
  readonly hedged: Side;
  readonly unhedged: Side;
  readonly sides: readonly Side[];
  readonly addressOf: (person: Person) => string;
  /** Every address that may hold the quote token. */
  readonly holders: readonly { readonly holder: string; readonly address: string }[];
  /** Has the feed write the point's price at `time`, and the venue follow it. */
  moveMarket(point: PathPoint, time: number): Promise<void>;
  /** Mines one block, a second after the latest, with everything that the calls do, in their order. */
  act(calls: readonly PersonCall[]): Promise<void>;
  /** Does what falls due for both vaults: hours and funding brought, the surface posted, on a new day V_cap set. */
  tend(options: { readonly isNewDay: boolean }): Promise<void>;
  /** Sets the next block's time, a second after the latest, for somebody else's transaction. */
  timeNextBlock(): Promise<void>;
  /** Unix seconds of the latest block. */
  now(): number;
  close(): Promise<void>;
}

export interface PersonCall {
  readonly person: Person;
  readonly to: string;
  /** The contract called: its name, for instance "OptionVault", or its artifact. */
  readonly contract: string | Pick<ContractArtifact, "abi">;
  readonly method: string;
  readonly args: readonly unknown[];
}

export async function openStage(): Promise<Stage> {
  const chain = await serveLocalChain({ port: 0, listBoard: false, seedDeposit: SEED_DEPOSIT });
  const { deployment } = chain;
  const { local } = deployment;
  if (local === undefined) throw new Error("The chain that was just started is not a local one.");
  // One request a call: waiting for company costs more than the request.
  const provider = new JsonRpcProvider(deployment.rpcUrl, deployment.chainId, {
    staticNetwork: Network.from(deployment.chainId),
    cacheTimeout: -1,
    pollingInterval: 10,
    batchMaxCount: 1,
  });
  const close = async () => {
    provider.destroy();
    await chain.close();
  };
  try {
    const accounts = local.accounts;
    const signerOf = (actor: string): Signer => {
      const account = accounts[actor];
      // Not among the chain's own actors: a key from the name, worth nothing anywhere.
      return new Wallet(account?.privateKey ?? id(`ballast demo: ${actor}`), provider);
    };
    const addresses = new Map<string, string>();
    for (const actor of [...Object.keys(accounts), ...BUYERS]) addresses.set(actor, await signerOf(actor).getAddress());
    const addressOf = (actor: string): string => {
      const address = addresses.get(actor);
      if (address === undefined) throw new Error(`Nobody is called ${actor} here.`);
      return address;
    };
    for (const buyer of BUYERS) {
      await provider.send("hardhat_setBalance", [addressOf(buyer), toQuantity(10n ** 22n)]);
    }

    const curie = connectCurie({ addresses: local.curie, signer: signerOf("arbitrageur") });
    const market = await connectMarket({ curie, signer: signerOf("arbitrageur"), marketMover: local.marketMover });
    const twin = await deployBallast({
      deployer: signerOf("deployer"),
      quoteToken: deployment.contracts.quoteToken,
      feed: deployment.contracts.feed,
      pull: deployment.pull,
      // The hours of one feed are brought once.
      realisedVolatility: deployment.contracts.realisedVolatility,
      venue: curieVenue(local.curie),
      governor: addressOf("governor"),
      curator: addressOf("curator"),
      keeper: addressOf("keeper"),
      name: "Ballast, not hedged",
      symbol: "bETH-0",
    });
    await nameFundingReference(signerOf("feed"), twin.venue);
    const hedged: Side = { name: "hedged", contracts: connectContracts(deployment, provider) };
    const unhedged: Side = {
      name: "unhedged",
      contracts: connectContracts({ ...deployment, contracts: { ...deployment.contracts, ...twin } }, provider),
    };
    const sides = [hedged, unhedged];

    const transactors = new Map<Person, Transactor>();
    const people: Person[] = [...depositors, ...BUYERS, "curator", "feed", "governor"];
    for (const person of people) transactors.set(person, await Transactor.create(signerOf(person)));

    const latest = await provider.getBlock("latest");
    let now = latest?.timestamp ?? 0;

    async function act(calls: readonly PersonCall[]): Promise<void> {
      if (calls.length === 0) return;
      const involved = new Set<Transactor>();
      await provider.send("evm_setAutomine", [false]);
      try {
        for (const { person, to, contract, method, args } of calls) {
          const transactor = transactors.get(person);
          if (transactor === undefined) throw new Error(`${person} has no account here.`);
          const artifact = typeof contract === "string" ? ballastArtifact(contract) : contract;
          await transactor.call(to, artifact, method, args);
          involved.add(transactor);
        }
        await provider.send("evm_mine", [++now]);
      } finally {
        await provider.send("evm_setAutomine", [true]);
      }
      for (const transactor of involved) await transactor.confirm();
    }

    const tend = async ({ isNewDay }: { readonly isNewDay: boolean }) => {
      const timestamp = BigInt(now + 1);
      const due = await Promise.all([
        // Both vaults have one realised volatility.
        dueHours({ contracts: hedged.contracts, timestamp }),
        ...sides.map(({ contracts }) =>
          dueUpkeep({ contracts, timestamp, level: FAIR_VOLATILITY, leavesCapacity: !isNewDay }),
        ),
      ]);
      await act(
        due.flat().map(({ actor, to, artifact, method, args }) => {
          return { person: actor, to, contract: artifact, method, args };
        }),
      );
    };

    const holders = unique([
      ...people.map((person) => ({ holder: person as string, address: addressOf(person) })),
      ...["keeper", "arbitrageur", "deployer"].map((actor) => ({ holder: actor, address: addressOf(actor) })),
      { holder: "the arbitrageur's contract", address: local.marketMover },
      { holder: "nobody (locked shares)", address: NOBODY },
      ...Object.entries(local.curie).map(([name, address]) => ({ holder: `Curie ${name}`, address })),
      ...sides.flatMap(({ name, contracts }) => {
        const { quoteToken, feed, ...own } = contracts.deployment.contracts;
        return Object.entries(own).map(([part, address]) => ({ holder: `${name} ${part}`, address }));
      }),
    ]);
    return {
      provider,
      deployment,
      curie,
      hedged,
      unhedged,
      sides,
      addressOf,
      holders,
      moveMarket: async ({ priceWad, premiumWad }, time) => {
        await market.step({ priceWad, premiumWad, seconds: time + MARKET_SETTLES - now });
        now = time + MARKET_SETTLES;
      },
      act,
      tend,
      timeNextBlock: async () => {
        await provider.send("evm_setNextBlockTimestamp", [++now]);
      },
      now: () => now,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The adapter of the second vault learns funding from the same account as that of the first. */
async function nameFundingReference(signer: Signer, venue: string): Promise<void> {
  const transactor = await Transactor.create(signer);
  await transactor.call(venue, ballastArtifact("venues/CurieVenue"), "nameFundingReference", [transactor.address]);
  await transactor.confirm();
}

/** What both vaults use stands there once. */
function unique<T extends { readonly address: string }>(holders: readonly T[]): T[] {
  return [...new Map(holders.map((holder) => [holder.address, holder])).values()];
}

/** Gives everybody his money and his approvals, and the second vault the seed that the first one has. */
export function openingCalls(stage: Stage): PersonCall[] {
  const { sides, addressOf } = stage;
  const token = stage.deployment.contracts.quoteToken;
  const usdc = (person: Person, method: string, args: readonly unknown[]): PersonCall => {
    return { person, to: token, contract: "local/LocalUsdc", method, args };
  };
  const purse = (person: Person, units: bigint) => usdc(person, "mint", [addressOf(person), units]);
  const vaults = sides.map(({ contracts }) => contracts.deployment.contracts.vault);
  const markets = sides.map(({ contracts }) => contracts.deployment.contracts.market);
  const unhedgedVault = stage.unhedged.contracts.deployment.contracts.vault;
  return [
    purse("governor", SEED_DEPOSIT * USDC),
    usdc("governor", "approve", [unhedgedVault, SEED_DEPOSIT * USDC]),
    {
      person: "governor",
      to: unhedgedVault,
      contract: "OptionVault",
      method: "deposit",
      args: [SEED_DEPOSIT * USDC, NOBODY],
    },
    ...depositors.flatMap((person) => [
      purse(person, 2n * DEPOSITORS[person] * USDC),
      ...vaults.map((vault) => usdc(person, "approve", [vault, MaxUint256])),
    ]),
    ...BUYERS.flatMap((person) => [
      purse(person, BUYER_PURSE * USDC),
      ...markets.map((market) => usdc(person, "approve", [market, MaxUint256])),
    ]),
  ];
}

/** The same amount into both vaults. */
export function depositCalls(stage: Stage, person: Depositor): PersonCall[] {
  return stage.sides.map(({ contracts }) => ({
    person,
    to: contracts.deployment.contracts.vault,
    contract: "OptionVault",
    method: "deposit",
    args: [DEPOSITORS[person] * USDC, stage.addressOf(person)],
  }));
}
