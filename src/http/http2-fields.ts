/**
 * The field lists of HTTP/2 messages: which of them are messages at all, and the heads that the services see
 * (RFC 9113 §8.2 and §8.3).
 *
 * A head's `text` is written as HTTP/1 would write it, `Host` first, so that what is looked for is found whatever
 * version carried it. Nothing is let through that HTTP/1 could not carry safely: a server behind may translate.
 */
import type { Framing, Header } from "#http/head.ts";
import { RequestHead, ResponseHead } from "#http/head.ts";
import { describeOctet, isAuthority, targetOctets, tokenOctets } from "#http/head-octets.ts";

/** A head, or why the list is none. */
export type FieldsAnswer<T> = T | string;

/** Makes the head of a request. `mayExtend`: the server allows `:protocol` (RFC 8441). A text says what is wrong. */
export function finishRequestFields(
	fields: readonly Header[],
	isEndStream: boolean,
	mayExtend: boolean,
): FieldsAnswer<RequestHead> {
	let method = "";
	let scheme = "";
	let authority: string | undefined;
	let path = "";
	let protocol = "";
	let host: string | undefined;
	let count = 0;
	for (; count < fields.length; count++) {
		const { name, value } = fields[count] as Header;
		if (name.charCodeAt(0) !== colon) break;
		const wrong = valueProblem(name, value);
		if (wrong !== undefined) return wrong;
		if (value === "") return `${name} without a value`;
		for (let before = 0; before < count; before++) if (fields[before]?.name === name) return `${name} twice`;
		if (name === ":method") method = value;
		else if (name === ":scheme") scheme = value;
		else if (name === ":authority") authority = value;
		else if (name === ":path") path = value;
		else if (name === ":protocol") protocol = value;
		else return `pseudo-field ${name} in a request`;
	}
	const length = new AnnouncedLength();
	let lines = "";
	const seen: Header[] = [];
	for (let index = count; index < fields.length; index++) {
		const { name, value } = fields[index] as Header;
		const wrong = fieldProblem(name, value) ?? length.problem(name, value);
		if (wrong !== undefined) return wrong;
		if (name === "host") {
			if (host !== undefined) return "host twice";
			host = value;
			continue;
		}
		if (name === "te" && value !== "trailers") return `te: ${value}`;
		lines += `${name}: ${value}\r\n`;
		seen.push(fields[index] as Header);
	}
	const isConnect = method === "CONNECT";
	if (isAnyOther(method, tokenOctets) || method === "") return "a method that is not one";
	if (method.length <= 7 && method !== method.toUpperCase() && folded.has(method.toUpperCase()))
		return `method ${method}`;
	if (protocol !== "" && !(isConnect && mayExtend)) return "pseudo-field :protocol that was not agreed on";
	if (authority === undefined && host === undefined) return "a request without an authority";
	if (authority !== undefined && host !== undefined && authority !== host) return "host differs from :authority";
	const site = authority ?? (host as string);
	if (!isAuthority(Buffer.from(site, "latin1"), 0, site.length)) return "an authority that is not host[:port]";
	if (isConnect && protocol === "") {
		if (scheme !== "" || path !== "") return "CONNECT with :scheme or :path";
	} else {
		if (scheme !== "https" && scheme !== "http") return `scheme "${scheme}"`;
		if (path.charCodeAt(0) !== slash && !(path === "*" && method === "OPTIONS")) return "a :path that is none";
		if (isAnyOther(path, targetOctets)) return "an octet in :path that no request target has";
	}
	if (isEndStream && length.octets > 0) return `content-length ${length.octets} of a request without a body`;
	const target = isConnect && protocol === "" ? site : path;
	const extension = protocol === "" ? "" : `:protocol: ${protocol}\r\n`;
	const text = `${method} ${target} HTTP/2\r\nhost: ${site}\r\n${extension}${lines}\r\n`;
	seen.push({ name: "host", value: site });
	const framing = framingOf(isEndStream, length.octets);
	return new RequestHead("2", text, framing, length.octets, false, method, target, protocol !== "", seen);
}

