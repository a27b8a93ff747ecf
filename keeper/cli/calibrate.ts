/** `npm run calibrate -- --quotes FILE --expiry 09JAN26 [--surface ADDRESS [--post]]` */
import { Contract, isAddress } from "ethers";
import type { VolatilitySurface } from "../../types/contracts/oracles/VolatilitySurface.ts";
import { interfaceOf } from "../contracts.ts";
import { InputError, NotPossibleError } from "../errors.ts";
import { unpackSlice } from "../math/svi.ts";
import { expiryOfDay, parseDay } from "../series.ts";
import { readSnapshot } from "../snapshot.ts";
import { type Calibration, type CalibrationOptions, calibrate, type Neighbour, postOf } from "../surface/calibrate.ts";
import { readQuotes } from "../surface/quotes.ts";
import { formatTime } from "../units.ts";
import { table } from "./shared/board.ts";
import { type CommonOptions, program, runMain } from "./shared/program.ts";
import { actorOf, openSession, read, type Session, send } from "./shared/session.ts";

interface Options extends CommonOptions {
  quotes: string;
  expiry: string;
  forward?: string;
  spread: string;
  inertia?: string;
  at?: string;
  surface?: string;
  post?: boolean;
  as?: string;
}

/** What the chain adds to the quotes. */
type Surroundings = Pick<CalibrationOptions, "previous" | "before" | "after" | "forward">;

const WHOLE = 256n;
const CUSTOMARY_TIME = 8n * 3_600n;

await runMain(async () => {
  const options = program("calibrate", "Fits a slice of the volatility surface to quotes, shows the fit, and posts it.")
    .requiredOption(
      "--quotes <file>",
      "CSV (strike,volatility,weight with a header) or JSON; a volatility of 0.65 is 65 %",
    )
    .requiredOption("--expiry <day>", "a day like 09JAN26 (08:00 UTC), or unix seconds")
    .option("--forward <price>", "quote per underlying (default: the chain's spot)")
    .option("--spread <points>", "doubt to post with, in volatility points", "1.5")
    .option("--inertia <share>", "weight of the slice in force, as a share of the quotes' (default: none to speak of)")
    .option("--at <time>", "unix seconds to count from, without a chain (default: now)")
    .option("--surface <address>", "the VolatilitySurface, for its neighbouring expiries and to post")
    .option("--post", "post the slice, as the curator")
    .option("--as <name>", "who posts, on a local chain (default: curator)")
    .parse()
    .opts<Options>();
  const quotes = readQuotes(options.quotes);
  if (options.post === true && options.surface === undefined) {
    throw new InputError("--post needs --surface: the address of the VolatilitySurface");
  }
  const session = options.surface === undefined ? undefined : await openSession(options);
  const surface = session === undefined ? undefined : surfaceOf(session, options.surface!);
  const timestamp = session === undefined ? timeOf(options.at) : (await readSnapshot(session.contracts)).timestamp;
  const live =
    surface === undefined ? [] : await read(session!.contracts, () => surface.expiries(), "the surface cannot be read");
  const expiry = parseExpiry(options.expiry, live);
  const surroundings = await surroundingsOf({ session, surface, live, expiry, timestamp, forward: options.forward });
  const fit = calibrate({
    ...surroundings,
    quotes,
    secondsToExpiry: Number(expiry - timestamp),
    spread: numberOf("--spread", options.spread) / 100,
    inertia: options.inertia === undefined ? undefined : numberOf("--inertia", options.inertia),
  });
  show(fit, { expiry, forward: surroundings.forward });
  if (options.post !== true) return;
  await post(session!, surface!, { expiry, fit, as: options.as });
});

function surfaceOf({ provider }: Session, address: string): VolatilitySurface {
  if (!isAddress(address)) throw new InputError(`--surface: expected 0x and 40 hex digits, got "${address}"`);
  return new Contract(address, interfaceOf("surface"), provider) as unknown as VolatilitySurface;
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InputError(`${name}: expected a number above 0, got "${text}"`);
  return value;
}

function timeOf(text: string | undefined): bigint {
  return BigInt(Math.floor(text === undefined ? Date.now() / 1000 : numberOf("--at", text)));
}

