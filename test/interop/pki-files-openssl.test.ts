/** Requests, keys and certificate containers against `openssl`, NSS and GnuTLS: what one side writes the other reads. */
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { type TestContext, test } from "node:test";
import { readCertificateFile } from "#pki/certificate-file.ts";
import {
	assembleCertificateRequest,
	type CertificateRequest,
	decodeCertificateRequest,
	planCertificateRequest,
} from "#pki/certificate-request.ts";
import { parseDistinguishedName } from "#pki/distinguished-name.ts";
import { generalNameText } from "#pki/general-name.ts";
import type { SignatureScheme } from "#pki/mint.ts";
import { certificatePem, pemText } from "#pki/pem.ts";
import { encodePkcs12, type Pkcs12File, readPkcs12 } from "#pki/pkcs12.ts";
import { readPrivateKey } from "#pki/private-key-file.ts";
import { encodeSubjectAltName } from "#pki/subject-alt-name.ts";
import { type KeyName, makeChain, makeKeyPair } from "../support/make-certificate.ts";
import { OpenSslFolder } from "../support/openssl-folder.ts";
import { requirePeers } from "../support/peers.ts";

const keyNames = ["rsa2048", "rsa3072", "rsa4096", "p256", "p384", "ed25519"] as const satisfies readonly KeyName[];
const inNss: ReadonlySet<KeyName> = new Set(["rsa2048", "p256", "p384"]);
const passphrase = "påss:ord";

/** What `openssl genpkey` needs for each type. */
const generation: Record<(typeof keyNames)[number], string> = {
	rsa2048: "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
	rsa3072: "-algorithm RSA -pkeyopt rsa_keygen_bits:3072",
	rsa4096: "-algorithm RSA -pkeyopt rsa_keygen_bits:4096",
	p256: "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
	p384: "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
	ed25519: "-algorithm ED25519",
};

function schemeOf(name: (typeof keyNames)[number]): { scheme: SignatureScheme; digest: string | null } {
	if (name === "ed25519") return { scheme: "ed25519", digest: null };
	if (name === "p256") return { scheme: "ecdsa-p256", digest: "sha256" };
	if (name === "p384") return { scheme: "ecdsa-p384", digest: "sha384" };
	return { scheme: "rsa-sha256", digest: "sha256" };
}

function subjectOf(text: string): Uint8Array {
	const parsed = parseDistinguishedName(text);
	assert.equal(parsed.kind, "name");
	return (parsed as { der: Uint8Array }).der;
}

function decodeRequest(der: Uint8Array): CertificateRequest {
	const decoded = decodeCertificateRequest(der);
	assert.equal(decoded.kind, "done", JSON.stringify(decoded));
	return (decoded as { value: CertificateRequest }).value;
}

function keyOf(octets: Uint8Array, phrase?: string): KeyObject {
	const read = readPrivateKey(octets, phrase);
	assert.equal(read.kind, "key", JSON.stringify(read));
	return (read as { key: KeyObject }).key;
}

function contentsOf(octets: Uint8Array): Extract<Pkcs12File, { kind: "contents" }> {
	const file = readPkcs12(octets, passphrase);
	assert.equal(file.kind, "contents", JSON.stringify(file));
	return file as Extract<Pkcs12File, { kind: "contents" }>;
}

/** A key that openssl made, PKCS#8 PEM; made once, because long RSA keys take seconds. */
function generated(openssl: OpenSslFolder, name: (typeof keyNames)[number]): string {
	const pem = generatedKeys.get(name) ?? openssl.line(`genpkey ${generation[name]}`);
	generatedKeys.set(name, pem);
	return pem;
}

const generatedKeys = new Map<string, string>();

/** A folder with `openssl` in it, when the programs are there. */
function open(t: TestContext, peers: readonly string[] = ["openssl"]): OpenSslFolder | undefined {
	return requirePeers(t, peers) ? new OpenSslFolder(t) : undefined;
}

