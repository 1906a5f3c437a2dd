/** `routing-options` and `routing-instances`: static routes, and tables apart from the main one. */
import { enumeration, integer, name, text, union } from "#config/leaf-types.ts";
import { address, interfaceName, prefix } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";

const routeChildren = {
	"next-hop": leafList(union([address(), interfaceName("required")]), {
		help: "Gateway, or a point-to-point interface such as st0.0",
	}),
	discard: flag({ help: "Drop silently", engine: "not-yet" }),
	reject: flag({ help: "Drop and tell the sender", engine: "not-yet" }),
	"next-table": leaf(name({ placeholder: "table.inet.0" }), { help: "Look into another table", engine: "not-yet" }),
	preference: leaf(integer({ min: 0, max: 4_294_967_295, placeholder: "preference" }), {
		help: "The lowest wins among routes of different origin",
		default: 5,
	}),
	metric: leaf(integer({ min: 0, max: 4_294_967_295, placeholder: "metric" }), {
		help: "The lowest wins among equals",
	}),
	tag: leaf(integer({ min: 0, max: 4_294_967_295, placeholder: "tag" }), {
		help: "Number for routing policies",
		engine: "not-yet",
	}),
	"no-readvertise": flag({ help: "Do not tell it to routing protocols", engine: "not-yet" }),
	description: leaf(text({ max: 900 }), { help: "Text" }),
};

const staticRoutes = container({
	help: "Static routes",
	children: {
		route: list({
			help: "A route",
			order: "user",
			layout: "line-if-single",
			keys: { name: prefix() },
			alternatives: [{ of: ["next-hop", "discard", "reject", "next-table"], mandatory: true }],
			children: routeChildren,
		}),
	},
});

const options = {
	rib: list({
		help: "A routing table by name, such as inet6.0",
		keys: { name: name({ placeholder: "inet6.0" }) },
		children: { static: staticRoutes },
	}),
	static: staticRoutes,
	"router-id": leaf(address("inet"), {
		help: "Number of this router in the form of an IPv4 address",
		engine: "not-yet",
	}),
	"autonomous-system": leaf(integer({ min: 1, max: 4_294_967_295, placeholder: "as-number" }), {
		help: "Number of the autonomous system",
		engine: "not-yet",
	}),
};

export const routingOptions = container({
	help: "Routes",
	permission: "routing",
	children: options,
});

export const routingInstances = container({
	help: "Routing tables apart from the main one",
	permission: "routing",
	engine: "not-yet",
	children: {
		instance: list({
			help: "A routing instance",
			unnamed: true,
			keys: { name: name({ placeholder: "instance-name" }) },
			children: {
				description: leaf(text({ max: 900 }), { help: "Text" }),
				"instance-type": leaf(
					enumeration({ "virtual-router": "A router of its own", forwarding: "A table without interfaces" }),
					{ help: "What it is", mandatory: true },
				),
				interface: list({
					help: "A logical interface of the instance",
					order: "user",
					keys: { name: interfaceName("required") },
				}),
				"routing-options": container({ help: "Routes of the instance", children: options }),
			},
		}),
	},
});

/** A checked `routing-instances`. */
export type RoutingInstances = Snapshot<typeof routingInstances>;

/** Checked static routes. */
export type StaticRoutes = Snapshot<typeof staticRoutes>;
