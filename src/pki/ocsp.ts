/**
 * OCSP messages: requests written, responses decoded (RFC 6960 §4.1, §4.2; RFC 9654 for the nonce).
 *
 *     OCSPResponse = SEQUENCE { responseStatus ENUMERATED, [0] { responseType OID, response OCTET STRING } }
 *     BasicOCSPResponse = SEQUENCE { tbsResponseData, signatureAlgorithm, signature, [0] certs }
 *     ResponseData = SEQUENCE { [0] version, responderID, producedAt, responses, [1] extensions }
 *     SingleResponse = SEQUENCE { certID, certStatus, thisUpdate, [0] nextUpdate, [1] extensions }
 */

import { hash } from "node:crypto";
import { type Decoded, done, equalBytes, malformed } from "#base/bytes.ts";
import {
	type AlgorithmIdentifier,
	type Certificate,
	decodeCertificate,
	readAlgorithmIdentifier,
} from "#pki/certificate.ts";
import {
	DerReader,
	derConstructed,
	derElement,
	derNull,
	derOctetString,
	derOid,
	derSequence,
	derTag,
} from "#pki/der.ts";
import { readExtensions } from "#pki/extensions.ts";
import { type DistinguishedName, readName } from "#pki/name.ts";
import { extensionOid, hashName, ocspBasicOid } from "#pki/oids.ts";

export type OcspResponseStatus =
	| "successful"
	| "malformed-request"
	| "internal-error"
	| "try-later"
	| "signature-required"
	| "unauthorized"
	| "unknown";

/** Which certificate an answer is about. `hash` is the name node:crypto knows; empty for one that is not known. */
export interface CertificateId {
	readonly hash: string;
	readonly issuerNameHash: Uint8Array;
	readonly issuerKeyHash: Uint8Array;
	readonly serial: Uint8Array;
}

export type CertificateStatus =
	| { readonly kind: "good" }
	| { readonly kind: "revoked"; readonly revokedAt: number; readonly reason: number | undefined }
	| { readonly kind: "unknown" };

export interface SingleResponse {
	readonly id: CertificateId;
	readonly status: CertificateStatus;
	/** Milliseconds since 1970. */
	readonly thisUpdate: number;
	readonly nextUpdate: number | undefined;
}

/** Who signed: by name, or by the SHA-1 of the key. */
export type ResponderId =
	| { readonly kind: "name"; readonly name: DistinguishedName }
	| { readonly kind: "key"; readonly keyHash: Uint8Array };

export interface BasicResponse {
	/** The part that is signed. */
	readonly tbs: Uint8Array;
	readonly responder: ResponderId;
	readonly producedAt: number;
	readonly responses: readonly SingleResponse[];
	readonly nonce: Uint8Array | undefined;
	readonly signatureAlgorithm: AlgorithmIdentifier;
	readonly signature: Uint8Array;
	/** Certificates sent along; those that cannot be read are left out. */
	readonly certificates: readonly Certificate[];
	/** What makes the response unusable although it can be read. */
	readonly faults: readonly string[];
}

export interface OcspResponse {
	readonly status: OcspResponseStatus;
	/** Only with `successful`. */
	readonly basic: BasicResponse | undefined;
}

/** A request about one certificate, with SHA-1 identifiers as every responder knows them (RFC 5019 §2.1.1). */
export function encodeOcspRequest(certificate: Certificate, issuer: Certificate, nonce?: Uint8Array): Uint8Array {
	const { issuerNameHash, issuerKeyHash } = issuerHashes("sha1", certificate, issuer);
	const id = derSequence(
		derSequence(derOid(sha1Oid), derNull()),
		derOctetString(issuerNameHash),
		derOctetString(issuerKeyHash),
		// The serial as it stands, were it negative or padded.
		certificateSerial(certificate),
	);
	const extensions =
		nonce === undefined
			? []
			: [
					derConstructed(
						2,
						derSequence(derSequence(derOid(extensionOid.ocspNonce), derOctetString(derOctetString(nonce)))),
					),
				];
	return derSequence(derSequence(derSequence(derSequence(id)), ...extensions));
}

