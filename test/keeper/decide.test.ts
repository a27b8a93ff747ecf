import { expect } from "chai";
import fc from "fast-check";
import { FAULTS, type Fault } from "../../keeper/enums.ts";
import { type Decision, decide, explain, slippageBound } from "../../keeper/hedge/decide.ts";
import type { Snapshot } from "../../keeper/snapshot.ts";
import { policy, quietWorld, snapshotOf, type World } from "../helpers/snapshot.ts";

const WAD = 10n ** 18n;
const USDC = 10n ** 6n;
const abs = (x: bigint): bigint => (x < 0n ? -x : x);

const decideIn = (changes: Partial<World> = {}): Decision => decide(snapshotOf(changes), policy);

/** The decision, which must be the one expected. */
function expectAction<A extends Decision["action"]>(decision: Decision, action: A): Extract<Decision, { action: A }> {
  expect(decision.action, explain(decision)).to.equal(action);
  return decision as Extract<Decision, { action: A }>;
}

/** A long or short position at `sizeWad` whose equity is `ratio` percent of its notional. */
function positionAt(
  sizeWad: bigint,
  ratioPercent: bigint,
  spotWad = quietWorld.spotWad,
): Pick<World, "sizeWad" | "cashWad"> {
  const value = (sizeWad * spotWad) / WAD;
  return { sizeWad, cashWad: (abs(value) * ratioPercent) / 100n - value };
}

const hedged = { ...positionAt(5n * WAD, 35n) };

const size = fc.bigInt({ min: -200n * WAD, max: 200n * WAD });
const count = fc.oneof(fc.constant(0n), fc.bigInt({ min: WAD / 100n, max: 300n * WAD }));
const price = fc.bigInt({ min: 100n * WAD, max: 20_000n * WAD });
const world: fc.Arbitrary<World> = fc
  .record({
    spotWad: price,
    markGap: fc.bigInt({ min: -200n, max: 200n }),
    bookDeltaWad: size,
    callsWad: count,
    putsWad: count,
    sizeWad: fc.oneof(fc.constant(0n), size),
    ratio: fc.bigInt({ min: -50n, max: 120n }),
    isTradable: fc.boolean(),
    withdrawableAssets: fc.bigInt({ min: 0n, max: 1_000_000n * USDC }),
    idleAssets: fc.bigInt({ min: 0n, max: 1_000_000n * USDC }),
    owedAssets: fc.bigInt({ min: 0n, max: 500_000n * USDC }),
  })
  .map(({ markGap, ratio, ...rest }) => ({
    ...quietWorld,
    ...rest,
    ...positionAt(rest.sizeWad, ratio, rest.spotWad),
    markWad: rest.spotWad + (rest.spotWad * markGap) / 10_000n,
  }));

describe("decide: the band", () => {
  for (const side of [1n, -1n]) {
    const name = side > 0n ? "long" : "short";

    it(`holds when net delta is ${name} by exactly the band`, () => {
      const hold = expectAction(decideIn({ bookDeltaWad: side * WAD }), "hold");
      expect(hold.reason).to.equal("withinBand");
    });

    it(`hedges when net delta is ${name} by one wei more than the band`, () => {
      const hedge = expectAction(decideIn({ bookDeltaWad: side * (WAD + 1n) }), "hedge");
      expect(hedge.reason).to.equal("outsideBand");
      expect(hedge.sizeDeltaWad > 0n).to.equal(side < 0n);
    });
  }

  it("measures the band by the larger of calls and puts", () => {
    const straddles = { callsWad: 10n * WAD, putsWad: 30n * WAD, bookDeltaWad: 2n * WAD };
    expect(expectAction(decideIn(straddles), "hold").reason).to.equal("withinBand");
    expectAction(decideIn({ ...straddles, putsWad: 10n * WAD }), "hedge");
  });

  it("brings net delta to zero", () => {
    const hedge = expectAction(decideIn(), "hedge");
    expect(hedge.sizeDeltaWad).to.equal(5n * WAD);
    expect(hedge.netDeltaAfterWad).to.equal(0n);
    expect(hedge.isPartial).to.equal(false);
  });

  it("counts the position that is there", () => {
    expect(expectAction(decideIn(hedged), "hold").reason).to.equal("withinBand");
    const more = expectAction(decideIn({ ...hedged, bookDeltaWad: -8n * WAD }), "hedge");
    expect(more.sizeDeltaWad).to.equal(3n * WAD);
  });

  it("gives the trade two minutes from the snapshot's block", () => {
    const snapshot = snapshotOf();
    expect(expectAction(decide(snapshot, policy), "hedge").deadline).to.equal(snapshot.timestamp + 120n);
  });
});

