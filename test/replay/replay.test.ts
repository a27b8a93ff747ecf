/** The real 5-minute data through a push feed: what somebody earns who knows the price before the feed shows it. */
import { expect } from "chai";
import { network } from "hardhat";
import { describe, it } from "mocha";
import type { LocalAggregator, SpotOracle } from "../../types/index.ts";
import { spotConfig } from "../helpers/feeds.ts";
import { expectNear, expectWithin } from "../helpers/numbers.ts";
import { missingShared, readSharedCsv } from "../helpers/sharedData.ts";
import { type Conditions, referenceQuote, type Series } from "../pricing/reference.ts";
import { deployPricer, deployWorld, number, ORDINARY, seriesId, smile, tell, WAD, wad } from "../pricing/told.ts";
import { type Bar, type Moment, moments, PushFeed } from "./path.ts";

const PRICES = "data/eth_usdt_perp_binance_5m_202301_202405.csv.gz";
const VOLATILITIES = "data/eth_dvol_deribit_1d.csv.gz";

const DAY = 86_400;
const WEEK = 7 * DAY;
const FRIDAY = DAY + 8 * 3_600; // 2 January 1970, 08:00 UTC
/** Of NAV, in |delta| sold at one round of the feed. */
const ROUND_DELTA = 0.05;
const NAV = 1_000_000;
const VEGA_CAPACITY = NAV / 10;
const MIN_DELTA = 0.05;
/** Beyond which nothing trades between the feed and the venue's mark. */
const MAX_APART = 0.015;
/** Calls that the collateral allows before a hedge, in NAV (S3). */
const MOST_CALLS = 1.6;
/** Every how many of a round's new extremes the whole board is priced, where the price is inside its doubt. */
const STRIDE = Number(process.env.FUZZ_RUNS ?? 0) > 0 ? 20 : 400;

const missing = missingShared(PRICES) ?? missingShared(VOLATILITIES);

function bars(): Bar[] {
  return readSharedCsv(PRICES).map(({ ts, high, low, close }) => ({ ts: ts!, high: high!, low: low!, close: close! }));
}

/** Implied volatility as it was known: a day's close from the next day on. */
function levels(): (time: number) => number {
  const byDay = new Map<number, number>();
  // The date column is not a number: the file has a row a day.
  const first = Date.parse("2021-03-24") / 1_000 / DAY;
  for (const [i, row] of readSharedCsv(VOLATILITIES).entries()) byDay.set(first + i + 1, row.close! / 100);
  return (time) => byDay.get(Math.floor(time / DAY))!;
}

/** The three Fridays of a board: more than an hour ahead, the week after, and four weeks on. */
function expiriesAt(time: number): number[] {
  const next = Math.floor((time + 3_600 - FRIDAY) / WEEK + 1) * WEEK + FRIDAY;
  return [next, next + WEEK, next + 4 * WEEK];
}

/** Strikes of a hundredth of the price's order apart, as far as anything is sold. */
function boardAt(spot: number, deviation: number): Series[] {
  const reach = Math.min(2.2 * deviation, 0.5);
  const spacing = Math.max(5, Math.round((spot * reach) / 7 / 5) * 5);
  const series: Series[] = [];
  const first = Math.ceil((spot * (1 - reach)) / spacing) * spacing;
  for (let strike = first; strike <= spot * (1 + reach); strike += spacing) {
    series.push({ strike, isCall: true }, { strike, isCall: false });
  }
  return series;
}

/** What the pricer is told at a moment, at another price than the feed's if need be. The mark helps nobody. */
function conditionsAt(moment: Moment, feed: PushFeed, expiry: number, spot = feed.price): Conditions {
  return {
    ...ORDINARY,
    spot,
    mark: spot,
    doubt: feed.doubt(moment),
    seconds: expiry - moment.time,
    slice: smile(moment.level),
    spread: 0.015 + 0.011 * Math.sqrt((moment.time % 3_600) / 3_600),
    openCalls: 100,
    openPuts: 100,
    strikes: [],
    vegaCapacity: VEGA_CAPACITY,
  };
}

