/**
 * The report: one HTML file with everything in it. It opens offline, follows the reader's light or dark setting, fits a
 * phone, and loses only the read-out under the pointer when scripts are off.
 */
import { type Chart, escapeText, renderChart } from "./chart.ts";
import { formatCount, formatFixed, formatNumber, formatPercent, formatQuote, formatTime } from "./format.ts";
import { type DemoRecord, vaultResult } from "./record.ts";
import { HOVER_SCRIPT, STYLE } from "./reportAssets.ts";
import { frictionlessNav } from "./statistics.ts";
import { summaryRows } from "./summary.ts";
import { tradeRows, tradeTitle } from "./trade.ts";

const WIDE = { width: 920, height: 300, fontSize: 13 };
const NARROW = { width: 380, height: 270, fontSize: 12 };

export function renderReport(record: DemoRecord): string {
  const charts = createCharts(record);
  const first = record.hours[0];
  const last = record.hours.at(-1);
  const days = ((last?.hour ?? 0) - (first?.hour ?? 0)) / 24;
  const length = days >= 2 ? formatCount(Math.round(days), "day") : formatCount(last?.hour ?? 0, "hour");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Ballast demo, seed ${record.seed}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>An options vault that hedges itself</h1>
<p class="lead">${escapeText(
    `${length} on a local chain, hour by hour: two vaults sell the same options to the same buyers on the same price path. ` +
      "One lets its keeper hedge on Perp v2 “Curie”, a real perpetual-futures protocol; the other never hedges.",
  )}</p>
<p class="meta">${escapeText(
    `${formatTime(first?.time ?? 0)} to ${formatTime(last?.time ?? 0)} UTC · price path of seed ${record.seed} · made-up prices, real contracts`,
  )}</p>
</header>
${renderTiles(record)}
${renderIntroduction(record)}
${charts.map(renderFigure).join("\n")}
${renderSummary(record)}
${renderTrade(record)}
${renderEvents(record)}
${renderMethod(record)}
</main>
<script type="application/json" id="chart-data">${escapeJson(chartData(charts))}</script>
<script>${HOVER_SCRIPT}</script>
</body>
</html>
`;
}

function createCharts(record: DemoRecord): Chart[] {
  const { hours } = record;
  const times = hours.map((hour) => hour.time);
  const spot = hours.map((hour) => hour.spot);
  const marks = record.events.filter((event) => event.mark !== undefined);
  const common = { times, marks: marks.map((event) => ({ time: event.time, label: event.mark ?? "" })) };
  return [
    {
      ...common,
      id: "price",
      title: "The price",
      caption: "Spot from the feed, and the mark of the venue where the hedge trades; they almost coincide.",
      unit: "USDC per ETH",
      digits: 2,
      lines: [
        { label: "Venue mark", tone: "unhedged", values: hours.map((hour) => hour.mark), width: "wide" },
        { label: "Spot", tone: "hedged", values: spot, width: "thin" },
      ],
    },
    {
      ...common,
      id: "gap",
      title: "Venue mark against spot, and funding",
      caption:
        "How far the mark is from spot, and what a long pays to a short in a day because of it; below zero the short pays.",
      unit: "% of spot",
      digits: 3,
      zero: true,
      lines: [
        { label: "Mark − spot", tone: "plain", values: hours.map((hour) => (hour.mark / hour.spot - 1) * 100) },
        { label: "Funding a day", tone: "ideal", values: hours.map((hour) => hour.fundingRate * 100), width: "thin" },
      ],
    },
    {
      ...common,
      id: "delta",
      title: "What was sold and what stands against it",
      caption: "Delta of the options sold, turned round, and the perpetual position that the keeper holds against it.",
      unit: "ETH",
      digits: 3,
      zero: true,
      lines: [
        { label: "Hedge that would be exact", tone: "unhedged", values: hours.map((hour) => -hour.bookDelta) },
        { label: "Hedge held", tone: "hedged", values: hours.map((hour) => hour.hedgeSize) },
      ],
    },
    {
      ...common,
      id: "net",
      title: "Net delta before and after the keeper",
      caption:
        "Each hour the price pushes net delta about. Inside the shaded band it is left alone; outside, the keeper trades it back to zero.",
      unit: "ETH",
      digits: 3,
      zero: true,
      range: {
        label: "Band",
        low: hours.map((hour) => -hour.band),
        high: hours.map((hour) => hour.band),
      },
      lines: [
        {
          label: "Before the keeper",
          tone: "unhedged",
          values: hours.map((hour) => hour.netDeltaBefore),
          width: "thin",
        },
        { label: "After", tone: "hedged", values: hours.map((hour) => hour.netDeltaAfter) },
      ],
    },
    {
      ...common,
      id: "nav",
      title: "What a share is worth",
      caption:
        "Middle of NAV per share. The dashed line is the vault without a hedge, had it been hedged every hour at no cost.",
      unit: "USDC per share",
      digits: 6,
      lines: [
        { label: "Not hedged", tone: "unhedged", values: hours.map((hour) => hour.unhedged.navPerShare) },
        {
          label: "Hourly and free of cost",
          tone: "ideal",
          values: frictionlessNav({ unhedged: hours.map((hour) => hour.unhedged), spot }),
          dashed: true,
        },
        { label: "Hedged", tone: "hedged", values: hours.map((hour) => hour.hedged.navPerShare) },
      ],
    },
  ];
}

function renderTiles(record: DemoRecord): string {
  const { hedged, unhedged, statistics } = record;
  const tile = (label: string, value: string, note: string) =>
    `<div class="tile"><p>${escapeText(label)}</p><strong>${escapeText(value)}</strong><p>${escapeText(note)}</p></div>`;
  const change = (account: typeof hedged) =>
    formatPercent(account.navPerShareEnd / account.navPerShareStart - 1, 2, true);
  return `<section class="tiles">
${tile(
  "Hourly swings left by the hedge",
  formatPercent(statistics.ratio, 1),
  `of the swings without it; ${formatPercent(statistics.frictionlessRatio, 1)} if hedging were free`,
)}
${tile("NAV per share, hedged", change(hedged), `${formatQuote(vaultResult(hedged), true)} USDC in all`)}
${tile("NAV per share, not hedged", change(unhedged), `${formatQuote(vaultResult(unhedged), true)} USDC in all`)}
${tile(
  "Hedges sent",
  formatNumber(record.hedges.length, 0),
  `in ${formatCount(record.hours.length - 1, "hour")}, ${formatQuote(hedged.feesWad)} USDC of fees`,
)}
</section>`;
}

function renderIntroduction(record: DemoRecord): string {
  const { hedged, unhedged, statistics } = record;
  const bet = vaultResult(unhedged) > vaultResult(hedged) ? "pay" : "cost";
  const eth = formatFixed({
    value: BigInt(Math.round(record.contractsSold * 100)),
    decimals: 2,
    digits: 1,
  });
  return `<section class="readers">
<article><h2>If you deposit</h2><p>${escapeText(
    `You own shares of a vault that sells options. It collected ${formatQuote(hedged.premiumWad)} USDC of premium and paid ` +
      `${formatQuote(hedged.payoutWad)} USDC to option holders. Without a hedge your share price follows every move of ETH; ` +
      `with it, ${formatPercent(statistics.ratio, 0)} of those swings remain. What remains comes from jumps and from the curvature of options, ` +
      `and the premium is the pay for it. The vault without a hedge is a bet on ETH, which happened to ${bet} this time. ` +
      "Who enters or leaves pays for what the share price may be wrong by, at least 0.1 %, which stays with those who are in.",
  )}</p></article>
<article><h2>If you trade</h2><p>${escapeText(
    `${formatCount(record.purchases, "purchase")} of ${eth} options in all, calls and puts on five strikes, at the model's price on a smile of ` +
      `${formatPercent(record.volatility, 0)} at the money plus a spread that says what it is for. Every option that ended in the money was paid in full, ` +
      "in USDC, at the price feed's first round after expiry, proved by whoever settled.",
  )}</p></article>
<article><h2>If you operate</h2><p>${escapeText(
    `The keeper looked once an hour and sent ${formatCount(record.hedges.length, "hedge")}; the other hours it left the position alone. ` +
      "The chain computes what has to be traded and refuses anything else: a trade inside the band, away from neutral, or at a price " +
      "more than 1 % from spot.",
  )}</p></article>
</section>`;
}

function renderFigure(chart: Chart): string {
  const key = (tone: string, label: string) =>
    `<li><span class="key ${tone}"></span>${escapeText(label)}<output></output></li>`;
  const keys = [
    ...chart.lines.map((line) => key(line.dashed ? `${line.tone} dashed` : line.tone, line.label)),
    ...(chart.range === undefined ? [] : [key("range", chart.range.label)]),
  ];
  return `<figure id="${chart.id}">
<figcaption><h2>${escapeText(chart.title)}</h2><p>${escapeText(chart.caption)}</p></figcaption>
<ul class="legend">${keys.join("")}<li class="when"></li></ul>
<div class="wide">${renderChart(chart, WIDE)}</div>
<div class="narrow">${renderChart(chart, NARROW)}</div>
</figure>`;
}

function renderSummary(record: DemoRecord): string {
  const rows = summaryRows(record).map(
    ({ label, hedged, unhedged, kind }) =>
      `<tr${kind === undefined ? "" : ` class="${kind}"`}><th scope="row">${escapeText(label)}</th>` +
      `<td>${escapeText(hedged)}</td><td>${escapeText(unhedged)}</td></tr>`,
  );
  return `<section>
<h2>The figures</h2>
<p>Money in USDC, the whole run. Result = premium − payout + hedge, and equals what depositors got out, plus what is left, minus what they paid in.</p>
<div class="scroll"><table>
<thead><tr><th></th><th scope="col">Hedged</th><th scope="col">Not hedged</th></tr></thead>
<tbody>${rows.join("\n")}</tbody>
</table></div>
</section>`;
}

function renderTrade({ example }: DemoRecord): string {
  if (example === undefined) return "";
  const rows = tradeRows(example).map(
    ({ label, value, kind }) =>
      `<tr${kind === undefined ? "" : ` class="${kind}"`}><th scope="row">${escapeText(label)}</th><td>${escapeText(value)}</td></tr>`,
  );
  return `<section>
<h2>One price, taken apart</h2>
<p>${escapeText(
    `The first purchase: ${tradeTitle(example)}. Every quote on chain names these addends; of the doubt of the volatility and the cost ` +
      "of hedging the greater counts, the other is shown pale.",
  )}</p>
<div class="scroll"><table>
<thead><tr><th></th><th scope="col">USDC an option</th></tr></thead>
<tbody>${rows.join("\n")}</tbody>
</table></div>
</section>`;
}

function renderEvents(record: DemoRecord): string {
  const items = record.events.map(
    (event) => `<li><time>${escapeText(formatTime(event.time))}</time> ${escapeText(event.text)}</li>`,
  );
  return `<section>
<h2>What happened</h2>
<p>Times are UTC.</p>
<ol class="events">${items.join("\n")}</ol>
</section>`;
}

function renderMethod(record: DemoRecord): string {
  return `<section>
<h2>How it was made</h2>
<p>${escapeText(
    `Prices are drawn at random from seed ${record.seed}: log-normal hours and rare jumps, no hour above 5 %. The curator posts ` +
      `a smile around ${formatPercent(record.volatility, 0)}, the volatility of that process, whatever the path turns out to be. Funding ` +
      "and realised volatility are measured on chain as the hours go by. The venue runs from the " +
      "bytecode that its authors published; an arbitrageur trades its mark to the index, plus a premium that makes funding. The keeper is " +
      "the one that runs in production, over RPC. Before this file was written the run checked that every USDC minted is accounted for, " +
      "that each hedge ended inside the band, and that none was sent from inside it.",
  )}</p>
</section>`;
}

/** What the read-out under the pointer needs, rounded to what it shows. */
function chartData(charts: readonly Chart[]): unknown {
  const short = (values: readonly number[]) => values.map((value) => Number(value.toFixed(7)));
  return {
    times: charts[0]?.times ?? [],
    charts: Object.fromEntries(
      charts.map((chart) => [
        chart.id,
        {
          digits: chart.digits,
          lines: chart.lines.map((line) => ({ tone: line.tone, values: short(line.values) })),
          ...(chart.range && { range: short(chart.range.high) }),
        },
      ]),
    ),
  };
}

/** JSON that cannot end the script element it stands in. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}
