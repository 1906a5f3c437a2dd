/** Certificates, CRLs and OCSP against the `openssl` command: what it writes is read here, what is written here it reads. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { newWorkBudget } from "#pki/build-path.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { decodeCrl } from "#pki/crl.ts";
import { crlStatus } from "#pki/crl-status.ts";
import { encodeOcspRequest } from "#pki/ocsp.ts";
import { type OcspStatus, ocspStatus } from "#pki/ocsp-status.ts";
import { purposeOid } from "#pki/oids.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import { verifyChain } from "#pki/verify-chain.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { type Made, makeCertificate, makeChain } from "../support/make-certificate.ts";
import { makeCrlDer } from "../support/make-crl.ts";
import { OpenSslFolder } from "../support/openssl-folder.ts";
import { requirePeers } from "../support/peers.ts";

class OpenSsl extends OpenSslFolder {
	certificate(file: string): Certificate {
		this.run("x509", "-in", file, "-outform", "DER", "-out", `${file}.der`);
		const decoded = decodeCertificate(this.read(`${file}.der`));
		assert.equal(decoded.kind, "done");
		return (decoded as { value: Certificate }).value;
	}
}

function common(root: Certificate) {
	return {
		anchors: new TrustAnchors([root]),
		now: Date.now(),
		profile: validationProfiles["web-pki"],
		cache: new SignatureCache(50),
		budget: newWorkBudget(),
	};
}

test("openssl verifies chains of every key type that are made here", (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const openssl = new OpenSsl(t);
	for (const [key, isPss] of [
		["p256", false],
		["p384", false],
		["rsa2048", false],
		["rsa2048", true],
		["ed25519", false],
	] as const) {
		const own = { key, isPss };
		const { root, intermediate, leaf } = makeChain(["a.example", "192.0.2.1"], {
			root: own,
			intermediate: own,
			leaf: own,
		});
		openssl.write("root.pem", root.pem);
		openssl.write("ca.pem", intermediate.pem);
		openssl.write("leaf.pem", leaf.pem);
		const answer = openssl.run(
			"verify",
			"-x509_strict",
			"-purpose",
			"sslserver",
			"-verify_hostname",
			"a.example",
			"-CAfile",
			"root.pem",
			"-untrusted",
			"ca.pem",
			"leaf.pem",
		);
		assert.match(answer, /leaf\.pem: OK/);
	}
});

test("a chain that openssl makes is read and trusted in every profile", (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const openssl = new OpenSsl(t);
	openssl.run(
		"req",
		"-x509",
		"-newkey",
		"rsa:2048",
		"-nodes",
		"-keyout",
		"root.key",
		"-out",
		"root.pem",
		"-subj",
		"/C=NO/O=Example/CN=Root",
		"-days",
		"30",
		"-addext",
		"keyUsage=critical,keyCertSign,cRLSign",
	);
	openssl.write(
		"ca.cnf",
		"basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nnameConstraints=critical,permitted;DNS:example,permitted;IP:192.0.2.0/255.255.255.0\n",
	);
	openssl.write(
		"leaf.cnf",
		"keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName=DNS:shop.example,DNS:*.shop.example,IP:192.0.2.9\ntlsfeature=status_request\nauthorityInfoAccess=OCSP;URI:http://ocsp.example/\ncrlDistributionPoints=URI:http://crl.example/1\n",
	);
	openssl.run(
		"req",
		"-newkey",
		"ec",
		"-pkeyopt",
		"ec_paramgen_curve:P-384",
		"-nodes",
		"-keyout",
		"ca.key",
		"-out",
		"ca.csr",
		"-subj",
		"/O=Example/CN=CA",
	);
	openssl.run(
		"x509",
		"-req",
		"-in",
		"ca.csr",
		"-CA",
		"root.pem",
		"-CAkey",
		"root.key",
		"-CAcreateserial",
		"-days",
		"20",
		"-extfile",
		"ca.cnf",
		"-out",
		"ca.pem",
	);
	openssl.run(
		"req",
		"-newkey",
		"ec",
		"-pkeyopt",
		"ec_paramgen_curve:P-256",
		"-nodes",
		"-keyout",
		"leaf.key",
		"-out",
		"leaf.csr",
		"-subj",
		"/CN=shop.example",
	);
	openssl.run(
		"x509",
		"-req",
		"-in",
		"leaf.csr",
		"-CA",
		"ca.pem",
		"-CAkey",
		"ca.key",
		"-CAcreateserial",
		"-days",
		"10",
		"-sha384",
		"-extfile",
		"leaf.cnf",
		"-out",
		"leaf.pem",
	);
	const [root, ca, leaf] = ["root.pem", "ca.pem", "leaf.pem"].map((file) => openssl.certificate(file)) as [
		Certificate,
		Certificate,
		Certificate,
	];
	assert.equal(root.subject.text, "CN=Root,O=Example,C=NO");
	assert.deepEqual([leaf.publicKey.curve, ca.publicKey.curve, root.publicKey.bits], ["P-256", "P-384", 2048]);
	assert.deepEqual(leaf.typed.tlsFeatures, [5]);
	assert.equal(leaf.typed.crlDistributionPoints?.length, 1);
	for (const profile of Object.values(validationProfiles)) {
		for (const host of ["shop.example", "www.shop.example", "192.0.2.9"]) {
			const verdict = verifyChain({ ...common(root), profile, leaf, intermediates: [ca], host });
			assert.equal(verdict.kind === "trusted" ? "trusted" : verdict.reason.sentence, "trusted");
		}
	}
});

test("a CRL made here is verified and printed by openssl", (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const openssl = new OpenSsl(t);
	const ca = makeCertificate({ subject: "CN=ca", isCa: true, key: "rsa2048" });
	openssl.write("ca.pem", ca.pem);
	openssl.write(
		"list.der",
		makeCrlDer({ issuer: ca, revoked: [{ serial: 0x1234n, reason: 1 }], number: 7n, scope: { onlyUsers: true } }),
	);
	const text = openssl.run("crl", "-inform", "DER", "-in", "list.der", "-CAfile", "ca.pem", "-noout", "-text");
	assert.match(text, /Serial Number: 1234/);
	assert.match(text, /Key Compromise/);
	assert.match(text, /CRL Number: *\n *7/);
	assert.match(text, /Only User Certificates/);
});

/** A CA in openssl's own files: an index with one valid, one revoked certificate, and the key. */
function authority(openssl: OpenSsl) {
	const ca = makeCertificate({ subject: "CN=ca", isCa: true, key: "rsa2048" });
	const [valid, revoked, unlisted] = [0x1001n, 0x1002n, 0x1003n].map((serial) =>
		makeCertificate({ subject: `CN=${serial}`, issuer: ca, serial }),
	) as [Made, Made, Made];
	openssl.write("ca.pem", ca.pem);
	openssl.write("ca.key", ca.keyPem);
	openssl.write(
		"index.txt",
		"V\t301231235959Z\t\t1001\tunknown\t/CN=4097\nR\t301231235959Z\t260101000000Z,keyCompromise\t1002\tunknown\t/CN=4098\n",
	);
	openssl.write("crlnumber", "05\n");
	openssl.write(
		"ca.cnf",
		"[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=7\ncertificate=ca.pem\nprivate_key=ca.key\ncrl_extensions=ext\n[ext]\nauthorityKeyIdentifier=keyid\n",
	);
	return { ca, valid, revoked, unlisted };
}

