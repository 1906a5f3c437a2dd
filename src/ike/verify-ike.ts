/** What a commit says about `security ike`. */
import { error, type Finding, warning } from "#config/finding.ts";
import { parseNamePart } from "#ike/auth/name-pattern.ts";
import {
	type AdditionalKeyExchange,
	type Ike,
	type IkeGateway,
	type IkePolicy,
	isCertificateSet,
} from "#ike/ike-schema.ts";
import { takenLogNames, traceFileOf, traceTopics } from "#ike/trace-plan.ts";
import { verifyTraceFile } from "#telemetry/trace-file.ts";

/** Proposals, policies and gateways, each by itself and with those it names. */
export function verifyIke(ike: Ike): readonly Finding[] {
	const path = ["security", "ike"];
	const findings: Finding[] = [...verifyTraceFile([...path, "traceoptions", "file"], ike.traceoptions.file)];
	findings.push(...verifyTrace([...path, "traceoptions"], ike));
	for (const [proposalName, { encryptionAlgorithm, authenticationAlgorithm, ...one }] of ike.proposal) {
		findings.push(...verifyExchanges([...path, "proposal", proposalName], one.dhGroup, one.additionalKeyExchange));
		if (authenticationAlgorithm !== undefined || encryptionAlgorithm.endsWith("-gcm")) continue;
		const at = [...path, "proposal", proposalName];
		findings.push(error(at, undefined, "missing mandatory statement: 'authentication-algorithm'"));
	}
	for (const [policyName, policy] of ike.policy)
		findings.push(...verifyPolicy([...path, "policy", policyName], policy, ike));
	for (const [gatewayName, gateway] of ike.gateway)
		findings.push(...verifyGateway([...path, "gateway", gatewayName], gateway, ike));
	return findings;
}

/** Each exchange once: a second one of the same kind adds nothing, and no peer may agree to it (RFC 9370 §2.2.1). */
export function verifyExchanges(
	path: readonly string[],
	group: string,
	further: AdditionalKeyExchange | undefined,
): readonly Finding[] {
	const methods: readonly string[] = further === undefined ? [] : [group, ...further.methods];
	const twice = methods.find((name, index) => methods.indexOf(name) !== index);
	if (twice === undefined) return [];
	return [
		error([...path, "additional-key-exchange"], "methods", `${twice} stands there twice; name each exchange once`),
	];
}

/** Logs of the gateway are no trace files, and some flags have nothing to tell. */
function verifyTrace(path: readonly string[], ike: Ike): readonly Finding[] {
	const { name } = traceFileOf(ike);
	const silent = [...ike.traceoptions.flag.keys()].filter((flag) => flag !== "all" && !isTopic(flag));
	return [
		...(takenLogNames.has(name) ? [error([...path, "file"], undefined, `${name} is a log of the gateway`)] : []),
		...(ike.traceoptions.keyLog
			? [warning(path, "key-log", "danger: keys are written to a file; delete this statement when the search is over")]
			: []),
		...silent.map((flag) => warning(path, "flag", `${flag} has nothing to tell; nothing acts on it in this version`)),
	];
}

function isTopic(flag: string): boolean {
	return (traceTopics as readonly string[]).includes(flag);
}

function verifyPolicy(path: readonly string[], policy: IkePolicy, { proposal, gateway }: Ike): readonly Finding[] {
	const { proposals, preSharedKey, certificate, mode } = policy;
	const named = proposals.flatMap((name) => proposal.get(name) ?? []);
	const methods = named.map(({ authenticationMethod }) => authenticationMethod);
	const isBySet = isCertificateSet(policy.proposalSet);
	const usesKeys = (policy.proposalSet !== undefined && !isBySet) || methods.includes("pre-shared-keys");
	const usesCertificates = isBySet || methods.some((method) => method !== "pre-shared-keys");
	const hasKey = preSharedKey.asciiText !== undefined || preSharedKey.hexadecimal !== undefined;
	const findings: Finding[] = [];
	if (usesKeys && !hasKey) findings.push(error(path, "pre-shared-key", "is missing: a proposal authenticates by it"));
	const gateways = [...gateway.values()].filter(({ ikePolicy }) => ikePolicy === path.at(-1));
	// Who is a user of EAP needs no certificate of its own.
	const isUser = gateways.length > 0 && gateways.every(({ aaa }) => aaa?.client !== undefined);
	if (usesCertificates && certificate.localCertificate === undefined && !isUser)
		findings.push(error(path, "certificate", "'local-certificate' is missing: a proposal authenticates by signatures"));
	const groups = new Set(named.map(({ dhGroup }) => dhGroup));
	if (groups.size > 1) {
		const message = `the proposals have different groups (${[...groups].join(", ")}); use one, the same as the peer`;
		findings.push(warning(path, "proposals", message));
	}
	if (mode === "aggressive" && usesKeys) {
		const message = "danger: aggressive with pre-shared keys lets who records one negotiation guess the key offline";
		findings.push(warning(path, "mode", message));
	}
	return findings;
}

