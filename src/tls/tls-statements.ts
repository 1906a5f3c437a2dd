/** Statements that every profile of `services ssl` has: versions, suites, authorities, revocation. */
import { error, type Finding, warning } from "#config/finding.ts";
import { enumeration, keyword, reference, union } from "#config/leaf-types.ts";
import { container, flag, leaf, leafList } from "#config/schema.ts";
import { cipherSuiteName, cipherSuiteNamed } from "#tls/cipher-suite-name.ts";
import { groupNames, type LegStatements, legSettings, unusableVersions, whyNeverOffered } from "#tls/leg-settings.ts";
import { protocolVersion } from "#tls/record.ts";

/** Versions, always without a hole between the lowest and the highest. */
export const protocolVersions = enumeration({
	all: "TLS 1.0 to 1.3, as far as there are suites for them",
	tls1: "TLS 1.0 only",
	tls11: "TLS 1.1 only",
	tls12: "TLS 1.2 only",
	tls13: "TLS 1.3 only",
	"tls12-and-lower": "TLS 1.0 to 1.2",
	"tls11-and-higher": "TLS 1.1 to 1.3",
	"tls12-and-higher": "TLS 1.2 and 1.3",
});

const oldVersions = "danger: TLS 1.0 and 1.1 have known attacks, and so have the hashes they sign with";

/** `protocol-version`, and its twin for one half of a profile. */
export function protocolVersionHelp(what: string) {
	return { what, loosened: oldVersions, source: "RFC 8996" } as const;
}

export const preferredCiphers = leaf(
	enumeration({
		strong: "AEAD with ephemeral keys",
		medium: "Also suites in CBC mode, with ephemeral keys",
		weak: "Also RSA key transport, which has no forward secrecy",
		custom: "Those of custom-ciphers",
	}),
	{
		help: {
			what: "Which cipher suites are offered",
			loosened: "danger: weak suites can be broken by who records or changes the traffic",
		},
	},
);

/** `custom-ciphers`, and its twin for the half towards the server. */
export function cipherList(what: string) {
	return leafList(cipherSuiteName(), {
		help: { what, loosened: "danger: suites with RC4, 3DES, DES, NULL or RSA key transport have known attacks" },
	});
}

/** `groups`, and its twin for the half towards the server. */
export function groupList(what: string) {
	const words = groupNames.map((name) => [name, /mlkem/.test(name) ? "Post-quantum, TLS 1.3 only" : "Elliptic curve"]);
	return leafList(enumeration(Object.fromEntries(words) as Record<string, string>), {
		help: {
			what,
			loosened: "danger: without a post-quantum group, sessions that are recorded today may be opened one day",
		},
	});
}

/** Authorities that may vouch for the other side. */
export const configuredAuthorities = union([
	keyword("all", "Public roots and every CA profile"),
	reference(["security pki ca-profile", "security pki trusted-ca-group"]),
]);

/** `crl` under `actions`. */
export const crlActions = container({
	help: "Revocation lists of the authorities",
	children: {
		disable: flag({
			help: { what: "Do not look", loosened: "danger: revoked certificates are accepted until they expire" },
		}),
		"if-not-present": leaf(enumeration({ allow: "Go on; it is recorded", drop: "End the session" }), {
			help: {
				what: "What to do when neither revocation list nor responder gives an answer; allow when absent",
				loosened: "danger: with allow, who can cut the gateway off from the list can use a revoked certificate",
			},
		}),
		"ignore-hold-instruction-code": flag({
			help: {
				what: "Accept certificates that are on hold",
				loosened: "danger: an authority puts a certificate on hold when its key may be stolen",
			},
		}),
	},
});

/** A word on each suite that is never offered, and on suites that would never be looked at. */
export function verifyCipherList(
	path: readonly string[],
	statement: string,
	names: readonly string[],
	preferred: string | undefined,
): readonly Finding[] {
	const findings = names.flatMap((name) => {
		const suite = cipherSuiteNamed(name);
		const why = whyNeverOffered(suite);
		if (why === undefined) return [];
		const isGone = suite?.opensslName === undefined;
		const message = isGone ? `OpenSSL no longer has ${name}; it is never offered` : `${name} is never offered: ${why}`;
		return [warning(path, statement, message)];
	});
	if (names.length > 0 && preferred !== undefined && preferred !== "custom")
		findings.push(warning(path, statement, `is not used: preferred-ciphers is ${preferred}, not custom`));
	return findings;
}

/** Versions that nothing can be negotiated with, and old ones that can. `statement` is the one that says the versions. */
export function verifyLeg(path: readonly string[], statement: string, statements: LegStatements): readonly Finding[] {
	const { versions } = legSettings(statements);
	// Said by its own finding.
	if (statements.preferred === "custom" && (statements.custom ?? []).length === 0) return [];
	if (versions.length === 0)
		return [error(path, statement, "no suite that is left can be used with any of these versions")];
	const findings: Finding[] = [];
	const unusable = unusableVersions(statements).map((version) => versionNames.get(version));
	if (unusable.length > 0 && statements.versions !== undefined && statements.versions !== "all") {
		const advice = statements.custom?.length
			? "add suites for them"
			: "choose preferred-ciphers weak if peers need them";
		findings.push(warning(path, statement, `never used for want of suites: ${unusable.join(", ")}; ${advice}`));
	}
	const old = versions.filter((version) => version < protocolVersion.tls12).map((version) => versionNames.get(version));
	if (old.length > 0 && statements.versions !== undefined)
		findings.push(warning(path, statement, `danger: ${old.join(" and ")} have known attacks`));
	return findings;
}

/** As a person calls them. */
export const versionNames: ReadonlyMap<number, string> = new Map([
	[protocolVersion.tls10, "TLS 1.0"],
	[protocolVersion.tls11, "TLS 1.1"],
	[protocolVersion.tls12, "TLS 1.2"],
	[protocolVersion.tls13, "TLS 1.3"],
]);
