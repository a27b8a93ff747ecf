import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { HOURS_PER_YEAR, hourlyDecay, updateVariance } from "../../keeper/math/realisedVolatility.ts";
import type { Round } from "../../keeper/rounds.ts";
import { findHourlyRounds } from "../../keeper/volatility/hourlyRounds.ts";
import type { LocalAggregator, RealisedVolatilityOracle, RealisedVolatilityOracleMutant } from "../../types/index.ts";
import { itWithSharedCsv } from "../helpers/shared.ts";
import { connection, DAY, HOUR } from "../helpers/system.ts";

const { ethers, networkHelpers } = connection;
const MIN_SAMPLES = 168;
const GUARD = { none: 0, over: 1, last: 2, eachHour: 3, laterPhase: 4 } as const;
const NOBODY = "0x0000000000000000000000000000000000000000";

type Oracle = RealisedVolatilityOracle | RealisedVolatilityOracleMutant;
/** What is written to the feed: `phase` from 1, `updatedAt` 0 = incomplete. */
interface Entry {
  readonly phase: number;
  readonly answer: number;
  readonly updatedAt: number;
}

const idOf = (phase: number, number: number): bigint => (BigInt(phase) << 64n) | BigInt(number);
const atHour = (start: number, hours: number): number => start + hours * HOUR;

/** A feed with one round at a whole hour, `start`; the clock stands minutes after. */
async function feedFixture() {
  const now = await networkHelpers.time.latest();
  const start = Math.ceil((now + 1) / HOUR) * HOUR;
  await networkHelpers.time.setNextBlockTimestamp(start);
  const feed = (await ethers.deployContract("LocalAggregator", [8, 3_000n * 10n ** 8n])) as unknown as LocalAggregator;
  await networkHelpers.time.increase(60);
  const deploy = async (missing?: number): Promise<Oracle> => {
    const args = [await feed.getAddress(), start, idOf(1, 1)];
    return missing === undefined
      ? ((await ethers.deployContract("RealisedVolatilityOracle", args)) as unknown as RealisedVolatilityOracle)
      : ((await ethers.deployContract("RealisedVolatilityOracleMutant", [
          ...args,
          missing,
        ])) as unknown as RealisedVolatilityOracleMutant);
  };
  return { feed, start, deploy };
}
const load = () => networkHelpers.loadFixture(feedFixture);

/** Writes a history and gives its complete rounds with their ids, the first one of the fixture included. */
async function write(feed: LocalAggregator, start: number, entries: readonly Entry[]): Promise<Round[]> {
  const rounds: Round[] = [{ id: idOf(1, 1), answer: 3_000n * 10n ** 8n, updatedAt: BigInt(start) }];
  for (const { phase, answer, updatedAt } of entries) {
    while (Number(await feed.phaseId()) < phase) await feed.startPhase();
    await feed.pushRound(BigInt(Math.round(answer * 1e8)), updatedAt, updatedAt, 0);
    const round = {
      id: await feed.latestRound(),
      answer: BigInt(Math.round(answer * 1e8)),
      updatedAt: BigInt(updatedAt),
    };
    if (round.answer > 0n && round.updatedAt > 0n) rounds.push(round);
  }
  return rounds;
}

/** The rule by brute force: of all phases from `firstPhase` on, the latest at or before the hour, ties to the larger id. */
function lastAtOrBefore(rounds: readonly Round[], hour: bigint, firstPhase: bigint): Round {
  return rounds
    .filter((round) => round.updatedAt <= hour && round.id >> 64n >= firstPhase)
    .reduce((best, round) =>
      round.updatedAt > best.updatedAt || (round.updatedAt === best.updatedAt && round.id > best.id) ? round : best,
    );
}

async function proofs(feed: LocalAggregator, oracle: Oracle, maxHours = 1_000) {
  const { hour, roundId } = await oracle.grid();
  return findHourlyRounds({
    grid: { hour, roundId },
    latestId: await feed.latestRound(),
    timestamp: BigInt(await networkHelpers.time.latest()),
    maxHours,
    readRound: async (id) => {
      const [, answer, , updatedAt] = await feed.getRoundData(id).catch(() => [id, 0n, 0n, 0n] as const);
      return { id, answer, updatedAt };
    },
  });
}

