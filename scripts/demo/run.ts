/**
 * One run: two vaults through the same weather and the same buyers, hour by hour. Each hour has the same order: the feed
 * and the venue move, what has expired is settled and paid, people come and buy, the keeper does its tick, and then the
 * hour is read, of one block for both vaults.
 */
import { Wallet } from "ethers";
import type { Hedge } from "../../keeper/hedge/decide.ts";
import { readPolicy } from "../../keeper/hedge/policy.ts";
import { type TickResult, tick } from "../../keeper/keeper.ts";
import { encodeSeries } from "../../keeper/series.ts";
import { settlementRoundOf } from "../../keeper/settlement.ts";
import { readSnapshot, type Snapshot } from "../../keeper/snapshot.ts";
import { bigintOf, type Journal, named, readAccount, readJournal, readLedger, venueStatement } from "./books.ts";
import { checkRecord } from "./checks.ts";
import { formatCount, formatDay, formatFixed, formatNumber, formatPercent, formatQuote } from "./format.ts";
import { checkLedger } from "./ledger.ts";
import { createPath, FAIR_VOLATILITY, type PathPoint } from "./path.ts";
import { BOARDS, boardHours, boardStrikes, type Purchase, planPurchases } from "./plan.ts";
import type { DemoRecord, EventRecord, HedgeRecord, HourRecord } from "./record.ts";
import {
  BUYERS,
  type Buyer,
  DEPOSITORS,
  depositCalls,
  depositors,
  openingCalls,
  openStage,
  type PersonCall,
  type Stage,
} from "./stage.ts";
import { hedgeStatistics } from "./statistics.ts";

const HOUR = 3_600;
/** Options expire at 08:00 UTC, so hour 0 is one. */
const START_HOUR = 8;
/** Seconds after the hour when the venue's averages have followed the price. */
const MARKET_READY = 16;
/** What a transaction may use here. Gas costs nothing on a local chain, and an estimate costs half a second. */
const KEEPER_GAS = 1n << 24n;
const VOLATILITY_WAD = BigInt(Math.round(FAIR_VOLATILITY * 100)) * 10n ** 16n;

export interface RunOptions {
  readonly seed: number;
  readonly hours: number;
  /** Takes one line of progress. */
  readonly say: (line: string) => void;
}

export interface RunResult {
  readonly record: DemoRecord;
  /** What does not hold, one sentence each. */
  readonly faults: readonly string[];
}

/** Starts a chain of its own, plays the whole run, checks it and closes the chain. */
export async function runDemo(options: RunOptions): Promise<RunResult> {
  const started = Date.now();
  const plan = planPurchases({ ...options, buyers: BUYERS });
  const path = createPath(options);
  options.say("Starting a local chain with Perp v2 “Curie”, and two vaults on it ...");
  const stage = await openStage();
  try {
    options.say(`Ready after ${formatNumber((Date.now() - started) / 1000, 1)} s.`);
    return await new Run(stage, path, plan, options).play();
  } finally {
    await stage.close();
  }
}

interface Board {
  readonly expiry: number;
  readonly strikes: readonly bigint[];
}

interface Holding {
  readonly buyer: Buyer;
  readonly id: bigint;
  sizeWad: bigint;
}

