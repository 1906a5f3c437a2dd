/**
 * Downloads what an operator named by its URL, over HTTP/1.1 and, with the server's certificate judged as servers of
 * clients are, over TLS. Where names lead is checked as for all fetches (checklist F14): the host that was named may be in a
 * private network, one that it redirects to may not.
 *
 * Bounds: `maxOctets` as it is sent and unpacked, `maxRedirects` redirects, `idleMs` without an octet. Its caller ends what
 * goes on for too long.
 */
import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { gunzipSync } from "node:zlib";
import { type Address, formatAddress, parseAddress } from "#base/address.ts";
import type { LookUp } from "#pki/fetch-shell.ts";
import { type FetchGuard, type FetchTarget, findTargetObstacle, parseFetchTarget } from "#pki/fetch-target.ts";

export interface DownloadOrder {
	readonly url: string;
	/** A field of HTTP for the server that is named, over TLS; no other gets it. */
	readonly credentials: { readonly field: string; readonly value: string } | undefined;
	/** What is at hand: the server says when it is the same still. */
	readonly known: KnownVersion;
	readonly maxOctets: number;
	readonly idleMs: number;
}

/** What the server called a version. */
export interface KnownVersion {
	readonly etag?: string | undefined;
	readonly lastModified?: string | undefined;
}

export type DownloadOutcome =
	| ({ readonly kind: "fetched"; readonly octets: Buffer } & KnownVersion)
	| { readonly kind: "unchanged" }
	/** A clause. */
	| { readonly kind: "failed"; readonly why: string };

export interface DownloadPorts {
	readonly guard: FetchGuard;
	readonly lookUp: LookUp;
	/** PEM of the roots that OpenSSL is to know; asked for when there is TLS. */
	readonly roots: () => string[];
	/** Why the server is not trusted; undefined when it is. */
	readonly distrust: (socket: TLSSocket, host: string) => string | undefined;
}

/** Never rejects. */
export async function download(order: DownloadOrder, ports: DownloadPorts): Promise<DownloadOutcome> {
	try {
		return await followed(order, ports);
	} catch (error) {
		return { kind: "failed", why: whyOf(error) };
	}
}

async function followed(order: DownloadOrder, ports: DownloadPorts): Promise<DownloadOutcome> {
	const first = targetOf(order.url);
	let target = first;
	for (let redirects = 0; redirects <= maxRedirects; redirects++) {
		const socket = await connected(target, order, ports, redirects === 0);
		try {
			const isSecret = isSecure(first) && originOf(target) === originOf(first);
			const response = await answerTo(target, socket, order, isSecret ? order.credentials : undefined);
			const location = isRedirect.has(response.statusCode ?? 0) ? response.headers.location : undefined;
			if (location === undefined) return await outcomeOf(response, socket, order);
			const next = targetOf(location, target.url);
			if (isSecure(target) && !isSecure(next)) throw new Error("it redirects from https to http");
			target = next;
		} finally {
			socket.destroy();
		}
	}
	throw new Error(`it redirects more than ${maxRedirects} times`);
}

/** A connection on which the server may be told something. */
async function connected(
	target: FetchTarget,
	{ idleMs }: DownloadOrder,
	ports: DownloadPorts,
	isNamed: boolean,
): Promise<Socket> {
	const found = await new Promise<readonly Address[] | string>((resolve) => ports.lookUp(target.host, resolve));
	if (typeof found === "string") throw new Error(found);
	const obstacles = found.map((address) => findTargetObstacle(address, target.port, ports.guard, isNamed));
	const allowed = found.filter((_, index) => obstacles[index] === undefined).slice(0, maxAddresses);
	let failure = `it may not be asked: ${obstacles[0] ?? "it has no address"}`;
	for (const address of allowed) {
		const opened = await open(target, address, ports, idleMs);
		if (typeof opened !== "string") return opened;
		failure = opened;
	}
	throw new Error(failure);
}

/** Text says why there is no connection. Rejects when the server is there and not trusted. */
function open(target: FetchTarget, address: Address, ports: DownloadPorts, idleMs: number): Promise<Socket | string> {
	const { host, port } = target;
	const place = { host: formatAddress(address), port, autoSelectFamily: false };
	return new Promise((resolve, reject) => {
		const socket = isSecure(target)
			? connectTls({
					...place,
					...(parseAddress(host) === undefined ? { servername: host } : {}),
					ca: ports.roots(),
					minVersion: "TLSv1.2",
					ALPNProtocols: ["http/1.1"],
					// Judged below, before it is asked anything: OpenSSL alone does not decide.
					rejectUnauthorized: false,
				})
			: connectTcp(place);
		socket.setTimeout(idleMs, () => socket.destroy(new Error(`it did not answer within ${idleMs / 1000} s`)));
		socket.on("error", (error) => resolve(`the connection failed: ${whyOf(error)}`));
		socket.on("close", () => resolve("the connection was closed"));
		socket.once(isSecure(target) ? "secureConnect" : "connect", () => {
			const distrust = isSecure(target) ? ports.distrust(socket as TLSSocket, host) : undefined;
			if (distrust === undefined) return resolve(socket);
			socket.destroy();
			reject(new Error(`its server is not trusted: ${distrust}`));
		});
	});
}

