/** Style and script of the report, inside the file. Colours tell the vaults apart in both settings and to the colour-blind. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f6f4; --card: #ffffff; --ink: #16181d; --soft: #565b66; --line: #e3e4e2; --zero: #9a9da5;
  --hedged: #1f6fd0; --unhedged: #d9622b; --ideal: #15906a; --plain: #6a5acd; --range: rgba(31, 111, 208, .13);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #121316; --card: #1b1d21; --ink: #eceef1; --soft: #a3a8b3; --line: #30333a; --zero: #6b707b;
    --hedged: #5a9ff0; --unhedged: #f08a55; --ideal: #3fbf92; --plain: #a99cf5; --range: rgba(90, 159, 240, .18);
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 12px; }
h2 { font-size: 18px; margin: 0 0 4px; }
p { margin: 0; }
header { margin-bottom: 24px; }
.lead { font-size: 18px; max-width: 46em; }
.meta { color: var(--soft); font-size: 14px; margin-top: 10px; }
section, figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px; margin: 0 0 20px; }
.tiles, .readers { display: grid; gap: 16px; padding: 0; background: none; border: 0; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); }
.readers { grid-template-columns: repeat(auto-fit, minmax(270px, 1fr)); }
.tile, .readers article { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.tile p { color: var(--soft); font-size: 14px; line-height: 1.4; }
.tile strong { display: block; font-size: 28px; line-height: 1.3; }
.readers p { font-size: 15px; }
figcaption p, section > p { color: var(--soft); font-size: 15px; max-width: 52em; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; margin: 12px 0 6px; padding: 0; font-size: 14px; }
.legend output { font-variant-numeric: tabular-nums; font-weight: 600; margin-left: 6px; }
.legend output:empty { display: none; }
.legend .when { color: var(--soft); margin-left: auto; min-height: 1.5em; }
.key { display: inline-block; width: 18px; height: 0; border-top: 3px solid; margin-right: 7px; vertical-align: middle; }
.key.hedged { color: var(--hedged); } .key.unhedged { color: var(--unhedged); } .key.ideal { color: var(--ideal); } .key.plain { color: var(--plain); }
.key.dashed { border-top-style: dashed; }
.key.range { height: 12px; border: 0; background: var(--range); border-radius: 2px; }
svg { display: block; width: 100%; height: auto; touch-action: pan-y; overflow: visible; }
svg text { fill: var(--soft); font-family: inherit; font-variant-numeric: tabular-nums; }
svg .grid { stroke: var(--line); } svg .zero { stroke: var(--zero); } svg .tick { stroke: var(--zero); }
svg .mark { stroke: var(--zero); stroke-dasharray: 3 4; }
svg .range { fill: var(--range); }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .thin { stroke-width: 1.25; } svg .wide { stroke-width: 5; stroke-opacity: .45; } svg .dashed { stroke-dasharray: 6 5; }
svg .line.hedged { stroke: var(--hedged); } svg .line.unhedged { stroke: var(--unhedged); }
svg .line.ideal { stroke: var(--ideal); } svg .line.plain { stroke: var(--plain); }
svg .hover line { stroke: var(--ink); stroke-opacity: .45; } svg .hover circle { stroke: var(--card); stroke-width: 2; }
svg circle.hedged { fill: var(--hedged); } svg circle.unhedged { fill: var(--unhedged); } svg circle.ideal { fill: var(--ideal); } svg circle.plain { fill: var(--plain); }
.narrow { display: none; }
.scroll { overflow-x: auto; margin-top: 12px; }
table { border-collapse: collapse; width: 100%; font-size: 15px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 7px 0 7px 16px; border-bottom: 1px solid var(--line); white-space: nowrap; font-weight: 400; }
th[scope="row"] { text-align: left; padding-left: 0; white-space: normal; }
thead th { color: var(--soft); font-size: 14px; }
tr.part th, tr.part td { color: var(--soft); font-size: 14px; } tr.part th[scope="row"] { padding-left: 18px; }
tr.idle th, tr.idle td { color: var(--soft); }
tr.total th, tr.total td { font-weight: 700; border-top: 2px solid var(--zero); }
.events { list-style: none; margin: 12px 0 0; padding: 0; font-size: 15px; }
.events li { padding: 5px 0; border-bottom: 1px solid var(--line); }
.events time { color: var(--soft); display: inline-block; min-width: 9.5em; font-variant-numeric: tabular-nums; }
@media (max-width: 640px) {
  main { padding: 20px 12px 40px; }
  h1 { font-size: 25px; } .lead { font-size: 16px; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 10px; } .tile { padding: 12px; } .tile strong { font-size: 22px; } .tile p { font-size: 13px; }
  section, figure { padding: 14px 12px; } .tiles, .readers { padding: 0; }
  .wide { display: none; } .narrow { display: block; }
  .legend .when { margin-left: 0; width: 100%; }
  table { font-size: 13px; } th, td { padding-left: 8px; }
  .events time { display: block; font-size: 13px; }
}
@media print { section, figure { break-inside: avoid; } }
`;

/** Shows the values at the hour nearest to the pointer. Plain script: the page is complete without it. */
export const HOVER_SCRIPT = `
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("chart-data").textContent);
  var times = data.times, first = times[0], span = times[times.length - 1] - first;
  var days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  var months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  function when(time) {
    var d = new Date(time * 1000);
    return days[d.getUTCDay()] + " " + d.getUTCDate() + " " + months[d.getUTCMonth()] + " " + d.toISOString().slice(11, 16) + " UTC";
  }
  function show(value, digits) {
    return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "\\u2212");
  }
  Object.keys(data.charts).forEach(function (id) {
    var figure = document.getElementById(id), chart = data.charts[id];
    var outputs = figure.querySelectorAll("output"), moment = figure.querySelector(".when");
    figure.querySelectorAll("svg").forEach(function (svg) {
      var hover = svg.querySelector(".hover");
      var box = {};
      ["left", "right", "top", "bottom", "low", "high"].forEach(function (key) { box[key] = Number(svg.dataset[key]); });
      function leave() {
        hover.replaceChildren();
        outputs.forEach(function (output) { output.textContent = ""; });
        moment.textContent = "";
      }
      function draw(name, attributes) {
        var element = document.createElementNS(svg.namespaceURI, name);
        Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
        hover.appendChild(element);
      }
      function move(event) {
        var bounds = svg.getBoundingClientRect();
        var at = (event.clientX - bounds.left) / bounds.width * svg.viewBox.baseVal.width;
        var wanted = first + (at - box.left) / (box.right - box.left) * span;
        var place = 0;
        times.forEach(function (time, index) { if (Math.abs(time - wanted) < Math.abs(times[place] - wanted)) place = index; });
        var x = box.left + (times[place] - first) / span * (box.right - box.left);
        hover.replaceChildren();
        draw("line", { x1: x, x2: x, y1: box.top, y2: box.bottom });
        chart.lines.forEach(function (line, index) {
          var value = line.values[place];
          draw("circle", { "class": line.tone, r: 4, cx: x, cy: box.bottom - (value - box.low) / (box.high - box.low) * (box.bottom - box.top) });
          outputs[index].textContent = show(value, chart.digits);
        });
        if (chart.range) outputs[chart.lines.length].textContent = "\\u00b1 " + show(chart.range[place], chart.digits);
        moment.textContent = when(times[place]);
      }
      svg.addEventListener("pointermove", move);
      svg.addEventListener("pointerdown", move);
      svg.addEventListener("pointerleave", leave);
    });
  });
})();
`;
