/**
 * One direction of a connection of HTTP/2: the frames as they are cut out of chunks, and what goes on to the other end.
 *
 * What is sent on ends with a frame behind every chunk, so that a frame of our own may follow at any time. Field blocks
 * travel as they came while each goes in its turn; from the first one that does not, both ends' tables would differ, and
 * the gateway encodes what follows itself, beginning with an empty table (docs/adr/0009-http2-octets-as-they-came.md).
 *
 * Bounds: a frame that is not DATA, the fragments of one field block, the tables of HPACK.
 */
import { concat } from "#base/bytes.ts";
import type { Header } from "#http/head.ts";
import { encodeApart, HpackDecoder, HpackEncoder } from "#http/hpack.ts";
import type { FieldBlock, Http2Exchange } from "#http/http2-exchange.ts";
import { FloodBudget, type FloodLimits } from "#http/http2-flood.ts";
import { encodeFrame, frameHeaderOctets, minFrameOctets, noPadding } from "#http/http2-frame.ts";
import { AllowedSettings, type SettingsLimits } from "#http/http2-settings.ts";

export class Http2Side<Context> {
	readonly name: "client" | "server";
	readonly decoder: HpackDecoder;
	/** Set once field blocks are ours to encode. */
	#encoder: HpackEncoder | undefined = undefined;
	/** What this end allows the other one. */
	readonly allows: AllowedSettings;
	/** The size of this direction's table that both ends have agreed on. */
	tableOctets = 4_096;
	/** Field blocks that came, and the one whose turn it is to go. */
	blocks = 0;
	#nextBlock = 0;

	/** What goes on to the other end, in order, beside or instead of the chunk. */
	readonly out: Uint8Array[] = [];
	#chunk: Uint8Array | undefined = undefined;
	/** From here on the chunk goes on and stands in no `out` yet. */
	#from = 0;
	/** Up to here it does. */
	#passed = 0;
	#isCut = false;

	/** Octets of the preface that have not come. */
	prefaceLeft: number;
	/** A frame that is not whole yet. */
	#held: Uint8Array = noOctets;
	heldLength = 0;
	/** Octets of a frame that nobody looks at. */
	skipLeft = 0;

	/** The DATA frame under way. */
	dataStream = 0;
	dataExchange: Http2Exchange<Context> | undefined = undefined;
	dataLeft = 0;
	paddingLeft = 0;
	isDataLast = false;
	isInData = false;
	mustReadPadding = false;
	/** Octets of the frame that count and are not sent on: padding that was taken out. */
	strippedOctets = 0;
	/** Octets of this end that the other never sees, and that the connection's window is owed. */
	droppedOctets = 0;

	/** The field block under way: its stream, 0 for none. */
	blockStream = 0;
	isBlockLast = false;
	blockOctets: Uint8Array[] = [];
	blockFragments: Uint8Array[] = [];
	blockLength = 0;

	/** Frames that do no work. */
	readonly idleFrames: FloodBudget;

	constructor(
		name: "client" | "server",
		maxListOctets: number,
		settings: SettingsLimits,
		idleFrames: FloodLimits,
		prefaceOctets: number,
	) {
		this.name = name;
		this.decoder = new HpackDecoder(maxListOctets);
		this.allows = new AllowedSettings(settings);
		this.idleFrames = new FloodBudget(idleFrames);
		this.prefaceLeft = prefaceOctets;
	}

	begin(chunk: Uint8Array): void {
		this.#chunk = chunk;
		this.#from = 0;
		this.#passed = 0;
		this.#isCut = false;
	}

	/** The chunk is read; true when it goes on as it is and `out` is empty. */
	finish(): boolean {
		const isWhole = !this.#isCut && this.out.length === 0 && this.#passed === this.#chunk?.length;
		if (!isWhole) this.#flush();
		this.#chunk = undefined;
		return isWhole;
	}

	/** The chunk goes on up to `end`. */
	pass(end: number): void {
		this.#passed = end;
	}

	/** The chunk's octets from where it was passed up to `end` do not go on. */
	drop(end: number): void {
		this.#flush();
		this.#from = end;
		this.#passed = end;
		this.#isCut = true;
	}

	/** Whole frames of our own, behind what was passed. */
	insert(octets: Uint8Array): void {
		this.#flush();
		this.out.push(octets);
	}

