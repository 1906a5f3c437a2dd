/** The engine of IKE with its sockets and tunnels, as `iked` runs it: configured again and again, asked what stands. */
import { randomBytes } from "node:crypto";
import { type Address, formatAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import type { Linux } from "#base/linux.ts";
import type { IkedClear } from "#daemon/iked-protocol.ts";
import { type MonitoredTunnel, VpnMonitors } from "#daemon/vpn-monitors.ts";
import { type TunnelVpn, VpnTunnels } from "#daemon/vpn-tunnels.ts";
import {
	type AssociationCounts,
	type DataPlane,
	newCounters,
	type PlaneCounters,
	type PlaneEvents,
	type PlaneKind,
	type PlaneNote,
} from "#esp/data-plane.ts";
import type { ChildView } from "#ike/association-view.ts";
import { choosePlane, type PlaneChoice } from "#ike/choose-plane.ts";
import type { ConnectionGap } from "#ike/compile-connections.ts";
import { describeProposal } from "#ike/crypto/proposal.ts";
import { Endpoint } from "#ike/endpoint.ts";
import { unpackConnection } from "#ike/packed-connection.ts";
import { type EnginePorts, EngineShell } from "#ike/socket-shell.ts";
import type { TraceTopic } from "#ike/trace-plan.ts";
import { messageText } from "#ike/trace-text.ts";
import { spiText } from "#ike/v2/child-sa.ts";
import type { Connection, Path } from "#ike/v2/connection.ts";
import type { ChildAssociation } from "#ike/v2/engine-event.ts";
import { defaultSettings } from "#ike/v2/settings.ts";
import type { VpnPlan } from "#ike/vpn-plan.ts";
import type { ChildState, VpnsState } from "#ike/vpn-state.ts";

export interface VpnEnginePorts
	extends Required<Pick<EnginePorts, "sign" | "report" | "checkPeer" | "tls" | "danger_logKeys">> {
	/** What carries the packets has something to tell. */
	told(note: PlaneNote): void;
	/** Why the kernel cannot protect packets; undefined when it can. Absent: it is not asked. */
	kernelRefusal?(): string | undefined;
	/** Who carries the packets, when that is another, or for another reason. */
	planeChosen?(choice: PlaneChoice): void;
	/** A monitor finds the tunnel of a VPN up or down. */
	monitored(vpn: string, isUp: boolean, text: string): void;
	/** A line of the trace; only of topics that the plan names. */
	trace(text: string): void;
}

interface Installed {
	readonly association: ChildAssociation;
	readonly vpn: TunnelVpn | undefined;
	path: Path;
	isEncapsulated: boolean;
}

export class VpnEngine {
	readonly #endpoint = new Endpoint([], defaultSettings, randomBytes);
	readonly #shell: EngineShell;
	readonly #tunnels: VpnTunnels;
	#plane: DataPlane;
	#choice: PlaneChoice = { kind: "user-space", reason: "nothing is configured yet", gaps: [] };
	readonly #openPlane: (kind: PlaneKind) => DataPlane;
	readonly #monitors: VpnMonitors;
	readonly #installed = new Map<number, Installed>();
	#connections: readonly Connection[] = [];
	/** Where connections are; elsewhere ports stay open only until the peers have been told. */
	#wantedAddresses: ReadonlySet<string> = new Set();
	readonly #lookTimer: NodeJS.Timeout;
	readonly #checkTimer: NodeJS.Timeout;
	readonly #ports: VpnEnginePorts;
	#topics: ReadonlySet<TraceTopic> = new Set();
	/** Packets that were dropped, by VPN, when that was last traced. */
	readonly #dropped = new Map<string, string>();

	/** `openPlane` makes what carries the packets. */
	constructor(linux: Linux, openPlane: (events: PlaneEvents, kind: PlaneKind) => DataPlane, ports: VpnEnginePorts) {
		this.#ports = ports;
		this.#monitors = new VpnMonitors(linux, {
			changed: (vpn, isUp, text, pinged) => this.#monitored(vpn, isUp, text, pinged),
			renew: (vpn) => this.#renew(vpn),
			want: (vpn) => this.#want(vpn),
		});
		this.#shell = new EngineShell(
			this.#endpoint,
			{
				sign: (connection, scheme, octets) => ports.sign(connection, scheme, octets),
				checkPeer: (path, isAgain) => ports.checkPeer(path, isAgain),
				tls: (session, connection, input, isFirst) => ports.tls(session, connection, input, isFirst),
				danger_logKeys: (connection, association) => ports.danger_logKeys(connection, association),
				report: (what, connection, text) => {
					this.#trace("general", () => `${connection}: ${what}: ${text}`);
					ports.report(what, connection, text);
				},
				passed: (direction, datagram, path) => this.#trace("ike", () => messageText(direction, datagram, path)),
				installChild: (association) => this.#install(association),
				removeChild: (inboundSpi) => this.#remove(inboundSpi),
				moveChild: (inboundSpi, path, isEncapsulated) => this.#move(inboundSpi, path, isEncapsulated),
				// From before the plane had a socket of its own; the kernel gives it the others.
				receiveEsp: () => undefined,
			},
			defaultSettings.ports,
		);
		const events: PlaneEvents = {
			wanted: (vpn) => this.#want(vpn),
			wornOut: (inboundSpi) => this.#shell.give({ type: "child-worn-out", inboundSpi }),
			spent: (inboundSpi) => this.#shell.give({ type: "child-close-wanted", inboundSpi }),
			noted: (notes) => {
				for (const note of notes) {
					this.#shell.give({ type: "traffic-noted", ...note });
					const vpn = note.hasReceived ? this.#installed.get(note.inboundSpi)?.vpn : undefined;
					if (vpn !== undefined) this.#monitors.received(vpn.name);
				}
			},
			told: (note) => this.#hearOfPlane(note),
		};
		this.#openPlane = (kind) => openPlane(events, kind);
		// The likely one: nothing is configured yet.
		if (ports.kernelRefusal !== undefined && ports.kernelRefusal() === undefined)
			this.#choice = { ...this.#choice, kind: "kernel" };
		this.#plane = this.#openPlane(this.#choice.kind);
		this.#tunnels = new VpnTunnels(this.#plane, (commands) => {
			for (const command of commands) this.#trace("routing-socket", () => `ip ${command}`);
		});
		this.#lookTimer = setInterval(() => {
			void this.#traceDrops();
			this.#leaveUnwanted();
		}, lookMs);
		this.#checkTimer = setInterval(() => this.#shell.give({ type: "peers-check-wanted" }), checkPeersMs);
	}

	/** Takes another plan up; what it does not touch goes on. Answers what could not be run. */
	async configure(plan: VpnPlan): Promise<readonly ConnectionGap[]> {
		this.#topics = new Set(plan.trace);
		this.#trace("config", () => planText(plan));
		this.#shell.give({ type: "key-log-switched", isOn: plan.danger_logsKeys });
		const all = await this.#choosePlane(plan);
		const children = new Map(all.flatMap((one) => one.children.map((child) => [child.name, child] as const)));
		const problems = [...this.#choice.gaps];
		const families = outerFamilies(all);
		const familyOf = (vpn: string | undefined) => families.get(vpn ?? "") ?? 4;
		problems.push(...(await this.#tunnels.configure(plan.tunnels, children, plan.mss, familyOf)));
		const unreachable = await this.#listen(all);
		for (const { local, children: own } of all) {
			const reason = unreachable.get(formatAddress(local));
			if (reason !== undefined) problems.push(...own.map(({ name }) => ({ vpn: name, reason })));
		}
		this.#connections = all.filter(({ local }) => !unreachable.has(formatAddress(local)));
		this.#shell.give({ type: "connections-changed", connections: this.#connections });
		this.#shell.give({ type: "peers-check-wanted" });
		// A VPN that is bound to another interface by now.
		for (const [inboundSpi, { association, vpn }] of [...this.#installed])
			if (vpn !== this.#tunnels.vpn(association.child)) this.#shell.give({ type: "child-close-wanted", inboundSpi });
		this.#monitors.configure(plan.monitors, (vpn) => this.#monitoredTunnel(vpn));
		return problems;
	}

	/** Has the right plane carry the packets; answers the connections with what it can carry of them. */
	async #choosePlane(plan: VpnPlan): Promise<readonly Connection[]> {
		const all = plan.connections.map(unpackConnection);
		const refusal = this.#ports.kernelRefusal === undefined ? "it is not asked" : this.#ports.kernelRefusal();
		const choice = choosePlane(plan, all, refusal);
		const before = this.#choice;
		this.#choice = choice;
		if (choice.kind !== before.kind) await this.#changePlane(choice.kind);
		const isOther = choice.kind !== before.kind || choice.reason !== before.reason;
		if (isOther && plan.tunnels.length > 0) this.#ports.planeChosen?.(choice);
		const missing = new Set(choice.gaps.map(({ vpn }) => vpn));
		return all
			.map((one) => ({ ...one, children: one.children.filter(({ name }) => !missing.has(name)) }))
			.filter(({ children }) => children.length > 0);
	}

	/** What stood is deleted at both ends, and made anew. */
	async #changePlane(kind: PlaneKind): Promise<void> {
		for (const inboundSpi of [...this.#installed.keys()]) this.#shell.give({ type: "child-close-wanted", inboundSpi });
		await this.#tunnels.close();
		await this.#plane.close();
		this.#plane = this.#openPlane(kind);
		this.#tunnels.useOther(this.#plane);
	}

	/** What stands now. */
	async state(): Promise<VpnsState> {
		const report = await this.#plane.report();
		const associations = this.#endpoint.describe();
		const counts = new Map(report.associations.map((one) => [one.inboundSpi, one]));
		// Each looked up once: there may be thousands.
		const children = Map.groupBy(
			associations.flatMap((one) => one.children),
			({ name }) => name,
		);
		const connections = new Map(
			this.#connections.toReversed().flatMap((one) => one.children.map(({ name }) => [name, one.name] as const)),
		);
		const vpns = [...this.#tunnels.vpns()].map((vpn) => ({
			index: vpn.index,
			name: vpn.name,
			connection: connections.get(vpn.name) ?? "",
			unit: vpn.unit,
			plane: this.#choice.kind,
			replayWindow: vpn.replayWindow,
			dfBit: vpn.dfBit,
			isMonitoredUp: this.#monitors.isUp(vpn.name),
			children: (children.get(vpn.name) ?? []).flatMap((child) =>
				this.#childState(child, counts.get(child.inboundSpi)),
			),
			counters: since(report.vpns.get(vpn.name) ?? newCounters(), vpn.cleared),
		}));
		return { now: Date.now(), associations, vpns };
	}

	clear(order: IkedClear): void {
		if (order.what === "ike")
			for (const association of order.associations) this.#shell.give({ type: "association-close-wanted", association });
		else if (order.what === "ipsec")
			for (const inboundSpi of order.inboundSpis) this.#shell.give({ type: "child-close-wanted", inboundSpi });
		else void this.#clearStatistics(order.indexes);
	}

	async #clearStatistics(indexes: readonly number[]): Promise<void> {
		const { vpns } = await this.#plane.report();
		for (const vpn of this.#tunnels.vpns()) if (indexes.includes(vpn.index)) vpn.cleared = vpns.get(vpn.name);
	}

	/** Tells the peers, waits a moment for their answers, and takes everything away; what refuses their traffic only when asked to. */
	async stop(isOrdered: boolean): Promise<void> {
		this.#shell.give({ type: "connections-changed", connections: [] });
		for (let waited = 0; waited < farewellMs && this.#endpoint.describe().some(isLeaving); waited += pollMs)
			await new Promise((resolve) => setTimeout(resolve, pollMs));
		clearInterval(this.#lookTimer);
		clearInterval(this.#checkTimer);
		this.#monitors.close();
		this.#shell.close();
		if (isOrdered) await this.#tunnels.close();
		await this.#plane.close();
	}

	/** Opens ports as the connections need it; answers why there are none, by address. */
	async #listen(connections: readonly Connection[]): Promise<ReadonlyMap<string, string>> {
		const refused = new Map<string, string>();
		const wanted = new Map(connections.map(({ local }) => [formatAddress(local), local]));
		this.#wantedAddresses = new Set(wanted.keys());
		for (const [text, address] of wanted) {
			try {
				await this.#shell.listen(address);
				await this.#plane.attach(address, this.#shell.descriptorAt({ address, port: natPort }));
			} catch (error) {
				this.#leave(address);
				refused.set(text, refusalText(text, error));
			}
		}
		return refused;
	}

	#leaveUnwanted(): void {
		const unwanted = this.#shell.addresses.filter((address) => !this.#wantedAddresses.has(formatAddress(address)));
		if (unwanted.length === 0) return;
		const busy = this.#endpoint.describe().filter(isLeaving);
		for (const address of unwanted)
			if (!busy.some(({ path }) => equalBytes(path.local.address.octets, address.octets))) this.#leave(address);
	}

	#leave(address: Address): void {
		this.#shell.leave(address);
		this.#plane.detach(address);
	}

	#install(association: ChildAssociation): void {
		const { inboundSpi, path, isEncapsulated } = association;
		const vpn = this.#tunnels.vpn(association.child);
		this.#installed.set(inboundSpi, { association, vpn, path, isEncapsulated });
		this.#traceAssociation("installed", inboundSpi);
		if (vpn === undefined) return;
		const { name, replayWindow, child } = vpn;
		const limit = child && {
			lifetime: child.lifetime,
			...(child.maxOctets !== undefined && { maxOctets: child.maxOctets }),
		};
		this.#plane.install({ ...association, vpn: name, path: { ...path, isEncapsulated }, replayWindow, ...limit });
		this.#monitors.established(name, { device: vpn.unit, local: path.local.address, remote: path.remote.address });
	}

	#remove(inboundSpi: number): void {
		this.#traceAssociation("removed", inboundSpi);
		const { vpn } = this.#installed.get(inboundSpi) ?? {};
		this.#installed.delete(inboundSpi);
		this.#plane.remove(inboundSpi);
		if (vpn !== undefined && this.#monitoredTunnel(vpn.name) === undefined) this.#monitors.removed(vpn.name);
	}

	#move(inboundSpi: number, path: Path, isEncapsulated: boolean): void {
		const one = this.#installed.get(inboundSpi);
		if (one === undefined) return;
		one.path = path;
		one.isEncapsulated = isEncapsulated;
		this.#plane.move(inboundSpi, { ...path, isEncapsulated });
		const { vpn } = one;
		if (vpn === undefined) return;
		const [local, remote] = [path.local.address, path.remote.address];
		this.#monitors.established(vpn.name, { device: vpn.unit, local, remote });
	}

	/** Without the plane's associations those of IKE are half a tunnel: they are deleted at both ends, and made anew. */
	#hearOfPlane(note: PlaneNote): void {
		this.#ports.told(note);
		if (note.what !== "failed") return;
		for (const inboundSpi of [...this.#installed.keys()]) this.#shell.give({ type: "child-close-wanted", inboundSpi });
	}

	#want(vpn: string): void {
		const connection = this.#connections.find(({ children }) => children.some(({ name }) => name === vpn));
		if (connection !== undefined) this.#shell.give({ type: "tunnel-wanted", connection: connection.name, child: vpn });
	}

	#spisOf(vpnName: string): readonly number[] {
		return [...this.#installed].flatMap(([inboundSpi, { vpn }]) => (vpn?.name === vpnName ? [inboundSpi] : []));
	}

	/** Between whom the tunnel of a VPN stands; undefined while there is none. */
	#monitoredTunnel(vpnName: string): MonitoredTunnel | undefined {
		const one = this.#installed.get(this.#spisOf(vpnName).at(-1) ?? 0);
		if (one?.vpn === undefined) return undefined;
		return { device: one.vpn.unit, local: one.path.local.address, remote: one.path.remote.address };
	}

	/** Routes go when nothing of a unit is up. A route to the peer's own address would lead ESP into itself. */
	#monitored(vpnName: string, isUp: boolean, text: string, pinged: Address | undefined): void {
		this.#ports.monitored(vpnName, isUp, text);
		const unit = this.#tunnels.vpn(vpnName)?.unit;
		if (unit === undefined) return;
		const others = [...this.#tunnels.vpns()].filter((vpn) => vpn.unit === unit && vpn.name !== vpnName);
		const isPeer = this.#connections.some(({ remote = [] }) =>
			remote.some(({ octets }) => pinged !== undefined && equalBytes(octets, pinged.octets)),
		);
		if (isUp) void this.#tunnels.restoreRoutes(unit);
		else if (others.every(({ name }) => this.#monitors.isUp(name) === false))
			void this.#tunnels.withdrawRoutes(unit, pinged === undefined || isPeer ? undefined : formatAddress(pinged));
	}

	#renew(vpnName: string): void {
		for (const inboundSpi of this.#spisOf(vpnName)) this.#shell.give({ type: "child-close-wanted", inboundSpi });
		this.#want(vpnName);
	}

	#trace(topic: TraceTopic, text: () => string): void {
		if (this.#topics.has(topic)) this.#ports.trace(`${topic}: ${text()}`);
	}

	#traceAssociation(what: string, inboundSpi: number): void {
		const one = this.#installed.get(inboundSpi);
		if (one === undefined) return;
		const { child, outboundSpi, algorithms } = one.association;
		const text = () =>
			`${child}: ${what} ${spiText(inboundSpi)} in and ${spiText(outboundSpi)} out, ${describeProposal(algorithms)}`;
		this.#trace("database", text);
		this.#trace("security-associations", text);
	}

	async #traceDrops(): Promise<void> {
		if (!this.#topics.has("packet-drops")) return;
		const { vpns } = await this.#plane.report();
		for (const [name, counters] of vpns) {
			const {
				unprotected,
				replayed,
				notAuthentic,
				badHeaders,
				badTrailers,
				outsideSelectors,
				malformed,
				tooLarge,
				congested,
			} = counters;
			const bad = badHeaders + badTrailers + malformed;
			const text = `${unprotected} without an association, ${replayed} replayed, ${notAuthentic} not authentic, ${outsideSelectors} outside what was agreed, ${bad} malformed, ${tooLarge} too large, ${congested} congested`;
			if (this.#dropped.get(name) !== text) this.#trace("packet-drops", () => `${name}: dropped so far: ${text}`);
			this.#dropped.set(name, text);
		}
	}

	#childState(child: ChildView, counts: AssociationCounts | undefined): readonly ChildState[] {
		const one = this.#installed.get(child.inboundSpi);
		if (one === undefined) return [];
		const { algorithms } = one.association;
		const { isEncapsulated } = one;
		const { cipher, integrity } = algorithms;
		const used = Math.max(counts?.sentOctets ?? 0, counts?.receivedOctets ?? 0);
		const most = one.vpn?.child?.maxOctets;
		return [
			{
				...child,
				path: one.path,
				isEncapsulated,
				cipher: cipher.name,
				integrity: integrity?.name,
				counts,
				octetsLeft: most === undefined ? undefined : Math.max(0, most - used),
			},
		];
	}
}

