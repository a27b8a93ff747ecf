import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Contract, ContractFactory, type JsonRpcProvider, Wallet } from "ethers";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { SECONDS_PER_YEAR } from "../../keeper/math/optionMath.ts";
import { type SviParameters, sviVolatility, unpackSlice } from "../../keeper/math/svi.ts";
import { openProvider } from "../../keeper/rpc.ts";
import { dayName } from "../../keeper/series.ts";
import {
  CalibrationError,
  calibrate,
  isAcceptable,
  type Neighbour,
  postOf,
  type VolatilityQuote,
} from "../../keeper/surface/calibrate.ts";
import { parseCsv, parseJson, readQuotes } from "../../keeper/surface/quotes.ts";
import { ballastArtifact } from "../../scripts/local-chain/artifacts.ts";
import { type SpawnedChain, spawnLocalChain } from "../../scripts/local-chain/spawn.ts";
import type { AccessManager, ToldRealisedVolatility, VolatilitySurface } from "../../types/index.ts";
import { expectRefusal, run } from "../helpers/command.ts";
import { toWad } from "../helpers/curie.ts";
import { connection, DAY, WEEK } from "../helpers/system.ts";

const { ethers, networkHelpers } = connection;
const FORWARD = 3_000;
const SPREAD = 0.015;
const WHOLE = 256n;

