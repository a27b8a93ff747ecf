import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

const root = path.resolve(import.meta.dirname, "../..");

/** The folder of reference data: SHARED_DIR, or `shared` beside the repository. It may be absent. */
export const sharedDir = path.resolve(root, process.env.SHARED_DIR ?? "../shared");

/** Why a case that needs `file` is skipped, or undefined when the file is there. */
export function missingShared(file: string): string | undefined {
  const full = path.join(sharedDir, file);
  return existsSync(full) ? undefined : `skipped: no ${file} in the shared folder (set SHARED_DIR)`;
}

/** The JSON of a file of the shared folder, gzipped or not. */
export function readShared<T>(file: string): T {
  return JSON.parse(readText(file)) as T;
}

/** The rows of a CSV file of numbers, by the names in its head, gzipped or not. */
export function readSharedCsv(file: string): Record<string, number>[] {
  const [head = "", ...lines] = readText(file).trim().split("\n");
  const names = head.trim().split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, i) => [name, Number(cells[i])]));
  });
}

function readText(file: string): string {
  const raw = readFileSync(path.join(sharedDir, file));
  return (file.endsWith(".gz") ? gunzipSync(raw) : raw).toString("utf8");
}
