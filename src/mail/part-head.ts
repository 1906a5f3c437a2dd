/**
 * The head of a message or of a part of one: what its body is, how it is encoded, what the file is called.
 *
 * Source: RFC 2045 §5 and §6, RFC 2046 §5.1.1, RFC 2183; RFC 2231 and RFC 2047 for names that are not ASCII.
 */

export interface PartHead {
	/** Type and subtype in lower case; text/plain where it does not say. */
	readonly type: string;
	/** Of a multipart. */
	readonly boundary: string | undefined;
	/** Content-Transfer-Encoding in lower case; empty where it does not say. */
	readonly encoding: string;
	/** The name of the file, decoded, at most `maxNameLength` characters. */
	readonly name: string | undefined;
	/** Of a whole message, decoded, at most as long. */
	readonly subject: string | undefined;
}

/** Reads header lines, one character an octet, the empty line at their end or not. Never throws. */
export function readPartHead(text: string): PartHead {
	const fields = fieldsOf(text);
	const contentType = fields.get("content-type") ?? "";
	const [type = ""] = contentType.split(";", 1);
	const parameters = parametersOf(contentType);
	const disposition = parametersOf(fields.get("content-disposition") ?? "");
	const name = disposition.get("filename") ?? parameters.get("name");
	const subject = fields.get("subject");
	return {
		type: type.trim().toLowerCase() || "text/plain",
		boundary: parameters.get("boundary")?.slice(0, maxBoundary),
		encoding: (fields.get("content-transfer-encoding") ?? "")
			.replace(/\(.*?\)|;.*/g, "")
			.trim()
			.toLowerCase(),
		name: name?.slice(0, maxNameLength),
		subject: subject === undefined ? undefined : decodeWords(subject).trim().slice(0, maxNameLength),
	};
}

/** The first field of each name that matters here, unfolded. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
	const fields = new Map<string, string>();
	for (const line of text.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
		const colon = line.indexOf(":");
		if (colon === -1) continue;
		const name = line.slice(0, colon).trim().toLowerCase();
		if (wanted.has(name) && !fields.has(name)) fields.set(name, line.slice(colon + 1, colon + maxFieldLength));
	}
	return fields;
}

/** Parameters behind the value, their pieces put together (RFC 2231 §3) and decoded. */
function parametersOf(value: string): ReadonlyMap<string, string> {
	const pieces = new Map<string, { readonly at: number; readonly text: string; readonly isCoded: boolean }[]>();
	for (const [, key = "", quoted, plain] of value.matchAll(parameter)) {
		const parts = /^([^*]+)(?:\*(\d{1,3}))?(\*)?$/.exec(key.toLowerCase());
		if (parts === null) continue;
		const [, name = "", index, star] = parts;
		const text = quoted === undefined ? (plain ?? "").trim() : quoted.replace(/\\(.)/g, "$1");
		const list = pieces.get(name) ?? [];
		if (list.length < maxPieces) list.push({ at: Number(index ?? 0), text, isCoded: star !== undefined });
		pieces.set(name, list);
	}
	const parameters = new Map<string, string>();
	for (const [name, list] of pieces) parameters.set(name, joined(list.sort((a, b) => a.at - b.at)));
	return parameters;
}

function joined(pieces: readonly { readonly text: string; readonly isCoded: boolean }[]): string {
	const [first] = pieces;
	if (first === undefined) return "";
	if (!pieces.some(({ isCoded }) => isCoded)) return decodeWords(pieces.map(({ text }) => text).join(""));
	const parts = first.isCoded ? /^([^']*)'[^']*'(.*)$/s.exec(first.text) : null;
	const charset = parts?.[1] ?? "utf-8";
	const octets = pieces.flatMap(({ text, isCoded }, index) => {
		const own = index === 0 && parts !== null ? (parts[2] ?? "") : text;
		return [...Buffer.from(isCoded ? own.replace(/%([0-9a-f]{2})/gi, fromHex) : own, "latin1")];
	});
	return decodeText(Buffer.from(octets), charset);
}

/** Encoded words of a field (RFC 2047). */
export function decodeWords(text: string): string {
	return text
		.replace(/(\?=)[ \t]+(?==\?)/g, "$1")
		.replace(/=\?([^?*]{1,40})(?:\*[^?]*)?\?([bq])\?([^?]*)\?=/gi, (_, charset: string, way: string, coded: string) => {
			if (way.toLowerCase() === "b") return decodeText(Buffer.from(coded, "base64"), charset);
			const plain = coded.replaceAll("_", " ").replace(/=([0-9a-f]{2})/gi, fromHex);
			return decodeText(Buffer.from(plain, "latin1"), charset);
		});
}

function fromHex(_: string, digits: string): string {
	return String.fromCharCode(Number.parseInt(digits, 16));
}

function decodeText(octets: Buffer, charset: string): string {
	try {
		return new TextDecoder(charset).decode(octets);
	} catch {
		return octets.toString("latin1");
	}
}

const wanted: ReadonlySet<string> = new Set([
	"content-type",
	"content-transfer-encoding",
	"content-disposition",
	"subject",
]);
const parameter = /;\s*([^\s=;"]{1,60})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))/gs;
/** What is read of a field: the patterns above may cost the square of it. */
const maxFieldLength = 2_048;
const maxPieces = 32;
/** RFC 2046 has 70; programs take more. */
const maxBoundary = 200;
const maxNameLength = 200;
