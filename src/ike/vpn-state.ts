/** What stands in the process of VPNs, as plain data for who asks. Types alone. */

import type { AssociationCounts, PlaneCounters, PlaneKind } from "#esp/data-plane.ts";
import type { DfBit } from "#esp/outer-header.ts";
import type { AssociationView, ChildView } from "#ike/association-view.ts";
import type { Path } from "#ike/v2/connection.ts";

/** A pair of associations of ESP that is in force. */
export interface ChildState extends ChildView {
	readonly path: Path;
	readonly isEncapsulated: boolean;
	readonly cipher: string;
	readonly integrity: string | undefined;
	readonly counts: AssociationCounts | undefined;
	/** Undefined: any amount. */
	readonly octetsLeft: number | undefined;
}

/** One VPN, up or not. */
export interface VpnState {
	/** Number of the tunnel, the same as long as the process lives. */
	readonly index: number;
	readonly name: string;
	readonly connection: string;
	readonly unit: string;
	/** Who carries its packets. */
	readonly plane: PlaneKind;
	readonly replayWindow: number;
	readonly dfBit: DfBit;
	/** Whether the monitor finds it up; undefined without one. */
	readonly isMonitoredUp: boolean | undefined;
	readonly children: readonly ChildState[];
	/** Since the last clear. */
	readonly counters: PlaneCounters;
}

/** What stands. */
export interface VpnsState {
	readonly now: number;
	readonly associations: readonly AssociationView[];
	readonly vpns: readonly VpnState[];
}
