/**
 * Runs a command of this project on whatever Node the machine has (18 or newer).
 *
 *   node scripts/bootstrap.mjs [--build] [command [arguments ...]]
 *
 * 1. Installs the dependencies when node_modules is missing, was left unfinished, or does not belong to
 *    package-lock.json. Hardhat's native part is only installed by a modern Node, so an older one borrows the pinned
 *    Node for the install.
 * 2. With --build: compiles the contracts when a source or the compiler's settings changed.
 * 3. Runs the command with the pinned Node first on PATH.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const PINNED_NODE = "24";
const OLDEST_NODE_THAT_INSTALLS = 22;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const bin = path.join(root, "node_modules", ".bin");
const installStamp = path.join(root, "node_modules", ".ballast-install");
const buildStamp = path.join(root, "artifacts", ".ballast-build");
const environment = { ...process.env, PATH: bin + path.delimiter + process.env.PATH };

const say = (line) => console.log(`ballast: ${line}`);
const seconds = (since) => `${Math.round((Date.now() - since) / 1000)} s`;

/** Runs to the end and returns the exit code; a signal counts as failure. */
function run(command, args, env = environment) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env });
  if (error) console.error(`ballast: cannot run ${command}: ${error.message}`);
  return signal ? 1 : (status ?? 1);
}

function hashOf(files) {
  const hash = createHash("sha256").update(`${PINNED_NODE} ${process.platform} ${process.arch}`);
  for (const file of files) hash.update(`\0${path.relative(root, file)}\0`).update(readFileSync(file));
  return hash.digest("hex");
}

const isCurrent = (stamp, wanted) => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;

function install() {
  const wanted = hashOf([path.join(root, "package-lock.json")]);
  if (isCurrent(installStamp, wanted)) return;
  const started = Date.now();
  const flags = ["ci", "--no-audit", "--no-fund", "--loglevel=error", "--include=dev"];
  const own = Number(process.versions.node.split(".")[0]) >= OLDEST_NODE_THAT_INSTALLS;
  say(`installing dependencies${own ? "" : ` with Node ${PINNED_NODE}, because this one is ${process.version}`} ...`);
  const code = own
    ? run("npm", flags, process.env)
    : run("npx", ["-y", "-p", `node@${PINNED_NODE}`, "-c", `npm ${flags.join(" ")}`], process.env);
  const found = spawnSync(path.join(bin, "node"), ["-v"], { encoding: "utf8" }).stdout ?? "";
  if (code !== 0 || !found.startsWith(`v${PINNED_NODE}.`)) {
    console.error(
      `ballast: the install failed (exit ${code}, Node ${found.trim() || "missing"}); is the npm registry reachable?`,
    );
    process.exit(code || 1);
  }
  writeFileSync(installStamp, wanted);
  say(`installed in ${seconds(started)}`);
}

function sourcesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".sol"))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function build() {
  const files = [
    path.join(root, "hardhat.config.ts"),
    path.join(root, "package-lock.json"),
    ...sourcesBelow(path.join(root, "contracts")),
  ];
  const wanted = hashOf(files);
  if (isCurrent(buildStamp, wanted) && existsSync(path.join(root, "types"))) return;
  const started = Date.now();
  say("compiling the contracts ...");
  const code = run("hardhat", ["build", "--no-tests"]);
  if (code !== 0) process.exit(code);
  writeFileSync(buildStamp, wanted);
  say(`compiled in ${seconds(started)}`);
}

const args = process.argv.slice(2);
const wantsBuild = args[0] === "--build";
if (wantsBuild) args.shift();
install();
if (wantsBuild) build();
const [command, ...rest] = args;
if (command !== undefined) process.exit(run(command, rest));
