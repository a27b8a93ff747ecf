/**
 * One run: two vaults through the same weather and the same buyers, hour by hour. Each hour has the same order: the feed
 * and the venue move, what has expired is settled and paid, people come and buy, the keeper does its tick, and then the
 * hour is read, of one block for both vaults.
 */
import type { TickResult } from "../../keeper/keeper.ts";
import { readSnapshot, type Snapshot } from "../../keeper/snapshot.ts";
import { Boards } from "./boards.ts";
import { checkRecord } from "./checks.ts";
import { checkHedgedVenue, readAccounts, takeStock, withdrawAll, withdrawnBy } from "./closing.ts";
import { formatCount, formatDay, formatFixed, formatNumber, formatPercent, formatQuote } from "./format.ts";
import { type KeeperDesk, openKeeperDesk } from "./keeperDesk.ts";
import { createPath, FAIR_VOLATILITY, type PathPoint } from "./path.ts";
import { boardCount, boardHours, type Purchase, planPurchases } from "./plan.ts";
import { abs, type DemoRecord, type EventRecord, type HourRecord } from "./record.ts";
import {
  BUYERS,
  DEPOSITORS,
  type Depositor,
  depositCalls,
  depositors,
  openingCalls,
  openStage,
  type Stage,
} from "./stage.ts";
import { hedgeStatistics } from "./statistics.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
/** The first expiry there ever was: Friday, 2 January 1970, 08:00 UTC. */
const FIRST_EXPIRY = DAY + 8 * HOUR;
/** Every so many hours somebody looks after what falls due: the surface is stale after four. */
const TENDED_EVERY = 3;

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
  const path = createPath(options);
  const plan = planPurchases({ ...options, buyers: BUYERS });
  options.say("Starting a local chain with Perp v2 “Curie”, and two vaults on it ...");
  const stage = await openStage();
  try {
    options.say(`Ready after ${formatNumber((Date.now() - started) / 1000, 1)} s.`);
    const keeper = await openKeeperDesk(stage);
    return await new Run({ stage, keeper, path, plan, options }).play();
  } finally {
    await stage.close();
  }
}

interface Parts {
  readonly stage: Stage;
  readonly keeper: KeeperDesk;
  readonly path: readonly PathPoint[];
  readonly plan: readonly Purchase[];
  readonly options: RunOptions;
}

class Run {
  readonly #stage: Stage;
  readonly #keeper: KeeperDesk;
  readonly #boards: Boards;
  readonly #path: readonly PathPoint[];
  readonly #plan: readonly Purchase[];
  readonly #options: RunOptions;
  /** Unix seconds of hour 0, such that the last hour is a Friday's 08:00 UTC. */
  readonly #start: number;
  readonly #hours: HourRecord[] = [];
  readonly #events: EventRecord[] = [];
  readonly #faults: string[] = [];
  #hasHedged = false;

  constructor({ stage, keeper, path, plan, options }: Parts) {
    this.#stage = stage;
    this.#keeper = keeper;
    this.#boards = new Boards(stage);
    this.#path = path;
    this.#plan = plan;
    this.#options = options;
    const length = options.hours * HOUR;
    const weeks = Math.floor((stage.now() + length - FIRST_EXPIRY) / WEEK) + 1;
    this.#start = FIRST_EXPIRY + weeks * WEEK - length;
  }

  async play(): Promise<RunResult> {
    for (const point of this.#path) await this.#playHour(point);
    this.#faults.push(...(await withdrawAll(this.#stage)));
    return this.#close();
  }

  async #playHour(point: PathPoint): Promise<void> {
    const { hour } = point;
    const { hours } = this.#options;
    const time = this.#timeOf(hour);
    const lives = Array.from({ length: boardCount(hours) }, (_, board) => boardHours({ hours, board }));
    const expiring = lives.findIndex(({ expires }) => expires === hour);
    const listing = lives.findIndex(({ listed }) => listed === hour);

    await this.#stage.moveMarket(point, time);
    if (point.jumped) this.#tellJump(point, time);
    if (hour === 0) await this.#open(time);
    if (expiring !== -1) await this.#expire(expiring, time);
    if (listing !== -1) await this.#list(listing, point, time);
    if (listing !== -1 || hour % TENDED_EVERY === 0) {
      await this.#stage.tend({ isNewDay: hour % 24 === 0 });
    }
    // The third depositor enters while options are open.
    if (hour === Math.round(hours / 4)) await this.#deposit("carol", time);
    await this.#boards.buy(this.#plan.filter((purchase) => purchase.hour === hour));
    const tick = await this.#keeper.tick(time);
    this.#tellFirstHedge(time);
    await this.#readHour(point, time, tick);
  }