/** √(Σ weight · r² · 8760 ÷ Σ weight), with the returns of the prices given. */
function reference(prices: readonly number[]): number {
  let [variance, weight] = [0, 0];
  for (let i = 1; i < prices.length; i++) {
    variance = updateVariance(variance, prices[i - 1]!, prices[i]!);
    weight = hourlyDecay() * weight + 1 - hourlyDecay();
  }
  return Math.sqrt(variance / weight);
}

describe("RealisedVolatilityOracle", () => {
  describe("the grid", () => {
    it("brings a week of hours in one call and gives the volatility of the rule", async () => {
      const { feed, start, deploy } = await load();
      const oracle = await deploy();
      const steps = fc.sample(fc.double({ min: -0.02, max: 0.02, noNaN: true }), { numRuns: 100, seed: 3 });
      const prices = [3_000];
      for (const step of steps) prices.push(prices.at(-1)! * Math.exp(step));
      // Every other hour has a round, a minute before its end.
      const entries = prices
        .slice(1)
        .map((answer, i) => ({ phase: 1, answer, updatedAt: atHour(start, 2 * i + 2) - 60 }));
      await write(feed, start, entries);
      await networkHelpers.time.increaseTo(atHour(start, 200) + 1);

      await expect(oracle.realisedVolatility())
        .to.be.revertedWithCustomError(oracle, "NotReady")
        .withArgs(0, MIN_SAMPLES);
      const first = await proofs(feed, oracle, MIN_SAMPLES - 1);
      await oracle.bring(first.roundIds);
      await expect(oracle.realisedVolatility())
        .to.be.revertedWithCustomError(oracle, "NotReady")
        .withArgs(MIN_SAMPLES - 1, MIN_SAMPLES);
      const rest = await proofs(feed, oracle);
      expect(rest.points.length).to.equal(200 - MIN_SAMPLES + 1);
      const hourOf = (i: number) => atHour(start, i);
      await expect(oracle.bring(rest.roundIds))
        .to.emit(oracle, "PointsBrought")
        .withArgs(
          hourOf(200),
          rest.points.length,
          rest.points.at(-1)!.id,
          () => true,
          () => true,
        );

      const { volatility, asOf } = await oracle.realisedVolatility();
      expect(asOf).to.equal(BigInt(atHour(start, 200)));
      const grid = [3_000n * 10n ** 8n, ...[...first.points, ...rest.points].map(({ answer }) => answer)];
      const expected = reference(grid.map(Number));
      expect(Math.abs(Number(volatility) / 1e18 - expected) < 1e-9, `${volatility}, expected ${expected}`).to.equal(
        true,
      );
      const { samples, price } = await oracle.grid();
      expect([samples, price]).to.deep.equal([200n, grid.at(-1)]);
    });

    it("has no starting value: constant returns read as what they are from the first ready hour", async () => {
      const { feed, start, deploy } = await load();
      const oracle = await deploy();
      const step = 0.7 / Math.sqrt(HOURS_PER_YEAR);
      const entries = Array.from({ length: MIN_SAMPLES }, (_, i) => ({
        phase: 1,
        answer: 3_000 * Math.exp(i % 2 === 0 ? step : 0),
        updatedAt: atHour(start, i + 1),
      }));
      await write(feed, start, entries);
      await networkHelpers.time.increaseTo(atHour(start, MIN_SAMPLES) + 1);
      await oracle.bring((await proofs(feed, oracle)).roundIds);
      const { volatility } = await oracle.realisedVolatility();
      expect(Math.abs(Number(volatility) / 1e18 - 0.7) < 1e-6, `${volatility}`).to.equal(true);
    });

    it("handles a gap of the feed by the same rule: one return when it speaks again", async () => {
      const { feed, start, deploy } = await load();
      const oracle = await deploy();
      const answer = 3_000 * Math.exp(0.1);
      await write(feed, start, [{ phase: 1, answer, updatedAt: atHour(start, 199) + 5 }]);
      await networkHelpers.time.increaseTo(atHour(start, 200) + 1);
      const { roundIds } = await proofs(feed, oracle);
      expect(roundIds).to.deep.equal([...Array.from({ length: 199 }, () => idOf(1, 1)), idOf(1, 2)]);
      await oracle.bring(roundIds);
      const expected = reference([...Array.from({ length: 200 }, () => 3_000), answer]);
      const { volatility } = await oracle.realisedVolatility();
      expect(Math.abs(Number(volatility) / 1e18 - expected) < 1e-9).to.equal(true);
    });

    it("begins only at a whole hour that is over, and at its last round", async () => {
      const { feed, start, deploy } = await load();
      const address = await feed.getAddress();
      await write(feed, start, [
        { phase: 1, answer: 0, updatedAt: start },
        { phase: 1, answer: 3_001, updatedAt: start },
      ]);
      const oracle = await ethers.getContractFactory("RealisedVolatilityOracle");
      const refuse = (hour: number, id: bigint, error: string) =>
        expect(oracle.deploy(address, hour, id)).to.be.revertedWithCustomError(oracle, error);
      await refuse(start + 1, idOf(1, 3), "NotAWholeHour");
      await refuse(start + HOUR, idOf(1, 3), "HourNotOver");
      await refuse(start, idOf(1, 2), "RoundIncomplete");
      await refuse(start, idOf(1, 1), "NotTheLastRound");
      await refuse(start - HOUR, idOf(1, 3), "RoundAfterHour");
      await refuse(start - HOUR, idOf(1, 0), "RoundIncomplete");
      await expect(deploy()).to.be.revertedWithCustomError(oracle, "NotTheLastRound");
      await oracle.deploy(address, start, idOf(1, 3));
    });
  });

  describe("nothing to choose", () => {
    it("accepts exactly one proof an hour, that of the rule, whatever the feed did", async () => {
      const entry = fc.record({
        minutes: fc.nat(100),
        answer: fc.integer({ min: 2_000, max: 4_000 }),
        isIncomplete: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
      });
      const phase = fc.record({
        offset: fc.integer({ min: -90, max: 200 }),
        entries: fc.array(entry, { maxLength: 5 }),
      });
      const history = fc.array(phase, { minLength: 1, maxLength: 3 });
      let [hours, refused, multi] = [0, 0, 0];
      for (const phases of fc.sample(history, { numRuns: 14, seed: 11 })) {
        const { feed, start, deploy } = await load();
        const oracle = await deploy();
        const entries = phases.flatMap(({ offset, entries }, i) => {
          let minutes = i === 0 ? 0 : offset;
          return entries.map(({ minutes: after, answer, isIncomplete }) => {
            minutes += after;
            return { phase: i + 1, answer, updatedAt: isIncomplete ? 0 : start + 60 * minutes };
          });
        });
        const rounds = await write(feed, start, entries);
        await networkHelpers.time.increaseTo(atHour(start, 4) + 1);
        const currentPhase = (await feed.latestRound()) >> 64n;
        for (let hour = start + HOUR; hour <= atHour(start, 4); hour += HOUR) {
          const { roundId } = await oracle.grid();
          const expected = lastAtOrBefore(rounds, BigInt(hour), roundId >> 64n);
          const candidates: bigint[][] = [];
          for (let p = roundId >> 64n; p <= currentPhase; p++) {
            candidates.push(Array.from({ length: 7 }, (_, number) => (p << 64n) | BigInt(number)));
          }
          const accepted: bigint[][] = [];
          const combinations = candidates.reduce<bigint[][]>(
            (all, ids) => all.flatMap((head) => ids.map((id) => [...head, id])),
            [[]],
          );
          for (const ids of combinations) {
            const isAccepted = await oracle.bring.staticCall(ids).then(
              () => true,
              () => false,
            );
            if (isAccepted) accepted.push(ids);
            else refused++;
          }
          expect(accepted.length, `accepted at ${hour - start} s: ${accepted}`).to.equal(1);
          expect((await proofs(feed, oracle, 1)).roundIds).to.deep.equal(accepted[0]);
          await oracle.bring(accepted[0]!);
          const grid = await oracle.grid();
          expect([grid.roundId, grid.price, grid.hour]).to.deep.equal([expected.id, expected.answer, BigInt(hour)]);
          hours++;
          if (candidates.length > 1) multi++;
        }
      }
      expect([hours > 50, multi > 10, refused > 1_000], `${hours} ${multi} ${refused}`).to.deep.equal([
        true,
        true,
        true,
      ]);
    });

    /** Each guard: what holds with it, and the mutant without it on which the same claim fails. */
    async function holdsExceptWithout(
      guard: Exclude<keyof typeof GUARD, "none">,
      claim: (oracle: Oracle) => Promise<void>,
    ) {
      const { deploy } = await load();
      const snapshot = await networkHelpers.takeSnapshot();
      await claim(await deploy());
      await snapshot.restore();
      let failure: unknown;
      try {
        await claim(await deploy(GUARD[guard]));
      } catch (error) {
        failure = error;
      }
      expect(failure, `the claim holds without ${guard}, too`).to.be.instanceOf(Error);
    }

    it("waits until the hour is over: in its own second a round may still come", async () => {
      const { start } = await load();
      await holdsExceptWithout("over", async (oracle) => {
        await networkHelpers.time.setNextBlockTimestamp(start + HOUR);
        await expect(oracle.bring([idOf(1, 1)], { gasLimit: 1_000_000n }))
          .to.be.revertedWithCustomError(oracle, "HourNotOver")
          .withArgs(start + HOUR, start + HOUR);
        await networkHelpers.time.setNextBlockTimestamp(start + HOUR + 1);
        await oracle.bring([idOf(1, 1)], { gasLimit: 1_000_000n });
      });
    });

    it("refuses an earlier round of the hour, behind incomplete ones too", async () => {
      const { feed, start } = await load();
      await holdsExceptWithout("last", async (oracle) => {
        const entry = (answer: number, updatedAt: number) => ({ phase: 1, answer, updatedAt });
        await write(feed, start, [
          entry(3_001, start + 600),
          ...Array.from({ length: 20 }, () => entry(3_002, 0)),
          entry(3_003, start + 700),
        ]);
        await networkHelpers.time.increaseTo(start + HOUR + 1);
        for (const [id, later] of [
          [1, 2],
          [2, 23],
        ] as const) {
          await expect(oracle.bring([idOf(1, id)]))
            .to.be.revertedWithCustomError(oracle, "NotTheLastRound")
            .withArgs(idOf(1, id), idOf(1, later), later === 2 ? start + 600 : start + 700);
        }
        await oracle.bring([idOf(1, 23)]);
      });
    });

    it("skips no hour", async () => {
      const { feed, start } = await load();
      await holdsExceptWithout("eachHour", async (oracle) => {
        await write(feed, start, [{ phase: 1, answer: 3_300, updatedAt: start + 600 }]);
        await networkHelpers.time.increaseTo(atHour(start, 3) + 1);
        await oracle.bring([idOf(1, 2)]);
        expect((await oracle.grid()).hour).to.equal(BigInt(start + HOUR));
      });
    });

    it("takes the later of two phases' rounds, not the later phase's", async () => {
      const { feed, start } = await load();
      await holdsExceptWithout("laterPhase", async (oracle) => {
        await write(feed, start, [
          { phase: 1, answer: 3_100, updatedAt: start + 1_200 },
          { phase: 2, answer: 3_200, updatedAt: start + 600 },
        ]);
        await networkHelpers.time.increaseTo(start + HOUR + 1);
        await oracle.bring([idOf(1, 2), idOf(2, 1)]);
        expect((await oracle.grid()).roundId).to.equal(idOf(1, 2));
      });
    });
  });

  describe("wrong proofs", () => {
    it("names what is wrong with each", async () => {
      const { feed, start, deploy } = await load();
      const oracle = await deploy();
      await write(feed, start, [
        { phase: 1, answer: 3_001, updatedAt: start + 600 },
        { phase: 1, answer: -1, updatedAt: start + 700 },
        { phase: 1, answer: 3_002, updatedAt: start + HOUR + 1 },
        { phase: 2, answer: 3_003, updatedAt: start + 2 * HOUR + 1 },
      ]);
      await networkHelpers.time.increaseTo(start + 2 * HOUR + 2);
      const refuse = (ids: bigint[], error: string, args: unknown[]) =>
        expect(oracle.bring(ids))
          .to.be.revertedWithCustomError(oracle, error)
          .withArgs(...args);
      await refuse([], "NoRounds", []);
      await refuse([idOf(1, 2)], "MissingPhase", [start + HOUR, 2]);
      await refuse([idOf(2, 1)], "WrongPhase", [idOf(2, 1), 1]);
      await refuse([idOf(1, 2), idOf(3, 0)], "WrongPhase", [idOf(3, 0), 2]);
      await refuse([idOf(1, 3)], "RoundIncomplete", [idOf(1, 3)]);
      await refuse([idOf(1, 9)], "RoundIncomplete", [idOf(1, 9)]);
      await refuse([idOf(1, 4)], "RoundAfterHour", [idOf(1, 4), start + HOUR + 1, start + HOUR]);
      await refuse([idOf(1, 1)], "NotTheLastRound", [idOf(1, 1), idOf(1, 2), start + 600]);
      await refuse([idOf(1, 0)], "NotTheLastRound", [idOf(1, 0), idOf(1, 1), start]);
      await refuse([idOf(1, 2), idOf(2, 1)], "RoundAfterHour", [idOf(2, 1), start + 2 * HOUR + 1, start + HOUR]);
      // One wrong hour and none of the call counts.
      const hour1 = [idOf(1, 2), idOf(2, 0)];
      await refuse([...hour1, idOf(1, 2), idOf(2, 0)], "NotTheLastRound", [idOf(1, 2), idOf(1, 4), start + HOUR + 1]);
      await refuse([...hour1, idOf(1, 4), idOf(2, 0), ...hour1], "HourNotOver", [start + 3 * HOUR, () => true]);
      expect((await oracle.grid()).hour).to.equal(BigInt(start));
      await oracle.bring([...hour1, idOf(1, 4), idOf(2, 0)]);
      expect((await oracle.grid()).hour).to.equal(BigInt(start + 2 * HOUR));
    });

    it("refuses a feed whose decimals changed, or that does not answer", async () => {
      const { feed, start, deploy } = await load();
      const oracle = await deploy();
      await networkHelpers.time.increaseTo(start + HOUR + 1);
      await feed.setDecimals(18);
      await expect(oracle.bring([idOf(1, 1)]))
        .to.be.revertedWithCustomError(oracle, "FeedDecimalsChanged")
        .withArgs(8, 18);
      await feed.setDecimals(8);
      await feed.setOffline(true);
      await expect(oracle.bring([idOf(1, 1)]))
        .to.be.revertedWithCustomError(oracle, "FeedUnreadable")
        .withArgs(await feed.getAddress());
    });

    it("does not take a round for absent because its caller left little gas", async () => {
      const { feed, start, deploy } = await load();
      const oracle = await deploy();
      await write(feed, start, [{ phase: 1, answer: 3_300, updatedAt: start + 600 }]);
      await networkHelpers.time.increaseTo(start + HOUR + 1);
      const data = oracle.interface.encodeFunctionData("bring", [[idOf(1, 1)]]);
      const to = await oracle.getAddress();
      for (let gas = 24_000; gas < 120_000; gas += 700) {
        const answer = await ethers.provider.call({ to, data, from: NOBODY, gasLimit: gas }).catch(() => "refused");
        expect(answer, `with ${gas} gas`).to.equal("refused");
      }
    });
  });

  describe("on real prices", () => {
    const FILE = "data/eth_usdt_perp_binance_5m_202301_202405.csv.gz";

    /** What a push feed writes of a path: on a move of `deviation`, and an hour after the last round at the latest. */
    function pushRounds(rows: readonly Record<string, number>[], deviation: number) {
      const rounds: { ts: number; price: number }[] = [];
      for (const { ts, close } of rows) {
        const last = rounds.at(-1);
        const time = ts! + 300; // a bar's close is known at its end
        if (last === undefined || Math.abs(close! / last.price - 1) >= deviation || time - last.ts >= HOUR) {
          rounds.push({ ts: time, price: close! });
        }
      }
      return rounds;
    }

    /** √(mean of squared log returns), yearly, of a step of `bars` times 5 minutes. */
    function realised(rows: readonly Record<string, number>[], bars: number): number {
      const prices = rows.filter((_, i) => i % bars === bars - 1).map(({ close }) => close!);
      const squares = prices.slice(1).map((price, i) => Math.log(price / prices[i]!) ** 2);
      return Math.sqrt((squares.reduce((a, b) => a + b) / squares.length) * HOURS_PER_YEAR * (12 / bars));
    }

    // A feed of .5 % answers to moves within the hour, whose part that comes back hourly prices do not see.
    for (const [deviation, allowed] of [
      [0.0005, 0.01],
      [0.0015, 0.01],
      [0.005, 0.025],
    ] as const) {
      const title = `a feed of ${100 * deviation} % deviation shows the volatility of hourly prices within ${100 * allowed} %`;
      itWithSharedCsv(title, FILE, (rows) => {
        const rounds = pushRounds(rows, deviation);
        const hourly = rows.filter(({ ts }) => (ts! + 300) % HOUR === 0);
        let i = 0;
        let squares = 0;
        let [seen, truth] = [0, 0];
        let [previous, previousTrue] = [0, 0];
        const ratios: number[] = [];
        for (const [n, { ts, close }] of hourly.entries()) {
          while (i + 1 < rounds.length && rounds[i + 1]!.ts <= ts! + 300) i++;
          const price = rounds[i]!.price;
          if (n > 0) {
            seen = updateVariance(seen, previous, price);
            truth = updateVariance(truth, previousTrue, close!);
            squares += Math.log(price / previous) ** 2;
          }
          [previous, previousTrue] = [price, close!];
          if (n > 30 * 24) ratios.push(Math.sqrt(seen / truth));
        }
        const ofFeed = Math.sqrt((squares / (hourly.length - 1)) * HOURS_PER_YEAR);
        const [ofHours, ofBars] = [realised(rows, 12), realised(rows, 1)];
        const bias = ofFeed / ofHours - 1;
        ratios.sort((a, b) => a - b);
        const show = (share: number) => `${(100 * share).toFixed(2)} %`;
        const quantile = (q: number) => show(ratios[Math.floor(q * ratios.length)]! - 1);
        console.log(
          `      ${rounds.length} rounds: ${show(ofFeed)} a year, hourly prices ${show(ofHours)}, 5-minute prices ${show(ofBars)}; bias ${show(bias)}; of the average with a half-life of 10 days, 5th to 95th percentile ${quantile(0.05)} to ${quantile(0.95)}`,
        );
        expect(Math.abs(bias) <= allowed, `bias ${bias}`).to.equal(true);
        expect(ofFeed < ofBars, "below that of 5-minute prices").to.equal(true);
      });
    }

    itWithSharedCsv("computes on chain what the twin computes on real prices", FILE, async (rows) => {
      const { feed, start, deploy } = await load();
      const oracle = await deploy();
      const days = 8;
      const part = rows.slice(0, days * 288);
      const shift = start - part[0]!.ts!;
      const rounds = pushRounds(part, 0.005);
      const written = await write(
        feed,
        start,
        rounds.map(({ ts, price }) => ({ phase: 1, answer: price, updatedAt: ts + shift })),
      );
      await networkHelpers.time.increaseTo(start + days * DAY + 1);
      const { roundIds } = await proofs(feed, oracle);
      expect(roundIds.length).to.equal(days * 24);
      const receipt = await (await oracle.bring(roundIds)).wait();
      const prices = Array.from({ length: days * 24 + 1 }, (_, hour) => BigInt(atHour(start, hour))).map((hour) =>
        Number(lastAtOrBefore(written, hour, 1n).answer),
      );
      const { volatility } = await oracle.realisedVolatility();
      expect(Math.abs(Number(volatility) / 1e18 - reference(prices)) < 1e-9).to.equal(true);
      await networkHelpers.time.increase(HOUR);
      const one = await (await oracle.bring((await proofs(feed, oracle)).roundIds)).wait();
      console.log(
        `      bring: ${one!.gasUsed} gas for one hour, ${receipt!.gasUsed / BigInt(days * 24)} an hour for ${days * 24} in one call`,
      );
    });
  });
});