/** What somebody earns on one series. */
interface Edge {
  /** Of one option, quote. */
  readonly profit: number;
  /** On as much as the delta of one round and V_cap allow, quote. */
  readonly capped: number;
  /** On as much as V_cap and the collateral of calls allow, were there no limit on the delta of a round. */
  readonly uncapped: number;
  /** What the delta cap leaves at most: contracts · |Δ| after the jump · the part of the jump beyond the doubt. */
  readonly bound: number;
  /** Of one option, quote, with the venue's mark where the price is. */
  readonly withMark: number;
  readonly name: string;
}
const NEVER = Number.NEGATIVE_INFINITY;
const NOTHING: Edge = { profit: NEVER, capped: 0, uncapped: 0, bound: 0, withMark: NEVER, name: "" };

/** What somebody who knows the price earns on each series of the board, by a purchase or by selling back what he holds. */
function* trades(moment: Moment, feed: PushFeed): Generator<Edge> {
  const excess = Math.abs(moment.price - feed.price) - feed.price * feed.doubt(moment);
  for (const expiry of expiriesAt(moment.time)) {
    const told = conditionsAt(moment, feed, expiry);
    const truth = conditionsAt(moment, feed, expiry, moment.price);
    const isApart = Math.abs(moment.price / feed.price - 1) > MAX_APART;
    const marked: Conditions = { ...told, mark: moment.price };
    const days = (expiry - moment.time) / DAY;
    for (const series of boardAt(feed.price, moment.level * Math.sqrt(days / 365))) {
      const q = referenceQuote(told, series, 1);
      const { value, delta } = referenceQuote(truth, series, 1);
      const name = `${series.strike} ${series.isCall ? "call" : "put"}, ${days.toFixed(1)} days`;
      const qMarked = referenceQuote(marked, series, 1);
      yield { ...NOTHING, profit: q.proceeds - value, withMark: isApart ? NEVER : qMarked.proceeds - value, name };
      if (Math.abs(q.delta) < MIN_DELTA || Math.abs(q.delta) > 1 - MIN_DELTA) continue;
      const profit = value - q.premium;
      const byVega = VEGA_CAPACITY / q.vega;
      const contracts = Math.min((ROUND_DELTA * NAV) / (Math.abs(q.delta) * feed.price), byVega);
      const uncapped = profit * Math.min((MOST_CALLS * NAV) / feed.price, byVega);
      const withMark = isApart ? NEVER : value - qMarked.premium;
      yield {
        profit,
        capped: profit * contracts,
        uncapped,
        bound: contracts * Math.abs(delta) * excess,
        withMark,
        name,
      };
    }
  }
}

interface Replay {
  readonly steps: number;
  readonly rounds: number;
  readonly priced: number;
  readonly beyond: number;
  /** Best trade while the price is inside its doubt. */
  readonly inside: Edge;
  /** Best trade while the venue's mark is where the price is, however far that is. */
  readonly marked: Edge;
  /** Best trade where it had jumped further, the mark with the feed. */
  readonly outside: Edge & { readonly jump: number; readonly time: number };
  /** Σ over the rounds of what the limits of one let pass, and the greatest of them, quote. */
  readonly capped: number;
  readonly worstRound: number;
  /** Σ without a limit on a round's delta. */
  readonly uncapped: number;
}

function replay(path: Iterable<Moment>, deviation: number, from: number): Replay {
  let feed: PushFeed | undefined;
  let [steps, rounds, priced, beyond, records] = [0, 0, 0, 0, 0];
  let [capped, uncapped, worstRound] = [0, 0, 0];
  let inside = NOTHING;
  let marked = NOTHING;
  let outside: Replay["outside"] = { ...NOTHING, jump: 0, time: 0 };
  let [round, high, low, ofRound, ofRoundUncapped] = [-1, 0, 0, 0, 0];
  const closeRound = () => {
    capped += ofRound;
    uncapped += ofRoundUncapped;
    worstRound = Math.max(worstRound, ofRound);
    [high, low, ofRound, ofRoundUncapped] = [0, 0, 0, 0];
  };
  for (const moment of path) {
    feed ??= new PushFeed(deviation, moment.price, moment.time);
    feed.step(moment);
    if (moment.time < from) continue;
    steps++;
    if (feed.round !== round) {
      closeRound();
      round = feed.round;
      rounds++;
    }
    // How far the price has left the feed's, in doubts. Of a round only new extremes can be the best moment.
    const away = (moment.price / feed.price - 1) / feed.doubt(moment);
    if (away <= high && away >= low) continue;
    [high, low] = [Math.max(high, away), Math.min(low, away)];
    const isBeyond = Math.abs(away) > 1;
    if (isBeyond) beyond++;
    else if (records++ % STRIDE !== 0) continue;
    priced++;
    for (const edge of trades(moment, feed)) {
      if (edge.withMark > marked.withMark) marked = edge;
      if (!isBeyond) {
        if (edge.profit > inside.profit) inside = edge;
        continue;
      }
      expectWithin(edge.capped, Number.NEGATIVE_INFINITY, edge.bound, edge.name);
      ofRound = Math.max(ofRound, edge.capped);
      ofRoundUncapped = Math.max(ofRoundUncapped, edge.uncapped);
      if (edge.profit > outside.profit) {
        outside = { ...edge, jump: moment.price / feed.price - 1, time: moment.time };
      }
    }
  }
  closeRound();
  return { steps, rounds, priced, beyond, inside, marked, outside, capped, worstRound, uncapped };
}

