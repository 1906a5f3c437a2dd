import assert from "node:assert/strict";
import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import tls, { type SecureContext, TLSSocket } from "node:tls";
import { type Authority, loadAuthority, openAuthority } from "#pki/authority-shell.ts";
import type { Certificate } from "#pki/certificate.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import { certificatePem } from "#pki/pem.ts";
import { type LeafContext, LeafContexts, type LeafRequest } from "#proxy/leaf-contexts-shell.ts";
import type { SignLeaf } from "#proxy/leaf-mint-shell.ts";
import { defaultLeafSettings } from "#proxy/leaf-settings.ts";
import { limitNames, type Made, makeCertificate } from "../../test/support/make-certificate.ts";

const directory = mkdtempSync(join(tmpdir(), "sallyport-leaves-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const plan = (id: string) => ({ id, title: "Test CA", lifetimeDays: 30 });
const storeAt = (at: string) => new KeyStore(at, { isPersistent: false, passphraseFile: undefined }, Date.now());
const store = storeAt(directory);
const trusted = openAuthority(store, plan("trusted"), Date.now());
const untrusted = openAuthority(store, plan("untrusted"), Date.now());
const ticketKeys = randomBytes(48);
const settings = defaultLeafSettings;
const origin = makeCertificate({ subject: "CN=shop.example", names: ["shop.example"] }).certificate;
const other = makeCertificate({ subject: "CN=pay.example", names: ["pay.example"] }).certificate;

/** A CA as an administrator would import it, with the certificates above it. */
function imported(at: string, id: string, made: Made, ...above: Made[]): Authority {
	const into = storeAt(at);
	const certificates = [made, ...above].map(({ der }) => der);
	into.change({ put: [{ id, created: Date.now(), isExportable: false, certificates, key: made.privateKey }] });
	return loadAuthority(into, id);
}

/** Signs as the holder of the keys does, and counts how often it was asked. */
function counting(authorities: readonly Authority[] = [trusted, untrusted]): { sign: SignLeaf; asked: string[] } {
	const asked: string[] = [];
	const sign: SignLeaf = async ({ ca, toBeSigned, originSha256 }) => {
		asked.push(`${ca} ${originSha256}`);
		const answer = authorities
			.find(({ ca: { id } }) => id === ca)
			?.signLeaf(toBeSigned, { ...settings, now: Date.now() });
		if (answer?.kind !== "signed") throw new Error(answer?.reason ?? "no such CA");
		return answer.certificate;
	};
	return { sign, asked };
}

const request = (parts: Partial<LeafRequest> = {}): LeafRequest => ({
	origin,
	signer: trusted.ca,
	keyClass: "p256",
	chain: parts.origin?.fingerprint ?? origin.fingerprint,
	session: "5e5510",
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
	const contexts = new LeafContexts(sign, ticketKeys, 8, settings);
	assert.equal(contexts.find(request()), undefined);
	const all = await Promise.all(Array.from({ length: 50 }, () => contexts.get(request())));
	assert.equal(new Set(all).size, 1);
	assert.deepEqual(asked, [`trusted ${origin.fingerprint}`]);
	assert.equal(contexts.find(request()), all[0]);
	assert.equal(await contexts.get(request()), all[0]);
	assert.deepEqual([asked.length, contexts.size], [1, 1]);
});

test("a real client accepts the leaf for the server's name, and the record's fingerprint is the leaf's", async (t) => {
	for (const [keyClass, keyType, detail] of [
		["p256", "ec", "prime256v1"],
		["p384", "ec", "secp384r1"],
		["rsa2048", "rsa", 2_048],
	] as const) {
		const contexts = new LeafContexts(counting().sign, ticketKeys, 8, settings);
		const { context, certificateSha256 } = await contexts.get(request({ keyClass }));
		const { certificate } = await handshake(t, context);
		assert.ok(certificate !== undefined);
		assert.equal(certificate.publicKey.asymmetricKeyType, keyType);
		const { namedCurve, modulusLength } = certificate.publicKey.asymmetricKeyDetails ?? {};
		assert.equal(namedCurve ?? modulusLength, detail);
		assert.equal(certificate.subjectAltName, "DNS:shop.example");
		assert.equal(createHash("sha256").update(certificate.raw).digest("hex"), certificateSha256);
		assert.equal(certificate.verify(new X509Certificate(trusted.ca.certificate).publicKey), true);
	}
});

test("N2: leaves of all servers certify one key of the gateway, which is not the CA's", async (t) => {
	const contexts = new LeafContexts(counting().sign, ticketKeys, 8, settings);
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
	const contexts = new LeafContexts(sign, ticketKeys, 8, settings);
	const made: LeafContext[] = [];
	for (const parts of [
		{},
		{ origin: other },
		{ signer: untrusted.ca },
		{ keyClass: "rsa2048" as const },
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
	const contexts = new LeafContexts(sign, ticketKeys, 8, settings);
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
	const contexts = new LeafContexts(async () => foreign.der, ticketKeys, 8, settings);
	await assert.rejects(contexts.get(request()), /key values mismatch/);
	assert.equal(contexts.size, 0);
});

test("no more contexts than the capacity are kept; the one used longest ago goes, and is minted anew", async () => {
	const { sign, asked } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 2, settings);
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
	const contexts = new LeafContexts(sign, ticketKeys, 1_000, settings);
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
	const contexts = new LeafContexts(sign, ticketKeys, 8, settings);
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
		const { context } = await new LeafContexts(counting().sign, ticketKeys, 8, settings).get(request());
		const { session, isResumed } = await handshake(t, context, options);
		assert.equal(isResumed, false);
		const second = new LeafContexts(counting().sign, ticketKeys, 8, settings);
		const same = await second.get(request());
		assert.equal((await handshake(t, same.context, { ...options, session })).isResumed, true, version);
		const foreign = await second.get(request({ origin: other }));
		const lenient = { ...options, session, checkServerIdentity: () => undefined };
		assert.equal((await handshake(t, foreign.context, lenient)).isResumed, false, version);
	}
});

test("a context is keyed by the whole chain: the same certificate under another issuer has another leaf", async () => {
	const { sign, asked } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 8, settings);
	const one = await contexts.get(request({ chain: "leaf issuer-a" }));
	const two = await contexts.get(request({ chain: "leaf issuer-b" }));
	assert.notEqual(one.certificateSha256, two.certificateSha256);
	assert.equal(asked.length, 2);
});

test("a CA that was replaced under its own name signs anew", async (t) => {
	const keys = mkdtempSync(join(tmpdir(), "sallyport-leaves-"));
	t.after(() => rmSync(keys, { recursive: true, force: true }));
	const successor = openAuthority(storeAt(keys), plan("trusted"), Date.now());
	const { sign, asked } = counting([successor]);
	const contexts = new LeafContexts(sign, ticketKeys, 8, settings);
	await contexts.get(request({ signer: successor.ca }));
	assert.equal(contexts.find(request()), undefined);
	assert.equal(asked.length, 1);
});

test("a leaf is used again for the configured time and then minted anew", async () => {
	let now = Date.now();
	const { sign, asked } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 8, { ...settings, keepMs: 60_000 }, () => now);
	const first = await contexts.get(request());
	now += 59_999;
	assert.equal(await contexts.get(request()), first);
	now += 1;
	assert.equal(contexts.find(request()), undefined);
	assert.notEqual(await contexts.get(request()), first);
	assert.equal(asked.length, 2);
});

