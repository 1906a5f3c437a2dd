/** What the thread of IKE and the thread that carries packets say to each other. Plain data; types alone. */
import type { Address } from "#base/address.ts";
import type { EspPath, PlaneAssociation, PlaneNote, PlaneReport, PlaneVpn, TrafficNote } from "#esp/data-plane.ts";

/** Descriptors belong to the thread of IKE: it closes them once they are `released`. */
export type ToCarrier =
	| { readonly type: "add-unit"; readonly unit: string; readonly descriptor: number }
	| { readonly type: "remove-unit"; readonly unit: string; readonly question: number }
	| { readonly type: "configure"; readonly vpns: readonly PlaneVpn[]; readonly mss: number }
	| {
			readonly type: "attach";
			readonly local: Address;
			/** Of port 4500; undefined where there is none. */
			readonly datagramDescriptor: number | undefined;
			/** Of protocol 50. */
			readonly rawDescriptor: number;
	  }
	| { readonly type: "detach"; readonly local: Address; readonly question: number }
	| { readonly type: "install"; readonly association: PlaneAssociation }
	| { readonly type: "remove"; readonly inboundSpi: number }
	| { readonly type: "move"; readonly inboundSpi: number; readonly path: EspPath }
	| { readonly type: "report"; readonly question: number }
	| { readonly type: "stop" };

export type FromCarrier =
	| { readonly type: "wanted"; readonly vpn: string }
	| { readonly type: "worn-out"; readonly inboundSpi: number }
	| { readonly type: "spent"; readonly inboundSpi: number }
	| { readonly type: "noted"; readonly notes: readonly TrafficNote[] }
	| { readonly type: "told"; readonly note: PlaneNote }
	/** What a question asked for is done. */
	| { readonly type: "done"; readonly question: number }
	| { readonly type: "reported"; readonly question: number; readonly report: PlaneReport };

/** What the thread begins with. */
export interface CarrierStart {
	/** Readable when there are messages: the thread waits for packets and for nothing else. */
	readonly signal: number;
}
