/**
 * Begins associations of IKE, some at a time, and says when all stand: `node ike-initiator.ts OPTIONS`. Alone in a network namespace.
 */
import { randomBytes } from "node:crypto";
import { Endpoint } from "#ike/endpoint.ts";
import { EngineShell } from "#ike/socket-shell.ts";
import { defaultSettings } from "#ike/v2/settings.ts";
import { connectionOf, suites } from "../ipsec/plans.ts";

export interface InitiatorOptions {
	readonly own: string;
	readonly peer: string;
	readonly count: number;
	/** At a time. */
	readonly lanes: number;
	/** Of IKE. */
	readonly group: string;
	/** So that the peer has not seen the identities before. */
	readonly prefix: string;
}

const { own, peer, count, lanes, group, prefix } = JSON.parse(process.argv[2] ?? "{}") as InitiatorOptions;
const connections = Array.from({ length: count }, (_, index) =>
	connectionOf({
		name: `${prefix}${index}`,
		ownId: `${prefix}${index}.example`,
		peerId: "g2.example",
		own,
		peer,
		ownNetwork: `10.${100 + (index >> 8)}.${index & 255}.0/24`,
		peerNetwork: "10.2.0.0/24",
		startsImmediately: false,
		suite: suites.gcm,
		group,
	}),
);
let begun = 0;
let done = 0;
const endpoint = new Endpoint(connections, defaultSettings, randomBytes);
const shell = await EngineShell.open(
	endpoint,
	{ address: connections[0]?.local ?? { octets: new Uint8Array(4) }, port: 500, natPort: 4_500 },
	{
		sign: async () => undefined,
		installChild: () => {},
		removeChild: () => {},
		moveChild: () => {},
		receiveEsp: () => {},
		report: (what, connection, text) => {
			if (what === "ike-failed" || what === "child-failed") throw new Error(`${connection}: ${text}`);
			if (what !== "child-established") return;
			done++;
			if (done === count) process.exit(0);
			// Not within the step that reported it.
			setImmediate(begin);
		},
	},
);
for (let lane = 0; lane < lanes; lane++) begin();

function begin(): void {
	const next = connections[begun++];
	if (next !== undefined) shell.give({ type: "tunnel-wanted", connection: next.name, child: next.name });
}
