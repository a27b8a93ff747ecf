/**
 * Fixed-point arithmetic on bigint, wide enough that a fit's last committed bit does not depend on it.
 *
 * A number x is the bigint round(x · 2^bits). Everything here is integer arithmetic, so a result is the same on every
 * machine, which a fit in floating point could not promise.
 */
export class FixedPoint {
  readonly bits: bigint;
  readonly one: bigint;
  readonly ln2: bigint;
  readonly pi: bigint;

  constructor(bits: number) {
    this.bits = BigInt(bits);
    this.one = 1n << this.bits;
    // Machin-like formulas: both series fall by three digits or more a term.
    this.ln2 =
      18n * this.#inverseSeries(26n, 1n) - 2n * this.#inverseSeries(4801n, 1n) + 8n * this.#inverseSeries(8749n, 1n);
    this.pi = 16n * this.#inverseSeries(5n, -1n) - 4n * this.#inverseSeries(239n, -1n);
  }

  /** A decimal string such as "9.2" or "1e-30", exactly rounded down to the grid. */
  parse(decimal: string): bigint {
    const match = /^(-?)(\d+)(?:\.(\d+))?(?:e(-?\d+))?$/.exec(decimal);
    if (match === null) throw new SyntaxError(`expected a decimal number, got "${decimal}"`);
    const [, sign, whole = "0", fraction = "", exponent = "0"] = match;
    const power = Number(exponent) - fraction.length;
    const digits = BigInt(whole + fraction) * (power > 0 ? 10n ** BigInt(power) : 1n);
    const value = (digits << this.bits) / (power < 0 ? 10n ** BigInt(-power) : 1n);
    return sign === "-" ? -value : value;
  }

  ratio(numerator: bigint, denominator: bigint): bigint {
    return (numerator << this.bits) / denominator;
  }

  mul(a: bigint, b: bigint): bigint {
    return (a * b) >> this.bits;
  }

  div(a: bigint, b: bigint): bigint {
    return (a << this.bits) / b;
  }

  sqrt(x: bigint): bigint {
    return integerSqrt(x << this.bits);
  }

  exp(x: bigint): bigint {
    // x = n·ln 2 + 2^8·r: the Taylor series sees |r| < 2^-8, eight squarings undo the division.
    const halvings = 8n;
    let n = x / this.ln2;
    if (x < 0n) n -= 1n;
    const r = (x - n * this.ln2) >> halvings;
    let term = this.one;
    let sum = this.one;
    for (let k = 1n; term !== 0n; ++k) {
      term = this.mul(term, r) / k;
      sum += term;
    }
    for (let i = 0n; i < halvings; ++i) sum = this.mul(sum, sum);
    return n >= 0n ? sum << n : sum >> -n;
  }

  cos(x: bigint): bigint {
    const x2 = this.mul(x, x);
    let term = this.one;
    let sum = this.one;
    for (let k = 1n; term !== 0n; ++k) {
      term = -(this.mul(term, x2) / ((2n * k - 1n) * 2n * k));
      sum += term;
    }
    return sum;
  }

  /** The integer nearest to x · 2^scaleBits, halves away from zero. */
  toInteger(x: bigint, scaleBits: number): bigint {
    const shift = this.bits - BigInt(scaleBits);
    const magnitude = ((x < 0n ? -x : x) + (1n << (shift - 1n))) >> shift;
    return x < 0n ? -magnitude : magnitude;
  }

  /** Decimal rendering with `digits` significant digits, for people. */
  toString(x: bigint, digits = 24): string {
    if (x === 0n) return "0";
    const magnitude = x < 0n ? -x : x;
    let exponent = 0;
    let scaled = magnitude;
    while (scaled < this.one) {
      scaled *= 10n;
      exponent -= 1;
    }
    while (scaled >= 10n * this.one) {
      scaled /= 10n;
      exponent += 1;
    }
    const text = ((scaled * 10n ** BigInt(digits - 1)) >> this.bits).toString();
    return `${x < 0n ? "-" : ""}${text[0]}.${text.slice(1)}${exponent === 0 ? "" : `e${exponent}`}`;
  }

  /** atanh(1/n) for sign = 1, atan(1/n) for sign = -1. */
  #inverseSeries(n: bigint, sign: 1n | -1n): bigint {
    const square = n * n;
    let power = this.one / n;
    let sum = power;
    for (let k = 3n; power !== 0n; k += 2n) {
      power = (sign * power) / square;
      sum += power / k;
    }
    return sum;
  }
}

/** The largest integer whose square is not above n. */
export function integerSqrt(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
