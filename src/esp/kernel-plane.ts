/**
 * The data plane in the kernel, without its sockets: XFRM protects packets, a VTI device for each unit of st0 takes them.
 *
 * A device has a mark by its number. Policies with the mark say which packets go by which associations: those of a selector
 * share a number ("request id"), so that the newest of them is used. The kernel tells which associations are wanted and
 * which come to an end; which of them are used is asked.
 *
 * Bounds: `maxAssociations`; at most one VPN for each unit.
 * Source: linux/xfrm.h; RFC 4301 §4.4.
 */
import { type Address, formatAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import type { NetlinkAnswer, NetlinkRequest } from "#base/netlink.ts";
import { isTunnelMark, tunnelMarkOf } from "#base/packet-mark.ts";
import {
	type DataPlane,
	type EspPath,
	newCounters,
	type PlaneAssociation,
	type PlaneCounters,
	type PlaneEvents,
	type PlaneReport,
	type PlaneVpn,
	type TrafficNote,
} from "#esp/data-plane.ts";
import { addTo, countsOf, type Entry, newEntry, note } from "#esp/kernel-entry.ts";
import { areKernelSelectors, type PolicyBinding, selectorsKey, wantedPolicies } from "#esp/kernel-policies.ts";
import { stateIds, statePair } from "#esp/kernel-states.ts";
import { changeVti, deleteDevice, newVti, type VtiDevice } from "#esp/vti-device.ts";
import type { XfrmEvent } from "#esp/xfrm-event.ts";
import { deletePolicy, putPolicy, type XfrmPolicy } from "#esp/xfrm-policy.ts";
import {
	allocateSpi,
	decodeState,
	deleteState,
	getState,
	newState,
	type PendingState,
	skipNumbers,
	type XfrmStateId,
	type XfrmStateView,
} from "#esp/xfrm-state.ts";
import type { XfrmMark } from "#esp/xfrm-structures.ts";

/** Where its requests go. */
export interface KernelPorts {
	readonly isLittleEndian: boolean;
	xfrm(request: NetlinkRequest): NetlinkAnswer;
	route(request: NetlinkRequest): NetlinkAnswer;
	/** Has the kernel take ESP from a socket of UDP, or no longer. Throws what Linux says. */
	takeEspInUdp(descriptor: number, isTaken: boolean): void;
	/** Packets of ESP with an SPI that nobody has, since the host started. */
	unknownSpi(): number;
}

export class KernelPlane implements DataPlane {
	readonly #ports: KernelPorts;
	readonly #events: PlaneEvents;
	readonly #devices = new Map<string, VtiDevice>();
	#vpns: ReadonlyMap<string, PlaneVpn> = new Map();
	/** By the SPI at which this end receives; the newest last. */
	readonly #entries = new Map<number, Entry>();
	/** Numbers of selectors, by VPN and selectors. */
	readonly #requestIds = new Map<string, number>();
	/** By VPN. */
	readonly #policies = new Map<string, ReadonlyMap<string, XfrmPolicy>>();
	/** What associations did that are gone, and what is not of one. */
	readonly #totals = new Map<string, PlaneCounters>();
	readonly #descriptors = new Map<string, number>();
	/** Wishes that the kernel does not repeat until they are taken away. */
	#pending: PendingState[] = [];
	/** Told when the engine is not in the middle of something. */
	#late: (() => void)[] = [];
	#asked = 0;
	readonly #unknownSpiBefore: number;

	constructor(ports: KernelPorts, events: PlaneEvents) {
		this.#ports = ports;
		this.#events = events;
		this.#unknownSpiBefore = ports.unknownSpi();
	}

	async addUnit(unit: string, outerFamily: 4 | 6): Promise<void> {
		const number = unitNumber(unit);
		const device = { name: unit, mark: tunnelMarkOf(number), ...nowhere(number, outerFamily) };
		const answer = this.#ports.route(newVti(device, this.#ports.isLittleEndian));
		if (answer.errorNumber !== 0) throw new Error(refusalText(answer));
		this.#devices.set(unit, device);
	}

	async removeUnit(unit: string): Promise<void> {
		for (const [spi, { association }] of this.#entries) if (this.#unitOf(association.vpn) === unit) this.remove(spi);
		this.configure([...this.#vpns.values()].filter((vpn) => vpn.unit !== unit));
		if (this.#devices.delete(unit)) this.#ports.route(deleteDevice(unit, this.#ports.isLittleEndian));
	}

	configure(vpns: readonly PlaneVpn[]): void {
		this.#vpns = new Map(vpns.map((vpn) => [vpn.name, vpn]));
		for (const [spi, { association }] of this.#entries)
			if (this.#deviceOf(association.vpn) === undefined) this.remove(spi);
		for (const name of new Set([...this.#policies.keys(), ...this.#vpns.keys()])) this.#applyPolicies(name);
	}

	async attach(local: Address, ikeDescriptor: number | undefined): Promise<void> {
		if (ikeDescriptor === undefined || this.#descriptors.get(formatAddress(local)) === ikeDescriptor) return;
		this.#ports.takeEspInUdp(ikeDescriptor, true);
		this.#descriptors.set(formatAddress(local), ikeDescriptor);
	}

	/** The socket is closed by now, or will be. */
	detach(local: Address): void {
		this.#descriptors.delete(formatAddress(local));
	}

	install(association: PlaneAssociation): void {
		const { vpn, inboundSpi, path } = association;
		const device = this.#deviceOf(vpn);
		if (device === undefined) return;
		const reason = this.#place(association, path, device);
		if (reason !== undefined) this.#refuse(inboundSpi, reason);
	}

	remove(inboundSpi: number): void {
		const entry = this.#entries.get(inboundSpi);
		if (entry === undefined) return;
		this.#ask(entry);
		addTo(this.#total(entry.association.vpn), entry);
		this.#deleteStates(entry);
		this.#entries.delete(inboundSpi);
		const key = `${entry.association.vpn} ${entry.selectors}`;
		const isShared = [...this.#entries.values()].some(({ requestId }) => requestId === entry.requestId);
		if (!isShared && this.#ownKey(entry.association.vpn) !== key) this.#requestIds.delete(key);
		this.#applyPolicies(entry.association.vpn);
	}

	/** Numbers go on: the peer would take packets for recorded ones otherwise, and take recorded ones for packets. */
	move(inboundSpi: number, path: EspPath): void {
		const entry = this.#entries.get(inboundSpi);
		const device = entry && this.#deviceOf(entry.association.vpn);
		if (entry === undefined || device === undefined) return;
		const { association } = entry;
		const { inbound, outbound } = this.#ask(entry);
		addTo(this.#total(association.vpn), entry);
		this.#deleteStates(entry);
		this.#entries.delete(inboundSpi);
		const { isLittleEndian } = this.#ports;
		const sent = outbound?.replay && skipNumbers(outbound.replay, skippedNumbers, isLittleEndian);
		const reason = this.#place(association, path, device, { inbound: inbound?.replay, outbound: sent });
		if (reason === undefined) return;
		this.#applyPolicies(association.vpn);
		this.#refuse(inboundSpi, reason);
	}

	async report(): Promise<PlaneReport> {
		for (const entry of this.#entries.values()) this.#ask(entry);
		const vpns = new Map<string, PlaneCounters>();
		for (const name of this.#vpns.keys()) vpns.set(name, { ...this.#total(name) });
		for (const entry of this.#entries.values()) {
			const counters = vpns.get(entry.association.vpn);
			if (counters !== undefined) addTo(counters, entry);
		}
		const unknownSpi = this.#ports.unknownSpi() - this.#unknownSpiBefore;
		return { vpns, associations: [...this.#entries.values()].map(countsOf), unknownSpi };
	}

	async close(): Promise<void> {
		this.#forgetWishes();
		for (const spi of [...this.#entries.keys()]) this.remove(spi);
		this.configure([]);
		for (const unit of [...this.#devices.keys()]) await this.removeUnit(unit);
		for (const descriptor of this.#descriptors.values()) this.#ports.takeEspInUdp(descriptor, false);
		this.#descriptors.clear();
	}

	/** What the kernel told by itself, and what waited since. To be called several times a second. */
	hear(events: readonly XfrmEvent[]): void {
		const late = this.#late;
		this.#late = [];
		for (const tell of late) tell();
		for (const event of events) {
			if (event.kind === "acquire") this.#onWish(event);
			else if (event.kind === "expire") this.#onExpiry(event.spi, event.isHard);
		}
	}

	/** Asks which associations are used, some of them each time, and tells. To be called twice a second. */
	look(): void {
		this.#forgetWishes();
		const all = [...this.#entries.values()];
		const notes: TrafficNote[] = [];
		for (let count = 0; count < Math.min(all.length, maxAsked); count++) {
			const entry = all[this.#asked++ % all.length] as Entry;
			const before = { sent: entry.sent.packets, received: entry.received.packets };
			this.#ask(entry);
			const hasSent = entry.sent.packets > before.sent;
			const hasReceived = entry.received.packets > before.received;
			if (hasSent || hasReceived) notes.push({ inboundSpi: entry.association.inboundSpi, hasSent, hasReceived });
		}
		if (notes.length > 0) this.#events.noted(notes);
	}

	#refuse(inboundSpi: number, reason: string): void {
		this.#late.push(() => {
			this.#events.told({ what: "refused", inboundSpi, reason });
			this.#events.spent(inboundSpi);
		});
	}

	/** Puts both directions into the kernel; answers why not. */
	#place(
		association: PlaneAssociation,
		path: EspPath,
		device: VtiDevice,
		replay?: { readonly inbound: Uint8Array | undefined; readonly outbound: Uint8Array | undefined },
	): string | undefined {
		if (this.#entries.size >= maxAssociations) return `there are ${maxAssociations} associations already`;
		if (!areKernelSelectors(association)) return "what was agreed takes too many policies";
		const vpn = this.#vpns.get(association.vpn);
		const selectors = selectorsKey(association);
		const requestId = this.#requestId(association.vpn, selectors);
		const mark = markOf(device);
		const pair = statePair(association, path, { mark, requestId, dfBit: vpn?.dfBit ?? "clear" }, replay);
		if (pair === undefined) return "the kernel has no name for the algorithms";
		const { isLittleEndian } = this.#ports;
		for (const state of [pair.inbound, pair.outbound]) {
			const answer = this.#ports.xfrm(newState(state, isLittleEndian));
			if (answer.errorNumber === 0) continue;
			if (state === pair.outbound) this.#ports.xfrm(deleteState(pair.inbound, isLittleEndian));
			return `the kernel refuses the association: ${refusalText(answer)}`;
		}
		this.#entries.set(association.inboundSpi, newEntry({ association, mark, path, requestId, selectors }));
		const reason = this.#point(device, path);
		return this.#applyPolicies(association.vpn) ?? reason;
	}

	/** The device admits what comes from where the peer is now. */
	#point(device: VtiDevice, { local, remote }: EspPath): string | undefined {
		const isSame =
			equalBytes(device.local.octets, local.address.octets) && equalBytes(device.remote.octets, remote.address.octets);
		if (isSame) return undefined;
		const next = { ...device, local: local.address, remote: remote.address };
		const answer = this.#ports.route(changeVti(next, this.#ports.isLittleEndian));
		if (answer.errorNumber !== 0)
			return `the device ${device.name} cannot be pointed at ${formatAddress(remote.address)}: ${refusalText(answer)}`;
		this.#devices.set(device.name, next);
		return undefined;
	}

	/** Gives the kernel the policies that it is to have for a VPN; answers why it did not take one. */
	#applyPolicies(vpn: string): string | undefined {
		const { isLittleEndian } = this.#ports;
		let reason: string | undefined;
		const own = [...this.#entries.values()].filter(({ association }) => association.vpn === vpn);
		const associations = own.flatMap((entry) => this.#bindingOf(entry));
		const wanted = wantedPolicies(this.#ownBinding(vpn), associations);
		const known = this.#policies.get(vpn) ?? new Map<string, XfrmPolicy>();
		for (const [key, policy] of known) if (!wanted.has(key)) this.#ports.xfrm(deletePolicy(policy, isLittleEndian));
		const held = new Map(wanted);
		for (const [key, policy] of wanted) {
			const before = known.get(key);
			if (before !== undefined && isSamePolicy(before, policy)) continue;
			const answer = this.#ports.xfrm(putPolicy(policy, isLittleEndian));
			if (answer.errorNumber === 0) continue;
			held.delete(key);
			reason = `the kernel refuses a policy: ${refusalText(answer)}`;
		}
		if (held.size > 0) this.#policies.set(vpn, held);
		else this.#policies.delete(vpn);
		return reason;
	}

	/** What lets a packet without an association ask for one. */
	#ownBinding(vpn: string): readonly PolicyBinding[] {
		const selectors = this.#vpns.get(vpn)?.selectors;
		const device = this.#deviceOf(vpn);
		if (device === undefined || selectors === undefined || !areKernelSelectors(selectors)) return [];
		const { localSelectors, remoteSelectors } = selectors;
		const requestId = this.#requestId(vpn, selectorsKey(selectors));
		const { local, remote } = device;
		return [{ localSelectors, remoteSelectors, mark: markOf(device), requestId, local, remote }];
	}

	#bindingOf({ association, requestId, path }: Entry): readonly PolicyBinding[] {
		const device = this.#deviceOf(association.vpn);
		if (device === undefined) return [];
		const { localSelectors, remoteSelectors } = association;
		const ends = { local: path.local.address, remote: path.remote.address };
		return [{ localSelectors, remoteSelectors, mark: markOf(device), requestId, ...ends }];
	}

	#onWish({ mark, packet, source, destination, sequence }: Extract<XfrmEvent, { readonly kind: "acquire" }>): void {
		const vpn = this.#vpnOfMark(mark);
		if (!isTunnelMark(mark) || vpn === "") return;
		const [trap] = this.#ownBinding(vpn);
		this.#total(vpn).unprotected++;
		if (trap !== undefined && this.#pending.length < maxPending) {
			const ends = { source: { octets: source.slice() }, destination: { octets: destination.slice() } };
			this.#pending.push({ ...ends, requestId: trap.requestId, sequence, mark: trap.mark });
		}
		// What Linux sends of its own accord to groups brings no tunnel up.
		if (!isGroup(packet.destination.address.octets)) this.#events.wanted(vpn);
	}

	#forgetWishes(): void {
		for (const one of this.#pending) this.#forget(one);
		this.#pending = [];
	}

	/** The kernel wishes again when the next packet comes. */
	#forget(pending: PendingState): void {
		const { isLittleEndian } = this.#ports;
		const [body] = this.#ports.xfrm(allocateSpi(pending, isLittleEndian)).bodies;
		const state = body && decodeState(body, isLittleEndian);
		if (state?.kind !== "done") return;
		const { mark, destination } = pending;
		this.#ports.xfrm(deleteState({ destination, spi: state.value.spi, mark }, isLittleEndian));
	}

	#onExpiry(spi: number, isHard: boolean): void {
		for (const entry of this.#entries.values()) {
			const { inboundSpi, outboundSpi } = entry.association;
			if (inboundSpi !== spi && outboundSpi !== spi) continue;
			if (isHard) return this.#events.spent(inboundSpi);
			// Both directions come to an end.
			if (!entry.isWornOut) this.#events.wornOut(inboundSpi);
			entry.isWornOut = true;
			return;
		}
	}

	#ask(entry: Entry): { readonly inbound: XfrmStateView | undefined; readonly outbound: XfrmStateView | undefined } {
		const ids = stateIds(entry.association, entry.path, entry.mark);
		const [inbound, outbound] = [this.#view(ids.inbound), this.#view(ids.outbound)];
		note(entry, inbound, outbound);
		return { inbound, outbound };
	}

	#view(id: XfrmStateId): XfrmStateView | undefined {
		const { isLittleEndian } = this.#ports;
		const [body] = this.#ports.xfrm(getState(id, isLittleEndian)).bodies;
		const decoded = body && decodeState(body, isLittleEndian);
		return decoded?.kind === "done" ? decoded.value : undefined;
	}

	#deleteStates(entry: Entry): void {
		const { inbound, outbound } = stateIds(entry.association, entry.path, entry.mark);
		for (const id of [outbound, inbound]) this.#ports.xfrm(deleteState(id, this.#ports.isLittleEndian));
	}

	#requestId(vpn: string, selectors: string): number {
		const key = `${vpn} ${selectors}`;
		const known = this.#requestIds.get(key);
		if (known !== undefined) return known;
		const taken = new Set(this.#requestIds.values());
		let id = firstRequestId;
		while (taken.has(id)) id++;
		this.#requestIds.set(key, id);
		return id;
	}

	#ownKey(vpn: string): string | undefined {
		const selectors = this.#vpns.get(vpn)?.selectors;
		return selectors && `${vpn} ${selectorsKey(selectors)}`;
	}

	#vpnOfMark(mark: number): string {
		for (const { name, unit } of this.#vpns.values()) if (this.#devices.get(unit)?.mark === mark) return name;
		return "";
	}

	#unitOf(vpn: string): string | undefined {
		return this.#vpns.get(vpn)?.unit;
	}

	#deviceOf(vpn: string): VtiDevice | undefined {
		return this.#devices.get(this.#unitOf(vpn) ?? "");
	}

	#total(vpn: string): PlaneCounters {
		const known = this.#totals.get(vpn) ?? newCounters();
		this.#totals.set(vpn, known);
		return known;
	}
}

/** True for numbers that are given here. */
export function isOwnRequestId(id: number): boolean {
	return id >= firstRequestId && id < firstRequestId + 0x1_0000;
}

/** What the kernel says, or the number of its error by its name. */
export function refusalText({ errorNumber, text }: NetlinkAnswer): string {
	const name = errorNames[errorNumber] ?? `error ${errorNumber}`;
	return text === "" ? name : `${text} (${name})`;
}

function isSamePolicy(one: XfrmPolicy, other: XfrmPolicy): boolean {
	return (
		one.priority === other.priority &&
		one.requestId === other.requestId &&
		equalBytes(one.source.octets, other.source.octets) &&
		equalBytes(one.destination.octets, other.destination.octets)
	);
}

function markOf({ mark }: VtiDevice): XfrmMark {
	return { value: mark, mask: 0xffff_ffff };
}

function unitNumber(unit: string): number {
	return Number(unit.slice(unit.lastIndexOf(".") + 1)) & 0xffff;
}

/** Two addresses that no packet goes between: of this host alone, and for what is to be thrown away (RFC 6666). */
function nowhere(number: number, family: 4 | 6): Pick<VtiDevice, "local" | "remote"> {
	const [high, low] = [number >> 8, number & 0xff];
	if (family === 4)
		return { local: { octets: Uint8Array.of(127, 0, 0, 1) }, remote: { octets: Uint8Array.of(127, 157, high, low) } };
	const [local, remote] = [new Uint8Array(16), new Uint8Array(16)];
	local[15] = 1;
	remote.set([1, 0]);
	remote.set([1, high, low], 13);
	return { local: { octets: local }, remote: { octets: remote } };
}

function isGroup(address: Uint8Array): boolean {
	return address.length === 4 ? (address[0] as number) >= 224 : address[0] === 0xff;
}

const firstRequestId = 0x5a14_0000;
const maxAssociations = 4_096;
/** Associations that are asked for at a time. */
const maxAsked = 128;
const maxPending = 64;
/** For packets that went out while the association was being moved. */
const skippedNumbers = 1_024;
const errorNames: Readonly<Record<number, string>> = {
	1: "EPERM",
	2: "ENOENT",
	3: "ESRCH",
	17: "EEXIST",
	19: "ENODEV",
	22: "EINVAL",
	38: "ENOSYS",
	93: "EPROTONOSUPPORT",
	95: "EOPNOTSUPP",
};
