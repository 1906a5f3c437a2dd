/** What was learned about a server, upon the decision of the policy. */
import type { Address } from "#base/address.ts";
import type { Decision } from "#policy/evaluate.ts";
import { type LearnedEntry, type LearnedServer, learnedKey } from "#proxy/learned-bypass.ts";
import type { ProxyProfile } from "#proxy/profile.ts";

/** A connection as its client asked for it. */
export interface AskedConnection {
	readonly client: Address;
	/** The host of the request, name or address. */
	readonly host: string;
	readonly port: number;
	readonly sni: string | undefined;
}

/** What may be learned about this server; undefined for clients and names that are always decrypted. */
export function learnableServer(profile: ProxyProfile, asked: AskedConnection): LearnedServer | undefined {
	if (profile.learnedBypass === undefined) return undefined;
	if (profile.alwaysDecryptSources.matchAddress(asked.client) !== undefined) return undefined;
	const { host, port, sni = "" } = asked;
	if ([host, sni].some((name) => profile.overrides.match(name) !== undefined)) return undefined;
	return { profile: profile.name, host, port, sni };
}

/** The decision, or a bypass where clients have taught that this server's sessions cannot be opened. */
export function unlessLearned(
	decision: Decision<ProxyProfile>,
	asked: AskedConnection,
	learned: ((key: string) => LearnedEntry | undefined) | undefined,
	now: number,
): Decision<ProxyProfile> {
	if (decision.action !== "decrypt") return decision;
	const server = learnableServer(decision.profile, asked);
	const entry = server === undefined ? undefined : learned?.(learnedKey(server));
	if (entry === undefined || entry.until <= now) return decision;
	const name = entry.sni === "" ? entry.host : entry.sni;
	const until = new Date(entry.until).toISOString().replace(/\.\d+Z$/, "Z");
	const fact = `${entry.clients} clients refused the gateway's certificate for ${name}; learned until ${until}`;
	return { ...decision, action: "bypass", fact, cause: "learned" };
}
