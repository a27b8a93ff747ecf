import { expect } from "chai";
import { sviVolatility } from "../../keeper/math/svi.ts";
import { isAcceptable } from "../../keeper/surface/calibrate.ts";
import { atLevel, LEVEL, SPREAD, smileSlice } from "../../scripts/local-chain/smile.ts";
import { expectNear } from "../helpers/numbers.ts";

const DAY = 86_400;

describe("the local curator's smile", () => {
  it("is a slice that the surface takes, from an hour to a year", () => {
    for (const secondsToExpiry of [3_600, DAY, 7 * DAY, 28 * DAY, 365 * DAY]) {
      const slice = smileSlice({ secondsToExpiry });
      expect(isAcceptable(slice, { secondsToExpiry }), `${secondsToExpiry}`).to.equal(true);
      expectNear(slice.atTheMoneyVolatility, LEVEL, 0.002);
      expectNear(slice.spread, SPREAD, 1e-9);
    }
  });

  it("asks more for what lies below the forward than above, and more for what lies far", () => {
    const secondsToExpiry = 7 * DAY;
    const slice = smileSlice({ secondsToExpiry });
    const deviation = LEVEL * Math.sqrt(7 / 365);
    const at = (deviations: number) => sviVolatility(slice, deviations * deviation);
    expect(at(-1)).to.be.greaterThan(at(1) + 0.03);
    expect(at(-2)).to.be.greaterThan(at(-1));
    expect(at(2.5)).to.be.greaterThan(at(1.5));
  });

  it("keeps clear of its neighbours in time", () => {
    const near = { slice: smileSlice({ secondsToExpiry: 7 * DAY }), secondsToExpiry: 7 * DAY };
    const far = smileSlice({ secondsToExpiry: 14 * DAY, before: near });
    expect(isAcceptable(far, { secondsToExpiry: 14 * DAY, before: near })).to.equal(true);
    const between = smileSlice({
      secondsToExpiry: 10 * DAY,
      before: near,
      after: { slice: far, secondsToExpiry: 14 * DAY },
    });
    expect(isAcceptable(between, { secondsToExpiry: 10 * DAY, before: near })).to.equal(true);
  });

  it("moves to another level in one piece", () => {
    const secondsToExpiry = 7 * DAY;
    const slice = smileSlice({ secondsToExpiry });
    const lower = atLevel(slice, 0.5);
    expectNear(sviVolatility(lower, 0), 0.5, 1e-3);
    expectNear(
      sviVolatility(lower, 0.1) / sviVolatility(slice, 0.1),
      sviVolatility(lower, 0) / sviVolatility(slice, 0),
      1e-9,
    );
    expect(isAcceptable(lower, { secondsToExpiry })).to.equal(true);
  });
});
