/**
 * Packets of ESP whose octets are known, by which an engine of ciphers is tested before it is given any other.
 *
 * Source: draft-mcgrew-gcm-test-01 §5 (AES-GCM); RFC 7634 appendix A (ChaCha20-Poly1305); those of CBC were made by the commands
 * `openssl enc` and `openssl dgst`.
 */
import { headerOctets, type PacketCiphers, scratchOctets, tagOctetsOf } from "#esp/packet-cipher.ts";
import type { EspProtection } from "#esp/protection.ts";

/** What of a known packet came out otherwise; undefined when all did as they should, and changed ones were refused. */
export function cipherFault(ciphers: PacketCiphers): string | undefined {
	for (const known of knownAnswers) {
		try {
			const fault = faultOf(ciphers, known);
			if (fault !== undefined) return `${known.name}: ${fault}`;
		} catch (error) {
			return `${known.name}: ${error instanceof Error ? error.message : String(error)}`;
		}
	}
	return undefined;
}

/** A packet, and what it encrypts. Hexadecimal. */
export interface KnownAnswer {
	readonly name: string;
	readonly protection: EspProtection;
	readonly encryption: string;
	readonly integrity: string;
	readonly packet: string;
	readonly plain: string;
	/** Upper half of the number. */
	readonly upperHalf: number;
}

function faultOf(ciphers: PacketCiphers, known: KnownAnswer): string | undefined {
	const { octets } = ciphers.memory;
	const { protection, upperHalf } = known;
	const [packet, plain] = [bytes(known.packet), bytes(known.plain)];
	const keys = { encryption: bytes(known.encryption), integrity: bytes(known.integrity) };
	const start = at + headerOctets + protection.cipher.ivOctets;
	const end = at + packet.length - tagOctetsOf(protection);
	const outbound = ciphers.open(protection, keys, "outbound");
	const inbound = ciphers.open(protection, keys, "inbound");
	try {
		octets.set(packet.subarray(0, start - at), at);
		octets.set(plain, start);
		outbound.seal(at, end, upperHalf);
		if (Buffer.compare(octets.subarray(at, at + packet.length), packet) !== 0) return "it was sealed otherwise";
		if (!inbound.open(at, end, upperHalf)) return "it was not opened";
		if (Buffer.compare(octets.subarray(start, end), plain) !== 0) return "it was opened otherwise";
		for (const changed of [at + 4, start, end]) {
			octets.set(packet, at);
			octets[changed] = (octets[changed] as number) ^ 1;
			if (inbound.open(at, end, upperHalf)) return "it was opened although it was changed";
		}
		return undefined;
	} finally {
		outbound.close();
		inbound.close();
	}
}

function bytes(hex: string): Uint8Array {
	return Buffer.from(hex.replace(/\s/g, ""), "hex");
}

const at = scratchOctets;
const aead = { saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
const cbc = { saltOctets: 0, tagOctets: 0 };
const udp = "4500002000010000401100000a0100010a02000100070009000c0000616263640102030405060708090a0b0c0d0e0e04";

export const knownAnswers: readonly KnownAnswer[] = [
	{
		name: "AES-256-GCM",
		protection: { cipher: { ...aead, engine: "aes-256-gcm", keyOctets: 32 }, hasExtendedSequenceNumbers: false },
		encryption: "abbccddef00112233445566778899aababbccddef00112233445566778899aab 11223344",
		integrity: "",
		packet: `4a2cbfe3 00000002 0102030405060708
			ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8e
			b335f4eecfdbf831824b4c4915956c96`,
		plain: "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201",
		upperHalf: 0,
	},
	{
		name: "ChaCha20-Poly1305",
		protection: { cipher: { ...aead, engine: "chacha20-poly1305", keyOctets: 32 }, hasExtendedSequenceNumbers: false },
		encryption: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f a0a1a2a3",
		integrity: "",
		packet: `01020304 00000005 1011121314151617
			24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f
			64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0 76aaa8266b7fb0f7b11b369907e1ad43`,
		plain: `45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f1011121314151617
			18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204`,
		upperHalf: 0,
	},
	{
		name: "AES-128-CBC with HMAC-SHA-1",
		protection: {
			cipher: { ...cbc, engine: "aes-128-cbc", keyOctets: 16, ivOctets: 16, blockOctets: 16 },
			integrity: { hash: "sha1", tagOctets: 12 },
			hasExtendedSequenceNumbers: false,
		},
		encryption: "000102030405060708090a0b0c0d0e0f",
		integrity: "202122232425262728292a2b2c2d2e2f30313233",
		packet: `00001001 00000007 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff
			8a5b28062e26e4127d92c5876034ced648a98f3b91fcd280c74791463286b265c66aa8b23545b043ceba7cec24ba122f
			a19ff8080e2f6f544edeb7c4`,
		plain: udp,
		upperHalf: 0,
	},
	{
		name: "AES-256-CBC with HMAC-SHA-256 and extended numbers",
		protection: {
			cipher: { ...cbc, engine: "aes-256-cbc", keyOctets: 32, ivOctets: 16, blockOctets: 16 },
			integrity: { hash: "sha256", tagOctets: 16 },
			hasExtendedSequenceNumbers: true,
		},
		encryption: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		integrity: "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
		packet: `00001001 00000007 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff
			75440878496a09bd197bbeeeee6ac7ecf0bf512230a6ffac439b52ca153b08a2fefe0b400479d393ebd5ee2c923b9491
			2dc08e4c773cc32547cf9b1fc5d331bb`,
		plain: udp,
		upperHalf: 3,
	},
	{
		name: "3DES-CBC with HMAC-MD5",
		protection: {
			cipher: { ...cbc, engine: "des-ede3-cbc", keyOctets: 24, ivOctets: 8, blockOctets: 8 },
			integrity: { hash: "md5", tagOctets: 12 },
			hasExtendedSequenceNumbers: false,
		},
		encryption: "0123456789abcdef23456789abcdef01456789abcdef0123",
		integrity: "202122232425262728292a2b2c2d2e2f",
		packet: `00001001 00000007 f0f1f2f3f4f5f6f7
			edec70dbb74d40b6cde49883b5933b16bf3fda24c2cbb8d29181ee15cd75ef1e183b2e5f43a62452b2b206533cfa2b7a
			0587d5a7458a8e5c7426249e`,
		plain: udp,
		upperHalf: 0,
	},
];
