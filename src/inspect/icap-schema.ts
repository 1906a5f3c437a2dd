/** `services icap-redirect`: content that other servers look at. */
import { type Finding, warning } from "#config/finding.ts";
import { enumeration, integer, name, reference, text } from "#config/leaf-types.ts";
import { host, port } from "#config/network-types.ts";
import { container, flag, leaf, list, type Snapshot } from "#config/schema.ts";

const fallback = enumeration({
	permit: "Let it pass; danger: nobody notices",
	"log-permit": "Let it pass and record that",
	block: "Block it",
});

const loosened = "danger: unless it is block, content that no server looked at reaches the client";

const server = list({
	help: "A server; several share the work",
	keys: { name: name() },
	children: {
		host: leaf(host(), { help: "Address or name", mandatory: true }),
		port: leaf(port(), { help: "Port; 1344, or 11344 over TLS, when absent" }),
		"reqmod-uri": leaf(text({ min: 1, max: 255, placeholder: "service" }), { help: "Service that looks at requests" }),
		"respmod-uri": leaf(text({ min: 1, max: 255, placeholder: "service" }), {
			help: "Service that looks at responses",
		}),
		sockets: leaf(integer({ min: 1, max: 64 }), { help: "Connections", default: 8 }),
		"tls-profile": leaf(reference("services ssl initiation profile"), { help: "How TLS is made to the server" }),
		"routing-instance": leaf(reference("routing-instances instance"), { help: "Routing instance to connect from" }),
	},
});

export const icapRedirect = container({
	help: "ICAP servers",
	permission: "security",
	engine: "not-yet",
	children: {
		profile: list({
			help: "Servers and what is sent to them",
			keys: { name: name() },
			children: {
				server,
				http: container({
					help: "What of HTTP is sent",
					children: {
						"redirect-request": flag({ help: "Requests" }),
						"redirect-response": flag({ help: "Responses" }),
					},
				}),
				"fallback-option": container({
					help: "What to do when no server can look",
					children: {
						"default-action": leaf(fallback, { help: { what: "In any other case", loosened }, default: "block" }),
						connectivity: leaf(fallback, { help: { what: "When no server can be reached", loosened } }),
						throttle: leaf(fallback, { help: { what: "When all connections are in use", loosened } }),
						timeout: leaf(fallback, { help: { what: "When the answer takes too long", loosened } }),
					},
				}),
				timeout: leaf(integer({ min: 100, max: 50_000, unit: "milliseconds" }), {
					help: "How long an answer is waited for",
					default: 10_000,
				}),
			},
		}),
	},
});

/** Decrypted content that leaves in clear is worth a word, and so is a profile without effect. */
export function verifyIcap({ profile }: Snapshot<typeof icapRedirect>): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [profileName, { server: servers, http }] of profile) {
		const path = ["services", "icap-redirect", "profile", profileName];
		for (const [serverName, { host: at, tlsProfile }] of servers) {
			if (tlsProfile !== undefined || at === "::1" || at === "localhost" || at.startsWith("127.")) continue;
			const message = `danger: decrypted content goes to ${at} in clear; set tls-profile`;
			findings.push(warning([...path, "server", serverName], "host", message));
		}
		if (servers.size === 0) findings.push(warning(path, "server", "there is none, so that nothing is sent"));
		if (!http.redirectRequest && !http.redirectResponse)
			findings.push(warning(path, "http", "neither requests nor responses are sent"));
	}
	return findings;
}
