/** `show` and `clear services ssl proxy learned-bypass`. */
import { formatEndpoint } from "#base/address.ts";
import { utc } from "#config/commit.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { visibleJson, visibleText } from "#telemetry/display-text.ts";

/** The oldest first. */
export function showLearnedBypass({ gateway }: CommandWorld, isJson: boolean): string {
	const entries = gateway.learnedBypass.entries();
	if (isJson) return `${visibleJson({ learned: entries })}\n`;
	if (entries.length === 0) return "Nothing is learned\n";
	const lines = entries.map(({ host, port, sni, profile, clients, until }) => {
		const name = sni === "" ? "no server name" : `server name ${sni}`;
		const where = formatEndpoint({ host, port });
		return `${where}, ${name}, profile ${profile}: refused by ${clients} clients, until ${utc(until)}`;
	});
	return `${lines.map(visibleText).join("\n")}\n`;
}

export function clearLearnedBypass({ gateway }: CommandWorld, server: string | undefined): string {
	const count = gateway.learnedBypass.clear(server);
	return `${count} server${count === 1 ? "" : "s"} forgotten\n`;
}