class Run {
  readonly #stage: Stage;
  readonly #path: readonly PathPoint[];
  readonly #plan: readonly Purchase[];
  readonly #options: RunOptions;
  readonly #boards: Board[] = [];
  readonly #hours: HourRecord[] = [];
  readonly #events: EventRecord[] = [];
  readonly #faults: string[] = [];
  /** Bands in force while the keeper's blocks were mined. */
  readonly #bands: {
    readonly after: number;
    readonly upTo: number;
    readonly bandWad: bigint;
    readonly time: number;
  }[] = [];
  #holdings: Holding[] = [];
  #hedges = 0;
  #keeperSent = 0;
  #start = 0;
  /** Unix seconds of the latest block. */
  #now = 0;
  #keep: () => Promise<TickResult> = () => Promise.reject(new Error("The keeper has not started."));

  constructor(stage: Stage, path: readonly PathPoint[], plan: readonly Purchase[], options: RunOptions) {
    this.#stage = stage;
    this.#path = path;
    this.#plan = plan;
    this.#options = options;
  }

  async play(): Promise<RunResult> {
    this.#keep = await this.#startKeeper();
    const latest = await this.#stage.provider.getBlock("latest");
    this.#now = latest?.timestamp ?? 0;
    this.#start = (Math.floor((this.#now - START_HOUR * HOUR) / (24 * HOUR)) + 1) * 24 * HOUR + START_HOUR * HOUR;
    for (const point of this.#path) await this.#playHour(point);
    await this.#leave();
    return this.#close();
  }

  // ---------------------------------------------------------------- an hour

  async #playHour(point: PathPoint): Promise<void> {
    const { hours } = this.#options;
    const time = this.#timeOf(point.hour);
    const seconds = time + MARKET_READY - this.#now;
    await this.#stage.market.step({ priceWad: point.priceWad, premiumWad: point.premiumWad, seconds });
    this.#now = time + MARKET_READY;
    if (point.jumped) this.#tellJump(point, time);
    if (point.hour === 0) await this.#open(time);
    for (let board = 0; board < BOARDS; board++) {
      if (boardHours({ hours, board }).expires === point.hour) await this.#expire(board, time);
    }
    for (let board = 0; board < BOARDS; board++) {
      if (boardHours({ hours, board }).listed === point.hour) await this.#list(board, point, time);
    }
    // The third depositor enters while options are open.
    if (point.hour === Math.round(hours / 4)) await this.#deposit("carol", time);
    await this.#buy(this.#plan.filter((purchase) => purchase.hour === point.hour));
    const result = await this.#keep();
    await this.#readHour(point, time, result);
  }

  #tellJump({ hour, priceWad }: PathPoint, time: number): void {
    const before = this.#path[hour - 1]?.priceWad ?? priceWad;
    const move = toNumber(priceWad) / toNumber(before) - 1;
    this.#tell(time, `ETH jumps by ${formatPercent(move, 1, true)} within the hour, to ${formatQuote(priceWad)} USDC`);
  }

  #tellFirstHedge({ sizeDeltaWad, figures }: Hedge, time: number): void {
    const eth = (value: bigint, signed = false) => `${formatFixed({ value, decimals: 18, digits: 3, signed })} ETH`;
    const trade = `${sizeDeltaWad > 0n ? "buys" : "sells"} ${eth(sizeDeltaWad > 0n ? sizeDeltaWad : -sizeDeltaWad)}`;
    this.#tell(
      time,
      `the keeper's first hedge: it ${trade} of the perpetual, because net delta ${eth(figures.netDeltaWad, true)} ` +
        `is outside the band ±${eth(figures.bandWad)}`,
    );
  }

  async #open(time: number): Promise<void> {
    await this.#act(openingCalls(this.#stage));
    await this.#deposit("alice", time);
    await this.#deposit("bob", time);
  }

  async #deposit(person: (typeof depositors)[number], time: number): Promise<void> {
    await this.#act(depositCalls(this.#stage, person));
    this.#tell(time, `${person} deposits ${formatNumber(Number(DEPOSITORS[person]), 0)} USDC in each vault`);
  }

  async #list(board: number, point: PathPoint, time: number): Promise<void> {
    const { hours } = this.#options;
    const life = boardHours({ hours, board });
    const expiry = this.#timeOf(life.expires);
    const strikes = boardStrikes({
      spotWad: point.priceWad,
      volatility: FAIR_VOLATILITY,
      hours: life.expires - life.listed,
    });
    this.#boards[board] = { expiry, strikes };
    await this.#act(
      this.#stage.sides.flatMap(({ contracts }): PersonCall[] => {
        const call = {
          person: "curator",
          to: contracts.deployment.contracts.market,
          contract: "OptionMarket",
        } as const;
        return [
          { ...call, method: "listExpiry", args: [expiry, VOLATILITY_WAD] },
          { ...call, method: "listStrikes", args: [expiry, strikes] },
        ];
      }),
    );
    const list = strikes.map((strike) => formatFixed({ value: strike, decimals: 18, digits: 0 })).join(", ");
    this.#tell(
      time,
      `board ${board + 1} is listed: calls and puts at ${list}, volatility ${formatPercent(FAIR_VOLATILITY, 0)}`,
      `board ${board + 1}`,
    );
  }

  async #buy(purchases: readonly Purchase[]): Promise<void> {
    const { market } = this.#stage.hedged.contracts;
    const blockTime = this.#now + 1;
    const calls: PersonCall[] = [];
    for (const { board, strike, isCall, sizeWad, buyer } of purchases) {
      const { expiry, strikes } = this.#board(board);
      const id = encodeSeries({ expiry: BigInt(expiry), strikeWad: strikes[strike] ?? 0n, isCall });
      const { premium } = await market.quote(id, sizeWad);
      const person = BUYERS.find((name) => name === buyer) ?? BUYERS[0];
      // One per cent above the quote, for what may happen until the block.
      const args = [id, sizeWad, (premium * 101n) / 100n, blockTime, this.#stage.addressOf(person)];
      for (const { contracts } of this.#stage.sides) {
        calls.push({
          person,
          to: contracts.deployment.contracts.market,
          contract: "OptionMarket",
          method: "buy",
          args,
        });
      }
      const held = this.#holdings.find((holding) => holding.buyer === person && holding.id === id);
      if (held === undefined) this.#holdings.push({ buyer: person, id, sizeWad });
      else held.sizeWad += sizeWad;
    }
    await this.#act(calls);
  }

  async #expire(board: number, time: number): Promise<void> {
    const { expiry } = this.#board(board);
    const { hedged, unhedged, sides, provider } = this.#stage;
    // The hedged vault's keeper settles. Anyone may: a buyer does it for the other vault.
    await this.#keep();
    const round = await settlementRoundOf(unhedged.contracts, BigInt(expiry), await provider.getBlockNumber());
    if (round === undefined) throw new Error(`The feed has no round for the expiry of board ${board + 1}.`);
    await this.#act([
      {
        person: "dave",
        to: unhedged.contracts.deployment.contracts.market,
        contract: "OptionMarket",
        method: "settle",
        args: [expiry, round.id],
      },
    ]);
    const settled = await hedged.contracts.market.expiryOf(expiry);
    const owed = await hedged.contracts.vault.owed();
    const series = new Map<bigint, bigint>();
    for (const { id } of this.#holdings) {
      if (!series.has(id)) series.set(id, await hedged.contracts.market.payoff(id));
    }
    const inTheMoney = this.#holdings.filter(({ id }) => (series.get(id) ?? 0n) > 0n);
    await this.#act(
      inTheMoney.flatMap(({ buyer, id, sizeWad }) =>
        sides.map(({ contracts }): PersonCall => {
          return {
            person: buyer,
            to: contracts.deployment.contracts.market,
            contract: "OptionMarket",
            method: "redeem",
            args: [id, sizeWad, this.#stage.addressOf(buyer)],
          };
        }),
      ),
    );
    const worthless = this.#holdings.length - inTheMoney.length;
    this.#holdings = [];
    this.#tell(
      time,
      `board ${board + 1} settles at ${formatQuote(settled.settlementPrice)} USDC: ${formatQuote(owed * 10n ** 12n)} USDC owed and ` +
        `paid to ${formatCount(inTheMoney.length, "holding")} at once, ${worthless} expired worthless`,
      board === BOARDS - 1 ? "end" : undefined,
    );
    await this.#checkLedger();
  }

  async #readHour(point: PathPoint, time: number, { before, after }: TickResult): Promise<void> {
    // The keeper's last look is of the latest block; the other vault is read at the same one.
    const unhedged = await readSnapshot(this.#stage.unhedged.contracts, after.blockNumber);
    this.#hours.push({
      hour: point.hour,
      time,
      spot: toNumber(after.spot.priceWad),
      mark: toNumber(before.hedge.markWad),
      fundingRate: toNumber(after.hedge.fundingRateWad) / 365,
      netDeltaBefore: toNumber(before.hedge.netDeltaWad),
      netDeltaAfter: toNumber(after.hedge.netDeltaWad),
      bookDelta: toNumber(after.hedge.bookDeltaWad),
      hedgeSize: toNumber(after.hedge.sizeWad),
      band: toNumber(after.hedge.bandWad),
      hedged: hourOf(after),
      unhedged: hourOf(unhedged),
    });
    if (point.hour > 0 && (point.hour % 24 === 0 || point.hour === this.#options.hours)) this.#sayDay(time);
  }

  // ---------------------------------------------------------------- the end

  /** Everybody takes out all he has. */
  async #leave(): Promise<void> {
    const { sides, addressOf } = this.#stage;
    const calls: PersonCall[] = [];
    for (const { name, contracts } of sides) {
      for (const person of depositors) {
        const owner = addressOf(person);
        const [shares, most] = await Promise.all([contracts.vault.balanceOf(owner), contracts.vault.maxRedeem(owner)]);
        if (most !== shares) this.#faults.push(`${person} may redeem ${most} of ${shares} shares of the ${name} vault`);
        calls.push({
          person,
          to: contracts.deployment.contracts.vault,
          contract: "OptionVault",
          method: "redeem",
          args: [most, owner, owner],
        });
      }
    }
    await this.#act(calls);
  }

  async #close(): Promise<RunResult> {
    const { sides } = this.#stage;
    const { seed, hours } = this.#options;
    const journals = await this.#checkLedger();
    const first = this.#hours[0];
    const last = this.#hours.at(-1);
    const [hedgedJournal, unhedgedJournal] = journals;
    if (first === undefined || last === undefined || !hedgedJournal || !unhedgedJournal) {
      throw new Error("The run has no hours.");
    }
    const endTime = this.#timeOf(hours);
    for (const person of depositors) this.#tellWithdrawal(person, journals, endTime);
    const [hedged, unhedged] = await Promise.all(
      sides.map((side, place) => {
        const journal = place === 0 ? hedgedJournal : unhedgedJournal;
        return readAccount({
          side,
          journal,
          navPerShareStart: first[side.name].navPerShare,
          navPerShareEnd: last[side.name].navPerShare,
        });
      }),
    );
    if (hedged === undefined || unhedged === undefined) throw new Error("The run has no vaults.");
    const record: DemoRecord = {
      seed,
      volatility: FAIR_VOLATILITY,
      hours: this.#hours,
      hedges: this.#readHedges(hedgedJournal),
      events: this.#events,
      purchases: this.#plan.length,
      contractsSold: this.#plan.reduce((sum, purchase) => sum + toNumber(purchase.sizeWad), 0),
      hedged,
      unhedged,
      statistics: hedgeStatistics({
        hedged: this.#hours.map((hour) => hour.hedged),
        unhedged: this.#hours.map((hour) => hour.unhedged),
        spot: this.#hours.map((hour) => hour.spot),
      }),
    };
    this.#checkVenueStatement(record, hedgedJournal);
    return { record, faults: [...this.#faults, ...checkRecord(record)] };
  }

  #tellWithdrawal(person: (typeof depositors)[number], journals: readonly Journal[], time: number): void {
    const address = this.#stage.addressOf(person);
    const amounts = journals.map((journal) => {
      const entries = named(journal.vault, "Withdraw").filter((entry) => entry.args.owner === address);
      return entries.reduce((total, entry) => total + bigintOf(entry, "assets"), 0n) * 10n ** 12n;
    });
    const [hedged = 0n, unhedged = 0n] = amounts;
    this.#tell(
      time,
      `${person} withdraws everything: ${formatQuote(hedged)} USDC from the hedged vault, ${formatQuote(unhedged)} from the other`,
    );
  }

  #readHedges(journal: Journal): HedgeRecord[] {
    return named(journal.controller, "Hedged").map((entry) => {
      const tickOf = this.#bands.find(({ after, upTo }) => after < entry.blockNumber && entry.blockNumber <= upTo);
      if (tickOf === undefined)
        throw new Error(`Block ${entry.blockNumber} has a hedge that no tick of the keeper sent.`);
      return {
        time: tickOf.time,
        sizeDeltaWad: bigintOf(entry, "sizeDelta"),
        priceWad: bigintOf(entry, "price"),
        spotWad: bigintOf(entry, "spot"),
        netDeltaBeforeWad: bigintOf(entry, "netDeltaBefore"),
        netDeltaAfterWad: bigintOf(entry, "netDeltaAfter"),
        bandWad: tickOf.bandWad,
      };
    });
  }

  /** The venue's own events must tell the same result as the money that went there and came back. */
  #checkVenueStatement(record: DemoRecord, journal: Journal): void {
    const { tradingWad, feesWad, fundingWad, payouts } = venueStatement(journal);
    const difference = tradingWad - feesWad + fundingWad - record.hedged.hedgePnlWad;
    // Curie rounds down to a whole unit of the token at each payout.
    if (difference < 0n || difference > BigInt(payouts) * 10n ** 12n) {
      this.#faults.push(
        `the venue's events say that the hedge made ${formatQuote(tradingWad - feesWad + fundingWad, true)} USDC, the money that moved ` +
          `says ${formatQuote(record.hedged.hedgePnlWad, true)}: ${difference} wei apart`,
      );
    }
  }

  // ---------------------------------------------------------------- tools

  async #startKeeper(): Promise<() => Promise<TickResult>> {
    const { hedged, deployment } = this.#stage;
    const account = deployment.local?.accounts.keeper;
    if (account === undefined) throw new Error("The chain has no keeper.");
    const wallet = new Wallet(account.privateKey);
    // The keeper as in production, but for the clock: its blocks get a time that does not depend on this machine's.
    const signer = {
      address: wallet.address,
      signTransaction: async (transaction: Parameters<Wallet["signTransaction"]>[0]) => {
        await this.#stage.setNextBlockTime(++this.#now);
        return wallet.signTransaction(transaction);
      },
    };
    const policy = await readPolicy(hedged.contracts);
    return async () => {
      const result = await tick({ contracts: hedged.contracts, signer, policy, gasLimit: KEEPER_GAS });
      const { before, after, steps } = result;
      const time = this.#timeOf(Math.floor((this.#now - this.#start) / HOUR));
      this.#bands.push({ after: before.blockNumber, upTo: after.blockNumber, bandWad: after.hedge.bandWad, time });
      for (const { decision } of steps) {
        if (decision.action === "hedge" && this.#hedges++ === 0) this.#tellFirstHedge(decision, time);
      }
      await this.#checkQuiet(result);
      return result;
    };
  }

  /** A tick that decided to hold must have sent nothing. */
  async #checkQuiet({ decision, steps }: TickResult): Promise<void> {
    const sent = await this.#stage.provider.getTransactionCount(this.#stage.addressOf("keeper"));
    const expected = this.#keeperSent + steps.length;
    if (sent !== expected || (decision.action === "hold" && steps.length > 0)) {
      this.#faults.push(`the keeper decided to ${decision.action} and sent ${sent - this.#keeperSent} transactions`);
    }
    this.#keeperSent = sent;
  }

  async #act(calls: readonly PersonCall[]): Promise<void> {
    if (calls.length === 0) return;
    await this.#stage.act(calls, ++this.#now);
  }

  async #checkLedger(): Promise<Journal[]> {
    const journals = await Promise.all(this.#stage.sides.map((side) => readJournal(this.#stage, side)));
    this.#faults.push(...checkLedger(await readLedger(this.#stage, journals)));
    return journals;
  }

  #timeOf(hour: number): number {
    return this.#start + hour * HOUR;
  }

  #board(board: number): Board {
    const found = this.#boards[board];
    if (found === undefined) throw new Error(`Board ${board + 1} is not listed yet.`);
    return found;
  }

  #tell(time: number, text: string, mark?: string): void {
    this.#events.push({ time, text, ...(mark && { mark }) });
    this.#options.say(`${formatDay(time).padEnd(10)}  · ${text}`);
  }

  #sayDay(time: number): void {
    const last = this.#hours.at(-1);
    if (last === undefined) return;
    const net = formatNumber(last.netDeltaAfter, 2, true).padStart(6);
    this.#options.say(
      `${formatDay(time).padEnd(10)}  ETH ${formatNumber(last.spot, 2)}   NAV per share ${formatNumber(last.hedged.navPerShare, 4)} hedged, ` +
        `${formatNumber(last.unhedged.navPerShare, 4)} not   net delta ${net} of ±${formatNumber(last.band, 2)} ETH   ` +
        formatCount(this.#hedges, "hedge"),
    );
  }
}

function hourOf({ nav, book, totalSupplyShares }: Snapshot): HourRecord["hedged"] {
  return {
    navPerShare: toNumber(nav.pricePerShareWad),
    bookDelta: toNumber(book.deltaWad),
    // A share has twelve decimals: six of the token and six of the vault.
    shares: Number(totalSupplyShares) / 1e12,
  };
}

function toNumber(wad: bigint): number {
  return Number(wad) / 1e18;
}
