/**
 * Reads the ClientHello out of the first datagrams of a DTLS connection, so that policy can let it pass by the server's name.
 *
 *   record     type (1) | version (2) | epoch (2) | sequence (6) | length (2) | fragment
 *   handshake  type (1) | length (3) | message_seq (2) | fragment offset (3) | fragment length (3) | body
 *
 * A client sends its hello twice when the server wants a cookie (HelloVerifyRequest) or another group (HelloRetryRequest). Both must
 * name the same server: a server may go by the second one.
 *
 * Source: RFC 6347 §4, RFC 9147 §4 and §5.
 */
import { Reader } from "#base/bytes.ts";
import { type ClientHello, decodeHelloBody, maxHelloOctets, tooLarge } from "#tls/client-hello.ts";
import { extensionType } from "#tls/extension-types.ts";
import { HandshakeFragments } from "#tls/handshake-fragments.ts";
import { contentType } from "#tls/record.ts";

/** The answer to each datagram. not-dtls, malformed and too-large are final. */
export type DtlsReading =
	| { readonly kind: "need-more" }
	/** A whole hello, the client's first or its second; `body` is its message, `cookie` what the server gave (empty for none). */
	| {
			readonly kind: "hello";
			readonly hello: ClientHello;
			readonly isSecond: boolean;
			readonly body: Uint8Array;
			readonly cookie: Uint8Array;
	  }
	| { readonly kind: "not-dtls"; readonly reason: string }
	| { readonly kind: "malformed"; readonly reason: string }
	| { readonly kind: "too-large"; readonly reason: string };

/** The most datagrams that are looked at for one hello. 64 KB in datagrams of the smallest MTU are about 120. */
export const maxHelloDatagrams = 256;

/**
 * Reads the hellos of one connection, datagram by datagram: those that one client address sends to one server address.
 *
 * Bounds: 64 KiB and `maxHelloDatagrams` for each hello.
 * Faults: not-dtls when the first datagram does not begin with a handshake record of DTLS; malformed when fragments disagree, the
 * message is no ClientHello, or the second one names another server. What a receiver discards silently (records of other types and
 * epochs, cut records, fragments of other messages) is passed over.
 */
export class DtlsHelloReader {
	#fragments = new HandshakeFragments(maxHelloOctets);
	#messageSize: number | undefined;
	#datagrams = 0;
	#first: ClientHello | undefined;
	/** message_seq of the hello that is awaited: 0 and then 1 (RFC 6347 §4.2.2). */
	#awaited = 0;
	#last: DtlsReading | undefined;

	/** Takes the next datagram of the client and answers what is known now. */
	push(datagram: Uint8Array): DtlsReading {
		if (this.#last !== undefined) return this.#last;
		const reading = this.#read(datagram);
		if (reading.kind !== "need-more" && reading.kind !== "hello") this.#last = reading;
		return reading;
	}

	#read(datagram: Uint8Array): DtlsReading {
		if (this.#datagrams === 0 && this.#first === undefined && !beginsDtls(datagram))
			return { kind: "not-dtls", reason: "no handshake record of DTLS" };
		if (this.#awaited > 1) return needMore;
		if (++this.#datagrams > maxHelloDatagrams)
			return { kind: "too-large", reason: `no whole ClientHello in ${maxHelloDatagrams} datagrams` };
		const records = new Reader(datagram);
		while (records.remaining >= recordHeaderOctets) {
			const type = records.u8();
			const version = records.u16();
			const epoch = records.u16();
			records.take(6);
			const fragment = records.sub(records.u16());
			// "Receivers MUST [...] silently discard" what is malformed (RFC 6347 §4.1.2.7).
			if (records.isShort || version >>> 8 !== dtlsMajor) return needMore;
			if (type !== contentType.handshake || epoch !== 0) continue;
			const reading = this.#handshake(fragment);
			if (reading.kind !== "need-more") return reading;
		}
		return needMore;
	}

	#handshake(reader: Reader): DtlsReading {
		while (reader.remaining > 0) {
			const type = reader.u8();
			const size = reader.u24();
			const sequence = reader.u16();
			const offset = reader.u24();
			const octets = reader.take(reader.u24());
			if (reader.isShort) return needMore;
			if (sequence !== this.#awaited) continue;
			if (type !== clientHelloType)
				return malformed(`handshake message ${sequence} has type ${type}; expected ClientHello (1)`);
			const reading = this.#fragment(size, offset, octets);
			if (reading.kind !== "need-more") return reading;
		}
		return needMore;
	}

	#fragment(size: number, offset: number, octets: Uint8Array): DtlsReading {
		if (size > maxHelloOctets) return { kind: "too-large", reason: tooLarge(size) };
		if (this.#messageSize !== undefined && size !== this.#messageSize)
			return malformed(`fragments of a ClientHello of ${this.#messageSize} and of ${size} octets`);
		if (offset + octets.length > size) return malformed("a fragment reaches past the end of the ClientHello");
		this.#messageSize = size;
		const problem = this.#fragments.add(offset, octets);
		if (problem === "conflict") return malformed("two fragments of the ClientHello disagree");
		if (problem !== undefined) return malformed("the ClientHello comes in too many fragments that do not join");
		return this.#fragments.beginning.length < size ? needMore : this.#whole();
	}

	#whole(): DtlsReading {
		const decoded = decodeHelloBody(new Reader(this.#fragments.beginning), {
			majorVersion: dtlsMajor,
			hasCookie: true,
		});
		if (decoded.kind !== "done") return malformed("reason" in decoded ? decoded.reason : "the ClientHello is cut");
		const hello = decoded.value;
		const first = this.#first;
		if (first !== undefined && first.sni !== hello.sni)
			return malformed(
				`the second ClientHello names ${hello.sni ?? "no server"}; expected ${first.sni ?? "none"} as in the first`,
			);
		this.#first = hello;
		this.#awaited++;
		const body = this.#fragments.beginning.slice();
		this.#fragments = new HandshakeFragments(maxHelloOctets);
		this.#messageSize = undefined;
		this.#datagrams = 0;
		return { kind: "hello", hello, isSecond: first !== undefined, body, cookie: cookieOf(body, hello) };
	}
}

/** The cookie field of a hello that was decoded: what stands there since DTLS 1.0; empty for none. */
export function helloCookie(body: Uint8Array): Uint8Array {
	const reader = new Reader(body);
	reader.take(versionAndRandomOctets);
	reader.take(reader.u8());
	return reader.take(reader.u8());
}

/** The field of DTLS 1.2, or the extension of DTLS 1.3 (RFC 8446 §4.2.2). */
function cookieOf(body: Uint8Array, { extensions }: ClientHello): Uint8Array {
	const field = helloCookie(body);
	if (field.length > 0) return field;
	const extension = extensions.find(({ type }) => type === extensionType.cookie)?.body ?? field;
	return extension.subarray(2);
}

function beginsDtls(datagram: Uint8Array): boolean {
	return datagram.length >= recordHeaderOctets && datagram[0] === contentType.handshake && datagram[1] === dtlsMajor;
}

function malformed(reason: string): DtlsReading {
	return { kind: "malformed", reason };
}

const needMore: DtlsReading = { kind: "need-more" };
const recordHeaderOctets = 13;
const clientHelloType = 1;
const versionAndRandomOctets = 34;
/** DTLS 1.0 is feff, 1.2 fefd, 1.3 fefc: the ones' complement of TLS. */
const dtlsMajor = 0xfe;
