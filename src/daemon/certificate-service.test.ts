import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CertificateService } from "#daemon/certificate-service.ts";
import { KeyService } from "#daemon/key-service.ts";
import { parseConfiguration } from "#daemon/load-configuration.ts";
import { openStateDirectory } from "#daemon/state-directory.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const day = 86_400_000;

function service(t: TestContext, apply: () => Promise<void> = async () => {}) {
	const path = mkdtempSync(join(tmpdir(), "sallyport-certificates-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	const { config } = parseConfiguration(
		"services { ssl { proxy { profile p { root-ca corp; } } } } security { pki { expiry-warning 10; } }",
		"test",
		new Set(["corp"]),
	);
	const keys = new KeyService(openStateDirectory(path));
	keys.open(config, Date.now());
	const events: GatewayEvent[] = [];
	const clock = { now: Date.now() };
	const certificates = new CertificateService({
		keys,
		directory: path,
		config: () => config,
		apply,
		event: (event) => events.push(event),
		now: () => clock.now,
	});
	const put = (id: string, isCa: boolean, days: number) => {
		const made = makeCertificate({ isCa, notBefore: clock.now - 60 * day, notAfter: clock.now + days * day });
		keys.store.change({
			put: [{ id, created: 1, isExportable: false, certificates: [made.der], key: made.privateKey }],
		});
	};
	return { path, keys, certificates, events, clock, put };
}

test("R55 R89 R221 K6: certificates near their end and past it are told once a day, signing CAs as such, and are alarms", (t) => {
	const { certificates, events, clock, put } = service(t);
	put("corp", true, -1);
	put("web", false, 5.5);
	put("old_REPLACED", false, -1);
	put("fine", false, 11);
	certificates.tellExpiry();
	certificates.tellExpiry();
	assert.deepEqual(events.map(({ id }) => id).sort(), ["CA_EXPIRED", "CERTIFICATE_EXPIRY_NEAR"]);
	const texts = certificates.alarms().map(({ level, text }) => `${level} ${text}`);
	assert.deepEqual(texts.slice(1), [
		'Major certificate "corp" has expired; load a new one',
		'Minor certificate "web" expires in 5 days',
	]);
	clock.now += 2 * day;
	certificates.tellExpiry();
	assert.deepEqual(
		events
			.slice(2)
			.map(({ id }) => id)
			.sort(),
		["CA_EXPIRED", "CERTIFICATE_EXPIRY_NEAR", "CERTIFICATE_EXPIRY_NEAR"],
	);
	clock.now += 4 * day;
	certificates.tellExpiry();
	assert.ok(events.some(({ id }) => id === "CERTIFICATE_EXPIRED"));
});

test("R87: a change that a worker refuses is taken back whole", async (t) => {
	const { certificates, keys, put } = service(t, async () => {
		throw new Error("worker 1 cannot");
	});
	put("corp", true, 100);
	const before = keys.store.entry("corp")?.certificates[0];
	const made = makeCertificate({ isCa: true });
	const files = { certificates: made.der, key: Buffer.from(made.keyPem), passphrase: undefined };
	await assert.rejects(
		certificates.do("alice", "x", (local) => local.replace("corp", files, false)),
		/worker 1 cannot/,
	);
	assert.deepEqual(keys.store.entry("corp")?.certificates[0], before);
	assert.equal(keys.store.entry("corp_REPLACED"), undefined);
});

test("what nothing uses is changed without a word to the workers", async (t) => {
	const { certificates } = service(t, async () => {
		throw new Error("nobody should be asked");
	});
	await certificates.do("alice", "x", (local) => local.generateKeyPair("free", { type: "ed25519" }, false));
	assert.deepEqual(certificates.usesOf("corp"), ["services ssl proxy profile p root-ca"]);
	assert.ok(certificates.names("key-pairs").includes("free"));
	assert.deepEqual([certificates.names("certificate-requests"), certificates.names("other")], [[], []]);
});

test("files are relative to the state directory; none is written over, and none that is large is read", (t) => {
	const { certificates, path } = service(t);
	assert.equal(certificates.write("a.pem", "text"), join(path, "a.pem"));
	assert.throws(() => certificates.write(join(path, "a.pem"), "text"), /a\.pem exists already; name a new file/);
	assert.equal(certificates.readPassphrase("a.pem"), "text");
	assert.throws(() => certificates.read("none"), /none does not exist/);
	writeFileSync(join(path, "large"), new Uint8Array(4_194_305));
	assert.throws(() => certificates.read("large"), /has 4194305 octets; at most 4194304/);
	assert.throws(() => certificates.read("/dev/zero"), /expected a regular file/);
});
