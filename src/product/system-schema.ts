/** `system`: the host itself, its users and its management. */
import type { Finding } from "#config/finding.ts";
import { hashedSecret, text } from "#config/leaf-types.ts";
import { address, fileName, hostName } from "#config/network-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";
import { login, verifyLogin } from "#product/login-schema.ts";
import { services, verifyManagement } from "#product/management-schema.ts";

const script = list({
	help: "A script of a Junos device",
	order: "user",
	keys: { name: fileName() },
	commitWarning: "scripts of Junos are not run; what they check or change is not done",
	children: { optional: flag({ help: "Commit even when the file is not there" }) },
});

export const systemSchema = container({
	help: "Configuration",
	children: {
		system: container({
			help: "System",
			permission: "system",
			children: {
				"host-name": leaf(hostName(), { help: "Name of this host, in prompts and logs; that of Linux when absent" }),
				"domain-name": leaf(hostName(), { help: "Domain of this host", engine: "not-yet" }),
				"domain-search": leafList(hostName(), { help: "Domains that short names are looked up in", engine: "not-yet" }),
				"name-server": list({
					help: "A name server; the system's resolver when absent",
					order: "user",
					keys: { name: address() },
					engine: "not-yet",
				}),
				"time-zone": leaf(text({ min: 1, max: 64, placeholder: "Area/City" }), {
					help: "Time zone of what is shown; that of Linux when absent",
					engine: "not-yet",
				}),
				"root-authentication": container({
					help: "Password of root",
					permission: "admin",
					engine: "not-yet",
					children: { "encrypted-password": leaf(hashedSecret(), { help: "Hash of the password" }) },
				}),
				scripts: container({
					help: "Scripts",
					permission: "maintenance",
					children: {
						commit: container({ help: "Run at each commit", children: { file: script } }),
						op: container({ help: "Run as commands", children: { file: script } }),
					},
				}),
				login,
				services,
			},
		}),
	},
});

export type SystemConfig = Snapshot<typeof systemSchema>;

/** What a commit says about the host, its users and its management. */
export function verifySystem({ system }: SystemConfig): readonly Finding[] {
	return [...verifyLogin(system.login), ...verifyManagement(system.services)];
}
