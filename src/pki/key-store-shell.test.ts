import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import {
	chmodSync,
	cpSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FaultError } from "#base/fault.ts";
import type { KeyStoreSettings } from "#pki/key-protection-shell.ts";
import { KeyStore, type KeyStoreOptions, type NewEntry, storedCertificates } from "#pki/key-store-shell.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const now = 7;
const plain = { isPersistent: true, passphraseFile: undefined };
const memoryOnly = { isPersistent: false, passphraseFile: undefined };
const withFile = (passphraseFile: string) => ({ isPersistent: true, passphraseFile });

function directory(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "sallyport-store-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

/** A store whose passphrases cost little to guess, so that tests are fast. */
function open(at: string, settings: KeyStoreSettings, options: KeyStoreOptions = {}): KeyStore {
	return new KeyStore(at, settings, now, { cost: { memoryKib: 64, passes: 1, parallelism: 1 }, ...options });
}

function keyOf(): KeyObject {
	return generateKeyPairSync("ed25519").privateKey;
}

function entry(id: string, key: KeyObject | undefined = keyOf(), more: Partial<NewEntry> = {}): NewEntry {
	return { id, created: 1, isExportable: false, certificates: [], key, ...more };
}

/** Part of the store's document. */
function edit(at: string, change: (store: { entries: Record<string, unknown>[] }) => void): void {
	const file = join(at, "key-store.json");
	const document = JSON.parse(readFileSync(file, "utf8"));
	change(document);
	writeFileSync(file, JSON.stringify(document));
}

function broken(file: string, why: RegExp): (error: unknown) => boolean {
	return (error) => {
		assert.ok(error instanceof FaultError, String(error));
		assert.equal(error.fault.code, "KEY_STORE_BROKEN");
		assert.ok(error.message.startsWith(`${file} cannot be used: `), error.message);
		assert.match(error.message, why);
		assert.equal(error.message.split("\n").length, 1);
		return true;
	};
}

/** All octets of a directory's files. */
function contents(at: string): Buffer {
	const files = readdirSync(at, { recursive: true, encoding: "utf8" }).map((name) => join(at, name));
	return Buffer.concat(files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file)));
}

/** Everything by which a private key could be recognised, in each form in which a file could hold it. */
function traces(key: KeyObject): Buffer[] {
	const der = key.export({ type: "pkcs8", format: "der" });
	const secret = Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
	const forms = [der, secret].flatMap((octets) => [
		octets,
		Buffer.from(octets.toString("hex")),
		Buffer.from(octets.toString("base64").slice(0, 40)),
		Buffer.from(octets.toString("base64url").slice(0, 40)),
	]);
	return forms.filter(({ length }) => length > 0);
}

test("K3 R50: entries are there after a start, encrypted at rest, in files of mode 0600 in a directory of mode 0700", (t) => {
	const mask = process.umask(0);
	t.after(() => process.umask(mask));
	const at = join(directory(t), "keys");
	const keys = [keyOf(), generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey];
	const store = open(at, plain);
	store.change({ put: keys.map((key, index) => entry(`k${index}`, key, { certificates: [Buffer.from("own")] })) });
	assert.deepEqual(readdirSync(at).toSorted(), ["key-store.json", "master-key"]);
	for (const name of readdirSync(at)) assert.equal(statSync(join(at, name)).mode & 0o777, 0o600, name);
	assert.equal(statSync(at).mode & 0o777, 0o700);
	const octets = contents(at);
	for (const trace of keys.flatMap(traces)) assert.ok(!octets.includes(trace));
	const again = open(at, plain);
	assert.deepEqual(
		storedCertificates(at).map(({ id }) => id),
		["k0", "k1"],
	);
	for (const [index, key] of keys.entries()) {
		const read = again.entry(`k${index}`);
		assert.equal(read?.key?.equals(key), true);
		assert.deepEqual(
			[read?.version, read?.created, read?.certificates.map((der) => Buffer.from(der).toString())],
			[1, 1, ["own"]],
		);
	}
});

