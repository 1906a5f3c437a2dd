import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { TrustDirectory } from "#daemon/trust-directory.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const corp = makeCertificate({ subject: "CN=Corp", isCa: true });
const lab = makeCertificate({ subject: "CN=Lab", isCa: true });

function directory(t: TestContext, files: Readonly<Record<string, string>>): string {
	const path = mkdtempSync(join(tmpdir(), "trust-"));
	t.after(() => rmSync(path, { recursive: true }));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
	return path;
}

test("R93 R96: each file is a profile named after it and may hold several certificates", (t) => {
	const path = directory(t, { "corp.pem": `# ours\n${corp.pem}${lab.pem}`, "lab.pem": lab.pem, "notes.txt": "x" });
	const { profiles } = new TrustDirectory(path).sources();
	assert.deepEqual([...profiles.keys()], ["corp", "lab"]);
	assert.deepEqual(profiles.get("corp"), [corp.pem, lab.pem]);
});

test("no directory means no profiles", () => {
	assert.equal(new TrustDirectory("/nowhere/trust").sources().profiles.size, 0);
});

test("a file without a certificate, or with a broken one, is a fault that names it", (t) => {
	for (const text of ["", "hello", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"]) {
		const path = directory(t, { "bad.pem": text });
		assert.throws(
			() => new TrustDirectory(path).sources(),
			(error) =>
				error instanceof FaultError && error.fault.code === "KEY_STORE_BROKEN" && error.message.includes("bad.pem"),
		);
	}
});

test("a directory in the place of a file does not pass as an empty profile", (t) => {
	const path = directory(t, {});
	mkdirSync(join(path, "odd.pem"));
	assert.throws(() => new TrustDirectory(path).sources());
});

test("a bundle is a file of mode 0600 that says when it was loaded and from where", (t) => {
	const path = directory(t, {});
	const trust = new TrustDirectory(path);
	const from = '/tmp/odd "name"\n.pem';
	trust.write("group", "web", [corp.certificate, lab.certificate], from, Date.UTC(2026, 10, 30));
	const [bundle] = trust.bundles("group");
	assert.equal(bundle?.name, "web");
	assert.equal(bundle?.from, from);
	assert.equal(bundle?.loadedAt, Date.UTC(2026, 10, 30));
	assert.deepEqual(trust.sources().groups.get("web"), [corp.pem, lab.pem]);
	const file = join(path, "groups/web.pem");
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.match(readFileSync(file, "utf8"), /^# loaded 2026-11-30T00:00:00\.000Z from /);
});

test("R86: what was replaced is kept under another name and vouches for nothing", (t) => {
	const path = directory(t, { "corp.pem": corp.pem });
	const trust = new TrustDirectory(path);
	assert.equal(trust.setAside("corp"), "corp_REPLACED");
	trust.write("profile", "corp", [lab.certificate], "/lab.pem", 0);
	assert.deepEqual([...trust.sources().profiles], [["corp", [lab.pem]]]);
	assert.equal(trust.setAside("corp"), "corp_REPLACED_2");
	assert.deepEqual(trust.names("replaced"), ["corp_REPLACED", "corp_REPLACED_2"]);
	trust.restore("corp", "corp_REPLACED");
	assert.deepEqual([...trust.sources().profiles], [["corp", [corp.pem]]]);
});

test("removing tells whether there was anything, and a name never leaves its folder", (t) => {
	const path = directory(t, { "corp.pem": corp.pem });
	const trust = new TrustDirectory(path);
	assert.equal(trust.remove("profile", "corp"), true);
	assert.equal(trust.remove("profile", "corp"), false);
	for (const name of ["", ".", "..", "../x", "a/b"]) assert.throws(() => trust.write("profile", name, [], "x", 0));
});

test("a bundle that was put there by hand is dated by its file", (t) => {
	const [bundle] = new TrustDirectory(directory(t, { "corp.pem": corp.pem })).bundles("profile");
	assert.equal(bundle?.from, undefined);
	assert.ok(Math.abs((bundle?.loadedAt ?? 0) - Date.now()) < 60_000);
});
