/**
 * The chain of payloads of a message, each behind the generic header.
 *
 *     | type of the next | critical (1 bit) + 0 | length (2), header included | body ... |
 *
 * Source: RFC 7296 §3.2; the critical bit: §2.5; SK: §3.14; SKF: RFC 7383 §2.5.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";
import { type AuthenticationBody, decodeAuthentication, encodeAuthentication } from "#ike/wire/authentication.ts";
import {
	type CertificateBody,
	type CertificateRequestBody,
	decodeCertificateBody,
	decodeCertificateRequest,
	encodeCertificateBody,
} from "#ike/wire/certificate.ts";
import { type ConfigurationBody, decodeConfiguration, encodeConfiguration } from "#ike/wire/configuration.ts";
import { type DeleteBody, decodeDelete, encodeDelete } from "#ike/wire/delete.ts";
import { decodeEap, type EapBody, encodeEap } from "#ike/wire/eap.ts";
import { decodeIdentification, encodeIdentification, type IdentityBody } from "#ike/wire/identification.ts";
import { decodeKeyExchange, encodeKeyExchange, type KeyExchangeBody } from "#ike/wire/key-exchange.ts";
import { decodeNotify, encodeNotify, type NotifyBody } from "#ike/wire/notify.ts";
import { decodeSecurityAssociation, encodeSecurityAssociation, type Proposal } from "#ike/wire/security-association.ts";
import { decodeTrafficSelectors, encodeTrafficSelectors, type TrafficSelector } from "#ike/wire/traffic-selector.ts";

/** The numbers of the payloads. */
export const payloadType = {
	none: 0,
	sa: 33,
	ke: 34,
	idInitiator: 35,
	idResponder: 36,
	certificate: 37,
	certificateRequest: 38,
	authentication: 39,
	nonce: 40,
	notify: 41,
	delete: 42,
	vendorId: 43,
	tsInitiator: 44,
	tsResponder: 45,
	encrypted: 46,
	configuration: 47,
	eap: 48,
	encryptedFragment: 53,
} as const;

/** One payload that is understood. */
export type Payload =
	| { readonly type: "sa"; readonly proposals: readonly Proposal[] }
	| ({ readonly type: "ke" } & KeyExchangeBody)
	| ({ readonly type: "id-initiator" } & IdentityBody)
	| ({ readonly type: "id-responder" } & IdentityBody)
	| ({ readonly type: "certificate" } & CertificateBody)
	| ({ readonly type: "certificate-request" } & CertificateRequestBody)
	| ({ readonly type: "authentication" } & AuthenticationBody)
	| { readonly type: "nonce"; readonly data: Uint8Array }
	| ({ readonly type: "notify" } & NotifyBody)
	| ({ readonly type: "delete" } & DeleteBody)
	| { readonly type: "vendor-id"; readonly data: Uint8Array }
	| { readonly type: "ts-initiator"; readonly selectors: readonly TrafficSelector[] }
	| { readonly type: "ts-responder"; readonly selectors: readonly TrafficSelector[] }
	| ({ readonly type: "configuration" } & ConfigurationBody)
	| ({ readonly type: "eap" } & EapBody);

/** What a chain ends with when the rest is encrypted: `firstPayload` is the first one inside. */
export type SealedTail =
	| { readonly type: "encrypted"; readonly firstPayload: number; readonly body: Uint8Array }
	| {
			readonly type: "encrypted-fragment";
			/** 0 in all fragments but the first. */
			readonly firstPayload: number;
			/** From 1. */
			readonly number: number;
			readonly total: number;
			readonly body: Uint8Array;
	  };

export interface PayloadChain {
	readonly payloads: readonly Payload[];
	/** What is encrypted; always the last of a chain. */
	readonly sealed?: SealedTail;
	/** A payload that is not known and whose sender insists on it: the message must be refused (RFC 7296 §2.5). */
	readonly unsupportedCritical?: number;
}

