/** Octets of an application, captured in clear or decrypted: HTTP/1 is read by the gateway's machine, all else is a stream. */
import { Http1Stream } from "#inspect/http1-stream.ts";
import { OpaqueStream } from "#inspect/opaque-stream.ts";
import { type PlaintextStream, stop } from "#inspect/plaintext-stream.ts";
import { signatureService } from "#inspect/signature-service.ts";
import { UnnamedProtocolStream } from "#inspect/unnamed-protocol-stream.ts";
import type { SignatureProtocol } from "#signature/signature.ts";
import { type DirectionIndex, type SignatureEngine, toClient, toServer } from "#signature/signature-engine.ts";
import type { Alert, FlowFacts } from "#signature/signature-flow.ts";

/** Told of each alert of a connection. */
export type Told = (
	alert: Alert,
	protocol: SignatureProtocol,
	bits: readonly string[],
	sni: string | undefined,
) => void;

/** Reads one connection, whatever is found to be in it. */
export interface Reader {
	octets(direction: DirectionIndex, octets: Uint8Array): void;
	/** Octets of the direction are missing. True when this reader goes on behind them. */
	lost?(direction: DirectionIndex): boolean;
	end(): void;
}

export interface PlaintextFacts {
	readonly isStreamOnly: boolean;
	/** Rules about single packets apply: the octets come as they were captured. */
	readonly hasPackets: boolean;
	/** The name that the connection was opened for, where it is TLS. */
	readonly sni: string | undefined;
}

/** HTTP/1 through the gateway's machine, or a stream. */
export class PlaintextReader implements Reader {
	readonly #stream: PlaintextStream;
	readonly #openOther: () => PlaintextStream;
	#current: PlaintextStream;

	constructor(
		engine: SignatureEngine,
		flow: Omit<FlowFacts, "hasPackets">,
		told: Told,
		{ isStreamOnly, hasPackets, sni }: PlaintextFacts,
	) {
		const service = signatureService(engine, {
			flow,
			handshake: {},
			hasPackets,
			isPassive: true,
			told: (alert, { protocol, state }) => told(alert, protocol, state.bits, sni),
		});
		this.#openOther = () => new OpaqueStream([service]);
		const openHttp = () => new Http1Stream([service], "", maxDecodedOctets);
		this.#stream = isStreamOnly ? this.#openOther() : new UnnamedProtocolStream(openHttp, this.#openOther);
		this.#current = this.#stream;
	}

	octets(direction: DirectionIndex, octets: Uint8Array): void {
		const stream = this.#current;
		let answer = direction === toServer ? stream.fromClient(octets) : stream.fromServer(octets);
		while (direction === toClient && stream.isClientWaiting && answer !== stop) {
			stream.released.length = 0;
			const before = stream.isClientWaiting;
			answer = stream.clientMayGoOn();
			if (stream.isClientWaiting === before) break;
		}
		stream.released.length = 0;
		// No HTTP that is understood.
		if (answer === stop) this.goOnAsStream();
	}

	/** What follows is a stream, whatever it was before. */
	goOnAsStream(): void {
		this.#current.close();
		this.#current = this.#openOther();
	}

	end(): void {
		const stream = this.#current;
		if (stream.serverEnded() !== stop) stream.clientEnded();
		stream.close();
	}
}

/** Whether a connection that begins so may carry HTTP: the client speaks first, a method. */
export function mayBeHttp(direction: DirectionIndex, octets: Uint8Array): boolean {
	return direction === toServer && /^[A-Z]{1,20}(?: |$)/.test(Buffer.from(octets.subarray(0, 21)).toString("latin1"));
}

const maxDecodedOctets = 67_108_864;
