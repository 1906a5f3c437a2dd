/** The commands of certificates, as data: `request`, `show` and `clear security pki`. */
import { type CrlHandler, crlClears, crlRequests, crlShows } from "#cli/crl-commands.ts";
import type { ArgumentType, CommandNode, OptionNode } from "#cli/grammar.ts";
import {
	type LocalCertificateHandler,
	localCertificateClears,
	localCertificateRequests,
	localCertificateShows,
} from "#cli/local-certificate-commands.ts";
import { enumeration, integer, parsed, refused, text } from "#config/leaf-types.ts";

/** Answered by the session, which shows a file's fingerprint and asks before it hands on to the system. */
export type ConfirmedPkiHandler = "ca-certificate-load" | "ca-certificate-replace" | "ca-group-load";

export type PkiHandler =
	| LocalCertificateHandler
	| ConfirmedPkiHandler
	| CrlHandler
	| "ca-certificate-clear"
	| "ca-certificate-export"
	| "ca-certificate-verify"
	| "ca-file-show"
	| "ca-group-clear"
	| "default-store-clear"
	| "default-store-load"
	| "show-ca-certificate"
	| "show-ca-group"
	| "show-default-store"
	| "show-issuance-log";

type Node = CommandNode<PkiHandler>;

const file = text({ min: 1, max: 1_024, placeholder: "filename" });

function named(source: string): ArgumentType {
	return { ...text({ min: 1, max: 128, placeholder: "name" }), source };
}

/** With or without colons between the octets. */
const sha256: ArgumentType = {
	name: "sha256",
	placeholder: "<sha256>",
	describes: "SHA-256 fingerprint of 64 hexadecimal digits",
	parse(typed) {
		const digits = typed.replaceAll(":", "").toLowerCase();
		return /^[0-9a-f]{64}$/.test(digits)
			? parsed(digits)
			: refused(`invalid fingerprint '${typed.slice(0, 96)}'; expected 64 hexadecimal digits`);
	},
	format: String,
};

const profileOption: OptionNode = { help: "CA profile", type: named("ca-profiles"), mandatory: true };
const groupOption: OptionNode = { help: "CA profile group", type: named("ca-groups"), mandatory: true };
const fileOptions: Readonly<Record<string, OptionNode>> = {
	filename: { help: "File on the gateway: PEM, DER, PKCS #7 or PKCS #12", type: file, mandatory: true },
	"passphrase-file": { help: "File on the gateway whose first line opens PKCS #12", type: file },
};

const groupLoad: Node = {
	help: "Load many CA certificates in one action",
	run: "ca-group-load",
	options: {
		"ca-group-name": { help: "Name of the group", type: named("ca-groups"), mandatory: true },
		...fileOptions,
		filename: { help: "File on the gateway, or default for the default trust store", type: file, mandatory: true },
	},
};

const groupChildren: Readonly<Record<string, Node>> = { load: groupLoad };

/** `request security pki`. */
export const pkiRequests: Node = {
	help: "Certificates",
	permission: "pki-admin",
	children: {
		...localCertificateRequests,
		"ca-certificate": {
			help: "Certificates of authorities",
			children: {
				"ca-profile-group": { help: "Many authorities by one name", children: groupChildren },
				export: {
					help: "Write the certificate of a CA profile to a file",
					run: "ca-certificate-export",
					options: {
						"ca-profile": profileOption,
						filename: { help: "New file on the gateway", type: file, mandatory: true },
						type: { help: "Format; PEM when absent", type: enumeration({ der: "DER", pem: "PEM" }) },
					},
				},
				load: {
					help: "Load the certificate of a CA profile",
					run: "ca-certificate-load",
					options: { "ca-profile": profileOption, ...fileOptions },
				},
				replace: {
					help: "Load another certificate in place of the one at hand, which is kept as NAME_REPLACED",
					run: "ca-certificate-replace",
					options: { "ca-profile": profileOption, ...fileOptions },
				},
				verify: {
					help: "Say whether the certificate of a CA profile is valid",
					run: "ca-certificate-verify",
					options: { "ca-profile": profileOption },
				},
			},
		},
		"ca-profile-group": { help: "Many authorities by one name", children: groupChildren },
		crl: crlRequests,
		"default-trust-store": {
			help: "Public roots",
			children: {
				load: {
					help: "Add the certificates of a file to the public roots of the runtime, in place of those added before",
					run: "default-store-load",
					options: fileOptions,
				},
			},
		},
	},
};

const forms: Readonly<Record<string, OptionNode>> = {
	brief: { help: "A few lines each" },
	detail: { help: "Everything" },
};

/** `show security pki`. */
export const pkiShows: Node = {
	help: "Certificates",
	permission: "view",
	children: {
		...localCertificateShows,
		"ca-certificate": {
			help: "Certificates of CA profiles",
			run: "show-ca-certificate",
			options: { ...forms, "ca-profile": { help: "Only of this CA profile", type: named("ca-certificates") } },
		},
		"ca-certificates": {
			help: "Certificates of a CA profile group",
			run: "show-ca-group",
			options: { ...forms, "ca-profile-group": groupOption },
		},
		crl: crlShows,
		"default-trust-store": {
			help: "Public roots: how many, from where, which are left out",
			run: "show-default-store",
			options: { detail: { help: "Each of them" } },
		},
		"issuance-log": {
			help: "Certificates that were signed for clients, and the server certificates that they stand for",
			run: "show-issuance-log",
			options: {
				last: { help: "How many of the newest", type: integer({ min: 1, max: 1_000_000, placeholder: "number" }) },
				name: { help: "With this name among them", type: text({ min: 1, max: 255, placeholder: "name" }) },
				origin: { help: "After the server certificate with this SHA-256 fingerprint", type: sha256 },
				serial: { help: "With this serial number", type: text({ min: 1, max: 40, placeholder: "serial" }) },
			},
		},
	},
};

/** `clear security pki`. */
export const pkiClears: Node = {
	help: "Delete certificates",
	permission: "pki-admin",
	children: {
		...localCertificateClears,
		"ca-certificate": {
			help: "Certificates of a CA profile, or of all",
			run: "ca-certificate-clear",
			options: { "ca-profile": { help: "CA profile, or all", type: named("ca-certificates"), mandatory: true } },
		},
		"ca-certificates": {
			help: "All certificates of a CA profile group, and the group with them",
			run: "ca-group-clear",
			options: { "ca-profile-group": groupOption },
		},
		"ca-profile-group": {
			help: "A CA profile group with all of its certificates",
			run: "ca-group-clear",
			options: { "ca-group-name": groupOption },
		},
		crl: crlClears,
		"default-trust-store": { help: "What was added to the public roots", run: "default-store-clear" },
	},
};
