/**
 * What the onboarding page's host answers: the page, the CA's files, the steps as text, CRLs; and what the test's host
 * answers inside TLS. Answers are whole HTTP/1.1 responses; nothing of a request comes back in one.
 *
 * Bounds: everything is made from the configuration; pages are kept for as many proxy addresses as `maxPages`.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { BoundedMap } from "#base/bounded.ts";
import type { FaultCode } from "#base/fault-table.ts";
import { encodeBlockPage } from "#inspect/block-page.ts";
import { checkPage } from "#onboarding/check-page.ts";
import type { OfferedFile, StepValues } from "#onboarding/client-steps.ts";
import { encodeMobileconfig } from "#onboarding/mobileconfig.ts";
import type { OfferedCa } from "#onboarding/offered-ca.ts";
import { onboardingPage } from "#onboarding/page.ts";
import { pageStyle } from "#onboarding/page-style.ts";
import { type PageRequest, type PlainRequest, readPageRequest, readTlsPageRequest } from "#onboarding/request.ts";
import { stepsText } from "#onboarding/steps-text.ts";
import { certificatePem } from "#pki/pem.ts";

/** What the site is made of. */
export interface SiteParts {
	readonly hostName: string;
	readonly contact: string | undefined;
	/** Empty when no CA is in use for trusted servers: then there is nothing to install. */
	readonly cas: readonly OfferedCa[];
	/** Name of the signing CA whose leaf the test shows; undefined when there is no test. */
	readonly signer: string | undefined;
	/** Where clients are told to find the proxy; the address that each reached when undefined. */
	readonly proxyAddress: string | undefined;
	/** The CRL of the signing CA of that name, DER, as it is when somebody asks. */
	crl(id: string): Uint8Array | undefined;
	/** These certificates as a PKCS#12 file under `pkcs12Passphrase`. */
	pkcs12(cas: readonly OfferedCa[]): Uint8Array;
}

/** Where a request came in. */
export interface Visit {
	readonly sessionId: string;
	/** Address and port under which the client reaches the proxy. */
	readonly reachedAt: string;
}

export interface SiteAnswer {
	/** A whole response that closes the connection. */
	readonly octets: Uint8Array;
	/** For the record: what was sent. */
	readonly says: string;
	readonly faultCode?: FaultCode;
}

export class OnboardingSite {
	readonly parts: SiteParts;
	/** The host of the test and the CA that signs for it; undefined when there is no test. */
	readonly test: { readonly host: string; readonly signer: string } | undefined;
	readonly #pages = new BoundedMap<string, { readonly html: Uint8Array; readonly steps: Uint8Array }>(maxPages);
	readonly #files: ReadonlyMap<string, Content>;

	constructor(parts: SiteParts) {
		this.parts = parts;
		this.test = parts.signer === undefined ? undefined : { host: checkHost(parts.hostName), signer: parts.signer };
		this.#files = new Map(caFiles(parts.cas));
	}

	/** The answer to a request of a client in plain HTTP; undefined when it is meant for somebody else. */
	answer(request: PlainRequest, visit: Visit): SiteAnswer | undefined {
		const read = readPageRequest(request, this.parts.hostName);
		if (read.kind === "other") return undefined;
		return read.kind === "refused" ? refusal(read, visit.sessionId) : this.#page(read, visit);
	}

	/** The answer to a request inside TLS under the test's name. */
	answerCheck(request: PlainRequest, sessionId: string): SiteAnswer {
		const read = readTlsPageRequest(request, checkHost(this.parts.hostName));
		if (read.kind === "refused") return refusal(read, sessionId);
		const path = read.kind === "page" ? read.path : "";
		const isHeadOnly = read.kind === "page" && read.isHeadOnly;
		if (path === "/") {
			const body = Buffer.from(checkPage(this.parts.hostName, this.parts.cas[0]), "utf8");
			return { octets: response({ type: html, body }, isHeadOnly), says: "the test's page was sent" };
		}
		if (path === "/trust.txt") {
			const body = Buffer.from("trusted\n", "utf8");
			return { octets: response({ type: plainText, body }, isHeadOnly), says: "the test's answer was sent" };
		}
		return notFound(sessionId, isHeadOnly);
	}

