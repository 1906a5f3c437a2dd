/** What `managed` and `iked` say to each other, over the channel of the child process. */
import type { EapTlsRequest } from "#daemon/eap-tls-desk.ts";
import type { PeerTrust } from "#daemon/peer-trust.ts";
import type { FetchedListFacts } from "#daemon/worker-protocol.ts";
import type { PlaneKind, PlaneNote } from "#esp/data-plane.ts";
import type { ConnectionGap } from "#ike/compile-connections.ts";
import type { TlsAnswer } from "#ike/eap/eap-tls-server.ts";
import type { ReportKind } from "#ike/v2/engine-event.ts";
import type { VpnPlan } from "#ike/vpn-plan.ts";
import type { VpnsState } from "#ike/vpn-state.ts";

/** What an operator clears. */
export type IkedClear =
	| { readonly what: "ike"; readonly associations: readonly number[] }
	| { readonly what: "ipsec"; readonly inboundSpis: readonly number[] }
	/** Counters of these tunnels. */
	| { readonly what: "statistics"; readonly indexes: readonly number[] };

export type ToIked =
	/** The first message, and each further configuration. The keys of pre-shared secrets are in it. */
	| { readonly type: "configure"; readonly revision: number; readonly plan: VpnPlan; readonly trust: PeerTrust }
	/** Forget every revocation list and answer that was fetched. */
	| { readonly type: "forget-fetched" }
	| { readonly type: "show"; readonly question: number }
	| { readonly type: "clear"; readonly order: IkedClear }
	| { readonly type: "tls-answered"; readonly request: number; readonly answer: TlsAnswer }
	| { readonly type: "signed"; readonly request: number; readonly signature: Uint8Array | undefined }
	/** Tell the peers, take the tunnels away, exit. */
	| { readonly type: "stop" };

export type FromIked =
	/** What could not be run. */
	| { readonly type: "configured"; readonly revision: number; readonly problems: readonly ConnectionGap[] }
	| { readonly type: "failed"; readonly reason: string }
	| { readonly type: "state"; readonly question: number; readonly state: VpnsState }
	/** Sign with the key of a connection; `scheme` by its name. */
	| {
			readonly type: "sign";
			readonly request: number;
			readonly connection: string;
			readonly scheme: string;
			readonly octets: Uint8Array;
	  }
	/** A revocation list was fetched. */
	| { readonly type: "list-fetched"; readonly list: FetchedListFacts }
	/** What carries the packets has something to tell. */
	| { readonly type: "told"; readonly note: PlaneNote }
	/** Records of a user's TLS. */
	| ({ readonly type: "tls"; readonly request: number } & EapTlsRequest)
	/** Who carries the packets. */
	| { readonly type: "plane-chosen"; readonly plane: PlaneKind; readonly reason: string }
	/** So many things of a process that was killed were taken out of the kernel. */
	| { readonly type: "kernel-cleared"; readonly count: number }
	/** A monitor finds the tunnel of a VPN up or down. */
	| { readonly type: "monitored"; readonly vpn: string; readonly isUp: boolean; readonly text: string }
	/** Danger: keys, a line for Wireshark. */
	| { readonly type: "danger-keys"; readonly line: string }
	/** A line for the trace file. */
	| { readonly type: "trace"; readonly text: string }
	| { readonly type: "report"; readonly what: ReportKind; readonly connection: string; readonly text: string };
