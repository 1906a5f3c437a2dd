/**
 * Plain JavaScript that any Node >= 20 runs: installs what package-lock.json says when that is not
 * there yet, then hands over to the pinned Node of node_modules.
 *
 * Used as a program: `node scripts/bootstrap.mjs FILE.ts [ARGUMENT ...]`.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".installed-lock");

/** Flags of every process of the product: no code from strings, no noise of young built-in modules. */
const nodeFlags = ["--disallow-code-generation-from-strings", "--disable-warning=ExperimentalWarning"];

/** Installs the locked dependencies when they are missing or older than the lock file. Exits on failure. */
export function ensureInstalled() {
	const wanted = createHash("sha256")
		.update(readFileSync(join(root, "package-lock.json")))
		.digest("hex");
	const present = existsSync(stampFile) ? readFileSync(stampFile, "utf8") : "";
	if (present === wanted && existsSync(pinnedNode())) return;
	process.stderr.write("sallyport: installing the locked dependencies with npm ci (about 20 seconds, once) ...\n");
	const done = spawnSync(
		"npm",
		["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"],
		{
			cwd: root,
			stdio: ["ignore", 2, 2],
		},
	);
	if (done.error || done.status !== 0) {
		const why = done.error ? done.error.message : `exit status ${done.status}`;
		fail(
			`npm ci did not succeed (${why}); check that npm is installed and reaches its registry, then run the same command again`,
		);
	}
	if (!existsSync(pinnedNode())) {
		fail(`no pinned Node for ${process.platform}-${process.arch}; supported: linux-x64, linux-arm64 (glibc)`);
	}
	ensureStarts();
	writeFileSync(stampFile, wanted);
}

/** Runs a TypeScript file under the pinned Node, passing signals, standard streams and the exit status through. */
export function runPinned(file, args) {
	ensureInstalled();
	const child = spawn(pinnedNode(), [...nodeFlags, file, ...args], { stdio: "inherit" });
	child.on("error", (error) => fail(`could not start ${pinnedNode()}: ${error.message}`));
	// The terminal sends Ctrl-C to both processes; this one only waits for the other to end.
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
		process.on(signal, () => {
			if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
		});
	}
	child.on("exit", (code, signal) => {
		process.exitCode = signal ? 1 : (code ?? 1);
	});
}

/** Slim images lack the one system library that the pinned Node needs beside the C library: libatomic. */
function ensureStarts() {
	const why = whyNotStarted();
	if (why === undefined) return;
	const isRootOnDebian = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
	if (why.includes("libatomic") && isRootOnDebian) {
		process.stderr.write("sallyport: installing the system library libatomic1 ...\n");
		const options = { stdio: ["ignore", "ignore", 2], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
		spawnSync("apt-get", ["update", "-qq"], options);
		spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "libatomic1"], options);
		if (whyNotStarted() === undefined) return;
	}
	fail(`the pinned Node does not start: ${why}; as root: apt-get install libatomic1, then run the same command again`);
}

function whyNotStarted() {
	const trial = spawnSync(pinnedNode(), ["--version"], { encoding: "utf8" });
	if (trial.status === 0) return undefined;
	return trial.error?.message ?? (trial.stderr.trim() || `exit status ${trial.status}`);
}

function pinnedNode() {
	return join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
}

function fail(message) {
	process.stderr.write(`sallyport: ${message}\n`);
	process.exit(1);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
	const [file, ...args] = process.argv.slice(2);
	if (!file) fail("usage: node scripts/bootstrap.mjs FILE.ts [ARGUMENT ...]");
	else runPinned(file.startsWith("/") ? file : join(root, file), args);
}