	#flush(): void {
		const chunk = this.#chunk;
		if (chunk === undefined) return;
		if (this.#passed > this.#from) this.out.push(chunk.subarray(this.#from, this.#passed));
		this.#from = this.#passed;
		this.#isCut = true;
	}

	/** Keeps octets of a frame that is not whole; they are cut out of the chunk. */
	hold(octets: Uint8Array, start: number, end: number): void {
		const needed = this.heldLength + end - start;
		if (needed > this.#held.length) {
			const larger = new Uint8Array(Math.max(minHeld, needed, this.#held.length * 2));
			larger.set(this.#held.subarray(0, this.heldLength));
			this.#held = larger;
		}
		this.#held.set(octets.subarray(start, end), this.heldLength);
		this.heldLength = needed;
		this.drop(end);
	}

	get held(): Uint8Array {
		return this.#held;
	}

	/** The frame that was held and is whole now; the buffer is let go. */
	takeHeld(): Uint8Array {
		const frame = this.#held.subarray(0, this.heldLength);
		this.#held = noOctets;
		this.heldLength = 0;
		return frame;
	}

	/** Sends a field block on: as it came when it is its turn, otherwise encoded anew. `end`: it lies in the chunk up to there. */
	passBlock(block: FieldBlock, stream: number, end = -1): void {
		if (this.#encoder === undefined && block.order === this.#nextBlock) {
			this.#nextBlock++;
			if (end === -1) this.insert(block.octets);
			else this.pass(end);
			return;
		}
		if (end !== -1) this.drop(end);
		this.#encoder ??= this.#newEncoder();
		this.insert(blockFrames(this.#encoder.encode(block.fields), stream, block.isEndStream));
	}

	/** A field block of our own, which leaves the tables of both ends in step. */
	encodeOwn(fields: readonly Header[]): Uint8Array {
		// A block that came and did not go may have told a size that the receiver has not heard of.
		if (this.blocks !== this.#nextBlock) this.#encoder ??= this.#newEncoder();
		return this.#encoder?.encode(fields) ?? encodeApart(fields, this.decoder.dueTableOctets);
	}

	/** Both ends have agreed on another size of the table of this direction. */
	agreeTable(octets: number): void {
		this.tableOctets = octets;
		this.decoder.setMaxTableOctets(octets);
		this.#encoder?.setPeerTableOctets(octets);
	}

	/** Empties the receiver's table first: it holds what the sender's own encoder put there. */
	#newEncoder(): HpackEncoder {
		const encoder = new HpackEncoder(encoderTableOctets);
		encoder.setPeerTableOctets(0);
		encoder.setPeerTableOctets(this.tableOctets);
		return encoder;
	}
}

/** Cuts a field block into HEADERS and CONTINUATION of a size that every receiver takes. */
export function blockFrames(block: Uint8Array, stream: number, isEndStream: boolean): Uint8Array {
	const frames: Uint8Array[] = [];
	for (let at = 0; at === 0 || at < block.length; at += minFrameOctets) {
		const fragment = block.subarray(at, at + minFrameOctets);
		const isEndHeaders = at + minFrameOctets >= block.length;
		if (at > 0) frames.push(encodeFrame({ type: "continuation", stream, isEndHeaders, fragment }));
		else {
			const padding = noPadding;
			frames.push(
				encodeFrame({ type: "headers", stream, isEndStream, isEndHeaders, priority: undefined, fragment, padding }),
			);
		}
	}
	return frames.length === 1 ? (frames[0] as Uint8Array) : concat(frames);
}

/** The header of a DATA frame. */
export function dataHeader(length: number, stream: number, isEndStream: boolean): Uint8Array {
	const header = new Uint8Array(frameHeaderOctets);
	writeDataHeader(header, 0, length, stream, isEndStream);
	return header;
}

/** Writes the header of a DATA frame without padding over the octets at `at`. */
export function writeDataHeader(octets: Uint8Array, at: number, length: number, stream: number, isLast: boolean): void {
	octets[at] = length >>> 16;
	octets[at + 1] = length >>> 8;
	octets[at + 2] = length;
	octets[at + 3] = 0;
	octets[at + 4] = isLast ? 1 : 0;
	octets[at + 5] = stream >>> 24;
	octets[at + 6] = stream >>> 16;
	octets[at + 7] = stream >>> 8;
	octets[at + 8] = stream;
}

const encoderTableOctets = 4_096;
const minHeld = 256;
const noOctets = new Uint8Array(0);
