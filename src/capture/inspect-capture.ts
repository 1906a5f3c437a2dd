/**
 * Captured packets through the signatures: connections are put together, HTTP and mail are read by the gateway's machines, the
 * handshakes of TLS are looked at from beside, what a key log opens is decrypted, and everything else is a stream.
 *
 * Bounds: `maxFlows` connections at a time, the one that was quiet longest is forgotten; each with the windows of
 * `SignatureFlow` and the segments that `TcpDirection` lets wait.
 */
import { type Address, formatAddress } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import type { CapturedPacket } from "#capture/capture-file.ts";
import type { KeyLog } from "#capture/key-log.ts";
import { decodeSegment, type Segment } from "#capture/packet.ts";
import { PlaintextReader, plaintextKind, type Reader, type Told } from "#capture/plaintext-reader.ts";
import { TcpDirection } from "#capture/tcp-direction.ts";
import { type Decrypting, TlsReader } from "#capture/tls-reader.ts";
import type { EveFlow } from "#inspect/eve.ts";
import type { SignatureProtocol } from "#signature/signature.ts";
import { type DirectionIndex, type SignatureEngine, toClient, toServer } from "#signature/signature-engine.ts";
import { type Alert, type FlowFacts, SignatureFlow } from "#signature/signature-flow.ts";

/** Told of each alert, with the connection and the moment of the packet that completed it. */
export type OnAlert = (alert: Alert, flow: EveFlow, at: number) => void;

export interface CaptureFigures {
	readonly packets: number;
	/** Packets that are neither TCP nor UDP over IP, or damaged, by what they are. */
	readonly passedOver: ReadonlyMap<string, number>;
	readonly flows: number;
	readonly alerts: number;
	/** TLS connections of which anything was decrypted. */
	readonly decrypted: number;
	/** TLS connections that were not decrypted or not to their end, by why; none without a key log. */
	readonly notDecrypted: ReadonlyMap<string, number>;
}

export class CaptureInspection {
	readonly #engine: SignatureEngine;
	readonly #onAlert: OnAlert;
	readonly #flows = new BoundedMap<string, Conversation>(maxFlows, (_, flow) => flow.end());
	readonly #passedOver = new Map<string, number>();
	readonly #notDecrypted = new Map<string, number>();
	readonly #decrypting: Decrypting | undefined;
	#packets = 0;
	#decrypted = 0;
	#flowCount = 0;
	#alerts = 0;
	#at = 0;

	constructor(engine: SignatureEngine, onAlert: OnAlert, keyLog?: KeyLog) {
		this.#engine = engine;
		this.#onAlert = onAlert;
		this.#decrypting = keyLog && {
			keyLog,
			decrypted: () => this.#decrypted++,
			notDecrypted: (reason) => count(this.#notDecrypted, reason),
		};
	}

	/** The time of the packet at hand: what the engine's clock is to answer. */
	get now(): number {
		return this.#at;
	}

	get figures(): CaptureFigures {
		return {
			packets: this.#packets,
			passedOver: this.#passedOver,
			flows: this.#flowCount,
			alerts: this.#alerts,
			decrypted: this.#decrypted,
			notDecrypted: this.#notDecrypted,
		};
	}