/** True when the answer is about this certificate of this issuer. */
export function isAbout(id: CertificateId, certificate: Certificate, issuer: Certificate): boolean {
	if (!usableHashes.has(id.hash) || !equalBytes(id.serial, certificate.serial)) return false;
	const { issuerNameHash, issuerKeyHash } = issuerHashes(id.hash, certificate, issuer);
	return equalBytes(id.issuerNameHash, issuerNameHash) && equalBytes(id.issuerKeyHash, issuerKeyHash);
}

/** True when the response says it is signed by this certificate's key. */
export function isResponder(responder: ResponderId, certificate: Certificate): boolean {
	if (responder.kind === "name") return responder.name.equals(certificate.subject);
	return equalBytes(responder.keyHash, hash("sha1", certificate.publicKey.keyOctets, "buffer"));
}

/**
 * Decodes one response. The octets are one complete frame: cut-short input is malformed, not need-more.
 *
 * Bounds: refuses more than 256 KiB, more than 64 answers and more than 8 certificates.
 */
export function decodeOcspResponse(der: Uint8Array): Decoded<OcspResponse> {
	if (der.length > maxResponseOctets)
		return malformed(`OCSP response: ${der.length} octets, at most ${maxResponseOctets} are read`);
	const reader = new DerReader(der);
	const outer = reader.open(derTag.sequence, "OCSP response");
	reader.close("OCSP response");
	const status = statuses[outer.enumerated("responseStatus")] ?? "unknown";
	let basic: BasicResponse | undefined;
	if (!outer.isAtEnd) {
		const explicit = outer.open(0xa0, "responseBytes");
		const bytes = explicit.open(derTag.sequence, "responseBytes");
		explicit.close("responseBytes");
		if (bytes.oid("responseType") !== ocspBasicOid) bytes.fail("responseType: expected a basic OCSP response");
		const content = bytes.octetString("response");
		bytes.close("responseBytes");
		if (reader.reason === undefined) basic = readBasic(content, reader);
	}
	outer.close("OCSP response");
	if (status === "successful" && basic === undefined) reader.fail("OCSP response: successful without an answer");
	if (reader.reason !== undefined) return malformed(reader.reason);
	return done({ status, basic: status === "successful" ? basic : undefined }, der.length);
}

function readBasic(octets: Uint8Array, outer: DerReader): BasicResponse | undefined {
	const reader = new DerReader(octets);
	const faults: string[] = [];
	const basic = reader.open(derTag.sequence, "basic response");
	reader.close("basic response");
	const start = basic.position;
	const data = readResponseData(basic.open(derTag.sequence, "responseData"), faults);
	const tbs = octets.subarray(start, basic.position);
	const signatureAlgorithm = readAlgorithmIdentifier(basic, "signatureAlgorithm");
	const signature = basic.wholeBitString("signature");
	const certificates = basic.peek() === 0xa0 ? readCertificates(basic.open(0xa0, "certs")) : [];
	basic.close("basic response");
	if (reader.reason !== undefined) {
		outer.fail(reader.reason);
		return undefined;
	}
	return { tbs, ...data, signatureAlgorithm, signature, certificates, faults };
}

function readResponseData(data: DerReader, faults: string[]) {
	if (data.peek() === 0xa0) data.open(0xa0, "version").smallInteger("version", 0);
	const responder = readResponder(data, faults);
	const producedAt = data.generalizedTime("producedAt");
	const list = data.open(derTag.sequence, "responses");
	const responses: SingleResponse[] = [];
	while (!list.isAtEnd) {
		if (responses.length === maxResponses) list.fail(`responses: more than ${maxResponses}`);
		responses.push(readSingle(list.open(derTag.sequence, "singleResponse"), faults));
	}
	const nonce = data.peek() === 0xa1 ? readNonce(data.open(0xa1, "responseExtensions"), faults) : undefined;
	data.close("responseData");
	return { responder, producedAt, responses, nonce };
}

function readResponder(data: DerReader, faults: string[]): ResponderId {
	if (data.peek() === 0xa2) {
		const explicit = data.open(0xa2, "responderID");
		const keyHash = explicit.octetString("responderID");
		explicit.close("responderID");
		return { kind: "key", keyHash };
	}
	const explicit = data.open(0xa1, "responderID");
	const name = readName(explicit, "responderID", faults);
	explicit.close("responderID");
	return { kind: "name", name };
}