/**
 * Decodes the payloads in `octets`, the first of which is of type `first`. Unknown ones are passed over, unless their
 * critical bit is set; of known ones the bit is not looked at.
 *
 * Bounds: at most 128 payloads.
 * Faults: a length that does not fit, anything behind the encrypted payload, a body that is malformed.
 */
export function decodePayloads(first: number, octets: Uint8Array): Decoded<PayloadChain> {
	const reader = new Reader(octets);
	const payloads: Payload[] = [];
	let unsupportedCritical: number | undefined;
	let type = first;
	for (let count = 0; type !== payloadType.none; count++) {
		if (count === maxPayloads) return malformed(`message has more than ${maxPayloads} payloads`);
		const next = reader.u8();
		const isCritical = (reader.u8() & criticalBit) !== 0;
		const length = reader.u16();
		const body = reader.take(length - genericHeaderOctets);
		if (length < genericHeaderOctets || reader.isShort) return malformed(`message ends within payload ${type}`);
		if (type === payloadType.encrypted || type === payloadType.encryptedFragment) {
			const sealed = decodeSealed(type, next, body);
			if (sealed.kind !== "done") return sealed;
			if (reader.remaining > 0) return malformed("octets behind the encrypted payload");
			return done(
				{ payloads, sealed: sealed.value, ...(unsupportedCritical && { unsupportedCritical }) },
				octets.length,
			);
		}
		const payload = decodeBody(type, body);
		if (payload === undefined) {
			if (isCritical) unsupportedCritical ??= type;
		} else if (payload.kind === "done") payloads.push(payload.value);
		else return payload;
		type = next;
	}
	if (reader.remaining > 0) return malformed(`${reader.remaining} octets behind the last payload`);
	return done({ payloads, ...(unsupportedCritical && { unsupportedCritical }) }, octets.length);
}

/** Encodes a chain; `first` goes into the header before it. */
export function encodePayloads(payloads: readonly Payload[]): { readonly first: number; readonly octets: Uint8Array } {
	const writer = new Writer();
	for (const [index, payload] of payloads.entries()) {
		const following = payloads[index + 1];
		const body = encodeBody(payload);
		writer.u8(following === undefined ? payloadType.none : numberOf(following)).u8(0);
		writer.u16(body.length + genericHeaderOctets).bytes(body);
	}
	const [first] = payloads;
	return { first: first === undefined ? payloadType.none : numberOf(first), octets: writer.finish() };
}

/** The payload of a type, the first when there are several. */
export function findPayload<T extends Payload["type"]>(
	payloads: readonly Payload[],
	type: T,
): Extract<Payload, { readonly type: T }> | undefined {
	return payloads.find((payload) => payload.type === type) as Extract<Payload, { readonly type: T }> | undefined;
}

/** The notification of a type. */
export function findNotify(payloads: readonly Payload[], notify: number): NotifyBody | undefined {
	for (const payload of payloads) if (payload.type === "notify" && payload.notify === notify) return payload;
	return undefined;
}

function decodeSealed(type: number, firstPayload: number, body: Uint8Array): Decoded<SealedTail> {
	if (type === payloadType.encrypted) return done({ type: "encrypted", firstPayload, body }, body.length);
	const reader = new Reader(body);
	const number = reader.u16();
	const total = reader.u16();
	if (reader.isShort) return malformed("encrypted fragment ends within its numbers");
	if (number === 0 || number > total) return malformed(`encrypted fragment ${number} of ${total}`);
	if (number > 1 && firstPayload !== payloadType.none) return malformed("a later fragment names a first payload");
	const rest = reader.take(reader.remaining);
	return done({ type: "encrypted-fragment", firstPayload, number, total, body: rest }, body.length);
}

