/** OCSP responses for tests: any field right or wrong on purpose. */

import { createHash } from "node:crypto";
import { concat } from "#base/bytes.ts";
import type { Certificate } from "#pki/certificate.ts";
import {
	contextTag,
	derBitString,
	derBoolean,
	derConstructed,
	derElement,
	derEnumerated,
	derGeneralizedTime,
	derNull,
	derOctetString,
	derOid,
	derSequence,
	derTag,
} from "#pki/der.ts";
import { extensionOid, ocspBasicOid } from "#pki/oids.ts";
import { type HashName, type Made, signOctets, type TestExtension } from "./make-certificate.ts";

export interface OcspAnswer {
	readonly certificate: Certificate;
	readonly issuer: Certificate;
	readonly status?: "good" | "revoked" | "unknown";
	/** CRLReason by number, with `revoked`. */
	readonly reason?: number;
	readonly thisUpdate?: number;
	/** `null` leaves it out. */
	readonly nextUpdate?: number | null;
	readonly hash?: "sha1" | "sha256";
	readonly extensions?: readonly TestExtension[];
}

export interface OcspRequest {
	readonly answers: readonly OcspAnswer[];
	readonly signer: Made;
	/** How the responder names itself. Default by name. */
	readonly responder?: "name" | "key";
	readonly producedAt?: number;
	readonly certificates?: readonly Made[];
	readonly nonce?: Uint8Array;
	readonly extensions?: readonly TestExtension[];
	/** responseStatus by number; anything but 0 leaves the answer out. */
	readonly responseStatus?: number;
	readonly signatureHash?: HashName;
	readonly hasBrokenSignature?: boolean;
}

/** One response in DER. */
export function makeOcspResponse(request: OcspRequest): Uint8Array {
	const status = request.responseStatus ?? 0;
	if (status !== 0) return derSequence(derEnumerated(status));
	const basic = makeBasic(request);
	return derSequence(derEnumerated(0), derConstructed(0, derSequence(derOid(ocspBasicOid), derOctetString(basic))));
}

function makeBasic(request: OcspRequest): Uint8Array {
	const { signer, certificates = [] } = request;
	const responder =
		request.responder === "key"
			? derConstructed(2, derOctetString(digest("sha1", signer.certificate.publicKey.keyOctets)))
			: derConstructed(1, signer.certificate.subject.raw);
	const extensions: TestExtension[] = [...(request.extensions ?? [])];
	if (request.nonce !== undefined)
		extensions.push({ oid: extensionOid.ocspNonce, value: derOctetString(request.nonce) });
	const tbs = derSequence(
		responder,
		derGeneralizedTime(request.producedAt ?? Date.now() - minute),
		derSequence(...request.answers.map(makeSingle)),
		...(extensions.length === 0 ? [] : [derConstructed(1, encodeExtensions(extensions))]),
	);
	const { algorithm, signature } = signOctets(tbs, signer.privateKey, request.signatureHash);
	const last = signature.length - 1;
	if (request.hasBrokenSignature === true) signature[last] = (signature[last] as number) ^ 1;
	const sent =
		certificates.length === 0 ? [] : [derConstructed(0, derSequence(concat(certificates.map(({ der }) => der))))];
	return derSequence(tbs, algorithm, derBitString(signature), ...sent);
}

function makeSingle(answer: OcspAnswer): Uint8Array {
	const { certificate, issuer, hash = "sha1" } = answer;
	const nextUpdate = answer.nextUpdate === undefined ? Date.now() + 60 * minute : answer.nextUpdate;
	return derSequence(
		derSequence(
			derSequence(derOid(hash === "sha1" ? "1.3.14.3.2.26" : "2.16.840.1.101.3.4.2.1"), derNull()),
			derOctetString(digest(hash, certificate.issuer.raw)),
			derOctetString(digest(hash, issuer.publicKey.keyOctets)),
			derElement(derTag.integer, certificate.serial),
		),
		certStatus(answer),
		derGeneralizedTime(answer.thisUpdate ?? Date.now() - minute),
		...(nextUpdate === null ? [] : [derConstructed(0, derGeneralizedTime(nextUpdate))]),
		...(answer.extensions === undefined ? [] : [derConstructed(1, encodeExtensions(answer.extensions))]),
	);
}

function certStatus({ status = "good", reason }: OcspAnswer): Uint8Array {
	if (status !== "revoked") return derElement(contextTag(status === "good" ? 0 : 2));
	const why = reason === undefined ? [] : [derConstructed(0, derEnumerated(reason))];
	return derConstructed(1, derGeneralizedTime(Date.now() - 60 * minute), ...why);
}

function encodeExtensions(extensions: readonly TestExtension[]): Uint8Array {
	return derSequence(
		...extensions.map(({ oid, critical, value }) =>
			derSequence(derOid(oid), ...(critical === true ? [derBoolean(true)] : []), derOctetString(value)),
		),
	);
}

function digest(algorithm: string, octets: Uint8Array): Uint8Array {
	return createHash(algorithm).update(octets).digest();
}

const minute = 60_000;
