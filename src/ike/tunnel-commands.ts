/**
 * Tunnel interfaces as commands of ip(8), one a line. A route over a tunnel has another beside it that refuses: while the
 * device is not there, its traffic must not leave in clear by a wider route.
 */
import type { TunnelPlan, TunnelRoute } from "#ike/tunnel-plan.ts";

/** From one plan of a unit to another; undefined is none. Routes come after the addresses that they may need. */
export function tunnelCommands(before: TunnelPlan | undefined, after: TunnelPlan | undefined): readonly string[] {
	const device = after?.unit ?? before?.unit ?? "";
	const gone = missingIn(before?.addresses ?? [], after?.addresses ?? []);
	const fresh = missingIn(after?.addresses ?? [], before?.addresses ?? []);
	const isNew = before === undefined;
	// Linux takes the routes of an address away with it: they are set again.
	const kept = gone.length > 0 ? [] : (before?.routes ?? []).map(routeWords);
	const routes = after?.routes ?? [];
	return [
		...(before?.routes ?? [])
			.filter((route) => !routes.some((one) => routeWords(one) === routeWords(route)))
			.flatMap((route) => withdrawal(device, route, after !== undefined)),
		...(after === undefined ? [] : gone.map((address) => `address del ${address} dev ${device}`)),
		...(after !== undefined && (isNew || before.mtu !== after.mtu) ? [`link set dev ${device} mtu ${after.mtu}`] : []),
		...fresh.map((address) => `address add ${address} dev ${device}${address.includes(":") ? " nodad" : ""}`),
		...(isNew && after !== undefined ? [`link set dev ${device} multicast off up`] : []),
		...routes
			.filter((route) => !kept.includes(routeWords(route)))
			.flatMap((route) => [
				`route replace unreachable ${route.prefix} metric ${refusalMetric} proto ${routeProtocol}`,
				`route replace ${routeWords(route)} dev ${device}`,
			]),
	];
}

/**
 * Takes the routes of a tunnel that carries nothing out of force, or puts them in again; what refuses stays. `pinged` keeps a
 * route to the address whose answer is waited for, as the host takes none from where it would not send.
 */
export function withdrawalCommands(
	{ unit, routes }: TunnelPlan,
	areIn: boolean,
	pinged: string | undefined,
): readonly string[] {
	const ping =
		pinged === undefined
			? []
			: [`route ${areIn ? "del" : "replace"} ${pinged} metric 1 proto ${routeProtocol} dev ${unit}`];
	const words = routes.map((route) => `route ${areIn ? "replace" : "del"} ${routeWords(route)} dev ${unit}`);
	return areIn ? [...words, ...ping] : [...ping, ...words];
}

/** What `ip` is asked to take away all of it, in both families, whoever left it. */
export const routeProtocol = 157;

/** The device takes its own routes with it when it goes. */
function withdrawal(device: string, route: TunnelRoute, isDeviceThere: boolean): readonly string[] {
	return [
		...(isDeviceThere ? [`route del ${routeWords(route)} dev ${device}`] : []),
		`route del unreachable ${route.prefix} metric ${refusalMetric} proto ${routeProtocol}`,
	];
}

function routeWords({ prefix, gateway, metric }: TunnelRoute): string {
	return `${prefix}${gateway === undefined ? "" : ` via ${gateway}`} metric ${metric} proto ${routeProtocol}`;
}

function missingIn(all: readonly string[], others: readonly string[]): readonly string[] {
	return all.filter((one) => !others.includes(one));
}

/** Behind whatever else leads there. */
const refusalMetric = 4_000_000_000;