/** Quotes of a slice, from −2.4 to 2.4 deviations. */
function quotesOf(slice: SviParameters, seconds: number): VolatilityQuote[] {
  const deviation = sviVolatility(slice, 0) * Math.sqrt(seconds / SECONDS_PER_YEAR);
  return [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((i) => {
    const k = 0.6 * i * deviation;
    return { strike: FORWARD * Math.exp(k), volatility: sviVolatility(slice, k), weight: 1 };
  });
}

/** Slices as markets have them, for 1 to 60 days; only those free of arbitrage. */
const synthetic = fc
  .record({
    days: fc.constantFrom(1, 3, 7, 14, 28, 60),
    level: fc.double({ min: 0.3, max: 1.3, noNaN: true }),
    rho: fc.double({ min: -0.8, max: 0.6, noNaN: true }),
    /** Part of the variance at the money that the wings bring. */
    wings: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
    sigma: fc.double({ min: 0.4, max: 4, noNaN: true }),
    m: fc.double({ min: -0.7, max: 0.7, noNaN: true }),
  })
  .map(({ days, level, rho, wings, ...shape }) => {
    const deviation = level * Math.sqrt((days * DAY) / SECONDS_PER_YEAR);
    const [m, sigma] = [shape.m * deviation, shape.sigma * deviation];
    const v = level * level;
    const slice = { a: (1 - wings) * v, b: (wings * v) / (Math.hypot(m, sigma) - rho * m), rho, m, sigma };
    return { slice, seconds: days * DAY };
  })
  .filter(({ slice, seconds }) => isAcceptable(slice, { secondsToExpiry: seconds }));

async function surfaceFixture() {
  const [owner, market] = await ethers.getSigners();
  const manager = (await ethers.deployContract("AccessManager", [owner!.address])) as unknown as AccessManager;
  const told = await ethers.deployContract("ToldRealisedVolatility", [toWad(0.6)]);
  const args = [await manager.getAddress(), market!.address, await told.getAddress(), 3_600];
  const surface = (await ethers.deployContract("VolatilitySurface", args)) as unknown as VolatilitySurface;
  const asMarket = surface.connect(market!);
  return { surface, asMarket, realised: told as unknown as ToldRealisedVolatility };
}
const load = () => networkHelpers.loadFixture(surfaceFixture);

describe("calibration", () => {
  it("recovers a slice from its own volatilities to less than .05 points", () => {
    let worst = 0;
    for (const { slice, seconds } of fc.sample(synthetic, { numRuns: 60, seed: 31 })) {
      const quotes = quotesOf(slice, seconds);
      const fit = calibrate({ quotes, forward: FORWARD, secondsToExpiry: seconds, spread: SPREAD });
      worst = Math.max(worst, ...fit.rows.map(({ difference }) => Math.abs(difference)));
      expect(worst < 0.0005, `${JSON.stringify({ slice, seconds })}: ${worst}`).to.equal(true);
    }
    console.log(`      worst of 60 slices: ${(100 * worst).toExponential(1)} points`);
  });

  it("weighs quotes: a heavy one is met, a light one is not", () => {
    const quotes = [2_700, 2_850, 3_000, 3_150, 3_300].map((strike) => ({ strike, volatility: 0.6, weight: 100 }));
    const off = { strike: 3_000, volatility: 0.9, weight: 1 };
    const light = calibrate({ quotes: [...quotes, off], forward: FORWARD, secondsToExpiry: WEEK, spread: SPREAD });
    expect(Math.abs(light.rows[2]!.difference) < 0.005).to.equal(true);
    expect(light.rows.at(-1)!.difference < -0.28).to.equal(true);
    const { weightedError, rows } = light;
    const mean = rows.reduce((sum, row) => sum + row.weight * row.difference ** 2, 0) / 501;
    expect(Math.abs(weightedError - Math.sqrt(mean)) < 1e-12).to.equal(true);
  });

  it("stays near the slice in force where the quotes say nothing", () => {
    const previous = { a: 0.2, b: 1, rho: -0.4, m: 0.02, sigma: 0.2 };
    const k = 0.02;
    const quotes = [-k, 0, k].map((x) => ({
      strike: FORWARD * Math.exp(x),
      volatility: sviVolatility(previous, x) + 0.002,
      weight: 1,
    }));
    const options = { quotes, forward: FORWARD, secondsToExpiry: WEEK, spread: SPREAD, previous };
    const far = (fit: { slice: SviParameters }) =>
      Math.max(...[-0.4, 0.4].map((x) => Math.abs(sviVolatility(fit.slice, x) - sviVolatility(previous, x))));
    const held = calibrate({ ...options, inertia: 0.1 });
    expect(far(held) < 0.01, `${far(held)}`).to.equal(true);
    expect(far(calibrate({ ...options, previous: undefined })) > 0.1).to.equal(true);
  });

  describe("never gives what the contract refuses", () => {
    /** Asks the contract itself; a calibration that says that there is no slice is an answer, too. */
    async function postOnChain(
      quotes: readonly VolatilityQuote[],
      seconds: number,
      neighbours: { before?: Neighbour; after?: Neighbour } = {},
    ): Promise<string> {
      const { surface, asMarket, realised } = await load();
      const time = (await networkHelpers.time.latest()) + 100;
      const expiryIn = (s: number) => BigInt(time + s);
      const post = async (secondsToExpiry: number, slice: SviParameters) => {
        const level = sviVolatility(slice, 0);
        await realised.set(toWad(level), 0);
        await asMarket.addExpiry(expiryIn(secondsToExpiry));
        const full = { ...slice, postedAt: 0, atTheMoneyVolatility: level, spread: SPREAD };
        await surface.post([postOf(expiryIn(secondsToExpiry), full)]);
      };
      for (const one of [neighbours.before, neighbours.after]) {
        if (one !== undefined) await post(one.secondsToExpiry, one.slice);
      }
      try {
        const fit = calibrate({ quotes, forward: FORWARD, secondsToExpiry: seconds, spread: SPREAD, ...neighbours });
        await post(seconds, fit.slice);
        return "posted";
      } catch (error) {
        if (error instanceof CalibrationError) return error.message;
        throw error;
      }
    }

    const quote = fc.record({
      strike: fc.double({ min: 1_500, max: 6_000, noNaN: true }),
      volatility: fc.double({ min: 0.15, max: 3.5, noNaN: true }),
      weight: fc.double({ min: 0.01, max: 10, noNaN: true }),
    });

    it("from any quotes at all", async () => {
      const cases = fc.tuple(fc.array(quote, { minLength: 1, maxLength: 9 }), fc.constantFrom(1, 7, 28));
      const outcomes: string[] = [];
      for (const [quotes, days] of fc.sample(cases, { numRuns: 25, seed: 32 })) {
        outcomes.push(await postOnChain(quotes, days * DAY));
      }
      expect(outcomes.filter((outcome) => outcome === "posted").length > 15, outcomes.join("\n")).to.equal(true);
      // The others would be 10 % or 400 % at the money, and say so.
      for (const outcome of outcomes) expect(outcome).to.match(/^posted$|at the money: the surface takes/);
    });

    it("from a market's quotes with noise", async () => {
      const noise = fc.array(fc.double({ min: -0.05, max: 0.05, noNaN: true }), { minLength: 9, maxLength: 9 });
      for (const [{ slice, seconds }, shifts] of fc.sample(fc.tuple(synthetic, noise), { numRuns: 12, seed: 33 })) {
        const quotes = quotesOf(slice, seconds).map((one, i) => ({ ...one, volatility: one.volatility + shifts[i]! }));
        expect(await postOnChain(quotes, seconds)).to.equal("posted");
        const fit = calibrate({ quotes, forward: FORWARD, secondsToExpiry: seconds, spread: SPREAD });
        expect(fit.weightedError < 0.05, JSON.stringify({ quotes, seconds, slice, fit })).to.equal(true);
      }
    });

    it("beside neighbours that must not be crossed", async () => {
      const near = { slice: { a: 0.2, b: 1, rho: -0.3, m: 0, sigma: 0.2 }, secondsToExpiry: WEEK };
      const far = { slice: { a: 0.22, b: 0.8, rho: -0.25, m: 0, sigma: 0.25 }, secondsToExpiry: 4 * WEEK };
      for (const [what, level, kept] of [
        ["between", 0.62, 1],
        ["below the near one", 0.35, 0],
        ["above the far one", 1.3, 0],
      ] as const) {
        const slice = { a: level ** 2 / 2, b: level ** 2 / 0.4, rho: -0.3, m: 0, sigma: 0.2 };
        const quotes = quotesOf(slice, 2 * WEEK);
        const options = { before: near, after: far };
        expect(await postOnChain(quotes, 2 * WEEK, options), what).to.equal("posted");
        const fit = calibrate({ quotes, forward: FORWARD, secondsToExpiry: 2 * WEEK, spread: SPREAD, ...options });
        expect(fit.weightedError < 0.001, `${what}: ${fit.weightedError}`).to.equal(kept === 1);
      }
    });

    for (const [what, quotes] of Object.entries({
      "two quotes": [
        [2_900, 0.7],
        [3_100, 0.6],
      ],
      "one quote": [[3_200, 0.65]],
      "flat quotes": [
        [2_500, 0.6],
        [3_000, 0.6],
        [3_500, 0.6],
      ],
      "quotes that cross": [
        [3_000, 0.6],
        [3_000, 0.7],
        [3_100, 0.5],
        [2_900, 0.9],
      ],
      "an extreme negative skew": [
        [2_000, 2.5],
        [2_500, 1.4],
        [3_000, 0.6],
        [3_500, 0.3],
        [4_000, 0.25],
      ],
      "a saw": [
        [2_600, 0.9],
        [2_700, 0.4],
        [2_800, 0.9],
        [2_900, 0.4],
        [3_000, 0.9],
        [3_100, 0.4],
      ],
      "an upside-down smile": [
        [2_500, 0.3],
        [3_000, 0.9],
        [3_500, 0.3],
      ],
    })) {
      it(`from ${what}`, async () => {
        const points = quotes.map(([strike, volatility]) => ({ strike: strike!, volatility: volatility!, weight: 1 }));
        expect(await postOnChain(points, WEEK)).to.equal("posted");
        const fit = calibrate({ quotes: points, forward: FORWARD, secondsToExpiry: WEEK, spread: SPREAD });
        if (points.length <= 2 || what === "flat quotes") expect(fit.weightedError < 1e-5).to.equal(true);
      });
    }
  });

  it("says what is wrong with its input", () => {
    const good = { strike: 3_000, volatility: 0.65, weight: 1 };
    const options = { quotes: [good], forward: FORWARD, secondsToExpiry: WEEK, spread: SPREAD };
    for (const [wrong, message] of [
      [{ quotes: [] }, /no quotes/],
      [{ forward: 0 }, /forward is 0/],
      [{ forward: Number.NaN }, /forward is NaN/],
      [{ secondsToExpiry: 0 }, /expiry is over/],
      [{ spread: 0.009 }, /spread is 0.90 %/],
      [{ quotes: [{ ...good, volatility: 65 }] }, /volatility 65 at 3000/],
      [{ quotes: [{ ...good, volatility: Number.NaN }] }, /volatility NaN/],
      [{ quotes: [{ ...good, strike: -1 }] }, /strike -1/],
      [{ quotes: [{ ...good, weight: 0 }] }, /weight 0/],
      [{ quotes: [{ ...good, volatility: 0.15 }] }, /15.00 % at the money: the surface takes 20.00 % to 300.00 %/],
      [{ level: { lowest: 0.3, highest: 0.6 } }, /65.00 % at the money: the surface takes 30.00 % to 60.00 %/],
    ] as const) {
      expect(() => calibrate({ ...options, ...wrong })).to.throw(CalibrationError, message);
    }
  });
});

describe("a file of quotes", () => {
  it("is CSV or JSON, with weights where given", () => {
    const expected = [
      { strike: 2_900, volatility: 0.7, weight: 1 },
      { strike: 3_100, volatility: 0.62, weight: 2.5 },
    ];
    expect(parseCsv("strike,volatility,weight\n2900,0.7,\n# a remark\n\n3100,0.62,2.5\n")).to.deep.equal(expected);
    expect(parseCsv("Volatility, strike\r\n0.7,2900\r\n0.62,3100")).to.deep.equal(
      expected.map((one) => ({ ...one, weight: 1 })),
    );
    expect(
      parseJson('[{"strike":2900,"volatility":0.7},{"strike":3100,"volatility":0.62,"weight":2.5}]'),
    ).to.deep.equal(expected);
  });

  it("is refused with its line where it is wrong", () => {
    for (const [text, message] of [
      ["", /header/],
      ["strike,iv\n1,2", /header/],
      ["strike,volatility\n", /no quote/],
      ["strike,volatility\n3000,0.6\n3000,65", /line 3: volatility: .*0\.65 is 65 %/],
      ["strike,volatility\nabc,0.6", /line 2: strike/],
      ["strike,volatility,weight\n3000,0.6,0", /line 2: weight/],
    ] as const) {
      expect(() => parseCsv(text)).to.throw(message);
    }
    for (const [text, message] of [
      ["{", /not JSON/],
      ["{}", /array/],
      ["[]", /no quote/],
      ['[{"strike":1}]', /quote 1: volatility/],
    ] as const) {
      expect(() => parseJson(text)).to.throw(message);
    }
    expect(() => readQuotes("/does/not/exist.csv")).to.throw(/cannot be read/);
  });
});

describe("npm run calibrate", function () {
  this.timeout(60_000);
  let folder: string;
  let quotes: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ballast-calibrate-"));
    quotes = join(folder, "quotes.csv");
    writeFileSync(
      quotes,
      "strike,volatility,weight\n2700,0.72,1\n2850,0.68,1\n3000,0.65,2\n3150,0.64,1\n3300,0.645,1\n",
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  it("shows a fit without a chain", async () => {
    const args = ["--quotes", quotes, "--expiry", "09JAN26", "--at", "1767369600", "--forward", "3000"];
    const { code, stdout, stderr } = await run("calibrate", args);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/2026-01-09 08:00:00 UTC, forward 3000/);
    expect(stdout).to.match(/strike +quoted +fitted +points +weight/);
    expect(stdout).to.match(/3000 +65\.00 % +6[45]\.\d\d % +[+-]0\.\d\d +2/);
    expect(stdout).to.match(/weighted error 0\.\d{3} points/);
  });

  it("says what is missing", async () => {
    const given = ["--quotes", quotes, "--expiry", "09JAN26"];
    expectRefusal(await run("calibrate", given), /--forward: expected a price/);
    expectRefusal(await run("calibrate", [...given, "--forward", "x"]), /--forward: expected a number above 0/);
    expectRefusal(await run("calibrate", [...given, "--post"]), /--post needs --surface/);
    const wrongDay = ["--quotes", quotes, "--expiry", "tomorrow", "--forward", "3000"];
    expectRefusal(await run("calibrate", wrongDay), /--expiry: expected a day/);
  });

  describe("on a chain", () => {
    let chain: SpawnedChain;
    let provider: JsonRpcProvider;
    let surface: VolatilitySurface;
    let expiry: bigint;
    let wallet: (name: string) => Wallet;

    before(async () => {
      chain = await spawnLocalChain();
      const { rpcUrl, chainId, local } = chain.deployment;
      provider = openProvider({ url: rpcUrl, chainId });
      wallet = (name) => new Wallet(local!.accounts[name]!.privateKey, provider);
      const deployer = wallet("deployer");
      const deploy = async (path: string, args: unknown[]) => {
        const { abi, bytecode } = ballastArtifact(path);
        const contract = await new ContractFactory(abi as never, bytecode, deployer).deploy(...args);
        await contract.waitForDeployment();
        return new Contract(await contract.getAddress(), abi as never, deployer);
      };
      const manager = (await deploy("@openzeppelin/contracts/access/manager/AccessManager", [
        deployer.address,
      ])) as unknown as AccessManager;
      const realised = await deploy("mocks/ToldRealisedVolatility", [toWad(0.6)]);
      const args = [await manager.getAddress(), deployer.address, await realised.getAddress(), 14_400];
      surface = (await deploy("oracles/VolatilitySurface", args)) as unknown as VolatilitySurface;
      const { selector } = surface.interface.getFunction("post");
      await (await manager.setTargetFunctionRole(await surface.getAddress(), [selector], 1n)).wait();
      await (await manager.grantRole(1n, wallet("curator").address, 0)).wait();
      expiry = BigInt((await provider.getBlock("latest"))!.timestamp + WEEK);
      await (await surface.addExpiry(expiry)).wait();
    });
    after(async () => {
      provider?.destroy();
      await chain?.stop();
    });

    const on = async (...args: string[]) =>
      run("calibrate", [
        ...["--deployment", chain.deploymentFile, "--quotes", quotes, "--surface", await surface.getAddress()],
        ...args,
      ]);

    it("fits beside what is there and posts as the curator", async () => {
      const { code, stdout, stderr } = await on("--expiry", dayName(expiry), "--post");
      expect(code, stderr).to.equal(0);
      expect(stdout).to.match(/Posted, and accepted whole\./);
      const slice = unpackSlice(await surface.sliceOf(expiry));
      expect(Math.abs(sviVolatility(slice, Math.log(2_850 / 3_000)) - 0.68) < 0.01).to.equal(true);
    });

    it("says that a post was too fast, and who may post", async () => {
      writeFileSync(quotes, "strike,volatility\n2850,0.78\n3000,0.75\n3150,0.76\n");
      const { code, stdout, stderr } = await on("--expiry", String(expiry), "--post");
      expect(code, stderr).to.equal(0);
      expect(stdout).to.match(new RegExp(`too fast: the slice went 0 / ${WHOLE} of the way`));
      const refused = await on("--expiry", String(expiry), "--post", "--as", "alice");
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.match(/AccessManagedUnauthorized/);
      expectRefusal(await on("--expiry", String(expiry + 1n)), /is not live on the surface/);
    });
  });
});
