/** What `show` and `clear security ike` and `ipsec` do: they ask the process of VPNs what stands. */
import { formatAddress, parseAddress } from "#base/address.ts";
import { equalBytes } from "#base/bytes.ts";
import type { HandlerRequest } from "#cli/connection-shell.ts";
import type { VpnHandler } from "#cli/vpn-commands.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import type { AssociationView } from "#ike/association-view.ts";
import { ikeDetail, ikeTable, isShown } from "#ike/ike-associations-text.ts";
import { ipsecDetail, ipsecTable } from "#ike/ipsec-associations-text.ts";
import { statisticsText } from "#ike/ipsec-statistics-text.ts";
import type { Path } from "#ike/v2/connection.ts";
import type { VpnState, VpnsState } from "#ike/vpn-state.ts";

type Values = HandlerRequest["values"];

export const vpnHandlers: Readonly<
	Record<VpnHandler, (world: CommandWorld, request: HandlerRequest) => AsyncIterable<string>>
> = {
	async *"show-ike-associations"(world, { values, isJson }) {
		const { now, associations } = await stateOf(world);
		const chosen = chooseIke(associations, values);
		if (isJson) yield jsonText(chosen);
		else if (values.detail === undefined) yield ikeTable(chosen);
		else for (const [at, one] of chosen.entries()) yield `${at === 0 ? "" : "\n"}${ikeDetail(one, now)}`;
	},
	async *"show-ipsec-associations"(world, { values, isJson }) {
		const { now, vpns } = await stateOf(world);
		const chosen = chooseIpsec(vpns, values);
		// Of one tunnel everything is told, with or without the word.
		const isDetailed = values.detail !== undefined || (values.index !== undefined && values.brief === undefined);
		if (isJson) yield jsonText(chosen);
		else yield isDetailed ? ipsecDetail(chosen, now) : ipsecTable(chosen, now);
	},
	async *"show-ipsec-statistics"(world, { values, isJson }) {
		const { vpns } = await stateOf(world);
		const chosen = chooseIndex(vpns, values);
		if (isJson) yield jsonText(chosen.map(({ index, name, counters }) => ({ index, name, counters })));
		else yield statisticsText(chosen, values.index === undefined ? undefined : Number(values.index));
	},
	async *"clear-ike-associations"(world, { values }) {
		const chosen = chooseIke((await stateOf(world)).associations, values);
		world.gateway.vpns.clear({ what: "ike", associations: chosen.map(({ id }) => id) });
		yield "";
	},
	async *"clear-ipsec-associations"(world, { values }) {
		const chosen = chooseIpsec((await stateOf(world)).vpns, values);
		const inboundSpis = chosen.flatMap(({ children }) => children.map(({ inboundSpi }) => inboundSpi));
		world.gateway.vpns.clear({ what: "ipsec", inboundSpis });
		yield "";
	},
	async *"clear-ipsec-statistics"(world, { values }) {
		const chosen = chooseIndex((await stateOf(world)).vpns, values);
		world.gateway.vpns.clear({ what: "statistics", indexes: chosen.map(({ index }) => index) });
		yield "";
	},
};

/** Nothing stands where no process runs. */
async function stateOf({ gateway }: CommandWorld): Promise<VpnsState> {
	return (await gateway.vpns.state()) ?? { now: Date.now(), associations: [], vpns: [] };
}

function chooseIke(associations: readonly AssociationView[], values: Values): readonly AssociationView[] {
	const peer = values.peer === undefined ? undefined : parseAddress(values.peer);
	const chosen = associations.filter(
		(one) =>
			isShown(one) &&
			(values.index === undefined || one.id === Number(values.index)) &&
			(peer === undefined || equalBytes(one.path.remote.address.octets, peer.octets)) &&
			(values.port === undefined || one.path.remote.port === Number(values.port)) &&
			isOfFamily(one.path, values),
	);
	if (values.index !== undefined && chosen.length === 0)
		throw new Error(`no association of IKE has the index ${values.index}`);
	return chosen;
}

function chooseIpsec(vpns: readonly VpnState[], values: Values): readonly VpnState[] {
	return chooseIndex(vpns, values).map((vpn) => ({
		...vpn,
		children: vpn.children.filter(({ path }) => isOfFamily(path, values)),
	}));
}

function chooseIndex(vpns: readonly VpnState[], { index }: Values): readonly VpnState[] {
	if (index === undefined) return vpns;
	const chosen = vpns.filter((vpn) => vpn.index === Number(index));
	if (chosen.length === 0) throw new Error(`no tunnel has the index ${index}`);
	return chosen;
}

function isOfFamily({ remote }: Path, { family }: Values): boolean {
	return family === undefined || (remote.address.octets.length === 4) === (family === "inet");
}

/** Octets as addresses, moments as they are. */
function jsonText(value: unknown): string {
	return `${JSON.stringify(value, (_, one) => (isAddress(one) ? formatAddress({ octets: one.octets }) : one), 4)}\n`;
}

function isAddress(value: unknown): value is { readonly octets: Uint8Array } {
	return typeof value === "object" && value !== null && "octets" in value && value.octets instanceof Uint8Array;
}
