/** `client-authentication` of a profile: who vouches for clients, and how an HTTP server hears whom they proved to be. */
import { error, type Finding } from "#config/finding.ts";
import { type LeafType, parsed, refused, shown } from "#config/leaf-types.ts";
import { container, flag, leaf, leafList, type Snapshot } from "#config/schema.ts";
import { configuredAuthorities } from "#tls/tls-statements.ts";

const identityHeaders = container({
	help: {
		what: "Tell an HTTP server in fields of each request who the client has proved to be; Client-Cert when none is named. What a client sends under these names is taken out, and nothing but HTTP passes",
		loosened: "danger: who reaches the server past this gateway can claim to be any client",
		source: "RFC 9440",
	},
	presence: true,
	children: {
		"client-cert": flag({ help: "Client-Cert with the certificate, as RFC 9440 writes it" }),
		subject: leaf(fieldName(), { help: "Field with the subject of the certificate, as RFC 4514 writes it" }),
		fingerprint: leaf(fieldName(), { help: "Field with the SHA-256 of the certificate, in hexadecimal" }),
		certificate: leaf(fieldName(), { help: "Field with the certificate in PEM, escaped as in URLs" }),
	},
});

/** Certificates of clients. */
export const clientAuthentication = container({
	help: "Certificates of clients",
	presence: true,
	alternatives: [{ of: ["required", "optional"] }],
	children: {
		required: flag({ help: "Clients without a good certificate are refused; so when neither is named" }),
		optional: flag({
			help: {
				what: "Clients without a certificate are served too",
				loosened: "danger: the server behind must tell the two apart, or everybody is let in",
			},
		}),
		"trusted-ca": leafList(configuredAuthorities, { help: "Who may vouch for clients", mandatory: true }),
		"identity-headers": identityHeaders,
	},
});

export type ClientAuthenticationStatement = Snapshot<typeof clientAuthentication>;

/** Two pieces of an identity under one name. */
export function verifyClientAuthentication(
	path: readonly string[],
	statement: ClientAuthenticationStatement | undefined,
): readonly Finding[] {
	const headers = statement?.identityHeaders;
	if (headers === undefined) return [];
	const at = [...path, "client-authentication", "identity-headers"];
	const findings: Finding[] = [];
	const owners = new Map(headers.clientCert ? [["client-cert", "client-cert"]] : []);
	for (const piece of ["subject", "fingerprint", "certificate"] as const) {
		const name = headers[piece]?.toLowerCase().replaceAll("_", "-");
		if (name === undefined) continue;
		const owner = owners.get(name);
		if (owner !== undefined) findings.push(error(at, piece, `the name of '${owner}'`));
		owners.set(name, piece);
	}
	return findings;
}

/** The name of an HTTP field of one's own, none that frames, routes or changes a message (RFC 9110 §5.1). */
function fieldName(): LeafType<string> {
	return {
		name: "field-name",
		placeholder: "<field-name>",
		describes: "name of an HTTP field: letters, digits and hyphens",
		parse(typed) {
			if (/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(typed) && !taken.test(typed)) return parsed(typed);
			return refused(
				`invalid field name: '${shown(typed)}'; expected letters, digits and hyphens, as in X-Client-Subject`,
			);
		},
		format: (value) => value,
	};
}

const taken =
	/^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|date|range|cookie|authorization|proxy-.*|content-.*|accept.*|if-.*|http2-settings)$/i;
