/** `security pki`: who is trusted, how revocation is looked up, and how keys are kept. */
import { error, type Finding, warning } from "#config/finding.ts";
import { enumeration, integer, type LeafType, parsed, reference, refused, shown, text } from "#config/leaf-types.ts";
import { address, emailAddress, fileName, hexadecimal, prefix, url } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { traceFile, verifyTraceFile } from "#telemetry/trace-file.ts";

/** Letters, digits, `-`, `_` and blanks, and not `ca`: the names of files and of other tools come from it. */
export const caName: LeafType<string> = {
	name: "ca-name",
	placeholder: "<name>",
	describes: "name of 1 to 64 letters, digits, hyphens, underscores and blanks; not 'ca'",
	parse(typed) {
		if (!/^[A-Za-z0-9_-](?:[A-Za-z0-9_ -]{0,62}[A-Za-z0-9_-])?$/.test(typed))
			return refused(
				`invalid value: '${shown(typed)}': Must consist of letters, numbers, dashes, underscores and blanks`,
			);
		return reservedNames.has(typed) ? refused(`the name '${typed}' is reserved`) : parsed(typed);
	},
	format: (value) => value,
};

/** `ca` is what other tools call their own file; the others are words of `trusted-ca` and of commands. */
const reservedNames: ReadonlySet<string> = new Set(["ca", "all", "default"]);

const enableOrDisable = { enable: "On", disable: "Off" };

const crl = container({
	help: "Revocation lists",
	children: {
		disable: container({
			help: "When the list is done without",
			layout: "line",
			children: {
				"on-download-failure": flag({
					help: {
						what: "Accept certificates when no list can be had",
						loosened: "danger: who can cut the gateway off from the list can go on using a revoked certificate",
					},
				}),
			},
		}),
		"refresh-interval": leaf(integer({ min: 0, max: 8_784, unit: "hours" }), {
			help: {
				what: "How often the list is fetched; 0 fetches it when the one at hand expires",
				loosened: "danger: a certificate stays accepted so much longer after its revocation",
			},
			default: 24,
		}),
		url: leafList(url(["http:", "https:", "ldap:"]), {
			help: "Where the list is; the certificate's own distribution points when absent. Only http is fetched",
			maxValues: 10,
		}),
	},
});

const ocsp = container({
	help: "Questions to a responder",
	children: {
		"connection-failure": leaf(
			enumeration({ disable: "Accept the certificate", "fallback-crl": "Look into the revocation list" }),
			{
				help: {
					what: "What to do when the responder does not answer; what the profile of the connection says when absent",
					loosened:
						"danger: with disable, who can cut the gateway off from the responder can use a revoked certificate",
				},
			},
		),
		"disable-responder-revocation-check": flag({
			help: {
				what: "Do not ask whether the responder's own certificate was revoked",
				loosened: "danger: a stolen key of a responder vouches for anything",
			},
			engine: "not-yet",
		}),
		"nonce-payload": leaf(enumeration(enableOrDisable), {
			help: {
				what: "Send a nonce with each question",
				loosened: "danger: without it, an old answer can be played again until it expires",
			},
			default: "enable",
		}),
		url: leafList(url(), { help: "The responder; the certificate's own when absent", maxValues: 2 }),
	},
});

const caProfile = list({
	help: "A certificate authority; its certificates are loaded by request security pki ca-certificate load",
	keys: { name: caName },
	children: {
		"ca-identity": leaf(text({ min: 1, max: 255 }), {
			help: "Name by which the authority is addressed",
			mandatory: true,
		}),
		enrollment: container({
			help: "How certificates are asked for",
			engine: "not-yet",
			children: {
				url: leaf(url(), { help: "Where requests go (SCEP, CMPv2)" }),
				retry: leaf(integer({ min: 0, max: 1_080, placeholder: "attempts" }), {
					help: "How often a request is repeated",
					default: 10,
				}),
				"retry-interval": leaf(integer({ min: 0, max: 3_600, unit: "seconds" }), {
					help: "Time between two attempts",
					default: 900,
				}),
			},
		}),
		"revocation-check": container({
			help: "How it is found out that a certificate was revoked",
			children: {
				disable: flag({
					help: {
						what: "Do not look",
						loosened: "danger: revoked certificates are accepted until they expire",
					},
				}),
				"use-crl": flag({ help: "Ask the revocation list; with neither named, responder and list are asked" }),
				"use-ocsp": flag({ help: "Ask the responder" }),
				crl,
				ocsp,
			},
		}),
		administrator: container({
			help: "Who is responsible for the authority",
			engine: "not-yet",
			children: { "email-address": leaf(emailAddress(), { help: "Address that certificate requests are sent to" }) },
		}),
		"source-address": leaf(address(), { help: "Address that the authority is asked from", engine: "not-yet" }),
		"routing-instance": leaf(reference("routing-instances instance"), {
			help: "Routing instance to ask from",
			engine: "not-yet",
		}),
	},
});

