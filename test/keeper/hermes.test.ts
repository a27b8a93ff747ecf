import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { parseEther } from "ethers";
import {
  HermesAnswerError,
  HermesClient,
  HermesRefusedError,
  HermesStaleError,
  HermesUnreachableError,
  HermesWrongFeedError,
} from "../../keeper/prices/hermes.ts";
import {
  chainPriceSource,
  type HermesService,
  type PriceSource,
  serveHermes,
} from "../../scripts/local-chain/hermes.ts";
import { bringUpdates, deployPyth } from "../../scripts/local-chain/pyth.ts";
import type { LocalPyth, SpotOracle } from "../../types/index.ts";
import { answer, deployContract, PULL_ID, pushFeed, spotConfig } from "../helpers/feeds.ts";
import { rejection } from "../helpers/rejection.ts";
import { at, eth, ethers, networkHelpers } from "../helpers/system.ts";

const OTHER_ID = `0x${"ab".repeat(32)}`;
const NOW = 1_800_000_000n;

/** 3,000 until NOW − 100, then 3,030; nothing before NOW − 1,000. */
const source: PriceSource = {
  now: async () => NOW,
  at: async (timestamp) =>
    timestamp < NOW - 1_000n
      ? undefined
      : { priceWad: eth(timestamp < NOW - 100n ? 3_000 : 3_030), confidenceWad: eth(1) },
};

