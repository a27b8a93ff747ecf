/** Real prices every 30 seconds, and what a push feed shows of them. */
import { HOURS_PER_YEAR, updateVariance } from "../../keeper/math/realisedVolatility.ts";

export const STEP_SECONDS = 30;
const BAR_SECONDS = 300;
const STEPS_PER_BAR = BAR_SECONDS / STEP_SECONDS;
const HEARTBEAT = 3_600;
const YEAR = 31_536_000;
/** Seconds that a report takes to the chain: L of RULES.md P1. */
const LATENCY = 30;

export interface Bar {
  readonly ts: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export interface Moment {
  readonly time: number;
  /** What the underlying is worth. */
  readonly price: number;
  /** σ of ε: the greater of realised volatility and the surface's at the money. */
  readonly sigma: number;
  /** At the money. */
  readonly level: number;
}

/**
 * The path through each bar's extremes, the one first that lies against the bar's move, in straight lines. A bar says
 * nothing of the order; this one makes the sharpest move the last.
 */
export function* moments(bars: readonly Bar[], levelAt: (time: number) => number): Generator<Moment> {
  let from = bars[0]!.close;
  let variance = 0;
  let hours = 0;
  let hourPrice = from;
  for (const { ts, high, low, close } of bars) {
    const [first, second] = close >= from ? [low, high] : [high, low];
    const points = [from, first, second, close];
    const level = levelAt(ts);
    const sigma = Math.max(level, Math.sqrt(variance));
    for (let i = 1; i <= STEPS_PER_BAR; i++) {
      const at = (3 * i) / STEPS_PER_BAR;
      const leg = Math.min(Math.ceil(at) - 1, 2);
      const price = points[leg]! + (points[leg + 1]! - points[leg]!) * (at - leg);
      yield { time: ts + i * STEP_SECONDS, price, sigma, level };
    }
    from = close;
    if ((ts + BAR_SECONDS) % 3_600 !== 0) continue;
    const squared = Math.log(close / hourPrice) ** 2 * HOURS_PER_YEAR;
    // A plain mean for the first ten days, the average that forgets from then on.
    variance = ++hours <= 240 ? variance + (squared - variance) / hours : updateVariance(variance, hourPrice, close);
    hourPrice = close;
  }
}

/** A push feed as the chain shows it. */
export class PushFeed {
  readonly deviation: number;
  price: number;
  updatedAt: number;
  /** Counts what has landed. */
  round = 0;
  #sent: number;
  #sentAt: number;
  #inFlight: number | undefined;

  constructor(deviation: number, price: number, time: number) {
    this.deviation = deviation;
    this.price = price;
    this.updatedAt = time;
    this.#sent = price;
    this.#sentAt = time;
  }

  /** A step on: what was sent at the last one lands, and what deviates now is sent. */
  step({ time, price }: Moment): void {
    if (this.#inFlight !== undefined) {
      this.price = this.#inFlight;
      this.updatedAt = time;
      this.round++;
      this.#inFlight = undefined;
    }
    const hasMoved = Math.abs(price / this.#sent - 1) >= this.deviation;
    if (!hasMoved && time - this.#sentAt < HEARTBEAT) return;
    this.#inFlight = price;
    this.#sent = price;
    this.#sentAt = time;
  }

  /** ε of P1 for what is shown. */
  doubt({ time, sigma }: Moment): number {
    const move = (seconds: number) => 4 * Math.max(sigma, 0.2) * Math.sqrt(seconds / YEAR);
    return Math.min(this.deviation, move(time - this.updatedAt)) + move(LATENCY);
  }
}
