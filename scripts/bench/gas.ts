/**
 * npm run bench:gas               measures, prints a table, and fails when a figure is more than 2 % worse than test/bench/gas.json
 * npm run bench:gas -- --update   writes the figures to test/bench/gas.json, which is committed
 * npm run bench:gas -- --json     prints only JSON: an array of {name, value, unit}
 *
 * Method: execution gas of one external function less that of an empty function with the same ABI, over the rows of the
 * reference tables. Rows named peer.* are textbook formulas on other libraries, on the same grid; they never fail a run.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Bench, type Row } from "./bench.ts";
import { subjects } from "./subjects.ts";

const ALLOWED = 1.02;
const file = path.resolve(import.meta.dirname, "../../test/bench/gas.json");
const asJson = process.argv.includes("--json");
const update = process.argv.includes("--update");

// The compiler reports on standard output: with --json that belongs to the figures alone.
const print = process.stdout.write.bind(process.stdout);
if (asJson) process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;

const committed: Row[] = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Row[]) : [];
const before = new Map(committed.map((row) => [row.name, row.value]));
const measured: Row[] = [];
const bench = await Bench.create();
for (const subject of subjects) {
  if (subject.missing) console.error(`${subject.title}: ${subject.missing}`);
  else measured.push(...(await subject.measure(bench)));
}

const worse = measured.filter(({ name, value }) => {
  const limit = before.get(name);
  return limit !== undefined && !name.startsWith("peer.") && value > limit * ALLOWED;
});

if (asJson) print(`${JSON.stringify(measured, null, 2)}\n`);
else {
  const width = Math.max(...measured.map(({ name }) => name.length));
  for (const { name, value, unit } of measured) {
    const old = before.get(name);
    const change = old === undefined ? "new" : `${(((value - old) / old) * 100).toFixed(2)} %`;
    console.log(`${name.padEnd(width)} ${String(value).padStart(10)} ${unit.padEnd(4)} ${change.padStart(9)}`);
  }
}

if (update) {
  // What could not be measured here keeps its committed figure.
  const names = new Set(measured.map(({ name }) => name));
  const rows = [...measured, ...committed.filter(({ name }) => !names.has(name))];
  const lines = rows.map(
    (row) =>
      `  ${JSON.stringify(row).replaceAll('":', '": ').replaceAll(',"', ', "').replace("{", "{ ").replace("}", " }")}`,
  );
  writeFileSync(file, `[\n${lines.join(",\n")}\n]\n`);
  console.error(`wrote ${measured.length} figures`);
} else if (worse.length > 0) {
  for (const { name, value } of worse) {
    console.error(`${name}: ${value} gas, more than 2 % above the committed ${before.get(name)}`);
  }
  process.exitCode = 1;
}
