import { readFileSync } from "node:fs";
import { expect } from "chai";
import * as enums from "../../keeper/enums.ts";

/** The members of an enum as an interface declares it. */
function declared(file: string, name: string): string[] {
  const source = readFileSync(new URL(`../../contracts/interfaces/${file}.sol`, import.meta.url), "utf8");
  const bare = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
  const body = new RegExp(`\\benum ${name} \\{([^}]*)\\}`).exec(bare)?.[1];
  if (body === undefined) throw new Error(`${file}.sol declares no enum ${name}`);
  return body
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
}

describe("the contracts' enums", () => {
  const pairs: [string, string, readonly string[]][] = [
    ["ISpotOracle", "Fault", enums.FAULTS],
    ["ISpotOracle", "Source", enums.SOURCES],
    ["IRiskEngine", "Closure", enums.CLOSURES],
    ["IVolatilitySurface", "Closure", enums.SURFACE_CLOSURES],
    ["IHedgeController", "Action", enums.ACTIONS],
    ["IHedgeController", "Reason", enums.REASONS],
    ["IExpiryPriceOracle", "Rule", enums.SETTLEMENT_RULES],
    ["IAuctions", "State", enums.AUCTION_STATES],
    ["IAutoLister", "Waiting", enums.LISTER_WAITS],
  ];
  for (const [file, name, names] of pairs) {
    it(`${file}.${name} has these members in this order`, () => {
      expect(names).to.deep.equal(declared(file, name));
    });
  }

  it("have words of their own, one line each", () => {
    const tables = [
      enums.CLOSURE_WORDS,
      enums.FAULT_WORDS,
      enums.SURFACE_CLOSURE_WORDS,
      enums.AUCTION_STATE_WORDS,
      enums.LISTER_WAIT_WORDS,
    ];
    for (const table of tables) {
      const words = Object.values(table);
      expect(new Set(words).size).to.equal(words.length);
      for (const word of words) expect(word).to.match(/^\S[^\n]*[^\s.]$/);
    }
  });
});
