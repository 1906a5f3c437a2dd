/** The configuration of records and logs: `security log` and `system syslog`. */
import type { Finding } from "#config/finding.ts";
import { container, type Snapshot } from "#config/schema.ts";
import { securityLog, verifySecurityLog } from "#telemetry/log-schema.ts";
import { systemSyslog } from "#telemetry/syslog-schema.ts";

export const telemetrySchema = container({
	help: "Configuration",
	children: {
		system: container({ help: "System", permission: "system", children: { syslog: systemSyslog } }),
		security: container({ help: "Security", permission: "security", children: { log: securityLog } }),
	},
});

export type TelemetryConfig = Snapshot<typeof telemetrySchema>;

/** What a commit says about logs. */
export function verifyTelemetry(config: TelemetryConfig): readonly Finding[] {
	return verifySecurityLog(config.security.log);
}
