/** What an attack does to later connections (`ip-action`): which they are, and what becomes of them. */
import { type Address, formatAddress } from "#base/address.ts";

export const ipActionTargets = {
	"source-address": "Connections of the client",
	"destination-address": "Connections to the server",
	"source-zone": "Connections of the client's zone",
	"source-zone-address": "Connections of the client from the same zone",
	"zone-service": "Connections from the zone to the same server and port",
	service: "Connections of the client to the same server and port",
} as const;

export type IpActionTarget = keyof typeof ipActionTargets;

/** `ip-action` of a rule. */
export interface IpActionPlan {
	readonly action: "block" | "close" | "notify";
	readonly target: IpActionTarget;
	/** 0: as long as hosts are shut off. */
	readonly seconds: number;
	readonly isLogged: boolean;
	readonly isCreationLogged: boolean;
	readonly isRefreshed: boolean;
}

/** A connection as ip-actions see it; the zone is that of the client. */
export interface IpActionPlace {
	readonly client: Address;
	readonly zone?: string | undefined;
	readonly server?: Address | undefined;
	readonly port?: number | undefined;
}

/** Entries that only notify stand beside those that refuse: neither takes the other's place. */
export type IpActionKind = IpActionTarget | `notify ${IpActionTarget}`;

export function kindOf({ action, target }: Pick<IpActionPlan, "action" | "target">): IpActionKind {
	return action === "notify" ? `notify ${target}` : target;
}

/** What connections have in common that an entry of this kind means; undefined where one of the facts is not known. */
export function ipActionKey(kind: IpActionKind, place: IpActionPlace): string | undefined {
	const isNotice = kind.startsWith("notify ");
	const key = keyOf((isNotice ? kind.slice("notify ".length) : kind) as IpActionTarget, place);
	return isNotice && key !== undefined ? `notify ${key}` : key;
}

function keyOf(target: IpActionTarget, place: IpActionPlace): string | undefined {
	const words: (string | undefined)[] = keyFacts[target].map((fact) => {
		if (fact === "zone") return place.zone;
		if (fact === "port") return place.port === undefined ? undefined : `port ${place.port}`;
		const address = place[fact];
		return address === undefined ? undefined : `${fact} ${formatAddress(address)}`;
	});
	if (words.includes(undefined)) return undefined;
	const named = keyFacts[target][0] === "zone" ? [`zone ${words[0]}`, ...words.slice(1)] : words;
	// A host that is shut off is known by its address alone.
	return target === "source-address" ? formatAddress(place.client) : named.join(" ");
}

const keyFacts: Readonly<Record<IpActionTarget, readonly ("zone" | "client" | "server" | "port")[]>> = {
	"source-address": ["client"],
	"destination-address": ["server"],
	"source-zone": ["zone"],
	"source-zone-address": ["zone", "client"],
	"zone-service": ["zone", "server", "port"],
	service: ["client", "server", "port"],
};
