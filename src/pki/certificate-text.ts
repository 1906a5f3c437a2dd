/** Certificates as `show security pki` prints them, in the layout of Junos. */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { formatAddress } from "#base/address.ts";
import type { Certificate } from "#pki/certificate.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { type GeneralName, generalNameText } from "#pki/general-name.ts";
import type { DistinguishedName, NameAttribute } from "#pki/name.ts";
import { accessMethodOid, attributeOid, attributeShortName } from "#pki/oids.ts";
import { visibleText } from "#telemetry/display-text.ts";

/** The few lines of a list. `more` are lines of the caller, indented by two. */
export function certificateBrief(identifier: string, certificate: Certificate, more: readonly string[] = []): string {
	const { subject, issuer } = certificate;
	return lines(
		`Certificate identifier: ${visibleText(identifier)}`,
		`  Issued to: ${subjectName(subject)}, Issued by: ${nameText(issuer)}`,
		...validity(certificate),
		`  Public key algorithm: ${keyText(certificate)}`,
		...more.map((line) => `  ${line}`),
	);
}

/** Everything that a person asks of a certificate. */
export function certificateDetail(identifier: string, certificate: Certificate, more: readonly string[] = []): string {
	const { subject, issuer, publicKey, signatureAlgorithm, typed } = certificate;
	return lines(
		`Certificate identifier: ${visibleText(identifier)}`,
		`  Certificate version: ${certificate.version}`,
		"  Serial number:",
		`    hexadecimal: 0x${certificate.serialText.toLowerCase()}`,
		`    decimal: ${BigInt(`0x${certificate.serialText || "0"}`)}`,
		"  Issuer:",
		`    ${longName(issuer)}`,
		"  Subject:",
		`    ${longName(subject)}`,
		"  Subject string:",
		`    ${nameText(subject)}`,
		...titled("Alternate subject", (typed.subjectAltName ?? []).slice(0, maxNames).map(alternateName)),
		...validity(certificate),
		`  Public key algorithm: ${keyText(certificate)}`,
		...colonLines(publicKey.keyOctets).map((line) => `    ${line}`),
		`  Signature algorithm: ${signatureNames[signatureAlgorithm.oid] ?? signatureAlgorithm.oid}`,
		...titled("Distribution CRL", distributionPoints(certificate)),
		...titled("Authority Information Access OCSP", accessLocations(certificate, accessMethodOid.ocsp)),
		...titled("Authority Information Access CA issuers", accessLocations(certificate, accessMethodOid.caIssuers)),
		...usage(certificate),
		"  Fingerprint:",
		...fingerprintLines(certificate.der),
		...certificate.faults.map((fault) => `  Fault: ${visibleText(fault)}`),
		...more.map((line) => `  ${line}`),
	);
}

/** `    aa:bb:... (sha1)` and so on; SHA-256 is the one to compare. */
export function fingerprintLines(der: Uint8Array): string[] {
	return ["sha1", "md5", "sha256"].map((name) => `    ${colons(hash(name, der, "buffer"))} (${name})`);
}

/** `09-03-2012 14:05 UTC`, the day without a zero before it, as Junos prints it. */
export function shortDate(milliseconds: number): string {
	const [date = "", time = ""] = new Date(milliseconds).toISOString().split("T");
	const [year, month, day = ""] = date.split("-");
	return `${month}-${String(Number(day)).padStart(2)}-${year} ${time.slice(0, 5)} UTC`;
}

function validity({ notBefore, notAfter }: Certificate): string[] {
	return ["  Validity:", `    Not before: ${shortDate(notBefore)}`, `    Not after: ${shortDate(notAfter)}`];
}

function usage({ typed }: Certificate): string[] {
	const { keyUsage } = typed;
	if (keyUsage === undefined) return [];
	const names = Object.entries(keyUsageBit).flatMap(([name, bit]) =>
		(keyUsage & bit) === 0 ? [] : [usageNames[name]],
	);
	return [`  Use for key: ${names.join(", ")}`];
}

function distributionPoints({ typed }: Certificate): string[] {
	return (typed.crlDistributionPoints ?? []).flatMap(({ fullName }) => (fullName ?? []).map(generalText));
}

