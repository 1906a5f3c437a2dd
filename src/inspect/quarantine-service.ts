/** Refuses what a host that is shut off sends within a connection that was opened, whatever the protocol. */
import type { Address } from "#base/address.ts";
import type { IpActionPlace } from "#inspect/ip-action.ts";
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
	readonly #place: Omit<IpActionPlace, "client">;
	#isMet = false;

	/** `redirect`: where requests of the host are sent instead; `place`: its zone, and the server. */
	constructor(
		view: QuarantineView,
		client: Address,
		now: () => number,
		redirect: string | undefined,
		place: Omit<IpActionPlace, "client"> = {},
	) {
		this.#place = place;
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
		if (!this.#isMet) this.#view.meet?.(this.#client, this.#now(), this.#place);
		this.#isMet = true;
		const shutOff = quarantined(this.#view, this.#client, this.#now(), this.#place);
		if (shutOff === undefined) return undefined;
		const said = shutOff.isOther ? { ...refusal, sentence: otherSentence } : refusal;
		const answer = this.#redirect === undefined ? said : { ...said, status: 302 as const, location: this.#redirect };
		return { name: shutOff.because, place, verdict: "block", answer };
	}
}

const otherSentence = "Connections like this one are shut off after an attack.";
const refusal = { status: 403, sentence: "This device is shut off from the network." } as const;
