/**
 * Is this server's certificate trusted for this host? Our own path validation and OpenSSL's handshake verdict must both
 * say yes.
 *
 * Bounds: `capacity` decoded certificates of at most `maxKeptOctets` and as many verdicts, each for at most `keepMs`;
 * the work for a certificate whose verdict is known is one hash.
 */
import { Buffer } from "node:buffer";
import { hash, X509Certificate } from "node:crypto";
import { getPublicSuffix } from "tldts";
import { BoundedMap } from "#base/bounded.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import type { TrustAnchors } from "#pki/trust-anchors.ts";
import { type ProfileName, type RefusalCode, refusal, validationProfiles } from "#pki/validation-profile.ts";
import { type ChainVerdict, pathKeyOf, verifyChain } from "#pki/verify-chain.ts";
import { SignatureCache } from "#pki/verify-signature.ts";

/** The verdict and the certificate that a leaf is minted after. */
export interface JudgedServer {
	readonly certificate: Certificate;
	/** Names the certificate with its issuers: those of the validated path, else those that the server sent. */
	readonly chain: string;
	readonly isTrusted: boolean;
	/** "trusted", or the first reason why not, in words. */
	readonly reason: string;
	/** Until when the verdict may be used again without a new look, milliseconds since 1970. */
	readonly validUntil: number;
	/** When the first certificate of the path runs out, milliseconds since 1970; 0 when there is no path. */
	readonly pathEndsAt: number;
	/** The validated path, leaf first and anchor last; empty when the server is not trusted. */
	readonly path: readonly Certificate[];
	/** Names the path and the trust that validated it. */
	readonly pathKey: string;
	/** A certificate of the chain has expired. */
	readonly isExpired: boolean;
	/** No path was found, and both validations say that an issuer's certificate is all that is missing. */
	readonly isIssuerMissing: boolean;
	/** Trusted by the help of certificates that the server did not send. */
	readonly isRepaired: boolean;
}

export type ServerJudgement =
	| { readonly kind: "judged"; readonly judged: JudgedServer }
	/** No leaf can be minted after it. */
	| { readonly kind: "unreadable"; readonly reason: string };

/** What is asked about a server. */
export interface ServerQuestion {
	/** The server's certificate, DER. */
	readonly leaf: Uint8Array;
	/** What it sent besides, DER; asked for only when no verdict is known. */
	readonly others: () => readonly Uint8Array[];
	/** Certificates that were fetched because the server did not send them. */
	readonly fetched?: readonly Certificate[] | undefined;
	/** The host that the certificate must be for. */
	readonly host: string;
	readonly anchors: TrustAnchors;
	/** Certificates of authorities at hand besides; they complete what the server left out. */
	readonly intermediates?: readonly Certificate[] | undefined;
	/** Names the anchors and the profile: verdicts are kept apart by it. */
	readonly trustKey: string;
	readonly validation: ProfileName;
	/** The shortest RSA key of a server that is trusted; undefined leaves it to `validation`. */
	readonly minimumKeyBits?: number | undefined;
	/** OpenSSL's verdict by its code; undefined when it trusts the chain. */
	readonly opensslError: string | undefined;
	/** False where OpenSSL has no part in the handshake (DTLS): our own validation decides alone. True when absent. */
	readonly isOpensslAsked?: boolean;
}

/** Told when exactly one of the two validations trusts a chain. */
export type OnDisagreement = (facts: { host: string; originSha256: string; ours: string; openssl: string }) => void;

export class ServerJudge {
	readonly #certificates: BoundedMap<string, Certificate>;
	readonly #trusted: BoundedMap<string, JudgedServer>;
	readonly #signatures = new SignatureCache(signatureCapacity);
	readonly #ownAuthorities: ReadonlySet<string>;
	readonly #onDisagreement: OnDisagreement;

	/** `ownAuthorities` are SHA-256 (hexadecimal) of the public keys of the gateway's signing CAs (V23). */
	constructor(capacity: number, ownAuthorities: ReadonlySet<string>, onDisagreement: OnDisagreement) {
		this.#certificates = new BoundedMap(capacity);
		this.#trusted = new BoundedMap(capacity);
		this.#ownAuthorities = ownAuthorities;
		this.#onDisagreement = onDisagreement;
	}