describe("Hermes", () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((service) => service.close()));
  });
  const keep = <T extends { close(): Promise<void> }>(service: T): T => {
    open.push(service);
    return service;
  };
  const serve = async (): Promise<HermesService> => keep(await serveHermes({ source, id: PULL_ID }));

  /** A service that does what it is told. */
  async function misbehave(listener: RequestListener): Promise<string> {
    const server: Server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    keep({
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const says = (body: unknown, status = 200): RequestListener => {
    return (_, response) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
  };
  const latest = (url: string, ids = [PULL_ID], nowSeconds = NOW) =>
    new HermesClient({ url, timeoutMs: 500 }).latest({ ids, nowSeconds, maxAgeSeconds: 10n });
  const fails = async (promise: Promise<unknown>, kind: new (...args: never[]) => Error, message: RegExp) => {
    const error = await rejection(promise);
    expect(error).to.be.instanceOf(kind);
    expect((error as Error).message).to.match(message);
  };

  /** A well-formed answer; a test spoils one thing in it. */
  const update = () => ({
    binary: { encoding: "hex", data: ["00ff"] },
    parsed: [
      {
        id: PULL_ID.slice(2),
        price: { price: "300000000000", conf: "100000000", expo: -8, publish_time: Number(NOW) },
        metadata: { slot: 1, proof_available_time: Number(NOW), prev_publish_time: Number(NOW) - 1 },
      },
    ],
  });

  describe("the local service", () => {
    it("answers in the shape of the real one", async () => {
      const { url } = await serve();
      const response = await fetch(
        `${url}/v2/updates/price/latest?ids[]=${PULL_ID.toUpperCase().slice(2)}&encoding=hex`,
      );
      expect(response.status).to.equal(200);
      const body = (await response.json()) as { binary: { encoding: string; data: string[] }; parsed: unknown[] };
      const published = { price: "303000000000", conf: "100000000", expo: -8, publish_time: Number(NOW) };
      expect(body.parsed).to.deep.equal([
        {
          id: PULL_ID.slice(2),
          price: published,
          ema_price: published,
          metadata: { slot: Number(NOW), proof_available_time: Number(NOW), prev_publish_time: Number(NOW) - 1 },
        },
      ]);
      expect(body.binary.encoding).to.equal("hex");
      expect(body.binary.data).to.have.length(1);
    });

    it("encodes as asked, and leaves out what is not asked for", async () => {
      const { url } = await serve();
      const get = async (query: string) =>
        (await fetch(`${url}/v2/updates/price/latest?ids[]=${PULL_ID}${query}`)).json() as Promise<{
          binary: { encoding: string; data: [string] };
        }>;
      const hex = await get("&encoding=hex");
      const base64 = await get("&encoding=base64&parsed=false");
      expect(Buffer.from(base64.binary.data[0], "base64").toString("hex")).to.equal(hex.binary.data[0]);
      expect(base64).to.not.have.property("parsed");
    });

    it("refuses as the real one: unknown ids, none, no data at that time, an odd encoding, other paths", async () => {
      const { url } = await serve();
      for (const [path, status, text] of [
        [`/v2/updates/price/latest?ids[]=${OTHER_ID}`, 404, /Price ids not found: 0xabab/],
        ["/v2/updates/price/latest", 400, /missing field `ids`/],
        [`/v2/updates/price/${NOW - 1_001n}?ids[]=${PULL_ID}`, 404, /Update data not found/],
        [`/v2/updates/price/${NOW + 1n}?ids[]=${PULL_ID}`, 404, /Update data not found/],
        [`/v2/updates/price/latest?ids[]=${PULL_ID}&encoding=xml`, 400, /unknown variant/],
        ["/v2/updates/price/yesterday", 404, /Not found/],
      ] as const) {
        const response = await fetch(url + path);
        expect(response.status, path).to.equal(status);
        expect(await response.text()).to.match(text);
      }
    });

    it("says 500 when its source fails", async () => {
      const broken: PriceSource = { now: async () => Promise.reject(new Error("no chain")), at: source.at };
      const { url } = keep(await serveHermes({ source: broken, id: PULL_ID }));
      await fails(latest(url), HermesRefusedError, /HTTP 500: no chain/);
    });
  });

  describe("the client", () => {
    it("brings the newest price, and the first from a time on", async () => {
      const { url } = await serve();
      const newest = await latest(`${url}/`);
      expect(newest.prices).to.deep.equal([
        {
          id: PULL_ID,
          price: 3_030_00000000n,
          conf: 1_00000000n,
          expo: -8,
          publishTime: NOW,
          prevPublishTime: NOW - 1n,
        },
      ]);
      const client = new HermesClient({ url });
      const first = await client.firstFrom({ ids: [PULL_ID.slice(2)], timestamp: NOW - 101n });
      expect(first.prices[0]!.price).to.equal(3_000_00000000n);
      expect(first.prices[0]!.publishTime).to.equal(NOW - 101n);
      expect(first.updateData[0]).to.match(/^0x[0-9a-f]+$/);
    });

    it("passes on what its provider wants in the headers", async () => {
      let seen: string | undefined;
      const url = await misbehave((request, response) => {
        seen = request.headers.authorization;
        says(update())(request, response);
      });
      const client = new HermesClient({ url, headers: { authorization: "Bearer secret" } });
      await client.latest({ ids: [PULL_ID], nowSeconds: NOW, maxAgeSeconds: 10n });
      expect(seen).to.equal("Bearer secret");
    });

    it("fails on HTTP errors with the status", async () => {
      for (const status of [404, 429, 500, 503]) {
        const url = await misbehave(says("try later", status));
        const error = await rejection(latest(url));
        expect(error).to.be.instanceOf(HermesRefusedError);
        expect((error as HermesRefusedError).status).to.equal(status);
        expect((error as Error).message).to.contain(`HTTP ${status}: try later`);
      }
    });

    it("fails on garbage, and names what is wrong with an answer", async () => {
      await fails(latest(await misbehave(says("<html>"))), HermesAnswerError, /did not answer in JSON/);
      await fails(latest(await misbehave(says({}))), HermesAnswerError, /binary/);
      const spoiled: [(body: ReturnType<typeof update>) => unknown, RegExp][] = [
        [(b) => (b.binary.encoding = "base64"), /binary.encoding/],
        [(b) => (b.binary.data = []), /binary.data/],
        [(b) => (b.binary.data = ["0"]), /binary.data.0/],
        [(b) => (b.parsed[0]!.price.price = "3e3"), /parsed.0.price.price/],
        [(b) => (b.parsed[0]!.price.conf = "-1"), /parsed.0.price.conf/],
        [(b) => (b.parsed[0]!.price.publish_time = -1), /parsed.0.price.publish_time/],
        [(b) => (b.parsed[0]!.id = "ff"), /parsed.0.id/],
      ];
      for (const [spoil, message] of spoiled) {
        const body = update();
        spoil(body);
        await fails(latest(await misbehave(says(body))), HermesAnswerError, message);
      }
    });

    it("fails on answers about other feeds, more of them or fewer", async () => {
      const wrong = update();
      wrong.parsed[0]!.id = OTHER_ID;
      const more = update();
      more.parsed.push({ ...more.parsed[0]!, id: OTHER_ID });
      const none = { ...update(), parsed: [] };
      for (const body of [wrong, more, none]) {
        await fails(latest(await misbehave(says(body))), HermesWrongFeedError, /answered for other feeds/);
      }
      const twice = update();
      twice.parsed.push(twice.parsed[0]!);
      await fails(latest(await misbehave(says(twice)), [PULL_ID, OTHER_ID]), HermesWrongFeedError, /expected .*abab/);
    });

    it("gives the prices in the order asked for", async () => {
      const body = update();
      body.parsed.unshift({ ...body.parsed[0]!, id: OTHER_ID });
      const { prices } = await latest(await misbehave(says(body)), [PULL_ID, OTHER_ID]);
      expect(prices.map(({ id }) => id)).to.deep.equal([PULL_ID, OTHER_ID]);
    });

    it("fails on a stale price, told by the chain's clock, and takes one at the limit", async () => {
      const url = await misbehave(says(update()));
      await latest(url, [PULL_ID], NOW + 10n);
      await fails(latest(url, [PULL_ID], NOW + 11n), HermesStaleError, /is 11 s old: expected at most 10 s/);
    });

    it("fails when what should be the first update from a time on is not", async () => {
      const client = new HermesClient({ url: await misbehave(says(update())) });
      const from = (timestamp: bigint) => client.firstFrom({ ids: [PULL_ID], timestamp });
      await fails(from(NOW - 1n), HermesAnswerError, /expected the first/);
      await fails(from(NOW + 1n), HermesAnswerError, /expected the first/);
      expect((await from(NOW)).prices[0]!.publishTime).to.equal(NOW);
    });

    it("fails when nobody answers, in time or at all, and never tells the path of its address", async () => {
      const gone = await serve();
      await gone.close();
      await fails(
        latest(`${gone.url}/secret`),
        HermesUnreachableError,
        /cannot get a price from 127.* \(ECONNREFUSED\)/,
      );
      const silent = await misbehave(() => undefined);
      await fails(latest(`${silent}/secret`), HermesUnreachableError, /no answer within 500 ms/);
      // The headers come at once, the body never ends.
      const slow = await misbehave((_, response) => {
        response.writeHead(200);
        response.write("{");
      });
      await fails(latest(slow), HermesUnreachableError, /no answer within 500 ms/);
      const moved = await misbehave((_, response) => {
        response.writeHead(302, { location: `${silent}/` });
        response.end();
      });
      await fails(latest(moved), HermesUnreachableError, /cannot get a price/);
      for (const url of [`${gone.url}/secret`, `${silent}/secret`]) {
        expect(((await rejection(latest(url))) as Error).message).to.not.contain("secret");
      }
    });

    it("does not read an answer without an end", async () => {
      const url = await misbehave(says("x".repeat(1_100_000)));
      await fails(latest(url), HermesAnswerError, /longer than/);
    });
  });

  it("brings a signed price over HTTP that the oracle then prefers to the push feed's, and nobody can forge one", async () => {
    const { time } = networkHelpers;
    const [deployer, publisher] = await ethers.getSigners();
    const push = await pushFeed(3_000);
    const address = await deployPyth({ signer: deployer as never, publisher: publisher as never });
    const pyth = at<LocalPyth>("local/LocalPyth", address).connect(deployer!);
    const config = { ...spotConfig(push.address), pull: address, pullId: PULL_ID };
    const oracle = await deployContract<SpotOracle>("oracles/SpotOracle", [config]);
    const provider = ethers.provider as never;
    const { url } = keep(
      await serveHermes({
        source: chainPriceSource({ provider, aggregator: push.address }),
        id: PULL_ID,
        publisher: publisher as never,
      }),
    );
    await push.setAnswer(answer(3_005));
    const expiry = BigInt(await time.latest());
    await time.increase(30);
    await push.setAnswer(answer(3_010));
    await time.increase(30);

    const client = new HermesClient({ url });
    const nowSeconds = BigInt(await time.latest());
    const newest = await client.latest({ ids: [PULL_ID], nowSeconds, maxAgeSeconds: 10n });
    await bringUpdates(pyth, newest.updateData);
    const spot = await oracle.spot(parseEther("0.7"));
    expect([spot.price, spot.source, spot.updatedAt]).to.deep.equal([eth(3_010), 1n, newest.prices[0]!.publishTime]);

    // The past is served too: the first price of a second long gone, with what the push feed said then.
    for (const [timestamp, price] of [
      [expiry, 3_005],
      [expiry + 29n, 3_005],
      [expiry - 1n, 3_000],
    ] as const) {
      const first = await client.firstFrom({ ids: [PULL_ID], timestamp });
      expect(first.prices[0]!.price).to.equal(answer(price));
      const [feed] = await pyth.parsePriceFeedUpdatesUnique.staticCall(
        first.updateData,
        [PULL_ID],
        timestamp,
        timestamp + 10n,
        { value: 1n },
      );
      expect(feed!.price.price).to.equal(answer(price));
    }
    const forged = keep(
      await serveHermes({ source: chainPriceSource({ provider, aggregator: push.address }), id: PULL_ID }),
    );
    const { updateData } = await latest(forged.url, [PULL_ID], nowSeconds);
    await expect(pyth.updatePriceFeeds(updateData, { value: 1n })).to.be.revertedWithCustomError(
      pyth,
      "InvalidUpdateDataSource",
    );
  });
});