test("K3: each write of an entry has another nonce and the next version", (t) => {
	const at = directory(t);
	const store = open(at, plain);
	const key = keyOf();
	const seen = new Set<string>();
	for (let version = 1; version <= 3; version++) {
		store.change({ put: [entry("a", key)] });
		assert.equal(store.entry("a")?.version, version);
		edit(at, ({ entries }) => seen.add(String(entries[0]?.key).slice(0, 16)));
	}
	assert.equal(seen.size, 3);
});

test("K3: a sealed key that is put in the place of another is damaged, and so is an export flag that was set by hand", (t) => {
	for (const change of [
		(entries: Record<string, unknown>[]) => Object.assign(entries[0] ?? {}, { key: entries[1]?.key }),
		(entries: Record<string, unknown>[]) => Object.assign(entries[0] ?? {}, { isExportable: true }),
		(entries: Record<string, unknown>[]) => Object.assign(entries[0] ?? {}, { version: 7 }),
		(entries: Record<string, unknown>[]) => Object.assign(entries[0] ?? {}, { key: "AAAA" }),
		(entries: Record<string, unknown>[]) => Object.assign(entries[0] ?? {}, { key: "no base64!" }),
	]) {
		const at = directory(t);
		open(at, plain).change({ put: [entry("a"), entry("b")] });
		edit(at, ({ entries }) => change(entries));
		const store = open(at, plain);
		assert.deepEqual([store.entry("a")?.key, store.entry("a")?.keyProblem], [undefined, "damaged"]);
		assert.ok(store.entry("b")?.key, "the others are not touched");
		assert.ok(store.alarms().some(({ level, text }) => level === "Major" && /certificate "a" is damaged/.test(text)));
	}
});

test("without a passphrase an alarm says that the key lies beside; with one the key file is gone", (t) => {
	const at = directory(t);
	const passphrase = join(directory(t), "passphrase");
	writeFileSync(passphrase, "correct horse\n", { mode: 0o600 });
	const key = keyOf();
	const store = open(at, plain);
	store.change({ put: [entry("a", key)] });
	assert.match(store.alarms()[0]?.text ?? "", /encrypted under keys\/master-key, which lies beside them/);
	store.protect(withFile(passphrase));
	assert.deepEqual([store.protection, store.alarms()], ["passphrase", []]);
	assert.deepEqual(readdirSync(at), ["key-store.json"]);
	assert.ok(!contents(at).includes("correct horse"));
	assert.ok(open(at, withFile(passphrase)).entry("a")?.key?.equals(key));
	chmodSync(passphrase, 0o644);
	assert.match(store.alarms()[0]?.text ?? "", /passphrase file .* can be read by others; chmod 600 it/);
	store.protect(plain);
	assert.ok(open(at, plain).entry("a")?.key?.equals(key));
});

test("another passphrase, or another in the same file, encrypts anew; the same one writes nothing", (t) => {
	const at = directory(t);
	const passphrase = join(directory(t), "passphrase");
	writeFileSync(passphrase, "first", { mode: 0o600 });
	const store = open(at, withFile(passphrase));
	const key = keyOf();
	store.change({ put: [entry("a", key)] });
	const text = readFileSync(store.file, "utf8");
	store.protect(withFile(passphrase));
	assert.equal(readFileSync(store.file, "utf8"), text);
	writeFileSync(passphrase, "second");
	store.protect(withFile(passphrase));
	assert.notEqual(readFileSync(store.file, "utf8"), text);
	assert.ok(open(at, withFile(passphrase)).entry("a")?.key?.equals(key));
	writeFileSync(passphrase, "first");
	assert.throws(
		() => open(at, withFile(passphrase)),
		broken(passphrase, /its passphrase is not the one that .*key-store\.json was encrypted with; put the earlier/),
	);
	rmSync(passphrase);
	store.protect(withFile(passphrase));
	assert.equal(
		store.protection,
		"passphrase",
		"a file that is there for the start only is no reason to refuse a commit",
	);
	assert.throws(
		() => open(at, withFile(passphrase)),
		broken(passphrase, /cannot be read: .* does not exist on the gateway/),
	);
	writeFileSync(passphrase, "\n");
	assert.throws(() => open(at, withFile(passphrase)), broken(passphrase, /it holds 0 octets; expected/));
});

