/** What clients see in place of a server's certificate: its class of key, its dates, its names, its faults, and the log of it. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, describe, test } from "node:test";
import { decodeCertificate } from "#pki/certificate.ts";
import { derInteger, derSequence } from "#pki/der.ts";
import { extensionOid } from "#pki/oids.ts";
import { eventually, runProgram, startGateway } from "../support/gateway.ts";
import type { CertificateRequest } from "../support/make-certificate.ts";
import { distributionPoint } from "../support/make-crl.ts";
import { httpsOrigin, TestCa } from "../support/origins.ts";
import { openTls } from "../support/proxy-client.ts";

const day = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;
const owner = { after };
const ca = new TestCa();
const gateway = await startGateway(owner, {
	trust: ca.root.pem,
	hosts: ["a.test", "b.test"],
	profile: "root-ca-rsa sallyport-ca-rsa; untrusted-root-ca-rsa sallyport-untrusted-ca-rsa;",
});

/** The certificate that a client gets for an origin with this one, trusted or not. */
async function leafFor(request: CertificateRequest = {}, options: { host?: string } = {}) {
	const { host = "a.test" } = options;
	const origin = ca.identity(["a.test"], request);
	const { port } = await httpsOrigin(owner, origin, (_, response) => response.end("origin"));
	const lenient = { rejectUnauthorized: false, checkServerIdentity: () => undefined };
	const client = await openTls(gateway, `${host}:${port}`, lenient);
	const shown = client.socket.getPeerX509Certificate() as X509Certificate;
	const isAccepted = client.socket.authorized;
	client.socket.end();
	const decoded = decodeCertificate(shown.raw);
	assert.ok(decoded.kind === "done");
	return { shown, leaf: decoded.value, isAccepted, origin: origin.made.certificate, port, host };
}

describe("the key is of the class of the server's", { concurrency: 2 }, () => {
	for (const [key, type, detail, issuer] of [
		["p256", "ec", "prime256v1", /CN=Sallyport CA [0-9a-f]{8}$/],
		["p384", "ec", "secp384r1", /CN=Sallyport CA [0-9a-f]{8}$/],
		["rsa2048", "rsa", 2_048, /CN=Sallyport CA \(RSA\) [0-9a-f]{8}$/],
		["rsa4096", "rsa", 3_072, /CN=Sallyport CA \(RSA\) [0-9a-f]{8}$/],
	] as const) {
		test(`M8: for a server with a key ${key} it is ${type} ${detail}, signed by the CA of that kind`, async () => {
			const { shown, isAccepted } = await leafFor({ key });
			const { asymmetricKeyType, asymmetricKeyDetails: details } = shown.publicKey;
			assert.deepEqual([asymmetricKeyType, details?.namedCurve ?? details?.modulusLength], [type, detail]);
			assert.match(shown.issuer, issuer);
			assert.equal(isAccepted, true);
		});
	}

	test("K5 M8: for a server that is not trusted the untrusted CA of the same kind signs", async () => {
		const { shown, isAccepted } = await leafFor({ key: "rsa2048", notBefore: now - 9 * day, notAfter: now - day });
		assert.match(shown.issuer, /CN=UNTRUSTED by Sallyport \(RSA\) [0-9a-f]{8}$/);
		assert.equal(isAccepted, false);
	});
});

describe("the dates are never wider", { concurrency: 2 }, () => {
	test("M2: a year becomes 47 days that began a day ago", async () => {
		const { leaf } = await leafFor({ notBefore: now - 100 * day, notAfter: now + 265 * day });
		assert.equal(leaf.notAfter - leaf.notBefore, 47 * day);
		assert.ok(leaf.notBefore >= now - day - 60_000 && leaf.notBefore <= now);
	});

	test("M2: a server's own begin is never undercut", async () => {
		const notBefore = now - 3_600_000;
		assert.equal((await leafFor({ notBefore, notAfter: now + 265 * day })).leaf.notBefore, notBefore);
	});

	test("R67 M12: what has expired stays expired, what is not valid yet stays so, both by the untrusted CA", async () => {
		const expired = await leafFor({ notBefore: now - 90 * day, notAfter: now - day });
		assert.ok(expired.leaf.notAfter <= now - day);
		const future = await leafFor({ notBefore: now + day, notAfter: now + 90 * day });
		assert.ok(future.leaf.notBefore >= now + day);
		for (const { shown, isAccepted } of [expired, future]) {
			assert.match(shown.issuer, /UNTRUSTED/);
			assert.equal(isAccepted, false);
		}
	});
});

test("M12 N7: a wrong name stays wrong: no name is added, and the untrusted CA signs", async () => {
	const { shown } = await leafFor({}, { host: "b.test" });
	assert.equal(shown.subjectAltName, "DNS:a.test");
	assert.equal(shown.checkHost("b.test"), undefined);
	assert.match(shown.issuer, /UNTRUSTED/);
});

test("M9: the promise of a stapled answer is not made to the client, since nothing is stapled", async () => {
	const feature = { oid: extensionOid.tlsFeature, value: derSequence(derInteger(5)) };
	const { leaf, origin } = await leafFor({ extensions: [feature] });
	assert.deepEqual(origin.typed.tlsFeatures, [5]);
	assert.equal(leaf.extension(extensionOid.tlsFeature), undefined);
});

test("K4: the leaf points to the gateway's list exactly when the server's certificate points to one", async () => {
	const pointing = await leafFor({ extensions: [distributionPoint(["uri:http://127.0.0.1:1/origin.crl"])] });
	const [name] = pointing.leaf.typed.crlDistributionPoints?.[0]?.fullName ?? [];
	assert.ok(name?.kind === "uri");
	assert.equal(name.text, "http://sallyport.test/crl/sallyport-ca.crl");
	assert.equal((await leafFor()).leaf.typed.crlDistributionPoints, undefined);
});

async function command(text: string): Promise<string> {
	const { status, output } = await runProgram(owner, ["cli", "--state", gateway.state, "-c", text]);
	assert.equal(status, 0, output);
	return output;
}

test("R297 K8: the issuance log tells the server certificate of a leaf, by its serial, its names and that certificate", async () => {
	const { shown, origin } = await leafFor();
	const ask = (question: string) =>
		eventually(async () => {
			const output = await command(`show security pki issuance-log ${question}`);
			return output.includes(shown.serialNumber) && output;
		}, `the issuance of ${shown.serialNumber}`);
	for (const question of [`serial ${shown.serialNumber}`, `origin ${origin.fingerprint}`, "name a.test last 1000"]) {
		const output = await ask(question);
		assert.match(output, new RegExp(`Server certificate: ${origin.fingerprint}`));
		assert.match(output, /Signed by: sallyport-ca; asked by worker \d+ for session [0-9a-f]{16}/);
	}
});

test("the cache of certificates is shown, and after clear the same server gets another certificate", async () => {
	const { shown, port, origin } = await leafFor();
	const again = async () => {
		const client = await openTls(gateway, `a.test:${port}`);
		const { serialNumber } = client.socket.getPeerX509Certificate() as X509Certificate;
		client.socket.end();
		return serialNumber;
	};
	const cached = await command("show services ssl proxy certificate-cache last 4096");
	assert.match(cached, /^Certificate cache: a certificate is used again for 3600 seconds$/m);
	assert.ok(cached.includes(origin.fingerprint), cached);
	await command("clear services ssl proxy certificate-cache");
	await eventually(async () => (await again()) !== shown.serialNumber, "another certificate");
	assert.ok(new X509Certificate(shown.raw).serialNumber.length >= 16);
});
