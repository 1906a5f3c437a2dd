/** The commands of operational mode that the system answers, by the names that the grammar gives them. */
import type { HandlerRequest } from "#cli/connection-shell.ts";
import type { SystemHandler } from "#cli/operational-commands.ts";
import { clearCertificateCache, showCertificateCache } from "#daemon/certificate-cache-view.ts";
import { clearSessions } from "#daemon/clear-sessions.ts";
import { domainListHandlers } from "#daemon/domain-list-handlers.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import { idpHandlers } from "#daemon/idp-handlers.ts";
import { pkiHandlers } from "#daemon/pki-handlers.ts";
import { clearFeedMatches, showFeedMatches, showFeeds, updateFeeds } from "#daemon/show-intelligence.ts";
import { showInterfaceDevices } from "#daemon/show-interfaces.ts";
import { clearLearnedBypass, showLearnedBypass } from "#daemon/show-learned-bypass.ts";
import { clearLog, listLogs, showLog } from "#daemon/show-log.ts";
import { matchPolicies, testDecryption } from "#daemon/show-policy.ts";
import { showProfiles } from "#daemon/show-profiles.ts";
import {
	clearStatistics,
	explain,
	showCounters,
	showSessions,
	showStatistics,
	showStatus,
} from "#daemon/show-proxy.ts";
import { clearQuarantine, showQuarantine } from "#daemon/show-quarantine.ts";
import { clearPolicyHits, showPolicyHits, showSecurityPolicies } from "#daemon/show-security-policies.ts";
import { showAlarms, showProcesses, showStorage, showUptime, showUsers, showVersion } from "#daemon/show-system.ts";
import { vpnHandlers } from "#daemon/vpn-handlers.ts";

type Output = AsyncIterable<string> | Iterable<string>;

/** Runs one command; what it throws is the command's error. */
export function handleCommand(world: CommandWorld, request: HandlerRequest): Output {
	const output = handlers[request.handler](world, request);
	return typeof output === "string" ? [output] : output;
}

const handlers: Readonly<Record<SystemHandler, (world: CommandWorld, request: HandlerRequest) => Output | string>> = {
	...pkiHandlers,
	...domainListHandlers,
	...vpnHandlers,
	"clear-feed-matches": (world) => clearFeedMatches(world, Date.now()),
	...idpHandlers,
	"clear-log": ({ gateway }, { values }) => clearLog(gateway.state.log, values.file ?? ""),
	"clear-policy-hits": (world, { values }) => clearPolicyHits(world, values),
	"clear-proxy-certificate-cache": (world) => clearCertificateCache(world),
	"clear-proxy-sessions": clearSessions,
	"clear-quarantine": (world, { values }) => clearQuarantine(world, values.address),
	"clear-learned-bypass": (world, { values }) => clearLearnedBypass(world, values.server),
	"clear-proxy-statistics": (world) => clearStatistics(world),
	"explain-session": (world, { values, isJson }) => explain(world, values, isJson),
	logout: (world, request) => logout(world, request),
	"match-policies": (world, { values }) => once(matchPolicies(world, values)),
	"rescue-delete": ({ gateway }) => {
		gateway.configuration.deleteRescue();
		return "";
	},
	"rescue-save": ({ gateway }) => {
		gateway.configuration.saveRescue();
		return "";
	},
	restart: (world, { values }) => restart(world, values.worker),
	"show-alarms": (world) => showAlarms(world),
	"show-commit": ({ gateway }) => gateway.configuration.history().map((line) => `${line}\n`),
	"show-feed-matches": (world, { isJson }) => showFeedMatches(world, isJson),
	"show-feeds": (world, { values, isJson }) => showFeeds(world, values, isJson, Date.now()),
	"show-interface-devices": (world) => showInterfaceDevices(world),
	"show-quarantine": (world, { isJson }) => showQuarantine(world, isJson),
	"show-learned-bypass": (world, { isJson }) => showLearnedBypass(world, isJson),
	"show-log": ({ gateway }, { values }) => showLog(gateway.state.log, values.file ?? ""),
	"show-log-files": ({ gateway }) => listLogs(gateway.state.log),
	"show-policies": (world, { values }) => showSecurityPolicies(world, values, Date.now()),
	"show-policy-hits": (world, { values, isJson }) => showPolicyHits(world, values, isJson),
	"show-processes": (world, { values }) => showProcesses(world, values.extensive !== undefined),
	"show-proxy-certificate-cache": (world, request) => showCertificateCache(world, request),
	"show-proxy-counters": (world, { isJson }) => showCounters(world, isJson),
	"show-proxy-profiles": (world, { values }) => showProfiles(world, values.detail !== undefined),
	"show-proxy-sessions": (world, { values, isJson, columns }) => showSessions(world, values, isJson, columns),
	"show-proxy-statistics": (world, { isJson }) => showStatistics(world, isJson),
	"show-proxy-status": (world) => showStatus(world),
	"show-storage": (world) => showStorage(world),
	"show-uptime": (world, { isJson }) => showUptime(world, isJson),
	"show-users": (world, { isJson }) => showUsers(world, isJson),
	"show-version": (_, { isJson }) => showVersion(isJson),
	"test-decryption-policy": (world, { values }) => once(testDecryption(world, values)),
	"update-feeds": (world, { values }) => updateFeeds(world, values["feed-name"]),
};

async function* once(text: Promise<string>): AsyncIterable<string> {
	yield await text;
}

/** `request system logout`: the one who asks stays. */
function logout(world: CommandWorld, { values, identity }: HandlerRequest): string {
	const count = world.evict(
		({ identity: other }) =>
			other.id !== identity.id &&
			(values.pid === undefined ? other.user === values.user : other.processId === Number(values.pid)),
		`Session ended by ${identity.user}\n`,
	);
	if (count === 0)
		throw new Error(`no other session of ${values.pid === undefined ? values.user : `process ${values.pid}`}`);
	return `${count} session${count === 1 ? "" : "s"} ended\n`;
}

function restart({ gateway }: CommandWorld, worker: string | undefined): string {
	const count = gateway.restartWorkers(worker === undefined ? undefined : Number(worker));
	if (count === 0) throw new Error(`no worker ${worker ?? ""} runs`);
	return `${count} worker${count === 1 ? "" : "s"} restarted\n`;
}