/** As the chain is told it. */
const rounded = (value: number) => Number(value.toFixed(9));

/** The first ten days teach the realised volatility. */
const BEGIN = Date.parse("2023-01-11") / 1_000;
const END = Date.parse("2024-05-14") / 1_000;

describe(missing === undefined ? "replay of the real data" : `replay of the real data (${missing})`, () => {
  const test = missing === undefined ? it : it.skip;

  for (const deviation of [0.005, 0.0015, 0.0005]) {
    test(`through a push feed of ${100 * deviation} %: who knows the price within its doubt earns nothing on any series`, function () {
      this.timeout(0);
      const r = replay(moments(bars(), levels()), deviation, BEGIN);
      const share = (100 * r.beyond) / r.steps;
      const years = (END - BEGIN) / (365 * DAY);
      console.log(
        `      ${r.steps} moments, ${r.rounds} rounds, the board priced at ${r.priced}; inside the doubt the best trade earns ` +
          `$${r.inside.profit.toFixed(2)}; ${r.beyond} moments beyond it (${share.toFixed(4)} %)`,
      );
      expect(r.inside.profit, r.inside.name).to.be.below(0);
      expect(r.marked.withMark, r.marked.name).to.be.below(0);
      const perYear = (loss: number) => `${((100 * loss) / NAV / years).toFixed(2)} %`;
      console.log(
        `      beyond it, with a mark as late as the feed: $${r.outside.profit.toFixed(2)} a contract at worst (${r.outside.name}), when the price had jumped ` +
          `${(100 * r.outside.jump).toFixed(2)} % on ${new Date(1_000 * r.outside.time).toISOString().slice(0, 16)}. Somebody who ` +
          `never misses one and spends each round's delta on its best series takes ${perYear(r.capped)} of NAV a year, ` +
          `${((100 * r.worstRound) / NAV).toFixed(3)} % in the worst round; without the cap on a round's delta ${perYear(r.uncapped)}`,
      );
      expect(r.beyond).to.be.greaterThan(0);
      expect(r.worstRound).to.be.below(0.02 * NAV);
      expect(r.capped).to.be.below(r.uncapped);
    });
  }

  test("the contract quotes what the replay calculates, at moments of the data taken at random", async function () {
    this.timeout(0);
    const { ethers, networkHelpers } = await network.create();
    const { time } = networkHelpers;
    const world = await deployWorld(ethers);
    const pricer = await deployPricer(ethers, world);
    let feed: PushFeed | undefined;
    let compared = 0;
    let index = 0;
    for (const moment of moments(bars(), levels())) {
      feed ??= new PushFeed(0.0015, moment.price, moment.time);
      feed.step(moment);
      if (moment.time < BEGIN || index++ % 47_017 !== 0) continue;
      for (const expiry of expiriesAt(moment.time)) {
        const said = conditionsAt(moment, feed, expiry);
        const told = { ...said, spot: rounded(said.spot), mark: rounded(moment.price), doubt: rounded(said.doubt) };
        const [spread, late] = [rounded(said.spread), (await time.latest()) + 1_000 + said.seconds];
        await tell(world, { ...told, spread }, late);
        await time.increaseTo(late - said.seconds);
        const board = boardAt(feed.price, moment.level * Math.sqrt(said.seconds / (365 * DAY)));
        for (const series of board.filter((_, i) => (i + index) % 7 === 0)) {
          const q = await pricer.quote(seriesId(series, late), WAD);
          // A mark that is apart does not count.
          const isApart = Math.abs(told.mark - told.spot) > MAX_APART * told.spot;
          const mark = isApart ? told.spot : told.mark;
          const expected = referenceQuote({ ...told, spread, mark }, series, 1);
          expectNear(Number(q.premium) / 1e6, expected.premium, 1e-9 * told.spot + 2e-6);
          expectNear(Number(q.proceeds) / 1e6, expected.proceeds, 1e-9 * told.spot + 2e-6);
          compared++;
        }
      }
    }
    console.log(`      ${compared} quotes compared`);
    expect(compared).to.be.greaterThan(200);
  });

  test("the worst half hour of the data, block by block on the real oracle: within its doubt nobody earns anything", async function () {
    this.timeout(0);
    const { ethers, networkHelpers } = await network.create();
    const { time } = networkHelpers;
    const begin = Date.parse("2024-02-28T17:15:00Z") / 1_000;
    const window = bars().filter(({ ts }) => ts >= begin - 3_600 && ts < begin + 1_800);
    const path = [...moments(window, levels())].map((moment) => ({
      ...moment,
      price: Number(moment.price.toFixed(8)),
    }));
    const level = path[0]!.level;
    const later = (await time.latest()) + DAY - path[0]!.time;

    const aggregator = (await ethers.deployContract("LocalAggregator", [
      8,
      3_000n * 10n ** 8n,
    ])) as unknown as LocalAggregator;
    const config = spotConfig(await aggregator.getAddress());
    const oracle = (await ethers.deployContract("SpotOracle", [config])) as unknown as SpotOracle;
    const world = await deployWorld(ethers);
    const pricer = await deployPricer(ethers, world, undefined, await oracle.getAddress());
    const feed = new PushFeed(0.005, path[0]!.price, path[0]!.time);
    const expiry = expiriesAt(begin)[0]! + later;
    await tell(world, { ...ORDINARY, slice: smile(level), strikes: [], openCalls: 100, openPuts: 100 }, expiry);
    await world.tellSigma(wad(level));
    await time.setNextBlockTimestamp(path[0]!.time + later);
    await aggregator.setAnswer(BigInt(Math.round(feed.price * 1e8)));

    let [inside, beyond, worst] = [0, 0, 0];
    for (const moment of path) {
      const { round } = feed;
      feed.step({ ...moment, sigma: level });
      if (feed.round !== round) {
        await time.setNextBlockTimestamp(moment.time + later - 1);
        await world.tellMark(wad(feed.price), true);
        await time.setNextBlockTimestamp(moment.time + later);
        await aggregator.setAnswer(BigInt(Math.round(feed.price * 1e8)));
      }
      if (moment.time < begin || moment.time % 60 !== 0) continue;
      if ((await time.latest()) < moment.time + later) await time.increaseTo(moment.time + later);
      const doubt = feed.doubt({ ...moment, sigma: level });
      const isInside = Math.abs(moment.price / feed.price - 1) <= doubt;
      if (isInside) inside++;
      else beyond++;
      const seconds = expiry - later - moment.time;
      const truth: Conditions = {
        ...ORDINARY,
        slice: smile(level),
        strikes: [],
        seconds,
        spot: moment.price,
        mark: moment.price,
      };
      for (const series of boardAt(feed.price, level * Math.sqrt(seconds / (365 * DAY)))) {
        const q = await pricer.quote(seriesId(series, expiry), WAD);
        expectNear(number(q.spotDoubt), doubt, 1e-9);
        expectNear(number(q.spot), feed.price, 1e-7);
        const { value } = referenceQuote(truth, series, 1);
        const purchase = q.buying === 0n ? value - Number(q.premium) / 1e6 : NEVER;
        const sale = q.selling === 0n ? Number(q.proceeds) / 1e6 - value : NEVER;
        worst = Math.max(worst, purchase, sale);
        if (isInside) expectWithin(Math.max(purchase, sale), NEVER, 0, `${series.strike} at ${moment.time}:`);
      }
    }
    console.log(
      `      ${inside} minutes inside the doubt, ${beyond} beyond it, where a contract earned $${worst.toFixed(2)} at most`,
    );
    expect(inside).to.be.greaterThan(10);
    expect(beyond).to.be.greaterThan(0);
  });
});
