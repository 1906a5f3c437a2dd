/** `show security pki local-certificate`, `certificate-request` and `key-pair`; what verify and refresh-status say. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { utc } from "#config/commit.ts";
import { certificateIn } from "#daemon/certificate-service.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { everyAuthority } from "#daemon/show-trust.ts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { type CertificateRequest, decodeCertificateRequest } from "#pki/certificate-request.ts";
import { certificateBrief, certificateDetail, fingerprintLines } from "#pki/certificate-text.ts";
import { generalNameText } from "#pki/general-name.ts";
import { isKeyOf } from "#pki/import-certificate.ts";
import type { KeyStoreEntry } from "#pki/key-store-shell.ts";
import { type LocalStatus, localStatus } from "#pki/local-status.ts";
import { requestPem } from "#pki/pem.ts";
import type { StapleFacts } from "#pki/staple-shell.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { visibleText } from "#telemetry/display-text.ts";

type Values = Readonly<Record<string, string>>;

interface Row {
	readonly entry: KeyStoreEntry;
	readonly certificate: Certificate;
	readonly status: LocalStatus;
	readonly reason: string | undefined;
}

/** `show security pki local-certificate`. */
export function* showLocalCertificates(world: CommandWorld, values: Values, isJson: boolean): Iterable<string> {
	const rows = rowsOf(world, values["certificate-id"]);
	if (isJson) {
		yield `${JSON.stringify(
			rows.map((row) => factsOf(world, row)),
			undefined,
			4,
		)}\n`;
		return;
	}
	const isDetailed = values.detail !== undefined;
	for (const { entry, certificate, status, reason } of rows) {
		const more = [`Status: ${status}${reason === undefined ? "" : `: ${visibleText(reason)}`}`];
		const staple = stapleOf(world, entry.id, certificate);
		if (staple !== undefined) more.push(`OCSP stapling: ${visibleText(stapleText(staple))}`);
		if (isDetailed) {
			const uses = world.gateway.certificates.usesOf(entry.id);
			more.push(
				`Private key: ${entry.key === undefined ? "none" : entry.isExportable ? "exportable" : "not exportable"}`,
				`Chain: ${entry.certificates.length - 1} certificate${entry.certificates.length === 2 ? "" : "s"}`,
				`Stored: ${utc(entry.created)}`,
				...(uses.length === 0 ? [] : [`Used by: ${visibleText(uses.join(", "))}`]),
			);
		}
		yield `${(isDetailed ? certificateDetail : certificateBrief)(entry.id, certificate, more)}\n`;
	}
	if (rows.length === 0) yield "No local certificate is stored\n";
}

/** `request security pki local-certificate verify`. Throws when the certificate is not valid. */
export function verifyLocalCertificate(world: CommandWorld, id: string): string {
	const [row] = rowsOf(world, id);
	if (row === undefined) throw new Error(`there is no local certificate "${id}"`);
	if (row.status !== "Valid") throw new Error(`local certificate ${id}: ${row.status}: ${row.reason ?? ""}`);
	return `Local certificate ${visibleText(id)} verification success\n`;
}

/** `request security pki local-certificate refresh-status`: one line each. */
export function* statusLines(world: CommandWorld): Iterable<string> {
	for (const { entry, status, reason } of rowsOf(world, undefined))
		yield `${visibleText(entry.id).padEnd(32)}  ${status}${reason === undefined ? "" : `: ${visibleText(reason)}`}\n`;
}

/** `show security pki certificate-request`. */
export function* showRequests(world: CommandWorld, values: Values, isJson: boolean): Iterable<string> {
	const wanted = values["certificate-id"];
	const rows = world.gateway.certificates.entries.flatMap(({ id, request }) => {
		const decoded = request === undefined ? undefined : decodeCertificateRequest(request);
		return decoded?.kind === "done" && (wanted === undefined || id === wanted) ? [{ id, request: decoded.value }] : [];
	});
	if (wanted !== undefined && rows.length === 0) throw new Error(`there is no certificate request "${wanted}"`);
	if (isJson) {
		const list = rows.map(({ id, request }) => ({
			identifier: id,
			subject: request.subject.text,
			names: (request.typed.subjectAltName ?? []).map(generalNameText),
			isSigning: isSigning(request),
			pem: requestPem(request.der),
		}));
		yield `${JSON.stringify(list, undefined, 4)}\n`;
		return;
	}
	for (const { id, request } of rows) yield requestLines(id, request, values.detail !== undefined);
	if (rows.length === 0) yield "No certificate request is stored\n";
}

/** What `generate-certificate-request` prints. */
export function requestText(request: Uint8Array): string {
	return `Generated certificate request\n${requestPem(request)}Fingerprint:\n${fingerprintLines(request).join("\n")}\n`;
}