/** Undefined when the type is not known. */
function decodeBody(type: number, body: Uint8Array): Decoded<Payload> | undefined {
	switch (type) {
		case payloadType.sa:
			return as(decodeSecurityAssociation(body), (proposals) => ({ type: "sa", proposals }));
		case payloadType.ke:
			return as(decodeKeyExchange(body), (value) => ({ type: "ke", ...value }));
		case payloadType.idInitiator:
			return as(decodeIdentification(body), (value) => ({ type: "id-initiator", ...value }));
		case payloadType.idResponder:
			return as(decodeIdentification(body), (value) => ({ type: "id-responder", ...value }));
		case payloadType.certificate:
			return as(decodeCertificateBody(body), (value) => ({ type: "certificate", ...value }));
		case payloadType.certificateRequest:
			return as(decodeCertificateRequest(body), (value) => ({ type: "certificate-request", ...value }));
		case payloadType.authentication:
			return as(decodeAuthentication(body), (value) => ({ type: "authentication", ...value }));
		case payloadType.nonce:
			return decodeNonce(body);
		case payloadType.notify:
			return as(decodeNotify(body), (value) => ({ type: "notify", ...value }));
		case payloadType.delete:
			return as(decodeDelete(body), (value) => ({ type: "delete", ...value }));
		case payloadType.vendorId:
			return done({ type: "vendor-id", data: body }, body.length);
		case payloadType.tsInitiator:
			return as(decodeTrafficSelectors(body), (selectors) => ({ type: "ts-initiator", selectors }));
		case payloadType.tsResponder:
			return as(decodeTrafficSelectors(body), (selectors) => ({ type: "ts-responder", selectors }));
		case payloadType.configuration:
			return as(decodeConfiguration(body), (value) => ({ type: "configuration", ...value }));
		case payloadType.eap:
			return as(decodeEap(body), (value) => ({ type: "eap", ...value }));
		default:
			return undefined;
	}
}

/** 16 to 256 octets (RFC 7296 §3.9). */
function decodeNonce(body: Uint8Array): Decoded<Payload> {
	if (body.length < 16 || body.length > 256) return malformed(`nonce has ${body.length} octets; expected 16 to 256`);
	return done({ type: "nonce", data: body }, body.length);
}

function as<T>(decoded: Decoded<T>, make: (value: T) => Payload): Decoded<Payload> {
	return decoded.kind === "done" ? done(make(decoded.value), decoded.octets) : decoded;
}

function encodeBody(payload: Payload): Uint8Array {
	switch (payload.type) {
		case "sa":
			return encodeSecurityAssociation(payload.proposals);
		case "ke":
			return encodeKeyExchange(payload);
		case "id-initiator":
		case "id-responder":
			return encodeIdentification(payload);
		case "certificate":
			return encodeCertificateBody(payload.encoding, payload.data);
		case "certificate-request":
			return encodeCertificateBody(payload.encoding, payload.authorities);
		case "authentication":
			return encodeAuthentication(payload);
		case "nonce":
		case "vendor-id":
			return payload.data;
		case "notify":
			return encodeNotify(payload);
		case "delete":
			return encodeDelete(payload);
		case "ts-initiator":
		case "ts-responder":
			return encodeTrafficSelectors(payload.selectors);
		case "configuration":
			return encodeConfiguration(payload);
		case "eap":
			return encodeEap(payload);
	}
}

function numberOf(payload: Payload): number {
	return numbers[payload.type];
}

/** Octets of the generic header. */
export const genericHeaderOctets = 4;

const criticalBit = 0x80;
const maxPayloads = 128;
const numbers: Readonly<Record<Payload["type"], number>> = {
	sa: payloadType.sa,
	ke: payloadType.ke,
	"id-initiator": payloadType.idInitiator,
	"id-responder": payloadType.idResponder,
	certificate: payloadType.certificate,
	"certificate-request": payloadType.certificateRequest,
	authentication: payloadType.authentication,
	nonce: payloadType.nonce,
	notify: payloadType.notify,
	delete: payloadType.delete,
	"vendor-id": payloadType.vendorId,
	"ts-initiator": payloadType.tsInitiator,
	"ts-responder": payloadType.tsResponder,
	configuration: payloadType.configuration,
	eap: payloadType.eap,
};
