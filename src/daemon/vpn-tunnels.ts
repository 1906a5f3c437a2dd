/** The tunnel interfaces of `iked`: a device for each unit, the VPNs that are bound to it, their addresses and routes. */
import type { DataPlane, PlaneCounters } from "#esp/data-plane.ts";
import type { DfBit } from "#esp/outer-header.ts";
import type { ConnectionGap } from "#ike/compile-connections.ts";
import { runIpCommands, withoutLinkLocal } from "#ike/ip-command-shell.ts";
import { tunnelCommands, withdrawalCommands } from "#ike/tunnel-commands.ts";
import type { PlannedVpn, TunnelPlan } from "#ike/tunnel-plan.ts";
import type { ChildConfig } from "#ike/v2/connection.ts";

/** One VPN. */
export interface TunnelVpn {
	readonly name: string;
	readonly index: number;
	readonly unit: string;
	replayWindow: number;
	dfBit: DfBit;
	/** What it is for, once a connection says so. */
	child: ChildConfig | undefined;
	/** The counters when they were cleared. */
	cleared: PlaneCounters | undefined;
}

interface Unit {
	plan: TunnelPlan;
	/** Its routes are out of force; `pinged` alone is routed to it. */
	withdrawn: { readonly pinged: string | undefined } | undefined;
	vpns: readonly TunnelVpn[];
}

export class VpnTunnels {
	#plane: DataPlane;
	readonly #ran: (commands: readonly string[]) => void;
	readonly #units = new Map<string, Unit>();
	readonly #indexes = new Map<string, number>();
	#turn: Promise<unknown> = Promise.resolve();

	/** `ran` is told the commands that the host is given. */
	constructor(plane: DataPlane, ran: (commands: readonly string[]) => void) {
		this.#plane = plane;
		this.#ran = ran;
	}

	/** Another plane, once there are no units. */
	useOther(plane: DataPlane): void {
		this.#plane = plane;
	}

	vpn(name: string): TunnelVpn | undefined {
		for (const { vpns } of this.#units.values()) for (const vpn of vpns) if (vpn.name === name) return vpn;
		return undefined;
	}

	*vpns(): Iterable<TunnelVpn> {
		for (const { vpns } of this.#units.values()) yield* vpns;
	}

	/** Makes the interfaces what the plans say; answers what could not be done. `outerFamilyOf`: of the addresses that ESP of a VPN goes between. */
	configure(
		plans: readonly TunnelPlan[],
		children: ReadonlyMap<string, ChildConfig>,
		mss: number,
		outerFamilyOf: (vpn: string | undefined) => 4 | 6 = () => 4,
	): Promise<readonly ConnectionGap[]> {
		return this.#inTurn(() => this.#configure(plans, children, mss, outerFamilyOf));
	}

	/** Takes the routes of a unit out of force, but for that to `pinged`. */
	withdrawRoutes(unitName: string, pinged: string | undefined): Promise<void> {
		return this.#inTurn(async () => {
			const unit = this.#units.get(unitName);
			if (unit === undefined || unit.withdrawn !== undefined) return;
			unit.withdrawn = { pinged };
			await this.#run(withdrawalCommands(unit.plan, false, pinged));
		});
	}

	/** Puts the routes of a unit in force again. */
	restoreRoutes(unitName: string): Promise<void> {
		return this.#inTurn(async () => {
			const unit = this.#units.get(unitName);
			if (unit?.withdrawn === undefined) return;
			await this.#run(withdrawalCommands(unit.plan, true, unit.withdrawn.pinged));
			unit.withdrawn = undefined;
		});
	}

	async #configure(
		plans: readonly TunnelPlan[],
		children: ReadonlyMap<string, ChildConfig>,
		mss: number,
		outerFamilyOf: (vpn: string | undefined) => 4 | 6,
	): Promise<readonly ConnectionGap[]> {
		const problems: ConnectionGap[] = [];
		for (const [name, { plan }] of this.#units) {
			if (plans.some(({ unit }) => unit === name)) continue;
			await this.#run(tunnelCommands(plan, undefined));
			await this.#plane.removeUnit(name);
			this.#units.delete(name);
		}
		for (const plan of plans) {
			const reasons = await this.#apply(plan, outerFamilyOf(plan.vpns[0]?.name));
			for (const reason of reasons) for (const { name } of plan.vpns) problems.push({ vpn: name, reason });
		}
		for (const unit of this.#units.values()) this.#takeVpns(unit, children);
		const bound = [...this.vpns()].map(({ name, unit, dfBit, child }) => ({ name, unit, dfBit, selectors: child }));
		this.#plane.configure(bound, mss);
		return problems;
	}

	/** Takes all of it away. */
	async close(): Promise<void> {
		await this.configure([], new Map(), 0);
	}

	async #apply(plan: TunnelPlan, outerFamily: 4 | 6): Promise<readonly string[]> {
		const before = this.#units.get(plan.unit);
		try {
			const unit = before ?? (await this.#open(plan, outerFamily));
			const { withdrawn } = unit;
			if (withdrawn !== undefined) await this.#run(withdrawalCommands(unit.plan, true, withdrawn.pinged));
			const errors = await this.#run(tunnelCommands(before?.plan, plan));
			unit.plan = plan;
			if (withdrawn !== undefined) await this.#run(withdrawalCommands(plan, false, withdrawn.pinged));
			return errors.map((error) => `${plan.unit}: ip says: ${error}`);
		} catch (error) {
			// Its routes refuse nevertheless: what should be protected must not leave in clear.
			await this.#run(tunnelCommands(undefined, plan).filter((line) => line.includes(" unreachable ")));
			return [`the device ${plan.unit} cannot be made: ${error instanceof Error ? error.message : String(error)}`];
		}
	}

	/** One change after another. */
	#inTurn<T>(act: () => Promise<T>): Promise<T> {
		const done = this.#turn.then(act);
		this.#turn = done.catch(() => undefined);
		return done;
	}

	#run(commands: readonly string[]): Promise<readonly string[]> {
		this.#ran(commands);
		return runIpCommands(commands);
	}

	async #open(plan: TunnelPlan, outerFamily: 4 | 6): Promise<Unit> {
		await this.#plane.addUnit(plan.unit, outerFamily);
		if (!plan.addresses.some((address) => address.includes(":"))) withoutLinkLocal(plan.unit);
		const unit = { plan, withdrawn: undefined, vpns: [] };
		this.#units.set(plan.unit, unit);
		return unit;
	}

	#takeVpns(unit: Unit, children: ReadonlyMap<string, ChildConfig>): void {
		const known = unit.vpns;
		unit.vpns = unit.plan.vpns.map((planned) => {
			const vpn = known.find((one) => one.name === planned.name) ?? this.#newVpn(unit, planned);
			vpn.replayWindow = planned.replayWindow;
			vpn.dfBit = planned.dfBit;
			vpn.child = children.get(planned.name);
			return vpn;
		});
	}

	#newVpn({ plan }: Unit, { name, replayWindow, dfBit }: PlannedVpn): TunnelVpn {
		const index = this.#indexes.get(name) ?? firstIndex + this.#indexes.size;
		this.#indexes.set(name, index);
		return { name, index, unit: plan.unit, replayWindow, dfBit, child: undefined, cleared: undefined };
	}
}

/** The first of a route-based VPN, as on an SRX. */
const firstIndex = 131_073;
