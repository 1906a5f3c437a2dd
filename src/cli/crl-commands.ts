/** The commands of revocation lists, as data: `request`, `show` and `clear security pki crl`. */
import type { ArgumentType, CommandNode, OptionNode } from "#cli/grammar.ts";
import { text } from "#config/leaf-types.ts";

export type CrlHandler = "crl-clear" | "crl-load" | "show-crl";

type Node = CommandNode<CrlHandler>;

const profile: ArgumentType = { ...text({ min: 1, max: 128, placeholder: "name" }), source: "ca-profiles" };
const profileOption: OptionNode = { help: "CA profile", type: profile };

/** `request security pki crl`. */
export const crlRequests: Node = {
	help: "Revocation lists of authorities",
	children: {
		load: {
			help: "Load the revocation list of a CA profile",
			run: "crl-load",
			options: {
				"ca-profile": { ...profileOption, mandatory: true },
				filename: {
					help: "File on the gateway: PEM or DER",
					type: text({ min: 1, max: 1_024, placeholder: "filename" }),
					mandatory: true,
				},
			},
		},
	},
};

/** `show security pki crl`. */
export const crlShows: Node = {
	help: "Revocation lists that were loaded or fetched",
	run: "show-crl",
	options: {
		brief: { help: "A few lines each" },
		detail: { help: "Also the certificates that were revoked" },
		"ca-profile": { ...profileOption, help: "Only of this CA profile" },
	},
};

/** `clear security pki crl`. */
export const crlClears: Node = {
	help: "Revocation lists",
	run: "crl-clear",
	options: {
		all: { help: "Those of every CA profile, and all that were fetched" },
		"ca-profile": profileOption,
	},
};
