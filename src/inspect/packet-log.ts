/**
 * What an opened session said around an attack (`notification packet-log`): the pieces before it, those in which it was found,
 * and those that follow. There are no packets within TLS: octets are cut into pieces of the size of one.
 *
 * Bounds: `before` pieces are held of a session, and while an attack is logged `maxPieces` altogether; `maxLogs` logs of one
 * session; all sessions share a budget, and who finds no room in it is not logged.
 */

/** `packet-log` of a rule. */
export interface PacketLogPlan {
	readonly before: number;
	readonly after: number;
	/** How long pieces behind the attack are waited for. */
	readonly timeoutMs: number;
}

export interface LoggedPiece {
	/** Milliseconds since 1970. */
	readonly at: number;
	/** 0 to the server, 1 to the client. */
	readonly direction: 0 | 1;
	/** Octets of its direction before it. */
	readonly offset: number;
	/** Octets of the other direction by then. */
	readonly received: number;
	readonly octets: Uint8Array;
}

export interface PacketLog {
	/** What was found, the first one first. */
	readonly attacks: readonly string[];
	readonly pieces: readonly LoggedPiece[];
}

/** The memory that sessions may take for it. */
export class PacketLogBudget {
	#maxOctets: number;
	#maxSessions: number;
	#octets = 0;
	#sessions = 0;

	constructor(maxOctets: number, maxSessions: number) {
		this.#maxOctets = maxOctets;
		this.#maxSessions = maxSessions;
	}

	/** Sessions that have room keep it. */
	configure(maxOctets: number, maxSessions: number): void {
		this.#maxOctets = maxOctets;
		this.#maxSessions = maxSessions;
	}

	get held(): { readonly octets: number; readonly sessions: number } {
		return { octets: this.#octets, sessions: this.#sessions };
	}

	/** Room for a session; false when there is none. */
	enter(): boolean {
		if (this.#sessions >= this.#maxSessions) return false;
		this.#sessions++;
		return true;
	}

	leave(): void {
		this.#sessions--;
	}

	/** Octets more, or less; false when there is no room for them. */
	take(octets: number): boolean {
		if (octets > 0 && this.#octets + octets > this.#maxOctets) return false;
		this.#octets += octets;
		return true;
	}
}

/** One session. Tells each log once it is whole. */
export class PacketRecorder {
	readonly #before: number;
	readonly #budget: PacketLogBudget;
	readonly #now: () => number;
	readonly #tell: (log: PacketLog) => void;
	/** Undefined before the session has room; false when it found none. */
	#hasRoom: boolean | undefined;
	readonly #recent: LoggedPiece[] = [];
	/** Of `#recent`, those of the chunk at hand. */
	#ofChunk = 0;
	readonly #totals: [number, number] = [0, 0];
	#open: { attacks: string[]; pieces: LoggedPiece[]; after: number; until: number } | undefined;
	#logs = 0;

	/** `before`: the most that any rule wants. */
	constructor(before: number, budget: PacketLogBudget, now: () => number, tell: (log: PacketLog) => void) {
		this.#before = before;
		this.#budget = budget;
		this.#now = now;
		this.#tell = tell;
	}

	/** A chunk has come, and is looked into next. It is copied, as far as it may be wanted. */
	chunk(direction: 0 | 1, octets: Uint8Array): void {
		this.#expire();
		const total = this.#totals[direction];
		const received = this.#totals[direction === 0 ? 1 : 0];
		this.#totals[direction] += octets.length;
		this.#hasRoom ??= this.#budget.enter();
		if (!this.#hasRoom) return;
		const at = this.#now();
		const count = Math.ceil(octets.length / pieceOctets);
		this.#ofChunk = 0;
		for (let index = Math.max(0, count - maxOfChunk); index < count; index++) {
			const start = index * pieceOctets;
			const part = octets.subarray(start, start + pieceOctets);
			const piece = { at, direction, offset: total + start, received, octets: Uint8Array.from(part) };
			if (!this.#budget.take(piece.octets.length)) continue;
			this.#recent.push(piece);
			this.#ofChunk++;
		}
		// What is wanted before the attack is kept beside the chunk in which it may be.
		this.#forget(this.#before + this.#ofChunk);
	}

	/** The chunk at hand was looked into. */
	looked(): void {
		const open = this.#open;
		if (open !== undefined && open.after > 0 && this.#ofChunk > 0) {
			for (const piece of this.#recent.slice(-this.#ofChunk)) {
				if (open.after <= 0 || open.pieces.length >= maxPieces) break;
				if (open.pieces.includes(piece)) continue;
				this.#keep(open.pieces, piece);
				open.after--;
			}
		}
		this.#ofChunk = 0;
		this.#forget(this.#before);
		if (open !== undefined && (open.after <= 0 || open.pieces.length >= maxPieces)) this.#finish();
	}

	/** An attack was found in the chunk at hand, or behind the last one. */
	attack(name: string, { before, after, timeoutMs }: PacketLogPlan): void {
		if (this.#hasRoom !== true) return;
		if (this.#open === undefined) {
			if (this.#logs >= maxLogs) return;
			this.#logs++;
			this.#open = { attacks: [], pieces: [], after: 0, until: 0 };
			for (const piece of this.#recent.slice(-(before + this.#ofChunk))) this.#keep(this.#open.pieces, piece);
		} else if (this.#ofChunk > 0) {
			for (const piece of this.#recent.slice(-this.#ofChunk))
				if (!this.#open.pieces.includes(piece) && this.#open.pieces.length < maxPieces)
					this.#keep(this.#open.pieces, piece);
		}
		const open = this.#open;
		if (open.attacks.length < maxNames && !open.attacks.includes(name)) open.attacks.push(name);
		open.after = Math.max(open.after, after);
		open.until = Math.max(open.until, this.#now() + timeoutMs);
	}

	/** Told about once a second. */
	secondPassed(): void {
		this.#expire();
	}

	/** The session is over. */
	close(): void {
		this.#finish();
		this.#forget(0);
		if (this.#hasRoom === true) this.#budget.leave();
		this.#hasRoom = false;
	}

	#expire(): void {
		if (this.#open !== undefined && this.#now() >= this.#open.until) this.#finish();
	}

	#finish(): void {
		const open = this.#open;
		if (open === undefined) return;
		this.#open = undefined;
		for (const { octets } of open.pieces) this.#budget.take(-octets.length);
		this.#tell({ attacks: open.attacks, pieces: open.pieces });
	}

	/** A piece that a log holds is counted for it, too. */
	#keep(pieces: LoggedPiece[], piece: LoggedPiece): void {
		if (this.#budget.take(piece.octets.length)) pieces.push(piece);
	}

	#forget(left: number): void {
		while (this.#recent.length > left) this.#budget.take(-(this.#recent.shift()?.octets.length ?? 0));
	}
}

/** The payload of a packet of Ethernet. */
const pieceOctets = 1_400;
/** The end of a long chunk is what is kept of it. */
const maxOfChunk = 64;
const maxPieces = 1_024;
const maxLogs = 16;
const maxNames = 16;
