/**
 * Random numbers that are the same on every machine for the same seed.
 *
 * sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes PractRand and BigCrush, ten lines. Own code, because
 * the demo needs exactly this much, a dependency would have to be pinned for ever to keep the seeds' meaning, and
 * JavaScript's own `Math.random` cannot be seeded. Nothing here is secret.
 */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal. */
  normal(): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items, each as likely as its weight; equal weights unless told. */
  pick<T>(items: readonly T[], weights?: readonly number[]): T;
}

/**
 * A stream of its own for each purpose, so that one more draw for the buyers does not change the price path.
 *
 * @example createRandom(7, "path").uniform()
 */
export function createRandom(seed: number, purpose: string): Random {
  const uniform = sfc32(seed, purpose);
  const normal = () => {
    // Box–Muller; 1 − u is in (0, 1], where the logarithm is finite.
    return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  };
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    normal,
    chance: (probability) => uniform() < probability,
    pick: (items, weights = items.map(() => 1)) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      let rest = uniform() * total;
      const place = weights.findIndex((weight) => {
        rest -= weight;
        return rest < 0;
      });
      const item = items[place === -1 ? items.length - 1 : place];
      if (item === undefined) throw new RangeError("There is nothing to pick from: expected at least one item.");
      return item;
    },
  };
}

function sfc32(seed: number, purpose: string): () => number {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`The seed is ${seed}: expected a whole number from 0 to 9007199254740991.`);
  }
  let a = (seed % 2 ** 32) | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = hash(purpose);
  let counter = 1;
  const next = () => {
    const out = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    return (out >>> 0) / 2 ** 32;
  };
  // Neighbouring seeds are unrelated after a dozen rounds.
  for (let round = 0; round < 16; round++) next();
  return next;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return value;
}
