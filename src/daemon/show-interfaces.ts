/** `show interfaces devices`: which device of Linux each interface of the configuration stands for. */
import { readFileSync } from "node:fs";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { deviceOf } from "#firewall/interface-device.ts";
import { namedInterfaces } from "#firewall/verify-interface-names.ts";

/** One line an interface, in the order of the configuration. */
export function showInterfaceDevices({ gateway }: CommandWorld): string {
	const { config } = gateway.configuration;
	const names = config === undefined ? [] : namedInterfaces(config);
	if (config === undefined || names.length === 0) return "No interface is configured\n";
	const rows = names.map((name) => {
		const device = deviceOf(config.interfaces, name);
		return [name, device ?? "-", device === undefined ? "no device has this name" : stateOf(device)];
	});
	return table([["Interface", "Device", "State"], ...rows]);
}

/** `up`, `down` and the like as Linux tells it; `absent` when it has no such device. */
function stateOf(device: string): string {
	try {
		return readFileSync(`/sys/class/net/${device}/operstate`, "utf8").trim();
	} catch {
		return "absent";
	}
}

function table(rows: readonly (readonly string[])[]): string {
	const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
	const [first, second] = [width(0), width(1)];
	return rows.map(([a = "", b = "", c = ""]) => `${a.padEnd(first)}  ${b.padEnd(second)}  ${c}\n`).join("");
}