/** Makes the head of the response to `request`; also of an interim one, which ends nothing. */
export function finishResponseFields(
	fields: readonly Header[],
	isEndStream: boolean,
	request: RequestHead,
): FieldsAnswer<ResponseHead> {
	const [first] = fields;
	if (first?.name !== ":status") return "a response without :status";
	if (!/^[1-5][0-9][0-9]$/.test(first.value)) return "a :status that is not one";
	const status = Number(first.value);
	const length = new AnnouncedLength();
	let lines = "";
	for (let index = 1; index < fields.length; index++) {
		const { name, value } = fields[index] as Header;
		const wrong = fieldProblem(name, value) ?? length.problem(name, value);
		if (wrong !== undefined) return wrong;
		lines += `${name}: ${value}\r\n`;
	}
	if (status === 101) return "status 101 in HTTP/2";
	if (status < 200) {
		if (isEndStream) return `a stream that ends with status ${status}`;
		if (length.octets > 0) return `content-length in a ${status} response`;
	}
	const isBodyless = request.method === "HEAD" || status < 200 || status === 204 || status === 304;
	if (isEndStream && !isBodyless && length.octets > 0) return `content-length ${length.octets} of an empty response`;
	const framing = isBodyless ? "none" : framingOf(isEndStream, length.octets);
	const text = `HTTP/2 ${status}\r\n${lines}\r\n`;
	return new ResponseHead("2", text, framing, length.octets, false, status, "", fields.slice(1));
}

/** What is wrong with a trailer section; undefined when nothing is. */
export function trailersProblem(fields: readonly Header[]): string | undefined {
	for (const { name, value } of fields) {
		const wrong = fieldProblem(name, value);
		if (wrong !== undefined) return `${wrong} (trailers)`;
		if (neverTrailers.has(name)) return `${name} in trailers`;
	}
	return undefined;
}

/** The one Content-Length that a message may announce. */
class AnnouncedLength {
	octets = -1;

	problem(name: string, value: string): string | undefined {
		if (name !== "content-length") return undefined;
		if (!/^[0-9]{1,15}$/.test(value)) return "a content-length that is not a number";
		if (this.octets !== -1) return "content-length twice";
		this.octets = Number(value);
		return undefined;
	}
}

function framingOf(isEndStream: boolean, contentLength: number): Framing {
	if (isEndStream || contentLength === 0) return "none";
	return contentLength > 0 ? "length" : "chunked";
}

function fieldProblem(name: string, value: string): string | undefined {
	if (!fieldName.test(name)) return nameProblem(name);
	if (connectionFields.has(name)) return `${name}, which belongs to a connection of HTTP/1`;
	return valueProblem(name, value);
}

function nameProblem(name: string): string {
	if (name === "") return "a field without a name";
	if (name.charCodeAt(0) === colon) return `pseudo-field ${name} where none may stand`;
	const at = [...name].findIndex((letter) => !fieldName.test(letter));
	return `octet ${describeOctet(name.charCodeAt(at))} in a field name`;
}

function valueProblem(name: string, value: string): string | undefined {
	if (!fieldValue.test(value)) {
		const at = [...value].findIndex((letter) => !fieldValue.test(letter));
		return `octet ${describeOctet(value.charCodeAt(at))} in the value of ${name}`;
	}
	const { length } = value;
	if (length > 0 && (isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(length - 1)))) {
		return `white space around the value of ${name}`;
	}
	return undefined;
}

function isAnyOther(text: string, allowed: Uint8Array): boolean {
	for (let index = 0; index < text.length; index++) if (allowed[text.charCodeAt(index)] !== 1) return true;
	return false;
}

function isSpace(octet: number): boolean {
	return octet === 0x20 || octet === 0x09;
}

/** The octets of `tokenOctets` without upper case, and those of `fieldOctets`; texts have one char per octet. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const colon = 0x3a;
const slash = 0x2f;
/** Methods that a server which folds case would take for what they are not. */
const folded: ReadonlySet<string> = new Set(["HEAD", "CONNECT"]);
const connectionFields: ReadonlySet<string> = new Set([
	"connection",
	"http2-settings",
	"keep-alive",
	"proxy-connection",
	"transfer-encoding",
	"upgrade",
]);
/** RFC 9110 §6.5.1: what frames, routes or changes a message. */
const neverTrailers: ReadonlySet<string> = new Set(["content-length", "content-encoding", "host", "te", "trailer"]);
