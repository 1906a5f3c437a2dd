/**
 * Ciphers of packets by the OpenSSL in the program of Node, in place: five calls for a packet of AES-GCM, and no object.
 *
 * Keys are given once for each association; what is written beside packets goes to the scratch octets of the memory.
 */
import type { OpenSsl } from "#base/openssl-shell.ts";
import type { PacketMemory } from "#base/packet-memory.ts";
import { cipherKey, headerOctets, type PacketCipher, type PacketCiphers, scratchOctets } from "#esp/packet-cipher.ts";
import type { EspCipher, EspKeys, EspProtection } from "#esp/protection.ts";

/** Throws when a key or an algorithm is refused: then association and peer do not fit. */
export class OpenSslCiphers implements PacketCiphers {
	readonly memory: PacketMemory;
	readonly #openSsl: OpenSsl;
	readonly #ciphers = new Map<string, number>();
	readonly #hmac: number;

	constructor(openSsl: OpenSsl, memory: PacketMemory) {
		if (memory.address === 0 || memory.octets.length < scratchOctets)
			throw new Error("memory that cannot be called with");
		this.memory = memory;
		this.#openSsl = openSsl;
		this.#hmac = openSsl.fetchHmac();
	}

	open(
		{ cipher, integrity, hasExtendedSequenceNumbers }: EspProtection,
		keys: EspKeys,
		direction: "outbound" | "inbound",
	): PacketCipher {
		const { address, octets } = this.memory;
		const context = this.#newContext(cipher, keys, direction === "outbound" ? 1 : 0);
		const parts = { openSsl: this.#openSsl, memory: this.memory, context, cipher, hasExtendedSequenceNumbers };
		if (cipher.tagOctets > 0) return new AeadCipher(parts, keys.encryption.slice(cipher.keyOctets));
		if (integrity === undefined) throw new Error("a cipher without anything that authenticates");
		try {
			octets.set(keys.integrity, keyAt);
			const mac = this.#newMac(integrity.hash, address + keyAt, keys.integrity.length);
			return new CbcCipher(parts, mac, integrity.tagOctets);
		} finally {
			octets.fill(0, keyAt, keyAt + keyRoom);
		}
	}

	#newContext(cipher: EspCipher, { encryption }: EspKeys, encrypts: number): number {
		const { octets, address } = this.memory;
		const openSsl = this.#openSsl;
		const known = this.#ciphers.get(cipher.engine) ?? openSsl.fetchCipher(cipher.engine);
		this.#ciphers.set(cipher.engine, known);
		if (known === 0) throw new Error(`OpenSSL has no ${cipher.engine}`);
		const context = openSsl.newContext();
		octets.set(cipherKey(encryption, cipher.keyOctets), keyAt);
		const isKeyed = openSsl.initialize(context, known, 0, address + keyAt, 0, encrypts) === 1;
		octets.fill(0, keyAt, keyAt + keyRoom);
		if (!isKeyed || openSsl.setPadding(context, 0) !== 1) throw new Error(`OpenSSL takes no key of ${cipher.engine}`);
		return context;
	}

	/**
	 * `OSSL_PARAM`: | name (8) | type (4) | 0 (4) | value (8) | octets (8) | 0 (8) |, and one of zeros at the end.
	 */
	#newMac(hash: string, key: number, octets: number): number {
		const { memory } = this;
		const text = Buffer.from(`digest\0${hash}\0`, "latin1");
		memory.octets.set(text, textAt);
		memory.octets.fill(0, parametersAt, parametersAt + 80);
		const address = (at: number, value: number) => memory.view.setBigUint64(parametersAt + at, BigInt(value), true);
		address(0, memory.address + textAt);
		memory.view.setUint32(parametersAt + 8, utf8String, true);
		address(16, memory.address + textAt + 7);
		address(24, hash.length);
		const context = this.#openSsl.newMac(this.#hmac);
		if (this.#openSsl.beginMac(context, key, octets, memory.address + parametersAt) !== 1)
			throw new Error(`OpenSSL has no HMAC with ${hash}`);
		return context;
	}
}

interface CipherParts {
	readonly openSsl: OpenSsl;
	readonly memory: PacketMemory;
	readonly context: number;
	readonly cipher: EspCipher;
	readonly hasExtendedSequenceNumbers: boolean;
}

class AeadCipher implements PacketCipher {
	readonly #openSsl: OpenSsl;
	readonly #memory: PacketMemory;
	readonly #context: number;
	readonly #salt: Uint8Array;
	readonly #prefixOctets: number;
	readonly #tagOctets: number;
	readonly #hasExtendedNumbers: boolean;

	constructor({ openSsl, memory, context, cipher, hasExtendedSequenceNumbers }: CipherParts, salt: Uint8Array) {
		this.#openSsl = openSsl;
		this.#memory = memory;
		this.#context = context;
		this.#salt = salt;
		this.#prefixOctets = headerOctets + cipher.ivOctets;
		this.#tagOctets = cipher.tagOctets;
		this.#hasExtendedNumbers = hasExtendedSequenceNumbers;
	}