function answerTo(
	target: FetchTarget,
	socket: Socket,
	{ known }: DownloadOrder,
	credentials: DownloadOrder["credentials"],
): Promise<IncomingMessage> {
	const { host, port, path } = target;
	const name = host.includes(":") ? `[${host}]` : host;
	const options: RequestOptions = {
		path,
		setDefaultHeaders: false,
		maxHeaderSize: maxHeaderOctets,
		createConnection: () => socket,
		headers: {
			Host: port === (isSecure(target) ? 443 : 80) ? name : `${name}:${port}`,
			"User-Agent": "sallyport",
			Accept: "*/*",
			"Accept-Encoding": "gzip",
			Connection: "close",
			...(known.etag === undefined ? {} : { "If-None-Match": known.etag }),
			...(known.lastModified === undefined ? {} : { "If-Modified-Since": known.lastModified }),
			...(credentials === undefined ? {} : { [credentials.field]: credentials.value }),
		},
	};
	return new Promise((resolve, reject) => {
		const asked = request(options, resolve);
		asked.on("error", (error) => reject(new Error(`the connection failed: ${whyOf(error)}`)));
		// A protocol change that nobody asked for ends in this event alone.
		asked.on("close", () => reject(new Error("the connection was closed")));
		asked.end();
	});
}

async function outcomeOf(
	response: IncomingMessage,
	socket: Socket,
	{ known, maxOctets }: DownloadOrder,
): Promise<DownloadOutcome> {
	const { headers, statusCode } = response;
	const isAsked = known.etag !== undefined || known.lastModified !== undefined;
	if (statusCode === 304 && isAsked) return { kind: "unchanged" };
	if (statusCode !== 200) throw new Error(`it answered ${statusCode}`);
	// Where its end is that of the connection, half of it cannot be told from all of it.
	if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined)
		throw new Error("its answer does not tell where it ends");
	const coding = (headers["content-encoding"] ?? "identity").toLowerCase();
	if (!["identity", "gzip", "x-gzip"].includes(coding))
		throw new Error("its answer is encoded in a way that was not asked for");
	const sent = await bodyOf(response, socket, maxOctets);
	const octets = coding !== "identity" || isPacked(sent) ? unpacked(sent, maxOctets) : sent;
	return {
		kind: "fetched",
		octets,
		etag: versionText(headers.etag),
		lastModified: versionText(headers["last-modified"]),
	};
}

function bodyOf(response: IncomingMessage, socket: Socket, maxOctets: number): Promise<Buffer> {
	if (Number(response.headers["content-length"] ?? 0) > maxOctets) throw tooLarge(maxOctets);
	return new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		let size = 0;
		response.on("data", (chunk: Buffer) => {
			size += chunk.length;
			if (size > maxOctets) reject(tooLarge(maxOctets));
			else chunks.push(chunk);
		});
		const isCut = () => reject(new Error("its answer was cut short"));
		socket.on("timeout", () => reject(new Error("its answer stopped on the way")));
		response.on("error", isCut);
		response.on("end", () => (response.complete ? resolve(Buffer.concat(chunks)) : isCut()));
	});
}

function unpacked(octets: Buffer, maxOctets: number): Buffer {
	try {
		return gunzipSync(octets, { maxOutputLength: maxOctets });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxOctets);
		throw new Error(`its answer cannot be unpacked: ${whyOf(error)}`);
	}
}

/** A file that is packed, whatever the server says of it. */
function isPacked(octets: Buffer): boolean {
	return octets[0] === 0x1f && octets[1] === 0x8b;
}

function targetOf(url: string, base?: string): FetchTarget {
	const target = parseFetchTarget(url, base, true);
	if (typeof target === "string") throw new Error(base === undefined ? target : `it redirects, and ${target}`);
	return target;
}

function isSecure({ url }: FetchTarget): boolean {
	return url.startsWith("https:");
}

function originOf(target: FetchTarget): string {
	return `${isSecure(target)} ${target.host} ${target.port}`;
}

/** It goes back to the server as it came, so it must be what a field can hold. */
function versionText(text: string | undefined): string | undefined {
	return text !== undefined && /^[\x20-\x7e]{1,512}$/.test(text) ? text : undefined;
}

function tooLarge(maxOctets: number): Error {
	return new Error(`its answer has more than ${maxOctets} octets; see maximum-size`);
}

function whyOf(error: unknown): string {
	const { code, message = String(error) } = error as NodeJS.ErrnoException;
	// Messages of the runtime may hold what was sent.
	return code ?? message;
}

const isRedirect: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const maxRedirects = 3;
const maxAddresses = 3;
const maxHeaderOctets = 16_384;
