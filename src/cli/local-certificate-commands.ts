/** The commands of the gateway's own certificates and key pairs, as data: parts of `request`, `show` and `clear security pki`. */
import type { ArgumentType, CommandNode, OptionNode } from "#cli/grammar.ts";
import { enumeration, integer, text } from "#config/leaf-types.ts";
import { certificateId } from "#pki/certificate-id.ts";

/** Handlers that read or write a private key under a passphrase, for which the session asks. */
export type PassphraseHandler =
	| "local-certificate-export"
	| "local-certificate-load"
	| "local-certificate-repair"
	| "local-certificate-replace";

export type LocalCertificateHandler =
	| PassphraseHandler
	| "certificate-request-clear"
	| "certificate-request-export"
	| "certificate-request-generate"
	| "key-pair-clear"
	| "key-pair-generate"
	| "local-certificate-clear"
	| "local-certificate-refresh"
	| "local-certificate-self-sign"
	| "local-certificate-verify"
	| "show-certificate-request"
	| "show-key-pair"
	| "show-local-certificate";

type Node = CommandNode<LocalCertificateHandler>;
type Nodes = Readonly<Record<string, Node>>;
type Options = Readonly<Record<string, OptionNode>>;

const file = text({ min: 1, max: 1_024, placeholder: "filename" });
const list = text({ min: 1, max: 8_192, placeholder: "names" });

function idOf(source: string): ArgumentType {
	return { ...certificateId, source };
}

/** A name that is there. */
function existing(source: string): OptionNode {
	return { help: "Name of the certificate", type: idOf(source), mandatory: true };
}

const newId: OptionNode = { help: "Name to speak of it by", type: idOf("certificate-ids"), mandatory: true };

const subjectOptions: Options = {
	subject: {
		help: 'Subject, such as "CN=gw.company.example,OU=IT,O=Company,L=Oslo,ST=Oslo,C=NO"',
		type: text({ min: 1, max: 8_192, placeholder: "subject" }),
		mandatory: true,
	},
	"domain-name": { help: "Domain names, separated by commas; *. only as the left-most label", type: list },
	email: { help: "E-mail addresses, separated by commas", type: list },
	"ip-address": { help: "IPv4 and IPv6 addresses, separated by commas", type: list },
};

const passphraseOptions: Options = {
	passphrase: { help: "Ask for the passphrase" },
	"passphrase-file": { help: "File that holds the passphrase, on one line", type: file },
};

const loadOptions: Options = {
	filename: { help: "File with the certificate: PEM, DER, PKCS #7 or PKCS #12", type: file, mandatory: true },
	key: { help: "File with its private key: PEM or DER, encrypted or not", type: file },
	...passphraseOptions,
	exportable: { help: "The private key may leave the gateway later" },
};

const exportFormat = enumeration({
	der: "DER, the certificate alone",
	pem: "PEM, the certificate alone",
	pkcs12: "PKCS #12 with private key and chain, under a passphrase",
});

