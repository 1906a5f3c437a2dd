/**
 * Reads lists of domains as others publish them into the one form that is kept (`DomainSet`): plain lists, hosts files,
 * the `domains` files of squidGuard and UT1, and response policy zones.
 */
import { Buffer } from "node:buffer";
import { parseAddress } from "#base/address.ts";
import { normalizeHostName } from "#base/host-name.ts";

export const domainListFormats = ["plain", "hosts", "squidguard", "rpz"] as const;
export type DomainListFormat = (typeof domainListFormats)[number];

/** A line that cannot be used. Lines are counted from 1. */
export interface ListError {
	readonly line: number;
	readonly says: string;
}

export interface ReadDomainList {
	/** One entry a line, in normal form. */
	readonly text: Uint8Array;
	readonly entries: number;
	/** What is no name and is not meant to be one: addresses, names of the host itself, exceptions. */
	readonly passedOver: number;
	/** The first few, and how many there are. */
	readonly errors: readonly ListError[];
	readonly errorCount: number;
}

/**
 * Units:  octets of a file in ASCII; a name of another alphabet stands as `xn--`.
 * Bounds: linear; at most `maxErrors` errors are kept.
 * Faults: none is thrown; `errors` name the lines.
 * Source: RFC 1035 §5.1 (zone files), draft-vixie-dnsop-dns-rpz §4 (triggers) and §3 (actions).
 */
export function readDomainList(octets: Uint8Array, format: DomainListFormat): ReadDomainList {
	const reader = new ListReader();
	const readLine = lineReaders[format]();
	const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1");
	let line = 0;
	for (let start = 0; start < text.length; ) {
		const newline = text.indexOf("\n", start);
		const end = newline === -1 ? text.length : newline;
		reader.line = ++line;
		readLine(text.slice(start, end), reader);
		start = end + 1;
	}
	return reader.done();
}

/** Gathers what the lines give. */
class ListReader {
	line = 0;
	readonly #entries: string[] = [];
	readonly #errors: ListError[] = [];
	#errorCount = 0;
	#passedOver = 0;

	entry(prefix: "" | "." | "*.", written: string): void {
		const name = normalizeHostName(written);
		if (name !== undefined) this.#entries.push(`${prefix}${name}\n`);
		else if (parseAddress(written) !== undefined) this.#passedOver++;
		else this.error(`expected a host name, got ${quoted(written)}`);
	}

	passOver(): void {
		this.#passedOver++;
	}

	error(says: string): void {
		this.#errorCount++;
		if (this.#errors.length < maxErrors) this.#errors.push({ line: this.line, says });
	}

	done(): ReadDomainList {
		return {
			text: Buffer.from(this.#entries.join(""), "latin1"),
			entries: this.#entries.length,
			passedOver: this.#passedOver,
			errors: this.#errors,
			errorCount: this.#errorCount,
		};
	}
}

type LineReader = (line: string, reader: ListReader) => void;

/** `name`, `*.name` or `.name`. */
function plainLine(line: string, reader: ListReader): void {
	const written = withoutComment(line, "#").trim();
	if (written === "") return;
	if (written.startsWith("*.")) reader.entry("*.", written.slice(2));
	else if (written.startsWith(".")) reader.entry(".", written.slice(1));
	else reader.entry("", written);
}

/** `address name name ...`: names exactly as they are. */
function hostsLine(line: string, reader: ListReader): void {
	const [address, ...names] = words(withoutComment(line, "#"));
	if (address === undefined) return;
	if (parseAddress(address.replace(/%.*$/, "")) === undefined) {
		return reader.error(`expected an address, then names, got ${quoted(address)}`);
	}
	if (names.length === 0) return reader.error(`expected a name behind ${address}`);
	for (const name of names) {
		if (ownNames.has(name.toLowerCase())) reader.passOver();
		else reader.entry("", name);
	}
}

/** A name covers itself and all below it. */
function squidGuardLine(line: string, reader: ListReader): void {
	const written = withoutComment(line, "#").trim();
	if (written !== "") reader.entry(".", written.startsWith(".") ? written.slice(1) : written);
}

/** `owner [ttl] [class] type data`; owners are relative to the zone, or end with its name. */
function rpzReader(): LineReader {
	let origin = "";
	let owner = "";
	let isInParentheses = false;
	return (line, reader) => {
		const text = withoutComment(line, ";");
		const fields = words(text);
		const first = fields[0];
		if (first === undefined) return;
		const isContinued = isInParentheses;
		if (text.includes("(")) isInParentheses = true;
		if (text.includes(")")) isInParentheses = false;
		if (isContinued) return;
		if (first.toUpperCase() === "$ORIGIN") {
			origin = (fields[1] ?? "").toLowerCase();
			return;
		}
		if (first.startsWith("$")) return;
		if (!/^\s/.test(text)) owner = first.toLowerCase();
		const rest = /^\s/.test(text) ? fields : fields.slice(1);
		while (rest[0] !== undefined && /^(?:\d+[smhdw]?|in)$/i.test(rest[0])) rest.shift();
		const [type = "", data = ""] = rest;
		if (/^(?:soa|ns)$/i.test(type)) {
			if (/^soa$/i.test(type) && origin === "" && owner.endsWith(".")) origin = owner;
			return;
		}
		if (!/^(?:cname|a|aaaa|txt|mx|srv)$/i.test(type))
			return reader.error(`expected a record, got ${quoted(line.trim())}`);
		const name = relativeTo(owner, origin);
		if (/^rpz-passthru\.?$/i.test(data) || /\.rpz-(?:ip|nsip|nsdname|client-ip)$/.test(name)) return reader.passOver();
		if (name.startsWith("*.")) reader.entry("*.", name.slice(2));
		else reader.entry("", name);
	};
}

function relativeTo(owner: string, origin: string): string {
	if (!owner.endsWith(".")) return owner;
	return origin !== "" && owner.endsWith(`.${origin}`) ? owner.slice(0, -origin.length - 1) : owner.slice(0, -1);
}

function withoutComment(line: string, sign: string): string {
	const at = line.indexOf(sign);
	return at === -1 ? line : line.slice(0, at);
}

function words(text: string): string[] {
	const trimmed = text.trim();
	return trimmed === "" ? [] : trimmed.split(/\s+/);
}

function quoted(text: string): string {
	return JSON.stringify(text.slice(0, mostShown));
}

const lineReaders: Readonly<Record<DomainListFormat, () => LineReader>> = {
	plain: () => plainLine,
	hosts: () => hostsLine,
	squidguard: () => squidGuardLine,
	rpz: rpzReader,
};
/** What hosts files say of the host itself. */
const ownNames = new Set([
	"localhost",
	"localhost.localdomain",
	"local",
	"broadcasthost",
	"ip6-localhost",
	"ip6-loopback",
	"ip6-localnet",
	"ip6-mcastprefix",
	"ip6-allnodes",
	"ip6-allrouters",
	"ip6-allhosts",
]);
const maxErrors = 10;
const mostShown = 64;
