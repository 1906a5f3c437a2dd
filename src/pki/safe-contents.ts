/**
 * SafeContents, the bags of a PKCS#12 file, both ways.
 *
 *     SafeContents = SEQUENCE OF SEQUENCE { bagId, [0] value, attributes SET OF SEQUENCE { type, values SET } OPTIONAL }
 *     CertBag      = SEQUENCE { x509Certificate, [0] OCTET STRING }
 *
 * Source: RFC 7292 §4.2; RFC 2985 §5.5.1, §5.5.2 for the attributes.
 */

import { Buffer } from "node:buffer";
import { type Decoded, done, malformed } from "#base/bytes.ts";
import { contentOf } from "#pki/ber.ts";
import {
	DerReader,
	derConstructed,
	derElement,
	derOctetString,
	derOid,
	derSequence,
	derSetOf,
	derTag,
} from "#pki/der.ts";
import { decodeString } from "#pki/der-string.ts";
import { pkcs9Oid, pkcs12BagOid, x509CertificateOid } from "#pki/oids.ts";

/** What a bag says about its content. */
export interface BagAttributes {
	/** The alias: what Windows and Java show. */
	readonly friendlyName?: string;
	/** The same octets at a key and at its certificate. */
	readonly localKeyId?: Uint8Array;
}

/** A bag with what it holds: a certificate, PrivateKeyInfo, or EncryptedPrivateKeyInfo, DER. */
export interface SafeBag extends BagAttributes {
	readonly kind: "certificate" | "key" | "encrypted-key";
	readonly der: Uint8Array;
}

/** Reads the bags, those inside bags too. CRLs, secrets and certificates that are not X.509 are passed over. */
export function decodeSafeContents(der: Uint8Array): Decoded<readonly SafeBag[]> {
	const reader = new DerReader(der);
	const bags: SafeBag[] = [];
	readBags(reader, bags);
	reader.close("SafeContents");
	return reader.reason === undefined ? done(bags, der.length) : malformed(reader.reason);
}

/** SafeContents, DER. */
export function encodeSafeContents(bags: readonly SafeBag[]): Uint8Array {
	return derSequence(...bags.map(encodeBag));
}

function readBags(reader: DerReader, bags: SafeBag[]): void {
	const sequence = reader.open(derTag.sequence, "SafeContents");
	while (!sequence.isAtEnd) {
		const bag = sequence.open(derTag.sequence, "bag");
		const id = bag.oid("bag");
		const value = bag.open(0xa0, "bag");
		const attributes = bag.isAtEnd ? {} : readAttributes(bag.open(derTag.set, "bag attributes"));
		bag.close("bag");
		if (id === pkcs12BagOid.safeContents) readBags(value, bags);
		else if (id === pkcs12BagOid.certificate) readCertificateBag(value, attributes, bags);
		else if (id === pkcs12BagOid.key || id === pkcs12BagOid.encryptedKey) {
			const kind = id === pkcs12BagOid.key ? "key" : "encrypted-key";
			bags.push({ kind, der: value.element("key bag"), ...attributes });
		} else value.element("bag");
		value.close("bag");
	}
}

function readCertificateBag(value: DerReader, attributes: BagAttributes, bags: SafeBag[]): void {
	const bag = value.open(derTag.sequence, "certificate bag");
	const type = bag.oid("certificate bag");
	const content = bag.open(0xa0, "certificate bag");
	bag.close("certificate bag");
	if (type !== x509CertificateOid) return;
	bags.push({ kind: "certificate", der: content.octetString("certificate bag"), ...attributes });
	content.close("certificate bag");
}

function readAttributes(set: DerReader): BagAttributes {
	const attributes: { friendlyName?: string; localKeyId?: Uint8Array } = {};
	while (!set.isAtEnd) {
		const attribute = set.open(derTag.sequence, "bag attribute");
		const type = attribute.oid("bag attribute");
		const values = attribute.open(derTag.set, "bag attribute");
		attribute.close("bag attribute");
		if (values.isAtEnd) continue;
		const tag = values.peek();
		const content = contentOf(values.element("bag attribute"));
		if (type === pkcs9Oid.localKeyId && tag === derTag.octetString) attributes.localKeyId = content;
		const text = type === pkcs9Oid.friendlyName ? decodeString(tag, content) : undefined;
		// A NUL at the end is Java's way of ending a name.
		if (text !== undefined) attributes.friendlyName = text.replaceAll(/\p{Cc}/gu, "");
	}
	return attributes;
}

function encodeBag(bag: SafeBag): Uint8Array {
	const value = bag.kind === "certificate" ? certificateBag(bag.der) : bag.der;
	const attributes: Uint8Array[] = [];
	if (bag.friendlyName !== undefined) {
		const name = derElement(derTag.bmpString, Buffer.from(bag.friendlyName, "utf16le").swap16());
		attributes.push(derSequence(derOid(pkcs9Oid.friendlyName), derElement(derTag.set, name)));
	}
	if (bag.localKeyId !== undefined) {
		const id = derElement(derTag.set, derOctetString(bag.localKeyId));
		attributes.push(derSequence(derOid(pkcs9Oid.localKeyId), id));
	}
	const set = attributes.length === 0 ? [] : [derSetOf(...attributes)];
	return derSequence(derOid(bagOids[bag.kind]), derConstructed(0, value), ...set);
}

function certificateBag(der: Uint8Array): Uint8Array {
	return derSequence(derOid(x509CertificateOid), derConstructed(0, derOctetString(der)));
}

const bagOids: Readonly<Record<SafeBag["kind"], string>> = {
	certificate: pkcs12BagOid.certificate,
	key: pkcs12BagOid.key,
	"encrypted-key": pkcs12BagOid.encryptedKey,
};
