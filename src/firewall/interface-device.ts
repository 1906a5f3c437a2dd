/** From the name of an interface in the configuration to the device of Linux, and back to its unit. */
import type { Interfaces, Unit } from "#firewall/interfaces-schema.ts";

/** A logical interface name in its two parts: `ge-0/0/3.0` is device name `ge-0/0/3` and unit 0. */
export function splitInterface(name: string): { readonly base: string; readonly unit: string } {
	const dot = name.lastIndexOf(".");
	return dot === -1 ? { base: name, unit: "0" } : { base: name.slice(0, dot), unit: name.slice(dot + 1) };
}

/** The logical interface of a name, when it is configured. */
export function unitOf(interfaces: Interfaces, name: string): Unit | undefined {
	const { base, unit } = splitInterface(name);
	return interfaces.interface.get(base)?.unit.get(unit);
}

/** True for the secure tunnel interface, which this system makes itself: `st0`. */
export function isTunnelBase(base: string): boolean {
	return base === "st0";
}

/**
 * The device of Linux that a configured name stands for: `device` of the interface, else the name itself where Linux
 * can have it. A unit with a VLAN is a device of its own, `DEVICE.VLAN`, and so is each unit of st0, `st0.UNIT`. Undefined
 * for a Junos name without `device`, such as ge-0/0/0, and for a name that is longer than Linux takes.
 */
export function deviceOf(interfaces: Interfaces, name: string): string | undefined {
	const { base, unit } = splitInterface(name);
	if (isTunnelBase(base)) return `${base}.${unit}`;
	const entry = interfaces.interface.get(base);
	const device = entry?.device ?? (base === "lo0" ? "lo" : base.includes("/") ? undefined : base);
	const vlan = entry?.unit.get(unit)?.vlanId;
	const whole = device === undefined || vlan === undefined ? device : `${device}.${vlan}`;
	return whole === undefined || Buffer.byteLength(whole) > maxDeviceName ? undefined : whole;
}

/** Octets of the name of a device; Linux keeps 16 with the NUL (IFNAMSIZ). */
export const maxDeviceName = 15;