describe("decide: no open interest", () => {
  const empty = { callsWad: 0n, putsWad: 0n, bookDeltaWad: 0n };

  it("holds when there is no position either", () => {
    expect(expectAction(decideIn(empty), "hold").reason).to.equal("noOpenInterest");
  });

  it("closes the position to the last wei", () => {
    const hedge = expectAction(decideIn({ ...empty, ...hedged }), "hedge");
    expect(hedge.reason).to.equal("noOpenInterest");
    expect(hedge.sizeDeltaWad).to.equal(-5n * WAD);
    expect(hedge.netDeltaAfterWad).to.equal(0n);
  });

  it("closes a position that is smaller than the smallest trade", () => {
    const hedge = expectAction(decideIn({ ...empty, ...positionAt(-WAD / 1000n, 35n) }), "hedge");
    expect(hedge.sizeDeltaWad).to.equal(WAD / 1000n);
  });
});

describe("decide: what must not be traded on", () => {
  for (const fault of FAULTS.filter((name): name is Exclude<Fault, "None"> => name !== "None")) {
    it(`holds when the price is untrusted: ${fault}`, () => {
      const hold = expectAction(decideIn({ fault }), "hold");
      expect(hold.reason === "priceUntrusted" && hold.fault).to.equal(fault);
    });
  }

  it("holds when the venue cannot be read", () => {
    expect(expectAction(decideIn({ isReadable: false }), "hold").reason).to.equal("venueUnreadable");
  });

  it("holds when the venue is not tradable", () => {
    expect(expectAction(decideIn({ isTradable: false }), "hold").reason).to.equal("venueNotTradable");
  });

  it("holds when the trade is below the smallest notional", () => {
    // A band of .01 ETH, a trade of .033 ETH for 99 USDC.
    const small = { callsWad: WAD / 10n, bookDeltaWad: -(33n * WAD) / 1000n };
    const hold = expectAction(decideIn(small), "hold");
    expect(hold.reason).to.equal("belowMinimumNotional");
  });

  it("settles first, whatever else is wrong", () => {
    const expiries = [1_767_340_000n, 1_767_350_000n];
    for (const changes of [{}, { fault: "Stale" as const }, { isReadable: false }]) {
      const settle = expectAction(decideIn({ unsettledExpiries: expiries, ...changes }), "settle");
      expect(settle.expiries).to.deep.equal(expiries);
    }
  });
});

describe("decide: the limit price", () => {
  it("lies half a percent above the worse of mark and spot for a purchase", () => {
    const atSpot = expectAction(decideIn({ markWad: 2995n * WAD }), "hedge");
    expect(atSpot.limitPriceWad).to.equal(3015n * WAD);
    const atMark = expectAction(decideIn({ markWad: 3006n * WAD }), "hedge");
    expect(atMark.limitPriceWad).to.equal((3006n * WAD * 1005n) / 1000n);
  });

  it("lies half a percent below the worse of mark and spot for a sale", () => {
    const atSpot = expectAction(decideIn({ bookDeltaWad: 5n * WAD, markWad: 3005n * WAD }), "hedge");
    expect(atSpot.limitPriceWad).to.equal(2985n * WAD);
    const atMark = expectAction(decideIn({ bookDeltaWad: 5n * WAD, markWad: 2994n * WAD }), "hedge");
    expect(atMark.limitPriceWad).to.equal((2994n * WAD * 995n) / 1000n);
  });

  it("never passes the contract's bound", () => {
    expect(expectAction(decideIn({ markWad: 3029n * WAD }), "hedge").limitPriceWad).to.equal(3030n * WAD);
    const sale = expectAction(decideIn({ bookDeltaWad: 5n * WAD, markWad: 2971n * WAD }), "hedge");
    expect(sale.limitPriceWad).to.equal(2970n * WAD);
  });

  it("holds when the mark itself is beyond the bound, one wei decides", () => {
    expectAction(decideIn({ markWad: 3030n * WAD }), "hedge");
    expect(expectAction(decideIn({ markWad: 3030n * WAD + 1n }), "hold").reason).to.equal("markBeyondBound");
    const sale = { bookDeltaWad: 5n * WAD };
    expectAction(decideIn({ ...sale, markWad: 2970n * WAD }), "hedge");
    expect(expectAction(decideIn({ ...sale, markWad: 2970n * WAD - 1n }), "hold").reason).to.equal("markBeyondBound");
  });

  it("goes on when the mark is far away on the side that is good for us", () => {
    expectAction(decideIn({ markWad: 2900n * WAD }), "hedge");
    expectAction(decideIn({ bookDeltaWad: 5n * WAD, markWad: 3100n * WAD }), "hedge");
  });
});

