/** `security utm`: antivirus, web filter and content filter of decrypted traffic. */
import { error, type Finding } from "#config/finding.ts";
import { enumeration, integer, name, reference, text } from "#config/leaf-types.ts";
import { fileName, host, hostPattern, port, url } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";

const fallback = enumeration({
	block: "Block the content",
	"log-and-permit": "Let it pass and record that",
	permit: "Let it pass; danger: nobody notices",
});

const fallbackHelp = (when: string) => ({
	what: `What to do when ${when}`,
	loosened: "danger: unless it is block, what was not looked at reaches the client",
});

const messages = (help: string) =>
	list({
		help,
		keys: { name: name() },
		children: { value: leafList(text({ min: 1, max: 255 }), { help: "Values" }) },
	});

const customObjects = container({
	help: "Named lists that profiles use",
	children: {
		"mime-pattern": messages("Media types, such as video/quicktime"),
		"filename-extension": messages("Extensions of file names"),
		"protocol-command": messages("Commands of a protocol"),
		"url-pattern": list({
			help: "Servers by name",
			keys: { name: name() },
			children: { value: leafList(hostPattern(), { help: "Server names; *.company.com covers every depth below" }) },
		}),
		"custom-url-category": list({
			help: "A category of your own",
			keys: { name: name() },
			children: {
				value: leafList(reference("security utm custom-objects url-pattern"), {
					help: "Lists of servers",
					mandatory: true,
				}),
			},
		}),
		"custom-message": list({
			help: "What blocked users read",
			keys: { name: name() },
			children: {
				type: leaf(enumeration({ "user-message": "Text", "redirect-url": "A page elsewhere" }), {
					help: "What it is",
					mandatory: true,
				}),
				content: leaf(text({ min: 1, max: 1_024 }), { help: "The text, or the address of the page", mandatory: true }),
			},
		}),
	},
});

const notification = container({
	help: "What the user is told",
	children: {
		"custom-message": leaf(reference("security utm custom-objects custom-message"), { help: "Message" }),
		"notify-mail-sender": flag({ help: "Tell the sender of a mail" }),
	},
});

const antiVirus = container({
	help: "Antivirus",
	alternatives: [{ of: ["clamd", "icap-profile"] }],
	children: {
		type: leaf(enumeration({ clamd: "ClamAV's daemon", icap: "An ICAP server", none: "Off" }), {
			help: "What looks for viruses",
			default: "none",
		}),
		clamd: container({
			help: "ClamAV's daemon",
			alternatives: [{ of: ["socket", "host"] }],
			children: {
				socket: leaf(fileName(), { help: "Its socket on this host; /run/clamav/clamd.ctl when neither is named" }),
				host: leaf(host(), {
					help: { what: "Its host", loosened: "danger: content crosses the network in clear on its way there" },
				}),
				port: leaf(port(), { help: "Its port", default: 3_310 }),
				connections: leaf(integer({ min: 1, max: 256 }), { help: "Scans at one time", default: 8 }),
			},
		}),
		"icap-profile": leaf(reference("services icap-redirect profile"), { help: "The ICAP server" }),
		"mime-whitelist": leafList(reference("security utm custom-objects mime-pattern"), {
			help: { what: "Media types that are not scanned", loosened: "danger: a server can give any content such a type" },
			aliases: ["mime-allowlist"],
		}),
		"url-whitelist": leafList(reference("security utm custom-objects custom-url-category"), {
			help: { what: "Servers whose content is not scanned", loosened: "danger: their viruses pass" },
			aliases: ["url-allowlist"],
		}),
		profile: list({
			help: "How content is scanned",
			keys: { name: name() },
			children: {
				"fallback-options": container({
					help: "What to do with content that could not be scanned",
					children: {
						default: leaf(fallback, { help: fallbackHelp("anything else goes wrong"), default: "block" }),
						"content-size": leaf(fallback, {
							help: fallbackHelp("content is larger than the limit"),
							default: "block",
						}),
						"corrupt-file": leaf(fallback, { help: fallbackHelp("content is damaged"), default: "block" }),
						"decompress-layer": leaf(fallback, {
							help: fallbackHelp("archives are nested too deep"),
							default: "block",
						}),
						"engine-not-ready": leaf(fallback, { help: fallbackHelp("the scanner does not answer"), default: "block" }),
						"out-of-resources": leaf(fallback, { help: fallbackHelp("memory is short"), default: "block" }),
						"password-file": leaf(fallback, { help: fallbackHelp("content is encrypted"), default: "block" }),
						timeout: leaf(fallback, { help: fallbackHelp("the scan takes too long"), default: "block" }),
						"too-many-requests": leaf(fallback, { help: fallbackHelp("too many scans wait"), default: "block" }),
					},
				}),
				"scan-options": container({
					help: "Limits of a scan",
					children: {
						"content-size-limit": leaf(integer({ min: 20, max: 1_048_576, unit: "kilobytes" }), {
							help: { what: "Largest content that is scanned", grows: "memory and the time until it is delivered" },
							default: 10_000,
						}),
						"decompress-layer-limit": leaf(integer({ min: 1, max: 10, placeholder: "layers" }), {
							help: { what: "Archives within archives", grows: "processor time of one scan" },
							default: 4,
						}),
						timeout: leaf(integer({ min: 1, max: 1_800, unit: "seconds" }), {
							help: "How long a scan may take",
							default: 180,
						}),
						"scan-extension": leafList(reference("security utm custom-objects filename-extension"), {
							help: {
								what: "Scan only these; everything when absent",
								loosened: "danger: a virus can have any extension",
							},
						}),
					},
				}),
				trickling: container({
					help: "Give the client a little at a time while it waits",
					presence: true,
					children: {
						timeout: leaf(integer({ min: 1, max: 600, unit: "seconds" }), { help: "How often", default: 20 }),
					},
				}),
				"notification-options": notification,
			},
		}),
	},
});

