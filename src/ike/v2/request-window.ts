/** One request at a time: sent again until it is answered or given up (RFC 7296 §2.1 to §2.3). */
export interface RetransmitSettings {
	/** Milliseconds until a request is sent again; doubled each time. */
	readonly first: number;
	/** The longest wait between two. */
	readonly longest: number;
	/** How often a request is sent again (B14). */
	readonly times: number;
}

/** What an overdue request needs. */
export type Overdue = "nothing" | "send-again" | "give-up";

/** The requests of this end. Message IDs rise by one; a new request waits until the one before is answered. */
export class RequestWindow {
	readonly #settings: RetransmitSettings;
	/** Those of the outstanding request. */
	#current: RetransmitSettings;
	#nextId = 0;
	#datagrams: readonly Uint8Array[] | undefined;
	#sent = 0;
	#nextAt = Number.POSITIVE_INFINITY;

	constructor(settings: RetransmitSettings) {
		this.#settings = settings;
		this.#current = settings;
	}

	/** The ID that the next request has, or the outstanding one. */
	get id(): number {
		return this.#nextId;
	}

	get isOpen(): boolean {
		return this.#datagrams === undefined;
	}

	/** The datagrams of the outstanding request. */
	get datagrams(): readonly Uint8Array[] {
		return this.#datagrams ?? [];
	}

	/** When something is due; infinity when nothing waits. */
	get deadline(): number {
		return this.#nextAt;
	}

	/** A request goes out with the present `id`; `settings` when it is not sent again as any other. */
	open(datagrams: readonly Uint8Array[], now: number, settings: RetransmitSettings = this.#settings): void {
		this.#datagrams = datagrams;
		this.#current = settings;
		this.#sent = 1;
		this.#nextAt = now + settings.first;
	}

	/** True when it is the answer that is waited for; the window is free then. */
	close(id: number): boolean {
		if (this.#datagrams === undefined || id !== this.#nextId) return false;
		this.#nextId++;
		this.#abandon();
		return true;
	}

	/** How often the outstanding request goes out at most. */
	get mostTimes(): number {
		return this.#current.times + 1;
	}

	/** What the time that has passed asks for. */
	overdue(now: number): Overdue {
		if (this.#datagrams === undefined || now < this.#nextAt) return "nothing";
		const { first, longest, times } = this.#current;
		if (this.#sent > times) {
			this.#abandon();
			return "give-up";
		}
		this.#nextAt = now + Math.min(longest, first * 2 ** this.#sent);
		this.#sent++;
		return "send-again";
	}

	#abandon(): void {
		this.#datagrams = undefined;
		this.#nextAt = Number.POSITIVE_INFINITY;
	}
}

/** What a request of the peer is. */
export type Arrival = "new" | "again" | "out-of-window";

/** The requests of the peer: each is answered once, and its answer kept until the next one. */
export class ResponseWindow {
	#expected = 0;
	#answer: readonly Uint8Array[] = [];

	get expectedId(): number {
		return this.#expected;
	}

	/** The answer to the newest request. */
	get answer(): readonly Uint8Array[] {
		return this.#answer;
	}

	judge(id: number): Arrival {
		if (id === this.#expected) return "new";
		return id === this.#expected - 1 && this.#answer.length > 0 ? "again" : "out-of-window";
	}

	/** The expected request is answered. */
	answered(datagrams: readonly Uint8Array[]): void {
		this.#answer = datagrams;
		this.#expected++;
	}
}
