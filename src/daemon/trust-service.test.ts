import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readTrust } from "#daemon/trust-directory.ts";
import { TrustService } from "#daemon/trust-service.ts";
import { encodePkcs12 } from "#pki/pkcs12.ts";
import { formatEvent } from "#telemetry/event-table.ts";
import { configOf } from "../../test/support/config-text.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const corp = makeCertificate({ subject: "CN=Corp", isCa: true });
const lab = makeCertificate({ subject: "CN=Lab", isCa: true });

function service(t: TestContext, options: { readonly pki?: string; refuses?: boolean } = {}) {
	const path = mkdtempSync(join(tmpdir(), "trust-service-"));
	t.after(() => rmSync(path, { recursive: true }));
	const config = configOf(`security { pki { ${options.pki ?? "ca-profile corp { ca-identity c; }"} } }`);
	const reports: string[] = [];
	const told: string[] = [];
	const trust = new TrustService({
		directory: join(path, "trust"),
		config: () => config,
		apply: async () => {
			if (options.refuses === true) throw new Error("a worker refuses");
		},
		event: (event) => {
			if (event.id === "TRUST_CHANGED") reports.push(formatEvent(event));
			else told.push(event.id);
		},
		now: () => Date.UTC(2026, 10, 30),
	});
	const file = (name: string, content: string | Uint8Array) => {
		writeFileSync(join(path, name), content);
		return join(path, name);
	};
	return { trust, file, reports, told, path, options };
}

async function load({ trust, file }: ReturnType<typeof service>, pem: string, isReplacement = false) {
	const path = file("brought.pem", pem);
	trust.preview({ file: path }, "s1");
	return await trust.load("corp", { file: path }, isReplacement, "s1", "pat");
}

test("R93 R103: what was shown is loaded into a CA profile that is configured, and somebody hears of it", async (t) => {
	const made = service(t);
	assert.deepEqual(
		(await load(made, corp.pem)).certificates.map(({ fingerprint }) => fingerprint),
		[corp.certificate.fingerprint],
	);
	assert.deepEqual([...made.trust.sources().profiles], [["corp", [corp.pem]]]);
	assert.equal(statSync(join(made.path, "trust/corp.pem")).mode & 0o777, 0o600);
	assert.match(made.reports[0] ?? "", /by pat: ca-profile corp was loaded from .*brought\.pem$/);
});

test("R94: a CA profile that is not configured, or holds a certificate already, is refused; the new one goes into another beside it", async (t) => {
	const made = service(t, { pki: "ca-profile corp { ca-identity c; } ca-profile corp-2008 { ca-identity c; }" });
	assert.throws(() => made.trust.mayLoad("other", false), /"other" is not configured; configured: "corp", "corp-2008"/);
	assert.throws(() => made.trust.mayLoad("corp", true), /holds no certificate; load one instead/);
	await load(made, corp.pem);
	await assert.rejects(load(made, lab.pem), /holds a certificate already; replace it, or clear it first/);
	const path = made.file("new.pem", lab.pem);
	made.trust.preview({ file: path }, "s1");
	await made.trust.load("corp-2008", { file: path }, false, "s1", "pat");
	const { profiles } = made.trust.sources();
	assert.deepEqual([profiles.get("corp"), profiles.get("corp-2008")], [[corp.pem], [lab.pem]]);
});

test("R81 R86: a replaced certificate is kept under another name; clear and export know both", async (t) => {
	const made = service(t);
	const { trust, path } = made;
	await load(made, corp.pem);
	assert.equal((await load(made, lab.pem, true)).replaced, "corp_REPLACED");
	assert.deepEqual([...trust.sources().profiles], [["corp", [lab.pem]]]);
	assert.equal(trust.export("corp_REPLACED", join(path, "old.der"), "der"), 1);
	assert.deepEqual(readFileSync(join(path, "old.der")), Buffer.from(corp.der));
	assert.equal(trust.export("corp", join(path, "new.pem"), "pem"), 1);
	assert.equal(readFileSync(join(path, "new.pem"), "utf8"), lab.pem);
	assert.throws(() => trust.export("corp", join(path, "new.pem"), "pem"), /exists already/);
	assert.throws(() => trust.export("corp", "new.pem", "pem"), /expected the absolute path/);
	assert.equal(await trust.clear("profile", ["corp"], "pat"), 1);
	assert.deepEqual(trust.names("ca-certificates"), ["corp_REPLACED"]);
	await assert.rejects(trust.clear("profile", ["corp"], "pat"), /nothing is loaded under the name "corp"/);
});

test("a file that changed since its fingerprint was shown, or was not shown to this session, is not loaded", async (t) => {
	const made = service(t);
	const { trust, file } = made;
	const path = file("brought.pem", corp.pem);
	trust.preview({ file: path }, "s1");
	file("brought.pem", lab.pem);
	await assert.rejects(
		trust.load("corp", { file: path }, false, "s1", "pat"),
		/has changed since its fingerprint was shown/,
	);
	trust.preview({ file: path }, "s1");
	await assert.rejects(trust.load("corp", { file: path }, false, "s2", "pat"), /has changed/);
	assert.equal(trust.sources().profiles.size, 0);
});

test("R96 R98 R106: a group is loaded from a bundle, loaded again, and cleared with all that is in it", async (t) => {
	const { trust, file } = service(t);
	const path = file("bundle.pem", corp.pem + lab.pem + corp.pem);
	trust.preview({ file: path }, "s1");
	const report = await trust.loadGroup("web", { file: path }, "s1", "pat");
	assert.equal(report.certificates.length, 2);
	assert.equal(report.passedOver.length, 1);
	file("bundle.pem", lab.pem);
	trust.preview({ file: path }, "s1");
	await trust.loadGroup("web", { file: path }, "s1", "pat");
	assert.deepEqual([...trust.sources().groups], [["web", [lab.pem]]]);
	await trust.clear("group", ["web"], "pat");
	assert.equal(trust.sources().groups.size, 0);
});

