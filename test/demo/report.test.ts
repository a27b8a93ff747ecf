import { expect } from "chai";
import { renderReport } from "../../scripts/demo/report.ts";
import { printSummary, summaryRows } from "../../scripts/demo/summary.ts";
import { printTrade, tradeRows } from "../../scripts/demo/trade.ts";
import { exampleRecord, exampleTrade, wad } from "./exampleRecord.ts";

const VOID = new Set(["meta", "br", "hr", "img", "input", "link"]);
const record = exampleRecord({ seed: 1, hours: 336 });
const html = renderReport(record);

/** Throws at the first tag that is not closed in its turn; good enough for HTML that is written like XML. */
function assertWellFormed(text: string): void {
  const open: string[] = [];
  const body = text.replace(/^<!doctype html>/, "").replace(/(<(script|style)[^>]*>)[\s\S]*?(<\/\2>)/g, "$1$3");
  for (const [tag, closing, name, selfClosed] of body.matchAll(
    /<(\/?)([a-zA-Z0-9]+)(?:\s+[\w-]+="[^"<>]*")*\s*(\/?)>/g,
  )) {
    if (closing === "/") {
      const last = open.pop();
      if (last !== name) throw new Error(`${tag} closes <${last}>`);
    } else if (selfClosed !== "/") {
      if (VOID.has(name!)) throw new Error(`${tag} is not closed`);
      open.push(name!);
    }
  }
  if (open.length > 0) throw new Error(`left open: ${open.join(", ")}`);
  const rest = body.replace(/<\/?[a-zA-Z0-9]+(?:\s+[\w-]+="[^"<>]*")*\s*\/?>/g, "");
  if (/[<>]/.test(rest)) throw new Error(`a stray bracket: ${/.{0,40}[<>].{0,40}/.exec(rest)?.[0]}`);
}

describe("the demo's report", () => {
  it("is well-formed", () => {
    assertWellFormed(html);
  });

  it("is checked by a check that can fail", () => {
    expect(() => assertWellFormed(html.replace("</figure>", ""))).to.throw("closes");
    expect(() => assertWellFormed(html.replace("<figcaption>", "<figcaption"))).to.throw();
  });

  it("needs no network", () => {
    expect(html).to.not.match(/https?:|\/\/[a-z]|@import|url\(|<link|<img|\ssrc=|\shref=/i);
  });

  it("has each picture in two sizes, with axes, dates and a legend", () => {
    expect(html.match(/<svg /g)).to.have.length(10);
    expect(html)
      .to.contain(">USDC per ETH</text>")
      .and.to.contain(">USDC per share</text>")
      .and.to.contain(">Mon 5 Jan<");
    for (const label of ["Spot", "Venue mark", "Before the keeper", "After", "Band", "Hedged", "Not hedged"]) {
      expect(html, label).to.contain(`</span>${label}<output>`);
    }
  });

  it("takes one price apart, here and on the terminal: the addends that count make the price", () => {
    const rows = tradeRows(exampleTrade);
    for (const { label, value, kind } of rows) {
      const row = `<tr${kind === undefined ? "" : ` class="${kind}"`}><th scope="row">${label.replace("&", "&amp;")}</th><td>${value}</td></tr>`;
      expect(html).to.contain(row);
      expect(printTrade(exampleTrade)).to.contain(value);
    }
    const sum = rows.filter(({ kind }) => kind === undefined).reduce((all, { value }) => all + Number(value), 0);
    expect(Math.abs(sum - Number(rows.at(-1)!.value))).to.be.lessThan(0.0005);
    expect(rows.find(({ kind }) => kind === "idle")!.label).to.contain("Doubt of the volatility");
    const jumpy = tradeRows({ ...exampleTrade, volatilityDoubtWad: wad(9) });
    expect(jumpy.find(({ kind }) => kind === "idle")!.label).to.contain("hedging");
    expect(renderReport({ ...record, example: undefined })).to.not.contain("taken apart");
  });

  it("shows every figure of the summary", () => {
    for (const { label, hedged, unhedged } of summaryRows(record)) {
      expect(html, label).to.contain(`>${label}</th><td>${hedged}</td><td>${unhedged}</td>`);
    }
    expect(html).to.contain("+9,876.00").and.to.contain("−1,234.56").and.to.contain("567.89");
  });

  it("tells every event and speaks to depositor, trader and operator", () => {
    for (const event of record.events) expect(html).to.contain(event.text);
    for (const reader of ["If you deposit", "If you trade", "If you operate"])
      expect(html).to.contain(`<h2>${reader}</h2>`);
  });

  it("carries the values for the read-out, of the same length as the hours", () => {
    const json = /<script type="application\/json" id="chart-data">([\s\S]*?)<\/script>/.exec(html)![1]!;
    const data = JSON.parse(json) as { times: number[]; charts: Record<string, { lines: { values: number[] }[] }> };
    expect(data.times).to.have.length(record.hours.length);
    for (const [id, chart] of Object.entries(data.charts)) {
      for (const line of chart.lines) expect(line.values, id).to.have.length(record.hours.length);
      expect(html).to.contain(`<figure id="${id}">`);
    }
  });

  it("cannot be broken by what an event says", () => {
    const text = "</script><b>&";
    const broken = renderReport({ ...record, events: [{ time: 0, text, mark: text }] });
    expect(broken).to.not.contain(text);
    assertWellFormed(broken);
  });

  it("stands a run of a few hours without a hedge", () => {
    const short = exampleRecord({ seed: 1, hours: 12 });
    assertWellFormed(renderReport({ ...short, hedges: [], events: [] }));
  });
});

describe("the demo's summary", () => {
  it("has aligned columns and the ratio beside the frictionless one", () => {
    const text = printSummary(record);
    const lines = text.split("\n");
    const header = lines.find((line) => line.endsWith("Not hedged"))!;
    const premium = lines.find((line) => line.startsWith("Premium"))!;
    expect(premium.length).to.equal(header.length);
    expect(text).to.match(/Risk left by the hedge: [\d.]+ % of the hourly swings/);
    expect(text).to.match(/which nobody can: [\d.]+ %/);
  });
});