	/** Judges a server at `now`, in milliseconds since 1970. */
	judge(question: ServerQuestion, now: number): ServerJudgement {
		const { leaf, host, trustKey, opensslError } = question;
		const fingerprint = hash("sha256", leaf, "hex");
		const key = `${fingerprint} ${host} ${trustKey}`;
		const known = this.#trusted.get(key);
		const hasOpensslSaidSo = known?.isRepaired === true ? isMissingIssuer(opensslError) : opensslError === undefined;
		if (known !== undefined && known.validUntil > now && hasOpensslSaidSo) return { kind: "judged", judged: known };
		const decoded = this.#decode(leaf, fingerprint);
		if (typeof decoded === "string") return { kind: "unreadable", reason: decoded };
		const verdict = this.#verify(question, decoded, now);
		const ours = verdict.kind === "trusted" ? undefined : verdict.reason.sentence;
		const isRepaired = verdict.kind === "trusted" && isRepairedPath(verdict.path, question);
		const { isOpensslAsked = true } = question;
		if (isOpensslAsked && (ours === undefined) !== (opensslError === undefined) && !isRepaired)
			this.#disagree(question, fingerprint, verdict);
		const reason = ours ?? (isRepaired ? undefined : opensslReason(opensslError));
		const isTrusted = reason === undefined;
		const pathEndsAt = verdict.kind === "trusted" ? Math.min(...verdict.path.map(lastMoment)) : 0;
		const validUntil = isTrusted ? Math.min(now + keepMs, pathEndsAt) : now;
		const path = isTrusted && verdict.kind === "trusted" ? verdict.path : [];
		const judged = {
			certificate: decoded,
			chain: chainNameOf(verdict, fingerprint, question),
			isTrusted,
			reason: reason ?? "trusted",
			validUntil,
			pathEndsAt,
			path,
			pathKey: isTrusted ? pathKeyOf(path, trustKey) : "",
			isExpired: isExpired(decoded, verdict, opensslError, now),
			isIssuerMissing:
				verdict.kind === "untrusted" && verdict.reason.code === "unknown-issuer" && isMissingIssuer(opensslError),
			isRepaired,
		};
		if (isTrusted && leaf.length <= maxKeptOctets) this.#trusted.set(key, judged);
		return { kind: "judged", judged };
	}

	/**
	 * Judges again what was trusted, for this same host and trust, when its TLS session began: the dates of a certificate
	 * of the path may have run out since (V21).
	 */
	again(judged: JudgedServer, host: string, now: number): JudgedServer {
		// What the server sent is not known any more: there is nothing to repair.
		if (judged.isIssuerMissing) return { ...judged, isIssuerMissing: false };
		if (!judged.isTrusted || now <= judged.pathEndsAt) return judged;
		const reason = `a certificate in the path of ${host} expired while its TLS session was kept`;
		return { ...judged, isTrusted: false, isExpired: true, reason };
	}

	/** What is at hand to build a path with, besides what was fetched. */
	intermediatesOf(question: ServerQuestion): Certificate[] {
		const intermediates: Certificate[] = [...(question.intermediates ?? [])];
		for (const der of question.others().slice(0, maxOthers)) {
			const decoded = this.#decode(der, hash("sha256", der, "hex"));
			if (typeof decoded !== "string") intermediates.push(decoded);
		}
		return intermediates;
	}

	#decode(der: Uint8Array, fingerprint: string): Certificate | string {
		const known = this.#certificates.get(fingerprint);
		if (known !== undefined) return known;
		const decoded = decodeCertificate(Buffer.from(der));
		if (decoded.kind === "done") {
			if (der.length <= maxKeptOctets) this.#certificates.set(fingerprint, decoded.value);
			return decoded.value;
		}
		return decoded.kind === "malformed" ? decoded.reason : "it is cut short";
	}

	#verify(question: ServerQuestion, leaf: Certificate, now: number): ChainVerdict {
		const intermediates = [...this.intermediatesOf(question), ...(question.fetched ?? [])];
		const { anchors, host, validation, minimumKeyBits: minRsaBits } = question;
		const base = validationProfiles[validation];
		const profile = minRsaBits !== undefined && minRsaBits < base.minRsaBits ? { ...base, minRsaBits } : base;
		const { ownAuthorities, cache } = { ownAuthorities: this.#ownAuthorities, cache: this.#signatures };
		const common = { leaf, intermediates, anchors, now, host, profile, ownAuthorities, cache, isPublicSuffix };
		const verdict = verifyChain(common);
		return verdict.kind === "trusted" ? (refusedKey(leaf, minRsaBits) ?? verdict) : verdict;
	}

	/** A wrong name or a short key is no disagreement: OpenSSL was not asked for it. */
	#disagree({ host, opensslError }: ServerQuestion, originSha256: string, verdict: ChainVerdict): void {
		if (verdict.kind === "untrusted" && unaskedCodes.has(verdict.reason.code)) return;
		const ours = verdict.kind === "trusted" ? "trusted" : verdict.reason.sentence;
		this.#onDisagreement({ host, originSha256, ours, openssl: opensslReason(opensslError) ?? "trusted" });
	}
}