test("without a cache every session gets a leaf of its own", async () => {
	const { sign, asked } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 8, { ...settings, keepMs: 0 });
	const made = await Promise.all([contexts.get(request()), contexts.get(request())]);
	assert.notEqual(made[0]?.certificateSha256, made[1]?.certificateSha256);
	assert.equal(contexts.find(request()), undefined);
	assert.deepEqual([asked.length, contexts.size, contexts.leafCount], [2, 0, 0]);
});

test("what was asked for before everything was forgotten is not kept", async () => {
	const { sign } = counting();
	const contexts = new LeafContexts(sign, ticketKeys, 8, settings);
	const asked = contexts.get(request());
	contexts.clear();
	const fresh = contexts.get(request());
	assert.notEqual((await asked).certificateSha256, (await fresh).certificateSha256);
	assert.equal(contexts.find(request()), await fresh);
	assert.deepEqual([contexts.size, contexts.leafCount], [1, 1]);
});

test("settings that differ forget everything, equal ones nothing", async () => {
	const contexts = new LeafContexts(counting().sign, ticketKeys, 8, settings);
	await contexts.get(request());
	contexts.configure({ ...settings });
	assert.equal(contexts.size, 1);
	contexts.configure({ ...settings, maximumLifetimeMs: 86_400_000 * 10 });
	assert.equal(contexts.size, 0);
});

test("the kept leaves tell what they stand for and how many sessions they served", async () => {
	const contexts = new LeafContexts(counting().sign, ticketKeys, 8, settings);
	await contexts.get(request());
	contexts.find(request());
	await contexts.get(request({ origin: other }));
	const [first, second] = contexts.kept(10);
	assert.deepEqual(first?.names, ["shop.example"]);
	assert.equal(first?.originSha256, origin.fingerprint);
	assert.deepEqual([first?.ca, first?.keyClass, first?.uses], ["trusted", "p256", 2]);
	assert.deepEqual([contexts.takeHits(), contexts.takeHits()], [1, 0]);
	assert.deepEqual(second?.names, ["pay.example"]);
	assert.ok(!JSON.stringify(contexts.kept(10)).includes("PRIVATE"));
	assert.equal(contexts.kept(1)[0]?.originSha256, other.fingerprint);
});

test("R46 K2: the certificates between the signing CA and its root are sent behind the leaf", async (t) => {
	const root = makeCertificate({ subject: "CN=Enterprise Root", isCa: true });
	const policy = makeCertificate({ subject: "CN=Policy CA", isCa: true, issuer: root });
	const signing = makeCertificate({ subject: "CN=Inspection CA", isCa: true, issuer: policy });
	const keys = mkdtempSync(join(tmpdir(), "sallyport-leaves-"));
	t.after(() => rmSync(keys, { recursive: true, force: true }));
	const corp = imported(keys, "corp", signing, root, policy);
	const contexts = new LeafContexts(counting([corp]).sign, ticketKeys, 8, settings);
	const { context } = await contexts.get(request({ signer: corp.ca }));
	const { certificate } = await handshake(t, context, { ca: root.pem });
	assert.equal(certificate?.subjectAltName, "DNS:shop.example", "a client that has the root alone accepts it");
});

test("K2: a server that the CA's name constraints leave out is refused without a signature", async (t) => {
	const limited = makeCertificate({
		subject: "CN=Limited CA",
		isCa: true,
		extensions: [limitNames({ permitted: ["corp.example"] })],
	});
	const keys = mkdtempSync(join(tmpdir(), "sallyport-leaves-"));
	t.after(() => rmSync(keys, { recursive: true, force: true }));
	const authority = imported(keys, "limited", limited);
	const { sign, asked } = counting([authority]);
	const contexts = new LeafContexts(sign, ticketKeys, 8, settings);
	await assert.rejects(
		contexts.get(request({ signer: authority.ca })),
		/CA "limited" may not sign for this server: DNS:shop\.example is not within the permitted names/,
	);
	assert.equal(asked.length, 0);
});
