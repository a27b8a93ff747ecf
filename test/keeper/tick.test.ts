/** Ticks on an in-process chain: what waits, what is refused and what the oracles need. */
import { expect } from "chai";
import { HDNodeWallet, type Wallet } from "ethers";
import { type Contracts, connectContracts, type RpcProvider } from "../../keeper/contracts.ts";
import { DEPLOYMENT_VERSION, type Deployment } from "../../keeper/deployment.ts";
import { readPolicy } from "../../keeper/hedge/policy.ts";
import { type TickOptions, type TickResult, tick } from "../../keeper/keeper.ts";
import { PriceService } from "../../keeper/prices/service.ts";
import { type HermesService, serveHermes } from "../../scripts/local-chain/hermes.ts";
import {
  buy,
  type CurieSystem,
  DAY,
  deposit,
  eth,
  HOUR,
  keepFresh,
  listBoard,
  networkHelpers,
  postSurface,
  provider,
  refreshFeed,
  type System,
  seriesId,
  setPrice,
  systemOnCurie,
  systemOnMisbehavingVenue,
  usdc,
  WEEK,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const WINDOW = 3 * HOUR;

/** Hardhat's accounts, whose keys everybody knows. */
const PHRASE = "test test test test test test test test test test test junk";
const keeperWallet = HDNodeWallet.fromPhrase(PHRASE, undefined, "m/44'/60'/0'/0/3") as unknown as Wallet;

function deploymentOf({ addresses, parts }: System, serviceUrl?: string): Deployment {
  return {
    version: DEPLOYMENT_VERSION,
    chainId: 31_337,
    rpcUrl: "http://in-process",
    contracts: { quoteToken: parts.quoteToken, feed: parts.feed, ...addresses },
    pull: { ...parts.pull!, serviceUrl },
  };
}

interface Desk {
  readonly contracts: Contracts;
  readonly lines: string[];
  run(changes?: Partial<TickOptions>): Promise<TickResult>;
}

async function deskOf(system: System, serviceUrl?: string): Promise<Desk> {
  expect(keeperWallet.address).to.equal(system.keeper.address);
  const contracts = connectContracts(deploymentOf(system, serviceUrl), provider as unknown as RpcProvider);
  const policy = await readPolicy(contracts);
  const lines: string[] = [];
  const options: TickOptions = {
    contracts,
    policy,
    signer: keeperWallet,
    chores: false,
    log: (line) => lines.push(line),
  };
  return { contracts, lines, run: (changes = {}) => tick({ ...options, ...changes }) };
}

const actionsOf = ({ steps }: TickResult): string[] => steps.map(({ decision }) => decision.action);

/** Two expiries, a week apart; ten calls are open in the first and thirty in the second, nothing is hedged. */
async function twoExpiries() {
  const system = await systemOnMisbehavingVenue();
  await deposit(system, system.alice, usdc(1_000_000));
  const first = await listBoard(system);
  const second = await listBoard(system, { week: 2 });
  await buy(system, system.dave, seriesId(first, 3_000, "call"), eth(5));
  await refreshFeed(system);
  await buy(system, system.dave, seriesId(second, 3_000, "call"), eth(15));
  return { system, first, second };
}

/** Goes on to a time with a feed that wrote its last round a minute before. */
async function goTo(system: System, moment: bigint | number): Promise<void> {
  await time.increaseTo(BigInt(moment) - 60n);
  await refreshFeed(system);
  await time.increaseTo(moment);
}

describe("tick: an expiry that cannot be settled", () => {
  it("settles the others, waits for it, and hedges what is open", async () => {
    const { system, first, second } = await loadFixture(twoExpiries);
    const third = await listBoard(system, { week: 3 });
    await refreshFeed(system);
    await buy(system, system.erin, seriesId(third, 3_000, "put"), eth(15));
    await time.increaseTo(first + 30n);
    await setPrice(system, 3_100);
    // The second has passed, too, and the feed has no round for it yet.
    await goTo(system, second);
    const { run, lines } = await deskOf(system);
    const result = await run();
    expect(actionsOf(result)).to.deep.equal(["settle", "hedge"]);
    expect(result.steps[0]!.outcome).to.match(/ at 3,100\.00 USDC; .* \(the feed's round of /);
    expect(result.waitingExpiries).to.deep.equal([second]);
    expect(lines.join("\n")).to.match(/cannot be settled yet: the feed has no round at or after it yet/);
    expect((await system.market.expiryOf(first)).settled).to.equal(true);
    expect((await system.market.expiryOf(second)).settled).to.equal(false);
    const { netDeltaWad } = result.after.hedge;
    expect(netDeltaWad > -eth("0.001") && netDeltaWad < eth("0.001"), String(netDeltaWad)).to.equal(true);
    // Nothing is sent twice for it.
    expect((await run()).steps).to.deep.equal([]);
    await refreshFeed(system);
    await time.increase(1);
    const last = await run();
    expect(actionsOf(last)[0]).to.equal("settle");
    expect(last.after.unsettledExpiries).to.deep.equal([]);
  });

  it("goes on when its settlement would revert", async () => {
    const { system, first, second } = await loadFixture(twoExpiries);
    await time.increaseTo(first + 30n);
    await setPrice(system, 3_100);
    await time.increaseTo(second + 30n);
    await keepFresh(system);
    await time.increase(1);
    const { contracts, lines, run } = await deskOf(system);
    const real = contracts.router!;
    // One that somebody else's settlement has overtaken, say: the contract refuses a proof of no phase.
    const prepare = {
      populateTransaction: async (before: { settlements: { expiry: bigint; boundaries: bigint[] }[] }) => {
        const settlements = before.settlements.map((s) => (s.expiry === first ? { ...s, boundaries: [1n] } : s));
        return real.prepare.populateTransaction({ ...before, settlements } as never);
      },
    };
    const router = { prepare } as unknown as Contracts["router"];
    const result = await run({ contracts: { ...contracts, router } });
    expect(result.waitingExpiries).to.deep.equal([first]);
    expect(actionsOf(result)[0]).to.equal("settle");
    expect(lines.join("\n")).to.match(/cannot be settled now: settle .*WrongNumberOfPhases: 1 boundaries were given/);
    expect((await system.market.expiryOf(second)).settled).to.equal(true);
  });

  it("ends the tick when the node is away, before anything else is sent", async () => {
    const { system, first } = await loadFixture(twoExpiries);
    await goTo(system, first + 30n);
    const { contracts, run } = await deskOf(system);
    const recordOf = async (): Promise<never> => {
      throw Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    };
    const expiryPriceOracle = { ...contracts.expiryPriceOracle, recordOf } as unknown as Contracts["expiryPriceOracle"];
    const before = await provider.getBlockNumber();
    const error = await run({ contracts: { ...contracts, expiryPriceOracle } }).catch((caught) => caught);
    expect(String(error)).to.contain("cannot reach the node");
    expect(await provider.getBlockNumber()).to.equal(before);
  });
});

describe("tick: by which rule an expiry settles", () => {
  async function oneExpiry() {
    const system = await systemOnMisbehavingVenue();
    await deposit(system, system.alice, usdc(1_000_000));
    const expiry = await listBoard(system);
    await buy(system, system.dave, seriesId(expiry, 3_000, "call"), eth(1));
    return { system, expiry };
  }

  it("takes two transactions where there is no router, with the same outcome", async () => {
    const { system, expiry } = await loadFixture(oneExpiry);
    await time.increaseTo(expiry + 30n);
    await setPrice(system, 3_100);
    await time.increase(1);
    const { contracts, run } = await deskOf(system);
    const result = await run({ contracts: { ...contracts, router: undefined } });
    const settled = result.steps.filter(({ decision }) => decision.action === "settle");
    expect(settled.map(({ outcome }) => outcome.split(" ")[0])).to.deep.equal(["showed", "settled"]);
    expect((await system.market.expiryOf(expiry)).settlementPrice).to.equal(eth(3_100));
  });

  it("settles what somebody else has proved", async () => {
    const { system, expiry } = await loadFixture(oneExpiry);
    await time.increaseTo(expiry + 30n);
    await setPrice(system, 3_100);
    await time.increase(1);
    const { roundId } = await system.feed.latestRoundData();
    await system.expiryPrices.connect(system.stranger).proveFirstRound(expiry, roundId, []);
    const result = await (await deskOf(system)).run();
    expect(result.steps[0]!.outcome).to.match(/\(proved before\)$/);
  });

  it("takes the first pull update when the feed is silent, in one transaction with its fee", async () => {
    const { system, expiry } = await loadFixture(oneExpiry);
    await goTo(system, expiry - 60n);
    await time.increaseTo(expiry + BigInt(WINDOW) + 1n);
    await refreshFeed(system);
    const service: HermesService = await serveHermes({
      id: system.parts.pull!.id,
      source: {
        now: async () => BigInt(await time.latest()),
        at: async () => ({ priceWad: eth(3_250), confidenceWad: 0n }),
      },
    });
    try {
      const { contracts, run } = await deskOf(system, service.url);
      const prices = PriceService.of(contracts);
      const result = await run({ prices });
      expect(actionsOf(result)[0]).to.equal("settle");
      expect(result.steps[0]!.outcome).to.match(/at 3,250\.00 USDC; .* \(the pull feed's update of .* 08:00:00 UTC\)$/);
      expect((await system.market.expiryOf(expiry)).settlementPrice).to.equal(eth(3_250));
    } finally {
      await service.close();
    }
  });

  it("says until when it waits when there is no price service, then takes the last round before expiry", async () => {
    const { system, expiry } = await loadFixture(oneExpiry);
    await goTo(system, expiry - 60n);
    await time.increaseTo(expiry + BigInt(WINDOW) + 1n);
    await refreshFeed(system);
    const { run, lines } = await deskOf(system);
    expect((await run()).waitingExpiries).to.deep.equal([expiry]);
    expect(lines.join("\n")).to.match(/\(there is no price service to ask\) \(until .* at the latest\)/);
    await time.increaseTo(expiry + BigInt(WEEK) + 1n);
    await keepFresh(system);
    const result = await run();
    expect(result.steps[0]!.outcome).to.match(/at 3,000\.00 USDC; .* \(the feed's last round before it, of /);
  });
});

describe("tick: chores", () => {
  async function onCurie() {
    const system = await systemOnCurie();
    await deposit(system, system.alice, usdc(1_000_000));
    const expiry = await listBoard(system);
    return { system, expiry };
  }
  const chores = { nearExpirySeconds: 600n, checkpointAgeSeconds: 300n, fundingAgeSeconds: BigInt(HOUR) };

  async function step(system: CurieSystem, seconds: number): Promise<void> {
    await system.world$.step({ priceWad: eth(3_000), seconds });
  }

  it("bring the hours that are over and sample funding, once, and nothing when neither is due", async () => {
    const { system } = await loadFixture(onCurie);
    await step(system, 2 * HOUR + 60);
    const { run, lines } = await deskOf(system);
    const result = await run({ chores });
    expect(actionsOf(result)).to.deep.equal(["bringHours", "sampleFunding"]);
    expect(result.steps[0]!.outcome).to.match(/^brought [23] hours up to .*: realised volatility [0-9.]+ %$/);
    expect(result.steps[1]!.outcome).to.match(
      /^(sampled funding: .* a year over [0-9]+ minutes|began to sample funding)$/,
    );
    expect(lines.join("\n")).to.match(/bring hours: realised volatility is of .*, and an hour is over since/);
    expect(result.after.realised.asOf).to.be.greaterThan(result.before.realised.asOf);
    expect((await run({ chores })).steps).to.deep.equal([]);
    expect((await run({ chores: false })).steps).to.deep.equal([]);
  });

  it("come after the hedge, and a dry run sends none", async () => {
    const { system, expiry } = await loadFixture(onCurie);
    await step(system, 2 * HOUR + 60);
    await postSurface(system);
    await buy(system, system.dave, seriesId(expiry, 3_000, "call"), eth(10));
    const { run, lines } = await deskOf(system);
    const before = await provider.getBlockNumber();
    expect((await run({ chores, dryRun: true })).steps).to.deep.equal([]);
    expect(await provider.getBlockNumber()).to.equal(before);
    expect(lines.join("\n")).to.match(/dry run: bringHours would succeed; nothing was sent/);
    const result = await run({ chores });
    // The hedge itself takes a sample of funding.
    expect(actionsOf(result)).to.deep.equal(["hedge", "bringHours"]);
  });

  it("renew the checkpoint shortly before an expiry, so that its spot is young", async () => {
    const { system, expiry } = await loadFixture(onCurie);
    await buy(system, system.dave, seriesId(expiry, 3_000, "call"), eth(2));
    await time.increaseTo(expiry - BigInt(DAY));
    await step(system, DAY - 500);
    const { run } = await deskOf(system);
    const result = await run({ chores });
    expect(actionsOf(result)).to.include("renewCheckpoint");
    expect(result.after.checkpointTime).to.be.at.least(expiry - 500n);
    expect(actionsOf(await run({ chores }))).to.not.include("renewCheckpoint");
  });

  it("are a line each when one of them fails, and the next one follows", async () => {
    const { system } = await loadFixture(onCurie);
    await step(system, 2 * HOUR + 60);
    const { contracts, run, lines } = await deskOf(system);
    const bring = { populateTransaction: () => contracts.realisedVolatility.bring.populateTransaction([]) };
    const realisedVolatility = { grid: contracts.realisedVolatility.grid, bring } as unknown;
    const broken = { ...contracts, realisedVolatility } as Contracts;
    const result = await run({ contracts: broken, chores });
    expect(actionsOf(result)).to.deep.equal(["sampleFunding"]);
    expect(lines.join("\n")).to.match(/bringHours is left to the next tick: .*NoRounds: no round was brought/);
  });
});
