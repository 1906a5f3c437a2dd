/** `interfaces`: devices by the names of Junos or of Linux, their logical units and addresses. */
import { integer, type LeafType, parsed, reference, refused, shown, text } from "#config/leaf-types.ts";
import { address, interfaceAddress, interfaceName } from "#config/network-types.ts";
import { container, flag, leaf, list, type Snapshot } from "#config/schema.ts";

/** The name of a network device of Linux. */
const deviceName: LeafType<string> = {
	name: "device-name",
	placeholder: "<linux-device>",
	describes: "name of a network device of Linux, such as eth0; at most 15 characters",
	parse(typed) {
		const isGood = /^[^\s/:]{1,15}$/.test(typed) && typed !== "." && typed !== "..";
		return isGood ? parsed(typed) : refused(`invalid device name: '${shown(typed)}'; expected a name such as eth0`);
	},
	format: (value) => value,
};

const mtu = leaf(integer({ min: 256, max: 9_192, unit: "octets" }), { help: "Largest packet" });

const addressChildren = {
	primary: flag({
		help: "The address that this gateway prefers as its own on the interface",
		engine: "not-yet",
	}),
	preferred: flag({ help: "The address that this gateway prefers within the network", engine: "not-yet" }),
};

const family = container({
	help: "Protocol families",
	layout: "prefix",
	children: {
		inet: container({
			help: "IPv4",
			presence: true,
			alternatives: [{ of: ["address", "dhcp"] }],
			children: {
				mtu,
				address: list({
					help: "Address and length of the network's prefix",
					order: "user",
					keys: { name: interfaceAddress("inet") },
					children: addressChildren,
				}),
				dhcp: flag({ help: "Take the address from a DHCP server", engine: "not-yet" }),
				"next-hop-tunnel": list({
					help: "Which VPN leads to a next hop, where several share one multipoint tunnel interface",
					engine: "not-yet",
					layout: "line",
					keys: { gateway: address("inet") },
					children: { "ipsec-vpn": leaf(reference("security ipsec vpn"), { help: "The VPN", mandatory: true }) },
				}),
			},
		}),
		inet6: container({
			help: "IPv6",
			presence: true,
			children: {
				mtu,
				address: list({
					help: "Address and length of the network's prefix",
					order: "user",
					keys: { name: interfaceAddress("inet6") },
					children: addressChildren,
				}),
				"dad-disable": flag({ help: "Do not look whether the address is in use already", engine: "not-yet" }),
				"next-hop-tunnel": list({
					help: "Which VPN leads to a next hop, where several share one multipoint tunnel interface",
					engine: "not-yet",
					layout: "line",
					keys: { gateway: address("inet6") },
					children: { "ipsec-vpn": leaf(reference("security ipsec vpn"), { help: "The VPN", mandatory: true }) },
				}),
			},
		}),
	},
});

const unit = list({
	help: "A logical interface",
	keys: { name: integer({ min: 0, max: 16_385, placeholder: "unit" }) },
	children: {
		description: leaf(text({ max: 900 }), { help: "Text" }),
		disable: flag({ help: "Take it down" }),
		multipoint: flag({ help: "Several peers are reached through it; of tunnel interfaces" }),
		"vlan-id": leaf(integer({ min: 1, max: 4_094, placeholder: "vlan-id" }), {
			help: "VLAN of the unit; its device of Linux is DEVICE.VLAN",
		}),
		family,
	},
});

export const interfaces = container({
	help: "Interfaces",
	permission: "interface",
	children: {
		interface: list({
			help: "A device by the name of Junos (ge-0/0/0, st0, lo0) or of Linux (eth0)",
			unnamed: true,
			keys: { name: interfaceName("none") },
			children: {
				description: leaf(text({ max: 900 }), { help: "Text" }),
				disable: flag({ help: "Take it down" }),
				device: leaf(deviceName, {
					help: "The device of Linux that goes by this name, eth0 for ge-0/0/0; the name itself when absent, and lo for lo0",
				}),
				"vlan-tagging": flag({ help: "Units are told apart by their VLANs" }),
				mtu,
				unit,
			},
		}),
	},
});

/** A checked `interfaces`. */
export type Interfaces = Snapshot<typeof interfaces>;

/** A checked logical interface. */
export type Unit = NonNullable<ReturnType<NonNullable<ReturnType<Interfaces["interface"]["get"]>>["unit"]["get"]>>;
