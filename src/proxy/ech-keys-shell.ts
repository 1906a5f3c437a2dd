/**
 * The keys of Encrypted ClientHello that a name in clear may have been used with: those of the configuration, and those that the
 * name's HTTPS record announces. They tell a real ECH from GREASE where that can be told.
 *
 * Bounds: `maxNames` are remembered, `maxAsking` are asked at a time (one question a name); more are answered with what is
 * configured. A question is given up after `serverMs` with each of two name servers.
 */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { BoundedMap } from "#base/bounded.ts";
import { decodeDnsAnswer, encodeDnsQuestion, httpsRecordType } from "#base/dns-message.ts";
import { decodeEchConfigList, decodeEchOfHttpsRecord, type EchConfig, type KnownEch } from "#tls/ech.ts";

type Waiter = (known: KnownEch) => void;

interface Announced {
	readonly configs: readonly EchConfig[];
	readonly until: number;
}

export class EchKeys {
	readonly #configured: readonly EchConfig[];
	readonly #servers: () => readonly string[];
	readonly #known = new BoundedMap<string, Announced>(maxNames);
	readonly #asking = new Map<string, Waiter[]>();

	/** `servers` are addresses of name servers, with a port where it is not 53. */
	constructor(configured: readonly EchConfig[], servers: () => readonly string[]) {
		this.#configured = configured;
		this.#servers = servers;
	}

	/** Answers at once when the name is known, later otherwise; always through `answer`. */
	know(name: string, now: number, answer: Waiter): void {
		const known = this.#known.get(name);
		if (known !== undefined && known.until > now) return answer(this.#of(name, known.configs));
		const asking = this.#asking.get(name);
		if (asking !== undefined) {
			if (asking.length < maxWaiters) asking.push(answer);
			else answer(this.#of(name, []));
			return;
		}
		if (this.#asking.size >= maxAsking) return answer(this.#of(name, []));
		this.#asking.set(name, [answer]);
		ask(name, this.#servers().slice(0, maxServers), (found) => {
			const announced = found ?? { configs: [], keepMs: failedMs };
			this.#known.set(name, { configs: announced.configs, until: now + announced.keepMs });
			const waiters = this.#asking.get(name) ?? [];
			this.#asking.delete(name);
			const all = this.#of(name, announced.configs);
			for (const waiter of waiters) waiter(all);
		});
	}

	#of(name: string, announced: readonly EchConfig[]): KnownEch {
		const configs = [...this.#configured, ...announced].filter(({ publicName }) => publicName === name);
		return { configs, isComplete: configs.length > 0 };
	}
}

interface Found {
	readonly configs: readonly EchConfig[];
	readonly keepMs: number;
}

/** Asks one server after the other; undefined when none has answered. */
function ask(name: string, servers: readonly string[], found: (found: Found | undefined) => void): void {
	const [server, ...others] = servers;
	if (server === undefined) return void setImmediate(found, undefined);
	const { host, port } = placeOf(server);
	const id = randomInt(0x1_0000);
	const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
	let isOver = false;
	const end = (answer: Found | undefined): void => {
		if (isOver) return;
		isOver = true;
		clearTimeout(timer);
		socket.close();
		if (answer === undefined) ask(name, others, found);
		else found(answer);
	};
	const timer = setTimeout(end, serverMs, undefined);
	socket.on("error", () => end(undefined));
	socket.on("message", (octets) => {
		const decoded = decodeDnsAnswer(octets);
		if (decoded.kind !== "done") return;
		const { value } = decoded;
		if (value.id !== id || value.name !== name || value.type !== httpsRecordType) return;
		end(value.code === 0 || value.code === noSuchName ? keysOf(value.records) : undefined);
	});
	// Connected: only that server is heard. Without a route it fails, which a callback of `connect` would be told instead of the event.
	socket.once("connect", () => {
		if (isOver) return;
		socket.send(encodeDnsQuestion({ id, name, type: httpsRecordType }), (error) => error !== null && end(undefined));
	});
	socket.connect(port, host);
}

function keysOf(records: readonly { type: number; ttlSeconds: number; data: Uint8Array }[]): Found {
	const configs: EchConfig[] = [];
	let keepMs = nothingMs;
	for (const { type, ttlSeconds, data } of records) {
		if (type !== httpsRecordType) continue;
		const list = decodeEchOfHttpsRecord(data);
		if (list.kind !== "done" || list.value === undefined) continue;
		const decoded = decodeEchConfigList(list.value);
		if (decoded.kind !== "done") continue;
		// The datagram is not to be held for the sake of its keys.
		configs.push(...decoded.value.map((config) => ({ ...config, publicKey: config.publicKey.slice() })));
		keepMs = Math.min(Math.max(ttlSeconds * 1000, shortestMs), longestMs);
	}
	return { configs: configs.slice(0, maxConfigs), keepMs };
}

/** `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`. */
function placeOf(server: string): { readonly host: string; readonly port: number } {
	const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(server) ?? [];
	return { host: bracketed ?? plain ?? server, port: Number(port ?? 53) };
}

const maxNames = 4_096;
const maxAsking = 64;
const maxWaiters = 1_024;
const maxServers = 2;
const maxConfigs = 16;
const serverMs = 1_000;
const noSuchName = 3;
/** How long it is remembered that a name has no keys, and that nobody answered. */
const nothingMs = 300_000;
const failedMs = 60_000;
const shortestMs = 30_000;
const longestMs = 3_600_000;
