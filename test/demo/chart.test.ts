import { expect } from "chai";
import fc from "fast-check";
import { type Chart, escapeText, niceTicks, renderChart, timeTicks } from "../../scripts/demo/chart.ts";
import { expectWithin } from "../helpers/numbers.ts";

const HOUR = 3_600;
const start = Date.UTC(2026, 0, 2, 8) / 1000;
const size = { width: 400, height: 200, fontSize: 12 };

const chart = (values: readonly number[]): Chart => ({
  id: "test",
  title: "Title",
  caption: "Caption",
  unit: "ETH",
  digits: 2,
  times: values.map((_, place) => start + place * HOUR),
  lines: [{ label: "Line", tone: "hedged", values }],
});

describe("the report's axes", () => {
  it("have round ticks that cover the values", () => {
    expect(niceTicks({ low: 2_497, high: 3_000, count: 5 })).to.deep.equal({
      values: [2_400, 2_600, 2_800, 3_000],
      digits: 0,
    });
    const { values, digits } = niceTicks({ low: 0.9961, high: 1.0139, count: 5 });
    expect(values.map((value) => value.toFixed(digits))).to.deep.equal(["0.995", "1.000", "1.005", "1.010", "1.015"]);
  });

  it("cover any range with 2 to 8 ticks that read differently", () => {
    const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(finite, finite, (one, other) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        const { values, digits } = niceTicks({ low, high, count: 5 });
        const slack = Math.max(high - low, 1e-9) * 1e-6;
        expectWithin(values[0], Number.NEGATIVE_INFINITY, low + slack);
        expectWithin(values.at(-1), high - slack, Number.POSITIVE_INFINITY);
        expect(values.length).to.be.within(2, 8);
        if (high - low > 1e-2) {
          expect(new Set(values.map((value) => value.toFixed(digits))).size).to.equal(values.length);
        }
      }),
    );
  });

  it("have midnights over days and whole hours over a day, no more than fit", () => {
    const days = timeTicks({ from: start, to: start + 336 * HOUR, count: 8 });
    expect(days.times.length).to.be.within(4, 8);
    expect(days.times.every((time) => time % (24 * HOUR) === 0)).to.equal(true);
    expect(days.label(days.times[0]!)).to.match(/^\w{3} \d+ Jan$/);
    const hours = timeTicks({ from: start, to: start + 20 * HOUR, count: 8 });
    expect(hours.times.length).to.be.within(4, 8);
    expect(hours.label(hours.times[0]!)).to.match(/^\d\d:00$/);
  });
});

describe("the report's charts", () => {
  it("keep every point inside the drawing", () => {
    const finite = fc.double({ min: -1e4, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 50 }), (values) => {
        const points = /<polyline [^>]*points="([^"]*)"/.exec(renderChart(chart(values), size))?.[1]?.split(" ") ?? [];
        expect(points).to.have.length(values.length);
        for (const point of points) {
          const [x, y] = point.split(",").map(Number) as [number, number];
          expectWithin(x, 0, size.width);
          expectWithin(y, 0, size.height);
        }
      }),
    );
  });

  it("put the larger value higher", () => {
    const [low, high] = /points="([^"]*)"/.exec(renderChart(chart([1, 2]), size))![1]!.split(" ");
    const height = (point: string) => Number(point.split(",")[1]);
    expect(height(high!) < height(low!)).to.equal(true);
  });

  it("name the unit, the ticks and the marks, and escape what they are named", () => {
    const svg = renderChart({ ...chart([1, 2]), marks: [{ time: start, label: "a<b" }] }, size);
    expect(svg).to.contain(">ETH</text>").and.to.contain(">1.0</text>").and.to.contain(">a&lt;b</text>");
    expect(escapeText('<a href="x">&')).to.equal("&lt;a href=&quot;x&quot;&gt;&amp;");
  });

  it("keep zero in sight where it matters", () => {
    const svg = renderChart({ ...chart([5, 6]), zero: true }, size);
    expect(svg).to.contain('class="zero"');
    expect(svg).to.contain(">0</text>");
  });
});
