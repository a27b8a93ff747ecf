/** The boards of both vaults: listed by the curator, bought from, settled by anyone, redeemed by every holder. */
import { encodeSeries, seriesName } from "../../keeper/series.ts";
import { readSettlementProof } from "../../keeper/settle.ts";
import { FAIR_VOLATILITY } from "./path.ts";
import { boardStrikes, type Purchase } from "./plan.ts";
import type { TradeRecord } from "./record.ts";
import { BUYERS, type Buyer, type PersonCall, type Side, type Stage } from "./stage.ts";

/** What a buyer pays at most, for what the seconds until the block add to a quote. */
const DEAREST = { part: 103n, of: 100n } as const;

interface Board {
  readonly expiry: number;
  readonly strikes: readonly bigint[];
}

type Quote = Awaited<ReturnType<Side["contracts"]["market"]["quote"]>>["price"];

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
  #example: TradeRecord | undefined;
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
        marketCall(side, "curator", "listExpiry", [expiry]),
        marketCall(side, "curator", "listStrikes", [expiry, strikes]),
      ]),
    );
    return strikes;
  }

  /** What was bought from each vault so far. */
  get bought(): { readonly purchases: number; readonly contractsWad: bigint } {
    return this.#bought;
  }

  /** The first purchase from the hedged vault, explained. */
  get example(): TradeRecord | undefined {
    return this.#example;
  }

  /** Each purchase from both vaults in one block: the same size, each at its vault's price. */
  async buy(purchases: readonly Purchase[]): Promise<void> {
    const { sides, addressOf } = this.#stage;
    const deadline = this.#stage.now() + 60;
    const calls: PersonCall[] = [];
    for (const { board, strike, isCall, sizeWad, buyer } of purchases) {
      const offer = await this.#offer({ board, strike, isCall, sizeWad });
      if (offer === undefined) continue;
      const { id, quotes } = offer;
      this.#example ??= this.#explain({ id, sizeWad, quote: quotes[0]! });
      this.#bought.purchases++;
      this.#bought.contractsWad += sizeWad;
      const person = buyerNamed(buyer);
      for (const [place, side] of sides.entries()) {
        const most = (quotes[place]!.premium * DEAREST.part) / DEAREST.of;
        calls.push(marketCall(side, person, "buy", [id, sizeWad, most, deadline, addressOf(person)]));
      }
      const held = this.#holdings.find((holding) => holding.buyer === person && holding.id === id);
      if (held === undefined) this.#holdings.push({ buyer: person, id, sizeWad });
      else held.sizeWad += sizeWad;
    }
    await this.#stage.act(calls);
  }

  /** The strike that a buyer wants or, when it is not sold now, the nearest one that both vaults sell. */
  async #offer(wanted: Pick<Purchase, "board" | "strike" | "isCall" | "sizeWad">) {
    const { expiry, strikes } = this.#board(wanted.board);
    const byDistance = strikes
      .map((strikeWad, place) => ({ strikeWad, distance: Math.abs(place - wanted.strike) }))
      .sort((one, other) => one.distance - other.distance);
    for (const { strikeWad } of byDistance) {
      const id = encodeSeries({ expiry: BigInt(expiry), strikeWad, isCall: wanted.isCall });
      const answers = await Promise.all(
        this.#stage.sides.map(({ contracts }) => contracts.market.quote(id, wanted.sizeWad)),
      );
      const isSold = answers.every(({ price, limits }) => price.buying === 0n && limits.closure === 0n);
      if (isSold) return { id, quotes: answers.map(({ price }) => price) };
    }
    return undefined;
  }

  #explain(options: { readonly id: bigint; readonly sizeWad: bigint; readonly quote: Quote }): TradeRecord {
    const { id, sizeWad, quote } = options;
    return {
      time: this.#stage.now(),
      series: seriesName(id, "ETH"),
      sizeWad,
      spotWad: quote.spot,
      markWad: quote.markPrice,
      forwardWad: quote.forward,
      volatilityWad: quote.volatility,
      valueWad: quote.value,
      worsePriceWad: quote.buyer.worsePrice,
      volatilityDoubtWad: quote.buyer.volatility,
      hedgingWad: quote.buyer.hedging,
      spotDoubtWad: quote.buyer.spot,
      convexityWad: quote.buyer.convexity,
      carryDoubtWad: quote.buyer.carry,
      skewWad: quote.buySkew,
      premiumWad: quote.premium * 10n ** 12n,
    };
  }

  /** Settles the vault that has no keeper, as anyone may, and has every holder of both redeem. */
  async redeem(board: number): Promise<Redemption> {
    const { expiry } = this.#board(board);
    const { hedged, unhedged, sides, provider, addressOf } = this.#stage;
    const block = await provider.getBlock("latest");
    if (block === null) throw new Error("The chain has no latest block.");
    const proof = await readSettlementProof(unhedged.contracts, BigInt(expiry), {
      block: { blockNumber: block.number, timestamp: BigInt(block.timestamp) },
    });
    if (proof.rule !== "first") throw new Error(`No round of the feed settles board ${board + 1}: ${proof.rule}.`);
    await this.#stage.act([
      {
        person: "dave",
        to: unhedged.contracts.deployment.contracts.expiryPriceOracle,
        contract: "oracles/ExpiryPriceOracle",
        method: "proveFirstRound",
        args: [expiry, proof.round.id, proof.boundaries],
      },
      marketCall(unhedged, "dave", "settle", [expiry]),
    ]);

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
