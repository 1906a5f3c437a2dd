/**
 * The messages of EAP-MSCHAPv2, behind the octet that names the method (26).
 *
 *     | opcode (1) | ID (1) | length (2), from the opcode on | data ... |      answers to opcodes 3 and 4: the opcode alone
 *     challenge (1): | 16 (1) | challenge (16) | name ... |
 *     response  (2): | 49 (1) | challenge of the peer (16) | 0 (8) | NT-Response (24) | 0 (1) | name ... |
 *     success   (3), failure (4): | text ... |
 *
 * Source: draft-kamath-pppext-eap-mschapv2 §2, RFC 2759.
 */
import { type Decoded, done, malformed, Reader, Writer } from "#base/bytes.ts";

export type ChapPacket =
	| { readonly kind: "challenge"; readonly id: number; readonly challenge: Uint8Array; readonly name: string }
	| {
			readonly kind: "response";
			readonly id: number;
			readonly peerChallenge: Uint8Array;
			readonly ntResponse: Uint8Array;
			readonly name: string;
	  }
	| { readonly kind: "success"; readonly id: number; readonly text: string }
	| { readonly kind: "failure"; readonly id: number; readonly text: string }
	/** What the peer answers to them. */
	| { readonly kind: "heard-success" }
	| { readonly kind: "heard-failure" };

/** Decodes a message without the octet of the method. Bounds: names and texts of at most 256 octets. */
export function decodeChapPacket(data: Uint8Array): Decoded<ChapPacket> {
	const reader = new Reader(data);
	const opcode = reader.u8();
	if (reader.isShort) return malformed("MSCHAPv2 message is empty");
	if (data.length === 1) {
		if (opcode === opcodes.success) return done({ kind: "heard-success" }, 1);
		if (opcode === opcodes.failure) return done({ kind: "heard-failure" }, 1);
	}
	const id = reader.u8();
	const length = reader.u16();
	if (reader.isShort || length !== data.length)
		return malformed(`MSCHAPv2 message of ${length} octets in ${data.length}`);
	const packet = decodeBody(opcode, id, reader);
	if (packet === undefined || reader.isShort) return malformed(`MSCHAPv2 message ${opcode} is cut or not known`);
	if (reader.remaining > 0)
		return malformed(`MSCHAPv2 message has a name or text of more than ${maxTextOctets} octets`);
	return done(packet, data.length);
}

/** Encodes a message. */
export function encodeChapPacket(packet: ChapPacket): Uint8Array {
	if (packet.kind === "heard-success") return Uint8Array.of(opcodes.success);
	if (packet.kind === "heard-failure") return Uint8Array.of(opcodes.failure);
	const body = new Writer();
	if (packet.kind === "challenge") body.u8(packet.challenge.length).bytes(packet.challenge).bytes(utf8(packet.name));
	else if (packet.kind === "response")
		body
			.u8(responseValueOctets)
			.bytes(packet.peerChallenge)
			.bytes(new Uint8Array(8))
			.bytes(packet.ntResponse)
			.u8(0)
			.bytes(utf8(packet.name));
	else body.bytes(utf8(packet.text));
	const octets = body.finish();
	const head = new Writer().u8(opcodes[packet.kind]).u8(packet.id);
	return head
		.u16(octets.length + 4)
		.bytes(octets)
		.finish();
}

function decodeBody(opcode: number, id: number, reader: Reader): ChapPacket | undefined {
	if (opcode === opcodes.success) return { kind: "success", id, text: textOf(reader) };
	if (opcode === opcodes.failure) return { kind: "failure", id, text: textOf(reader) };
	const valueOctets = reader.u8();
	if (opcode === opcodes.challenge && valueOctets === challengeOctets)
		return { kind: "challenge", id, challenge: reader.take(challengeOctets), name: textOf(reader) };
	if (opcode !== opcodes.response || valueOctets !== responseValueOctets) return undefined;
	const peerChallenge = reader.take(challengeOctets);
	reader.take(8);
	const ntResponse = reader.take(24);
	reader.u8();
	return { kind: "response", id, peerChallenge, ntResponse, name: textOf(reader) };
}

function textOf(reader: Reader): string {
	return Buffer.from(reader.take(Math.min(reader.remaining, maxTextOctets))).toString("utf8");
}

function utf8(text: string): Uint8Array {
	return Buffer.from(text, "utf8");
}

const opcodes = { challenge: 1, response: 2, success: 3, failure: 4 } as const;
const challengeOctets = 16;
const responseValueOctets = 49;
const maxTextOctets = 256;
