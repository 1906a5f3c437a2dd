import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, hash, sign, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { decodeCertificate } from "#pki/certificate.ts";
import { assembleCertificate, type SigningCa } from "#pki/mint.ts";
import { describeSigningCa } from "#pki/signing-ca.ts";
import { LeafMint, type SignLeaf } from "#proxy/leaf-mint-shell.ts";
import { defaultLeafSettings } from "#proxy/leaf-settings.ts";
import { limitNames, type Made, makeCertificate } from "../../test/support/make-certificate.ts";
import { distributionPoint } from "../../test/support/make-crl.ts";

const made = makeCertificate({ subject: "CN=Signing CA", isCa: true });
const day = 86_400_000;

function caOf(authority: Made): SigningCa {
	const answer = describeSigningCa("ca", [authority.der], "ecdsa-p256");
	assert.ok(answer.kind === "ca");
	return answer.ca;
}

function signer(asked: Parameters<SignLeaf>[0][] = []): SignLeaf {
	return async (request) => {
		asked.push(request);
		const signature = sign("sha256", request.toBeSigned, made.privateKey);
		return assembleCertificate(request.toBeSigned, "ecdsa-p256", signature);
	};
}

const wish = (origin: Made) =>
	({ origin: origin.certificate, signer: caOf(made), keyClass: "p256", session: "5e5510" }) as const;
const settings = { ...defaultLeafSettings, crlHost: "sallyport.test" };

test("M1 M2 K4: the leaf is planned after the server's certificate, its revocation list included", async () => {
	const now = Date.now();
	const dates = { notBefore: now - 200 * day, notAfter: now + 165 * day };
	const origin = makeCertificate({
		subject: "CN=shop.example",
		names: ["shop.example"],
		...dates,
		extensions: [distributionPoint(["uri:http://crl.example/1.crl"])],
	});
	const asked: Parameters<SignLeaf>[0][] = [];
	const minted = await new LeafMint(signer(asked), () => now).mint(wish(origin), settings);
	const decoded = decodeCertificate(minted.certificate);
	assert.ok(decoded.kind === "done");
	const { typed, notAfter, notBefore } = decoded.value;
	assert.equal(typed.subjectAltName?.[0]?.kind, "dns");
	assert.equal(notAfter - notBefore, 47 * day);
	const [name] = typed.crlDistributionPoints?.[0]?.fullName ?? [];
	assert.ok(name?.kind === "uri" && name.text === "http://sallyport.test/crl/ca.crl");
	assert.deepEqual([asked[0]?.session, asked[0]?.originSha256], ["5e5510", origin.certificate.fingerprint]);
	assert.deepEqual([minted.names, minted.ca, minted.keyClass], [["shop.example"], "ca", "p256"]);
	assert.equal(minted.certificateSha256, hash("sha256", minted.certificate, "hex"));
	assert.deepEqual([minted.madeAt, minted.expiresAt], [now, now + 3_600_000]);
	const shown = new X509Certificate(minted.certificate);
	assert.ok(shown.checkPrivateKey(createPrivateKey(minted.pair.key)));
});

test("M7: a thousand leaves have a thousand serial numbers of 128 bits", async () => {
	const mint = new LeafMint(signer());
	const origin = makeCertificate();
	const serials = new Set<string>();
	for (let count = 0; count < 1_000; count++) {
		const { certificate } = await mint.mint(wish(origin), settings);
		const decoded = decodeCertificate(certificate);
		assert.ok(decoded.kind === "done");
		assert.equal(decoded.value.serial.length, 16);
		serials.add(decoded.value.serialText);
	}
	assert.equal(serials.size, 1_000);
});

test("K2: what the CA may not sign for is not asked for", async () => {
	const limited = makeCertificate({ isCa: true, extensions: [limitNames({ permitted: ["corp.example"] })] });
	const asked: Parameters<SignLeaf>[0][] = [];
	const mint = new LeafMint(signer(asked));
	const origin = makeCertificate({ names: ["shop.example"] });
	await assert.rejects(mint.mint({ ...wish(origin), signer: caOf(limited) }, settings), /may not sign for this server/);
	assert.deepEqual(asked, []);
});

test("M8: the key is of the class that was wished for", async () => {
	const origin = makeCertificate({ key: generateKeyPairSync("ec", { namedCurve: "P-384" }) });
	const { certificate } = await new LeafMint(signer()).mint({ ...wish(origin), keyClass: "p384" }, settings);
	assert.equal(new X509Certificate(certificate).publicKey.asymmetricKeyDetails?.namedCurve, "secp384r1");
});
