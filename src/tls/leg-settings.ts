/**
 * What one leg may negotiate: a grade, and what statements put in its place. Each leg of a session has its own value, and
 * each side enforces only its own half (R168).
 */
import { cipherSuiteNamed } from "#tls/cipher-suite-name.ts";
import type { CipherSuite, Grade } from "#tls/cipher-suites.ts";
import { gradeRules } from "#tls/grade.ts";
import { groupOf, keyExchangeGroups } from "#tls/key-exchange-groups.ts";
import { protocolVersion } from "#tls/record.ts";

/** The versions, suites, groups and schemes of a leg; suites and groups in our order of preference. */
export interface LegSettings {
	readonly grade: Grade;
	/** Who says it, for messages: `grade strict` or `the profile`. */
	readonly name: string;
	/** Ascending and without holes (R162), each with at least one suite; empty when nothing can be negotiated. */
	readonly versions: readonly number[];
	readonly suites: readonly CipherSuite[];
	readonly groups: readonly number[];
	readonly schemes: readonly number[];
	/** OpenSSL's security level. */
	readonly securityLevel: 0 | 2;
	/** The leg to a server: its versions and suites are offered whatever the client offers. */
	readonly isOwnOffer: boolean;
	/** Whether a peer may negotiate anew within a session of TLS 1.2, which no peer is asked to. */
	readonly renegotiation: Renegotiation;
	/** The same for equal settings. */
	readonly key: string;
}

/** Both legs of a session. */
export interface TlsLegs {
	readonly client: LegSettings;
	readonly server: LegSettings;
}

export type VersionRange =
	| "all"
	| "tls1"
	| "tls11"
	| "tls12"
	| "tls13"
	| "tls12-and-lower"
	| "tls11-and-higher"
	| "tls12-and-higher";

/** `allow-secure`: by RFC 5746; `allow`: also of peers that do not know it. */
export type Renegotiation = "drop" | "allow-secure" | "allow";

export type PreferredCiphers = "strong" | "medium" | "weak" | "custom";

/** What the configuration says of a leg; what is undefined or empty is left to the grade. */
export interface LegStatements {
	readonly grade: Grade;
	readonly versions?: VersionRange | undefined;
	readonly preferred?: PreferredCiphers | undefined;
	/** Junos names, for `custom`. */
	readonly custom?: readonly string[] | undefined;
	/** IANA names in lower case. */
	readonly groups?: readonly string[] | undefined;
	/** Undefined for false. */
	readonly isOwnOffer?: boolean | undefined;
	/** Undefined for drop. */
	readonly renegotiation?: Renegotiation | undefined;
}

/** The settings that the statements mean. Versions without a suite fall away. */
export function legSettings(statements: LegStatements): LegSettings {
	const { grade, versions: range, groups: names = [], isOwnOffer = false, renegotiation = "drop" } = statements;
	const rules = gradeRules(grade);
	const wanted = range === undefined ? rules.versions : versionRanges[range];
	const suites = suitesOf(statements);
	const versions = wanted.filter((version) => suites.some((suite) => isUsable(suite, version)));
	const isOld = versions.some((version) => version < protocolVersion.tls12);
	const isGradeAlone = range === undefined && preferredOf(statements) === undefined && names.length === 0;
	const settings = {
		grade,
		name: isGradeAlone ? `grade ${grade}` : "the profile",
		versions,
		suites: suites.filter((suite) => versions.some((version) => isUsable(suite, version))),
		groups: names.length === 0 ? rules.groups : names.flatMap((name) => groupNamed(name) ?? []),
		// Before TLS 1.2 the handshake itself is signed with SHA-1.
		schemes: isOld ? gradeRules("legacy").schemes : rules.schemes,
		securityLevel: isOld ? 0 : rules.securityLevel,
		isOwnOffer,
		renegotiation,
	} as const;
	const lists = [versions, settings.suites.map(({ code }) => code), settings.groups];
	const plain = isGradeAlone && !isOwnOffer ? grade : `${grade} ${isOwnOffer ? "own" : "mirrored"} ${lists.join(" ")}`;
	return { ...settings, key: renegotiation === "drop" ? plain : `${plain} ${renegotiation}` };
}