/** This end asks, in one way or two, or it is asked. */
function verifyWays(
	path: readonly string[],
	{ accessProfile, eapTls, client }: NonNullable<IkeGateway["aaa"]>,
): readonly Finding[] {
	const asks = accessProfile !== undefined || eapTls;
	if (!asks && client === undefined)
		return [error(path, undefined, "lets nobody in; set 'access-profile', 'eap-tls' or 'client'")];
	if (asks && client !== undefined)
		return [
			error(path, "client", "cannot stand beside 'access-profile' or 'eap-tls': one end asks, the other is asked"),
		];
	return [];
}

function verifyGateway(path: readonly string[], gateway: IkeGateway, { policy }: Ike): readonly Finding[] {
	const { version, deadPeerDetection, xauth, aaa, dynamic } = gateway;
	const findings: Finding[] = [];
	if (gateway.mobike && version !== "v2-only") findings.push(error(path, "mobike", "is of IKEv2; set version v2-only"));
	if (aaa !== undefined && version !== "v2-only") findings.push(error(path, "aaa", "is of IKEv2; set version v2-only"));
	if (aaa !== undefined) findings.push(...verifyWays([...path, "aaa"], aaa));
	if (aaa?.client !== undefined && dynamic !== undefined)
		findings.push(error(path, "aaa", "this end is the user, who has to begin: the peer needs an 'address'"));
	if (version === "v2-only" && deadPeerDetection !== undefined && deadPeerDetection.threshold !== 5)
		findings.push(warning([...path, "dead-peer-detection"], "threshold", "is not used: it is always 5 for IKEv2"));
	if (version === "v2-only" && xauth !== undefined)
		findings.push(error(path, "xauth", "is of IKEv1; set version v1-only"));
	const usesKey = policy.get(gateway.ikePolicy)?.preSharedKey;
	const isMain = policy.get(gateway.ikePolicy)?.mode === "main";
	const hasKey = usesKey?.asciiText !== undefined || usesKey?.hexadecimal !== undefined;
	if (
		dynamic !== undefined &&
		version === "v1-only" &&
		hasKey &&
		isMain &&
		dynamic.inet === undefined &&
		dynamic.inet6 === undefined
	) {
		const message = `its identity is not known in time in mode main; set security ike policy ${gateway.ikePolicy} mode aggressive`;
		findings.push(error(path, "dynamic", message));
	}
	findings.push(...verifySubject([...path, "remote-identity", "distinguished-name"], gateway.remoteIdentity));
	findings.push(...verifySubject([...path, "dynamic", "distinguished-name"], dynamic));
	if (gateway.generalIkeid && gateway.remoteIdentity.distinguishedName !== undefined)
		findings.push(warning(path, "general-ikeid", "makes 'remote-identity' without effect"));
	return findings;
}

/** Fields of a distinguished name that can be read, and are some. */
function verifySubject(
	path: readonly string[],
	named: Pick<IkeGateway["remoteIdentity"], "distinguishedName"> | undefined,
): readonly Finding[] {
	const subject = named?.distinguishedName;
	if (subject === undefined) return [];
	if (subject.container === undefined && subject.wildcard === undefined)
		return [warning(path, undefined, "danger: every holder of one of the authority's certificates is let in")];
	return (["container", "wildcard"] as const).flatMap((statement) => {
		const parsed = subject[statement] === undefined ? [] : parseNamePart(subject[statement]);
		return "problem" in parsed ? [error(path, statement, parsed.problem)] : [];
	});
}
