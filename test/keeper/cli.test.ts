/** The whole loop through the commands that a person types, against a chain with the real venue. */
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { Contract, type JsonRpcProvider, Wallet } from "ethers";
import { type Contracts, connectContracts } from "../../keeper/contracts.ts";
import { type Policy, readPolicy } from "../../keeper/hedge/policy.ts";
import { tick } from "../../keeper/keeper.ts";
import { openProvider } from "../../keeper/rpc.ts";
import { encodeSeries } from "../../keeper/series.ts";
import { readSnapshot } from "../../keeper/snapshot.ts";
import { type SpawnedChain, spawnLocalChain } from "../../scripts/local-chain/spawn.ts";
import { expectRefusal, type Outcome, run, start } from "../helpers/command.ts";
import { expectNear } from "../helpers/numbers.ts";

const WAD = 10n ** 18n;
const USDC = 10n ** 6n;
const abs = (x: bigint): bigint => (x < 0n ? -x : x);

describe("the commands on a running chain", function () {
  this.timeout(120_000);
  this.bail(true);

  let chain: SpawnedChain;
  let provider: JsonRpcProvider;
  let contracts: Contracts;
  let policy: Policy;
  let requests: string[];
  let expiry: bigint;
  let call: string;
  let callId: bigint;

  before(async () => {
    chain = await spawnLocalChain(["--no-steward"]);
    const { rpcUrl, chainId } = chain.deployment;
    provider = openProvider({ url: rpcUrl, chainId });
    requests = [];
    const send = provider._send.bind(provider);
    provider._send = (payload) => {
      requests.push(...[payload].flat().map(({ method }) => method));
      return send(payload);
    };
    contracts = connectContracts(chain.deployment, provider);
    policy = await readPolicy(contracts);
    expiry = (await contracts.market.liveExpiries())[0]!;
    callId = encodeSeries({ expiry, strikeWad: 3000n * WAD, isCall: true });
  });
  after(async () => {
    provider?.destroy();
    await chain?.stop();
  });

  const addressOf = (name: string): string => chain.deployment.local!.accounts[name]!.address;
  const walletOf = (name: string): Wallet => new Wallet(chain.deployment.local!.accounts[name]!.privateKey, provider);
  const on = (command: string, ...args: string[]): Promise<Outcome> =>
    run(command, ["--deployment", chain.deploymentFile, ...args]);

  /** Runs to success and returns what was said. */
  async function say(command: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await on(command, ...args);
    expect(code, stderr).to.equal(0);
    expect(stderr).to.equal("");
    return stdout;
  }

  async function move(to: number, hours = 1): Promise<void> {
    const args = ["--deployment", chain.deploymentFile, "--to", String(to), "--hours", String(hours)];
    const { code, stderr } = await start("scripts/move.ts", args).outcome;
    expect(code, stderr).to.equal(0);
  }

  const blockNumber = (): Promise<number> => provider.getBlockNumber();
  const balanceOf = (name: string): Promise<bigint> =>
    contracts.quoteToken.balanceOf(name.startsWith("0x") ? name : addressOf(name));

  it("board shows what can be bought and sold back, for one and for many", async () => {
    const text = await say("board");
    call = /ETH-\w+-3000-C/.exec(text)![0];
    expect(text).to.match(/spot 3,000\.00 USDC \(±0\.[0-9]+ %, push price of [0-9]+ s ago\)/);
    expect(text.match(/ETH-\w+-[0-9]+-[CP]$/gm)).to.have.length(10);
    const { price } = await contracts.market.quote(callId, WAD);
    const [, bid, ask] = /3,000\s+call.*?([0-9.]+)\s+([0-9.]+)\s+0\s+ETH/.exec(text)!.map(Number);
    expectNear(ask!, Number(price.premium) / 1e6, 0.05);
    expectNear(bid!, Number(price.proceeds) / 1e6, 0.05);
    const many = await say("board", "--size", "200");
    expect(many).to.match(/3,000\s+call.*RoundDeltaSpent/);
    expect(many).to.match(/^ {2}RoundDeltaSpent: as much delta as one price of the feed allows has been sold/m);
  });

  it("quote shows every part of the price, both ways, and the limits", async () => {
    const text = await say("quote", "--series", call, "--size", "2");
    for (const part of [
      "model value",
      "worse price",
      "doubt of volatility",
      "hedging cost",
      "doubt of spot",
      "doubt of delta",
      "doubt of carry",
      "inventory skew",
    ]) {
      expect(text).to.match(new RegExp(`^ {2}${part} +\\(?-?[0-9.,]+\\)? +\\(?-?[0-9.,]+\\)? +\\S`, "m"));
    }
    // What is not in brackets adds up to what is paid.
    const figures = (column: number): number[] =>
      [...text.matchAll(/^ {2}[a-z ]+? +(\(?-?[0-9.,]+\)?) +(\(?-?[0-9.,]+\)?) {2}/gm)]
        .map((row) => row[column]!)
        .filter((cell) => !cell.startsWith("("))
        .map((cell) => Number(cell.replaceAll(",", "")));
    const { price } = await contracts.market.quote(callId, 2n * WAD);
    for (const [column, assets] of [
      [1, price.premium],
      [2, price.proceeds],
    ] as const) {
      const parts = figures(column);
      const together = parts.pop()!;
      expect(parts).to.have.length(7);
      expectNear(
        parts.reduce((sum, part) => sum + part, 0),
        together,
        0.001,
      );
      expectNear(2 * together, Number(assets) / 1e6, 0.1);
    }
    for (const label of ["spot", "venue's mark", "forward", "volatility", "delta", "coverage", "cash to buy"]) {
      expect(text).to.match(new RegExp(`^ {2}${label}.* {2}\\S`, "m"));
    }
    expect(text).to.contain("within all");
    expect(await say("quote", "--series", call, "--size", "200")).to.match(
      /buying costs +closed: as much delta as one price of the feed allows/,
    );
  });

  it("deposit mints test money, deposits it and says what came of it", async () => {
    const text = await say("deposit", "--amount", "100000");
    expect(text).to.match(/alice lacked 100,000\.00 USDC: minted/);
    expect(text).to.match(/alice deposited 100,000\.00 USDC and received [0-9,.]+ shares, worth 99,[0-9,.]+ USDC/);
    expect(await contracts.vault.balanceOf(addressOf("alice"))).to.be.greaterThan(0n);
    expect(await balanceOf("alice")).to.equal(0n);
  });

  /** Refusals send nothing, so that they may be asked for at once. */
  async function refuses(cases: readonly (readonly [string, RegExp])[]): Promise<void> {
    const outcomes = await Promise.all(cases.map(([line]) => on(...(line.split(" ") as [string, ...string[]]))));
    for (const [place, [, message]] of cases.entries()) expectRefusal(outcomes[place]!, message);
  }

  it("deposit refuses what is not an amount and who is not there", async () => {
    await refuses([
      ["deposit --amount -5", /^error: --amount: expected a positive decimal number.*got "-5"/],
      ["deposit --amount 1.0000001", /^error: --amount: expected at most 6 decimals, got 7/],
      ["deposit --amount 5 --as mallory", /^error: --as: expected one of .*alice.*got "mallory"/],
      ["deposit --amount 5 --as constructor", /^error: --as: expected one of/],
    ]);
  });

  it("buy refuses what is not listed, too dear, too small or too much to cover, and buys nothing", async () => {
    const buy = `buy --series ${call} --size`;
    await refuses([
      [
        `buy --series ${call.replace("3000", "3001")} --size 1`,
        /^error: .*that strike is not listed: expected one of 2,700, .*3,300/,
      ],
      ["buy --series ETH-01JAN26-3000-C --size 1", /^error: nothing expires on 01JAN26: expected one of/],
      ["buy --series 3000 --size 1", /^error: 3000: that strike is not listed: expected one of \(none is listed\)/],
      ["buy --series calls --size 1", /^error: --series: expected ETH-DDMMMYY-STRIKE/],
      [
        `${buy} 1 --max-premium 5 --no-update`,
        /^error: 1 ETH-.* cost [0-9.]+ USDC now, above --max-premium 5\.00 USDC/,
      ],
      [`${buy} 0.009`, /^error: 0\.009 ETH-.* cannot be bought now: the size is below the smallest trade/],
      [`${buy} 5000 --no-update`, /^error: 5000 ETH-.* cannot be bought now: /],
      [`${buy} 1 --slippage 60`, /^error: --slippage: expected at most 50 percent, got "60"/],
    ]);
    expect(await contracts.optionToken.balanceOf(addressOf("dave"), callId)).to.equal(0n);
  });

  it("keeper finds nothing to do before anything is sold", async () => {
    expect(await say("keeper", "--once")).to.match(/hold: no option is open[\s\S]*nothing was sent/);
  });

  it("buy brings a fresh price along, pays less for it, and says what each pays", async () => {
    const [stale] = (await contracts.market.quote(callId, 20n * WAD)).price;
    const text = await say("buy", "--series", call, "--size", "20");
    expect(text).to.match(/^Together with a fresh price: 2,[0-9.]+ USDC instead of 2,[0-9.]+ USDC\.$/m);
    const paid = Number(new RegExp(`dave bought 20 ${call} for ([0-9,.]+) USDC`).exec(text)![1]!.replaceAll(",", ""));
    expect(paid).to.be.lessThan(Number(stale) / 1e6);
    expect(text).to.contain("Each pays what ETH is above 3,000.00 USDC");
    expect(await contracts.optionToken.balanceOf(addressOf("dave"), callId)).to.equal(20n * WAD);
    expect(await contracts.market.openInterest(callId)).to.equal(20n * WAD);
    const router = chain.deployment.contracts.router!;
    expect(await provider.getBalance(router)).to.equal(0n);
    expect(await balanceOf(router)).to.equal(0n);
  });

  it("sell sells back at the quote, and refuses what is not held or too cheap", async () => {
    await say("buy", "--series", call, "--size", "3", "--as", "erin", "--no-update");
    const text = await say("sell", "--series", call, "--size", "1", "--as", "erin");
    expect(text).to.match(
      /^Together with a fresh price: [0-9.]+ USDC instead of [0-9.]+ USDC\.\nerin sold 1 ETH-[0-9A-Z]+-3000-C back for 10[0-9]\.[0-9]{2} USDC/,
    );
    const direct = await say("sell", "--series", call, "--size", "1", "--as", "erin", "--no-update");
    expect(direct).to.match(/^erin sold 1 ETH-[0-9A-Z]+-3000-C back for [0-9.]+ USDC/);
    const refused = await on("sell", "--series", call, "--size", "2", "--as", "erin");
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/^error: erin holds 1 ETH-[0-9A-Z]+-3000-C, less than the 2 /);
    const tooDear = ["sell", "--series", call, "--size", "1", "--min-proceeds", "500", "--as", "erin"] as const;
    expectRefusal(await on(...tooDear, "--no-update"), /bring [0-9.]+ USDC now, below --min-proceeds 500\.00 USDC/);
    expect((await on(...tooDear)).stderr).to.match(
      /ProceedsBelowLimit: the sale brings [0-9.]+ USDC, less than allowed/,
    );
    await say("sell", "--series", call, "--size", "1", "--as", "erin");
  });

  it("buy goes on with the feed's own price when the service is away, and says so", async () => {
    const text = await say("buy", "--series", call, "--size", "1", "--as", "erin", "--prices", "http://127.0.0.1:9");
    expect(text).to.match(/^No fresh price is brought, .*cannot get a price from 127\.0\.0\.1:9/m);
    await say("sell", "--series", call, "--size", "1", "--as", "erin");
  });

  it("keeper --dry-run says what it would do and sends nothing", async () => {
    const before = await blockNumber();
    const text = await say("keeper", "--dry-run");
    expect(text).to.match(
      /hedge: buy 10\.[0-9]+ ETH at most 3,01[0-9.]+ USDC: net delta -10\.[0-9]+ ETH .* is outside the band ±2\.00 ETH/,
    );
    expect(text).to.match(/dry run: hedge would succeed; nothing was sent/);
    expect(await blockNumber()).to.equal(before);
  });

  it("keeper --once hedges on the real venue and reports the fill", async () => {
    const before = await blockNumber();
    const text = await say("keeper", "--once");
    expect(text).to.match(/the local chain's well-known keeper key/);
    expect(text).to.match(
      /hedged: bought 10\.[0-9]+ ETH at 3,00[0-9.]+ USDC \(spot 3,000\.00 USDC\); net delta -10\.[0-9]+ ETH → 0\.00 ETH/,
    );
    expect(text).to.not.contain(chain.deployment.local!.accounts.keeper!.privateKey.slice(2));
    expect(await blockNumber()).to.equal(before + 1);
    const { hedge } = await readSnapshot(contracts);
    expect(abs(hedge.netDeltaWad) <= hedge.bandWad).to.equal(true);
    expect(hedge.sizeWad).to.be.greaterThan(10n * WAD);
  });

  it("keeper --once a second time sends nothing", async () => {
    const before = await blockNumber();
    expect(await say("keeper", "--once")).to.match(/is within the band ±2\.00 ETH\nnothing was sent/);
    expect(await blockNumber()).to.equal(before);
  });

  it("keeper hedges again after the market has moved past the band, and once only", async () => {
    await move(3150);
    expect(await say("keeper", "--once")).to.match(/hedged: bought [0-9.]+ ETH at 3,15[0-9.]+ USDC/);
    expect(await say("keeper", "--once")).to.match(/nothing was sent/);
  });

  it("a tick that holds makes one request, a tick that hedges eight", async () => {
    const signer = walletOf("keeper");
    requests.length = 0;
    const held = await tick({ contracts, signer, policy });
    expect(held.decision.action).to.equal("hold");
    expect(held.after).to.equal(held.before);
    expect(requests).to.deep.equal(["eth_call"]);

    await move(3000);
    requests.length = 0;
    const hedged = await tick({ contracts, signer, policy });
    expect(hedged.decision.action).to.equal("hedge");
    expect(hedged.hashes).to.have.length(1);
    expect(requests).to.have.length(8);
    expect(abs(hedged.after.hedge.netDeltaWad) <= hedged.after.hedge.bandWad).to.equal(true);
  });

  it("a dry tick without a signer decides and sends nothing", async () => {
    await move(3150);
    const lines: string[] = [];
    const before = await blockNumber();
    const result = await tick({ contracts, policy, dryRun: true, log: (line) => lines.push(line) });
    expect(result.decision.action).to.equal("hedge");
    expect(result.hashes).to.deep.equal([]);
    expect(lines.join("\n")).to.match(/hedge was not simulated, for want of an account/);
    expect(await blockNumber()).to.equal(before);
  });

  it("status shows what the vault has, owes and risks", async () => {
    const text = await say("status");
    for (const label of [
      "NAV",
      "per share",
      "idle",
      "options sold",
      "book greeks",
      "net delta",
      "venue",
      "mark and index",
      "volatility surface",
      "realised volatility",
      "expected carry",
      "checkpoint of sales",
      "funding",
      "keeper would",
    ]) {
      expect(text).to.match(new RegExp(`^${label}  +\\S`, "m"));
    }
    expect(text).to.match(/^deposits and exits +open$/m);
    expect(text).to.match(/options sold +20 calls, 0 puts/);
    expect(text).to.match(/^spot +3,[0-9.,]+ USDC, (push|pull) price of .*, doubt ε 0\.[0-9]+ %$/m);
    expect(text).to.match(/^volatility surface +fresh, oldest post .* ago/m);
    expect(text).to.match(/^expected carry +[+-][0-9.]+ % a year for a week .*sampled .* ago/m);
    const { nav } = await readSnapshot(contracts);
    const shown = Number(/^NAV +([0-9,.]+) USDC/m.exec(text)![1]!.replaceAll(",", ""));
    expectNear(shown, Number(nav.midWad / 10n ** 12n) / 1e6, 0.01);
  });

  it("keeper refuses an account without the role", async () => {
    const { privateKey } = chain.deployment.local!.accounts.dave!;
    const outcome = await run("keeper", ["--deployment", chain.deploymentFile], { KEEPER_PRIVATE_KEY: privateKey });
    expectRefusal(outcome, new RegExp(`^error: the account ${addressOf("dave")} does not have the keeper role`));
  });

  it("keeper --loop survives a node that is away, goes on when it is back, and ends cleanly", async () => {
    const proxy = await breakableProxy(chain.deployment.rpcUrl);
    const loop = start("keeper/cli/keeper.ts", [
      "--deployment",
      chain.deploymentFile,
      "--rpc",
      proxy.url,
      "--loop",
      "--interval",
      "0.2",
    ]);
    try {
      await loop.until(/hedged: bought/);
      await loop.until(/within the band/);
      proxy.isBroken = true;
      await loop.until(/tick \d+ failed, the next one follows in 0\.2 s: the node at .* answered with HTTP 502/);
      proxy.isBroken = false;
      await loop.until(/HTTP 502[\s\S]*within the band/);
      loop.process.kill("SIGINT");
      const { code, stdout } = await loop.outcome;
      expect(code).to.equal(0);
      expect(stdout).to.match(
        /keeper: SIGINT: stopping after the tick in progress\nkeeper: stopped after \d+ ticks, [1-9]\d* of them failed\n$/,
      );
      expect(stdout.match(/hedged:/g)).to.have.length(1);
    } finally {
      loop.process.kill("SIGKILL");
      await proxy.close();
    }
  });

  it("a feed that cannot be read makes the keeper hold and closes the vault, in words", async () => {
    const abi = ["function setOffline(bool)"];
    const feed = new Contract(chain.deployment.contracts.feed, abi, walletOf("feed"));
    await (await feed.getFunction("setOffline")(true)).wait();
    try {
      expect(await say("keeper", "--once")).to.match(
        /hold: the spot price is not to be trusted: the feed cannot be read\nnothing was sent/,
      );
      expect(await say("status")).to.match(
        /deposits and exits +closed: PriceUntrusted, the spot price is not to be trusted now/,
      );
      expectRefusal(
        await on("deposit", "--amount", "5"),
        /^error: deposits are closed: the spot price is not to be trusted now/,
      );
      expectRefusal(await on("withdraw", "--all"), /^error: withdrawals are closed/);
    } finally {
      await (await feed.getFunction("setOffline")(false)).wait();
    }
  });

  it("withdraw says what is free when not everything is, and pays what is", async () => {
    const bob = await say("deposit", "--amount", "5000", "--as", "bob");
    expect(bob).to.contain("bob deposited 5,000.00 USDC");
    const outcome = await on("withdraw", "--amount", "199000");
    expectRefusal(
      outcome,
      /^error: alice has [0-9,.]+ shares worth [0-9,.]+ USDC at the bid, of which [0-9,.]+ USDC .* is free now, not the 199,000\.00 USDC asked for/,
    );
    expect(await say("withdraw", "--amount", "1000.5")).to.match(
      /alice withdrew 1,000\.50 USDC for [0-9,.]+ shares\. [0-9,.]+ shares worth [0-9,.]+ USDC stay\./,
    );
    expect(await balanceOf("alice")).to.equal(1_000_500_000n);
    expect(await say("withdraw", "--all", "--as", "bob")).to.match(
      /bob withdrew 4,9[0-9,.]+ USDC .* No shares are left\./,
    );
    expectRefusal(await on("withdraw", "--all", "--as", "bob"), /^error: bob has no shares: deposit first/);
  });

  it("settle finds nothing due before expiry, and cannot before the feed has a round", async () => {
    expect(await say("settle")).to.match(/^Nothing is due\. The next expiry is 2026-01-/);
    expectRefusal(await on("settle", "--expiry", String(expiry)), /^error: .* lies ahead: the chain's time is/);
    expectRefusal(await on("settle", "--expiry", "tomorrow"), /^error: --expiry: expected a day like 09JAN26/);
    expectRefusal(
      await on("settle", "--expiry", "123"),
      /^error: 1970-01-01 00:02:03 UTC is not listed: expected one of 2026-01-/,
    );
    expectRefusal(await on("redeem", "--series", call), /^error: ETH-.* is not settled: it expires at/);

    await provider.send("evm_setNextBlockTimestamp", [Number(expiry) + 10]);
    await provider.send("evm_mine", []);
    expectRefusal(
      await on("settle"),
      /^error: .* cannot be settled yet: the feed has no round at or after it yet.* \(until 2026-.* at the latest\)/,
    );
    expect(await say("keeper", "--once")).to.match(/cannot be settled yet: the feed has no round at or after it yet/);
  });

  it("settle settles at the first round after expiry and says who can redeem what", async () => {
    await move(3200);
    const text = await say("settle");
    expect(text).to.match(/ settled at 3,200\.00 USDC \(the feed's round of .*\); 4,000\.00 USDC is owed to holders\./);
    expect(text).to.contain(`dave: 20 ${call} pay 200.00 USDC each: npm run redeem -- --series ${call} --as dave`);
    expect(await contracts.vault.owed()).to.equal(4_000n * USDC);
    expect(await say("settle")).to.equal("Nothing is due. No expiry is listed.\n");
    expectRefusal(await on("settle", "--expiry", String(expiry)), /is settled already/);
  });

  it("redeem pays what was promised, once", async () => {
    const before = await balanceOf("dave");
    expectRefusal(
      await on("redeem", "--series", call, "--size", "21"),
      /^error: dave holds 20 ETH-.*, less than the 21 ETH-/,
    );
    expectRefusal(await on("redeem", "--series", call, "--as", "erin"), /^error: erin holds no ETH-/);
    expect(await say("redeem", "--series", call, "--size", "5")).to.contain(
      `dave redeemed 5 ${call}, settled at 3,200.00 USDC, for 1,000.00 USDC.`,
    );
    expect(await say("redeem", "--series", call)).to.contain(
      `dave redeemed 15 ${call}, settled at 3,200.00 USDC, for 3,000.00 USDC.`,
    );
    expect((await balanceOf("dave")) - before).to.equal(4_000n * USDC);
    expectRefusal(await on("redeem", "--series", call), /^error: dave holds no ETH-/);
    expect(await contracts.vault.owed()).to.equal(0n);
  });

  it("keeper closes the position when no option is open, and fetches all margin", async () => {
    const text = await say("keeper", "--once");
    expect(text).to.match(/hedge: sell [0-9.]+ ETH .*no option is open/);
    const { hedge } = await readSnapshot(contracts);
    expect(hedge.sizeWad).to.equal(0n);
    expect(hedge.equityWad < WAD).to.equal(true);
    expect(await say("keeper", "--once")).to.match(/nothing was sent/);
  });

  it("one tick settles what has expired and then unwinds the hedge, the next one sends nothing", async () => {
    const curator = contracts.market.connect(walletOf("curator"));
    const next = expiry + 14n * 86_400n;
    await (await curator.listExpiry(next)).wait();
    await (await curator.listStrikes(next, [3200n * WAD])).wait();
    // The steward posts its volatility.
    await move(3200, 0.1);
    const put = encodeSeries({ expiry: next, strikeWad: 3200n * WAD, isCall: false });
    await say("buy", "--series", String(put), "--size", "10", "--as", "erin");
    const options = { contracts, policy, signer: walletOf("keeper") };
    expect((await tick(options)).steps.map(({ decision }) => decision.action)).to.deep.equal(["hedge"]);

    await provider.send("evm_setNextBlockTimestamp", [Number(next) + 10]);
    await provider.send("evm_mine", []);
    await move(3100);
    const result = await tick(options);
    expect(result.steps.map(({ decision }) => decision.action)).to.deep.equal(["settle", "hedge"]);
    expect(result.steps[0]!.outcome).to.match(
      / at 3,100\.00 USDC; 1,000\.00 USDC owed to holders \(the feed's round of /,
    );
    expect(result.before.hedge.sizeWad).to.be.lessThan(0n);
    expect(result.after.hedge.sizeWad).to.equal(0n);
    expect(result.after.unsettledExpiries).to.deep.equal([]);
    expect((await tick(options)).steps).to.deep.equal([]);
    expect(await say("redeem", "--series", String(put), "--as", "erin")).to.contain("for 1,000.00 USDC");
  });

  it("buy settles what has expired on the way, in the same transaction", async () => {
    const curator = contracts.market.connect(walletOf("curator"));
    const [first, second] = [expiry + 21n * 86_400n, expiry + 28n * 86_400n];
    for (const each of [first, second]) {
      await (await curator.listExpiry(each)).wait();
      await (await curator.listStrikes(each, [3100n * WAD])).wait();
    }
    await move(3100, 0.1);
    const idOf = (each: bigint): string => String(encodeSeries({ expiry: each, strikeWad: 3100n * WAD, isCall: true }));
    await say("buy", "--series", idOf(first), "--size", "1", "--as", "erin");
    await provider.send("evm_setNextBlockTimestamp", [Number(first) + 10]);
    await provider.send("evm_mine", []);
    await move(3100, 0.1);
    expect(await say("status")).to.match(/deposits and exits +closed: ExpiryUnsettled/);
    expectRefusal(
      await on("buy", "--series", idOf(first), "--size", "1", "--as", "erin"),
      /cannot be bought now: the series has expired/,
    );
    const text = await say("buy", "--series", idOf(second), "--size", "1", "--as", "erin");
    expect(text).to.match(/^Together with a fresh price and the settlement of 2026-/m);
    expect((await contracts.market.expiryOf(first)).settled).to.equal(true);
    await say("sell", "--series", idOf(second), "--size", "1", "--as", "erin");
    await say("keeper");
  });

  it("withdraw --all returns everything once nothing is at risk", async () => {
    const text = await say("withdraw", "--all");
    expect(text).to.match(/alice withdrew 9[0-9,.]+ USDC for [0-9,.]+ shares\. No shares are left\./);
    expect(await contracts.vault.balanceOf(addressOf("alice"))).to.equal(0n);
  });

  it("says so when the chain has been restarted and the file is of another one", async () => {
    const { quoteToken, lens, accessManager } = chain.deployment.contracts;
    for (const [address, command, what] of [
      [lens, "status", "the lens gave no snapshot"],
      [accessManager, "keeper", "the roles cannot be read"],
      [quoteToken, "board", "the deployment cannot be read"],
    ] as const) {
      await provider.send("hardhat_setCode", [address, "0x"]);
      const expected = `^error: ${what}: the contract does not answer; .*write it again with \`npm run chain\``;
      expectRefusal(await on(command), new RegExp(expected));
    }
  });
});

interface BreakableProxy {
  url: string;
  isBroken: boolean;
  close(): Promise<void>;
}

/** Passes requests on, or answers 502 while it is told to be broken. */
async function breakableProxy(target: string): Promise<BreakableProxy> {
  const server: Server = createServer((incoming, response) => {
    if (proxy.isBroken) {
      response.writeHead(502).end();
      return;
    }
    const { method, headers } = incoming;
    const outgoing = httpRequest(target, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    outgoing.once("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: BreakableProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isBroken: false,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