	seal(at: number, end: number, upperHalf: number): void {
		const { address } = this.#memory;
		const openSsl = this.#openSsl;
		this.#begin(at, upperHalf);
		const start = address + at + this.#prefixOctets;
		const done =
			openSsl.update(this.#context, start, address + lengthAt, start, end - at - this.#prefixOctets) +
			openSsl.finish(this.#context, address + otherAt, address + lengthAt) +
			openSsl.control(this.#context, getTag, this.#tagOctets, address + end);
		if (done !== 3) throw new Error("OpenSSL did not seal a packet");
	}

	open(at: number, end: number, upperHalf: number): boolean {
		const { address } = this.#memory;
		const openSsl = this.#openSsl;
		this.#begin(at, upperHalf);
		const start = address + at + this.#prefixOctets;
		return (
			openSsl.update(this.#context, start, address + lengthAt, start, end - at - this.#prefixOctets) === 1 &&
			openSsl.control(this.#context, setTag, this.#tagOctets, address + end) === 1 &&
			openSsl.finish(this.#context, address + otherAt, address + lengthAt) === 1
		);
	}

	close(): void {
		this.#openSsl.freeContext(this.#context);
		this.#salt.fill(0);
	}

	/** The nonce, and what is authenticated besides: SPI and number, with extended numbers all 64 bits of it. */
	#begin(at: number, upperHalf: number): void {
		const { octets, view, address } = this.#memory;
		const salt = this.#salt;
		for (let index = 0; index < salt.length; index++) octets[nonceAt + index] = salt[index] as number;
		view.setUint32(nonceAt + salt.length, view.getUint32(at + headerOctets));
		view.setUint32(nonceAt + salt.length + 4, view.getUint32(at + headerOctets + 4));
		this.#openSsl.initialize(this.#context, 0, 0, 0, address + nonceAt, keepDirection);
		if (!this.#hasExtendedNumbers)
			return void this.#openSsl.update(this.#context, 0, address + lengthAt, address + at, headerOctets);
		view.setUint32(otherAt, view.getUint32(at));
		view.setUint32(otherAt + 4, upperHalf);
		view.setUint32(otherAt + 8, view.getUint32(at + 4));
		this.#openSsl.update(this.#context, 0, address + lengthAt, address + otherAt, headerOctets + 4);
	}
}

class CbcCipher implements PacketCipher {
	readonly #openSsl: OpenSsl;
	readonly #memory: PacketMemory;
	readonly #context: number;
	readonly #mac: number;
	readonly #prefixOctets: number;
	readonly #tagOctets: number;
	readonly #hasExtendedNumbers: boolean;

	constructor(
		{ openSsl, memory, context, cipher, hasExtendedSequenceNumbers }: CipherParts,
		mac: number,
		tagOctets: number,
	) {
		this.#openSsl = openSsl;
		this.#memory = memory;
		this.#context = context;
		this.#mac = mac;
		this.#prefixOctets = headerOctets + cipher.ivOctets;
		this.#tagOctets = tagOctets;
		this.#hasExtendedNumbers = hasExtendedSequenceNumbers;
	}

	seal(at: number, end: number, upperHalf: number): void {
		const isDone = this.#crypt(at, end);
		this.#authenticate(at, end, upperHalf);
		const { octets } = this.#memory;
		for (let index = 0; index < this.#tagOctets; index++) octets[end + index] = octets[otherAt + index] as number;
		if (!isDone) throw new Error("OpenSSL did not seal a packet");
	}

	open(at: number, end: number, upperHalf: number): boolean {
		this.#authenticate(at, end, upperHalf);
		const { octets } = this.#memory;
		// Every octet is looked at, so that the time says nothing of the first that differs.
		let difference = 0;
		for (let index = 0; index < this.#tagOctets; index++)
			difference |= (octets[otherAt + index] as number) ^ (octets[end + index] as number);
		return difference === 0 && this.#crypt(at, end);
	}

	close(): void {
		this.#openSsl.freeContext(this.#context);
		this.#openSsl.freeMac(this.#mac);
	}

	#crypt(at: number, end: number): boolean {
		const { address } = this.#memory;
		const start = address + at + this.#prefixOctets;
		this.#openSsl.initialize(this.#context, 0, 0, 0, address + at + headerOctets, keepDirection);
		return this.#openSsl.update(this.#context, start, address + lengthAt, start, end - at - this.#prefixOctets) === 1;
	}

	/** Puts the check value, and what was cut off it, into the scratch octets. */
	#authenticate(at: number, end: number, upperHalf: number): void {
		const { address, view } = this.#memory;
		const openSsl = this.#openSsl;
		openSsl.beginMac(this.#mac, 0, 0, 0);
		openSsl.updateMac(this.#mac, address + at, end - at);
		if (this.#hasExtendedNumbers) {
			view.setUint32(nonceAt, upperHalf);
			openSsl.updateMac(this.#mac, address + nonceAt, 4);
		}
		// What is left there when this fails must not be taken for a check value.
		if (openSsl.finishMac(this.#mac, address + otherAt, address + lengthAt, macRoom) !== 1)
			throw new Error("OpenSSL did not authenticate a packet");
	}
}

/** Places among the scratch octets. */
const lengthAt = 0;
const nonceAt = 16;
const otherAt = 32;
const macRoom = 64;
const keyAt = 96;
const keyRoom = 64;
const textAt = 160;
/** Two of 40 octets, up to the end. */
const parametersAt = 176;
/** OSSL_PARAM_UTF8_STRING. */
const utf8String = 4;
/** EVP_CTRL_AEAD_GET_TAG and _SET_TAG. */
const getTag = 0x10;
const setTag = 0x11;
/** Of EVP_CipherInit_ex: encrypts or decrypts as before. */
const keepDirection = -1;
