/** `security policies`, `security address-book` and `applications`: which connections are permitted, denied, opened. */
import { error, type Finding, warning } from "#config/finding.ts";
import {
	enumeration,
	keyword,
	type LeafType,
	name,
	parsed,
	reference,
	refused,
	text,
	union,
} from "#config/leaf-types.ts";
import { hostPattern, prefix } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { predefinedApplications } from "#policy/predefined-applications.ts";

/** A port or a range of ports, `443` or `8000-8999`. */
const portRange: LeafType<{ readonly from: number; readonly to: number }> = {
	name: "port range",
	placeholder: "<port|low-high>",
	describes: "a port or low-high, 1 to 65535",
	parse(value) {
		const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(value);
		const from = Number(match?.[1]);
		const to = Number(match?.[2] ?? match?.[1]);
		if (match === null || from < 1 || to > 65_535 || from > to)
			return refused(`invalid value '${value}' in port range: expected a port or low-high`);
		return parsed({ from, to });
	},
	format: ({ from, to }) => (from === to ? `${from}` : `${from}-${to}`),
};

const anyAddress = keyword("any", "Any address");

export const policySchema = container({
	help: "Configuration",
	children: {
		security: container({
			help: "Security",
			children: {
				"address-book": list({
					help: "Named addresses",
					keys: { name: name() },
					children: {
						address: list({
							help: "One address",
							keys: { name: name() },
							layout: "line",
							alternatives: [{ of: ["prefix", "dns-name"], mandatory: true }],
							children: {
								prefix: leaf(prefix(), { help: "Prefix", unnamed: true }),
								"dns-name": leaf(hostPattern(), {
									help: "Server name; *.company.com covers every depth below company.com",
								}),
							},
						}),
					},
				}),
				policies: container({
					help: "Which connections are permitted and which are opened",
					children: {
						global: container({
							help: "Policies for every connection, tried in order",
							children: {
								policy: list({
									help: "One policy",
									order: "user",
									keys: { name: name() },
									children: {
										description: leaf(text(), { help: "Text" }),
										match: container({
											help: "What the connection must be like, all of it",
											children: {
												"source-address": leafList(union([anyAddress, reference("security address-book * address")]), {
													help: "Clients",
													mandatory: true,
												}),
												"destination-address": leafList(
													union([anyAddress, reference("security address-book * address")]),
													{ help: "Servers", mandatory: true },
												),
												application: leafList(name(), {
													help: "Applications by port: any, junos-https, or one of 'applications'",
													mandatory: true,
												}),
											},
										}),
										then: container({
											help: "What becomes of the connection",
											alternatives: [{ of: ["permit", "deny", "reject"], mandatory: true }],
											children: {
												permit: container({
													help: "Let it pass",
													presence: true,
													children: {
														"application-services": container({
															help: "What is done with it on the way",
															children: {
																"ssl-proxy": container({
																	help: "Open TLS",
																	children: {
																		"profile-name": leaf(reference("services ssl proxy profile"), { help: "Profile" }),
																	},
																}),
																"pattern-policy": leaf(reference("security inspection pattern-policy"), {
																	help: "Patterns that are looked for in the plaintext",
																}),
															},
														}),
													},
												}),
												deny: flag({ help: "Block it" }),
												reject: flag({ help: "Block it and tell the client" }),
											},
										}),
									},
								}),
							},
						}),
						"default-policy": leaf(enumeration({ "permit-all": "Let it pass unopened", "deny-all": "Block it" }), {
							help: {
								what: "What becomes of a connection that no policy matches",
								loosened: "anything not named passes unopened",
							},
							default: "deny-all",
						}),
					},
				}),
			},
		}),
		applications: container({
			help: "Applications by port",
			children: {
				application: list({
					help: "One application",
					keys: { name: name() },
					children: {
						description: leaf(text(), { help: "Text" }),
						protocol: leaf(enumeration({ tcp: "TCP" }), { help: "Protocol", default: "tcp" }),
						"destination-port": leaf(portRange, { help: "Ports", mandatory: true }),
					},
				}),
			},
		}),
	},
});

export type PolicyConfig = Snapshot<typeof policySchema>;

/** What a commit says about policies. */
export function verifyPolicies(config: PolicyConfig): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [policyName, { match, then }] of config.security.policies.global.policy) {
		for (const application of match.application) {
			if (
				application === "any" ||
				config.applications.application.has(application) ||
				predefinedApplications.has(application)
			)
				continue;
			const path = ["security", "policies", "global", "policy", policyName, "match"];
			findings.push(
				error(
					path,
					"application",
					`application '${application}' does not exist; define it under 'applications' or use one of any, ${[...predefinedApplications.keys()].join(", ")}`,
				),
			);
		}
		const services = then.permit?.applicationServices;
		if (services === undefined) continue;
		const path = ["security", "policies", "global", "policy", policyName, "then", "permit", "application-services"];
		if (services.sslProxy.profileName !== undefined && services.patternPolicy === undefined) {
			findings.push(
				warning(
					path,
					"ssl-proxy",
					"no inspection service is active: connections are decrypted but nothing looks inside",
				),
			);
		}
		if (services.sslProxy.profileName === undefined && services.patternPolicy !== undefined) {
			findings.push(
				warning(path, "pattern-policy", "without ssl-proxy nothing is decrypted, so nothing is looked for"),
			);
		}
	}
	return findings;
}
