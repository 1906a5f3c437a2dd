/** The monitors of VPNs in `iked`: each pings through its tunnel and says when that is down (B52). */
import { type Address, formatAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import type { Linux } from "#base/linux.ts";
import { EchoSocket } from "#ike/echo-shell.ts";
import { type MonitorEvent, type MonitorState, newMonitor, stepMonitor } from "#ike/monitor-machine.ts";
import type { MonitorPlan } from "#ike/monitor-plan.ts";

/** The ends of a tunnel, and its device. */
export interface MonitoredTunnel {
	readonly device: string;
	readonly local: Address;
	readonly remote: Address;
}

export interface MonitorPorts {
	/** The state of a VPN is another one. `pinged`: the destination that the statements name. */
	changed(vpn: string, isUp: boolean, text: string, pinged: Address | undefined): void;
	/** Make the tunnel of a VPN anew. */
	renew(vpn: string): void;
	/** Negotiate a tunnel for a VPN that has none. */
	want(vpn: string): void;
}

interface Monitor {
	plan: MonitorPlan;
	state: MonitorState;
	tunnel: MonitoredTunnel | undefined;
	/** Opened when there is a tunnel. */
	socket: Promise<EchoSocket | undefined> | undefined;
}

export class VpnMonitors {
	readonly #linux: Linux;
	readonly #ports: MonitorPorts;
	readonly #monitors = new Map<string, Monitor>();
	#timer: NodeJS.Timeout | undefined;

	constructor(linux: Linux, ports: MonitorPorts) {
		this.#linux = linux;
		this.#ports = ports;
	}

	/** Takes other plans up. `tunnelOf` says between whom a VPN's tunnel stands, if there is one. */
	configure(plans: readonly MonitorPlan[], tunnelOf: (vpn: string) => MonitoredTunnel | undefined): void {
		const named = new Map(plans.map((plan) => [plan.vpn, plan]));
		for (const [vpn, monitor] of this.#monitors) {
			if (named.has(vpn)) continue;
			this.#monitors.delete(vpn);
			closeSocket(monitor);
			if (!monitor.state.isUp) this.#ports.changed(vpn, true, "it is not monitored any more", undefined);
		}
		for (const plan of plans) {
			const monitor = this.#monitors.get(plan.vpn);
			if (monitor === undefined) {
				this.#monitors.set(plan.vpn, { plan, state: newMonitor, tunnel: undefined, socket: undefined });
				const tunnel = tunnelOf(plan.vpn);
				if (tunnel !== undefined) this.established(plan.vpn, tunnel);
			} else if (!isSamePlan(monitor.plan, plan)) {
				monitor.plan = plan;
				closeSocket(monitor);
			}
		}
		this.#arm();
	}

	/** A pair of associations is in force. */
	established(vpn: string, tunnel: MonitoredTunnel): void {
		const monitor = this.#monitors.get(vpn);
		if (monitor === undefined) return;
		if (monitor.tunnel === undefined || !isSameTunnel(monitor.tunnel, tunnel)) closeSocket(monitor);
		monitor.tunnel = tunnel;
		this.#give(monitor, { type: "tunnel-established" });
	}

	/** The last pair is gone. */
	removed(vpn: string): void {
		const monitor = this.#monitors.get(vpn);
		if (monitor === undefined) return;
		monitor.tunnel = undefined;
		closeSocket(monitor);
		this.#give(monitor, { type: "tunnel-removed" });
	}

	/** Packets came through the tunnel. */
	received(vpn: string): void {
		const monitor = this.#monitors.get(vpn);
		if (monitor !== undefined) this.#give(monitor, { type: "traffic-received" });
	}

	/** Undefined for a VPN without a monitor. */
	isUp(vpn: string): boolean | undefined {
		return this.#monitors.get(vpn)?.state.isUp;
	}

	close(): void {
		clearTimeout(this.#timer);
		for (const monitor of this.#monitors.values()) closeSocket(monitor);
		this.#monitors.clear();
	}

	#give(monitor: Monitor, event: MonitorEvent): void {
		const { plan } = monitor;
		const { next, effects } = stepMonitor(monitor.state, event, plan, Date.now());
		monitor.state = next;
		for (const effect of effects)
			switch (effect.type) {
				case "send-echo":
					void this.#socketOf(monitor)?.then((socket) => socket?.send(effect.sequence));
					break;
				case "change-state":
					this.#ports.changed(plan.vpn, effect.isUp, describe(monitor, effect.isUp), plan.destination);
					break;
				case "renew-tunnel":
					this.#ports.renew(plan.vpn);
					break;
				case "want-tunnel":
					this.#ports.want(plan.vpn);
					break;
			}
		this.#arm();
	}

	/** A socket that cannot be opened sends nothing: its tunnel is found down. */
	#socketOf(monitor: Monitor): Promise<EchoSocket | undefined> | undefined {
		const { plan, tunnel } = monitor;
		if (tunnel === undefined) return undefined;
		const { device, local, remote } = tunnel;
		const path = { device, source: plan.source ?? local, destination: plan.destination ?? remote };
		monitor.socket ??= EchoSocket.open(this.#linux, path, (sequence) =>
			this.#give(monitor, { type: "echo-answered", sequence }),
		).catch(() => {
			monitor.socket = undefined;
			return undefined;
		});
		return monitor.socket;
	}

	#arm(): void {
		clearTimeout(this.#timer);
		const next = Math.min(...[...this.#monitors.values()].map(({ state }) => state.nextAt));
		if (next === Number.POSITIVE_INFINITY) return;
		this.#timer = setTimeout(
			() => {
				for (const monitor of this.#monitors.values()) this.#give(monitor, { type: "time-passed" });
			},
			Math.max(0, next - Date.now()),
		);
	}
}

function closeSocket(monitor: Monitor): void {
	void monitor.socket?.then((socket) => socket?.close());
	monitor.socket = undefined;
}

function describe({ plan, tunnel }: Monitor, isUp: boolean): string {
	const address = plan.destination ?? tunnel?.remote;
	const whom = address === undefined ? "nobody" : formatAddress(address);
	if (isUp) return `${whom} answers${plan.isOptimized ? ", or traffic came" : ""}`;
	return `${whom} did not answer ${plan.threshold} echo requests in a row, one each ${plan.interval / 1_000} s`;
}

function isSameTunnel(one: MonitoredTunnel, other: MonitoredTunnel): boolean {
	return (
		one.device === other.device &&
		equalBytes(one.local.octets, other.local.octets) &&
		equalBytes(one.remote.octets, other.remote.octets)
	);
}

function isSamePlan(one: MonitorPlan, other: MonitorPlan): boolean {
	const text = ({ source, destination, ...rest }: MonitorPlan) =>
		JSON.stringify([source && formatAddress(source), destination && formatAddress(destination), rest]);
	return text(one) === text(other);
}
