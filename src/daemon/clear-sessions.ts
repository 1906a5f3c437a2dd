/** `clear services ssl proxy sessions`: ends sessions that run. */
import type { HandlerRequest } from "#cli/connection-shell.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { sessionFilterOf } from "#daemon/show-proxy.ts";

/** Those that fit all that was said, all of them when nothing was; says how many. */
export async function* clearSessions(
	{ gateway }: CommandWorld,
	{ values, identity }: HandlerRequest,
): AsyncIterable<string> {
	const count = await gateway.endSessions(
		{ filter: sessionFilterOf(values), id: values.session ?? "" },
		{ user: identity.user, which: wordsOf(values) },
	);
	yield `${count} session${count === 1 ? "" : "s"} ended\n`;
}

function wordsOf(values: Readonly<Record<string, string>>): string {
	const words = Object.entries(values).map(([name, value]) => `${name} ${value}`);
	return words.length === 0 ? "all" : words.join(", ");
}
