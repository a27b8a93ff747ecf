import { expect } from "chai";
import fc from "fast-check";
import { seriesName } from "../../keeper/series.ts";
import { eth, networkHelpers, seriesId, systemOnMisbehavingVenue } from "../helpers/system.ts";

const { loadFixture } = networkHelpers;

async function deployed() {
  return systemOnMisbehavingVenue();
}

describe("OptionToken", () => {
  it("says what an option is, from its id alone", async () => {
    const { token } = await loadFixture(deployed);
    const expiry = BigInt(Date.UTC(2026, 0, 9, 8) / 1000);
    const call = seriesId(expiry, 3_000, "call");
    const put = seriesId(expiry, 2_500.05, "put");
    expect(await token.symbol(call)).to.equal("ETH-09JAN26-3000-C");
    expect(await token.name(call)).to.equal("ETH 3000 call, expires 2026-01-09 08:00:00 UTC");
    expect(await token.symbol(put)).to.equal("ETH-09JAN26-2500.05-P");
    expect(await token.name(put)).to.equal("ETH 2500.05 put, expires 2026-01-09 08:00:00 UTC");
    expect(await token.decimals(call)).to.equal(18n);
  });

  it("gives every series the symbol that the command line knows it by", async () => {
    const { token } = await loadFixture(deployed);
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 0n, max: 7_258_118_400n }), // 1970 to 2199
        fc.bigInt({ min: 1n, max: (1n << 64n) - 1n }),
        fc.boolean(),
        async (expiry, strike, isCall) => {
          const id = (expiry << 65n) | ((isCall ? 1n : 0n) << 64n) | strike;
          expect(await token.symbol(id)).to.equal(seriesName(id, "ETH"));
        },
      ),
      { numRuns: 200, seed: 1 },
    );
  });

  it("names nothing that is not a series", async () => {
    const { token } = await loadFixture(deployed);
    for (const read of [token.name, token.symbol]) {
      await expect(read(1n << 105n))
        .to.be.revertedWithCustomError(token, "MalformedSeriesId")
        .withArgs(1n << 105n);
    }
  });

  it("supports ERC-6909 with metadata, and ERC-165", async () => {
    const { token } = await loadFixture(deployed);
    for (const [id, supported] of [
      ["0x0f632fb3", true], // IERC6909
      ["0x01ffc9a7", true],
      ["0xffffffff", false],
    ] as const) {
      expect(await token.supportsInterface(id)).to.equal(supported);
    }
    const metadata = ["name(uint256)", "symbol(uint256)", "decimals(uint256)"]
      .map((signature) => BigInt(token.interface.getFunction(signature as "name")!.selector))
      .reduce((all, selector) => all ^ selector);
    expect(await token.supportsInterface(`0x${metadata.toString(16).padStart(8, "0")}`)).to.equal(true);
  });

  it("is minted and burned by the market alone", async () => {
    const { token, alice, governor, curator } = await loadFixture(deployed);
    for (const who of [alice, governor, curator]) {
      await expect(token.connect(who).mint(who.address, 1n, eth(1)))
        .to.be.revertedWithCustomError(token, "NotMarket")
        .withArgs(who.address);
      await expect(token.connect(who).burn(who.address, 1n, eth(1)))
        .to.be.revertedWithCustomError(token, "NotMarket")
        .withArgs(who.address);
    }
  });
});
