/** Whether the kernel can protect packets itself: asked by making what tunnels are made of, and taking it away again. */
import { tunnelMarkOf } from "#base/packet-mark.ts";
import { type KernelPorts, refusalText } from "#esp/kernel-plane.ts";
import { deleteDevice, newVti } from "#esp/vti-device.ts";
import { xfrmAlgorithms } from "#esp/xfrm-algorithms.ts";
import { deleteState, newState } from "#esp/xfrm-state.ts";

/** Undefined when it can; otherwise why not. That it takes ESP from UDP proves nothing: it does so without ESP, too. */
export function kernelRefusal(
	ports: Pick<KernelPorts, "xfrm" | "route" | "isLittleEndian">,
	random: Uint8Array,
): string | undefined {
	const { isLittleEndian } = ports;
	const cipher = { engine: "aes-128-gcm", keyOctets: 16, saltOctets: 4, ivOctets: 8, blockOctets: 1, tagOctets: 16 };
	const protection = { cipher, hasExtendedSequenceNumbers: false };
	const keys = { encryption: random.subarray(0, 20), integrity: new Uint8Array(0) };
	const state = {
		source: ends.local,
		destination: ends.remote,
		spi: probeSpi,
		requestId: 0,
		algorithms: xfrmAlgorithms(protection, keys) ?? [],
		replayWindow: 32,
		hasExtendedSequenceNumbers: false,
		copiesDfBit: false,
		limits: {},
	};
	const made = ports.xfrm(newState(state, isLittleEndian));
	if (made.errorNumber !== 0) return `it makes no association of ESP: ${refusalText(made)}`;
	ports.xfrm(deleteState(state, isLittleEndian));
	const device = ports.route(newVti({ name: probeName, mark: tunnelMarkOf(0xffff), ...ends }, isLittleEndian));
	if (device.errorNumber !== 0) return `it makes no tunnel device (VTI): ${refusalText(device)}`;
	ports.route(deleteDevice(probeName, isLittleEndian));
	return undefined;
}

const ends = {
	local: { octets: Uint8Array.of(127, 0, 0, 1) },
	remote: { octets: Uint8Array.of(127, 157, 255, 255) },
};
const probeSpi = 0x2d0;
const probeName = "st-probe";
