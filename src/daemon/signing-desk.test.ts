import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { trustedCaId, trustedRsaCaId, untrustedCaId, untrustedRsaCaId } from "#daemon/default-configuration.ts";
import { KeyService } from "#daemon/key-service.ts";
import { parseConfiguration } from "#daemon/load-configuration.ts";
import { SigningDesk } from "#daemon/signing-desk.ts";
import { openStateDirectory } from "#daemon/state-directory.ts";
import type { ToWorker } from "#daemon/worker-protocol.ts";
import { keyIdentifier, planLeaf, type SigningCa } from "#pki/mint.ts";
import { Counters } from "#telemetry/counters.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { makeKeyPair } from "../../test/support/make-certificate.ts";

const { config } = parseConfiguration("", "test", new Set());
const rules = { maximumLifetimeMs: 47 * 86_400_000, crlHost: undefined };

function deskOf(t: TestContext) {
	const directory = mkdtempSync(join(tmpdir(), "desk-"));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const events: GatewayEvent[] = [];
	const counters = new Counters();
	const state = openStateDirectory(directory);
	const open = () => {
		const keys = new KeyService(state);
		keys.open(config, Date.now());
		return new SigningDesk({ keys, event: (event) => events.push(event), counters });
	};
	return { directory, events, counters, open };
}

test("K1: the first desk makes both CAs and says so; the next one opens the same", (t) => {
	const { events, open } = deskOf(t);
	const desk = open();
	assert.deepEqual(
		desk.views().map(({ id }) => id),
		[trustedCaId, untrustedCaId],
	);
	desk.announce();
	desk.announce();
	assert.deepEqual(
		events.map(({ id }) => id),
		["CA_CREATED", "CA_CREATED"],
	);
	assert.deepEqual(open().signingCas(), desk.signingCas());
});

test("the CAs with RSA keys are made when a configuration first names them, and found by the next start", (t) => {
	const { open } = deskOf(t);
	const desk = open();
	assert.deepEqual(
		desk.signingCas().map(({ id }) => id),
		[trustedCaId, untrustedCaId],
	);
	desk.use([trustedRsaCaId, untrustedRsaCaId], rules);
	const made = desk.signingCas().find(({ id }) => id === trustedRsaCaId) as SigningCa;
	const certificate = new X509Certificate(made.certificate);
	assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 3_072);
	assert.equal(made.scheme, "rsa-sha256");
	assert.equal(desk.signingCas().length, 4);
	const again = open();
	again.use([trustedRsaCaId, untrustedRsaCaId], rules);
	assert.deepEqual(again.signingCas(), desk.signingCas());
});

test("a CA that is not there cannot be used, and those in use stay", (t) => {
	const desk = deskOf(t).open();
	const before = desk.views();
	assert.throws(() => desk.use(["none"], rules), /none/);
	assert.deepEqual(desk.views(), before);
});

test("K8: a leaf is signed and told with the certificate that it stands for; anything else is refused and told", (t) => {
	const { events, counters, open } = deskOf(t);
	const desk = open();
	const ca = desk.signingCas().find(({ id }) => id === trustedCaId) as SigningCa;
	const identity = {
		subject: Buffer.from("3000", "hex"),
		notBefore: Date.now(),
		notAfter: Date.now() + 86_400_000,
		hasCrl: false,
	};
	const publicKeyInfo = makeKeyPair("p256").publicKey.export({ type: "spki", format: "der" });
	const leafKey = { publicKeyInfo, keyIdentifier: keyIdentifier(publicKeyInfo), keyType: "ec" as const };
	const toBeSigned = planLeaf(identity, ca, leafKey, Buffer.alloc(16, 7), { ...rules, now: Date.now() });
	desk.use([], rules);
	const ask = (part: Uint8Array, id: string): ToWorker => {
		let answered: ToWorker | undefined;
		desk.sign({ type: "sign", request: 5, ca: id, toBeSigned: part, originSha256: "ab" }, 1, (message) => {
			answered = message;
		});
		return answered as ToWorker;
	};
	const signed = ask(toBeSigned, trustedCaId);
	assert.ok(signed.type === "signed" && signed.request === 5);
	assert.ok(new X509Certificate(signed.certificate).checkIssued(new X509Certificate(ca.certificate)));
	assert.equal(ask(Buffer.from("nothing"), trustedCaId).type, "not-signed");
	assert.deepEqual(ask(toBeSigned, "none"), { type: "not-signed", request: 5, reason: 'no CA "none"' });
	assert.deepEqual(
		events.map(({ id }) => id),
		["CERTIFICATE_ISSUED", "ISSUANCE_REFUSED", "ISSUANCE_REFUSED"],
	);
	const { certificates_issued, issuances_refused } = counters.snapshot();
	assert.deepEqual([certificates_issued, issuances_refused], [1, 2]);
});
