/**
 * Encrypted ClientHello: the extension as it stands in a ClientHello, the keys that servers publish, and what can be known of a hello
 * whose real name may be hidden.
 *
 * Source: RFC 9849; the keys in HTTPS records: RFC 9848, RFC 9460.
 */
import { type Decoded, done, malformed, needMore, Reader } from "#base/bytes.ts";
import { normalizeHostName } from "#base/host-name.ts";

/** The encrypted_client_hello extension: its form, and for the outer one what stands in clear (RFC 9849 §5). Octet fields are views. */
export type EncryptedClientHello =
	| {
			readonly form: "outer";
			readonly kdf: number;
			readonly aead: number;
			readonly configId: number;
			/** Empty in the second hello of a connection. */
			readonly encapsulatedKey: Uint8Array;
			readonly payload: Uint8Array;
	  }
	| { readonly form: "inner" };

/** Reads the body of the extension; answers why it is malformed. */
export function readEchExtension(reader: Reader): EncryptedClientHello | string {
	const form = reader.u8();
	if (form === 1) return { form: "inner" };
	if (form !== 0) return `form ${form}; expected outer (0) or inner (1)`;
	const kdf = reader.u16();
	const aead = reader.u16();
	const configId = reader.u8();
	const encapsulatedKey = reader.take(reader.u16());
	const payload = reader.take(reader.u16());
	if (payload.length === 0) return "an empty payload";
	return { form: "outer", kdf, aead, configId, encapsulatedKey, payload };
}

/** A pair of algorithms that a client may encrypt with. */
export interface EchSuite {
	readonly kdf: number;
	readonly aead: number;
}

/** One key of a server (RFC 9849 §4). */
export interface EchConfig {
	readonly configId: number;
	readonly kem: number;
	readonly publicKey: Uint8Array;
	readonly suites: readonly EchSuite[];
	readonly maximumNameLength: number;
	/** The name that stands in clear when this key is used; in normal form. */
	readonly publicName: string;
}

/**
 * Decodes an ECHConfigList.
 *
 *   length (2) | ( version (2) | length (2) | ID, KEM, key, suites, name length, public name, extensions )*
 *
 * Left out, as clients leave them out: other versions, a public name that is no host name, a mandatory extension.
 * Faults: malformed when a length disagrees or a list that must hold something is empty.
 */
export function decodeEchConfigList(octets: Uint8Array): Decoded<readonly EchConfig[]> {
	const outer = new Reader(octets);
	const length = outer.u16();
	if (outer.isShort || outer.remaining < length) return needMore;
	if (length < 4) return malformed(`ECHConfigList has ${length} octets; expected 4 at least`);
	const list = outer.sub(length);
	const configs: EchConfig[] = [];
	while (list.remaining > 0) {
		const version = list.u16();
		const body = list.sub(list.u16());
		if (list.isShort) return malformed("an ECHConfig reaches past its list");
		if (version !== echVersion) continue;
		const config = readConfig(body);
		if (typeof config === "string") return malformed(`ECHConfig: ${config}`);
		if (config !== undefined) configs.push(config);
	}
	return done(configs, outer.position);
}

/** The keys of an ECHConfigList in base64, as it stands in zone files; undefined when it is none, or has none that is known. */
export function readEchConfiguration(text: string): readonly EchConfig[] | undefined {
	if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
	const octets = Buffer.from(text, "base64");
	const decoded = decodeEchConfigList(octets);
	if (decoded.kind !== "done" || decoded.octets !== octets.length || decoded.value.length === 0) return undefined;
	return decoded.value;
}

/** Undefined: to be left out. */
function readConfig(reader: Reader): EchConfig | string | undefined {
	const configId = reader.u8();
	const kem = reader.u16();
	const publicKey = reader.take(reader.u16());
	const suiteOctets = reader.u16();
	const suiteReader = reader.sub(suiteOctets);
	const maximumNameLength = reader.u8();
	const name = reader.take(reader.u8());
	const extensions = reader.sub(reader.u16());
	if (reader.isShort) return "it ends before its extensions";
	if (reader.remaining > 0) return `${reader.remaining} octets behind its extensions`;
	if (publicKey.length === 0 || name.length === 0) return "an empty key or public name";
	if (suiteOctets === 0 || suiteOctets % 4 !== 0) return `suites of ${suiteOctets} octets`;
	const suites: EchSuite[] = [];
	while (suiteReader.remaining > 0) suites.push({ kdf: suiteReader.u16(), aead: suiteReader.u16() });
	let isMandatory = false;
	while (extensions.remaining > 0) {
		if ((extensions.u16() & 0x8000) !== 0) isMandatory = true;
		extensions.take(extensions.u16());
	}
	if (extensions.isShort) return "an extension reaches past its end";
	const publicName = normalizeHostName(Buffer.from(name).toString("latin1"));
	if (publicName === undefined || isMandatory) return undefined;
	return { configId, kem, publicKey, suites, maximumNameLength, publicName };
}

