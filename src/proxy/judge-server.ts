/**
 * Is this server's certificate trusted for this host? OpenSSL's handshake verdict and our own checks must both say yes.
 *
 * Bounds: `capacity` decoded certificates and verdicts; the work of a known certificate is one hash.
 */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { BoundedMap } from "#base/bounded.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { keyUsageBit } from "#pki/extensions.ts";
import { purposeOid } from "#pki/oids.ts";
import { verifyName } from "#pki/verify-name.ts";

/** The verdict and the certificate that a leaf is minted after. */
export interface JudgedServer {
	readonly certificate: Certificate;
	readonly isTrusted: boolean;
	/** "trusted", or the first reason why not, in words. */
	readonly reason: string;
}

export type ServerJudgement =
	| { readonly kind: "judged"; readonly judged: JudgedServer }
	/** No leaf can be minted after it. */
	| { readonly kind: "unreadable"; readonly reason: string };

/** Decodes and judges server certificates; keeps what it decoded. */
export class ServerJudge {
	readonly #certificates: BoundedMap<string, Certificate>;

	constructor(capacity: number) {
		this.#certificates = new BoundedMap(capacity);
	}

	/**
	 * Judges a certificate as the server presented it. `opensslError` is the engine's verdict, undefined when it trusts
	 * the chain; `now` in milliseconds since 1970.
	 */
	judge(der: Uint8Array, host: string, opensslError: string | undefined, now: number): ServerJudgement {
		const fingerprint = hash("sha256", der, "hex");
		let certificate = this.#certificates.get(fingerprint);
		if (certificate === undefined) {
			const decoded = decodeCertificate(Buffer.from(der));
			if (decoded.kind !== "done") {
				return { kind: "unreadable", reason: decoded.kind === "malformed" ? decoded.reason : "it is cut short" };
			}
			certificate = decoded.value;
			this.#certificates.set(fingerprint, certificate);
		}
		const reason = whyNot(certificate, host, now) ?? opensslReason(opensslError);
		return { kind: "judged", judged: { certificate, isTrusted: reason === undefined, reason: reason ?? "trusted" } };
	}

	/** Judges again what was trusted when its session began: the dates may have run out since (V21). */
	again(judged: JudgedServer, host: string, now: number): JudgedServer {
		if (!judged.isTrusted) return judged;
		const reason = whyNot(judged.certificate, host, now);
		return reason === undefined ? judged : { ...judged, isTrusted: false, reason };
	}
}

/** The first rule of ours that the certificate breaks. The name comes before the dates: it says more. */
function whyNot(certificate: Certificate, host: string, now: number): string | undefined {
	if (certificate.version !== 3) return `the certificate has version ${certificate.version}; expected version 3`;
	const fault = certificate.faults[0];
	if (fault !== undefined) return `the certificate is malformed: ${fault}`;
	const name = verifyName(certificate.typed.subjectAltName, host);
	if (name.kind === "mismatch") {
		const presented = name.presented.length === 0 ? "no name at all" : name.presented.join(", ");
		return `the certificate is for ${presented}; expected ${host}`;
	}
	if (now < certificate.notBefore) return `the certificate is valid from ${day(certificate.notBefore)} on`;
	if (now > certificate.notAfter + 999) return `the certificate expired on ${day(certificate.notAfter)}`;
	const purposes = certificate.typed.extendedKeyUsage;
	if (purposes !== undefined && !purposes.includes(purposeOid.serverAuth) && !purposes.includes(purposeOid.any)) {
		return "the certificate is not for servers (extendedKeyUsage)";
	}
	const usage = certificate.typed.keyUsage;
	if (usage !== undefined && (usage & (keyUsageBit.digitalSignature | keyUsageBit.keyEncipherment)) === 0) {
		return "the certificate's key may not be used for TLS (keyUsage)";
	}
	return undefined;
}

function opensslReason(error: string | undefined): string | undefined {
	if (error === undefined) return undefined;
	return opensslReasons[error] ?? `the certificate chain is refused (${error})`;
}

function day(milliseconds: number): string {
	return new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ").concat(" UTC");
}

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
