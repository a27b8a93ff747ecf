/**
 * What the option market costs on the real Curie with 64 live series: 4 expiries of 8 strikes, a call and a put each, all
 * open. A row is without what the venue takes to be read, which stands beside it as `.venueReads`.
 */
import { MaxUint256 } from "ethers";
import {
  bringHours,
  buy,
  type CurieSystem,
  DAY,
  deposit,
  eth,
  fund,
  listBoard,
  networkHelpers,
  prove,
  rebalance,
  repostSurface,
  seriesId,
  systemOnCurie,
  usdc,
} from "../../../test/helpers/system.ts";
import type { Row, Subject } from "../bench.ts";
import { gasOfCall, gasOfTransaction, type Spent } from "../trace.ts";

const STRIKES = [2_750, 2_800, 2_900, 3_000, 3_050, 3_100, 3_200, 3_300];
const EXPIRIES = 4;
/** With two strikes more an expiry has 20 series. */
const MORE_STRIKES = [2_950, 3_150];
const EACH = eth("0.05");
const GAS = { gasLimit: 8_000_000n };

/** A step of the market, and what the curator and the messengers do meanwhile. */
async function pass(system: CurieSystem, seconds: number): Promise<void> {
  await system.world$.step({ priceWad: eth(3_000), seconds });
  await bringHours(system);
  await repostSurface(system);
}

/** More calls than puts, so that there is something to hedge. */
async function open(system: CurieSystem, expiry: bigint, strikes: readonly number[]): Promise<void> {
  for (const strike of strikes) {
    await buy(system, system.dave, seriesId(expiry, strike, "call"), 2n * EACH);
    await buy(system, system.dave, seriesId(expiry, strike, "put"), EACH);
  }
}

export const market: Subject = {
  title: "the option market",
  async measure(): Promise<Row[]> {
    const system = await systemOnCurie();
    const { venue } = system.addresses;
    const trader = system.erin;
    const board = system.market.connect(trader);
    const rows: Row[] = [];
    const add = (name: string, { whole, at }: Spent) => {
      rows.push({ name, value: whole - at, unit: "gas" });
      if (at > 0) rows.push({ name: `${name}.venueReads`, value: at, unit: "gas" });
    };
    const measure = async (name: string, sent: Promise<{ hash: string }>) =>
      add(name, await gasOfTransaction((await sent).hash, venue));

    await deposit(system, system.alice, usdc(5_000_000));
    await fund(system, trader, usdc(1_000_000));
    const first = await listBoard(system, { strikes: STRIKES });
    await open(system, first, STRIKES);
    const id = seriesId(first, 3_000, "call");
    const trade = () => board.buy(id, EACH, MaxUint256, MaxUint256, trader.address, GAS);
    await trade();
    await system.saleLimits.connect(trader).renew();
    await measure("market.buyWithOneExpiry", trade());

    for (let week = 2; week <= EXPIRIES; week++) {
      await pass(system, DAY);
      await open(system, await listBoard(system, { strikes: STRIKES, week }), STRIKES);
    }
    await pass(system, 3_600);
    await rebalance(system);
    // The first after a hedge renews the checkpoint.
    await measure("market.buyRenewing", trade());
    await measure("market.buy", trade());
    await measure("market.sell", board.sell(id, EACH, 0n, MaxUint256, trader.address, GAS));
    const data = board.interface.encodeFunctionData("quote", [id, EACH]);
    add("market.quote", await gasOfCall({ to: system.addresses.market, data }, venue));

    await system.market.connect(system.curator).listStrikes(first, MORE_STRIKES.map(eth));
    await open(system, first, MORE_STRIKES);
    const left = Number(first) - (await networkHelpers.time.latest());
    await system.world$.step({ priceWad: eth(3_040), seconds: left + 60 });
    await prove(system, first);
    await measure("market.settleExpiry20", system.market.connect(system.stranger).settle(first));
    await measure("market.redeem", board.redeem(id, EACH, trader.address));
    return rows;
  },
};
