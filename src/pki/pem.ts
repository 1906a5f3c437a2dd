/** Certificates, requests and keys as text (RFC 7468), and the encrypted form that came before it (RFC 1421). */
import { Buffer } from "node:buffer";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";

/** One block between BEGIN and END lines. */
export interface PemBlock {
	/** `CERTIFICATE`, `RSA PRIVATE KEY` and so on. */
	readonly label: string;
	/** What stands between the lines as octets. */
	readonly der: Uint8Array;
	/** True when headers say that the content is encrypted (RFC 1421 §4.6.1.1): `der` is then ciphertext. */
	readonly isEncrypted: boolean;
	/** The whole block, both lines included. */
	readonly text: string;
}

/** The blocks of a text in order, or why it is refused. */
export type PemBlocks =
	| { readonly kind: "blocks"; readonly blocks: readonly PemBlock[] }
	| { readonly kind: "refused"; readonly reason: string };

/** PEM of a DER value. */
export function pemText(label: string, der: Uint8Array): string {
	const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString("base64");
	const lines = base64.match(/.{1,64}/g) ?? [];
	return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** PEM of a DER certificate. */
export function certificatePem(der: Uint8Array): string {
	return pemText("CERTIFICATE", der);
}

/** PEM of a DER certificate request. */
export function requestPem(der: Uint8Array): string {
	return pemText("CERTIFICATE REQUEST", der);
}

/** The DER of every certificate in the text, in order; what stands around them is passed over. */
export function pemCertificates(text: string): Uint8Array[] {
	return [...text.matchAll(certificateBlock)].map((match) => Buffer.from(match[1] as string, "base64"));
}

/** The certificates of the text that can be decoded, in order. */
export function readPemCertificates(text: string): Certificate[] {
	return pemCertificates(text).flatMap((der) => {
		const decoded = decodeCertificate(der);
		return decoded.kind === "done" ? [decoded.value] : [];
	});
}

/** True when the octets are text with a BEGIN line. A large DER value may hold such a line, but not begin like text. */
export function isPem(octets: Uint8Array): boolean {
	const isLongSequence = octets[0] === 0x30 && (octets[1] ?? 0) > 0x7f;
	return !isLongSequence && Buffer.from(octets.buffer, octets.byteOffset, octets.length).includes("-----BEGIN ");
}

/**
 * Reads every block, strictly: each BEGIN has its END, the content is base64. Text around the blocks is passed over.
 *
 * Bounds: at most 4096 blocks; work linear in the text.
 */
export function readPemBlocks(text: string): PemBlocks {
	const blocks: PemBlock[] = [];
	let open: { label: string; lines: string[] } | undefined;
	for (const line of text.replace(byteOrderMark, "").split(/\r\n|\n|\r/)) {
		const [, edge, label = ""] = boundary.exec(line) ?? [];
		if (edge === undefined) {
			open?.lines.push(line);
			continue;
		}
		if (edge === "BEGIN") {
			if (open !== undefined) return refused(`PEM: ${open.label} begins and ${label} begins before its END line`);
			open = { label, lines: [] };
			continue;
		}
		if (open?.label !== label) return refused(`PEM: END of ${label} without its BEGIN line`);
		const block = readBlock(label, open.lines);
		if (block === undefined) return refused(`PEM: the content of ${label} is not base64`);
		if (blocks.push(block) > maxBlocks) return refused(`PEM: more than ${maxBlocks} blocks`);
		open = undefined;
	}
	if (open !== undefined) return refused(`PEM: ${open.label} has no END line`);
	return { kind: "blocks", blocks };
}

/** The DER of the first block with this label when the octets are PEM; undefined otherwise. */
export function pemDer(octets: Uint8Array, label: string): Uint8Array | undefined {
	if (!isPem(octets)) return undefined;
	const text = readPemBlocks(Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1"));
	return text.kind === "blocks" ? text.blocks.find((block) => block.label === label)?.der : undefined;
}

function readBlock(label: string, lines: readonly string[]): PemBlock | undefined {
	// Headers are lines with a colon, and lines that continue them, up to an empty line.
	const hasHeaders = lines[0]?.includes(":") === true;
	const end = hasHeaders ? lines.findIndex((line) => line.trim() === "") : 0;
	if (end === -1) return undefined;
	const base64 = lines.slice(end).join("").replaceAll(/[ \t]/g, "");
	if (base64 === "" || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
	const isEncrypted = lines.slice(0, end).some((line) => /^Proc-Type: *4, *ENCRYPTED/.test(line));
	const text = `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
	return { label, der: Buffer.from(base64, "base64"), isEncrypted, text };
}

function refused(reason: string): PemBlocks {
	return { kind: "refused", reason };
}

const certificateBlock = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;
/** As text, and as the three octets that stand for it when a file is read octet by octet. */
const byteOrderMark = /^(?:\ufeff|\u00ef\u00bb\u00bf)/;
const boundary = /^\s*-----(BEGIN|END) ([A-Za-z0-9 #./]{1,64})-----\s*$/;
const maxBlocks = 4096;