	#page({ path, isHeadOnly }: PageRequest & { readonly kind: "page" }, { sessionId, reachedAt }: Visit): SiteAnswer {
		if (path === "/" || path === "/steps.txt") {
			const pages = this.#pagesFor(this.parts.proxyAddress ?? reachedAt);
			const content = path === "/" ? { type: html, body: pages.html } : { type: plainText, body: pages.steps };
			return { octets: response(content, isHeadOnly), says: "the onboarding page was sent" };
		}
		const file = this.#files.get(path) ?? this.#crl(path) ?? this.#pkcs12(path);
		if (file === undefined) return notFound(sessionId, isHeadOnly);
		return { octets: response(file, isHeadOnly), says: `the onboarding file ${path.slice(1)} was sent` };
	}

	#pkcs12(path: string): Content | undefined {
		const { cas } = this.parts;
		if (path !== "/sallyport-ca.p12" || cas.length === 0) return undefined;
		return { type: "application/x-pkcs12", body: this.parts.pkcs12(cas), fileName: "sallyport-ca.p12" };
	}

	#crl(path: string): Content | undefined {
		const id = crlId(path);
		const body = id === undefined ? undefined : this.parts.crl(id);
		return body === undefined ? undefined : { type: "application/pkix-crl", body, fileName: "sallyport.crl" };
	}

	#pagesFor(proxy: string): { readonly html: Uint8Array; readonly steps: Uint8Array } {
		const known = this.#pages.get(proxy);
		if (known !== undefined) return known;
		const { hostName, contact, cas } = this.parts;
		const values = stepValues(hostName, proxy, cas[0]);
		const made = {
			html: Buffer.from(onboardingPage({ values, contact, cas }), "utf8"),
			steps: Buffer.from(stepsText({ values, contact, cas }), "utf8"),
		};
		this.#pages.set(proxy, made);
		return made;
	}
}

/** The words that fill the table of steps. */
export function stepValues(hostName: string, proxy: string, ca: OfferedCa | undefined): StepValues {
	const colon = proxy.lastIndexOf(":");
	return {
		proxy,
		proxyHost: proxy.slice(0, colon),
		proxyPort: proxy.slice(colon + 1),
		page: `http://${hostName}/`,
		check: `https://${checkHost(hostName)}/`,
		sha256: ca?.sha256 ?? "",
		sha1: ca?.sha1 ?? "",
	};
}

function checkHost(hostName: string): string {
	return `check.${hostName}`;
}

/** The id in a path of the form that `crlPath` makes. */
function crlId(path: string): string | undefined {
	const text = /^\/crl\/([^/]{1,255})\.crl$/.exec(path)?.[1];
	try {
		return text === undefined ? undefined : decodeURIComponent(text);
	} catch {
		return undefined;
	}
}

/** Many programs open no PKCS#12 file without one. It protects nothing: the file holds certificates only. */
export const pkcs12Passphrase = "changeit";

interface Content {
	readonly type: string;
	readonly body: Uint8Array;
	/** Saved under this name, never opened by itself. */
	readonly fileName?: string;
}

function caFiles(cas: readonly OfferedCa[]): [string, Content][] {
	const first = cas[0];
	if (first === undefined) return [];
	const file = (fileName: OfferedFile, type: string, body: Uint8Array): [string, Content] => [
		`/${fileName}`,
		{ type, body, fileName },
	];
	const pem = cas.map(({ certificate }) => certificatePem(certificate)).join("");
	return [
		file("sallyport-ca.pem", "application/x-pem-file", Buffer.from(pem, "latin1")),
		file("sallyport-ca.crt", "application/x-x509-ca-cert", first.certificate),
		file("sallyport-ca.mobileconfig", "application/x-apple-aspen-config", encodeMobileconfig(cas)),
	];
}

function refusal(
	{ status, reason }: { readonly status: 400 | 405; readonly reason: string },
	sessionId: string,
): SiteAnswer {
	const sentence =
		status === 405 ? "This page is only for reading." : "The request is not one that this page understands.";
	const headers = status === 405 ? "Allow: GET, HEAD\r\n" : "";
	return {
		octets: encodeBlockPage({ status, sentence, sessionId, headers }),
		says: `the request to the onboarding page was refused: ${reason}`,
		faultCode: status === 405 ? "PROXY_METHOD_REFUSED" : "PROXY_REQUEST_MALFORMED",
	};
}

function notFound(sessionId: string, isHeadOnly: boolean): SiteAnswer {
	const sentence = "The onboarding page has nothing under this address.";
	return {
		octets: encodeBlockPage({ status: 404, sentence, sessionId, isHeadOnly }),
		says: "the onboarding page has no such path",
	};
}

function response({ type, body, fileName }: Content, isHeadOnly: boolean): Uint8Array {
	const head = [
		"HTTP/1.1 200 OK",
		`Content-Type: ${type}`,
		`Content-Length: ${body.length}`,
		...(fileName === undefined ? [] : [`Content-Disposition: attachment; filename="${fileName}"`]),
		...commonHeaders,
		"Connection: close",
	];
	const octets = Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1");
	return isHeadOnly ? octets : Buffer.concat([octets, body]);
}

const html = "text/html; charset=utf-8";
const plainText = "text/plain; charset=utf-8";
const styleHash = createHash("sha256").update(pageStyle).digest("base64");
/** No other site may frame, embed or read an answer: it would learn that its visitor is behind the gateway. */
const commonHeaders = [
	"Cache-Control: no-store",
	"X-Content-Type-Options: nosniff",
	"X-Frame-Options: DENY",
	"Referrer-Policy: no-referrer",
	"Cross-Origin-Resource-Policy: same-origin",
	`Content-Security-Policy: default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
];
const maxPages = 32;
