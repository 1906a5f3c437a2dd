/** What a commit says about transparent listeners: two of them cannot take one connection, nor share a port. */
import { error, type Finding } from "#config/finding.ts";
import type { PortRange } from "#policy/application-types.ts";
import type { ProxyConfig } from "#proxy/schema.ts";

type Gateway = ProxyConfig["services"]["gateway"];

export function verifyTransparent(gateway: Gateway): readonly Finding[] {
	return [...samePort(gateway), ...sameConnections(gateway)];
}

/** They listen at loopback, or at every address, of both families: other listeners of the port are in the way. */
function samePort(gateway: Gateway): readonly Finding[] {
	const { explicitProxy, reverse, offload, encrypt, passThrough } = gateway;
	const taken = new Map<number, string>();
	for (const [kind, listeners] of Object.entries({ explicitProxy, reverse, offload, encrypt, passThrough })) {
		for (const [name, { listen }] of listeners) taken.set(listen.port, `${statements[kind]} ${name}`);
	}
	return [...gateway.transparent].flatMap(([name, { listen }]) => {
		const other = taken.get(listen);
		taken.set(listen, other ?? `transparent ${name}`);
		return other === undefined ? [] : [error(pathOf(name), "listen", `the same port as ${other}`)];
	});
}

function sameConnections({ transparent }: Gateway): readonly Finding[] {
	const listeners = [...transparent];
	return listeners.flatMap(([name, one], index) => {
		const earlier = listeners.slice(0, index).find(([, other]) => {
			return one.interfaces.some((device) => other.interfaces.includes(device)) && meet(one.ports, other.ports);
		});
		if (earlier === undefined) return [];
		return [
			error(pathOf(name), "ports", `takes connections of transparent ${earlier[0]}; change 'ports' or 'interfaces'`),
		];
	});
}

function meet(one: readonly ("any" | PortRange)[], other: readonly ("any" | PortRange)[]): boolean {
	return one.some((a) => other.some((b) => a === "any" || b === "any" || (a.from <= b.to && b.from <= a.to)));
}

function pathOf(name: string): readonly string[] {
	return ["services", "gateway", "transparent", name];
}

const statements: Readonly<Record<string, string>> = {
	explicitProxy: "explicit-proxy",
	reverse: "reverse",
	offload: "offload",
	encrypt: "encrypt",
	passThrough: "pass-through",
};
