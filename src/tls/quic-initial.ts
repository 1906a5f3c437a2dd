/**
 * Reads the ClientHello out of the first datagrams of a QUIC connection, so that policy can decide by the server's name.
 *
 * What the server would not read is not read here either: otherwise a client could show one name to the gateway and another one to
 * the server. Datagrams that are too small, packets that were not made with the right keys and versions that are not known do not
 * count, and pieces of the hello that disagree end it.
 *
 * Source: RFC 9000, RFC 9001, RFC 9369.
 */
import { type ClientHello, decodeClientHello, decodeHelloHeader, maxHelloOctets, tooLarge } from "#tls/client-hello.ts";
import { HandshakeFragments } from "#tls/handshake-fragments.ts";
import { decodeInitialFrames, decodeQuicLongPacket, type QuicLongPacket } from "#tls/quic-packet.ts";
import { clientInitialKeys, type QuicKeys, unprotectInitial } from "#tls/quic-protection.ts";

/** The answer to each datagram. Every answer but need-more is final. */
export type QuicReading =
	| { readonly kind: "need-more" }
	| { readonly kind: "hello"; readonly hello: ClientHello; readonly version: number }
	/** A datagram that no client of QUIC begins with. */
	| { readonly kind: "not-quic"; readonly reason: string }
	/** QUIC of a version whose Initial packets cannot be read; the server may answer it, or ask for another. */
	| { readonly kind: "unknown-version"; readonly version: number }
	| { readonly kind: "malformed"; readonly reason: string }
	| { readonly kind: "too-large"; readonly reason: string };

/** A client pads a datagram with an Initial packet to this size; a server ignores it otherwise (RFC 9000 §14.1). */
export const minInitialDatagramOctets = 1200;

/** The most Initial packets, and the most datagrams, that are looked at before the hello is whole. 64 KB are about 55 datagrams. */
export const maxInitialPackets = 128;

/**
 * Reads one ClientHello, datagram by datagram. One reader serves one connection: the datagrams that one client address sends to one
 * server address. A client may begin a second connection there; an Initial packet with another destination ID that its own keys
 * open, seen behind the answer, is one.
 *
 * Bounds: 64 KiB of handshake and `maxInitialPackets`; two sets of keys.
 * Faults: malformed for frames that may not be there, pieces that disagree, or a message that is no ClientHello.
 */
export class QuicInitialReader {
	readonly #fragments = new HandshakeFragments(maxHelloOctets);
	#keys: { readonly id: string; readonly version: number; readonly keys: QuicKeys }[] = [];
	#largest = -1;
	#packets = 0;
	#datagrams = 0;
	#reading: QuicReading = needMore;

	/** Takes the next datagram of the client and answers what is known now. */
	push(datagram: Uint8Array): QuicReading {
		if (this.#reading.kind !== "need-more") return this.#reading;
		this.#reading = ++this.#datagrams > maxInitialPackets ? tooMany : this.#read(datagram);
		return this.#reading;
	}

	#read(datagram: Uint8Array): QuicReading {
		let at = 0;
		while (at < datagram.length) {
			const decoded = decodeQuicLongPacket(datagram, at);
			// Behind the first packet there may be packets with a short header, or anything that the server ignores.
			if (decoded.kind !== "done")
				return at === 0 ? this.#stranger(String("reason" in decoded && decoded.reason)) : needMore;
			const packet = decoded.value;
			if (packet.type === "version-negotiation" || packet.type === "retry")
				return this.#stranger("a packet that only servers send");
			if (packet.type === "initial" && datagram.length >= minInitialDatagramOctets) {
				const answer = this.#initial(packet, datagram.subarray(at, at + decoded.octets), packet.numberAt - at);
				if (answer.kind !== "need-more") return answer;
			} else if (packet.type === "other" && this.#keys.length === 0 && at === 0) return this.#beforeInitial(packet);
			at += decoded.octets;
		}
		return needMore;
	}

	/** The first datagram tells whether it is QUIC; later ones are ignored when they are nothing, as a server does. */
	#stranger(reason: string): QuicReading {
		return this.#keys.length === 0 ? { kind: "not-quic", reason } : needMore;
	}

	/** 0-RTT packets may overtake the Initial packet; other versions are told. */
	#beforeInitial(packet: QuicLongPacket): QuicReading {
		if (clientInitialKeys(packet.version, packet.destinationId) !== undefined) return needMore;
		return { kind: "unknown-version", version: packet.version };
	}

	#initial(packet: QuicLongPacket, octets: Uint8Array, numberAt: number): QuicReading {
		if (++this.#packets > maxInitialPackets) return tooMany;
		const plain = this.#open(packet, octets, numberAt);
		if (plain === undefined) return needMore;
		this.#largest = Math.max(this.#largest, plain.number);
		const frames = decodeInitialFrames(plain.payload);
		if (frames.kind !== "done") return malformed("reason" in frames ? frames.reason : "an Initial packet that is cut");
		for (const { offset, octets: piece } of frames.value) {
			const problem = this.#fragments.add(offset, piece);
			if (problem === "too-far") return { kind: "too-large", reason: tooLarge(offset + piece.length) };
			if (problem !== undefined) return malformed(problems[problem]);
		}
		return this.#hello(packet.version);
	}

	/** Tries the keys of the first packet, then those of the packet's own ID: behind a Retry they are new (RFC 9001 §5.2). */
	#open(packet: QuicLongPacket, octets: Uint8Array, numberAt: number) {
		const known = this.#keys.filter(({ version }) => version === packet.version);
		for (const { keys } of known) {
			const plain = unprotectInitial(octets, numberAt, keys, this.#largest);
			if (plain !== undefined) return plain;
		}
		const id = Buffer.from(packet.destinationId).toString("hex");
		if (this.#keys.length >= maxKeys || known.some((one) => one.id === id)) return undefined;
		const keys = clientInitialKeys(packet.version, packet.destinationId);
		const plain = keys && unprotectInitial(octets, numberAt, keys, this.#largest);
		if (keys !== undefined && plain !== undefined) this.#keys.push({ id, version: packet.version, keys });
		return plain;
	}

	#hello(version: number): QuicReading {
		const octets = this.#fragments.beginning;
		const size = decodeHelloHeader(octets);
		if (size.kind === "need-more") return needMore;
		if (size.kind === "malformed") return malformed(size.reason);
		if (size.value > maxHelloOctets) return { kind: "too-large", reason: tooLarge(size.value) };
		if (octets.length < size.value) return needMore;
		if (octets.length > size.value)
			return malformed(`${octets.length - size.value} handshake octets behind the ClientHello`);
		const hello = decodeClientHello(octets);
		if (hello.kind === "done") return { kind: "hello", hello: hello.value, version };
		return malformed(hello.kind === "malformed" ? hello.reason : "ClientHello ends before its length");
	}
}

function malformed(reason: string): QuicReading {
	return { kind: "malformed", reason };
}

const needMore: QuicReading = { kind: "need-more" };
const tooMany: QuicReading = {
	kind: "too-large",
	reason: `no whole ClientHello in ${maxInitialPackets} packets of QUIC`,
};
const maxKeys = 2;
const problems = {
	conflict: "two pieces of the ClientHello disagree",
	"too-many": "the ClientHello comes in too many pieces that do not join",
} as const;
