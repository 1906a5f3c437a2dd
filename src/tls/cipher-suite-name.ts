/** The names by which a configuration calls cipher suites: those of Junos, which are IANA's in lower case with hyphens. */
import { type LeafType, parsed, refused, shown } from "#config/leaf-types.ts";
import { cipherSuiteRows } from "#tls/cipher-suite-table.ts";
import { type CipherSuite, cipherSuiteOf } from "#tls/cipher-suites.ts";
import { gradeRules } from "#tls/grade.ts";

/**
 * The name of a suite in the configuration: `ecdhe-rsa-with-aes-128-gcm-sha256`, or `tls13-with-aes-128-gcm-sha256` for
 * what IANA calls TLS_AES_128_GCM_SHA256.
 */
export function configuredName(suite: CipherSuite): string {
	const words = suite.name.slice("TLS_".length).toLowerCase().replaceAll("_", "-");
	return words.includes("with-") ? words : `tls13-with-${words}`;
}

/** The suite that a configured name means; undefined for one that never had a code point of its own. */
export function cipherSuiteNamed(name: string): CipherSuite | undefined {
	return suiteByName.get(name);
}

/** A cipher suite by the name of Junos, IANA or OpenSSL, in either case; the value is the name of Junos. */
export function cipherSuiteName(): LeafType<string> {
	return {
		name: "cipher-suite",
		placeholder: "<cipher-suite>",
		describes: "cipher suite, such as ecdhe-rsa-with-aes-128-gcm-sha256; names of IANA and OpenSSL are accepted too",
		words: offered,
		parse(typed) {
			const name = nameByTyped.get(typed.toLowerCase());
			return name === undefined ? refused(`unknown cipher suite: '${shown(typed)}'`) : parsed(name);
		},
		format: (value) => value,
	};
}

/** Suites of old appliances that were never registered: accepted, and told at commit to be unavailable. */
const unregistered = [
	"rsa-export1024-with-des-cbc-sha",
	"rsa-export1024-with-rc4-56-md5",
	"rsa-export1024-with-rc4-56-sha",
];

const suiteByName: ReadonlyMap<string, CipherSuite> = new Map(
	cipherSuiteRows.flatMap(([code]) => {
		const suite = cipherSuiteOf(code);
		return suite === undefined ? [] : [[configuredName(suite), suite] as const];
	}),
);

const nameByTyped: ReadonlyMap<string, string> = new Map([
	...unregistered.map((name) => [name, name] as const),
	...[...suiteByName].flatMap(([name, suite]) =>
		[suite.opensslName, suite.name, name].flatMap((also) =>
			also === undefined ? [] : [[also.toLowerCase(), name] as const],
		),
	),
]);

/** What completion offers: the suites that some grade has. */
const offered: Readonly<Record<string, string>> = Object.fromEntries(
	gradeRules("legacy").suites.map((suite) => {
		const version = suite.since === "TLSv1" ? "TLS 1.0 to 1.2" : suite.since === "TLSv1.2" ? "TLS 1.2" : "TLS 1.3";
		return [configuredName(suite), suite.hasForwardSecrecy ? version : `${version}, no forward secrecy`];
	}),
);
