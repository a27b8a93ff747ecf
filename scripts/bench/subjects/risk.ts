/**
 * The whole book's value and greeks, by how much is open: expiries of 32 strikes, a call and a put each. The slope is what
 * one more series costs.
 */
import {
  buy,
  DAY,
  deposit,
  eth,
  keepFresh,
  listBoard,
  type MisbehavingSystem,
  networkHelpers,
  seriesId,
  systemOnMisbehavingVenue,
  usdc,
} from "../../../test/helpers/system.ts";
import type { Row, Subject } from "../bench.ts";
import { gasOfCall } from "../trace.ts";

const { time } = networkHelpers;
const EXPIRIES = 4;
const STRIKES = Array.from({ length: 32 }, (_, place) => 2_750 + 16 * place);
const EACH = eth("0.01");

async function gasOfBook(system: MisbehavingSystem): Promise<number> {
  const data = system.riskEngine.interface.encodeFunctionData("book", [eth(3_000)]);
  return (await gasOfCall({ to: system.addresses.riskEngine, data }, system.addresses.venue)).whole;
}

export const risk: Subject = {
  title: "the live book",
  async measure(): Promise<Row[]> {
    const system = await systemOnMisbehavingVenue();
    await deposit(system, system.alice, usdc(10_000_000));
    const measured: number[] = [];
    for (let week = 1; week <= EXPIRIES; week++) {
      // Twenty strikes a day.
      const expiry = await listBoard(system, { strikes: STRIKES.slice(0, 16), week });
      await time.increase(DAY);
      await keepFresh(system);
      await system.market.connect(system.curator).listStrikes(expiry, STRIKES.slice(16).map(eth));
      for (const strike of STRIKES) {
        await buy(system, system.dave, seriesId(expiry, strike, "call"), EACH);
        await buy(system, system.dave, seriesId(expiry, strike, "put"), EACH);
      }
      measured.push(await gasOfBook(system));
      await time.increase(DAY);
      await keepFresh(system);
    }
    return [
      { name: "risk.perSeries", value: Math.round((measured[3]! - measured[0]!) / 192), unit: "gas" },
      { name: "risk.book64", value: measured[0]!, unit: "gas" },
      { name: "risk.book256", value: measured[3]!, unit: "gas" },
    ];
  },
};
