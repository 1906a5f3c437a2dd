/** Asks the responders of a certificate, one after another, for an OCSP response that counts (RFC 6960, RFC 5019 §5). */
import { newWorkBudget } from "#pki/build-path.ts";
import type { Certificate } from "#pki/certificate.ts";
import type { Fetcher } from "#pki/fetch-shell.ts";
import { encodeOcspRequest } from "#pki/ocsp.ts";
import { type OcspStatus, ocspStatus } from "#pki/ocsp-status.ts";
import type { ValidationProfile } from "#pki/validation-profile.ts";
import type { SignatureCache } from "#pki/verify-signature.ts";

export interface OcspOrder {
	readonly certificate: Certificate;
	readonly issuer: Certificate;
	/** In the order in which they are asked. */
	readonly urls: readonly string[];
	/** Those of them that the operator named: they may be in a private network. */
	readonly namedUrls: readonly string[];
	readonly nonce?: Uint8Array | undefined;
	/** For each of them. */
	readonly timeoutMs: number;
	readonly profile: ValidationProfile;
	readonly cache: SignatureCache;
}

export type OcspAnswer =
	/** `status` is what the response says, and never `unusable`. */
	| {
			readonly kind: "answered";
			readonly response: Uint8Array;
			readonly status: Exclude<OcspStatus, { readonly kind: "unusable" }>;
	  }
	/** `isOverload` when one of them was not even asked. */
	| { readonly kind: "failed"; readonly why: string; readonly isOverload: boolean };

/** The first response that counts, or why there is none. Never rejects. */
export async function fetchOcsp(fetcher: Fetcher, order: OcspOrder): Promise<OcspAnswer> {
	const { certificate, issuer, urls, namedUrls, nonce, timeoutMs, profile, cache } = order;
	const body = encodeOcspRequest(certificate, issuer, nonce);
	const whys: string[] = [];
	let isOverload = false;
	for (const url of urls) {
		const outcome = await fetcher.fetch({
			...ocspAddress(url, body, nonce !== undefined),
			maxOctets: maxOneResponse,
			timeoutMs,
			mayBePrivate: namedUrls.includes(url),
		});
		if (outcome.kind === "failed") {
			whys.push(`responder ${shownUrl(url)}: ${outcome.why}`);
			isOverload ||= outcome.isOverload === true;
			continue;
		}
		const response = outcome.octets;
		const asked = { response, certificate, issuer, now: Date.now(), profile, nonce };
		const status = ocspStatus({ ...asked, cache, budget: newWorkBudget() });
		if (status.kind !== "unusable") return { kind: "answered", response, status };
		whys.push(`responder ${shownUrl(url)}: ${status.why}`);
	}
	return { kind: "failed", why: whys.join("; "), isOverload };
}

/** An address as it is told. */
export function shownUrl(url: string): string {
	return url.length > maxShownUrl ? `${url.slice(0, maxShownUrl)}...` : url;
}

/** GET with the question in the address where it fits, as caches know it (RFC 5019 §5); POST otherwise. */
function ocspAddress(url: string, body: Uint8Array, isUnique: boolean) {
	const asked = `${url}${url.endsWith("/") ? "" : "/"}${encodeURIComponent(Buffer.from(body).toString("base64"))}`;
	if (!isUnique && !url.includes("?") && asked.length <= maxGetLength) return { url: asked };
	return { url, post: { contentType: "application/ocsp-request", body } };
}

const maxOneResponse = 65_536;
const maxGetLength = 255;
const maxShownUrl = 120;