describe("decide: margin", () => {
  it("tops up to the target from below the floor", () => {
    const topUp = expectAction(decideIn({ ...positionAt(5n * WAD, 21n) }), "topUp");
    // 14 % of 15,000 USDC.
    expect(topUp.marginMoveAssets).to.equal(2_100n * USDC);
    expect(topUp.marginMoveWad).to.equal(2_100n * WAD);
  });

  it("holds at the floor and at the ceiling", () => {
    for (const ratio of [22n, 60n]) {
      const hold = expectAction(
        decideIn({ ...positionAt(5n * WAD, ratio), withdrawableAssets: 10_000n * USDC }),
        "hold",
      );
      expect(hold.reason).to.equal("withinBand");
    }
  });

  it("frees down to the target from above the ceiling", () => {
    const free = expectAction(
      decideIn({ ...positionAt(5n * WAD, 61n), withdrawableAssets: 10_000n * USDC }),
      "freeMargin",
    );
    expect(free.marginMoveAssets).to.equal(-3_900n * USDC);
  });

  it("frees no more than the venue releases, and holds when that is nothing", () => {
    const rich = positionAt(5n * WAD, 61n);
    expect(
      expectAction(decideIn({ ...rich, withdrawableAssets: 500n * USDC }), "freeMargin").marginMoveAssets,
    ).to.equal(-500n * USDC);
    expect(expectAction(decideIn({ ...rich, withdrawableAssets: 0n }), "hold").reason).to.equal("withinBand");
  });

  it("frees everything when no position is left", () => {
    const flat = { callsWad: 0n, bookDeltaWad: 0n, cashWad: 1_234n * WAD, withdrawableAssets: 1_234n * USDC };
    expect(expectAction(decideIn(flat), "freeMargin").marginMoveAssets).to.equal(-1_234n * USDC);
  });

  it("tops up with what is free when that is less than the target needs", () => {
    const poor = { ...positionAt(5n * WAD, 10n), idleAssets: 1_500n * USDC, owedAssets: 500n * USDC };
    expect(expectAction(decideIn(poor), "topUp").marginMoveAssets).to.equal(1_000n * USDC);
  });

  it("holds and says what is missing when nothing is free", () => {
    const broke = { ...positionAt(5n * WAD, 10n), idleAssets: 500n * USDC, owedAssets: 500n * USDC };
    const hold = expectAction(decideIn(broke), "hold");
    expect(hold.reason).to.equal("insufficientMargin");
    expect(hold.reason === "insufficientMargin" && hold.neededWad).to.equal(3_300n * WAD);
    expect(hold.reason === "insufficientMargin" && hold.availableWad).to.equal(1_500n * WAD);
  });

  it("does not pay gas to move dust, one unit decides", () => {
    const rich = positionAt(5n * WAD, 61n);
    expectAction(decideIn({ ...rich, withdrawableAssets: USDC }), "freeMargin");
    expect(expectAction(decideIn({ ...rich, withdrawableAssets: USDC - 1n }), "hold").reason).to.equal(
      "marginMoveTooSmall",
    );
  });

  it("moves margin while the venue is not tradable", () => {
    expectAction(decideIn({ ...positionAt(2n * WAD, 10n), isTradable: false }), "topUp");
  });

  it("hedges before it moves margin, because the trade brings its own", () => {
    expectAction(decideIn({ ...positionAt(2n * WAD, 10n) }), "hedge");
  });
});

describe("decide: a trade that free margin does not cover", () => {
  it("hedges the part after which equity is above the floor even at the limit price", () => {
    // 1,000 USDC of margin: at 22 % for at most 1.5 ETH, less the cost of the whole trade at the limit.
    const hedge = expectAction(decideIn({ idleAssets: 1_000n * USDC }), "hedge");
    expect(hedge.isPartial).to.equal(true);
    const notional = (hedge.sizeDeltaWad * 3000n * WAD) / WAD;
    const cost = (hedge.sizeDeltaWad * (hedge.limitPriceWad - 3000n * WAD)) / WAD;
    expect(1_000n * WAD - cost >= (notional * 22n) / 100n).to.equal(true);
    expect(hedge.sizeDeltaWad > WAD).to.equal(true);
  });

  it("holds when nothing is free, and says what is missing", () => {
    const hold = expectAction(decideIn({ idleAssets: 0n }), "hold");
    expect(hold.reason).to.equal("insufficientMargin");
  });

  it("reduces a position without asking for margin", () => {
    const hedge = expectAction(decideIn({ ...positionAt(9n * WAD, 10n), idleAssets: 0n }), "hedge");
    expect(hedge.sizeDeltaWad).to.equal(-4n * WAD);
    expect(hedge.isPartial).to.equal(false);
  });

  it("turns a position round only as far as it was long before, when nothing is free", () => {
    const turned = { bookDeltaWad: 9n * WAD, ...positionAt(2n * WAD, 15n), idleAssets: 0n };
    const hedge = expectAction(decideIn(turned), "hedge");
    expect(hedge.sizeDeltaWad).to.equal(-4n * WAD);
    expect(hedge.isPartial).to.equal(true);
  });
});

