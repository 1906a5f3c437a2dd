/**
 * Passwords against their one-way hashes in crypt form: SHA-crypt, as `openssl passwd -6` and Junos write it.
 *
 *   $6$[rounds=N$]salt$hash      SHA-512;  $5$ is SHA-256
 *
 * Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6 (2016).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "#base/secret.ts";

/** Why a text is no hash that `verifyPassword` understands; undefined when it is one. A lone `*` admits nobody. */
export function passwordHashProblem(text: string): string | undefined {
	if (text === "*") return undefined;
	const parts = partsOf(text);
	if (parts === undefined) return "expected a hash of SHA-crypt, $6$salt$hash or $5$salt$hash";
	if (parts.rounds > maxRounds) return `at most ${maxRounds} rounds`;
	return undefined;
}

/**
 * Whether the password is the one of the hash.
 *
 * Bounds: `rounds` computations of a digest (5,000 unless the hash says otherwise, at most 100,000): about 2 microseconds each;
 * passwords of at most 255 octets. The comparison takes the same time wherever the two differ.
 */
export function verifyPassword(password: Secret, text: string): boolean {
	const parts = partsOf(text);
	const octets = Buffer.from(password.danger_reveal(), "utf8");
	if (parts === undefined || parts.rounds > maxRounds || octets.length > maxPasswordOctets) return false;
	const computed = shaCrypt(octets, parts);
	return timingSafeEqual(
		Buffer.from(computed),
		Buffer.from(parts.hash.padEnd(computed.length).slice(0, computed.length)),
	);
}

interface CryptParts {
	readonly algorithm: "sha256" | "sha512";
	readonly rounds: number;
	readonly salt: string;
	readonly hash: string;
}

function partsOf(text: string): CryptParts | undefined {
	const match = /^\$([56])\$(?:rounds=([1-9][0-9]{0,8})\$)?([A-Za-z0-9./]{1,16})\$([A-Za-z0-9./]+)$/.exec(text);
	if (match === null) return undefined;
	const [, kind, rounds, salt = "", hash = ""] = match;
	const algorithm = kind === "6" ? "sha512" : "sha256";
	if (hash.length !== (algorithm === "sha512" ? 86 : 43)) return undefined;
	return {
		algorithm,
		rounds: rounds === undefined ? defaultRounds : Math.max(leastRounds, Number(rounds)),
		salt,
		hash,
	};
}

/** The numbers are the steps of the source. */
function shaCrypt(key: Buffer, { algorithm, rounds, salt: saltText }: CryptParts): string {
	const salt = Buffer.from(saltText, "latin1");
	const digest = (...parts: readonly Uint8Array[]): Buffer => {
		const hash = createHash(algorithm);
		for (const part of parts) hash.update(part);
		return hash.digest();
	};
	// 4 to 8
	const b = digest(key, salt, key);
	// 1 to 3, 9 to 12
	const parts: Uint8Array[] = [key, salt, repeated(b, key.length)];
	for (let bits = key.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? b : key);
	let a = digest(...parts);
	// 13 to 16, 17 to 20
	const p = repeated(digest(...new Array<Buffer>(key.length).fill(key)), key.length);
	const s = repeated(digest(...new Array<Buffer>(16 + (a[0] as number)).fill(salt)), salt.length);
	// 21
	for (let round = 0; round < rounds; round++) {
		const isOdd = round % 2 === 1;
		const next: Uint8Array[] = [isOdd ? p : a];
		if (round % 3 !== 0) next.push(s);
		if (round % 7 !== 0) next.push(p);
		next.push(isOdd ? a : p);
		a = digest(...next);
	}
	return encoded(a, algorithm);
}

function repeated(octets: Buffer, length: number): Buffer {
	const whole = Buffer.alloc(length);
	for (let at = 0; at < length; at += octets.length) octets.copy(whole, at);
	return whole;
}

/** 22: three octets become four letters, in an order of the algorithm's own. */
function encoded(digest: Buffer, algorithm: CryptParts["algorithm"]): string {
	const third = algorithm === "sha512" ? 21 : 10;
	let text = "";
	let [x, y, z] = [0, third, 2 * third];
	for (let group = 0; group < third; group++) {
		text += letters(((digest[x] as number) << 16) | ((digest[y] as number) << 8) | (digest[z] as number), 4);
		[x, y, z] = algorithm === "sha512" ? [y + 1, z + 1, x + 1] : [z + 1, x + 1, y + 1];
	}
	if (algorithm === "sha512") return text + letters(digest[63] as number, 2);
	return text + letters(((digest[31] as number) << 8) | (digest[30] as number), 3);
}

function letters(value: number, count: number): string {
	let text = "";
	for (let index = 0; index < count; index++) text += alphabet[(value >> (6 * index)) & 0x3f];
	return text;
}

const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const defaultRounds = 5_000;
const leastRounds = 1_000;
const maxRounds = 100_000;
const maxPasswordOctets = 255;
