/** Refuses what a host that is shut off sends within a connection that was opened, whatever the protocol. */
import type { Address } from "#base/address.ts";
import { quarantined } from "#inspect/precedence.ts";
import type { QuarantineView } from "#inspect/quarantine-list.ts";
import type { InspectionService, Place, ServiceConnection, ServiceFinding } from "#inspect/service.ts";

/** Bounds: constant; one look-up a request, or a chunk of a protocol without requests. */
export class QuarantineService implements InspectionService, ServiceConnection {
	readonly name = "quarantine";
	readonly stage = "quarantine";
	readonly isNameCheck = true;
	readonly #view: QuarantineView;
	readonly #client: Address;
	readonly #now: () => number;
	readonly #redirect: string | undefined;

	/** `redirect`: where requests of the host are sent instead. */
	constructor(view: QuarantineView, client: Address, now: () => number, redirect: string | undefined) {
		this.#view = view;
		this.#client = client;
		this.#now = now;
		this.#redirect = redirect;
	}

	open(): ServiceConnection {
		return this;
	}

	requestHead(): ServiceFinding | undefined {
		return this.#judge("request-headers");
	}

	octets(place: Place): ServiceFinding | undefined {
		return place === "stream-to-server" || place === "stream-to-client" ? this.#judge(place) : undefined;
	}

	ended(): undefined {}

	#judge(place: Place): ServiceFinding | undefined {
		const why = quarantined(this.#view, this.#client, this.#now());
		if (why === undefined) return undefined;
		const answer =
			this.#redirect === undefined ? refusal : { ...refusal, status: 302 as const, location: this.#redirect };
		return { name: why, place, verdict: "block", answer };
	}
}

const refusal = { status: 403, sentence: "This device is shut off from the network." } as const;
