/** The boards of both vaults: listed by the curator, bought from, settled by anyone, redeemed by every holder. */
import { encodeSeries } from "../../keeper/series.ts";
import { settlementRoundOf } from "../../keeper/settlement.ts";
import { FAIR_VOLATILITY } from "./path.ts";
import { boardStrikes, type Purchase } from "./plan.ts";
import { BUYERS, type Buyer, type PersonCall, type Side, type Stage } from "./stage.ts";

const VOLATILITY_WAD = BigInt(Math.round(FAIR_VOLATILITY * 100)) * 10n ** 16n;

const DELTA_DRIFT = 10n ** 15n; // .001

interface Board {
  readonly expiry: number;
  readonly strikes: readonly bigint[];
}

interface Holding {
  readonly buyer: Buyer;
  readonly id: bigint;
  sizeWad: bigint;
}

/** What came of an expiry, of the hedged vault; the other one's is the same. */
export interface Redemption {
  readonly priceWad: bigint;
  readonly owedUnits: bigint;
  readonly paid: number;
  readonly worthless: number;
}

export class Boards {
  readonly #stage: Stage;
  readonly #boards: Board[] = [];
  #holdings: Holding[] = [];
  #bought = { purchases: 0, contractsWad: 0n };

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** @returns The strikes. */
  async list(options: {
    readonly board: number;
    readonly spotWad: bigint;
    readonly hours: number;
    readonly expiry: number;
  }): Promise<readonly bigint[]> {
    const { board, spotWad, hours, expiry } = options;
    const strikes = boardStrikes({ spotWad, volatility: FAIR_VOLATILITY, hours });
    this.#boards[board] = { expiry, strikes };
    await this.#stage.act(
      this.#stage.sides.flatMap((side) => [
        marketCall(side, "curator", "listExpiry", [expiry, VOLATILITY_WAD]),
        marketCall(side, "curator", "listStrikes", [expiry, strikes]),
      ]),
    );
    return strikes;
  }

  /** What was bought from each vault so far. */
  get bought(): { readonly purchases: number; readonly contractsWad: bigint } {
    return this.#bought;
  }

  /** Each purchase from both vaults in one block: the same size at the same price. */
  async buy(purchases: readonly Purchase[]): Promise<void> {
    const { sides, addressOf } = this.#stage;
    const deadline = this.#stage.now() + 60;
    const calls: PersonCall[] = [];
    for (const { board, strike, isCall, sizeWad, buyer } of purchases) {
      const offer = await this.#offer({ board, strike, isCall, sizeWad });
      if (offer === undefined) continue;
      const { id, premium } = offer;
      this.#bought.purchases++;
      this.#bought.contractsWad += sizeWad;
      const person = buyerNamed(buyer);
      // At most one per cent above the quote, for what may happen until the block.
      const args = [id, sizeWad, (premium * 101n) / 100n, deadline, addressOf(person)];
      calls.push(...sides.map((side) => marketCall(side, person, "buy", args)));
      const held = this.#holdings.find((holding) => holding.buyer === person && holding.id === id);
      if (held === undefined) this.#holdings.push({ buyer: person, id, sizeWad });
      else held.sizeWad += sizeWad;
    }
    await this.#stage.act(calls);
  }

  /** The strike that a buyer wants or, when it is too far from the money to be sold, the nearest one that is not. */
  async #offer(wanted: Pick<Purchase, "board" | "strike" | "isCall" | "sizeWad">) {
    const { market } = this.#stage.hedged.contracts;
    const { expiry, strikes } = this.#board(wanted.board);
    const [least, most] = await Promise.all([market.MIN_DELTA(), market.MAX_DELTA()]);
    const byDistance = strikes
      .map((strikeWad, place) => ({ strikeWad, distance: Math.abs(place - wanted.strike) }))
      .sort((one, other) => one.distance - other.distance);
    for (const { strikeWad } of byDistance) {
      const id = encodeSeries({ expiry: BigInt(expiry), strikeWad, isCall: wanted.isCall });
      const { premium, delta } = await market.quote(id, wanted.sizeWad);
      const size = delta < 0n ? -delta : delta;
      // Delta drifts until the block that buys.
      if (size > least + DELTA_DRIFT && size < most - DELTA_DRIFT) return { id, premium };
    }
    return undefined;
  }

  /** Settles the vault that has no keeper, as anyone may, and has every holder of both redeem. */
  async redeem(board: number): Promise<Redemption> {
    const { expiry } = this.#board(board);
    const { hedged, unhedged, sides, provider, addressOf } = this.#stage;
    const round = await settlementRoundOf(unhedged.contracts, BigInt(expiry), await provider.getBlockNumber());
    if (round === undefined) throw new Error(`The feed has no round for the expiry of board ${board + 1}.`);
    await this.#stage.act([marketCall(unhedged, "dave", "settle", [expiry, round.id])]);

    const { market, vault } = hedged.contracts;
    const [{ settlementPrice }, owedUnits] = await Promise.all([market.expiryOf(expiry), vault.owed()]);
    const payoffs = new Map<bigint, bigint>();
    for (const { id } of this.#holdings) if (!payoffs.has(id)) payoffs.set(id, await market.payoff(id));
    const inTheMoney = this.#holdings.filter(({ id }) => (payoffs.get(id) ?? 0n) > 0n);
    await this.#stage.act(
      inTheMoney.flatMap(({ buyer, id, sizeWad }) =>
        sides.map((side) => marketCall(side, buyer, "redeem", [id, sizeWad, addressOf(buyer)])),
      ),
    );
    const worthless = this.#holdings.length - inTheMoney.length;
    this.#holdings = [];
    return { priceWad: settlementPrice, owedUnits, paid: inTheMoney.length, worthless };
  }

  #board(board: number): Board {
    const found = this.#boards[board];
    if (found === undefined) throw new Error(`Board ${board + 1} is not listed yet.`);
    return found;
  }
}

function marketCall(side: Side, person: PersonCall["person"], method: string, args: readonly unknown[]): PersonCall {
  return { person, to: side.contracts.deployment.contracts.market, contract: "OptionMarket", method, args };
}

function buyerNamed(name: string): Buyer {
  const buyer = BUYERS.find((candidate) => candidate === name);
  if (buyer === undefined) throw new Error(`Nobody who buys is called ${name}.`);
  return buyer;
}