const webAction = enumeration({
	block: "Block",
	"log-and-permit": "Let it pass and record that",
	permit: "Let it pass",
	quarantine: "Warn the user, who may go on",
});

const webFiltering = container({
	help: "Web filter",
	children: {
		"url-whitelist": leaf(reference("security utm custom-objects custom-url-category"), {
			help: "Servers that are always permitted",
			aliases: ["url-allowlist"],
		}),
		"url-blacklist": leaf(reference("security utm custom-objects custom-url-category"), {
			help: "Servers that are always blocked",
			aliases: ["url-blocklist"],
		}),
		profile: list({
			help: "What becomes of requests by category",
			keys: { name: name() },
			children: {
				category: list({
					help: "A category, shipped or of your own",
					order: "user",
					keys: { name: name() },
					children: {
						action: leaf(webAction, { help: "What becomes of it", mandatory: true }),
						"custom-message": leaf(reference("security utm custom-objects custom-message"), { help: "Message" }),
					},
				}),
				"site-reputation-action": container({
					help: "What becomes of servers without a category, by their reputation",
					children: {
						"very-safe": leaf(webAction, { help: "90 to 100" }),
						"moderately-safe": leaf(webAction, { help: "80 to 89" }),
						"fairly-safe": leaf(webAction, { help: "70 to 79" }),
						suspicious: leaf(webAction, { help: "60 to 69" }),
						harmful: leaf(webAction, { help: "1 to 59" }),
					},
				}),
				default: leaf(webAction, { help: "What becomes of everything else", default: "permit" }),
				"custom-block-message": leaf(text({ max: 512 }), { help: "What the page says" }),
				"block-message": container({
					help: "The page elsewhere",
					children: { url: leaf(url(), { help: "Address" }) },
				}),
				"fallback-settings": container({
					help: "What to do when the category cannot be found out",
					children: {
						default: leaf(fallback, { help: fallbackHelp("anything else goes wrong"), default: "block" }),
						"server-connectivity": leaf(fallback, {
							help: fallbackHelp("the server does not answer"),
							default: "block",
						}),
						timeout: leaf(fallback, { help: fallbackHelp("the answer takes too long"), default: "block" }),
						"too-many-requests": leaf(fallback, { help: fallbackHelp("too many questions wait"), default: "block" }),
					},
				}),
				timeout: leaf(integer({ min: 1, max: 1_800, unit: "seconds" }), {
					help: "How long an answer is waited for",
					default: 15,
				}),
			},
		}),
	},
});

