import assert from "node:assert/strict";
import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import tls, { type SecureContext, TLSSocket } from "node:tls";
import { type Authority, openAuthority } from "#pki/authority-shell.ts";
import type { Certificate } from "#pki/certificate.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import { certificatePem } from "#pki/pem.ts";
import { type LeafContext, LeafContexts, type LeafRequest, type SignLeaf } from "#proxy/leaf-contexts-shell.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const directory = mkdtempSync(join(tmpdir(), "sallyport-leaves-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const plan = (id: string) => ({ id, title: "Test CA", lifetimeDays: 30 });
const store = new KeyStore(directory, { isPersistent: false, passphraseFile: undefined }, Date.now());
const trusted = openAuthority(store, plan("trusted"), Date.now());
const untrusted = openAuthority(store, plan("untrusted"), Date.now());
const ticketKeys = randomBytes(48);
const origin = makeCertificate({ subject: "CN=shop.example", names: ["shop.example"] }).certificate;
const other = makeCertificate({ subject: "CN=pay.example", names: ["pay.example"] }).certificate;

/** Signs as the holder of the keys does, and counts how often it was asked. */
function counting(authorities: readonly Authority[] = [trusted, untrusted]): { sign: SignLeaf; asked: string[] } {
	const asked: string[] = [];
	const sign: SignLeaf = async ({ ca, toBeSigned, originSha256 }) => {
		asked.push(`${ca} ${originSha256}`);
		const answer = authorities.find(({ ca: { id } }) => id === ca)?.signLeaf(toBeSigned);
		if (answer?.kind !== "signed") throw new Error(answer?.reason ?? "no such CA");
		return answer.certificate;
	};
	return { sign, asked };
}

const request = (parts: Partial<LeafRequest> = {}): LeafRequest => ({
	origin,
	signer: trusted.ca,
	keyType: "ec",
	options: { minVersion: "TLSv1.2", ecdhCurve: "X25519" },
	variant: "strict X25519",
	...parts,
});

/** The session of a real handshake with the context, and the certificate that it shows. */
async function handshake(
	t: TestContext,
	secureContext: SecureContext,
	options: tls.ConnectionOptions = {},
): Promise<{
	readonly certificate: X509Certificate | undefined;
	readonly isResumed: boolean;
	readonly session: Buffer;
}> {
	const listener = createServer((socket) => {
		const secured = new TLSSocket(socket, { isServer: true, secureContext });
		secured.on("error", () => {});
		secured.end("hello");
	});
	listener.listen(0, "127.0.0.1");
	await once(listener, "listening");
	const socket = tls.connect({
		port: (listener.address() as AddressInfo).port,
		host: "127.0.0.1",
		servername: "shop.example",
		ca: certificatePem(trusted.ca.certificate),
		...options,
	});
	t.after(() => {
		socket.destroy();
		listener.close();
	});
	let session = Buffer.alloc(0);
	socket.on("session", (ticket) => {
		session = ticket;
	});
	await once(socket, "secureConnect");
	const certificate = socket.getPeerX509Certificate();
	const isResumed = socket.isSessionReused();
	socket.resume();
	await once(socket, "end");
	return { certificate, isResumed, session };
}

test("many sessions that wait for one leaf cost one signature and get one context", async () => {
	const { sign, asked } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 8);
	assert.equal(contexts.find(request()), undefined);
	const all = await Promise.all(Array.from({ length: 50 }, () => contexts.get(request())));
	assert.equal(new Set(all).size, 1);
	assert.deepEqual(asked, [`trusted ${origin.fingerprint}`]);
	assert.equal(contexts.find(request()), all[0]);
	assert.equal(await contexts.get(request()), all[0]);
	assert.deepEqual([asked.length, contexts.size], [1, 1]);
});

test("a real client accepts the leaf for the server's name, and the record's fingerprint is the leaf's", async (t) => {
	for (const keyType of ["ec", "rsa"] as const) {
		const contexts = new LeafContexts(counting().sign, ticketKeys, 8);
		const { context, certificateSha256 } = await contexts.get(request({ keyType }));
		const { certificate } = await handshake(t, context);
		assert.ok(certificate !== undefined);
		assert.equal(certificate.publicKey.asymmetricKeyType, keyType);
		assert.equal(certificate.subjectAltName, "DNS:shop.example");
		assert.equal(createHash("sha256").update(certificate.raw).digest("hex"), certificateSha256);
		assert.equal(certificate.verify(new X509Certificate(trusted.ca.certificate).publicKey), true);
	}
});