test("R68, R71: openssl verifies and prints a request of every key type that is made here", (t) => {
	const openssl = open(t);
	if (openssl === undefined) return;
	const subject = subjectOf(
		"CN=vpn.example,OU=A\\, B,OU=Blå,O=Example AS,L=Oslo,ST=Oslo,C=NO,DC=corp,DC=example,E=a@b.example,SN=7",
	);
	const subjectAltName = encodeSubjectAltName({
		dns: ["vpn.example", "*.vpn.example"],
		email: ["a@b.example"],
		ip: ["192.0.2.1", "2001:db8::1"],
		uri: ["spiffe://vpn.example/gateway"],
	});
	for (const name of keyNames) {
		const { privateKey, publicKey } = makeKeyPair(name);
		const publicKeyInfo = publicKey.export({ type: "spki", format: "der" });
		const { scheme, digest } = schemeOf(name);
		for (const isSigning of [false, true]) {
			const info = planCertificateRequest({ subject, publicKeyInfo, subjectAltName, isSigning });
			const der = assembleCertificateRequest(info, scheme, sign(digest, info, privateKey));
			openssl.write("own.pem", pemText("CERTIFICATE REQUEST", der));
			const text = openssl.line("req -in own.pem -verify -noout -text -nameopt RFC2253,utf8,-esc_msb");
			assert.match(
				text,
				/Subject: CN=vpn\.example,OU=A\\, B,OU=Blå,O=Example AS,L=Oslo,ST=Oslo,C=NO,DC=corp,DC=example,emailAddress=a@b\.example,serialNumber=7/,
			);
			assert.match(
				text,
				/DNS:vpn\.example, DNS:\*\.vpn\.example, email:a@b\.example, IP Address:192\.0\.2\.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:spiffe:\/\/vpn\.example\/gateway/,
			);
			if (isSigning) assert.match(text, /CA:TRUE, pathlen:0[\s\S]*Certificate Sign, CRL Sign/);
			else assert.match(text, /Digital Signature/);
			assert.equal(openssl.line("req -in own.pem -pubkey -noout"), publicKey.export({ type: "spki", format: "pem" }));
			assert.ok(decodeRequest(der).verify());
		}
	}
});

test("a request of every key type that openssl makes is read and its signature verified, PSS and SHA-512 too", (t) => {
	const openssl = open(t);
	if (openssl === undefined) return;
	const line =
		"req -new -key own.key -out own.der -outform DER -subj /O=Example/CN=a.example -addext subjectAltName=DNS:a.example";
	for (const name of keyNames) {
		openssl.write("own.key", generated(openssl, name));
		for (const more of name.startsWith("rsa") ? ["", " -sigopt rsa_padding_mode:pss", " -sha512"] : [""]) {
			openssl.line(line + more);
			const request = decodeRequest(openssl.read("own.der"));
			assert.ok(request.verify(), name + more);
			assert.equal(request.subject.text, "CN=a.example,O=Example");
			assert.deepEqual(request.typed.subjectAltName?.map(generalNameText), ["DNS:a.example"]);
			const key = keyOf(openssl.read("own.key"));
			assert.deepEqual(request.publicKey.raw, createPublicKey(key).export({ type: "spki", format: "der" }));
		}
	}
});

