/** The tunnel interfaces of `iked`: a device for each unit, the planes of the VPNs that are bound to it, their addresses and routes. */
import { randomFillSync } from "node:crypto";
import type { Linux, PacketHeader } from "#base/linux.ts";
import { decodeInnerPacket, type InnerPacket } from "#esp/inner-packet.ts";
import { mayGoOut } from "#esp/match-selector.ts";
import type { DfBit } from "#esp/outer-header.ts";
import { type PlaneCounters, TrafficPlane } from "#esp/traffic-plane.ts";
import { TunDevice } from "#esp/tun-shell.ts";
import type { ConnectionGap } from "#ike/compile-connections.ts";
import { runIpCommands, withoutLinkLocal } from "#ike/ip-command-shell.ts";
import { tunnelCommands } from "#ike/tunnel-commands.ts";
import type { PlannedVpn, TunnelPlan } from "#ike/tunnel-plan.ts";
import type { ChildConfig, Path } from "#ike/v2/connection.ts";

/** Where packets of an association go. */
export interface EspPath {
	readonly path: Path;
	readonly isEncapsulated: boolean;
}

export interface TunnelPorts {
	sendEsp(packet: Uint8Array, to: EspPath, header: PacketHeader): number | undefined;
	/** Traffic for a VPN that has no association (B32). */
	wanted(vpn: string): void;
	wornOut(inboundSpi: number): void;
	spent(inboundSpi: number): void;
	/** Commands that the host is given. */
	ran(commands: readonly string[]): void;
}

/** One VPN with its plane. */
export interface TunnelVpn {
	readonly name: string;
	readonly index: number;
	readonly unit: string;
	readonly plane: TrafficPlane<EspPath>;
	replayWindow: number;
	dfBit: DfBit;
	/** What it is for, once a connection says so. */
	child: ChildConfig | undefined;
	/** The counters when they were cleared. */
	cleared: PlaneCounters | undefined;
}

interface Unit {
	plan: TunnelPlan;
	readonly device: TunDevice;
	vpns: readonly TunnelVpn[];
}

export class VpnTunnels {
	readonly #linux: Linux;
	readonly #ports: TunnelPorts;
	readonly #units = new Map<string, Unit>();
	readonly #indexes = new Map<string, number>();

	constructor(linux: Linux, ports: TunnelPorts) {
		this.#linux = linux;
		this.#ports = ports;
	}

	vpn(name: string): TunnelVpn | undefined {
		for (const { vpns } of this.#units.values()) for (const vpn of vpns) if (vpn.name === name) return vpn;
		return undefined;
	}

	*vpns(): Iterable<TunnelVpn> {
		for (const { vpns } of this.#units.values()) yield* vpns;
	}

	/** Makes the interfaces what the plans say; answers what could not be done. */
	async configure(
		plans: readonly TunnelPlan[],
		children: ReadonlyMap<string, ChildConfig>,
		mss: number,
	): Promise<readonly ConnectionGap[]> {
		const problems: ConnectionGap[] = [];
		for (const [name, { plan, device }] of this.#units) {
			if (plans.some(({ unit }) => unit === name)) continue;
			await this.#run(tunnelCommands(plan, undefined));
			device.close();
			this.#units.delete(name);
		}
		for (const plan of plans) {
			const reasons = await this.#apply(plan);
			for (const reason of reasons) for (const { name } of plan.vpns) problems.push({ vpn: name, reason });
		}
		for (const unit of this.#units.values()) this.#takeVpns(unit, children, mss);
		return problems;
	}

	/** Takes all of it away. */
	async close(): Promise<void> {
		await this.configure([], new Map(), 0);
	}

	async #apply(plan: TunnelPlan): Promise<readonly string[]> {
		const before = this.#units.get(plan.unit);
		try {
			const unit = before ?? (await this.#open(plan));
			const errors = await this.#run(tunnelCommands(before?.plan, plan));
			unit.plan = plan;
			return errors.map((error) => `${plan.unit}: ip says: ${error}`);
		} catch (error) {
			// Its routes refuse nevertheless: what should be protected must not leave in clear.
			await this.#run(tunnelCommands(undefined, plan).filter((line) => line.includes(" unreachable ")));
			return [`the device ${plan.unit} cannot be made: ${error instanceof Error ? error.message : String(error)}`];
		}
	}

	#run(commands: readonly string[]): Promise<readonly string[]> {
		this.#ports.ran(commands);
		return runIpCommands(commands);
	}

	async #open(plan: TunnelPlan): Promise<Unit> {
		const device = await TunDevice.open(this.#linux, plan.unit, (packet) => this.#takeOutgoing(plan.unit, packet));
		if (!plan.addresses.some((address) => address.includes(":"))) withoutLinkLocal(plan.unit);
		const unit = { plan, device, vpns: [] };
		this.#units.set(plan.unit, unit);
		return unit;
	}

	#takeVpns(unit: Unit, children: ReadonlyMap<string, ChildConfig>, mss: number): void {
		const known = unit.vpns;
		unit.vpns = unit.plan.vpns.map(({ name, replayWindow, dfBit }) => {
			const vpn = known.find((one) => one.name === name) ?? this.#newVpn(unit, { name, replayWindow, dfBit });
			vpn.replayWindow = replayWindow;
			vpn.dfBit = dfBit;
			vpn.child = children.get(name);
			vpn.plane.configure({ replayWindow, mss, dfBit });
			return vpn;
		});
	}

	#newVpn({ plan, device }: Unit, { name, replayWindow, dfBit }: PlannedVpn): TunnelVpn {
		const index = this.#indexes.get(name) ?? firstIndex + this.#indexes.size;
		this.#indexes.set(name, index);
		const plane = new TrafficPlane<EspPath>(
			{
				sendEsp: (packet, to, header) => this.#ports.sendEsp(packet, to, header),
				deliver: (packet) => device.write(packet),
				onUnprotected: (packet) => this.#onUnprotected(name, packet),
				onWornOut: (inboundSpi) => this.#ports.wornOut(inboundSpi),
				onSpent: (inboundSpi) => this.#ports.spent(inboundSpi),
				fillRandom: (octets) => void randomFillSync(octets),
			},
			{ replayWindow, mss: 0, dfBit },
		);
		return { name, index, unit: plan.unit, plane, replayWindow, dfBit, child: undefined, cleared: undefined };
	}

	/** Several VPNs of a unit are told apart by what each is for. */
	#takeOutgoing(unitName: string, packet: Uint8Array): void {
		const vpns = this.#units.get(unitName)?.vpns ?? [];
		const [first] = vpns;
		if (vpns.length < 2) return first?.plane.takeOutgoing(packet);
		const decoded = decodeInnerPacket(packet);
		if (decoded.kind !== "done") return;
		vpns.find(({ child }) => child !== undefined && mayGoOut(child, decoded.value))?.plane.takeOutgoing(packet);
	}

	/** What Linux sends of its own accord to groups brings no tunnel up. */
	#onUnprotected(name: string, packet: InnerPacket): void {
		const child = this.vpn(name)?.child;
		if (child === undefined || isGroup(packet) || !mayGoOut(child, packet)) return;
		this.#ports.wanted(name);
	}
}

function isGroup({ version, destination }: InnerPacket): boolean {
	return version === 4 ? (destination[0] as number) >= 224 : destination[0] === 0xff;
}

/** The first of a route-based VPN, as on an SRX. */
const firstIndex = 131_073;
