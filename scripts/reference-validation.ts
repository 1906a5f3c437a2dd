/** The page about certificate validation, made from the table of refusals and the three profiles. */
import {
	type ProfileName,
	type RefusalCode,
	refusalTable,
	type ValidationProfile,
	validationProfiles,
} from "#pki/validation-profile.ts";
import { markdownTable } from "./markdown.ts";

/** One row a rule, in the parts of the table in `src/pki/validation-profile.ts`. */
export function validationPage(): string {
	const codes = Object.keys(refusalTable) as RefusalCode[];
	const sections = parts.flatMap(({ title, first }, index) => {
		const next = parts[index + 1];
		const end = next === undefined ? codes.length : codes.indexOf(next.first);
		const rows = codes.slice(codes.indexOf(first), end).map(ruleRow);
		return [`## ${title}`, "", markdownTable(["Rule", "Refused when", ...profileNames, "Source"], rows)];
	});
	return [...introduction, ...sections, "## Keys and signatures", "", limitTable()].join("\n");
}

function ruleRow(code: RefusalCode): string[] {
	const row = refusalTable[code];
	return [
		`\`${code}\``,
		row.says,
		...profileNames.map((name) => (row.in.includes(name) ? "refuses" : "accepts")),
		row.source,
	];
}

function limitTable(): string {
	const rows = limits.map(({ title, of }) => [title, ...profileNames.map((name) => of(validationProfiles[name]))]);
	return markdownTable(["Accepted", ...profileNames], rows);
}

const profileNames: readonly ProfileName[] = ["strict", "web-pki", "lenient"];

/** Where each part begins. */
const parts: readonly { readonly title: string; readonly first: RefusalCode }[] = [
	{ title: "The path", first: "unknown-issuer" },
	{ title: "Each certificate", first: "malformed" },
	{ title: "Certificate authorities", first: "ca-basic-constraints" },
	{ title: "The server's certificate", first: "leaf-extended-key-usage" },
	{ title: "The form of extensions", first: "serial-number" },
	{ title: "Constraints over the path", first: "name-constraint-violated" },
];

const limits: readonly { readonly title: string; readonly of: (profile: ValidationProfile) => string }[] = [
	{ title: "Key algorithms", of: ({ keyKinds }) => [...keyKinds].join(", ") },
	{ title: "Curves", of: ({ curves }) => [...curves].join(", ") },
	{ title: "RSA modulus, at least", of: ({ minRsaBits }) => `${minRsaBits} bits` },
	{ title: "RSA modulus of whole octets", of: ({ mustRsaBitsBeOctets }) => (mustRsaBitsBeOctets ? "required" : "any") },
	{ title: "Hash functions", of: ({ hashes }) => [...hashes].join(", ") },
];

const introduction = [
	"# Certificate validation",
	"",
	"What makes a server's certificate untrusted, one row a rule, from `src/pki/validation-profile.ts`. The profile is chosen by",
	"`certificate-validation` of an SSL proxy profile ([configuration](reference/configuration.md)):",
	"",
	"- **strict**: RFC 5280 to the letter and the CA/Browser Forum's Baseline Requirements (BR) as far as a verifier sees them.",
	"- **web-pki** (default): what publicly trusted certificates keep, so that one outside those rules stands out.",
	"- **lenient**: for private PKIs. Rules about form fall away; what decides about safety stays.",
	"",
	"A certificate is trusted only when these rules *and* OpenSSL say so. The rule that refused stands in the session record",
	"(`sallyport explain SESSION`). Whether a certificate was revoked is asked after a path was found, by statements of its own.",
	"",
	"How many bad chains these profiles accept over real TLS, beside Squid, HAProxy, mitmproxy and plain Node: [comparison](comparison.md).",
	"",
];
