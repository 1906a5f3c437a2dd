import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, connect } from "node:tls";
import { EapTlsDesk } from "#daemon/eap-tls-desk.ts";
import { KeyStore } from "#pki/key-store-shell.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const root = makeCertificate({ subject: "CN=root", isCa: true });
const own = makeCertificate({ subject: "CN=gw", names: ["gw.example"], issuer: root });
const ann = makeCertificate({ subject: "CN=ann", names: ["ann.example"], issuer: root });
const signers = new Map([["road", "gw"]]);

function storeWithKey(t: TestContext): KeyStore {
	const path = mkdtempSync(join(tmpdir(), "sallyport-eap-keys-"));
	t.after(() => rmSync(path, { recursive: true, force: true }));
	const store = new KeyStore(path, { isPersistent: true, passphraseFile: undefined }, 7);
	store.change({ put: [{ id: "gw", created: 7, isExportable: false, certificates: [own.der], key: own.privateKey }] });
	return store;
}

/** A client of TLS whose records go to the desk; what the desk says at last, and the key of the client. */
async function handshake(t: TestContext, desk: EapTlsDesk, session: number, options: ConnectionOptions) {
	const flights: Buffer[] = [];
	const { promise: secure, resolve } = Promise.withResolvers<Buffer | undefined>();
	const wire = new Duplex({
		read: () => undefined,
		write(chunk: Buffer, _encoding, done) {
			flights.push(chunk);
			done();
		},
	});
	const client = connect({ socket: wire, ca: root.pem, servername: "gw.example", ...options });
	t.after(() => client.destroy());
	client.on("error", () => resolve(undefined));
	client.on("secureConnect", () =>
		resolve(client.exportKeyingMaterial(128, "client EAP encryption", undefined as never).subarray(0, 64)),
	);
	const store = storeWithKey(t);
	for (let round = 0; ; round++) {
		while (flights.length === 0) await new Promise((next) => setImmediate(next));
		await new Promise((next) => setTimeout(next, 20));
		const input = Buffer.concat(flights.splice(0));
		const answer = await desk.take({ session, connection: "road", input, isFirst: round === 0 }, signers, store, [
			root.der,
		]);
		wire.push(Buffer.from(answer.output));
		if (answer.done !== undefined || answer.failed !== undefined) return { answer, key: await secure };
		assert.ok(round < 4);
	}
}

test("a client with a certificate comes to the same key as the server, and its certificate is handed on", async (t) => {
	const { answer, key } = await handshake(t, new EapTlsDesk(), 1, { cert: ann.pem, key: ann.keyPem });
	assert.deepEqual(Buffer.from(answer.done?.key ?? []), key);
	assert.deepEqual(Buffer.from(answer.done?.certificates[0] ?? []), Buffer.from(ann.der));
});

test("a client without a certificate shows none, which nobody trusts; TLS 1.3 alone and octets that are no TLS fail", async (t) => {
	const bare = await handshake(t, new EapTlsDesk(), 1, {});
	assert.deepEqual(bare.answer.done?.certificates, []);
	const newer = await handshake(t, new EapTlsDesk(), 2, { minVersion: "TLSv1.3" });
	assert.match(newer.answer.failed ?? "", /TLS failed/);
	const input = new Uint8Array(40).fill(7);
	const store = storeWithKey(t);
	const noise = await new EapTlsDesk().take(
		{ session: 3, connection: "road", input, isFirst: true },
		signers,
		store,
		[],
	);
	assert.match(noise.failed ?? "", /TLS failed/);
});

test("a connection without a certificate and a handshake that nobody began get nothing", async (t) => {
	const desk = new EapTlsDesk();
	const store = storeWithKey(t);
	const input = new Uint8Array(1);
	const first = await desk.take({ session: 1, connection: "other", input, isFirst: true }, signers, store, []);
	const second = await desk.take({ session: 2, connection: "road", input, isFirst: false }, signers, store, []);
	for (const { output, failed, done } of [first, second]) {
		assert.deepEqual([output.length, done], [0, undefined]);
		assert.match(failed ?? "", /no such handshake/);
	}
});