  async #open(time: number): Promise<void> {
    await this.#stage.act(openingCalls(this.#stage));
    await this.#deposit("alice", time);
    await this.#deposit("bob", time);
  }

  async #deposit(person: Depositor, time: number): Promise<void> {
    await this.#stage.act(depositCalls(this.#stage, person));
    this.#tell(time, `${person} deposits ${formatNumber(Number(DEPOSITORS[person]), 0)} USDC in each vault`);
  }

  async #list(board: number, { priceWad }: PathPoint, time: number): Promise<void> {
    const { listed, expires } = boardHours({ hours: this.#options.hours, board });
    const expiry = this.#timeOf(expires);
    const strikes = await this.#boards.list({ board, spotWad: priceWad, hours: expires - listed, expiry });
    const list = strikes.map((strike) => formatFixed({ value: strike, decimals: 18, digits: 0 })).join(", ");
    this.#tell(
      time,
      `board ${board + 1} is listed: calls and puts at ${list}, with a smile of ${formatPercent(FAIR_VOLATILITY, 0)} at the money`,
      `board ${board + 1}`,
    );
  }

  async #expire(board: number, time: number): Promise<void> {
    // The keeper settles the vault that it keeps.
    await this.#keeper.tick(time);
    const { priceWad, owedUnits, paid, worthless } = await this.#boards.redeem(board);
    this.#tell(
      time,
      `board ${board + 1} settles at ${formatQuote(priceWad)} USDC: ${formatQuote(owedUnits * 10n ** 12n)} USDC owed and paid at ` +
        `once on ${formatCount(paid, "holding")}, ${worthless} expired worthless`,
      board === boardCount(this.#options.hours) - 1 ? "end" : undefined,
    );
    const { faults } = await takeStock(this.#stage);
    this.#faults.push(...faults);
  }

  async #readHour({ hour }: PathPoint, time: number, { before, after }: TickResult): Promise<void> {
    // The keeper's last look is of the latest block; the other vault is read at the same one.
    const unhedged = await readSnapshot(this.#stage.unhedged.contracts, after.blockNumber);
    const record: HourRecord = {
      hour,
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
    };
    this.#hours.push(record);
    if (hour > 0 && (hour % 24 === 0 || hour === this.#options.hours)) this.#sayDay(record);
  }

  async #close(): Promise<RunResult> {
    const { seed, hours } = this.#options;
    const { journals, faults } = await takeStock(this.#stage);
    for (const person of depositors) {
      const [hedged, unhedged] = [journals.hedged, journals.unhedged].map((journal) =>
        formatQuote(withdrawnBy(this.#stage, person, journal)),
      );
      this.#tell(
        this.#timeOf(hours),
        `${person} withdraws everything: ${hedged} USDC from the hedged vault, ${unhedged} from the other`,
      );
    }
    const first = this.#hours[0];
    const last = this.#hours.at(-1);
    if (first === undefined || last === undefined) throw new Error("The run has no hours.");
    const accounts = await readAccounts({ stage: this.#stage, journals, first, last });
    const record: DemoRecord = {
      seed,
      volatility: FAIR_VOLATILITY,
      hours: this.#hours,
      hedges: this.#keeper.readHedges(journals.hedged),
      events: this.#events,
      example: this.#boards.example,
      purchases: this.#boards.bought.purchases,
      contractsSold: toNumber(this.#boards.bought.contractsWad),
      ...accounts,
      statistics: hedgeStatistics({
        hedged: this.#hours.map((hour) => hour.hedged),
        unhedged: this.#hours.map((hour) => hour.unhedged),
        spot: this.#hours.map((hour) => hour.spot),
      }),
    };
    return {
      record,
      faults: [
        ...this.#faults,
        ...this.#keeper.faults,
        ...faults,
        ...checkHedgedVenue(journals, accounts.hedged),
        ...checkRecord(record),
      ],
    };
  }

  // ---------------------------------------------------------------- words

  #tellJump({ hour, priceWad }: PathPoint, time: number): void {
    const before = this.#path[hour - 1]?.priceWad ?? priceWad;
    const move = toNumber(priceWad) / toNumber(before) - 1;
    this.#tell(time, `ETH jumps by ${formatPercent(move, 1, true)} within the hour, to ${formatQuote(priceWad)} USDC`);
  }

  #tellFirstHedge(time: number): void {
    const first = this.#keeper.hedges[0];
    if (first === undefined || this.#hasHedged) return;
    this.#hasHedged = true;
    const { sizeDeltaWad, figures } = first;
    const eth = (value: bigint, signed = false) => `${formatFixed({ value, decimals: 18, digits: 3, signed })} ETH`;
    this.#tell(
      time,
      `the keeper's first hedge: it ${sizeDeltaWad > 0n ? "buys" : "sells"} ${eth(abs(sizeDeltaWad))} of the perpetual, because ` +
        `net delta ${eth(figures.netDeltaWad, true)} is outside the band ±${eth(figures.bandWad)}`,
    );
  }

  #sayDay({ time, spot, hedged, unhedged, netDeltaAfter, band }: HourRecord): void {
    const net = formatNumber(netDeltaAfter, 2, true).padStart(6);
    this.#options.say(
      `${formatDay(time).padEnd(10)}  ETH ${formatNumber(spot, 2)}   NAV per share ${formatNumber(hedged.navPerShare, 4)} hedged, ` +
        `${formatNumber(unhedged.navPerShare, 4)} not   net delta ${net} of ±${formatNumber(band, 2)} ETH   ` +
        formatCount(this.#keeper.hedges.length, "hedge"),
    );
  }

  #tell(time: number, text: string, mark?: string): void {
    this.#events.push({ time, text, ...(mark && { mark }) });
    this.#options.say(`${formatDay(time).padEnd(10)}  · ${text}`);
  }

  #timeOf(hour: number): number {
    return this.#start + hour * HOUR;
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
