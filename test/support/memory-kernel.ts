/** A kernel as far as a data plane asks it, in memory: associations, policies and devices that were made, and what was refused. */
import type { NetlinkAnswer, NetlinkRequest } from "#base/netlink.ts";
import type { KernelPorts } from "#esp/kernel-plane.ts";
import { decodeDevice, deleteDevice } from "#esp/vti-device.ts";
import { decodePolicy } from "#esp/xfrm-policy.ts";
import { decodeState, stateOctets, type XfrmStateView } from "#esp/xfrm-state.ts";
import { xfrmType } from "#esp/xfrm-structures.ts";

export class MemoryKernel implements KernelPorts {
	readonly isLittleEndian = true;
	readonly states = new Map<number, Uint8Array>();
	readonly policies = new Map<string, { readonly body: Uint8Array; readonly priority: number }>();
	readonly devices = new Map<string, Uint8Array>();
	readonly inUdp = new Map<number, boolean>();
	/** Types of requests of XFRM and, negative, of routes, in order. */
	readonly asked: number[] = [];
	/** Answers this error to requests of the type. */
	refuse: { readonly type: number; readonly errorNumber: number } | undefined;

	xfrm(request: NetlinkRequest): NetlinkAnswer {
		this.asked.push(request.type);
		if (this.refuse?.type === request.type) return { ...fine, errorNumber: this.refuse.errorNumber };
		return this.#xfrm(request);
	}

	route({ type, body, flags }: NetlinkRequest): NetlinkAnswer {
		this.asked.push(-type);
		if (this.refuse?.type === -type) return { ...fine, errorNumber: this.refuse.errorNumber, text: "no room" };
		if (type === 18) return { ...fine, bodies: [...this.devices.values()] };
		const device = decodeDevice(body, true);
		const name = device.kind === "done" ? device.value.name : "";
		if (type === deleteDevice("", true).type) return this.devices.delete(name) ? fine : notThere;
		if ((flags & 0x400) !== 0 && this.devices.has(name)) return there;
		this.devices.set(name, body);
		return fine;
	}

	takeEspInUdp(descriptor: number, isTaken: boolean): void {
		this.inUdp.set(descriptor, isTaken);
	}

	unknownSpi(): number {
		return 7;
	}

	/** Counts packets of an association, of 100 octets each; those outside its window, replayed and not authentic. */
	use(spi: number, packets: number, refused: readonly [number, number, number] = [0, 0, 0]): void {
		const body = this.states.get(spi);
		if (body === undefined) throw new Error(`no association ${spi}`);
		const view = new DataView(body.buffer, body.byteOffset);
		view.setBigUint64(160, BigInt(packets * 100), true);
		view.setBigUint64(168, BigInt(packets), true);
		for (const [index, count] of refused.entries()) view.setUint32(192 + index * 4, count, true);
	}

	state(spi: number): XfrmStateView {
		const decoded = decodeState(this.states.get(spi) ?? new Uint8Array(0), true);
		if (decoded.kind !== "done") throw new Error(`no association ${spi}`);
		return decoded.value;
	}

	#xfrm({ type, body, flags }: NetlinkRequest): NetlinkAnswer {
		const view = new DataView(body.buffer, body.byteOffset, body.length);
		switch (type) {
			case xfrmType.newState: {
				const spi = view.getUint32(72);
				if (this.states.has(spi)) return there;
				this.states.set(spi, body.slice());
				return fine;
			}
			case xfrmType.allocateSpi: {
				const pending = body.slice(0, stateOctets);
				new DataView(pending.buffer).setUint32(72, 0x123);
				this.states.set(0x123, pending);
				return { ...fine, bodies: [pending] };
			}
			case xfrmType.getState: {
				if ((flags & 0x300) !== 0) return { ...fine, bodies: [...this.states.values()] };
				const found = this.states.get(view.getUint32(16));
				return found === undefined ? notThere : { ...fine, bodies: [found] };
			}
			case xfrmType.deleteState:
				return this.states.delete(view.getUint32(16)) ? fine : notThere;
			case xfrmType.updatePolicy:
				this.policies.set(policyKey(body, body[160]), { body, priority: view.getUint32(152, true) });
				return fine;
			case xfrmType.deletePolicy:
				return this.policies.delete(policyKey(body, body[60])) ? fine : notThere;
			case xfrmType.getPolicy:
				return { ...fine, bodies: [...this.policies.values()].map((one) => one.body) };
		}
		throw new Error(`a request of type ${type}`);
	}
}

/** Selector, direction and mark: `out 0x5a130000 0.0.0.0/0 0.0.0.0/0`. */
export function policyTexts(kernel: MemoryKernel): readonly string[] {
	return [...kernel.policies.values()].map(({ body, priority }) => {
		const decoded = decodePolicy(body, true);
		if (decoded.kind !== "done") throw new Error("a policy that cannot be read");
		const { direction, selector, mark } = decoded.value;
		const [from, to] = [selector.source, selector.destination].map(
			({ address }) => `${address.octets.join(".")}/${address.length}`,
		);
		return `${direction} ${mark.toString(16)} ${from} ${to} ${priority}`;
	});
}

function policyKey(body: Uint8Array, direction: number | undefined): string {
	const at = Buffer.from(body).lastIndexOf(Buffer.from("0c001500", "hex"));
	const mark = at === -1 ? "" : Buffer.from(body.subarray(at + 4, at + 8)).toString("hex");
	return `${Buffer.from(body.subarray(0, 56)).toString("hex")} ${direction} ${mark}`;
}

const fine: NetlinkAnswer = { errorNumber: 0, text: "", bodies: [] };
const notThere: NetlinkAnswer = { ...fine, errorNumber: 3 };
const there: NetlinkAnswer = { ...fine, errorNumber: 17 };
