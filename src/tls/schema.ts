/** `services ssl`: profiles for TLS towards servers and towards clients, and the trace. */
import { error, type Finding, warning } from "#config/finding.ts";
import { enumeration, name } from "#config/leaf-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { certificateReference } from "#pki/certificate-id.ts";
import { traceFile, verifyTraceFile } from "#telemetry/trace-file.ts";
import { clientAuthentication, verifyClientAuthentication } from "#tls/client-authentication-schema.ts";
import type { LegStatements } from "#tls/leg-settings.ts";
import {
	cipherList,
	configuredAuthorities,
	crlActions,
	groupList,
	preferredCiphers,
	protocolVersionHelp,
	protocolVersions,
	verifyCipherList,
	verifyLeg,
} from "#tls/tls-statements.ts";

const traceoptions = container({
	help: "Trace of TLS",
	permission: "trace",
	engine: "not-yet",
	children: {
		file: traceFile,
		level: leaf(
			enumeration({
				brief: "Errors only",
				detail: "Also each step up to the end of the handshake",
				extensive: "Also a summary of the data transferred",
				verbose: "Everything",
			}),
			{ help: { what: "How much is traced", grows: "processor time and disk space" }, default: "brief" },
		),
		flag: list({
			help: "What is traced",
			keys: {
				name: enumeration({
					all: "Everything",
					"cli-configuration": "Changes of the configuration",
					initiation: "TLS towards servers",
					proxy: "TLS inspection",
					"selected-profile": "Only profiles with enable-flow-tracing",
					termination: "TLS towards clients",
				}),
			},
		}),
	},
});

const common = {
	"protocol-version": leaf(protocolVersions, {
		help: protocolVersionHelp("Versions that are offered; 1.2 and 1.3 when absent"),
	}),
	"preferred-ciphers": preferredCiphers,
	"custom-ciphers": cipherList("The suites of preferred-ciphers custom, best first"),
	groups: groupList("Key exchange groups, best first"),
};

const tracing = {
	"enable-session-cache": flag({ help: "Resume sessions" }),
	"enable-flow-tracing": flag({
		help: "Trace sessions of this profile with the flag selected-profile",
		engine: "not-yet",
	}),
};

const initiation = list({
	help: "How TLS is made to a server: to a log collector or an ICAP server, and behind a plaintext listener",
	keys: { name: name() },
	children: {
		...common,
		"client-certificate": leaf(certificateReference, {
			help: "Certificate that is presented to servers that ask",
			engine: "not-yet",
		}),
		"trusted-ca": leafList(configuredAuthorities, { help: "Who may vouch for servers", default: ["all"] }),
		...tracing,
		actions: container({
			help: "What happens in special cases",
			children: {
				"ignore-server-auth-failure": flag({
					help: {
						what: "Go on whatever is wrong with the server's certificate",
						loosened: "danger: anybody on the way to the server can impersonate it",
					},
				}),
				crl: { ...crlActions, engine: "not-yet" as const },
			},
		}),
	},
});

const termination = list({
	help: "How TLS is taken from clients: of an offloading listener, a log receiver or the console",
	keys: { name: name() },
	children: {
		...common,
		"server-certificate": leafList(certificateReference, {
			help: "Certificates, chosen by the name that the client asks for; the first when none fits",
			maxValues: 1_000,
			mandatory: true,
		}),
		"disable-ocsp-stapling": flag({
			help: "Staple no OCSP responses to these certificates; where one names a responder they are fetched and stapled for clients that ask",
		}),
		"client-authentication": clientAuthentication,
		...tracing,
	},
});

export const tlsSchema = container({
	help: "Configuration",
	children: {
		services: container({
			help: "Services",
			children: {
				ssl: container({
					help: "TLS",
					permission: "ssl-inspection-management",
					children: {
						traceoptions,
						initiation: container({ help: "TLS towards servers", children: { profile: initiation } }),
						termination: container({ help: "TLS towards clients", children: { profile: termination } }),
					},
				}),
			},
		}),
	},
});

export type TlsConfig = Snapshot<typeof tlsSchema>;

/** What a commit says about TLS profiles. */
export function verifyTls(config: TlsConfig): readonly Finding[] {
	const { ssl } = config.services;
	const path = ["services", "ssl"];
	const findings: Finding[] = [...verifyTraceFile([...path, "traceoptions", "file"], ssl.traceoptions.file)];
	for (const [profileName, profile] of ssl.initiation.profile) {
		const at = [...path, "initiation", "profile", profileName];
		findings.push(...verifyStandAlone(at, profile));
		if (!profile.actions.ignoreServerAuthFailure) continue;
		const message = "danger: servers are not authenticated, and an impostor is not noticed";
		findings.push(warning([...at, "actions"], "ignore-server-auth-failure", message));
	}
	for (const [profileName, profile] of ssl.termination.profile) {
		const at = [...path, "termination", "profile", profileName];
		findings.push(...verifyStandAlone(at, profile), ...verifyClientAuthentication(at, profile.clientAuthentication));
	}
	return findings;
}

/** What a profile of one leg says of it; strong suites and TLS 1.2 and 1.3 where it says nothing. */
export function standAloneStatements(profile: OneLeg): LegStatements {
	const { protocolVersion: versions, preferredCiphers: preferred, customCiphers: custom, groups } = profile;
	return { grade: "strict", versions, preferred, custom, groups };
}

type OneLeg = Pick<
	NonNullable<ReturnType<TlsConfig["services"]["ssl"]["termination"]["profile"]["get"]>>,
	"protocolVersion" | "preferredCiphers" | "customCiphers" | "groups"
>;

function verifyStandAlone(path: readonly string[], profile: OneLeg): readonly Finding[] {
	const { customCiphers, preferredCiphers: preferred } = profile;
	return [
		...verifyCipherList(path, "custom-ciphers", customCiphers, preferred),
		...verifyLeg(path, "protocol-version", standAloneStatements(profile)),
		...(preferred === "custom" && customCiphers.length === 0 ? [error(path, "preferred-ciphers", noCustom)] : []),
	];
}

const noCustom = "custom needs 'custom-ciphers'";