	packet({ at, linkType, octets }: CapturedPacket): void {
		this.#at = at;
		this.#packets++;
		const segment = decodeSegment(linkType, octets);
		if (typeof segment === "string") {
			count(this.#passedOver, segment);
			return;
		}
		const [key, reverse] = keysOf(segment);
		let flow = this.#flows.get(key);
		let direction: DirectionIndex = toServer;
		if (flow === undefined) {
			flow = this.#flows.get(reverse);
			direction = toClient;
		}
		if (flow === undefined || (segment.isSyn && !segment.isAck && flow.hasEnded)) {
			const isFromServer = startsAtServer(segment);
			flow = this.#open(segment, isFromServer);
			direction = isFromServer ? toClient : toServer;
			this.#flows.set(isFromServer ? reverse : key, flow);
		}
		flow.segment(direction, segment);
	}

	/** The capture is over. */
	end(): void {
		for (const flow of this.#flows.values()) flow.end();
		this.#flows.clear();
	}

	#open(segment: Segment, isFromServer: boolean): Conversation {
		const { source, sourcePort, destination, destinationPort } = segment;
		const facts: Omit<FlowFacts, "hasPackets"> = isFromServer
			? { client: destination, clientPort: destinationPort, server: source, serverPort: sourcePort }
			: { client: source, clientPort: sourcePort, server: destination, serverPort: destinationPort };
		const flowId = ++this.#flowCount;
		const told = (alert: Alert, protocol: SignatureProtocol, bits: readonly string[], sni: string | undefined) => {
			this.#alerts++;
			this.#onAlert(alert, { facts, protocol, flowId, isInline: false, bits, sni }, this.#at);
		};
		return segment.transport === "udp"
			? new Datagrams(this.#engine, facts, told)
			: new TcpConversation(this.#engine, facts, told, this.#decrypting);
	}
}

interface Conversation {
	readonly hasEnded: boolean;
	segment(direction: DirectionIndex, segment: Segment): void;
	end(): void;
}

/** Datagrams of UDP between two ends. */
class Datagrams implements Conversation {
	readonly hasEnded = false;
	readonly #flow: SignatureFlow;
	readonly #told: Told;

	constructor(engine: SignatureEngine, facts: Omit<FlowFacts, "hasPackets">, told: Told) {
		this.#flow = new SignatureFlow(engine, { ...facts, hasPackets: true }, "udp");
		this.#told = told;
	}

	segment(direction: DirectionIndex, { payload }: Segment): void {
		this.#flow.stream(direction, payload, 0, payload.length);
		for (const alert of this.#flow.alerts.splice(0))
			if (alert.isTold) this.#told(alert, "udp", this.#flow.state.bits, undefined);
	}

	end(): void {}
}

/** A connection of TCP: its protocol is chosen by its first octets. */
class TcpConversation implements Conversation {
	readonly #engine: SignatureEngine;
	readonly #facts: Omit<FlowFacts, "hasPackets">;
	readonly #told: Told;
	readonly #sides: readonly [TcpDirection, TcpDirection];
	readonly #decrypting: Decrypting | undefined;
	#ends = 0;
	#reader: Reader | undefined;

	constructor(
		engine: SignatureEngine,
		facts: Omit<FlowFacts, "hasPackets">,
		told: Told,
		decrypting: Decrypting | undefined,
	) {
		this.#decrypting = decrypting;
		this.#engine = engine;
		this.#facts = facts;
		this.#told = told;
		this.#sides = [
			new TcpDirection((octets, gap) => this.#octets(toServer, octets, gap)),
			new TcpDirection((octets, gap) => this.#octets(toClient, octets, gap)),
		];
	}

	get hasEnded(): boolean {
		return this.#ends > 0;
	}

	segment(direction: DirectionIndex, { isSyn, isLast, sequence, payload }: Segment): void {
		const side = this.#sides[direction];
		if (isSyn) side.begin(sequence);
		side.push(isSyn ? (sequence + 1) >>> 0 : sequence, payload);
		if (isLast) this.#ends++;
	}

	end(): void {
		for (const side of this.#sides) side.end();
		this.#reader?.end();
	}

	#octets(direction: DirectionIndex, octets: Uint8Array, gap: number): void {
		if (gap > 0 && this.#reader?.lost?.(direction) !== true) this.#reader = undefined;
		this.#reader ??= this.#open(direction, octets, gap);
		this.#reader.octets(direction, octets);
	}

	/** After octets were lost no message can be read: the rest is a stream. */
	#open(direction: DirectionIndex, octets: Uint8Array, gap: number): Reader {
		const isTls = gap === 0 && octets[0] === 0x16 && (octets[1] ?? 3) === 3 && direction === toServer;
		if (isTls) return new TlsReader(this.#engine, this.#facts, this.#told, this.#decrypting);
		const kind = gap > 0 ? "stream" : plaintextKind(direction, octets);
		const facts = { kind, hasPackets: true, sni: undefined };
		return new PlaintextReader(this.#engine, this.#facts, this.#told, facts);
	}
}

function count(of: Map<string, number>, what: string): void {
	of.set(what, (of.get(what) ?? 0) + 1);
}

function keysOf({ transport, source, sourcePort, destination, destinationPort }: Segment): [string, string] {
	const from = endOf(source, sourcePort);
	const to = endOf(destination, destinationPort);
	return [`${transport} ${from} ${to}`, `${transport} ${to} ${from}`];
}

function endOf(address: Address, port: number): string {
	return `${formatAddress(address)} ${port}`;
}

/** Whether the first packet that was captured of a connection comes from its server: SYN tells, else the lower port. */
function startsAtServer({ isSyn, isAck, sourcePort, destinationPort }: Segment): boolean {
	return isSyn ? isAck : sourcePort < destinationPort;
}

const maxFlows = 16_384;