test("a CRL that openssl makes answers good and revoked", (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const openssl = new OpenSsl(t);
	const { ca, valid, revoked } = authority(openssl);
	openssl.run("ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem");
	openssl.run("crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der");
	const decoded = decodeCrl(openssl.read("list.der"));
	assert.equal(decoded.kind, "done");
	const crl = (decoded as Extract<typeof decoded, { kind: "done" }>).value;
	const ask = (made: Made) =>
		crlStatus({
			...common(ca.certificate),
			path: [made.certificate, ca.certificate],
			depth: 0,
			crls: [crl],
			issuers: [],
		});
	assert.equal(ask(valid).kind, "good");
	const status = ask(revoked);
	assert.deepEqual(status.kind === "revoked" && [status.entry.reason, status.entry.revokedAt], [
		1,
		Date.UTC(2026, 0, 1),
	]);
});

test("openssl's OCSP responder understands the request, and its answers are read: good, revoked, unknown", (t) => {
	if (!requirePeers(t, ["openssl"])) return;
	const openssl = new OpenSsl(t);
	const { ca, valid, revoked, unlisted } = authority(openssl);
	const delegate = makeCertificate({
		subject: "CN=responder",
		names: [],
		issuer: ca,
		extendedKeyUsage: [purposeOid.ocspSigning],
	});
	openssl.write("delegate.pem", delegate.pem);
	openssl.write("delegate.key", delegate.keyPem);
	const ask = (
		made: Made,
		signer: string,
		change: (nonce: Uint8Array) => Uint8Array = (nonce) => nonce,
	): OcspStatus => {
		const nonce = randomBytes(16);
		openssl.write("request.der", encodeOcspRequest(made.certificate, ca.certificate, nonce));
		openssl.run(
			"ocsp",
			"-index",
			"index.txt",
			"-CA",
			"ca.pem",
			"-rsigner",
			`${signer}.pem`,
			"-rkey",
			`${signer}.key`,
			"-reqin",
			"request.der",
			"-respout",
			"response.der",
			"-nmin",
			"10",
		);
		const response = openssl.read("response.der");
		return ocspStatus({
			...common(ca.certificate),
			response,
			certificate: made.certificate,
			issuer: ca.certificate,
			nonce: change(nonce),
		});
	};
	for (const signer of ["ca", "delegate"]) {
		assert.equal(ask(valid, signer).kind, "good");
		const status = ask(revoked, signer);
		assert.deepEqual(status.kind === "revoked" && [status.reason, status.revokedAt], [1, Date.UTC(2026, 0, 1)]);
		assert.equal(ask(unlisted, signer).kind, "unknown");
	}
	assert.equal(ask(valid, "ca", () => randomBytes(16)).kind, "unusable");
	const stranger = makeCertificate({ subject: "CN=stranger", isCa: true });
	openssl.write("stranger.pem", stranger.pem);
	openssl.write("stranger.key", stranger.keyPem);
	assert.equal(ask(valid, "stranger").kind, "unusable");
});