/** `show security pki key-pair`. */
export function* showKeyPairs(world: CommandWorld, isJson: boolean): Iterable<string> {
	const rows = world.gateway.certificates.entries.map(
		({ id, key, keyProblem, isExportable, certificates, request }) => ({
			identifier: id,
			algorithm: key === undefined ? undefined : keyText(key),
			isExportable,
			problem: key === undefined ? (keyProblem ?? "none") : undefined,
			for: certificates.length > 0 ? "certificate" : request === undefined ? "nothing yet" : "request",
		}),
	);
	if (isJson) {
		yield `${JSON.stringify(rows, undefined, 4)}\n`;
		return;
	}
	for (const { identifier, algorithm, problem, isExportable, for: purpose } of rows)
		yield `${visibleText(identifier).padEnd(32)}  ${(algorithm ?? `key ${problem}`).padEnd(22)}  ${isExportable ? "exportable" : "not exportable"}  ${purpose}\n`;
	if (rows.length === 0) yield "No key pair is stored\n";
}

function rowsOf(world: CommandWorld, wanted: string | undefined): Row[] {
	const { entries } = world.gateway.certificates;
	const trust = everyAuthority(world, ownRoots(entries));
	const cache = new SignatureCache(1_024);
	const now = Date.now();
	const rows = entries.flatMap((entry): Row[] => {
		const certificate = certificateIn(entry);
		if (certificate === undefined || (wanted !== undefined && entry.id !== wanted)) return [];
		const chain = entry.certificates.slice(1).flatMap(decodedOf);
		const keyProblem = keyProblemOf(entry, certificate);
		return [{ entry, certificate, ...localStatus({ certificate, chain, keyProblem }, trust, cache, now) }];
	});
	if (wanted !== undefined && rows.length === 0) {
		const existing = world.gateway.certificates.names("local-certificates").map((id) => `"${id}"`);
		throw new Error(`there is no local certificate "${wanted}"; existing: ${existing.join(", ") || "none"}`);
	}
	return rows;
}

/** The signing CAs of this gateway that signed themselves: clients trust them. */
function ownRoots(entries: readonly KeyStoreEntry[]): Certificate[] {
	const own = entries.flatMap((entry) => certificateIn(entry) ?? []);
	return own.filter((one) => one.isSelfIssued && one.typed.basicConstraints?.isCa === true);
}

function keyProblemOf({ key, keyProblem }: KeyStoreEntry, certificate: Certificate): string | undefined {
	if (keyProblem === "damaged") return "its stored private key cannot be read";
	if (keyProblem === "not-kept") return "its private key was in memory only";
	if (key === undefined) return "it has no private key";
	return isKeyOf(certificate, key) ? undefined : "its private key is another's";
}

function factsOf(world: CommandWorld, { entry, certificate, status, reason }: Row) {
	const { subject, issuer, fingerprint, notBefore, notAfter, serialText, typed } = certificate;
	return {
		identifier: entry.id,
		subject: subject.text,
		issuer: issuer.text,
		names: (typed.subjectAltName ?? []).map(generalNameText),
		serial: serialText,
		sha256: fingerprint,
		notBefore,
		notAfter,
		status,
		reason,
		isCa: typed.basicConstraints?.isCa === true,
		hasKey: entry.key !== undefined,
		isExportable: entry.isExportable,
		staple: stapleOf(world, entry.id, certificate),
		usedBy: world.gateway.certificates.usesOf(entry.id),
	};
}

/** Undefined where nothing is to be stapled, or no worker knows yet. */
function stapleOf({ gateway }: CommandWorld, id: string, { fingerprint }: Certificate): StapleFacts | undefined {
	return gateway.plan.stapledCertificates.includes(id) ? gateway.staples.facts(fingerprint) : undefined;
}

function stapleText({ goodUntil, problem, isDemanded }: StapleFacts): string {
	const why = problem === undefined ? "" : `: ${problem}`;
	if (goodUntil !== undefined)
		return `good until ${utc(goodUntil)}${problem === undefined ? "" : `, not renewed${why}`}`;
	return `none${why}${isDemanded ? "; the certificate demands one (must-staple)" : ""}`;
}

function requestLines(id: string, request: CertificateRequest, isDetailed: boolean): string {
	const { subject, publicKey, typed, der } = request;
	const names = (typed.subjectAltName ?? []).map((name) => `    ${visibleText(generalNameText(name))}`);
	return [
		`Certificate identifier: ${visibleText(id)}`,
		"  Certificate version: 1",
		`  Issued to: ${visibleText(subject.text)}`,
		`  Public key algorithm: ${publicKey.kind} (${publicKey.bits} bits)`,
		...(isSigning(request) ? ["  Asks for: a certificate that signs others"] : []),
		...(isDetailed && names.length > 0 ? ["  Alternate subject:", ...names] : []),
		...(isDetailed ? ["  Fingerprint:", ...fingerprintLines(der), requestPem(der).trimEnd()] : []),
		"",
		"",
	].join("\n");
}

function isSigning({ typed }: CertificateRequest): boolean {
	return typed.basicConstraints?.isCa === true;
}

function decodedOf(der: Uint8Array): Certificate[] {
	const decoded = decodeCertificate(der);
	return decoded.kind === "done" ? [decoded.value] : [];
}

function keyText(key: KeyObject): string {
	const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey(key);
	if (type === "rsa") return `rsa (${details?.modulusLength} bits)`;
	return type === "ec" ? `ecdsa (${details?.namedCurve === "secp384r1" ? 384 : 256} bits)` : `${type}`;
}