test("N2: leaves of all servers certify one key of the gateway, which is not the CA's", async (t) => {
	const contexts = new LeafContexts(counting().sign, ticketKeys, 8);
	const keyOf = async (certificate: Certificate) => {
		const { context } = await contexts.get(request({ origin: certificate }));
		const shown = await handshake(t, context, { checkServerIdentity: () => undefined });
		return shown.certificate?.publicKey.export({ type: "spki", format: "der" }).toString("hex");
	};
	const key = await keyOf(origin);
	assert.equal(await keyOf(other), key);
	assert.notEqual(
		key,
		new X509Certificate(trusted.ca.certificate).publicKey.export({ type: "spki", format: "der" }).toString("hex"),
	);
});

test("another server certificate, signer, key type or variant has another context; another variant the same leaf", async () => {
	const { sign, asked } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 8);
	const made: LeafContext[] = [];
	for (const parts of [
		{},
		{ origin: other },
		{ signer: untrusted.ca },
		{ keyType: "rsa" as const },
		{ variant: "strict P-256", options: { ecdhCurve: "P-256" } },
	])
		made.push(await contexts.get(request(parts)));
	assert.equal(new Set(made.map(({ context }) => context)).size, 5);
	assert.equal(new Set(made.map(({ certificateSha256 }) => certificateSha256)).size, 4);
	assert.equal(made[4]?.certificateSha256, made[0]?.certificateSha256);
	assert.equal(asked.length, 4, "no second signature for another group");
});

test("a refused signature rejects every waiter, and the next session asks again", async () => {
	const { sign, asked } = counting([untrusted]);
	const contexts = new LeafContexts(sign, ticketKeys, 8);
	const answers = await Promise.allSettled([contexts.get(request()), contexts.get(request())]);
	for (const answer of answers) {
		assert.ok(answer.status === "rejected");
		assert.match(String(answer.reason), /no such CA/);
	}
	assert.equal(asked.length, 1);
	assert.equal(contexts.size, 0);
	await assert.rejects(contexts.get(request()), /no such CA/);
	assert.equal(asked.length, 2);
});

test("what the signer hands back is not taken for a leaf when it is another certificate", async () => {
	const foreign = makeCertificate({ subject: "CN=shop.example", names: ["shop.example"] });
	const contexts = new LeafContexts(async () => foreign.der, ticketKeys, 8);
	await assert.rejects(contexts.get(request()), /key values mismatch/);
	assert.equal(contexts.size, 0);
});

test("no more contexts than the capacity are kept; the one used longest ago goes, and is minted anew", async () => {
	const { sign, asked } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 2);
	const third = makeCertificate({ subject: "CN=third.example", names: ["third.example"] }).certificate;
	await contexts.get(request());
	await contexts.get(request({ origin: other }));
	assert.ok(contexts.find(request()) !== undefined);
	await contexts.get(request({ origin: third }));
	assert.equal(contexts.size, 2);
	assert.equal(contexts.find(request({ origin: other })), undefined);
	assert.ok(contexts.find(request()) !== undefined);
	assert.equal(asked.length, 3);
});

test("of large certificates 64 contexts are kept, apart from the others", async () => {
	const { sign } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 1_000);
	await contexts.get(request());
	const names = Array.from({ length: 400 }, (_, index) => `host-${index}.large.example`);
	const large = makeCertificate({ subject: "CN=large.example", names }).certificate;
	assert.ok(large.der.length > 8_192);
	for (let count = 0; count < 66; count++) await contexts.get(request({ origin: large, variant: `variant ${count}` }));
	assert.equal(contexts.size, 65);
	assert.equal(contexts.find(request({ origin: large, variant: "variant 0" })), undefined);
	assert.ok(contexts.find(request()) !== undefined);
});

test("after clear every leaf is minted anew", async () => {
	const { sign, asked } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 8);
	const before = await contexts.get(request());
	contexts.clear();
	assert.equal(contexts.size, 0);
	const again = await contexts.get(request());
	assert.notEqual(again.certificateSha256, before.certificateSha256);
	assert.equal(asked.length, 2);
});

test("a ticket is good at every worker with the same keys for the same context, and for no other server", async (t) => {
	for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
		const options = { minVersion: version, maxVersion: version };
		const { context } = await new LeafContexts(counting().sign, ticketKeys, 8).get(request());
		const { session, isResumed } = await handshake(t, context, options);
		assert.equal(isResumed, false);
		const second = new LeafContexts(counting().sign, ticketKeys, 8);
		const same = await second.get(request());
		assert.equal((await handshake(t, same.context, { ...options, session })).isResumed, true, version);
		const foreign = await second.get(request({ origin: other }));
		const lenient = { ...options, session, checkServerIdentity: () => undefined };
		assert.equal((await handshake(t, foreign.context, lenient)).isResumed, false, version);
	}
});