describe("decide: agreement with the chain", () => {
  type Change = (snapshot: Snapshot) => Snapshot;
  const inHedge =
    (change: Partial<Snapshot["hedge"]>): Change =>
    (s) => ({ ...s, hedge: { ...s.hedge, ...change } });
  const lies: [string, Partial<World>, Change][] = [
    ["spot", {}, inHedge({ spotWad: 3001n * WAD })],
    ["book delta", {}, inHedge({ bookDeltaWad: -6n * WAD })],
    ["net delta", {}, inHedge({ netDeltaWad: -6n * WAD })],
    ["band", {}, inHedge({ bandWad: WAD / 2n })],
    ["trade", {}, inHedge({ tradeWad: 6n * WAD })],
    ["trade", {}, inHedge({ action: "Hold", reason: "WithinBand" })],
    ["action", {}, inHedge({ action: "Hold", reason: "WithinBand", tradeWad: 0n })],
    ["action", {}, inHedge({ action: "Hold", reason: "BelowMinimumNotional", tradeWad: 0n })],
    ["action", { bookDeltaWad: WAD / 2n }, inHedge({ action: "Hedge", reason: "OutsideBand", tradeWad: -WAD / 2n })],
    ["reason", {}, inHedge({ reason: "NoOpenInterest" })],
    ["reason", hedged, inHedge({ reason: "NoOpenInterest" })],
    ["reason", hedged, inHedge({ reason: "VenueNotTradable" })],
    ["reason", hedged, inHedge({ reason: "OutsideBand" })],
    ["venue equity", hedged, inHedge({ equityWad: 1n })],
    ["notional", hedged, inHedge({ notionalWad: 1n })],
    ["margin ratio", hedged, inHedge({ marginRatioWad: 1n })],
    ["margin to the venue", positionAt(5n * WAD, 21n), inHedge({ marginMoveAssets: 2_101n * USDC })],
    ["margin to the venue", hedged, inHedge({ marginMoveAssets: 1n })],
    ["margin from the venue", hedged, inHedge({ marginMoveAssets: -1n })],
    [
      "margin from the venue",
      { ...positionAt(5n * WAD, 61n), withdrawableAssets: 10_000n * USDC },
      inHedge({ marginMoveAssets: -3_901n * USDC }),
    ],
  ];
  for (const [figure, changes, lie] of lies) {
    it(`holds when the chain's ${figure} is not ours`, () => {
      const decision = expectAction(decide(lie(snapshotOf(changes)), policy), "hold");
      expect(decision.reason).to.equal("disagreement");
      expect(decision.reason === "disagreement" && decision.disagreement.figure).to.equal(figure);
      expect(explain(decision)).to.contain(figure);
    });
  }

  it("agrees with the contract's own rules in every world", () => {
    fc.assert(
      fc.property(world, (w) => {
        const decision = decide(snapshotOf(w), policy);
        expect(decision.reason, explain(decision)).to.not.equal("disagreement");
      }),
      { numRuns: 3_000, endOnFailure: true },
    );
  });
});

