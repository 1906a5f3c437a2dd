/**
 * Plain JavaScript that any Node >= 20 runs: installs what package-lock.json says when that is not
 * there yet, then hands over to the pinned Node of node_modules.
 *
 * Used as a program: `node scripts/bootstrap.mjs FILE.ts [ARGUMENT ...]`.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".installed-lock");
const lockFile = join(root, ".install.lock");

/** Flags of every process of the product: no code from strings, no noise of young built-in modules. */
const nodeFlags = ["--disallow-code-generation-from-strings", "--disable-warning=ExperimentalWarning"];

/** Installs the locked dependencies when they are missing or older than the lock file. Exits on failure. */
export function ensureInstalled() {
	if (isInstalled()) return;
	takeInstallLock();
	try {
		// Another command may have installed while this one waited, or somebody with npm ci.
		if (!isInstalled()) {
			if (!isInstalledByHand()) install();
			ensureStarts();
			writeFileSync(stampFile, lockHash());
		}
	} finally {
		rmSync(lockFile, { force: true });
	}
}

function isInstalled() {
	return existsSync(stampFile) && readFileSync(stampFile, "utf8") === lockHash() && existsSync(pinnedNode());
}

function isInstalledByHand() {
	if (!existsSync(pinnedNode())) return false;
	try {
		return isAsLocked(readJson("package-lock.json"), readJson("node_modules/.package-lock.json"));
	} catch {
		return false;
	}
}

/**
 * Whether what npm wrote down of node_modules (`installed`) is what the lock file says; of optional packages those for other
 * platforms are missing.
 */
export function isAsLocked(locked, installed) {
	const wanted = Object.entries(locked.packages).filter(([path]) => path !== "");
	const isThere = ([path, { version, integrity, optional }]) => {
		const found = installed.packages[path];
		return found === undefined ? optional === true : found.version === version && found.integrity === integrity;
	};
	return wanted.every(isThere) && Object.keys(installed.packages).every((path) => path in locked.packages);
}

function readJson(file) {
	return JSON.parse(readFileSync(join(root, file), "utf8"));
}

function lockHash() {
	return createHash("sha256")
		.update(readFileSync(join(root, "package-lock.json")))
		.digest("hex");
}

/** Two installations at once would delete each other's files: the second command waits for the first. */
function takeInstallLock() {
	for (let isWaiting = false; ; isWaiting = true) {
		try {
			writeFileSync(lockFile, String(process.pid), { flag: "wx" });
			return;
		} catch (error) {
			if (error.code !== "EEXIST") fail(`${root} cannot be written: ${error.message}`);
		}
		if (!existsSync(`/proc/${readLockHolder()}`)) rmSync(lockFile, { force: true });
		else {
			if (!isWaiting)
				process.stderr.write("sallyport: waiting for another command that installs the dependencies ...\n");
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
		}
	}
}

/** The process that installs; one that has just removed the file counts as gone. */
function readLockHolder() {
	try {
		return Number(readFileSync(lockFile, "utf8")) || "self";
	} catch {
		return "none";
	}
}

function install() {
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
	if (existsSync(lockFile) && readLockHolder() === process.pid) rmSync(lockFile, { force: true });
	process.stderr.write(`sallyport: ${message}\n`);
	process.exit(1);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
	const [file, ...args] = process.argv.slice(2);
	if (!file) fail("usage: node scripts/bootstrap.mjs FILE.ts [ARGUMENT ...]");
	else runPinned(file.startsWith("/") ? file : join(root, file), args);
}
