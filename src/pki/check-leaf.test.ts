import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { checkLeaf } from "#pki/check-leaf.ts";
import {
	derBoolean,
	derConstructed,
	derElement,
	derInteger,
	derNamedBits,
	derOctetString,
	derOid,
	derSequence,
	derTime,
} from "#pki/der.ts";
import { crlPointer, keyIdentifier, type MintingRules, planLeaf, type SigningCa } from "#pki/mint.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const made = makeCertificate({ subject: "CN=Signing CA", isCa: true });
const ca: SigningCa = {
	id: "ca",
	certificate: made.der,
	chain: [],
	subject: made.certificate.subject.raw,
	subjectKeyIdentifier: new Uint8Array(20),
	notBefore: made.certificate.notBefore,
	notAfter: made.certificate.notAfter,
	scheme: "ecdsa-p256",
	maySignCrls: true,
};
const rules: MintingRules = { now: Date.now(), maximumLifetimeMs: 36_500 * 86_400_000, crlHost: "sallyport.test" };
const caKey = made.publicKey.export({ type: "spki", format: "der" });
const leafKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "der" });
const names = derSequence(derElement(0x82, Buffer.from("a.test")));

test("M2 to M5, N2: what the gateway itself plans is signed", () => {
	for (const keyType of ["ec", "rsa"] as const) {
		const key = { publicKeyInfo: leafKey, keyIdentifier: keyIdentifier(leafKey), keyType };
		const subject = makeCertificate({ subject: "CN=a.test" }).certificate.subject.raw;
		const dates = { notBefore: ca.notBefore - 1_000, notAfter: ca.notAfter + 1_000, hasCrl: true };
		const planned = planLeaf({ subject, subjectAltName: names, ...dates }, ca, key, new Uint8Array(16).fill(7), rules);
		assert.equal(checkLeaf(planned, ca, caKey, rules).kind, "leaf");
	}
});

const basicConstraints = extension("2.5.29.19", derSequence());
const keyUsage = extension("2.5.29.15", derNamedBits(1));
const serverAuth = extension("2.5.29.37", derSequence(derOid("1.3.6.1.5.5.7.3.1")));
const san = extension("2.5.29.17", names);
const honest = [basicConstraints, keyUsage, serverAuth, san];

const refusals: readonly {
	readonly says: string;
	readonly toBeSigned: Uint8Array;
	readonly reason: RegExp;
	readonly rules?: MintingRules;
}[] = [
	{
		says: "that is a CA",
		toBeSigned: request({ extensions: [extension("2.5.29.19", derSequence(derBoolean(true))), keyUsage, serverAuth] }),
		reason: /CA:FALSE/,
	},
	{
		says: "whose key may sign certificates",
		toBeSigned: request({ extensions: [basicConstraints, extension("2.5.29.15", derNamedBits(1 << 5)), serverAuth] }),
		reason: /key usage/,
	},
	{
		says: "whose key may sign CRLs too",
		toBeSigned: request({ extensions: [basicConstraints, extension("2.5.29.15", derNamedBits(0x41)), serverAuth] }),
		reason: /key usage/,
	},
	{
		says: "that does not limit its key's use",
		toBeSigned: request({ extensions: [basicConstraints, serverAuth] }),
		reason: /key usage/,
	},
	{
		says: "for clients",
		toBeSigned: request({
			extensions: [basicConstraints, keyUsage, extension("2.5.29.37", derSequence(derOid("1.3.6.1.5.5.7.3.2")))],
		}),
		reason: /serverAuth alone/,
	},
	{ says: "with an extension twice", toBeSigned: request({ extensions: [...honest, san] }), reason: /twice/ },
	{
		says: "with an extension of another kind",
		toBeSigned: request({ extensions: [...honest, extension("2.16.840.1.113730.1.1", derNamedBits(1))] }),
		reason: /not one of a leaf/,
	},
	{
		says: "that points to another revocation list",
		toBeSigned: request({
			extensions: [...honest, extension("2.5.29.31", crlPointer("http://sallyport.test/crl/other.crl"))],
		}),
		reason: /revocation list is not the CA's/,
	},
	{
		says: "that promises a stapled answer",
		toBeSigned: request({
			extensions: [...honest, extension("1.3.6.1.5.5.7.1.24", derSequence(derInteger(5)))],
		}),
		reason: /1\.3\.6\.1\.5\.5\.7\.1\.24 is not one of a leaf/,
	},
	{
		says: "that lasts longer than the policy permits",
		toBeSigned: request({}),
		rules: { ...rules, maximumLifetimeMs: 86_400_000 },
		reason: /lasts longer/,
	},
	{
		says: "of a CA that has ended",
		toBeSigned: request({}),
		rules: { ...rules, now: ca.notAfter + 1_000 },
		reason: /the CA has ended/,
	},
	{ says: "in another CA's name", toBeSigned: request({ issuer: name("Other") }), reason: /issuer/ },
	{ says: "that calls itself the CA", toBeSigned: request({ subject: ca.subject }), reason: /subject/ },
	{ says: "for the CA's own key", toBeSigned: request({ publicKeyInfo: caKey }), reason: /CA's own/ },
	{ says: "that outlives the CA", toBeSigned: request({ notAfter: ca.notAfter + 1_000 }), reason: /after the CA/ },
	{ says: "older than the CA", toBeSigned: request({ notBefore: ca.notBefore - 1_000 }), reason: /before the CA/ },
	{
		says: "that ends before it begins",
		toBeSigned: request({ notBefore: ca.notBefore + 9_000, notAfter: ca.notBefore + 1_000 }),
		reason: /before it begins/,
	},
	{ says: "with a short serial", toBeSigned: request({ serial: Uint8Array.of(0x40) }), reason: /64 random bits/ },
	{ says: "that is none", toBeSigned: new Uint8Array(1_000).fill(0x30), reason: /cannot be read/ },
];
for (const { says, toBeSigned, reason, rules: policy = rules } of refusals) {
	test(`N2: a certificate ${says} is not signed`, () => {
		const check = checkLeaf(toBeSigned, ca, caKey, policy);
		assert.ok(check.kind === "refused");
		assert.match(check.reason, reason);
	});
}

/** A TBSCertificate as a worker that was taken over might write it. */
function request({
	issuer = ca.subject,
	subject = name("a.test"),
	publicKeyInfo = leafKey as Uint8Array,
	notBefore = ca.notBefore,
	notAfter = ca.notAfter,
	serial = new Uint8Array(16).fill(0x41),
	extensions = honest,
}: {
	readonly issuer?: Uint8Array;
	readonly subject?: Uint8Array;
	readonly publicKeyInfo?: Uint8Array;
	readonly notBefore?: number;
	readonly notAfter?: number;
	readonly serial?: Uint8Array;
	readonly extensions?: readonly Uint8Array[];
}): Uint8Array {
	return derSequence(
		derConstructed(0, derInteger(2)),
		derInteger(serial),
		derSequence(derOid("1.2.840.10045.4.3.2")),
		issuer,
		derSequence(derTime(notBefore), derTime(notAfter)),
		subject,
		publicKeyInfo,
		derConstructed(3, derSequence(...extensions)),
	);
}

function name(commonName: string): Uint8Array {
	return makeCertificate({ subject: `CN=${commonName}` }).certificate.subject.raw;
}

function extension(oid: string, value: Uint8Array): Uint8Array {
	return derSequence(derOid(oid), derOctetString(value));
}