/**
 * Finds the ECHConfigList in the data of an HTTPS or SVCB record; undefined when there is none.
 *
 *   priority (2) | target name | ( key (2) | length (2) | value )*          keys in rising order
 *
 * Faults: malformed when a length points past the data, the name is compressed or keys do not rise. Never need-more: the data of a
 * record is complete.
 */
export function decodeEchOfHttpsRecord(data: Uint8Array): Decoded<Uint8Array | undefined> {
	const reader = new Reader(data);
	reader.u16();
	for (let label = reader.u8(); label !== 0; label = reader.u8()) {
		if (label > 63) return malformed("a compressed target name in an HTTPS record");
		reader.take(label);
	}
	let list: Uint8Array | undefined;
	let before = -1;
	while (reader.remaining > 0) {
		const key = reader.u16();
		const value = reader.take(reader.u16());
		if (key <= before) return malformed(`key ${key} behind key ${before} in an HTTPS record`);
		before = key;
		if (key === echKey) list = value;
	}
	return reader.isShort ? malformed("an HTTPS record ends inside a field") : done(list, data.length);
}

/** What is known of the keys of a server when a hello is judged. */
export interface KnownEch {
	readonly configs: readonly EchConfig[];
	/** The configs are all that the owner of their public names has in use: configured, or of an HTTPS record that is still fresh. */
	readonly isComplete: boolean;
}

export type EchVerdict =
	| { readonly kind: "absent" }
	/** Behind a server that decrypts for others; no client sends it. */
	| { readonly kind: "inner" }
	/** The hello was made for this config: the name in clear is not the one that is asked for. */
	| { readonly kind: "real"; readonly config: EchConfig }
	/** The server cannot decrypt it, and goes by the name in clear. */
	| { readonly kind: "grease"; readonly reason: string }
	/** The name in clear may be the real one or not. */
	| { readonly kind: "cannot-tell"; readonly reason: string };

/**
 * Judges whether the name in clear counts.
 *
 *   1. no extension: it does                                                    absent
 *   2. the inner form                                                           inner
 *   3. a known config has that ID, suite, key size and public name              real
 *   4. the name is a public name of which every config is known                 grease
 *   5. otherwise                                                                cannot-tell
 *
 * GREASE looks the same by design (RFC 9849 §6.2): without the server's configs there is no telling, and policy must treat both
 * alike. A GREASE extension meets 3 by chance once in 256 hellos, to the public name itself alone.
 *
 * @param sni the name in clear.
 */
export function judgeEch(
	extension: EncryptedClientHello | undefined,
	sni: string | undefined,
	known: KnownEch,
): EchVerdict {
	if (extension === undefined) return { kind: "absent" };
	if (extension.form === "inner") return { kind: "inner" };
	if (sni === undefined) return { kind: "cannot-tell", reason: "no name in clear" };
	const ofName = known.configs.filter((config) => config.publicName === sni);
	if (ofName.length === 0) return { kind: "cannot-tell", reason: `no config with the public name ${sni} is known` };
	const made = ofName.find((config) => isMadeFor(extension, config));
	if (made !== undefined) return { kind: "real", config: made };
	const reason = `no known config of ${sni} has ID ${extension.configId} with KDF ${extension.kdf} and AEAD ${extension.aead}`;
	return { kind: known.isComplete ? "grease" : "cannot-tell", reason };
}

function isMadeFor(extension: EncryptedClientHello & { form: "outer" }, config: EchConfig): boolean {
	const { configId, kdf, aead, encapsulatedKey, payload } = extension;
	if (configId !== config.configId || payload.length < minPayloadOctets) return false;
	if (!config.suites.some((suite) => suite.kdf === kdf && suite.aead === aead)) return false;
	const expected = encapsulatedOctets.get(config.kem);
	// The hello behind a HelloRetryRequest has an empty one.
	return expected === undefined || encapsulatedKey.length === 0 || encapsulatedKey.length === expected;
}

const echVersion = 0xfe0d;
/** SvcParamKey `ech` (RFC 9848 §3). */
const echKey = 5;
/** The encapsulated key of each KEM of HPKE (RFC 9180 §7.1) and of X25519 with ML-KEM. */
const encapsulatedOctets: ReadonlyMap<number, number> = new Map([
	[0x0010, 65],
	[0x0011, 97],
	[0x0012, 133],
	[0x0020, 32],
	[0x0021, 56],
	[0x647a, 1120],
]);
/** The tag of the AEAD alone. */
const minPayloadOctets = 17;