test("a configuration that was changed by hand while nothing ran is followed at the start", (t) => {
	const at = directory(t);
	const [one = "", two = ""] = ["one", "two"].map((name) => join(directory(t), name));
	writeFileSync(one, "one", { mode: 0o600 });
	writeFileSync(two, "two", { mode: 0o600 });
	const key = keyOf();
	open(at, withFile(one)).change({ put: [entry("a", key)] });
	for (const [settings, protection] of [
		[withFile(two), "passphrase"],
		[plain, "key-file"],
		[withFile(one), "passphrase"],
	] as const) {
		const store = open(at, settings);
		assert.equal(store.protection, protection);
		assert.ok(store.entry("a")?.key?.equals(key));
	}
	rmSync(two);
	assert.ok(open(at, withFile(one)).entry("a")?.key?.equals(key));
});

test("a credential of systemd is a passphrase; it stays in force when its file has gone, and its lack is told", (t) => {
	const at = directory(t);
	const credentials = directory(t);
	const file = join(credentials, "sallyport-passphrase");
	writeFileSync(file, "from systemd", { mode: 0o600 });
	process.env.CREDENTIALS_DIRECTORY = credentials;
	t.after(() => {
		delete process.env.CREDENTIALS_DIRECTORY;
	});
	const store = open(at, plain);
	store.change({ put: [entry("a")] });
	assert.equal(store.protection, "passphrase");
	rmSync(file);
	store.protect(plain);
	assert.equal(store.protection, "passphrase");
	delete process.env.CREDENTIALS_DIRECTORY;
	assert.throws(() => open(at, plain), broken(file, /cannot be read/));
});

test("R90: without persistence no key is written; after a start it is missing, and the name is still there", (t) => {
	const at = directory(t);
	const store = open(at, plain);
	const keys = [keyOf(), keyOf()] as const;
	store.change({ put: [entry("a", keys[0])] });
	store.protect(memoryOnly);
	store.change({ put: [entry("b", keys[1])] });
	assert.ok(store.entry("a")?.key?.equals(keys[0]));
	assert.deepEqual(readdirSync(at), ["key-store.json"]);
	const octets = contents(at);
	for (const trace of keys.flatMap(traces)) assert.ok(!octets.includes(trace));
	edit(at, ({ entries }) =>
		assert.deepEqual(
			entries.map(({ key }) => key),
			["not-kept", "not-kept"],
		),
	);
	assert.match(store.alarms()[0]?.text ?? "", /in memory only: CAs are made anew at the next start/);
	const again = open(at, memoryOnly);
	assert.deepEqual(
		[...again.entries.values()].map(({ id, key, keyProblem }) => [id, key, keyProblem]),
		[
			["a", undefined, "not-kept"],
			["b", undefined, "not-kept"],
		],
	);
	store.protect(plain);
	assert.ok(open(at, plain).entry("b")?.key?.equals(keys[1]), "back to the disk while they are still there");
});

test("files that are missing, damaged or another store's are told by name, with the remedy, and nothing is changed", (t) => {
	const made = directory(t);
	open(made, plain).change({ put: [entry("a")] });
	const other = directory(t);
	open(other, plain);
	const cases: readonly (readonly [string, (at: string) => void, RegExp])[] = [
		[
			"master-key",
			(at) => rmSync(join(at, "master-key")),
			/it is not there; restore it from a backup, or move .*key-store\.json away/,
		],
		["master-key", (at) => writeFileSync(join(at, "master-key"), "AAAA\n"), /cut short or damaged; restore/],
		[
			"master-key",
			(at) => cpSync(join(other, "master-key"), join(at, "master-key")),
			/not the one that the stored keys/,
		],
		[
			"key-store.json",
			(at) => writeFileSync(join(at, "key-store.json"), "{"),
			/cut short or no JSON; restore it from a backup, or move/,
		],
		["key-store.json", (at) => writeFileSync(join(at, "key-store.json"), ""), /cut short or no JSON/],
	];
	for (const [name, damage, why] of cases) {
		const at = directory(t);
		cpSync(made, at, { recursive: true });
		damage(at);
		const before = contents(at);
		assert.throws(() => open(at, plain), broken(join(at, name), why));
		assert.deepEqual(contents(at), before);
	}
});

