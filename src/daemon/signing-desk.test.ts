import assert from "node:assert/strict";
import { hash, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { trustedCaId, trustedRsaCaId, untrustedCaId, untrustedRsaCaId } from "#daemon/default-configuration.ts";
import { KeyService } from "#daemon/key-service.ts";
import { parseConfiguration } from "#daemon/load-configuration.ts";
import { SigningDesk } from "#daemon/signing-desk.ts";
import { openStateDirectory } from "#daemon/state-directory.ts";
import type { SignatureAnswer, ToWorker } from "#daemon/worker-protocol.ts";
import { keyIdentifier, planLeaf, type SigningCa } from "#pki/mint.ts";
import { Counters } from "#telemetry/counters.ts";
import type { GatewayEvent } from "#telemetry/event-table.ts";
import { makeCertificate, makeKeyPair } from "../../test/support/make-certificate.ts";

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
	const withKeys = () => {
		const keys = new KeyService(state);
		keys.open(config, Date.now());
		const desk = new SigningDesk({ keys, event: (event) => events.push(event), counters });
		return { keys, desk };
	};
	return { directory, events, counters, open, withKeys };
}

test("K1: the first desk makes both CAs and says so; the next one opens the same", (t) => {
	const { events, open } = deskOf(t);
	const desk = open();
	assert.deepEqual(
		desk.signingCas().map(({ id }) => id),
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
	const before = desk.signingCas();
	assert.throws(() => desk.use(["none"], rules), /none/);
	assert.deepEqual(desk.signingCas(), before);
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
	const told: string[] = [];
	const ask = (part: Uint8Array, id: string): SignatureAnswer => {
		let answered: ToWorker | undefined;
		const asked = { request: 5, ca: id, toBeSigned: part, originSha256: "ab", session: "5e5510" };
		desk.sign({ type: "sign", requests: [asked] }, 3, (message) => {
			told.push(`answer after ${events.length} events`);
			answered = message;
		});
		assert.ok(answered?.type === "signed");
		return answered.answers[0] as SignatureAnswer;
	};
	const signed = ask(toBeSigned, trustedCaId);
	assert.ok("certificate" in signed && signed.request === 5);
	assert.ok(new X509Certificate(signed.certificate).checkIssued(new X509Certificate(ca.certificate)));
	assert.ok("reason" in ask(Buffer.from("nothing"), trustedCaId));
	assert.deepEqual(ask(toBeSigned, "none"), { request: 5, reason: 'no CA "none"' });
	assert.deepEqual(told, ["answer after 0 events", "answer after 1 events", "answer after 2 events"]);
	const issued = events[0] as GatewayEvent<"CERTIFICATE_ISSUED">;
	const { originSha256, worker, session, leafSha256 } = issued.fields;
	assert.deepEqual([originSha256, worker, session], ["ab", 3, "5e5510"]);
	assert.equal(leafSha256, hash("sha256", signed.certificate, "hex"));
	assert.deepEqual(
		events.map(({ id }) => id),
		["CERTIFICATE_ISSUED", "ISSUANCE_REFUSED", "ISSUANCE_REFUSED"],
	);
	const { certificates_issued, issuances_refused } = counters.snapshot();
	assert.deepEqual([certificates_issued, issuances_refused], [1, 2]);
});

test("requests of one message are answered in one, those that take long each by itself", async (t) => {
	const { events, open } = deskOf(t);
	const desk = open();
	desk.use([trustedRsaCaId], rules);
	const request = (id: string, number: number) => {
		const ca = desk.signingCas().find((one) => one.id === id) as SigningCa;
		const dates = { notBefore: Date.now(), notAfter: Date.now() + 86_400_000 };
		const publicKeyInfo = makeKeyPair("p256").publicKey.export({ type: "spki", format: "der" });
		const key = { publicKeyInfo, keyIdentifier: keyIdentifier(publicKeyInfo), keyType: "ec" as const };
		const identity = { subject: Buffer.from("3000", "hex"), hasCrl: false, ...dates };
		const toBeSigned = planLeaf(identity, ca, key, Buffer.alloc(16, number), { ...rules, now: Date.now() });
		return { request: number, ca: id, toBeSigned, originSha256: "ab", session: "5e5510" };
	};
	const answers: (readonly number[])[] = [];
	await new Promise<void>((resolve) => {
		const requests = [request(trustedRsaCaId, 1), request(trustedCaId, 2), request(trustedCaId, 3)];
		desk.sign({ type: "sign", requests }, 1, (message) => {
			assert.ok(message.type === "signed");
			assert.ok(message.answers.every((answer) => "certificate" in answer));
			answers.push(message.answers.map((answer) => answer.request));
			if (answers.length === 2) resolve();
		});
	});
	assert.deepEqual(answers, [[2, 3], [1]]);
	await new Promise((resolve) => setImmediate(resolve));
	assert.equal(events.filter(({ id }) => id === "CERTIFICATE_ISSUED").length, 3);
});

test("R87: a handshake that began under a CA is finished by it after the CA was replaced; the next by the new one", (t) => {
	const { withKeys } = deskOf(t);
	const { keys, desk } = withKeys();
	desk.use([], rules);
	const before = desk.signingCas().find(({ id }) => id === trustedCaId) as SigningCa;
	const made = makeCertificate({ subject: "CN=Next CA", isCa: true });
	const entry = { id: trustedCaId, created: 1, isExportable: false, certificates: [made.der], key: made.privateKey };
	keys.store.change({ put: [entry] });
	desk.use([], rules);
	const after = desk.signingCas().find(({ id }) => id === trustedCaId) as SigningCa;
	assert.deepEqual(Buffer.from(after.certificate), Buffer.from(made.der));
	for (const ca of [before, after]) {
		const identity = {
			subject: Buffer.from("3000", "hex"),
			notBefore: Date.now(),
			notAfter: Date.now() + 86_400_000,
			hasCrl: false,
		};
		const publicKeyInfo = makeKeyPair("p256").publicKey.export({ type: "spki", format: "der" });
		const leafKey = { publicKeyInfo, keyIdentifier: keyIdentifier(publicKeyInfo), keyType: "ec" as const };
		const toBeSigned = planLeaf(identity, ca, leafKey, Buffer.alloc(16, 7), { ...rules, now: Date.now() });
		let answered: ToWorker | undefined;
		const request = { request: 1, ca: trustedCaId, toBeSigned, originSha256: "ab", session: "s" };
		desk.sign({ type: "sign", requests: [request] }, 1, (answer) => {
			answered = answer;
		});
		const [answer] = answered?.type === "signed" ? answered.answers : [];
		assert.ok(answer !== undefined && "certificate" in answer, JSON.stringify(answered));
		assert.ok(new X509Certificate(answer.certificate).checkIssued(new X509Certificate(ca.certificate)));
	}
});
