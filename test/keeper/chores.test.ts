import { expect } from "chai";
import fc from "fast-check";
import { type Chore, DEFAULT_CHORES, dueChores, explainChore } from "../../keeper/chores/decide.ts";
import type { Snapshot } from "../../keeper/snapshot.ts";
import { snapshotOf } from "../helpers/snapshot.ts";

const { timestamp: NOW } = snapshotOf();
const HOUR = 3_600n;

/** A vault in which nothing is due. */
function quiet(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    ...snapshotOf(),
    liveExpiries: [NOW + 10n * HOUR],
    checkpointTime: NOW - 10n * HOUR,
    funding: { sampledAt: NOW - 60n, fastWad: 0n, slowWad: 0n },
    realised: { volatilityWad: 1n, asOf: NOW - 60n },
    ...changes,
  };
}

const actionsOf = (changes: Partial<Snapshot>): Chore["action"][] =>
  dueChores(quiet(changes)).map(({ action }) => action);

describe("chores", () => {
  it("are none while everything is young", () => {
    expect(actionsOf({})).to.deep.equal([]);
  });

  describe("the checkpoint before an expiry", () => {
    const near = { liveExpiries: [NOW + 10n * HOUR, NOW + 300n] };

    it("is renewed when older than five minutes, one second decides", () => {
      expect(actionsOf({ ...near, checkpointTime: NOW - 301n })).to.deep.equal(["renewCheckpoint"]);
      expect(actionsOf({ ...near, checkpointTime: NOW - 300n })).to.deep.equal([]);
    });

    it("is renewed from ten minutes before, and not once the expiry has passed", () => {
      expect(actionsOf({ liveExpiries: [NOW + 600n] })).to.deep.equal(["renewCheckpoint"]);
      expect(actionsOf({ liveExpiries: [NOW + 601n] })).to.deep.equal([]);
      expect(actionsOf({ liveExpiries: [NOW] })).to.deep.equal([]);
    });

    it("is left alone while nothing is open, and at a price that is not trusted", () => {
      const { book, spot } = quiet();
      expect(actionsOf({ ...near, book: { ...book, callsWad: 0n, putsWad: 0n } })).to.deep.equal([]);
      expect(actionsOf({ ...near, spot: { ...spot, fault: "Stale" } })).to.deep.equal([]);
    });

    it("names the nearest expiry", () => {
      const [chore] = dueChores(quiet({ liveExpiries: [NOW + 500n, NOW + 100n] }));
      expect(chore).to.include({ action: "renewCheckpoint", expiry: NOW + 100n });
    });
  });

  it("bring an hour when it is over, one second decides, and always until realised volatility is ready", () => {
    const at = (asOf: bigint) => actionsOf({ realised: { volatilityWad: 1n, asOf } });
    expect(at(NOW - HOUR)).to.deep.equal([]);
    expect(at(NOW - HOUR - 1n)).to.deep.equal(["bringHours"]);
    expect(dueChores(quiet({ realised: { volatilityWad: 0n, asOf: 0n } }))[0]).to.include({ reason: "notReady" });
  });

  it("bring hours while the price is not trusted: they are proved by id", () => {
    const { spot } = quiet();
    expect(
      actionsOf({ spot: { ...spot, fault: "Stale" }, realised: { volatilityWad: 1n, asOf: NOW - 9n * HOUR } }),
    ).to.deep.equal(["bringHours"]);
  });

  it("sample funding after an hour, at a trusted price of a venue that can be read", () => {
    const old = { funding: { sampledAt: NOW - HOUR, fastWad: 0n, slowWad: 0n } };
    const { spot, hedge } = quiet();
    expect(actionsOf(old)).to.deep.equal(["sampleFunding"]);
    expect(actionsOf({ funding: { ...old.funding, sampledAt: NOW - HOUR + 1n } })).to.deep.equal([]);
    expect(actionsOf({ ...old, spot: { ...spot, fault: "Stale" } })).to.deep.equal([]);
    expect(actionsOf({ ...old, hedge: { ...hedge, reason: "VenueUnreadable" } })).to.deep.equal([]);
    expect(dueChores(quiet({ funding: { ...old.funding, sampledAt: 0n } }))[0]).to.include({ reason: "noSample" });
  });

  it("come with the most urgent first, each at most once, and say why in one line", () => {
    const second = fc.bigInt({ min: 0n, max: 20n * HOUR });
    fc.assert(
      fc.property(second, second, second, fc.array(second, { maxLength: 4 }), (a, b, c, ahead) => {
        const chores = dueChores(
          quiet({
            checkpointTime: NOW - a,
            funding: { sampledAt: NOW - b, fastWad: 0n, slowWad: 0n },
            realised: { volatilityWad: 1n, asOf: NOW - c },
            liveExpiries: ahead.map((seconds) => NOW + seconds),
          }),
        );
        const order = ["renewCheckpoint", "bringHours", "sampleFunding"];
        const places = chores.map(({ action }) => order.indexOf(action));
        expect(places).to.deep.equal([...new Set(places)].sort());
        for (const chore of chores) expect(explainChore(chore)).to.match(/^[a-z][^\n]+$/);
        const isNear = ahead.some((s) => s > 0n && s <= DEFAULT_CHORES.nearExpirySeconds);
        expect(places.includes(0)).to.equal(isNear && a > DEFAULT_CHORES.checkpointAgeSeconds);
        expect(places.includes(1)).to.equal(c > HOUR);
        expect(places.includes(2)).to.equal(b >= HOUR);
      }),
    );
  });
});