/** By VPN. */
function outerFamilies(connections: readonly Connection[]): ReadonlyMap<string, 4 | 6> {
	return new Map(
		connections.flatMap(({ local, children }) =>
			children.map(({ name }) => [name, local.octets.length === 16 ? 6 : 4] as const),
		),
	);
}

function planText({ connections, tunnels }: VpnPlan): string {
	const gateways = connections.map(({ name }) => name).join(" ") || "none";
	return `gateways ${gateways}; units ${tunnels.map(({ unit }) => unit).join(" ") || "none"}`;
}

function since(now: PlaneCounters, cleared: PlaneCounters | undefined): PlaneCounters {
	if (cleared === undefined) return { ...now };
	const less = Object.entries(now).map(([name, count]) => [name, count - cleared[name as keyof PlaneCounters]]);
	return Object.fromEntries(less) as PlaneCounters;
}

function isLeaving({ phase }: { readonly phase: string }): boolean {
	return phase !== "closed";
}

function refusalText(address: string, error: unknown): string {
	const code = (error as { readonly code?: string }).code;
	if (code === "EADDRNOTAVAIL")
		return `this host has no address ${address}; give it to the device of the external interface`;
	if (code === "EADDRINUSE") return `UDP port 500 or 4500 of ${address} is taken by another program; stop that one`;
	if (code === "EACCES" || code === "EPERM") return `ports of ${address} may not be opened; run the gateway as root`;
	return `${address}: ${error instanceof Error ? error.message : String(error)}`;
}

const natPort = 4_500;
const lookMs = 500;
/** How often it is looked whether peers that are connected were revoked. */
const checkPeersMs = 600_000;
const farewellMs = 1_000;
const pollMs = 20;
