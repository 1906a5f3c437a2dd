/**
 * The buffers of an HTTP head, cut out of it when a rule asks. One instance serves all connections: a head is loaded, looked
 * into, and forgotten with the next one.
 *
 * Bounds: heads of `maxHeadOctets` of the HTTP machine; three times that for what has to be put together.
 */
import type { RequestHead, ResponseHead } from "#http/head.ts";
import { type BufferName, bufferNames } from "#signature/buffer-table.ts";
import { authorityEnd, normalizeUri } from "#signature/normalize-uri.ts";

/** After `find` answered true, the buffer is `octets[start..end)`. */
export class HttpBuffers {
	octets: Buffer = nothing;
	start = 0;
	end = 0;
	#head: Buffer = nothing;
	#isRequest = true;
	/** Ends of the first line and of the whole head. */
	#lineEnd = 0;
	#lines = 0;
	/** Per header line: where its name begins and ends, where its value begins and ends. */
	readonly #nameStart = new Int32Array(maxLines);
	readonly #nameEnd = new Int32Array(maxLines);
	readonly #valueStart = new Int32Array(maxLines);
	readonly #valueEnd = new Int32Array(maxLines);
	/** The next line with the same name, or -1; -2 for a line that is told with an earlier one. */
	readonly #sameName = new Int32Array(maxLines);
	/** Of the first line: where its second word begins and ends. */
	#secondStart = 0;
	#secondEnd = 0;
	#hasBody = false;
	#path: Uint8Array = nothing;
	/** What was put together lies here, one behind the other. */
	#arena: Buffer = nothing;
	#arenaUsed = 0;
	/** By number of the buffer: found already in this head (1), absent (2), where. */
	readonly #known = new Uint8Array(bufferNames.length);
	readonly #knownOctets: Buffer[] = new Array(bufferNames.length).fill(nothing);
	readonly #knownStart = new Int32Array(bufferNames.length);
	readonly #knownEnd = new Int32Array(bufferNames.length);

	loadRequest(head: RequestHead): void {
		this.#load(head.text, true, head.framing !== "none");
	}

	/** `request`: the one that it answers. */
	loadResponse(head: ResponseHead, request: RequestHead | undefined): void {
		this.#load(head.text, false, head.framing !== "none");
		this.#path = Buffer.from(request?.target ?? "", "latin1");
	}

	/** Looks for a buffer of the head by its number; false when the message has none. */
	find(number: number): boolean {
		if (this.#known[number] === 0) {
			const isThere = this.#extract(bufferNames[number] as BufferName);
			this.#known[number] = isThere ? 1 : 2;
			this.#knownOctets[number] = this.octets;
			this.#knownStart[number] = this.start;
			this.#knownEnd[number] = this.end;
			return isThere;
		}
		this.octets = this.#knownOctets[number] as Buffer;
		this.start = this.#knownStart[number] as number;
		this.end = this.#knownEnd[number] as number;
		return this.#known[number] === 1;
	}

