/** Signing CAs, requests and a site for tests of the onboarding page. */
import { offeredCas } from "#onboarding/offered-ca.ts";
import type { PlainRequest } from "#onboarding/request.ts";
import { OnboardingSite, type SiteParts } from "#onboarding/site.ts";
import type { SigningCa } from "#pki/mint.ts";
import { type Made, makeCertificate } from "./make-certificate.ts";

/** The public part of a signing CA whose certificate this is. */
export function signingCaOf(made: Made, id = "ca"): SigningCa {
	const { certificate } = made;
	return {
		id,
		certificate: made.der,
		chain: [],
		subject: certificate.subject.raw,
		subjectKeyIdentifier: certificate.typed.subjectKeyIdentifier ?? new Uint8Array(20),
		notBefore: certificate.notBefore,
		notAfter: certificate.notAfter,
		scheme: "ecdsa-p256",
		maySignCrls: true,
	};
}

export const exampleRoot = makeCertificate({ subject: "O=Example,CN=Example Inspection CA", isCa: true });

/** The site of `sallyport.test` with one CA. */
export function exampleSite(parts: Partial<SiteParts> = {}): OnboardingSite {
	return new OnboardingSite({
		hostName: "sallyport.test",
		contact: undefined,
		cas: offeredCas([signingCaOf(exampleRoot)], []),
		signer: "ca",
		proxyAddress: undefined,
		crl: () => undefined,
		pkcs12: () => new Uint8Array([0x30, 0x00]),
		...parts,
	});
}

/** A request as the proxy hands it on; `head` has LF for line ends and no empty line. */
export function plainRequest(head: string): PlainRequest {
	const [method = "", target = ""] = head.split("\n", 1)[0]?.split(" ") ?? [];
	return { method, target, head: Buffer.from(`${head.replaceAll("\n", "\r\n")}\r\n\r\n`, "latin1") };
}

export const visit = { sessionId: "3f9c2a1b77d0e452", reachedAt: "192.0.2.1:8080" };
