/** Keywords about the TLS handshake that are no buffers, and the old ones that are a content of their own. */
import type { BufferName } from "#signature/buffer-table.ts";
import { readQuoted } from "#signature/content-text.ts";
import type { KeywordTable } from "#signature/keyword.ts";
import type { SignatureDraft } from "#signature/signature-draft.ts";

export const tlsKeywords: KeywordTable = {
	"tls.version": {
		about: "version that was negotiated: 1.0 to 1.3, or a code point in hexadecimal",
		read: (draft, value) => {
			const text = (value ?? "").replaceAll('"', "");
			const code = versions.get(text) ?? (/^0x[0-9a-fA-F]{4}$/.test(text) ? Number(text) : undefined);
			if (code === undefined) return `"${text.slice(0, 30)}" is no version`;
			draft.tlsVersions = [code];
			return undefined;
		},
	},
	ssl_version: {
		about: "version of SSL or TLS, one of a list; with ! none of it",
		read: (draft, value) => {
			const words = (value ?? "").split(",").map((word) => word.trim().toLowerCase());
			const isNegated = words.some((word) => word.startsWith("!"));
			const codes = words.map((word) => sslVersions.get(word.replace(/^!/, "")));
			if (isNegated && !words.every((word) => word.startsWith("!"))) return "it negates some of its versions";
			if (codes.includes(undefined)) return `"${(value ?? "").slice(0, 30)}" is no list of versions`;
			draft.tlsVersions = codes as number[];
			draft.isTlsVersionNegated = isNegated;
			return undefined;
		},
	},
	ssl_state: {
		about: "message of the handshake: client_hello or server_hello",
		read: (draft, value) => {
			if (value !== "client_hello" && value !== "server_hello")
				return `state "${(value ?? "").slice(0, 30)}" is not supported`;
			draft.tlsState = value;
			return undefined;
		},
	},
	tls_cert_expired: {
		about: "the server's certificate is no longer valid",
		read: (draft) => {
			draft.isCertificateExpired = true;
			return undefined;
		},
	},
	tls_cert_valid: {
		about: "the server's certificate is still valid, by its dates",
		read: (draft) => {
			draft.isCertificateExpired = false;
			return undefined;
		},
	},
	"tls.subject": contentKeyword("old form of tls.cert_subject with a content", "tls.cert_subject"),
	"tls.issuerdn": contentKeyword("old form of tls.cert_issuer with a content", "tls.cert_issuer"),
	"tls.fingerprint": contentKeyword("old form of tls.cert_fingerprint with a content", "tls.cert_fingerprint"),
	"tls.store": {
		about: "accepted; certificates are not stored by rules",
		read: (draft) => {
			draft.notes.push("tls.store: certificates are not stored by rules");
			return undefined;
		},
	},
};

function contentKeyword(about: string, buffer: BufferName) {
	return {
		about,
		read: (draft: SignatureDraft, value: string | undefined) => {
			const quoted = readQuoted(value);
			if (quoted === undefined || quoted.text === "") return "its value is not in quotes";
			draft.inspection(buffer).steps.push({
				type: "content",
				octets: Buffer.from(quoted.text, "latin1"),
				isNegated: quoted.isNegated,
				ignoresCase: false,
				offset: undefined,
				depth: undefined,
				distance: undefined,
				within: undefined,
				endsBuffer: false,
				isFastPattern: false,
				isFollowed: false,
			});
			return undefined;
		},
	};
}

const versions: ReadonlyMap<string, number> = new Map([
	["1.0", 0x0301],
	["1.1", 0x0302],
	["1.2", 0x0303],
	["1.3", 0x0304],
]);
const sslVersions: ReadonlyMap<string, number> = new Map([
	["sslv2", 0x0002],
	["sslv3", 0x0300],
	["tls1.0", 0x0301],
	["tls1.1", 0x0302],
	["tls1.2", 0x0303],
	["tls1.3", 0x0304],
]);