test("R80: a group is not named ca, all or default, nor like a CA profile", (t) => {
	const { trust } = service(t);
	for (const name of ["ca", "all", "default", "a/b", "..", "x".repeat(65)])
		assert.throws(() => trust.mayLoadGroup(name), /reserved|Must consist/);
	assert.throws(() => trust.mayLoadGroup("corp"), /is the name of a CA profile/);
	trust.mayLoadGroup("orgs of the web");
});

test("a group of the default trust store holds the public roots", async (t) => {
	const { trust } = service(t);
	const { certificates } = await trust.loadGroup("publics", { file: "default" }, "s1", "pat");
	assert.ok(certificates.length > 100);
});

test("R107: roots are added to the default store, replaced by the next file, and cleared", async (t) => {
	const { trust, file } = service(t);
	await trust.loadDefaultRoots({ file: file("a.pem", corp.pem) }, "pat");
	await trust.loadDefaultRoots({ file: file("b.pem", lab.pem) }, "pat");
	assert.deepEqual(trust.sources().defaultRoots, [lab.pem]);
	assert.match(trust.addedRoots()[0]?.from ?? "", /b\.pem$/);
	await trust.clear("default", ["roots"], "pat");
	assert.deepEqual(trust.sources().defaultRoots, []);
});

test("what a worker refuses is taken back: a load, a replacement, a group, a clear", async (t) => {
	const made = service(t);
	const { trust, file, options, reports } = made;
	await load(made, corp.pem);
	trust.preview({ file: file("brought.pem", lab.pem) }, "s1");
	await trust.loadGroup("web", { file: file("brought.pem", lab.pem) }, "s1", "pat");
	const before = trust.sources();
	options.refuses = true;
	const path = file("other.pem", corp.pem + lab.pem);
	trust.preview({ file: path }, "s1");
	await assert.rejects(trust.loadGroup("web", { file: path }, "s1", "pat"), /a worker refuses/);
	trust.preview({ file: path }, "s1");
	await assert.rejects(trust.load("corp", { file: path }, true, "s1", "pat"), /a worker refuses/);
	await assert.rejects(trust.clear("profile", ["corp"], "pat"), /a worker refuses/);
	await assert.rejects(trust.clear("group", ["web"], "pat"), /a worker refuses/);
	assert.deepEqual(trust.sources(), before);
	assert.deepEqual(trust.names("ca-certificates"), ["corp"]);
	assert.equal(reports.length, 2);
});

test("R89: an authority that ends within the warning is told when it is loaded, and stands among the alarms", async (t) => {
	const made = service(t, { pki: "expiry-warning 365; ca-profile corp { ca-identity c; }" });
	await load(made, corp.pem);
	assert.ok(made.told.includes("AUTHORITY_EXPIRY_NEAR"));
	assert.match(made.trust.alarms()[0]?.text ?? "", /^certificate CN=Corp of ca-profile corp expires in \d+ days$/);
	await made.trust.clear("profile", ["corp"], "pat");
	assert.deepEqual(made.trust.alarms(), []);
	writeFileSync(join(made.path, "trust/spoilt.pem"), "nothing");
	made.trust.tellExpiry();
	assert.match(made.trust.alarms()[0]?.text ?? "", /spoilt\.pem cannot be used: it holds no PEM certificate/);
});

test("R79: PKCS #12 is opened with the passphrase in the first line of a file; a wrong one is told", (t) => {
	const { trust, file } = service(t);
	const random = new Uint8Array(80).fill(1);
	const octets = encodePkcs12({ certificates: [corp.der], friendlyName: "corp", passphrase: "sesame", random });
	const source = { file: file("corp.p12", octets), passphraseFile: file("passphrase", "sesame\n") };
	assert.equal(trust.preview(source, "s1").certificates.length, 1);
	file("passphrase", "other\n");
	assert.throws(() => trust.preview(source, "s1"), /corp\.p12 cannot be used: .*passphrase/);
});

test("a file without a CA certificate, or too large, is refused with what was found", (t) => {
	const { trust, file } = service(t);
	assert.throws(
		() => trust.preview({ file: file("a.pem", "hello") }, "s1"),
		/cannot be used: .*; expected CA certificates/,
	);
	const leaf = makeCertificate({ subject: "CN=a.test", issuer: corp });
	assert.throws(() => trust.preview({ file: file("b.pem", leaf.pem) }, "s1"), /is not the certificate of a CA/);
	assert.throws(() => trust.preview({ file: "relative.pem" }, "s1"), /expected the absolute path/);
	assert.throws(
		() => trust.preview({ file: file("c.pem", Buffer.alloc(33_554_433)) }, "s1"),
		/at most 33554432 are read/,
	);
});

test("a FIFO or an endless device as file or passphrase is refused at once: the gateway waits for nobody", (t) => {
	const { trust, file, path } = service(t);
	const fifo = join(path, "fifo");
	execFileSync("mkfifo", [fifo]);
	const good = file("a.pem", corp.pem);
	for (const name of [fifo, "/dev/zero"]) {
		assert.throws(() => trust.preview({ file: name }, "s1"), /expected a regular file/);
		assert.throws(() => trust.preview({ file: good, passphraseFile: name }, "s1"), /expected a regular file/);
		assert.throws(() => readTrust(join(path, "trust"), name), /expected a regular file/);
	}
});
