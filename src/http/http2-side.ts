/**
 * One direction of a connection of HTTP/2: the frames as they are cut out of chunks, and what goes on to the other end.
 *
 * What is sent on ends with a frame behind every chunk, so that a frame of our own may follow at any time. Field blocks
 * travel as they came while each goes in its turn; from the first one that does not, both ends' tables would differ, and
 * the gateway encodes what follows itself, beginning with an empty table (docs/adr/0009-http2-octets-as-they-came.md).
 *
 * Bounds: a frame that is not DATA, the fragments of one field block, the tables of HPACK.
 */
import type { Header } from "#http/head.ts";
import { encodeApart, HpackDecoder, HpackEncoder } from "#http/hpack.ts";
import type { FieldBlock, Http2Exchange } from "#http/http2-exchange.ts";
import { FloodBudget, type FloodLimits } from "#http/http2-flood.ts";
import { blockFrames } from "#http/http2-own-frames.ts";
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

	/** Frames of our own that came before the settings of this end. */
	readonly early: Uint8Array[] = [];
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

	/** Whole frames of our own, behind what was passed. A connection begins with the settings of its end: they wait for these. */
	insert(octets: Uint8Array): void {
		if (!this.allows.hasBegun) return void this.early.push(octets);
		this.#flush();
		this.out.push(octets);
	}

	/** The settings went on: now what waited for them. */
	insertEarly(): void {
		for (const octets of this.early.splice(0)) this.insert(octets);
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

	/** True when the block may go on as it came. */
	isInTurn(block: FieldBlock): boolean {
		return this.#encoder === undefined && block.order === this.#nextBlock && block.isChanged !== true;
	}

	/** The block in turn goes on as it lies in the chunk, with all up to `end`. */
	passTurn(end: number): void {
		this.#nextBlock++;
		this.pass(end);
	}

	/** A view of the chunk at hand. */
	part(start: number, end: number): Uint8Array {
		return (this.#chunk as Uint8Array).subarray(start, end);
	}

	/** Sends a field block on: as it came when it is its turn, otherwise encoded anew. `end`: it lies in the chunk up to there. */
	passBlock(block: FieldBlock, stream: number, end = -1): void {
		if (this.isInTurn(block)) {
			if (end !== -1) return this.passTurn(end);
			this.#nextBlock++;
			return this.insert(block.octets);
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

const encoderTableOctets = 4_096;
const minHeld = 256;
const noOctets = new Uint8Array(0);
