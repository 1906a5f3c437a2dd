import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DurableFiles } from "#config/durable-files-shell.ts";
import { isInUse, makeProtection, openProtection, wantedProtection } from "#pki/key-protection-shell.ts";

const costs = { memoryKib: 64, passes: 1, parallelism: 1 };

function directory(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "sallyport-protection-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	return path;
}

function passphrase(t: TestContext, text: string): string {
	const file = join(directory(t), "passphrase");
	writeFileSync(file, text, { mode: 0o600 });
	return file;
}

test("the settings say how keys are protected: in memory before all, then the file, the credential, the key file", (t) => {
	const credentials = directory(t);
	t.after(() => {
		delete process.env.CREDENTIALS_DIRECTORY;
	});
	const persistent = { isPersistent: true, passphraseFile: undefined };
	assert.deepEqual(wantedProtection(persistent), { kind: "key-file" });
	process.env.CREDENTIALS_DIRECTORY = credentials;
	assert.deepEqual(wantedProtection(persistent), { kind: "key-file" }, "a directory without our credential");
	const credential = join(credentials, "sallyport-passphrase");
	writeFileSync(credential, "x");
	assert.deepEqual(wantedProtection(persistent), { kind: "passphrase", source: credential });
	assert.deepEqual(wantedProtection({ ...persistent, passphraseFile: "/p" }), { kind: "passphrase", source: "/p" });
	assert.deepEqual(wantedProtection({ isPersistent: false, passphraseFile: "/p" }), { kind: "memory" });
});

test("a passphrase is what the line holds, without its end; each protection has a salt of its own", (t) => {
	const files = new DurableFiles(directory(t));
	const source = passphrase(t, "correct horse");
	const made = makeProtection(files, { kind: "passphrase", source }, true, costs);
	const again = makeProtection(files, { kind: "passphrase", source }, true, costs);
	assert.ok(made.stored.kind === "passphrase" && again.stored.kind === "passphrase");
	assert.notDeepEqual(made.stored.cost.salt, again.stored.cost.salt);
	const opens = made.storeKey?.equals.bind(made.storeKey) ?? (() => false);
	for (const text of ["correct horse", "correct horse\n", "correct horse\r\n"]) {
		writeFileSync(source, text);
		const held = openProtection(files, made.stored, { kind: "passphrase", source }, opens);
		assert.ok(isInUse(held, { kind: "passphrase", source }));
	}
	for (const text of ["correct horse ", "Correct horse"]) {
		writeFileSync(source, text);
		assert.throws(() => openProtection(files, made.stored, { kind: "passphrase", source }, opens), /is not the one/);
	}
	for (const text of ["", "\n", "x".repeat(1_025)]) {
		writeFileSync(source, text);
		assert.throws(
			() => makeProtection(files, { kind: "passphrase", source }, true, costs),
			/expected a passphrase of 1 to 1024 octets/,
		);
	}
	assert.throws(
		() => makeProtection(files, { kind: "passphrase", source: "/dev/zero" }, true, costs),
		/\/dev\/zero cannot be used: the passphrase cannot be read: .*expected a regular file/,
	);
});