/** Both legs of a profile that says nothing but a grade. */
export function gradeLegs(grade: Grade): TlsLegs {
	return legsByGrade[grade];
}

/** The versions of a range that no suite of the statements can be used with. */
export function unusableVersions(statements: LegStatements): readonly number[] {
	const wanted =
		statements.versions === undefined ? gradeRules(statements.grade).versions : versionRanges[statements.versions];
	const { versions } = legSettings(statements);
	return wanted.filter((version) => !versions.includes(version));
}

/** True when a handshake of this version can end with this suite. */
export function isUsable(suite: CipherSuite, version: number): boolean {
	if (version === protocolVersion.tls13) return suite.since === "TLSv1.3";
	return suite.since === "TLSv1" || (suite.since === "TLSv1.2" && version === protocolVersion.tls12);
}

/** Why a suite is never offered, in words; undefined when it can be. */
export function whyNeverOffered(suite: CipherSuite | undefined): string | undefined {
	if (suite?.opensslName === undefined) return "OpenSSL no longer has it";
	if (suite.bulk === "NULL") return "it encrypts nothing";
	if (suite.authentication === "anonymous") return "it authenticates nobody";
	if (!authentications.has(suite.authentication) || !keyExchanges.has(suite.keyExchange))
		return "it needs keys that neither servers nor this gateway have";
	return undefined;
}

/** The groups that a configuration can name, by their IANA names in lower case. */
export const groupNames: readonly string[] = gradeRules("legacy").groups.flatMap(
	(code) => groupOf(code)?.name.toLowerCase() ?? [],
);

/** A list of suites alone means `custom`. */
function preferredOf({ preferred, custom = [] }: LegStatements): PreferredCiphers | undefined {
	return preferred ?? (custom.length > 0 ? "custom" : undefined);
}

function suitesOf(statements: LegStatements): readonly CipherSuite[] {
	const { grade, custom = [] } = statements;
	const preferred = preferredOf(statements);
	if (preferred === undefined) return gradeRules(grade).suites;
	if (preferred !== "custom") return gradeRules(gradeOfPreferred[preferred]).suites;
	return custom.flatMap((name) => {
		const suite = cipherSuiteNamed(name);
		return suite === undefined || whyNeverOffered(suite) !== undefined ? [] : [suite];
	});
}

function groupNamed(name: string): number | undefined {
	return keyExchangeGroups.find((group) => group.name.toLowerCase() === name)?.code;
}

const { tls10, tls11, tls12, tls13 } = protocolVersion;
const versionRanges: Readonly<Record<VersionRange, readonly number[]>> = {
	all: [tls10, tls11, tls12, tls13],
	tls1: [tls10],
	tls11: [tls11],
	tls12: [tls12],
	tls13: [tls13],
	"tls12-and-lower": [tls10, tls11, tls12],
	"tls11-and-higher": [tls11, tls12, tls13],
	"tls12-and-higher": [tls12, tls13],
};
const gradeOfPreferred = { strong: "strict", medium: "compatible", weak: "legacy" } as const;
const authentications: ReadonlySet<string> = new Set(["any", "RSA", "ECDSA"]);
const keyExchanges: ReadonlySet<string> = new Set(["any", "ECDHE", "RSA", "DHE"]);

const sameLegs = (grade: Grade): TlsLegs => {
	const leg = legSettings({ grade });
	return { client: leg, server: leg };
};
const legsByGrade: Readonly<Record<Grade, TlsLegs>> = {
	strict: sameLegs("strict"),
	compatible: sameLegs("compatible"),
	legacy: sameLegs("legacy"),
};
