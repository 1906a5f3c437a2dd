/**
 * What MS-CHAP-V2 computes: proofs that both ends know a password, and keys (RFC 2759 §8, RFC 3079 §3).
 *
 * Danger: it stands on DES and MD4. Inside EAP within IKE nobody hears the proofs but a gateway that has authenticated
 * itself by its certificate before.
 */
import { createCipheriv, createHash, timingSafeEqual } from "node:crypto";
import { concat } from "#base/bytes.ts";
import { md4 } from "#ike/eap/md4.ts";

/** What both ends have sent. Challenges: 16 octets each. `user`: without a domain. */
export interface ChapTalk {
	readonly authenticatorChallenge: Uint8Array;
	readonly peerChallenge: Uint8Array;
	readonly user: string;
}

/** NtPasswordHash: 16 octets, as secret as the password itself. */
export function passwordHash(password: string): Uint8Array {
	return md4(Buffer.from(password, "utf16le"));
}

/** GenerateNTResponse: what the peer sends, 24 octets. */
export function ntResponse(hash: Uint8Array, talk: ChapTalk): Uint8Array {
	const challenge = challengeHash(talk);
	const keys = concat([hash, new Uint8Array(5)]);
	return concat([0, 7, 14].map((at) => encryptBlock(keys.subarray(at, at + 7), challenge)));
}

/** True when the peer knows the password; takes the same time for every wrong answer. */
export function isNtResponse(hash: Uint8Array, talk: ChapTalk, response: Uint8Array): boolean {
	return response.length === responseOctets && timingSafeEqual(response, ntResponse(hash, talk));
}

/** GenerateAuthenticatorResponse: `S=` and 40 hexadecimal digits, which prove to the peer that this end knows the password. */
export function authenticatorResponse(hash: Uint8Array, talk: ChapTalk, response: Uint8Array): string {
	const digest = sha1(md4(hash), response, text("Magic server to client signing constant"));
	const last = sha1(digest, challengeHash(talk), text("Pad to make it do more than one iteration"));
	return `S=${Buffer.from(last).toString("hex").toUpperCase()}`;
}

/** The key for IKE: what the server receives with, what it sends with, 16 octets each, and zeros up to 64 octets. */
export function masterSessionKey(hash: Uint8Array, response: Uint8Array): Uint8Array {
	const master = sha1(md4(hash), response, text("This is the MPPE Master Key")).subarray(0, 16);
	const keyOf = (magic: string) =>
		sha1(master, new Uint8Array(40), text(magic), new Uint8Array(40).fill(0xf2)).subarray(0, 16);
	return concat([
		keyOf("On the client side, this is the send key; on the server side, it is the receive key."),
		keyOf("On the client side, this is the receive key; on the server side, it is the send key."),
		new Uint8Array(32),
	]);
}

/** The name without the domain before it: `OFFICE\ann` is `ann` (RFC 2759 §4). */
export function userOf(name: string): string {
	return name.slice(name.lastIndexOf("\\") + 1);
}

function challengeHash({ peerChallenge, authenticatorChallenge, user }: ChapTalk): Uint8Array {
	return sha1(peerChallenge, authenticatorChallenge, Buffer.from(user, "utf8")).subarray(0, 8);
}

/** Single DES is triple DES with the same key three times. Parity bits count for nothing. */
function encryptBlock(key56: Uint8Array, block: Uint8Array): Uint8Array {
	const bits = key56.reduce((all, octet) => (all << 8n) | BigInt(octet), 0n);
	const key = Uint8Array.from({ length: 8 }, (_, index) => Number((bits >> BigInt(49 - index * 7)) & 0x7fn) << 1);
	const cipher = createCipheriv("des-ede3-ecb", concat([key, key, key]), null).setAutoPadding(false);
	return concat([cipher.update(block), cipher.final()]);
}

function sha1(...parts: readonly Uint8Array[]): Uint8Array {
	const hash = createHash("sha1");
	for (const part of parts) hash.update(part);
	return Uint8Array.from(hash.digest());
}

function text(value: string): Uint8Array {
	return Buffer.from(value, "latin1");
}

const responseOctets = 24;