function accessLocations({ typed }: Certificate, method: string): string[] {
	return (typed.authorityInfoAccess ?? [])
		.filter((one) => one.method === method)
		.map(({ location }) => generalText(location));
}

function alternateName(name: GeneralName): string {
	return name.kind === "ip" ? formatAddress({ octets: name.octets }) : generalText(name);
}

function generalText(name: GeneralName): string {
	return visibleText(
		name.kind === "dns" || name.kind === "uri" || name.kind === "email" ? name.text : generalNameText(name),
	);
}

function keyText({ publicKey }: Certificate): string {
	const { kind, bits, curve } = publicKey;
	return `${keyNames[kind] ?? kind}(${bits} bits${curve === undefined ? "" : `, ${curve}`})`;
}

/** The common name, or whatever names the subject. */
function subjectName(subject: DistinguishedName): string {
	const [first] = subject.valuesOf(attributeOid.commonName);
	return first === undefined ? nameText(subject) : visibleText(first);
}

/** `C = US, O = juniper`, most general first. */
function nameText(name: DistinguishedName): string {
	return attributesOf(name)
		.map((attribute) => `${attributeShortName[attribute.type] ?? attribute.type} = ${valueText(attribute)}`)
		.join(", ");
}

/** `Organization: juniper, Country: us`. */
function longName(name: DistinguishedName): string {
	return attributesOf(name)
		.map(
			(attribute) =>
				`${longNames[attribute.type] ?? attributeShortName[attribute.type] ?? attribute.type}: ${valueText(attribute)}`,
		)
		.join(", ");
}

function attributesOf(name: DistinguishedName): readonly NameAttribute[] {
	return name.relativeNames.flat();
}

function valueText({ text, value }: NameAttribute): string {
	return text === undefined ? `#${Buffer.from(value).toString("hex")}` : visibleText(text);
}

function titled(title: string, values: readonly string[]): string[] {
	return values.length === 0 ? [] : [`  ${title}:`, ...values.map((value) => `    ${value}`)];
}

function colonLines(octets: Uint8Array): string[] {
	const found: string[] = [];
	for (let at = 0; at < octets.length; at += octetsPerLine) found.push(colons(octets.subarray(at, at + octetsPerLine)));
	return found;
}

function colons(octets: Uint8Array): string {
	return (Buffer.from(octets).toString("hex").match(/../g) ?? []).join(":");
}

function lines(...all: readonly string[]): string {
	return all.map((line) => `${line}\n`).join("");
}

const octetsPerLine = 24;
const maxNames = 100;

const keyNames: Readonly<Record<string, string>> = {
	rsa: "rsaEncryption",
	"rsa-pss": "rsassaPss",
	ec: "id-ecPublicKey",
};

const usageNames: Readonly<Record<string, string>> = {
	digitalSignature: "Digital signature",
	nonRepudiation: "Non repudiation",
	keyEncipherment: "Key encipherment",
	dataEncipherment: "Data encipherment",
	keyAgreement: "Key agreement",
	keyCertSign: "Certificate signing",
	cRLSign: "CRL signing",
	encipherOnly: "Encipher only",
	decipherOnly: "Decipher only",
};

const longNames: Readonly<Record<string, string>> = {
	[attributeOid.commonName]: "Common name",
	[attributeOid.countryName]: "Country",
	[attributeOid.localityName]: "Locality",
	[attributeOid.stateOrProvinceName]: "State",
	[attributeOid.organizationName]: "Organization",
	[attributeOid.organizationalUnitName]: "Organizational unit",
	[attributeOid.domainComponent]: "Domain component",
	[attributeOid.emailAddress]: "E-mail address",
	[attributeOid.serialNumber]: "Serial number",
};

/** RFC 3279, RFC 4055, RFC 5758, RFC 8410. */
const signatureNames: Readonly<Record<string, string>> = {
	"1.2.840.113549.1.1.4": "md5WithRSAEncryption",
	"1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
	"1.2.840.113549.1.1.10": "rsassaPss",
	"1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
	"1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
	"1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
	"1.2.840.10045.4.1": "ecdsa-with-SHA1",
	"1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
	"1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
	"1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
	"1.3.101.112": "Ed25519",
	"1.3.101.113": "Ed448",
};
