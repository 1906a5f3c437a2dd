/** Cipher suites: what each is made of, by code point and by the names of IANA and OpenSSL. */

import { cipherSuiteRows } from "#tls/cipher-suite-table.ts";

/** One cipher suite; the parts are read from its name. */
export interface CipherSuite {
	readonly code: number;
	/** The IANA name. */
	readonly name: string;
	/** Absent where no OpenSSL of today builds the suite. */
	readonly opensslName: string | undefined;
	/** The oldest version it can be negotiated in; SSL 3.0 suites count as TLS 1.0. */
	readonly since: "TLSv1.3" | "TLSv1.2" | "TLSv1";
	/** "any" in TLS 1.3, where group and signature are negotiated apart. */
	readonly keyExchange: KeyExchange;
	readonly authentication: Authentication;
	/** As in the name: "AES_128_GCM", "CHACHA20_POLY1305", "NULL". */
	readonly bulk: string;
	readonly mac: "AEAD" | "SHA384" | "SHA256" | "SHA1" | "MD5";
	readonly isAead: boolean;
	/** True when a stolen key of the server does not open recorded sessions. */
	readonly hasForwardSecrecy: boolean;
}

export type KeyExchange =
	| "any"
	| "ECDHE"
	| "DHE"
	| "ECDH"
	| "DH"
	| "RSA"
	| "PSK"
	| "DHE_PSK"
	| "ECDHE_PSK"
	| "RSA_PSK"
	| "SRP";

/** How much of TLS a profile allows; what each means stands in `grade.ts`. */
export type Grade = "strict" | "compatible" | "legacy";

export type Authentication = "any" | "ECDSA" | "RSA" | "DSS" | "PSK" | "SRP" | "anonymous";

/** The suite of a code point; undefined for GREASE, signalling values and what the table does not hold. */
export function cipherSuiteOf(code: number): CipherSuite | undefined {
	return byCode.get(code);
}

/** The suite of an OpenSSL name, as `tlsSocket.getCipher().name` gives it. */
export function cipherSuiteOfOpenssl(opensslName: string): CipherSuite | undefined {
	return byOpensslName.get(opensslName);
}

/** The IANA name, `TLS_EMPTY_RENEGOTIATION_INFO_SCSV` and `TLS_FALLBACK_SCSV` too; `0x1234` when there is none. */
export function describeCipherSuite(code: number): string {
	return byCode.get(code)?.name ?? signallingNames.get(code) ?? `0x${code.toString(16).padStart(4, "0")}`;
}

function suite(code: number, name: string, opensslName: string | undefined): CipherSuite {
	const [exchange, rest] = name.slice("TLS_".length).split("_WITH_");
	const cipher = rest ?? exchange ?? "";
	const { keyExchange, authentication } = rest === undefined ? anyExchange : exchangeOf(exchange ?? "");
	const isAead = /GCM|CCM|POLY1305/.test(cipher);
	const hash = /_(SHA384|SHA256|SHA|MD5)$/.exec(cipher)?.[1];
	const mac = isAead ? "AEAD" : hash === "SHA384" || hash === "SHA256" || hash === "MD5" ? hash : "SHA1";
	// The PSK suites with SHA-256 or SHA-384 in CBC mode may be used before TLS 1.2 (RFC 5487 §3.1).
	const isNewHash = (mac === "SHA256" || mac === "SHA384") && !keyExchange.endsWith("PSK");
	return {
		code,
		name,
		opensslName,
		since: keyExchange === "any" ? "TLSv1.3" : isAead || isNewHash ? "TLSv1.2" : "TLSv1",
		keyExchange,
		authentication,
		bulk: cipher.replace(/_(?:SHA384|SHA256|SHA|MD5)$/, ""),
		mac,
		isAead,
		hasForwardSecrecy: /^(?:any|ECDHE|DHE)/.test(keyExchange),
	};
}

type Exchange = Pick<CipherSuite, "keyExchange" | "authentication">;

const anyExchange: Exchange = { keyExchange: "any", authentication: "any" };

/** Reads what stands before _WITH_: `ECDHE_RSA`, `RSA`, `DH_anon`, `PSK_DHE`, `SRP_SHA_DSS`, `RSA_EXPORT`. */
function exchangeOf(text: string): Exchange {
	const parts = text.replace("_EXPORT", "").replace("PSK_DHE", "DHE_PSK").replace("SRP_SHA", "SRP");
	if (parts.endsWith("PSK")) {
		return { keyExchange: parts as KeyExchange, authentication: parts === "RSA_PSK" ? "RSA" : "PSK" };
	}
	const [first, second] = parts.split("_");
	const authentication = second === undefined ? first : second === "anon" ? "anonymous" : second;
	return { keyExchange: first as KeyExchange, authentication: authentication as Authentication };
}

const byCode: ReadonlyMap<number, CipherSuite> = new Map(
	cipherSuiteRows.map(([code, name, opensslName]) => [code, suite(code, name, opensslName)]),
);

const byOpensslName: ReadonlyMap<string, CipherSuite> = new Map(
	[...byCode.values()].flatMap((entry) => (entry.opensslName === undefined ? [] : [[entry.opensslName, entry]])),
);

const signallingNames: ReadonlyMap<number, string> = new Map([
	[0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"],
	[0x5600, "TLS_FALLBACK_SCSV"],
]);