/** R109: a key that is shorter than the profile asks for. */
function refusedKey({ publicKey }: Certificate, minimum: number | undefined): ChainVerdict | undefined {
	const { kind, bits } = publicKey;
	if (minimum === undefined || (kind !== "rsa" && kind !== "rsa-pss") || bits >= minimum) return undefined;
	const sentence = `the server's RSA key has ${bits} bits; minimum-key-length asks for ${minimum}`;
	return { kind: "untrusted", reason: refusal("key-refused", 0, sentence) };
}

/** The first reason need not be the date. */
function isExpired(leaf: Certificate, verdict: ChainVerdict, opensslError: string | undefined, now: number): boolean {
	const isRefusedFor = verdict.kind === "untrusted" && verdict.reason.code === "expired";
	return isRefusedFor || opensslError === "CERT_HAS_EXPIRED" || now > lastMoment(leaf);
}

/** A suffix of the public registries; *.github.io and the like belong to one owner and may have a wildcard (V5). */
function isPublicSuffix(name: string): boolean {
	return getPublicSuffix(name) === name;
}

/** OpenSSL got no further than to the certificate whose issuer the server did not send. */
function isMissingIssuer(error: string | undefined): boolean {
	return error !== undefined && missingIssuerErrors.has(error);
}

/**
 * A path that a fetched certificate completes. OpenSSL could not see it in the handshake: here it says of each
 * certificate whether the next one issued and signed it.
 */
function isRepairedPath(path: readonly Certificate[], { fetched, opensslError }: ServerQuestion): boolean {
	if (fetched === undefined || !isMissingIssuer(opensslError)) return false;
	if (!path.some((certificate) => fetched.includes(certificate))) return false;
	const chain = path.map(({ der }) => new X509Certificate(der));
	return chain.every((certificate, depth) => {
		const issuer = chain[depth + 1];
		return issuer === undefined || (certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
	});
}

/** Of a path that holds its certificates, of another what the server sent. */
function chainNameOf(verdict: ChainVerdict, fingerprint: string, { others }: ServerQuestion): string {
	const fingerprints =
		verdict.kind === "trusted"
			? verdict.path.map((certificate) => certificate.fingerprint)
			: [
					fingerprint,
					...others()
						.slice(0, maxOthers)
						.map((der) => hash("sha256", der, "hex")),
				];
	return hash("sha256", fingerprints.join(" "), "base64");
}

/** A certificate is valid through the whole last second. */
function lastMoment(certificate: Certificate): number {
	return certificate.notAfter + 999;
}

function opensslReason(error: string | undefined): string | undefined {
	if (error === undefined) return undefined;
	return opensslReasons[error] ?? `OpenSSL refuses the certificate chain (${error})`;
}

const missingIssuerErrors: ReadonlySet<string> = new Set([
	"UNABLE_TO_GET_ISSUER_CERT",
	"UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
	"UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
/** OpenSSL's verification errors (x509_vfy.h) in words. */
const opensslReasons: Readonly<Record<string, string>> = {
	DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed",
	SELF_SIGNED_CERT_IN_CHAIN: "the certificate's root is not in the trust store",
	UNABLE_TO_GET_ISSUER_CERT: "an issuer's certificate is missing",
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the certificate's issuer is not in the trust store",
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate's issuer is not in the trust store",
	CERT_SIGNATURE_FAILURE: "a signature in the certificate chain is wrong",
	CERT_NOT_YET_VALID: "a certificate of the chain is not valid yet",
	CERT_HAS_EXPIRED: "a certificate of the chain has expired",
	CERT_CHAIN_TOO_LONG: "the certificate chain is too long",
	CERT_REVOKED: "the certificate is revoked",
	INVALID_CA: "an issuer in the certificate chain is not a CA",
	INVALID_PURPOSE: "the certificate is not for servers",
	CERT_UNTRUSTED: "the certificate's root is not trusted for servers",
	CERT_REJECTED: "the certificate's root is rejected for servers",
};
/**
 * Larger certificates are judged anew each time: decoded, one of thousands of names takes mebibytes, and whoever has a
 * server can make thousands of them. The largest in wide use have about 6,000 octets.
 */
export const maxKeptOctets = 8_192;
/** A verdict is looked at anew after this time even when nothing ran out. */
const keepMs = 600_000;
const maxOthers = 16;
const signatureCapacity = 4_096;
const unaskedCodes: ReadonlySet<RefusalCode> = new Set<RefusalCode>(["name-mismatch", "key-refused"]);