function readSingle(single: DerReader, faults: string[]): SingleResponse {
	const id = readCertificateId(single.open(derTag.sequence, "certID"));
	const status = readStatus(single);
	const thisUpdate = single.generalizedTime("thisUpdate");
	let nextUpdate: number | undefined;
	if (single.peek() === 0xa0) {
		const explicit = single.open(0xa0, "nextUpdate");
		nextUpdate = explicit.generalizedTime("nextUpdate");
		explicit.close("nextUpdate");
	}
	if (single.peek() === 0xa1) readPassedOver(single.open(0xa1, "singleExtensions"), faults);
	single.close("singleResponse");
	return { id, status, thisUpdate, nextUpdate };
}

function readCertificateId(id: DerReader): CertificateId {
	const algorithm = readAlgorithmIdentifier(id, "certID");
	const issuerNameHash = id.octetString("issuerNameHash");
	const issuerKeyHash = id.octetString("issuerKeyHash");
	const serial = id.integer("serialNumber");
	id.close("certID");
	return { hash: hashName[algorithm.oid] ?? "", issuerNameHash, issuerKeyHash, serial };
}

function readStatus(single: DerReader): CertificateStatus {
	const tag = single.peek();
	if (tag === 0xa1) {
		const info = single.open(0xa1, "revoked");
		const revokedAt = info.generalizedTime("revocationTime");
		const reason =
			info.peek() === 0xa0 ? info.open(0xa0, "revocationReason").enumerated("revocationReason") : undefined;
		info.close("revoked");
		return { kind: "revoked", revokedAt, reason };
	}
	const content = single.content(tag === 0x82 ? 0x82 : 0x80, "certStatus");
	if (content.length > 0) single.fail("certStatus: NULL with content");
	return { kind: tag === 0x82 ? "unknown" : "good" };
}

function readNonce(explicit: DerReader, faults: string[]): Uint8Array | undefined {
	const extensions = readExtensions(explicit, "responseExtensions", faults);
	explicit.close("responseExtensions");
	let nonce: Uint8Array | undefined;
	for (const { oid, isCritical, value } of extensions) {
		if (oid === extensionOid.ocspNonce) nonce = nonceOctets(value);
		else if (isCritical) faults.push(`the critical extension ${oid} is not one that is processed`);
	}
	return nonce;
}

/** An OCTET STRING; some responders send the octets bare, as RFC 2560 could be read. */
function nonceOctets(value: Uint8Array): Uint8Array {
	const reader = new DerReader(value);
	const nonce = reader.octetString("nonce");
	reader.close("nonce");
	return reader.reason === undefined ? nonce : value;
}

function readPassedOver(explicit: DerReader, faults: string[]): void {
	const extensions = readExtensions(explicit, "singleExtensions", faults);
	explicit.close("singleExtensions");
	for (const { oid, isCritical } of extensions)
		if (isCritical) faults.push(`the critical extension ${oid} is not one that is processed`);
}

function readCertificates(explicit: DerReader): Certificate[] {
	const list = explicit.open(derTag.sequence, "certs");
	explicit.close("certs");
	const certificates: Certificate[] = [];
	for (let count = 0; !list.isAtEnd; count++) {
		if (count === maxCertificates) list.fail(`certs: more than ${maxCertificates}`);
		const decoded = decodeCertificate(list.element("certs"));
		if (decoded.kind === "done") certificates.push(decoded.value);
	}
	return certificates;
}

/** Over the issuer's name as the certificate writes it, and the issuer's key. */
function issuerHashes(algorithm: string, certificate: Certificate, issuer: Certificate) {
	return {
		issuerNameHash: hash(algorithm, certificate.issuer.raw, "buffer"),
		issuerKeyHash: hash(algorithm, issuer.publicKey.keyOctets, "buffer"),
	};
}

function certificateSerial({ serial }: Certificate): Uint8Array {
	return derElement(derTag.integer, serial);
}

const sha1Oid = "1.3.14.3.2.26";
const usableHashes: ReadonlySet<string> = new Set(["sha1", "sha256", "sha384", "sha512"]);
const maxResponseOctets = 262_144;
const maxResponses = 64;
const maxCertificates = 8;
const statuses: Readonly<Record<number, OcspResponseStatus>> = {
	0: "successful",
	1: "malformed-request",
	2: "internal-error",
	3: "try-later",
	5: "signature-required",
	6: "unauthorized",
};