test("a master key without a store is used again: a store that is put back opens", (t) => {
	const at = directory(t);
	const key = keyOf();
	open(at, plain).change({ put: [entry("a", key)] });
	renameSync(join(at, "key-store.json"), join(at, "aside"));
	assert.equal(open(at, plain).entries.size, 0);
	renameSync(join(at, "aside"), join(at, "key-store.json"));
	assert.ok(open(at, plain).entry("a")?.key?.equals(key));
});

test("files that others could read are closed to them, and an alarm says so", (t) => {
	const at = directory(t);
	open(at, plain);
	chmodSync(join(at, "master-key"), 0o644);
	const store = open(at, plain);
	assert.match(store.alarms()[0]?.text ?? "", /master-key could be read by others until this start/);
	assert.equal(statSync(join(at, "master-key")).mode & 0o777, 0o600);
});

test("a change that cannot be written changes nothing, in memory neither", (t) => {
	const at = directory(t);
	let mayWrite = true;
	const store = open(at, plain, {
		before: (what) => {
			if (!mayWrite && what.startsWith("rename")) throw new Error("ENOSPC: no space left on device");
		},
	});
	store.change({ put: [entry("a")] });
	mayWrite = false;
	assert.throws(
		() => store.change({ put: [entry("b")], remove: ["a"] }),
		/key-store\.json cannot be written: ENOSPC.*; free space/,
	);
	assert.throws(() => store.protect(memoryOnly), /cannot be written/);
	assert.deepEqual([[...store.entries.keys()], store.protection], [["a"], "key-file"]);
	assert.deepEqual([...open(at, plain).entries.keys()], ["a"]);
});

test("plain files of earlier versions are taken over, encrypted and removed", (t) => {
	const at = directory(t);
	const made = makeCertificate({ subject: "CN=Old CA", isCa: true });
	writeFileSync(join(at, "old.key"), made.keyPem);
	writeFileSync(join(at, "old.crt"), made.pem);
	assert.deepEqual(
		storedCertificates(at).map(({ id }) => id),
		["old"],
	);
	const store = open(at, plain);
	const taken = store.entry("old");
	assert.equal(taken?.key?.equals(made.privateKey), true);
	assert.deepEqual(
		[taken?.created, taken?.isExportable, taken?.certificates.map((der) => Buffer.from(der))],
		[7, false, [Buffer.from(made.der)]],
	);
	assert.deepEqual(readdirSync(at).toSorted(), ["key-store.json", "master-key"]);
	const octets = contents(at);
	for (const trace of traces(made.privateKey)) assert.ok(!octets.includes(trace));
});

test("a plain pair of a name that is taken is not used, and told; the same pair is removed", (t) => {
	const at = directory(t);
	const [one, two] = [makeCertificate({ isCa: true }), makeCertificate({ isCa: true })];
	const put = ({ keyPem, pem }: { keyPem: string; pem: string }) => {
		writeFileSync(join(at, "ca.key"), keyPem, { mode: 0o600 });
		writeFileSync(join(at, "ca.crt"), pem);
	};
	put(one);
	open(at, plain);
	put(one);
	assert.ok(
		!open(at, plain)
			.alarms()
			.some(({ text }) => /ca\.key/.test(text)),
	);
	assert.ok(!readdirSync(at).includes("ca.key"));
	put(two);
	const store = open(at, plain);
	assert.ok(store.entry("ca")?.key?.equals(one.privateKey));
	assert.ok(
		store.alarms().some(({ text }) => /ca\.key is not used: certificate "ca" is in the key store already/.test(text)),
	);
	assert.ok(readdirSync(at).includes("ca.key"));
});