	#load(text: string, isRequest: boolean, hasBody: boolean): void {
		if (this.#head.length < text.length) {
			this.#head = Buffer.allocUnsafeSlow(Math.max(8_192, text.length * 2));
			this.#arena = Buffer.allocUnsafeSlow(this.#head.length * 3 + 64);
		}
		this.#known.fill(0);
		this.#arenaUsed = 0;
		this.#isRequest = isRequest;
		this.#hasBody = hasBody;
		this.#path = nothing;
		this.#scan(this.#head.write(text, 0, "latin1"));
	}

	#scan(length: number): void {
		const head = this.#head;
		this.#lineEnd = lineEnd(head, 0, length);
		this.#secondStart = Math.min(this.#lineEnd, indexOf(head, 0x20, 0, this.#lineEnd) + 1);
		this.#secondEnd = indexOf(head, 0x20, this.#secondStart, this.#lineEnd);
		let lines = 0;
		for (let at = this.#lineEnd + 2; at < length && lines < maxLines; ) {
			const end = lineEnd(head, at, length);
			if (end === at) break;
			const colon = indexOf(head, 0x3a, at, end);
			let start = Math.min(end, colon + 1);
			while (start < end && isSpace(head[start])) start++;
			let stop = end;
			while (stop > start && isSpace(head[stop - 1])) stop--;
			this.#nameStart[lines] = at;
			this.#nameEnd[lines] = colon;
			this.#valueStart[lines] = start;
			this.#valueEnd[lines] = stop;
			this.#link(lines++);
			at = end + 2;
		}
		this.#lines = lines;
		this.#headEnd = length;
	}

	#headEnd = 0;

	/** Joins a line to an earlier one of the same name. */
	#link(line: number): void {
		this.#sameName[line] = -1;
		for (let earlier = 0; earlier < line; earlier++) {
			if (this.#sameName[earlier] === -2 || !this.#isSameName(earlier, line)) continue;
			let last = earlier;
			for (let next = this.#sameName[last] as number; next >= 0; next = this.#chain[last] as number) last = next;
			if (last === earlier) this.#sameName[earlier] = line;
			else this.#chain[last] = line;
			this.#chain[line] = -1;
			this.#sameName[line] = -2;
			return;
		}
	}

	/** For lines that are told with an earlier one: the next of them, or -1. */
	readonly #chain = new Int32Array(maxLines);

	#isSameName(a: number, b: number): boolean {
		const startA = this.#nameStart[a] as number;
		const startB = this.#nameStart[b] as number;
		const length = (this.#nameEnd[a] as number) - startA;
		if ((this.#nameEnd[b] as number) - startB !== length) return false;
		for (let at = 0; at < length; at++) {
			if (((this.#head[startA + at] as number) | 0x20) !== ((this.#head[startB + at] as number) | 0x20)) return false;
		}
		return true;
	}

	#extract(name: BufferName): boolean {
		switch (name) {
			case "http.method":
				return this.#isRequest && this.#slice(0, this.#secondStart - 1);
			case "http.uri":
				return this.#isRequest && this.#whole(normalizeUri(this.#target()));
			case "http.uri.raw":
				return this.#isRequest && this.#slice(this.#secondStart, this.#secondEnd);
			case "http.request_line":
				return this.#isRequest && this.#slice(0, this.#lineEnd);
			case "http.response_line":
				return !this.#isRequest && this.#slice(0, this.#lineEnd);
			case "http.protocol":
				if (this.#isRequest) return this.#slice(Math.min(this.#lineEnd, this.#secondEnd + 1), this.#lineEnd);
				return this.#slice(0, this.#secondStart - 1);
			case "http.stat_code":
				return !this.#isRequest && this.#slice(this.#secondStart, this.#secondEnd);
			case "http.stat_msg":
				return !this.#isRequest && this.#slice(Math.min(this.#lineEnd, this.#secondEnd + 1), this.#lineEnd);
			case "http.header":
				return this.#headers(false);
			case "http.start":
				return this.#headers(true);
			case "http.header.raw":
				return this.#lines > 0 && this.#slice(this.#lineEnd + 2, this.#headEnd);
			case "http.header_names":
				return this.#names();
			case "http.cookie":
				return this.#value(this.#isRequest ? "cookie" : "set-cookie");
			case "http.host":
				return this.#isRequest && this.#host();
			case "http.host.raw":
				return this.#isRequest && (this.#authority() || this.#value("host"));
			case "file.name":
				return this.#hasBody && this.#fileName();
		}
		const field = fieldsOf.get(name);
		return field !== undefined && this.#value(field);
	}

	#target(): Uint8Array {
		return this.#head.subarray(this.#secondStart, this.#secondEnd);
	}

	#slice(start: number, end: number): boolean {
		return this.#put(this.#head, start, Math.max(start, end));
	}

	#whole(octets: Uint8Array): boolean {
		const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
		return this.#put(buffer, 0, buffer.length);
	}

	#put(octets: Buffer, start: number, end: number): true {
		this.octets = octets;
		this.start = start;
		this.end = end;
		return true;
	}

	/** The value of a field, its lines joined by a comma and a space. */
	#value(field: string): boolean {
		for (let line = 0; line < this.#lines; line++) {
			if (this.#sameName[line] === -2 || !this.#isNamed(line, field)) continue;
			if (this.#sameName[line] === -1)
				return this.#slice(this.#valueStart[line] as number, this.#valueEnd[line] as number);
			const from = this.#arenaUsed;
			this.#joined(line);
			return this.#put(this.#arena, from, this.#arenaUsed);
		}
		return false;
	}

	#isNamed(line: number, field: string): boolean {
		const start = this.#nameStart[line] as number;
		if ((this.#nameEnd[line] as number) - start !== field.length) return false;
		for (let at = 0; at < field.length; at++) {
			const octet = this.#head[start + at] as number;
			const lower = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
			if (lower !== field.charCodeAt(at)) return false;
		}
		return true;
	}

	#joined(line: number): void {
		this.#append(this.#valueStart[line] as number, this.#valueEnd[line] as number);
		for (let next = this.#sameName[line] as number; next >= 0; next = this.#chain[next] as number) {
			this.#octets(0x2c, 0x20);
			this.#append(this.#valueStart[next] as number, this.#valueEnd[next] as number);
		}
	}

	/** `Name: value` lines; with the first line and an empty one for http.start, without cookies for http.header. */
	#headers(isStart: boolean): boolean {
		const from = this.#arenaUsed;
		if (isStart) this.#append(0, this.#lineEnd + 2);
		for (let line = 0; line < this.#lines; line++) {
			if (this.#sameName[line] === -2) continue;
			if (!isStart && this.#isNamed(line, this.#isRequest ? "cookie" : "set-cookie")) continue;
			this.#append(this.#nameStart[line] as number, this.#nameEnd[line] as number);
			this.#octets(0x3a, 0x20);
			this.#joined(line);
			this.#octets(0x0d, 0x0a);
		}
		if (isStart) this.#octets(0x0d, 0x0a);
		return this.#arenaUsed > from && this.#put(this.#arena, from, this.#arenaUsed);
	}

	#names(): boolean {
		const from = this.#arenaUsed;
		this.#octets(0x0d, 0x0a);
		for (let line = 0; line < this.#lines; line++) {
			if (this.#sameName[line] === -2) continue;
			this.#append(this.#nameStart[line] as number, this.#nameEnd[line] as number);
			this.#octets(0x0d, 0x0a);
		}
		this.#octets(0x0d, 0x0a);
		return this.#lines > 0 && this.#put(this.#arena, from, this.#arenaUsed);
	}

	/** The host of an absolute target; user and password are no part of it. */
	#authority(): boolean {
		const target = this.#target();
		const end = authorityEnd(target);
		if (end === 0) return false;
		const start = target.indexOf(0x3a) + 3;
		const at = target.subarray(start, end).lastIndexOf(0x40);
		return this.#slice(this.#secondStart + start + at + 1, this.#secondStart + end);
	}

	#host(): boolean {
		if (!this.#authority() && !this.#value("host")) return false;
		const { octets, start } = this;
		let { end } = this;
		let digits = end;
		while (digits > start && isDigit(octets[digits - 1])) digits--;
		if (digits > start && octets[digits - 1] === 0x3a) end = digits - 1;
		const from = this.#arenaUsed;
		for (let at = start; at < end; at++) {
			const octet = octets[at] as number;
			this.#arena[this.#arenaUsed++] = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
		}
		return this.#put(this.#arena, from, this.#arenaUsed);
	}

	#fileName(): boolean {
		if (this.#value("content-disposition")) {
			const text = this.octets.toString("latin1", this.start, this.end);
			const match = /;\s*filename\s*=\s*(?:"([^"]*)"|([^\s;]+))/i.exec(text);
			if (match !== null) return this.#whole(Buffer.from(match[1] ?? match[2] ?? "", "latin1"));
		}
		const path = normalizeUri(this.#isRequest ? this.#target() : this.#path);
		const question = path.indexOf(0x3f);
		return this.#whole(question === -1 ? path : path.subarray(0, question));
	}

	#append(start: number, end: number): void {
		this.#head.copy(this.#arena, this.#arenaUsed, start, end);
		this.#arenaUsed += end - start;
	}

	#octets(first: number, second: number): void {
		this.#arena[this.#arenaUsed++] = first;
		this.#arena[this.#arenaUsed++] = second;
	}
}

function lineEnd(octets: Uint8Array, start: number, end: number): number {
	const found = octets.indexOf(0x0d, start);
	return found === -1 || found > end ? end : found;
}

function indexOf(octets: Uint8Array, octet: number, start: number, end: number): number {
	for (let at = start; at < end; at++) if (octets[at] === octet) return at;
	return end;
}

function isSpace(octet: number | undefined): boolean {
	return octet === 0x20 || octet === 0x09;
}

function isDigit(octet: number | undefined): boolean {
	return octet !== undefined && octet >= 0x30 && octet <= 0x39;
}

const nothing = Buffer.alloc(0);
/** As many as the HTTP machine lets through. */
const maxLines = 256;

const fieldsOf: ReadonlyMap<BufferName, string> = new Map([
	["http.user_agent", "user-agent"],
	["http.accept", "accept"],
	["http.accept_enc", "accept-encoding"],
	["http.accept_lang", "accept-language"],
	["http.referer", "referer"],
	["http.connection", "connection"],
	["http.content_type", "content-type"],
	["http.content_len", "content-length"],
	["http.server", "server"],
	["http.location", "location"],
]);
