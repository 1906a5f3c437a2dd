/** An association of a tunnel as the two that the kernel has: one for each direction. */
import type { EspPath, PlaneAssociation } from "#esp/data-plane.ts";
import type { DfBit } from "#esp/outer-header.ts";
import { xfrmAlgorithms } from "#esp/xfrm-algorithms.ts";
import type { XfrmLimits, XfrmState, XfrmStateId } from "#esp/xfrm-state.ts";
import type { XfrmMark } from "#esp/xfrm-structures.ts";

/** Numbers that were sent and received, of an association that goes on at another place. */
export interface CarriedReplay {
	readonly inbound: Uint8Array | undefined;
	readonly outbound: Uint8Array | undefined;
}

export interface StatePair {
	readonly inbound: XfrmState;
	readonly outbound: XfrmState;
}

/** Both directions; undefined when the kernel has no name for an algorithm. */
export function statePair(
	association: PlaneAssociation,
	path: EspPath,
	binding: { readonly mark: XfrmMark; readonly requestId: number; readonly dfBit: DfBit },
	replay: CarriedReplay = { inbound: undefined, outbound: undefined },
): StatePair | undefined {
	const { algorithms, inboundKeys, outboundKeys } = association;
	const [inbound, outbound] = [xfrmAlgorithms(algorithms, inboundKeys), xfrmAlgorithms(algorithms, outboundKeys)];
	if (inbound === undefined || outbound === undefined) return undefined;
	const { local, remote, isEncapsulated } = path;
	const { hasExtendedSequenceNumbers } = algorithms;
	const common = {
		requestId: binding.requestId,
		hasExtendedSequenceNumbers,
		limits: limitsOf(association),
		copiesDfBit: binding.dfBit === "copy",
	};
	// The kernel has no extended numbers without a window.
	const replayWindow = hasExtendedSequenceNumbers ? association.replayWindow || 1 : association.replayWindow;
	const ids = stateIds(association, path, binding.mark);
	return {
		inbound: {
			...common,
			...ids.inbound,
			source: remote.address,
			algorithms: inbound,
			replayWindow,
			...(replay.inbound && { replay: replay.inbound }),
			...(isEncapsulated && { encapsulation: { sourcePort: remote.port, destinationPort: local.port } }),
		},
		outbound: {
			...common,
			...ids.outbound,
			source: local.address,
			algorithms: outbound,
			replayWindow: hasExtendedSequenceNumbers ? 1 : 0,
			...(replay.outbound && { replay: replay.outbound }),
			...(isEncapsulated && { encapsulation: { sourcePort: local.port, destinationPort: remote.port } }),
		},
	};
}

/** By what the kernel finds both. Only what goes out is bound to the mark: what comes in is found by its SPI alone. */
export function stateIds(
	{ inboundSpi, outboundSpi }: Pick<PlaneAssociation, "inboundSpi" | "outboundSpi">,
	{ local, remote }: EspPath,
	mark: XfrmMark,
): { readonly inbound: XfrmStateId; readonly outbound: XfrmStateId } {
	return {
		inbound: { destination: local.address, spi: inboundSpi },
		outbound: { destination: remote.address, spi: outboundSpi, mark },
	};
}

function limitsOf({ maxOctets, lifetime, algorithms }: PlaneAssociation): XfrmLimits {
	return {
		...(maxOctets !== undefined && {
			softOctets: BigInt(Math.floor(maxOctets * softPart)),
			hardOctets: BigInt(maxOctets),
		}),
		...(!algorithms.hasExtendedSequenceNumbers && { softPackets: wornOutAt, hardPackets: lastNumber }),
		// The engine is first; this is for the day when there is no engine any more.
		...(lifetime !== undefined && { hardSeconds: BigInt(Math.ceil(lifetime / 1_000) + graceSeconds) }),
	};
}

/** New keys are asked for when so much of the octets is used. */
const softPart = 0.8;
const lastNumber = 0xffff_ffffn;
const wornOutAt = (lastNumber * 9n) / 10n;
const graceSeconds = 60;