test("R76: a key of every type is read from every form that openssl writes, and a wrong passphrase is refused", (t) => {
	const openssl = open(t);
	if (openssl === undefined) return;
	for (const name of keyNames) {
		openssl.write("pkcs8.pem", generated(openssl, name));
		const key = createPrivateKey(openssl.read("pkcs8.pem").toString());
		const plain = ["pkey -in pkcs8.pem -outform DER", "pkey -in pkcs8.pem"];
		const secret = `-passout pass:${passphrase}`;
		const locked = [
			`pkcs8 -topk8 -in pkcs8.pem ${secret}`,
			`pkcs8 -topk8 -in pkcs8.pem -outform DER ${secret}`,
			`pkcs8 -topk8 -in pkcs8.pem -v2 aes-128-cbc -v2prf hmacWithSHA512 -iter 20000 ${secret}`,
			`pkcs8 -topk8 -in pkcs8.pem -v2 aes-192-cbc -v2prf hmacWithSHA1 ${secret}`,
			`pkcs8 -topk8 -in pkcs8.pem -v2 des3 ${secret}`,
			`pkcs8 -topk8 -in pkcs8.pem -scrypt ${secret}`,
			`pkcs8 -topk8 -in pkcs8.pem -v1 PBE-SHA1-3DES ${secret}`,
		];
		if (name !== "ed25519") {
			plain.push(
				"pkey -in pkcs8.pem -traditional",
				`${name.startsWith("rsa") ? "rsa -traditional" : "ec"} -in pkcs8.pem -outform DER`,
			);
			locked.push(
				`pkey -in pkcs8.pem -traditional -aes256 ${secret}`,
				`pkey -in pkcs8.pem -traditional -des3 ${secret}`,
			);
		}
		for (const line of plain) {
			openssl.line(`${line} -out file`);
			assert.ok(keyOf(openssl.read("file")).equals(key), `${name}: ${line}`);
		}
		// The longer keys differ in nothing that encryption sees.
		const isLonger = name === "rsa3072" || name === "rsa4096";
		for (const line of isLonger ? locked.slice(0, 2) : locked) {
			openssl.line(`${line} -out file`);
			const file = openssl.read("file");
			assert.deepEqual(readPrivateKey(file, undefined), { kind: "needs-passphrase" }, `${name}: ${line}`);
			assert.ok(keyOf(file, passphrase).equals(key), `${name}: ${line}`);
			const refusal = readPrivateKey(file, "pass:word");
			assert.equal(refusal.kind, "refused", `${name}: ${line}`);
		}
	}
});

test("R77: openssl, NSS and GnuTLS open a PKCS#12 file of every key type that is made here, with its alias", (t) => {
	const openssl = open(t, ["openssl", "pk12util", "certutil", "certtool"]);
	if (openssl === undefined) return;
	for (const name of keyNames) {
		const { leaf, intermediate, root } = makeChain(["shop.example"], {
			leaf: { subject: "CN=shop.example", key: name },
		});
		const file = encodePkcs12({
			certificates: [leaf.der, intermediate.der, root.der],
			key: leaf.privateKey,
			friendlyName: "blåbær",
			passphrase,
			random: randomBytes(80),
		});
		openssl.write("own.p12", file);
		const key = openssl.line(`pkcs12 -in own.p12 -passin pass:${passphrase} -nocerts -nodes`);
		assert.ok(createPrivateKey(key).equals(leaf.privateKey), name);
		assert.match(key, /friendlyName: bl.b.r/);
		openssl.line(`pkcs12 -in own.p12 -passin pass:${passphrase} -nokeys -clcerts -out own.crt`);
		assert.equal(openssl.line("x509 -in own.crt"), leaf.pem);
		const all = openssl.line(`pkcs12 -in own.p12 -passin pass:${passphrase} -nokeys`);
		assert.equal(all.match(/BEGIN CERTIFICATE/g)?.length, 3);
		assert.match(
			openssl.program("certtool", "--p12-info", "--inder", "--infile", "own.p12", "--password", passphrase),
			/BEGIN/,
		);
		// NSS keeps no Ed25519 keys; longer RSA keys differ in nothing that the container sees.
		if (!inNss.has(name)) continue;
		openssl.program("pk12util", "-l", "own.p12", "-d", ".", "-W", passphrase);
		openssl.program("certutil", "-N", "-d", openssl.newFolder(name), "--empty-password");
		openssl.program("pk12util", "-i", "own.p12", "-d", name, "-W", passphrase);
		assert.match(openssl.program("certutil", "-L", "-d", name), /blåbær +u,u,u/);
		openssl.program("pk12util", "-o", "nss.p12", "-n", "blåbær", "-d", name, "-W", passphrase);
		const back = contentsOf(openssl.read("nss.p12"));
		assert.ok(back.keys[0]?.key.equals(leaf.privateKey), name);
		assert.equal(back.certificates.length, 3);
	}
});

