/** `sensor-configuration packet-log`: how much of a worker packet logs may take. */
import type { IdpConfig } from "#inspect/idp-schema.ts";

export interface PacketLogSettings {
	/** Of the sessions that a worker may hold. */
	readonly sessionsPercent: number;
	/** Of the host's memory, by all workers together. */
	readonly memoryPercent: number;
}

export function compilePacketLog({ sensorConfiguration }: IdpConfig): PacketLogSettings {
	const { maxSessions, totalMemory } = sensorConfiguration.packetLog;
	return { sessionsPercent: maxSessions, memoryPercent: totalMemory };
}
