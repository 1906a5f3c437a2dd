/** No proxy: the client goes straight to the origin. What the proxies' latency is compared with. */
import { versionLine } from "../processes.ts";
import type { SubjectKind } from "../subject.ts";

export const direct: SubjectKind = {
	name: "direct",
	version: () => versionLine("nginx", ["-v"])?.replace("nginx version: ", "") ?? "absent",
	missing: () => (versionLine("nginx", ["-v"]) === undefined ? "nginx is absent; install nginx-light" : undefined),
	start: async ({ originCaFile, originPorts }) => ({
		name: "direct",
		pids: () => [],
		stop: async () => undefined,
		target: (face) => ({
			kind: "direct",
			host: "127.0.0.1",
			port: originPorts[face],
			originPort: originPorts[face],
			caFile: originCaFile,
		}),
	}),
};
