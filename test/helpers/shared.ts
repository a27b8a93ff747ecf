import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { it } from "mocha";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Where the reference vectors lie: SHARED_DIR, relative to the repository, else the folder beside it. */
export const SHARED_DIR = resolve(ROOT, process.env.SHARED_DIR ?? "../shared");

/** A test on the rows of a gzipped CSV file of numbers, by column; without the file it is skipped like the others. */
export function itWithSharedCsv(
  title: string,
  file: string,
  test: (rows: Record<string, number>[]) => void | Promise<void>,
): void {
  const path = resolve(SHARED_DIR, file);
  if (!existsSync(path)) {
    it.skip(`${title} (skipped: SHARED_DIR has no ${file})`);
    return;
  }
  it(title, () => {
    const [head = "", ...lines] = gunzipSync(readFileSync(path)).toString("utf8").trim().split("\n");
    const names = head.trim().split(",");
    return test(
      lines.map((line) => {
        const cells = line.split(",");
        return Object.fromEntries(names.map((name, i) => [name, Number(cells[i])]));
      }),
    );
  });
}

/** A test on a reference file; without the file it is skipped, and its title says which one is missing. */
export function itWithShared<T>(title: string, file: string, test: (content: T) => void | Promise<void>): void {
  const path = resolve(SHARED_DIR, file);
  if (!existsSync(path)) {
    it.skip(`${title} (skipped: SHARED_DIR has no ${file})`);
    return;
  }
  it(title, () => {
    const bytes = readFileSync(path);
    return test(JSON.parse((file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8")) as T);
  });
}
