import { expect } from "chai";
import fc from "fast-check";
import { RpcFailedError, RpcUnreachableError } from "../../keeper/errors.ts";
import { logsInRanges } from "../../keeper/logs.ts";

/** A node that answers at most so many blocks at once; its events are the numbers of their blocks. */
function nodeWith(most: number) {
  const asked: [number, number][] = [];
  const fetch = async (from: number, to: number): Promise<number[]> => {
    asked.push([from, to]);
    if (to - from + 1 > most)
      throw Object.assign(new Error("query exceeds max block range"), { code: "UNKNOWN_ERROR" });
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  };
  return { asked, fetch };
}

const read = (from: number, to: number, fetch: (a: number, b: number) => Promise<number[]>) =>
  logsInRanges({ from, to, fetch, rpcUrl: "http://node.example/key" });

describe("events in ranges", () => {
  it("take one request of a node without a limit", async () => {
    const node = nodeWith(Number.POSITIVE_INFINITY);
    expect(await read(3, 9, node.fetch)).to.deep.equal([3, 4, 5, 6, 7, 8, 9]);
    expect(node.asked).to.deep.equal([[3, 9]]);
  });

  it("are all there, once and in order, whatever a node allows", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 400 }),
        async (from, length, most) => {
          const node = nodeWith(most);
          const found = await read(from, from + length, node.fetch);
          expect(found).to.deep.equal(Array.from({ length: length + 1 }, (_, i) => from + i));
          // At least half of what is allowed is asked for at a time.
          expect(node.asked.length).to.be.at.most(10 + Math.ceil((2 * (length + 1)) / most));
        },
      ),
    );
  });

  it("are none in an empty range", async () => {
    const node = nodeWith(1);
    expect(await read(5, 4, node.fetch)).to.deep.equal([]);
    expect(node.asked).to.deep.equal([]);
  });

  it("fail with the node's words when it does not answer for one block either", async () => {
    const error = await read(0, 100, nodeWith(0).fetch).catch((caught) => caught);
    expect(error).to.be.instanceOf(RpcFailedError);
    expect(error.message).to.contain("query exceeds max block range").and.not.contain("key");
  });

  it("fail at once when the node is away", async () => {
    let requests = 0;
    const away = async (): Promise<number[]> => {
      requests++;
      throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    };
    expect(await read(0, 100, away).catch((caught) => caught)).to.be.instanceOf(RpcUnreachableError);
    expect(requests).to.equal(1);
  });
});