describe("decide: properties", () => {
  it("a hedge shrinks |net delta|, keeps its sign and stays within the contract's bounds", () => {
    let hedges = 0;
    fc.assert(
      fc.property(world, (w) => {
        const snapshot = snapshotOf(w);
        const decision = decide(snapshot, policy);
        if (decision.action !== "hedge") return;
        hedges++;
        const before = snapshot.hedge.netDeltaWad;
        const after = before + decision.sizeDeltaWad;
        expect(after).to.equal(decision.netDeltaAfterWad);
        expect(abs(after) < abs(before)).to.equal(true);
        expect(after === 0n || after > 0n === before > 0n).to.equal(true);
        const bound = slippageBound(decision.sizeDeltaWad, w.spotWad, policy);
        expect(decision.sizeDeltaWad > 0n ? decision.limitPriceWad <= bound : decision.limitPriceWad >= bound).to.equal(
          true,
        );
        const notional = (abs(decision.sizeDeltaWad) * w.spotWad) / WAD;
        expect(notional >= policy.minNotionalWad || w.sizeWad + decision.sizeDeltaWad === 0n).to.equal(true);
      }),
      { numRuns: 3_000, endOnFailure: true },
    );
    expect(hedges).to.be.greaterThan(500);
  });

  it("a hedge that makes the position larger leaves equity above the floor when it fills at the limit", () => {
    let increases = 0;
    fc.assert(
      fc.property(world, (w) => {
        const snapshot = snapshotOf(w);
        const decision = decide(snapshot, policy);
        if (decision.action !== "hedge") return;
        const sizeAfter = w.sizeWad + decision.sizeDeltaWad;
        if (abs(sizeAfter) <= abs(w.sizeWad)) return;
        increases++;
        const { equityWad } = snapshot.hedge;
        const notional = (abs(sizeAfter) * w.spotWad) / WAD;
        const floor = (notional * policy.marginFloorWad) / WAD;
        const free = w.idleAssets > w.owedAssets ? (w.idleAssets - w.owedAssets) * policy.assetScale : 0n;
        const wanted = (notional * policy.marginTargetWad) / WAD - equityWad;
        const dearest = (((abs(decision.sizeDeltaWad) * w.spotWad) / WAD) * policy.maxSlippageWad) / WAD;
        const topUp = equityWad >= floor + dearest ? 0n : wanted < free ? wanted : free;
        const cost = (abs(decision.sizeDeltaWad) * abs(decision.limitPriceWad - w.spotWad)) / WAD;
        expect(equityWad + topUp - cost >= floor).to.equal(true);
      }),
      { numRuns: 3_000, endOnFailure: true },
    );
    expect(increases).to.be.greaterThan(200);
  });

  it("a hold carries no trade, no limit price and no margin", () => {
    fc.assert(
      fc.property(world, (w) => {
        const decision = decide(snapshotOf(w), policy);
        if (decision.action !== "hold") return;
        for (const field of ["sizeDeltaWad", "limitPriceWad", "deadline", "marginMoveAssets", "expiries"]) {
          expect(decision).to.not.have.property(field);
        }
      }),
      { numRuns: 2_000, endOnFailure: true },
    );
  });

  it("is a function of its arguments alone", () => {
    fc.assert(
      fc.property(world, (w) => {
        const frozen = Object.freeze(snapshotOf(w));
        expect(decide(frozen, policy)).to.deep.equal(decide(snapshotOf(w), policy));
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });

  it("explains every decision in one line", () => {
    fc.assert(
      fc.property(world, fc.constantFrom(...FAULTS), fc.boolean(), (w, fault, isReadable) => {
        const decision = decide(snapshotOf({ ...w, fault, isReadable }), policy);
        const line = explain(decision);
        expect(line).to.match(/^(hold|hedge|top up|free margin|settle): \S[^\n]*$/);
        expect(line).to.not.match(/undefined|NaN|\[object/);
      }),
      { numRuns: 2_000, endOnFailure: true },
    );
  });
});

describe("explain", () => {
  it("says what is bought, at which limit and why", () => {
    expect(explain(decideIn())).to.equal(
      "hedge: buy 5.00 ETH at most 3,015.00 USDC: net delta -5.00 ETH (book -5.00 ETH, hedge 0.00 ETH) is outside the band ±1.00 ETH",
    );
  });

  it("says that a part is hedged and what stays", () => {
    expect(explain(decideIn({ idleAssets: 1_000n * USDC }))).to.match(
      /free margin allows this part, -3\.\d+ ETH stays$/,
    );
  });

  it("says why nothing is done", () => {
    expect(explain(decideIn(hedged))).to.equal(
      "hold: net delta 0.00 ETH (book -5.00 ETH, hedge +5.00 ETH) is within the band ±1.00 ETH",
    );
    expect(explain(decideIn({ fault: "Stale" }))).to.equal(
      "hold: the spot price is not to be trusted: the newest round is too old",
    );
  });

  it("says how much margin moves which way", () => {
    expect(explain(decideIn({ ...positionAt(5n * WAD, 21n) }))).to.equal(
      "top up: send 2,100.00 USDC to the venue: margin is at 21 % of its notional, below the floor",
    );
    expect(explain(decideIn({ ...positionAt(5n * WAD, 61n), withdrawableAssets: 10_000n * USDC }))).to.equal(
      "free margin: fetch 3,900.00 USDC from the venue: margin is 9,150.00 USDC at 61 % of its notional, above the ceiling",
    );
  });
});