function parseExpiry(text: string, live: readonly bigint[]): bigint {
  const day = parseDay(text);
  if (day !== undefined) return live.length === 0 ? day + CUSTOMARY_TIME : expiryOfDay(day, live);
  if (!/^[0-9]{1,12}$/.test(text)) {
    throw new InputError(`--expiry: expected a day like 09JAN26 or unix seconds, got "${text}"`);
  }
  return BigInt(text);
}

/** Forward, the slice in force, and the expiries next to this one that lie ahead and have a slice. */
async function surroundingsOf(options: {
  session: Session | undefined;
  surface: VolatilitySurface | undefined;
  live: readonly bigint[];
  expiry: bigint;
  timestamp: bigint;
  forward: string | undefined;
}): Promise<Surroundings> {
  const { session, surface, live, expiry, timestamp } = options;
  const given = options.forward === undefined ? undefined : numberOf("--forward", options.forward);
  if (session === undefined || surface === undefined) {
    if (given === undefined) throw new InputError("--forward: expected a price, because there is no chain to ask");
    return { forward: given };
  }
  if (!live.includes(expiry)) {
    throw new NotPossibleError(
      `${formatTime(expiry)} is not live on the surface: expected one of ${live.map(formatTime).join(", ") || "(there is none)"}`,
    );
  }
  const slices = new Map<bigint, Neighbour>();
  for (const one of live) {
    const word = await read(session.contracts, () => surface.sliceOf(one));
    if (word !== 0n && one > timestamp) {
      slices.set(one, { slice: unpackSlice(word), secondsToExpiry: Number(one - timestamp) });
    }
  }
  const ahead = [...slices.keys()];
  const before = ahead.filter((one) => one < expiry).at(-1);
  const after = ahead.find((one) => one > expiry);
  const spot = (await readSnapshot(session.contracts)).spot.priceWad;
  return {
    forward: given ?? Number(spot) / 1e18,
    previous: slices.get(expiry)?.slice,
    before: before === undefined ? undefined : slices.get(before),
    after: after === undefined ? undefined : slices.get(after),
  };
}

function show(fit: Calibration, { expiry, forward }: { expiry: bigint; forward: number }): void {
  const percent = (x: number, digits = 2): string => `${(100 * x).toFixed(digits)} %`;
  const points = (x: number): string => `${x < 0 ? "" : "+"}${(100 * x).toFixed(2)}`;
  const rows = fit.rows.map(({ strike, volatility, weight, fitted, difference }) => [
    String(strike),
    percent(volatility),
    percent(fitted),
    points(difference),
    String(weight),
  ]);
  const { a, b, rho, m, sigma, atTheMoneyVolatility, spread } = fit.slice;
  console.log(`${formatTime(expiry)}, forward ${forward}`);
  console.log(table([["strike", "quoted", "fitted", "points", "weight"], ...rows]));
  console.log(
    `weighted error ${(100 * fit.weightedError).toFixed(3)} points, ${percent(atTheMoneyVolatility)} at the money, doubt ${percent(spread)}`,
  );
  console.log(`a ${a}, b ${b}, rho ${rho}, m ${m}, sigma ${sigma}`);
  if (fit.kept < 1) {
    console.log(
      `The best fit admits arbitrage: this is ${percent(fit.kept, 0)} of the way to it from a slice that does not.`,
    );
  }
}

async function post(
  session: Session,
  surface: VolatilitySurface,
  { expiry, fit, as }: { expiry: bigint; fit: Calibration; as: string | undefined },
): Promise<void> {
  const actor = actorOf(session, as, "curator");
  const transaction = await surface.post.populateTransaction([postOf(expiry, fit.slice)]);
  const { receipt } = await send(session, actor, { what: `post ${formatTime(expiry)}`, transaction });
  const shares = receipt.logs
    .map((log) => surface.interface.parseLog(log))
    .filter((event) => event?.name === "SlicePosted")
    .map((event) => BigInt(event!.args.getValue("share")));
  const share = shares[0];
  if (share === WHOLE) console.log("Posted, and accepted whole.");
  else if (share === undefined)
    console.log("Posted, but the first slice of an expiry waits until the rest of its post is accepted.");
  else {
    console.log(
      `Posted, but too fast: the slice went ${share} / ${WHOLE} of the way, and deposits, instant exits and sales are closed until a post is accepted whole. Post again in ten minutes.`,
    );
  }
}
