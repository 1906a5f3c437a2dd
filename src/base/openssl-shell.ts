/**
 * Functions of the OpenSSL that is in the program of Node itself: ciphers and HMAC on memory, without an object for each call.
 *
 * Pointers and places of memory are numbers. A wrong one ends the process: nothing but `esp/openssl-cipher-shell.ts` uses them,
 * which is tested with known answers before a packet is given to it.
 * Source: EVP_EncryptInit(3), EVP_MAC(3).
 */

/** Each answers 1 when it was done. */
export interface OpenSsl {
	/** 0 when there is none of that name. */
	fetchCipher(name: string): number;
	newContext(): number;
	/** Any of `cipher`, `key` and `iv` may be 0: then it stays as it was. */
	initialize(context: number, cipher: number, engine: number, key: number, iv: number, encrypts: number): number;
	setPadding(context: number, padding: number): number;
	update(context: number, out: number, length: number, input: number, octets: number): number;
	finish(context: number, out: number, length: number): number;
	control(context: number, what: number, value: number, at: number): number;
	freeContext(context: number): void;
	/** HMAC; 0 when there is none. */
	fetchHmac(): number;
	newMac(mac: number): number;
	/** With 0, 0, 0 it begins anew with the same key. */
	beginMac(context: number, key: number, octets: number, parameters: number): number;
	updateMac(context: number, input: number, octets: number): number;
	finishMac(context: number, out: number, length: number, room: number): number;
	freeMac(context: number): void;
}

/** Rejects when this program of Node does not show its OpenSSL. */
export async function openOpenSsl(): Promise<OpenSsl> {
	const { default: koffi } = await import("koffi");
	// The system's own library would get its symbols mixed up with those of this program.
	const program = koffi.load(null);
	const fetchCipher = program.func("uint64_t EVP_CIPHER_fetch(uint64_t, const char *, uint64_t)");
	const fetchMac = program.func("uint64_t EVP_MAC_fetch(uint64_t, const char *, uint64_t)");
	return {
		fetchCipher: (name) => Number(fetchCipher(0, name, 0)),
		newContext: program.func("uint64_t EVP_CIPHER_CTX_new()"),
		initialize: program.func("int EVP_CipherInit_ex(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, int)"),
		setPadding: program.func("int EVP_CIPHER_CTX_set_padding(uint64_t, int)"),
		update: program.func("int EVP_CipherUpdate(uint64_t, uint64_t, uint64_t, uint64_t, int)"),
		finish: program.func("int EVP_CipherFinal_ex(uint64_t, uint64_t, uint64_t)"),
		control: program.func("int EVP_CIPHER_CTX_ctrl(uint64_t, int, int, uint64_t)"),
		freeContext: program.func("void EVP_CIPHER_CTX_free(uint64_t)"),
		fetchHmac: () => Number(fetchMac(0, "HMAC", 0)),
		newMac: program.func("uint64_t EVP_MAC_CTX_new(uint64_t)"),
		beginMac: program.func("int EVP_MAC_init(uint64_t, uint64_t, size_t, uint64_t)"),
		updateMac: program.func("int EVP_MAC_update(uint64_t, uint64_t, size_t)"),
		finishMac: program.func("int EVP_MAC_final(uint64_t, uint64_t, uint64_t, size_t)"),
		freeMac: program.func("void EVP_MAC_CTX_free(uint64_t)"),
	};
}
