/** Describes the machine on which the figures were taken. */
import { readFileSync } from "node:fs";
import os from "node:os";
import { versionLine } from "./processes.ts";

export interface Machine {
	readonly cpu: string;
	readonly cores: number;
	readonly memoryGibibytes: number;
	readonly kernel: string;
	readonly distribution: string;
	readonly node: string;
	readonly nodeOpenssl: string;
	readonly openssl: string;
	/** Load of the last minute before the first measurement: what else was running. */
	readonly loadAverage: number;
}

/** Reads it from the system. */
export function describeMachine(): Machine {
	const cpuInfo = readFileSync("/proc/cpuinfo", "utf8");
	return {
		cpu: /^model name\s*:\s*(.+)$/m.exec(cpuInfo)?.[1] ?? os.arch(),
		cores: os.availableParallelism(),
		memoryGibibytes: Math.round(os.totalmem() / 2 ** 30),
		kernel: `${os.type()} ${os.release()}`,
		distribution: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown",
		node: process.version,
		nodeOpenssl: process.versions.openssl,
		openssl: versionLine("openssl", ["version"])?.replace(/ \(Library.*$/, "") ?? "absent",
		loadAverage: Math.round((os.loadavg()[0] ?? 0) * 100) / 100,
	};
}
