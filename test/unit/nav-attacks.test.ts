/** RULES.md N3 and N5, each with the rule left out. */
import { expect } from "chai";
import type { RiskEngineMutant } from "../../types/index.ts";
import { deployContract } from "../helpers/feeds.ts";
import {
  at,
  buyMuch,
  deposit,
  eth,
  listBoard,
  networkHelpers,
  provider,
  refreshFeed,
  seriesId,
  setPrice,
  systemOnMisbehavingVenue,
  usdc,
} from "../helpers/system.ts";

const { loadFixture, time } = networkHelpers;
const WITHOUT = { nothing: 0, shareSpread: 1, heldDelta: 2 } as const;

/** A million in the vault, 300 calls sold and not hedged. */
async function exposed() {
  const system = await systemOnMisbehavingVenue();
  await system.venue.connect(system.stranger).setDepth(eth(100_000));
  await deposit(system, system.alice, usdc(1_000_000));
  const expiry = await listBoard(system);
  await buyMuch(system, system.dave, seriesId(expiry, 3_000, "call"), eth(300));
  return { ...system, expiry };
}
type Exposed = Awaited<ReturnType<typeof exposed>>;

async function leaveOut({ addresses, stranger }: Exposed, without: number): Promise<void> {
  const path = "mocks/mutants/RiskEngineMutant";
  const other = await deployContract(path, [
    addresses.market,
    addresses.vault,
    addresses.controller,
    addresses.oracle,
    addresses.surface,
    addresses.fundingOracle,
    addresses.saleLimits,
  ]);
  await networkHelpers.setCode(addresses.riskEngine, await provider.getCode(other.address));
  await at<RiskEngineMutant>(path, addresses.riskEngine).connect(stranger).leaveOut(without);
}

describe("NAV under attack", () => {
  it("N3: entering just before an update of the feed that the enterer knows of, and leaving after it, loses", async () => {
    const attack = async (without: number) => {
      const system = await loadFixture(exposed);
      await leaveOut(system, without);
      const { bob, vault, usdcToken } = system;
      await refreshFeed(system);
      // The true price is .7 % lower already, and the vault is short: its shares are about to be worth more.
      const assets = usdc(50_000);
      await deposit(system, bob, assets);
      await setPrice(system, 2_979);
      const shares = await vault.balanceOf(bob.address);
      const most = await vault.maxRedeem(bob.address);
      await vault.connect(bob).redeem(most < shares ? most : shares, bob.address, bob.address);
      const left = await vault.convertToAssets(await vault.balanceOf(bob.address));
      return (await usdcToken.balanceOf(bob.address)) + left - assets;
    };
    const [bounded, unbounded] = [await attack(WITHOUT.nothing), await attack(WITHOUT.shareSpread)];
    console.log(
      `      $50,000 in and out around an update of .7 %: $${Number(bounded) / 1e6}, without U $${Number(unbounded) / 1e6}`,
    );
    expect(bounded).to.be.lessThan(0n);
    expect(unbounded).to.be.greaterThan(0n);
  });

  it("N5: the hedge does not chase a price that no longer matters", async () => {
    const deltas = async (without: number) => {
      const system = await loadFixture(exposed);
      const { riskEngine, saleLimits, stranger, expiry } = system;
      await leaveOut(system, without);
      await time.increaseTo(expiry - 120n);
      await setPrice(system, 3_002);
      await saleLimits.connect(stranger).renew();
      await time.increaseTo(expiry + 60n);
      const seen: bigint[] = [];
      for (const price of [2_950, 3_050]) seen.push((await riskEngine.book(eth(price))).delta);
      return seen;
    };
    const [held, chased] = [await deltas(WITHOUT.nothing), await deltas(WITHOUT.heldDelta)];
    expect(held[0]).to.equal(held[1]);
    // Without the rule nearly every option's delta is bought and sold again by moves that pay nobody.
    expect(chased[0]! - chased[1]!).to.be.greaterThan(eth(200));
  });
});
