/**
 * A service in the shape of Pyth's Hermes for a local chain: `/v2/updates/price/latest` and
 * `/v2/updates/price/{timestamp}`, with `ids[]`, `encoding` and `parsed`. It publishes a price each second of the
 * chain's clock, so that the update of second t was preceded by that of t − 1.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Contract, type Signer } from "ethers";
import type { LocalAggregator } from "../../types/index.ts";
import { ballastArtifact } from "./artifacts.ts";
import { WAD } from "./prices.ts";
import type { DevProvider } from "./provider.ts";
import { encodePullUpdate, PULL_EXPONENT, type PullUpdate, toPullScale } from "./pyth.ts";

const HOST = "127.0.0.1";

/** Where the published prices come from. */
export interface PriceSource {
  /** The last second for which there is a price, Unix. */
  now(): Promise<bigint>;
  /** The price of a second not after `now`; undefined = nothing was published then. */
  at(timestamp: bigint): Promise<{ readonly priceWad: bigint; readonly confidenceWad: bigint } | undefined>;
}

export interface HermesService {
  readonly url: string;
  close(): Promise<void>;
}

interface Encoded {
  readonly blob: string;
  readonly update: PullUpdate;
}

/** Says what the real service says. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** @param options.publisher Signs the blobs; LocalPyth must have been deployed with the same. */
export async function serveHermes(options: {
  readonly source: PriceSource;
  readonly id: string;
  readonly publisher?: Signer;
  /** 0 or nothing = any free port. */
  readonly port?: number;
}): Promise<HermesService> {
  const { source, publisher, port = 0 } = options;
  const id = bare(options.id);

  async function updateAt(timestamp: bigint): Promise<Encoded> {
    const price = timestamp <= (await source.now()) ? await source.at(timestamp) : undefined;
    if (price === undefined) throw new Refusal(404, "Update data not found");
    const update: PullUpdate = {
      id: `0x${id}`,
      price: toPullScale(price.priceWad),
      conf: toPullScale(price.confidenceWad),
      expo: PULL_EXPONENT,
      publishTime: timestamp,
      prevPublishTime: timestamp - 1n,
    };
    return { blob: await encodePullUpdate(update, publisher), update };
  }

  async function answer(request: IncomingMessage): Promise<unknown> {
    const { pathname, searchParams } = new URL(request.url ?? "/", `http://${HOST}`);
    const at = /^\/v2\/updates\/price\/(latest|\d{1,15})$/.exec(pathname)?.[1];
    if (request.method !== "GET" || at === undefined) throw new Refusal(404, "Not found");
    const ids = searchParams.getAll("ids[]").map(bare);
    if (ids.length === 0) throw new Refusal(400, "Failed to deserialize query string: missing field `ids`");
    const missing = ids.filter((asked) => asked !== id);
    if (missing.length > 0) throw new Refusal(404, `Price ids not found: ${missing.map((m) => `0x${m}`).join(", ")}`);
    const encoding = searchParams.get("encoding") ?? "hex";
    if (encoding !== "hex" && encoding !== "base64") {
      throw new Refusal(400, `Failed to deserialize query string: unknown variant \`${encoding}\``);
    }
    const encoded = await updateAt(at === "latest" ? await source.now() : BigInt(at));
    const data = Buffer.from(encoded.blob.slice(2), "hex").toString(encoding);
    const parsed = searchParams.get("parsed") === "false" ? {} : { parsed: [parsedUpdate(encoded.update)] };
    return { binary: { encoding, data: [data] }, ...parsed };
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (body) => send(response, 200, "application/json", JSON.stringify(body)),
      (error: unknown) => {
        const status = error instanceof Refusal ? error.status : 500;
        send(response, status, "text/plain; charset=utf-8", error instanceof Error ? error.message : String(error));
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Ids are case-insensitive and may have a 0x in front. */
const bare = (id: string): string => id.toLowerCase().replace(/^0x/, "");

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type });
  response.end(body);
}

function parsedUpdate({ id, price, conf, expo, publishTime, prevPublishTime }: PullUpdate) {
  const published = { price: `${price}`, conf: `${conf}`, expo, publish_time: Number(publishTime) };
  return {
    id: bare(id),
    price: published,
    ema_price: published,
    metadata: {
      slot: Number(publishTime),
      proof_available_time: Number(publishTime),
      prev_publish_time: Number(prevPublishTime),
    },
  };
}

/** The confidence interval that the local feed claims, a part of the price. */
const CONFIDENCE = WAD / 2_000n; // 5 bps

/** Publishes what the local push feed last said, second by second, up to the time that the next block would bear. */
export function chainPriceSource(options: {
  readonly provider: DevProvider;
  readonly aggregator: string;
}): PriceSource {
  const { provider } = options;
  const abi = ballastArtifact("local/LocalAggregator").abi;
  const aggregator = new Contract(options.aggregator, abi, provider) as unknown as LocalAggregator;
  return {
    now: async () => {
      const pending = (await provider.send("eth_getBlockByNumber", ["pending", false])) as { timestamp: string };
      return BigInt(pending.timestamp);
    },
    at: async (timestamp) => {
      const answer = await lastAnswer(aggregator, timestamp);
      if (answer === undefined) return undefined;
      const priceWad = answer * 10n ** (18n - (await aggregator.decimals()));
      return { priceWad, confidenceWad: (priceWad * CONFIDENCE) / WAD };
    },
  };
}

/** By halves: the answer of the newest round of the phase that is not after the time. */
async function lastAnswer(aggregator: LocalAggregator, timestamp: bigint): Promise<bigint | undefined> {
  const latest = await aggregator.latestRoundData();
  if (latest.updatedAt <= timestamp) return latest.answer;
  const phase = (latest.roundId >> 64n) << 64n;
  let answer: bigint | undefined;
  let low = 1n;
  let high = latest.roundId - phase - 1n;
  while (low <= high) {
    const middle = (low + high) / 2n;
    const round = await aggregator.getRoundData(phase | middle);
    if (round.updatedAt <= timestamp) {
      answer = round.answer;
      low = middle + 1n;
    } else high = middle - 1n;
  }
  return answer;
}
