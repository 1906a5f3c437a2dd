/** OCSP responders, revocation lists and issuer certificates over HTTP on loopback, with certificates that point there. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Certificate } from "#pki/certificate.ts";
import { derConstructed, derInteger, derOid, derSequence, derSetOf } from "#pki/der.ts";
import { accessMethodOid, extensionOid } from "#pki/oids.ts";
import type { Owner } from "./gateway.ts";
import { type Made, makeGeneralName, type TestExtension } from "./make-certificate.ts";
import { distributionPoint } from "./make-crl.ts";
import { makeOcspResponse, type OcspAnswer, type OcspRequest } from "./make-ocsp.ts";

/** What is asked for under one path. */
export type Answer = Uint8Array | ((request: IncomingMessage, response: ServerResponse, body: Buffer) => unknown);

/** A web server of its own; `answers` may change while it runs. */
export interface Web {
	readonly port: number;
	readonly answers: Map<string, Answer>;
	/** Method and path of each request, the oldest first. */
	readonly requests: string[];
	/** The address of a path. */
	url(path: string): string;
}

/** Serves what the longest fitting path of `answers` says; 404 for everything else. */
export async function startWeb(owner: Owner): Promise<Web> {
	const answers = new Map<string, Answer>();
	const requests: string[] = [];
	const server = createServer((request, response) => {
		requests.push(`${request.method} ${request.url}`);
		const chunks: Buffer[] = [];
		request.on("data", (chunk: Buffer) => chunks.push(chunk));
		request.on("end", () => {
			const path = [...answers.keys()]
				.sort((a, b) => b.length - a.length)
				.find((key) => request.url?.startsWith(key) === true);
			const answer = answers.get(path ?? "");
			if (answer === undefined) response.writeHead(404).end();
			else if (typeof answer === "function") answer(request, response, Buffer.concat(chunks));
			else response.end(answer);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	owner.after(() => {
		server.close();
		server.closeAllConnections();
	});
	const { port } = server.address() as AddressInfo;
	return { port, answers, requests, url: (path) => `http://127.0.0.1:${port}${path}` };
}

/** An OCSP response about a certificate, signed by its issuer. */
export function ocspAbout(
	certificate: Certificate,
	issuer: Made,
	status: OcspAnswer["status"] = "good",
	more: Partial<OcspAnswer> = {},
	whole: Partial<OcspRequest> = {},
): Uint8Array {
	const answer = { certificate, issuer: issuer.certificate, status, ...more };
	return makeOcspResponse({ answers: [answer], signer: issuer, ...whole });
}

/** A CMS message that holds nothing but certificates (RFC 5652 §5.1). */
export function certsOnly(...certificates: readonly { readonly der: Uint8Array }[]): Uint8Array {
	const data = derSequence(
		derInteger(1),
		derSetOf(),
		derSequence(derOid("1.2.840.113549.1.7.1")),
		derConstructed(0, ...certificates.map(({ der }) => der)),
		derSetOf(),
	);
	return derSequence(derOid("1.2.840.113549.1.7.2"), derConstructed(0, data));
}

/** The extensions by which a certificate says where its state and its issuer are found. */
export function pointers(to: {
	readonly ocsp?: readonly string[];
	readonly caIssuers?: readonly string[];
	readonly crls?: readonly string[];
}): TestExtension[] {
	const access = [
		...(to.ocsp ?? []).map((url) => [accessMethodOid.ocsp, url] as const),
		...(to.caIssuers ?? []).map((url) => [accessMethodOid.caIssuers, url] as const),
	];
	const extensions: TestExtension[] = [];
	if (access.length > 0) {
		const value = derSequence(
			...access.map(([method, url]) => derSequence(derOid(method), makeGeneralName(`uri:${url}`))),
		);
		extensions.push({ oid: extensionOid.authorityInfoAccess, value });
	}
	const lists = to.crls ?? [];
	if (lists.length > 0) extensions.push(distributionPoint(lists.map((url) => `uri:${url}`)));
	return extensions;
}
