import { expect } from "chai";
import { network } from "hardhat";
import { deployCurieMarket, deployCurieVenue, toUsdc, toWad } from "../helpers/curie.ts";

const { ethers, networkHelpers } = await network.create();

const MAX_PRICE = toWad(1_000_000);
const MARGIN = toUsdc(100_000);

async function venueFixture() {
  const [owner, controller, vault, stranger] = await ethers.getSigners();
  const { curie, market } = await deployCurieMarket(owner!);
  const venue = await deployCurieVenue({
    curie,
    signer: controller!,
    controller: controller!.address,
    vault: vault!.address,
  });
  return { curie, market, venue, address: await venue.getAddress(), owner: owner!, vault: vault!, stranger: stranger! };
}
type Fixture = Awaited<ReturnType<typeof venueFixture>>;

async function fund({ curie, venue, address }: Fixture, assets = MARGIN) {
  await curie.usdc.mint(address, assets);
  await venue.depositMargin(assets);
}

/** With margin, and with the market settled after whatever came before. */
async function fundedFixture() {
  const fixture = await venueFixture();
  await fund(fixture);
  return fixture;
}

describe("CurieVenue", () => {
  it("opens, adds to, reduces, reverses and closes a position, and returns the margin", async () => {
    const fixture = await networkHelpers.loadFixture(fundedFixture);
    const { curie, market, venue, vault } = fixture;
    expect((await venue.state()).cash).to.equal(MARGIN * 10n ** 12n);

    let size = 0n;
    for (const trade of [-10, -5, 3, 20, 1.5]) {
      await venue.submit(toWad(trade), trade > 0 ? MAX_PRICE : 0n);
      size += toWad(trade);
      expect((await venue.state()).size, `after a trade of ${trade}`).to.equal(size);
      await market.step({ priceWad: toWad(3_000), seconds: 60 });
    }
    await venue.submit(-size, 0n);
    const closed = await venue.state();
    expect(closed.size).to.equal(0n);
    expect(closed.entryNotional).to.equal(0n);
    expect(closed.maintenanceMargin).to.equal(0n);

    const { withdrawable, cash } = closed;
    expect(withdrawable).to.equal(cash / 10n ** 12n);
    await venue.withdrawMargin(withdrawable);
    expect(await curie.usdc.balanceOf(vault.address)).to.equal(withdrawable);
    // What is left is less than two token units: Curie rounds both the settling and the payment down.
    expect((await venue.state()).cash).to.be.within(0n, 2n * 10n ** 12n);
    // Fees of .1 % of about 50 ETH traded, and their impact, are what it cost.
    expect(MARGIN - withdrawable).to.be.within(toUsdc(50), toUsdc(400));
  });
});
