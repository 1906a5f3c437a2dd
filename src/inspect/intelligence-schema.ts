/** `security intelligence`: feeds of known bad addresses, names and fingerprints, and what is done by them. */
import { error, type Finding } from "#config/finding.ts";
import {
	enumeration,
	integer,
	type LeafType,
	name,
	parsed,
	reference,
	refused,
	secret,
	text,
} from "#config/leaf-types.ts";
import { fileName, url } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";

const headerName: LeafType<string> = {
	name: "header-name",
	placeholder: "<name>",
	describes: "name of a field of HTTP",
	parse: (typed) =>
		/^[A-Za-z0-9-]{1,64}$/.test(typed) && !framingFields.has(typed.toLowerCase())
			? parsed(typed)
			: refused(`invalid field name: '${typed.slice(0, 64)}'`),
	format: String,
};
/** What the request itself is made of. */
const framingFields: ReadonlySet<string> = new Set([
	"accept-encoding",
	"connection",
	"content-length",
	"expect",
	"host",
	"transfer-encoding",
	"upgrade",
]);

const categories = enumeration({
	"command-and-control": "Servers that steer infected hosts",
	"infected-hosts": "Hosts of this network that are infected",
	ja3: "Fingerprints of clients",
	certificate: "Fingerprints of servers' certificates (SHA-256, SHA-1, MD5), of sessions that are opened",
	url: "Addresses of pages",
});

const actions = {
	permit: flag({ help: "Let it pass" }),
	block: container({
		help: "Block it",
		presence: true,
		layout: "line",
		alternatives: [{ of: ["drop", "close"] }],
		children: {
			drop: flag({ help: "Silently" }),
			close: flag({ help: "With a reset to both ends; so when neither is named" }),
		},
	}),
	recommended: flag({ help: "As the feed says: block from level 7 on" }),
};

const action = container({
	help: "What becomes of the connection",
	alternatives: [{ of: ["permit", "block", "recommended"], mandatory: true }],
	children: actions,
});

export const intelligence = container({
	help: "Feeds of known bad addresses, names and fingerprints",
	children: {
		feed: list({
			help: "A feed",
			keys: { name: name() },
			alternatives: [{ of: ["url", "file"], mandatory: true }],
			children: {
				description: leaf(text({ max: 900 }), { help: "Text" }),
				category: leaf(categories, {
					help: "What its entries are; rules of a profile of the same category act upon them",
					mandatory: true,
				}),
				url: leaf(url(), {
					help: {
						what: "Where it is fetched; the server of https must be one that default trust store or CA profiles vouch for. What was fetched last is kept on disk and serves until there is another",
						loosened: "danger: over http, the feed can be changed on the way",
					},
				}),
				authentication: container({
					help: "What the server is told of who fetches; over https alone, and no server that it redirects to",
					alternatives: [{ of: ["user-name", "token"] }, { of: ["password", "token"] }],
					children: {
						"user-name": leaf(text({ min: 1, max: 128 }), { help: "User (Basic, RFC 7617)" }),
						password: leaf(secret({ max: 128 }), { help: "The user's password" }),
						token: leaf(secret({ max: 255 }), { help: "Token, key: as a bearer (RFC 6750), or as it is in 'header'" }),
						header: leaf(headerName, {
							help: "Field that the token stands in, as the server has it (Auth-Key, X-API-KEY)",
						}),
					},
				}),
				"maximum-size": leaf(integer({ min: 1, max: 256, unit: "mebibytes" }), {
					help: {
						what: "Of what is fetched, packed or not: more is refused",
						grows: "memory while it is read, by about four times as much",
					},
					default: 64,
				}),
				file: leaf(fileName(), {
					help: "File on the gateway's host; a name without a leading slash lies in the state directory",
				}),
				format: leaf(
					enumeration({
						text: "One entry a line, behind a blank its level from 1 to 10 (10 when absent); # and ; begin a comment",
						csv: "The entry in the first column, its level in the second",
						json: "A list of entries, or of objects with value and level",
						stix: "Indicators of a STIX 2 bundle: patterns that compare with addresses, names, URLs or hashes of certificates and say nothing else; the level is a tenth of the confidence",
					}),
					{
						help: "How entries are written",
						default: "text",
					},
				),
				"update-interval": leaf(integer({ min: 1, max: 43_200, unit: "minutes" }), {
					help: "How often it is looked whether the file is another one, or the URL asked for another one (a tenth earlier or later)",
					default: 60,
				}),
				"maximum-entries": leaf(integer({ min: 1, max: 10_000_000 }), {
					help: { what: "Entries beyond this are left out", grows: "memory, by about 100 octets an entry" },
					default: 1_000_000,
				}),
			},
		}),
		profile: list({
			help: "What is done by the feeds of one category",
			keys: { name: name() },
			children: {
				description: leaf(text({ max: 900 }), { help: "Text" }),
				category: leaf(categories, { help: "Which feeds", mandatory: true }),
				rule: list({
					help: "A rule; the first that matches decides",
					order: "user",
					keys: { name: name() },
					children: {
						match: container({
							help: "Which entries",
							children: {
								"feed-name": leafList(reference("security intelligence feed"), { help: "Feeds; all when absent" }),
								"threat-level": leafList(integer({ min: 1, max: 10, placeholder: "level" }), {
									help: "Levels; all when absent",
								}),
							},
						}),
						then: container({ help: "What happens", children: { action, log: flag({ help: "Record it" }) } }),
					},
				}),
				"default-rule": container({
					help: "What becomes of entries that no rule matches",
					children: {
						then: container({
							help: "What happens",
							children: {
								action: container({
									help: "What becomes of the connection",
									alternatives: [{ of: ["permit", "block", "recommended"] }],
									children: actions,
								}),
								log: flag({ help: "Record it" }),
							},
						}),
					},
				}),
			},
		}),
		policy: list({
			help: "What a security policy asks for",
			keys: { name: name() },
			children: {
				profile: leafList(reference("security intelligence profile"), {
					help: "Profiles, one for each category",
					mandatory: true,
				}),
			},
		}),
	},
});