const keyStore = container({
	help: "Where private keys are kept",
	children: {
		"passphrase-file": leaf(fileName(), {
			help: {
				what: "File with the passphrase that keys at rest are encrypted with (argon2id, AES-256-GCM); relative to the state directory. Read at the start and at each commit. Without it: the credential sallyport-passphrase of systemd, else a generated key in keys/master-key",
				loosened: "danger: without a passphrase, a copy of the state directory is a copy of the CA's key",
			},
		}),
		pkcs11: container({
			help: "A hardware security module",
			engine: "not-yet",
			children: {
				module: leaf(fileName(), { help: "The module's library" }),
				token: leaf(text({ min: 1, max: 32, placeholder: "label" }), { help: "Label of the token" }),
				"pin-file": leaf(fileName(), { help: "File with the PIN" }),
			},
		}),
	},
});

export const pkiSchema = container({
	help: "Configuration",
	children: {
		security: container({
			help: "Security",
			permission: "security",
			children: {
				pki: container({
					help: "Certificates and keys",
					permission: "pki-device",
					children: {
						"ca-profile": caProfile,
						"trusted-ca-group": list({
							help: "Authorities that are trusted together",
							keys: { name: caName },
							children: {
								description: leaf(text({ max: 512 }), { help: "Text" }),
								"ca-profiles": leafList(reference("security pki ca-profile"), {
									help: "Members",
									mandatory: true,
								}),
							},
						}),
						"default-trust-store": container({
							help: "The public roots that come with the runtime, and those that are added to them",
							children: {
								disable: flag({ help: "Trust none of them" }),
								exclude: leafList(hexadecimal({ minOctets: 32, maxOctets: 32 }), {
									help: "Single roots that are not trusted, by the SHA-256 fingerprint of the certificate",
								}),
								file: leaf(fileName(), {
									help: {
										what: "File with PEM certificates that are added to the runtime's; read at each commit",
										loosened: "danger: whoever can write the file decides which servers are genuine",
									},
								}),
							},
						}),
						"fetch-missing-intermediates": leaf(enumeration(enableOrDisable), {
							help: {
								what: "Fetch intermediate certificates that a server does not send, from where its certificate says",
								loosened: "danger: servers can make the gateway send requests to addresses of their choice",
							},
							default: "disable",
						}),
						"fetch-permitted-networks": leafList(prefix(), {
							help: {
								what: "danger: networks that revocation and issuer certificates may be fetched from although they are private, loopback or link-local",
								loosened: "danger: any server can make the gateway send requests into these networks",
							},
						}),
						"persist-private-keys": leaf(enumeration(enableOrDisable), {
							help: "Keep keys on disk, encrypted; with disable they are in memory only, until the gateway stops, and signing CAs are made anew at the next start",
							default: "enable",
						}),
						"key-store": keyStore,
						"expiry-warning": leaf(integer({ min: 1, max: 365, unit: "days" }), {
							help: "How long before the end of a certificate of this gateway, or of a CA profile, an event and an alarm say so",
							default: 30,
						}),
						traceoptions: container({
							help: "Trace of certificate operations",
							permission: "trace",
							engine: "not-yet",
							children: {
								file: traceFile,
								flag: list({
									help: "What is traced",
									keys: {
										name: enumeration({
											all: "Everything",
											"certificate-verification": "Validation of paths",
											enrollment: "Requests to authorities",
											"online-crl-check": "Revocation",
										}),
									},
								}),
							},
						}),
					},
				}),
			},
		}),
	},
});

export type PkiConfig = Snapshot<typeof pkiSchema>;

/** What a commit says about certificates and keys. */
export function verifyPki(config: PkiConfig): readonly Finding[] {
	const { pki } = config.security;
	const path = ["security", "pki"];
	const findings: Finding[] = [];
	for (const [profile, { revocationCheck }] of pki.caProfile) {
		const at = [...path, "ca-profile", profile, "revocation-check"];
		for (const part of ["crl", "ocsp"] as const)
			if (revocationCheck[part].url.some((one) => !one.toLowerCase().startsWith("http:")))
				findings.push(warning([...at, part], "url", "only http addresses are asked; what is signed needs no TLS"));
		if (!revocationCheck.disable) continue;
		findings.push(warning(at, "disable", "danger: revoked certificates of this authority are accepted"));
		const asked = revocationCheck.useCrl ? "use-crl" : revocationCheck.useOcsp ? "use-ocsp" : undefined;
		if (asked !== undefined) findings.push(error(at, asked, "cannot stand beside 'disable'"));
	}
	const { module, token, pinFile } = pki.keyStore.pkcs11;
	const parts = { module, token, "pin-file": pinFile };
	const absent = Object.entries(parts).filter(([, value]) => value === undefined);
	if (absent.length > 0 && absent.length < 3) {
		const names = absent.map(([part]) => `'${part}'`).join(" and ");
		findings.push(error([...path, "key-store", "pkcs11"], undefined, `missing ${names}: the three belong together`));
	}
	if (pki.persistPrivateKeys === "disable") {
		const message =
			"private keys are removed from the disk and are lost when the gateway stops; at the next start signing CAs are made anew, and clients must be given them";
		findings.push(warning(path, "persist-private-keys", message));
	}
	if (pki.persistPrivateKeys === "disable" && pki.keyStore.passphraseFile !== undefined) {
		const message = "is not used: persist-private-keys is disabled, so that no key is written";
		findings.push(warning([...path, "key-store"], "passphrase-file", message));
	}
	findings.push(...verifyTraceFile([...path, "traceoptions", "file"], pki.traceoptions.file));
	return findings;
}