/** In `request security pki`. */
export const localCertificateRequests: Nodes = {
	"generate-key-pair": {
		help: "Make a key pair",
		run: "key-pair-generate",
		options: {
			"certificate-id": newId,
			type: {
				help: "Algorithm; rsa when absent",
				type: enumeration({ ecdsa: "ECDSA", ed25519: "Ed25519", rsa: "RSA" }),
			},
			size: {
				help: "Bits: 2048, 3072 or 4096 for rsa, 256 or 384 for ecdsa; the first when absent",
				type: integer({ min: 256, max: 4_096, unit: "bits" }),
			},
			exportable: { help: "The private key may leave the gateway later" },
		},
	},
	"generate-certificate-request": {
		help: "Ask an authority for a certificate (PKCS #10)",
		run: "certificate-request-generate",
		options: {
			"certificate-id": existing("key-pairs"),
			...subjectOptions,
			filename: { help: "New file to write the request to", type: file },
			signing: { help: "Ask for a certificate that signs others" },
		},
	},
	"certificate-request": {
		help: "Requests that were made",
		children: {
			export: {
				help: "Write a request to a file, without its private key",
				run: "certificate-request-export",
				options: {
					"certificate-id": existing("certificate-requests"),
					filename: { help: "New file", type: file, mandatory: true },
					type: { help: "Format; PEM when absent", type: enumeration({ der: "DER", pem: "PEM" }) },
				},
			},
		},
	},
	"local-certificate": {
		help: "Certificates of this gateway",
		children: {
			export: {
				help: "Write a certificate to a file",
				run: "local-certificate-export",
				options: {
					"certificate-id": existing("local-certificates"),
					filename: { help: "New file", type: file, mandatory: true },
					type: { help: "Format; PEM when absent", type: exportFormat },
					...passphraseOptions,
				},
			},
			"generate-self-signed": {
				help: "Make a certificate that is signed with its own key",
				run: "local-certificate-self-sign",
				options: {
					"certificate-id": existing("key-pairs"),
					...subjectOptions,
					"add-ca-constraint": { help: "A CA that signs certificates, as root-ca needs it" },
					days: { help: "Validity; 365 when absent", type: integer({ min: 1, max: 36_500, unit: "days" }) },
					digest: {
						help: "Hash function of the signature; the one that belongs to the key when absent",
						type: enumeration({ "sha-256": "SHA-256", "sha-384": "SHA-384" }),
					},
					exportable: { help: "Only with a key pair that was made exportable" },
				},
			},
			load: {
				help: "Load a certificate with its private key, or the answer to a request",
				run: "local-certificate-load",
				options: { "certificate-id": newId, ...loadOptions },
			},
			"refresh-status": { help: "Look again at the status of every certificate", run: "local-certificate-refresh" },
			repair: {
				help: "Give a certificate the private key that it lacks",
				run: "local-certificate-repair",
				options: {
					"certificate-id": existing("local-certificates"),
					key: { help: "File with the private key: PEM or DER, encrypted or not", type: file, mandatory: true },
					...passphraseOptions,
				},
			},
			replace: {
				help: "Put another certificate in the place of one, which is kept as NAME_REPLACED",
				run: "local-certificate-replace",
				options: { "certificate-id": existing("local-certificates"), ...loadOptions },
			},
			verify: {
				help: "Say whether a certificate is valid",
				run: "local-certificate-verify",
				options: { "certificate-id": existing("local-certificates") },
			},
		},
	},
};

function shown(help: string, run: LocalCertificateHandler, source: string): Node {
	return {
		help,
		run,
		options: {
			brief: { help: "A few lines each" },
			"certificate-id": { help: "Only this one", type: idOf(source) },
			detail: { help: "Everything" },
		},
	};
}

/** In `show security pki`. */
export const localCertificateShows: Nodes = {
	"certificate-request": shown(
		"Certificate requests that wait for an answer",
		"show-certificate-request",
		"certificate-requests",
	),
	"key-pair": { help: "Key pairs, and what each is for", run: "show-key-pair" },
	"local-certificate": shown("Certificates of this gateway", "show-local-certificate", "local-certificates"),
};

function cleared(help: string, run: LocalCertificateHandler, source: string): Node {
	return {
		help,
		children: {
			all: { help: "All that the configuration does not use", run },
			"certificate-id": {
				help: "One of them",
				value: { name: "certificate-id", type: idOf(source), node: { help: "Name of the certificate", run } },
			},
		},
	};
}

/** In `clear security pki`. */
export const localCertificateClears: Nodes = {
	"certificate-request": cleared(
		"Certificate requests; their key pairs stay",
		"certificate-request-clear",
		"certificate-requests",
	),
	"key-pair": cleared("Key pairs that have no certificate", "key-pair-clear", "key-pairs"),
	"local-certificate": cleared("Certificates; their key pairs stay", "local-certificate-clear", "local-certificates"),
};