/** What is fetched may be secret on the way, and who fetches is. */
function fetchFindings({ feed }: Snapshot<typeof intelligence>): readonly Finding[] {
	return [...feed].flatMap(([feedName, { authentication, url: where }]) => {
		const path = ["security", "intelligence", "feed", feedName];
		const { userName, password, token, header } = authentication;
		const isSecret = userName !== undefined || password !== undefined || token !== undefined;
		const findings: Finding[] = [];
		const at = [...path, "authentication"];
		if (where !== undefined && /^[^:]*:\/\/[^/?#]*@/.test(where))
			findings.push(error(path, "url", "it holds a user; give user and password by authentication"));
		if (isSecret && where?.toLowerCase().startsWith("https:") !== true)
			findings.push(error(at, undefined, "the feed is not fetched over https: nobody is told a secret in clear"));
		if (userName?.includes(":") === true) findings.push(error(at, "user-name", "Basic knows no user with a colon"));
		if ((userName === undefined) !== (password === undefined))
			findings.push(error(at, undefined, "user-name and password go together"));
		if (header !== undefined && token === undefined)
			findings.push(error(at, "header", "there is no token to stand in it"));
		return findings;
	});
}

/** A policy has one profile of each category; a rule names feeds of its category. */
export function verifyIntelligence({ feed, profile, policy }: Snapshot<typeof intelligence>): readonly Finding[] {
	const path = ["security", "intelligence"];
	const findings: Finding[] = [...fetchFindings({ feed, profile, policy })];
	for (const [policyName, { profile: names }] of policy) {
		const profileOf = new Map<string, string>();
		for (const named of names) {
			const category = profile.get(named)?.category ?? "";
			const other = profileOf.get(category);
			if (other === undefined) profileOf.set(category, named);
			else
				findings.push(
					error([...path, "policy", policyName], "profile", `${other} and ${named} are both of category ${category}`),
				);
		}
	}
	for (const [profileName, { category, rule }] of profile) {
		for (const [ruleName, { match }] of rule) {
			for (const wanted of match.feedName) {
				const of = feed.get(wanted)?.category;
				if (of === category) continue;
				const at = [...path, "profile", profileName, "rule", ruleName, "match"];
				findings.push(error(at, "feed-name", `${wanted} is of category ${of}, the profile of ${category}`));
			}
		}
	}
	return findings;
}
