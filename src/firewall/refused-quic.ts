/**
 * Session records of QUIC that the packet filter refused: the client's first datagrams tell which server it asked for.
 *
 * Bounds: `maxReaders` connections are read at a time, each for `readMs`; one record for each client, server and name within
 * `quietMs`, `maxQuiet` are remembered; `maxRecords` a second. What is left out is in the counter of the packet filter.
 */
import { type Address, formatAddress } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import { decodeSegment, type Segment } from "#capture/packet.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";
import type { ClientHello } from "#tls/client-hello.ts";
import { ja3, ja4 } from "#tls/fingerprint.ts";
import { QuicInitialReader } from "#tls/quic-initial.ts";

/** The rule that refused: of a transparent listener, or of a security policy. */
export type QuicRefusal =
	| { readonly kind: "listener"; readonly name: string }
	| { readonly kind: "policy"; readonly key: string };

/** What the packet filter says of a packet that it logs for this rule; it takes up to 127 octets. */
export function refusalPrefix(refusal: QuicRefusal): string {
	const text = refusal.kind === "listener" ? `l:${refusal.name}` : `p:${refusal.key}`;
	return Buffer.byteLength(text) <= maxPrefixOctets ? text : `${text.slice(0, 60)}...`;
}

interface Reading {
	readonly reader: QuicInitialReader;
	readonly startedAt: number;
}

export class RefusedQuic {
	readonly #newId: () => string;
	readonly #reading = new BoundedMap<string, Reading>(maxReaders);
	readonly #quiet = new BoundedMap<string, number>(maxQuiet);
	#second = 0;
	#records = 0;

	/** `newId` makes the id of a session. */
	constructor(newId: () => string) {
		this.#newId = newId;
	}

	/** Takes a packet that was refused, from its IP header on; answers the record when there is one to make. */
	packet(prefix: string, octets: Uint8Array, now: number): SessionRecord | undefined {
		const segment = decodeSegment(rawIp, octets);
		if (typeof segment === "string" || segment.transport !== "udp") return undefined;
		const key = `${endOf(segment.source, segment.sourcePort)} ${endOf(segment.destination, segment.destinationPort)}`;
		const known = this.#reading.get(key);
		const reading = known === undefined || now - known.startedAt > readMs ? this.#begin(key, now) : known;
		const answer = reading.reader.push(segment.payload);
		if (answer.kind === "need-more") return undefined;
		this.#reading.take(key);
		if (answer.kind !== "hello" || !this.#isNews(segment, answer.hello, now)) return undefined;
		return recordOf(this.#newId(), refusalOf(prefix), segment, answer.hello, reading.startedAt, now);
	}

	#begin(key: string, now: number): Reading {
		const reading = { reader: new QuicInitialReader(), startedAt: now };
		this.#reading.set(key, reading);
		return reading;
	}

	#isNews({ source, destination }: Segment, { sni = "" }: ClientHello, now: number): boolean {
		const key = `${formatAddress(source)} ${formatAddress(destination)} ${sni}`;
		const until = this.#quiet.get(key);
		if (until !== undefined && until > now) return false;
		const second = Math.floor(now / 1_000);
		if (second !== this.#second) [this.#second, this.#records] = [second, 0];
		if (this.#records >= maxRecords) return false;
		this.#records++;
		this.#quiet.set(key, now + quietMs);
		return true;
	}
}

function refusalOf(prefix: string): QuicRefusal {
	const rest = prefix.slice(2);
	return prefix.startsWith("l:") ? { kind: "listener", name: rest } : { kind: "policy", key: rest };
}

function recordOf(
	id: string,
	refusal: QuicRefusal,
	{ source, sourcePort, destination, destinationPort }: Segment,
	hello: ClientHello,
	startedAt: number,
	endedAt: number,
): SessionRecord {
	const { sni } = hello;
	const server = formatAddress(destination);
	return {
		id,
		startedAt,
		endedAt,
		listener: refusal.kind === "listener" ? `transparent ${refusal.name}` : "forwarded",
		client: { address: formatAddress(source), port: sourcePort },
		server: { host: sni ?? server, port: destinationPort, address: server },
		...(sni === undefined ? {} : { sni }),
		ja3: ja3(hello),
		// Its first letter is the transport.
		ja4: `q${ja4(hello).slice(1)}`,
		hasEch: hello.hasEch,
		decision: "block",
		rule: refusal.kind === "listener" ? `transparent ${refusal.name}` : refusal.key,
		fact:
			refusal.kind === "listener"
				? "the listener refuses QUIC, so that its clients use TCP"
				: "the policy has TLS opened, and QUIC cannot be",
		inspection: "not decrypted",
		octetsToServer: 0,
		octetsToClient: 0,
		requests: 0,
		findings: [],
		timing: {},
		endedBecause: "QUIC was answered with port unreachable",
	};
}

function endOf(address: Address, port: number): string {
	return `${formatAddress(address)} ${port}`;
}

const maxPrefixOctets = 127;
/** Packets without a link header (LINKTYPE_RAW). */
const rawIp = 101;
const maxReaders = 256;
/** A client sends its hello at once, and again within a second. */
const readMs = 3_000;
const maxQuiet = 4_096;
const quietMs = 30_000;
const maxRecords = 20;
