/** Fetches signed prices from a Hermes service (Pyth's, or the local chain's own), to be brought on chain. */
import { z } from "zod/v4";
import { BallastError } from "../errors.ts";
import { hostOf } from "../rpc.ts";

/** Nobody answers there, or not in time. */
export class HermesUnreachableError extends BallastError {}

/** The service answered with an HTTP error. */
export class HermesRefusedError extends BallastError {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** The answer is not what a Hermes service says. */
export class HermesAnswerError extends BallastError {}

/** The answer is about other feeds than those asked for. */
export class HermesWrongFeedError extends BallastError {}

/** The newest price that the service has is too old to be of use. */
export class HermesStaleError extends BallastError {}

export interface PublishedPrice {
  /** 0x and 64 hex digits, lower case. */
  id: string;
  /** price · 10^expo and conf · 10^expo are quote per underlying. */
  price: bigint;
  conf: bigint;
  expo: number;
  /** Unix seconds. */
  publishTime: bigint;
  /** Undefined when the service does not know. */
  prevPublishTime: bigint | undefined;
}

export interface PriceUpdate {
  /** What the Pyth contract's functions take as `updateData`. The chain checks the signatures in it. */
  updateData: string[];
  /** What the service says is in there, in the order asked for; not signed. */
  prices: PublishedPrice[];
}

export interface HermesOptions {
  url: string;
  timeoutMs?: number;
  /** An access token of a provider goes here; it never gets into a message. */
  headers?: Record<string, string>;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 1_048_576;

const published = z.object({
  price: z.string().regex(/^-?\d{1,20}$/),
  conf: z.string().regex(/^\d{1,20}$/),
  expo: z.number().int().min(-255).max(255),
  publish_time: z.number().int().nonnegative(),
});

const answerSchema = z.object({
  binary: z.object({
    encoding: z.literal("hex"),
    data: z
      .array(z.string().regex(/^(0x)?([0-9a-f]{2})+$/i))
      .min(1)
      .max(16),
  }),
  parsed: z.array(
    z.object({
      id: z.string().regex(/^(0x)?[0-9a-f]{64}$/i),
      price: published,
      metadata: z.object({ prev_publish_time: z.number().int().nullish() }).optional(),
    }),
  ),
});

export class HermesClient {
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #headers: Record<string, string>;

  constructor({ url, timeoutMs = DEFAULT_TIMEOUT_MS, headers = {} }: HermesOptions) {
    this.#url = url.replace(/\/+$/, "");
    this.#timeoutMs = timeoutMs;
    this.#headers = headers;
  }

  /**
   * The newest prices.
   * @throws {HermesStaleError} when one is older than `maxAgeSeconds` before `nowSeconds`, the chain's clock.
   */
  async latest({
    ids,
    nowSeconds,
    maxAgeSeconds,
  }: {
    ids: readonly string[];
    nowSeconds: bigint;
    maxAgeSeconds: bigint;
  }): Promise<PriceUpdate> {
    const update = await this.#fetch("latest", ids);
    for (const { id, publishTime } of update.prices) {
      if (publishTime + maxAgeSeconds >= nowSeconds) continue;
      throw new HermesStaleError(
        `the price of ${id} at ${this.#host} is ${nowSeconds - publishTime} s old: expected at most ${maxAgeSeconds} s; the service lags or the feed is halted`,
      );
    }
    return update;
  }

  /** The first prices published at `timestamp` or later: those that can settle an expiry. */
  async firstFrom({ ids, timestamp }: { ids: readonly string[]; timestamp: bigint }): Promise<PriceUpdate> {
    const update = await this.#fetch(`${timestamp}`, ids);
    for (const { id, publishTime, prevPublishTime } of update.prices) {
      if (publishTime >= timestamp && (prevPublishTime === undefined || prevPublishTime < timestamp)) continue;
      throw new HermesAnswerError(
        `the price of ${id} at ${this.#host} was published at ${publishTime} after one of ${prevPublishTime}: expected the first from ${timestamp} on`,
      );
    }
    return update;
  }

  get #host(): string {
    return hostOf(this.#url);
  }

  async #fetch(moment: string, ids: readonly string[]): Promise<PriceUpdate> {
    const query = ids.map((id) => `ids[]=${encodeURIComponent(id)}`).join("&");
    const body = await this.#get(`${this.#url}/v2/updates/price/${moment}?${query}&encoding=hex&parsed=true`);
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch (cause) {
      throw new HermesAnswerError(`${this.#host} did not answer in JSON: is it a Hermes service?`, { cause });
    }
    const { success, data, error } = answerSchema.safeParse(json);
    if (!success) {
      const [issue] = error.issues;
      throw new HermesAnswerError(
        `the answer of ${this.#host} is not a price update: ${issue?.path.join(".") || "the whole"}: ${issue?.message}`,
        { cause: error },
      );
    }
    return {
      updateData: data.binary.data.map(withPrefix),
      prices: this.#inOrder(
        ids.map(withPrefix),
        data.parsed.map(({ id, price, metadata }) => ({
          id: withPrefix(id),
          price: BigInt(price.price),
          conf: BigInt(price.conf),
          expo: price.expo,
          publishTime: BigInt(price.publish_time),
          prevPublishTime:
            typeof metadata?.prev_publish_time === "number" ? BigInt(metadata.prev_publish_time) : undefined,
        })),
      ),
    };
  }

  #inOrder(ids: readonly string[], prices: readonly PublishedPrice[]): PublishedPrice[] {
    const ordered = ids.map((id) => prices.find((price) => price.id === id));
    if (prices.length === ids.length && ordered.every((price) => price !== undefined)) return ordered;
    const got = prices.map(({ id }) => id).join(", ") || "none";
    throw new HermesWrongFeedError(`${this.#host} answered for other feeds: expected ${ids.join(", ")}, got ${got}`);
  }

  /** One time limit for connecting, headers and body together. */
  async #get(url: string): Promise<string> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await fetch(url, { signal, redirect: "error", headers: this.#headers });
      const body = await readAtMost(response, MAX_BODY_BYTES);
      if (response.ok && body !== undefined) return body;
      if (response.ok) {
        throw new HermesAnswerError(`the answer of ${this.#host} is longer than ${MAX_BODY_BYTES} bytes`);
      }
      throw new HermesRefusedError(
        `${this.#host} answered with HTTP ${response.status}: ${(body ?? "").slice(0, 200)}`,
        response.status,
      );
    } catch (cause) {
      if (cause instanceof BallastError) throw cause;
      const why = signal.aborted ? `no answer within ${this.#timeoutMs} ms` : causeOf(cause);
      throw new HermesUnreachableError(
        `cannot get a price from ${this.#host} (${why}): check the address and that the service runs`,
        { cause },
      );
    }
  }
}

const withPrefix = (hex: string): string => `0x${hex.toLowerCase().replace(/^0x/, "")}`;

/** fetch says "fetch failed"; what failed is in its cause. */
function causeOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (inner instanceof Error) return "code" in inner ? String(inner.code) : inner.message;
  return String(inner);
}

/** Undefined when the body is longer. */
async function readAtMost(response: Response, bytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (response.body === null) return "";
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > bytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