test("R75, R77: PKCS#12 files of every key type and cipher that openssl makes are read; RC2 has its own answer", (t) => {
	const openssl = open(t);
	if (openssl === undefined) return;
	for (const name of keyNames) {
		const { leaf, intermediate, root } = makeChain(["shop.example"], { leaf: { key: name } });
		openssl.write("own.key", leaf.keyPem);
		openssl.write("own.crt", leaf.pem);
		openssl.write("more.crt", intermediate.pem + root.pem);
		const line = `pkcs12 -export -in own.crt -inkey own.key -certfile more.crt -name shop -caname one -caname two -passout pass:${passphrase} -out file`;
		const ciphers = [
			"",
			" -macalg sha512 -iter 30000",
			" -certpbe AES-128-CBC -keypbe AES-192-CBC -macalg sha1",
			" -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1",
			" -certpbe NONE -keypbe NONE",
		];
		for (const more of ciphers) {
			openssl.line(line + more);
			const { certificates, keys, refusedKeys } = contentsOf(openssl.read("file"));
			const ders = [leaf.der, intermediate.der, root.der].map((der) => Buffer.from(der));
			assert.deepEqual(
				certificates.map(({ der }) => Buffer.from(der)),
				ders,
				name + more,
			);
			assert.deepEqual(
				certificates.map(({ friendlyName }) => friendlyName),
				["shop", "one", "two"],
			);
			assert.ok(keys[0]?.key.equals(leaf.privateKey), name + more);
			assert.deepEqual(refusedKeys, []);
			assert.equal(readPkcs12(openssl.read("file"), "x").kind, "refused");
		}
	}
	const { leaf } = makeChain();
	openssl.write("own.key", leaf.keyPem);
	openssl.write("own.crt", leaf.pem);
	openssl.line("pkcs12 -export -legacy -in own.crt -inkey own.key -passout pass:x -out file");
	const legacy = readPkcs12(openssl.read("file"), "x");
	assert.match(
		legacy.kind === "refused" ? legacy.reason : "",
		/40-bit RC2, a broken scheme that is not read; convert it/,
	);
	// The conversion that the message names.
	openssl.line("pkcs12 -legacy -in file -nodes -passin pass:x -out all.pem");
	openssl.line(`pkcs12 -export -in all.pem -passout pass:${passphrase} -out new`);
	assert.ok(contentsOf(openssl.read("new")).keys[0]?.key.equals(leaf.privateKey));
});

test("R76: certificate files that openssl makes are read: PEM, DER, PKCS#7", (t) => {
	const openssl = open(t);
	if (openssl === undefined) return;
	for (const name of keyNames) {
		const { leaf, root } = makeChain(["shop.example"], { root: { key: name }, leaf: { key: name } });
		openssl.write("leaf.pem", leaf.pem);
		openssl.write("root.pem", root.pem);
		const found = (file: string) => {
			const read = readCertificateFile(openssl.read(file));
			assert.equal(read.kind, "certificates", JSON.stringify(read));
			return read.kind === "certificates"
				? read.certificates.map((der) => Buffer.from(der).toString("base64")).sort()
				: [];
		};
		const both = [leaf.der, root.der].map((der) => Buffer.from(der).toString("base64")).sort();
		openssl.line("x509 -in leaf.pem -outform DER -out leaf.der");
		openssl.line("x509 -in leaf.pem -text -out leaf.txt");
		for (const file of ["leaf.pem", "leaf.der", "leaf.txt"])
			assert.deepEqual(found(file), [Buffer.from(leaf.der).toString("base64")]);
		openssl.line("crl2pkcs7 -nocrl -certfile leaf.pem -certfile root.pem -out both.pem");
		openssl.line("crl2pkcs7 -nocrl -certfile leaf.pem -certfile root.pem -outform DER -out both.der");
		for (const file of ["both.pem", "both.der"]) assert.deepEqual(found(file), both);
		openssl.write("again.pem", certificatePem(leaf.der));
		assert.equal(openssl.line("x509 -in again.pem"), leaf.pem);
	}
});
