/** What the process of VPNs tells of itself, for the tests of commands that show it. */

import { parsePrefix } from "#base/address.ts";
import type { AssociationView } from "#ike/association-view.ts";
import { prefixSelector } from "#ike/v2/narrow-selectors.ts";
import type { ChildState, VpnState, VpnsState } from "#ike/vpn-state.ts";
import { addressOf } from "./ike-network.ts";

/** The moment of all of it. */
export const shownAt = 1_800_000_000_000;

const place = (address: string, port = 500) => ({ address: addressOf(address), port });

export function selectors(...prefixes: readonly string[]) {
	return prefixes.map((text) => {
		const prefix = parsePrefix(text);
		if (prefix === undefined) throw new Error(`no prefix: ${text}`);
		return prefixSelector(prefix);
	});
}

/** The association of the manual's IKEv2 example. */
export function association(more: Partial<AssociationView> = {}): AssociationView {
	return {
		id: 1,
		connection: "gw-chicago",
		role: "responder",
		phase: "established",
		initiatorSpi: "744a594d957dd513",
		responderSpi: "1e3107db82f58387",
		remote: "2.2.2.2 port 500",
		path: { local: place("1.1.1.2"), remote: place("2.2.2.2") },
		identity: "2.2.2.2",
		authentication: "shared-key",
		keyType: undefined,
		algorithms: { cipher: "aes-128-cbc", integrity: "hmac-sha1-96", prf: "hmac-sha1", group: "group2", additional: [] },
		hardAt: shownAt + 28_570_900,
		traffic: { receivedOctets: 852, sentOctets: 940, receivedPackets: 5, sentPackets: 5 },
		childrenCreated: 1,
		childrenDeleted: 0,
		children: [],
		...more,
	};
}

export function childState(more: Partial<ChildState> = {}): ChildState {
	return {
		name: "ipsec-vpn-chicago",
		inboundSpi: 0x76d6_4d1d,
		outboundSpi: 0xa102_4ee2,
		softAt: shownAt + 2_775_000,
		hardAt: shownAt + 3_363_000,
		localSelectors: selectors("0.0.0.0/0"),
		remoteSelectors: selectors("0.0.0.0/0"),
		path: { local: place("1.1.1.2"), remote: place("2.2.2.2") },
		isEncapsulated: false,
		cipher: "aes-128-cbc",
		integrity: "hmac-sha1-96",
		counts: undefined,
		octetsLeft: undefined,
		...more,
	};
}

export function vpnState(more: Partial<VpnState> = {}): VpnState {
	return {
		index: 131_073,
		name: "ipsec-vpn-chicago",
		connection: "gw-chicago",
		unit: "st0.0",
		plane: "user-space",
		replayWindow: 64,
		dfBit: "clear",
		isMonitoredUp: undefined,
		children: [childState()],
		counters: {
			encryptedPackets: 1_246,
			encryptedOctets: 536_408,
			decryptedPackets: 888,
			decryptedOctets: 696_696,
			unprotected: 0,
			refused: 3,
			badHeaders: 0,
			replayed: 2,
			notAuthentic: 1,
			badTrailers: 0,
			outsideSelectors: 0,
			malformed: 0,
			tooLarge: 0,
			congested: 0,
		},
		...more,
	};
}

export function vpnsState(more: Partial<VpnsState> = {}): VpnsState {
	return { now: shownAt, associations: [association()], vpns: [vpnState()], ...more };
}
