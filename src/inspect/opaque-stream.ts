/** Decrypted octets of a protocol that is not understood: services see them as two streams, a match cuts the connection. */
import { forward, type PlaintextStream, type StreamAnswer, type StreamStop, stop } from "#inspect/plaintext-stream.ts";
import type { InspectionService, Place, ServiceConnection, ServiceFinding } from "#inspect/service.ts";
import type { Finding, InspectionState } from "#telemetry/session-record.ts";

export class OpaqueStream implements PlaintextStream {
	readonly released: Uint8Array[] = [];
	readonly findings: Finding[] = [];
	readonly inspection: InspectionState = "decrypted, not inspected";
	readonly requests = 0;
	readonly isClientWaiting = false;
	stop: StreamStop | undefined;
	readonly #services: readonly { readonly name: string; readonly connection: ServiceConnection }[];

	/** `isOther`: the protocol is said to be none that anybody knows, and nobody is to recognize it (R118). */
	constructor(services: readonly InspectionService[], isOther = false) {
		this.#services = services.map((service) => ({ name: service.name, connection: service.open() }));
		if (isOther) for (const { connection } of this.#services) connection.speaks?.("other");
	}

	fromClient(chunk: Uint8Array): StreamAnswer {
		return this.#look("stream-to-server", chunk);
	}

	fromServer(chunk: Uint8Array): StreamAnswer {
		return this.#look("stream-to-client", chunk);
	}

	clientMayGoOn(): StreamAnswer {
		return forward;
	}

	clientEnded(): StreamAnswer {
		return forward;
	}

	serverEnded(): StreamAnswer {
		return forward;
	}

	close(): void {}

	#look(place: Place, octets: Uint8Array): StreamAnswer {
		for (const { name: service, connection } of this.#services) {
			const found = connection.octets(place, octets);
			if (found === undefined) continue;
			for (const other of connection.others?.() ?? []) this.#note(service, other);
			const { name, verdict } = found;
			this.#note(service, found);
			if (verdict === "report") continue;
			this.stop = { answer: undefined, why: `blocked by ${service} "${name}" in ${place}` };
			return stop;
		}
		return forward;
	}

	#note(service: string, { name, place, verdict }: ServiceFinding): void {
		if (this.findings.length < maxFindings || verdict === "block")
			this.findings.push({ service, name, where: place, verdict });
	}
}

const maxFindings = 32;
