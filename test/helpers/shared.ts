import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { it } from "mocha";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Where the reference vectors lie: SHARED_DIR, relative to the repository, else the folder beside it. */
export const SHARED_DIR = resolve(ROOT, process.env.SHARED_DIR ?? "../shared");

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
