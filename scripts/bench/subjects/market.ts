/**
 * What the option market costs on the real Curie with 64 live series: 4 expiries of 8 strikes, a call and a put each, all
 * open. Whole transactions, as a trader pays for them; beside each the part that is the venue's own reads, and what is
 * left without them.
 */
import { MaxUint256 } from "ethers";
import {
  buy,
  type CurieSystem,
  DAY,
  deposit,
  eth,
  fund,
  listBoard,
  networkHelpers,
  provider,
  rebalance,
  repostSurface,
  seriesId,
  settleAt,
  systemOnCurie,
  usdc,
} from "../../../test/helpers/system.ts";
import type { Row, Subject } from "../bench.ts";

const { time, takeSnapshot } = networkHelpers;
const STRIKES = [2_750, 2_800, 2_900, 3_000, 3_050, 3_100, 3_200, 3_300];
const EXPIRIES = 4;
const EACH = eth("0.05");

interface Frame {
  readonly to?: string;
  readonly gasUsed: string;
  readonly calls?: readonly Frame[];
}

/** Gas of a mined transaction, and of its calls to the venue's adapter. */
async function gasOf(system: CurieSystem, hash: string): Promise<{ whole: number; venue: number }> {
  const receipt = await provider.getTransactionReceipt(hash);
  const trace = (await provider.send("debug_traceTransaction", [hash, { tracer: "callTracer" }])) as Frame;
  const ofVenue = (frame: Frame): number => {
    if (frame.to?.toLowerCase() === system.addresses.venue.toLowerCase()) return Number(frame.gasUsed);
    return (frame.calls ?? []).reduce((sum, call) => sum + ofVenue(call), 0);
  };
  return { whole: Number(receipt!.gasUsed), venue: ofVenue(trace) };
}

async function openBoards(): Promise<{ system: CurieSystem; expiries: bigint[] }> {
  const system = await systemOnCurie();
  await deposit(system, system.alice, usdc(5_000_000));
  const expiries: bigint[] = [];
  for (let week = 1; week <= EXPIRIES; week++) {
    expiries.push(await listBoard(system, { strikes: STRIKES, week }));
    // Twenty strikes a day.
    if (week % 2 === 0) await freshen(system, DAY);
  }
  for (const expiry of expiries) {
    for (const strike of STRIKES) {
      // More calls than puts, so that there is something to hedge.
      await buy(system, system.dave, seriesId(expiry, strike, "call"), 2n * EACH);
      await buy(system, system.dave, seriesId(expiry, strike, "put"), EACH);
    }
    await freshen(system, 900);
  }
  await rebalance(system);
  return { system, expiries };
}

/** A step of the market and what the curator and the messengers do meanwhile. */
async function freshen(system: CurieSystem, seconds: number): Promise<void> {
  await system.world$.step({ priceWad: eth(3_000), seconds });
  await bringHoursOf(system);
  await repostSurface(system);
}

const bringHoursOf = async (system: CurieSystem) => {
  const { bringHours } = await import("../../../test/helpers/system.ts");
  await bringHours(system);
};

export const market: Subject = {
  title: "the option market",
  async measure(): Promise<Row[]> {
    const { system, expiries } = await openBoards();
    const rows: Row[] = [];
    const add = (name: string, value: number) => rows.push({ name, value, unit: "gas" });
    const measure = async (name: string, send: () => Promise<{ hash: string }>) => {
      const { whole, venue } = await gasOf(system, (await send()).hash);
      add(name, whole - venue);
      add(`${name}.venueReads`, venue);
    };
    const id = seriesId(expiries[1]!, 3_000, "call");
    const trader = system.erin;
    await fund(system, trader, usdc(1_000_000));
    const market = system.market.connect(trader);
    const trade = () => market.buy(id, EACH, MaxUint256, MaxUint256, trader.address, { gasLimit: 8_000_000n });

    // The first renews the checkpoint: the hedge before it called for that.
    await measure("market.buyRenewing", trade);
    await measure("market.buy", trade);
    await measure("market.sell", () => market.sell(id, EACH, 0n, MaxUint256, trader.address, { gasLimit: 8_000_000n }));
    add("market.quote", Number(await market.quote.estimateGas(id, EACH)));
    add("market.quote", Number(await market.quote.estimateGas(id, EACH)));
    const bookGas = Number(await system.riskEngine.book.estimateGas(eth(3_000)));
    add("risk.book64", bookGas);
    console.error(
      "valuation",
      await system.riskEngine.valuation.estimateGas(),
      "pricer",
      await system.pricer.quote.estimateGas(id, EACH),
      "state",
      await system.venue.state.estimateGas(),
      "mark",
      await system.venue.markPrice.estimateGas(),
      "depth",
      await system.venue.depth.estimateGas(1n),
    );
    return rows;
  },
};
