/** `show` and `clear security inspection quarantine`. */
import { formatPrefix } from "#base/address.ts";
import { utc } from "#config/commit.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { visibleJson, visibleText } from "#telemetry/display-text.ts";

/** Hosts of the configuration first, then those that inspection has shut off, the oldest first. */
export function showQuarantine({ gateway }: CommandWorld, isJson: boolean): string {
	const configured = gateway.plan.quarantine.hosts.map(formatPrefix);
	const entries = gateway.quarantine.hosts();
	if (isJson) {
		const hosts = entries.map(({ address, until, why }) => ({
			address,
			until: Number.isFinite(until) ? until : null,
			why,
		}));
		return `${visibleJson({ configured, hosts })}\n`;
	}
	const lines = [
		...configured.map((host) => `${host}: always, by the configuration`),
		...entries.map(({ address, until, why }) => {
			const end = Number.isFinite(until) ? `until ${utc(until)}` : "until it is cleared";
			return `${address}: ${end}; ${why}`;
		}),
	];
	return lines.length === 0 ? "Nobody is shut off\n" : `${lines.map(visibleText).join("\n")}\n`;
}

export function clearQuarantine({ gateway }: CommandWorld, address: string | undefined): string {
	const count = gateway.quarantine.clear(address);
	return `${count} host${count === 1 ? "" : "s"} let go\n`;
}