const contentFiltering = container({
	help: "Content filter",
	children: {
		profile: list({
			help: "What is blocked by its kind",
			keys: { name: name() },
			children: {
				"permit-command": leaf(reference("security utm custom-objects protocol-command"), {
					help: "Commands that pass",
				}),
				"block-command": leaf(reference("security utm custom-objects protocol-command"), {
					help: "Commands that do not",
				}),
				"block-extension": leaf(reference("security utm custom-objects filename-extension"), {
					help: "Extensions that do not",
				}),
				"block-mime": container({
					help: "Media types that do not",
					children: {
						list: leaf(reference("security utm custom-objects mime-pattern"), { help: "Media types" }),
						exception: leaf(reference("security utm custom-objects mime-pattern"), {
							help: "Those that pass after all",
						}),
					},
				}),
				"block-content-type": container({
					help: "Kinds that do not, whatever their type says",
					children: {
						activex: flag({ help: "ActiveX controls" }),
						exe: flag({ help: "Programs of Windows" }),
						"http-cookie": flag({ help: "Cookies" }),
						"java-applet": flag({ help: "Java applets" }),
						zip: flag({ help: "ZIP archives" }),
					},
				}),
				"notification-options": notification,
			},
		}),
	},
});

const perProtocol = (what: string, path: string) =>
	container({
		help: what,
		children: {
			"http-profile": leaf(reference(path), { help: "For HTTP" }),
			"imap-profile": leaf(reference(path), { help: "For IMAP" }),
			"pop3-profile": leaf(reference(path), { help: "For POP3" }),
			"smtp-profile": leaf(reference(path), { help: "For SMTP" }),
		},
	});

export const utm = container({
	help: "Antivirus, web filter, content filter",
	engine: "not-yet",
	children: {
		"custom-objects": customObjects,
		"feature-profile": container({
			help: "How each of them works",
			children: { "anti-virus": antiVirus, "web-filtering": webFiltering, "content-filtering": contentFiltering },
		}),
		"utm-policy": list({
			help: "What a security policy asks for",
			keys: { name: name() },
			children: {
				"anti-virus": perProtocol("Antivirus", "security utm feature-profile anti-virus profile"),
				"content-filtering": perProtocol("Content filter", "security utm feature-profile content-filtering profile"),
				"web-filtering": container({
					help: "Web filter",
					children: {
						"http-profile": leaf(reference("security utm feature-profile web-filtering profile"), { help: "For HTTP" }),
					},
				}),
				"traffic-options": container({
					help: "Limits",
					children: {
						"sessions-per-client": container({
							help: "Sessions of one client",
							children: {
								limit: leaf(integer({ min: 0, max: 20_000, placeholder: "sessions" }), {
									help: "At one time; 0 means any number",
									default: 0,
								}),
								"over-limit": leaf(
									enumeration({
										block: "End the session",
										"log-and-permit":
											"Let it pass uninspected and record that; danger: a client can open many to hide one",
									}),
									{ help: "What becomes of more", default: "block" },
								),
							},
						}),
					},
				}),
			},
		}),
	},
});

/** Antivirus that a policy asks for must be switched on; messages that lead elsewhere must be addresses. */
export function verifyUtm({
	featureProfile,
	utmPolicy,
	customObjects: objects,
}: Snapshot<typeof utm>): readonly Finding[] {
	const path = ["security", "utm"];
	const findings: Finding[] = [];
	const { type, icapProfile } = featureProfile.antiVirus;
	for (const [policyName, { antiVirus: asked }] of utmPolicy) {
		if (type !== "none" || Object.values(asked).every((profile) => profile === undefined)) continue;
		const message = "no antivirus is switched on; set security utm feature-profile anti-virus type clamd";
		findings.push(error([...path, "utm-policy", policyName], "anti-virus", message));
	}
	if (type === "icap" && icapProfile === undefined)
		findings.push(error([...path, "feature-profile", "anti-virus"], "type", "icap needs 'icap-profile'"));
	for (const [messageName, { type: kind, content }] of objects.customMessage) {
		if (kind !== "redirect-url" || url().parse(content).ok) continue;
		const message = `'${content}' is no URL`;
		findings.push(error([...path, "custom-objects", "custom-message", messageName], "content", message));
	}
	return findings;
}