test("R90 R91: without persistence plain files give their keys at each start and stay where they are", (t) => {
	const at = directory(t);
	const made = makeCertificate({ isCa: true });
	writeFileSync(join(at, "ca.key"), made.keyPem, { mode: 0o600 });
	writeFileSync(join(at, "ca.crt"), made.pem);
	for (let start = 0; start < 2; start++) {
		const store = open(at, memoryOnly);
		assert.ok(store.entry("ca")?.key?.equals(made.privateKey));
		assert.ok(store.alarms().some(({ text }) => /ca\.key holds a private key that is not encrypted/.test(text)));
	}
});

const child = fileURLToPath(new URL("../../test/support/key-store-child.ts", import.meta.url));

/** Runs a change in a process that is killed at its n-th change of the disk. True when it came to its end. */
function runChild(at: string, killAt: number, before: string, after: string, what: string): boolean {
	const result = spawnSync(process.execPath, [child, at, String(killAt), before, after, what], { encoding: "utf8" });
	assert.ok(result.signal === "SIGKILL" || result.status === 0, result.stderr);
	return result.signal !== "SIGKILL";
}

function openAny(at: string, files: readonly string[]): KeyStore {
	const failures: unknown[] = [];
	for (const file of files) {
		try {
			return open(at, file === "-" ? plain : withFile(file));
		} catch (error) {
			failures.push(error);
		}
	}
	throw new AggregateError(failures);
}

test("killed before any change of the disk, a change of entries is done whole or not at all", (t) => {
	const key = keyOf();
	const seen = new Set<string>();
	for (let killAt = 1, isOver = false; !isOver; killAt++) {
		assert.ok(killAt < 40);
		const at = directory(t);
		open(at, plain).change({ put: [entry("old", key), entry("kept", key)] });
		isOver = runChild(at, killAt, "-", "-", "put");
		const names = [...open(at, plain).entries.values()].map(({ id, keyProblem }) => id + (keyProblem ?? ""));
		seen.add(names.join());
		assert.deepEqual(readdirSync(at).toSorted(), ["key-store.json", "master-key"]);
	}
	assert.deepEqual([...seen].toSorted(), ["kept,new", "old,kept"]);
});

test("killed before any change of the disk, another passphrase or mode leaves keys that the old or the new one opens", (t) => {
	const secrets = directory(t);
	for (const name of ["one", "two"]) writeFileSync(join(secrets, name), name, { mode: 0o600 });
	const key = keyOf();
	for (const [before, after] of [
		["-", join(secrets, "one")],
		[join(secrets, "one"), join(secrets, "two")],
	] as const) {
		const seen = new Set<string>();
		for (let killAt = 1, isOver = false; !isOver; killAt++) {
			assert.ok(killAt < 40);
			const at = directory(t);
			open(at, before === "-" ? plain : withFile(before)).change({ put: [entry("a", key)] });
			isOver = runChild(at, killAt, before, after, "protect");
			const { protection } = JSON.parse(readFileSync(join(at, "key-store.json"), "utf8")) as {
				protection: { kind: string; source?: string };
			};
			seen.add(protection.source ?? "-");
			const store = openAny(at, [protection.source ?? "-"]);
			assert.ok(store.entry("a")?.key?.equals(key), `killed at ${killAt}`);
			assert.equal(readdirSync(at).includes("master-key"), store.protection === "key-file");
		}
		assert.deepEqual([...seen].toSorted(), [before, after].toSorted());
	}
});

test("killed at any change of the disk of the first start, the next start makes its store", (t) => {
	const made = makeCertificate({ isCa: true });
	for (let killAt = 1, isOver = false; !isOver; killAt++) {
		assert.ok(killAt < 40);
		const at = directory(t);
		mkdirSync(at, { recursive: true });
		writeFileSync(join(at, "ca.key"), made.keyPem);
		writeFileSync(join(at, "ca.crt"), made.pem);
		isOver = runChild(at, killAt, "-", "-", "open");
		assert.ok(open(at, plain).entry("ca")?.key?.equals(made.privateKey));
		assert.deepEqual(readdirSync(at).toSorted(), ["key-store.json", "master-key"]);
	}
});
