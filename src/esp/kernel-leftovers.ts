/** What a process of VPNs that was killed left in the kernel: found by numbers that are ours alone, and taken away. */
import { addressOf } from "#base/address.ts";
import type { Decoded } from "#base/bytes.ts";
import type { NetlinkRequest } from "#base/netlink.ts";
import { isTunnelMark } from "#base/packet-mark.ts";
import { isOwnRequestId, type KernelPorts } from "#esp/kernel-plane.ts";
import { decodeDevice, deleteDevice, listDevices } from "#esp/vti-device.ts";
import { decodePolicy, deletePolicy, listPolicies } from "#esp/xfrm-policy.ts";
import { decodeState, deleteState, listStates } from "#esp/xfrm-state.ts";

/** Takes away associations, policies and devices; answers how many there were. What others made is left alone. */
export function clearLeftovers(ports: Pick<KernelPorts, "xfrm" | "route" | "isLittleEndian">): number {
	const { isLittleEndian } = ports;
	const list = <T>(request: NetlinkRequest, decode: (body: Uint8Array, isLittleEndian: boolean) => Decoded<T>) => {
		const { bodies } = request === listDevices ? ports.route(request) : ports.xfrm(request);
		return bodies.flatMap((body) => {
			const decoded = decode(body, isLittleEndian);
			return decoded.kind === "done" ? [decoded.value] : [];
		});
	};
	let count = 0;
	for (const { requestId, destination, spi, mark } of list(listStates, decodeState)) {
		if (!isOwnRequestId(requestId)) continue;
		const id = { destination: addressOf(destination), spi, mark: { value: mark, mask: 0xffff_ffff } };
		if (ports.xfrm(deleteState(id, isLittleEndian)).errorNumber === 0) count++;
	}
	for (const { direction, selector, mark } of list(listPolicies, decodePolicy)) {
		if (direction === undefined || !isTunnelMark(mark)) continue;
		const id = { direction, selector, mark: { value: mark, mask: 0xffff_ffff } };
		if (ports.xfrm(deletePolicy(id, isLittleEndian)).errorNumber === 0) count++;
	}
	for (const { name, kind, mark } of list(listDevices, decodeDevice)) {
		if (!kind.startsWith("vti") || !isTunnelMark(mark)) continue;
		if (ports.route(deleteDevice(name, isLittleEndian)).errorNumber === 0) count++;
	}
	return count;
}
