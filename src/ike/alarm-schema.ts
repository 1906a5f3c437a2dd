/** `security alarms`: which repeated failures raise an alarm. */
import { integer } from "#config/leaf-types.ts";
import { container, flag, leaf } from "#config/schema.ts";

const counted = (what: string, min: 0 | 1, threshold: number) =>
	container({
		help: `Alarm when there are more ${what} than the threshold`,
		presence: true,
		children: {
			threshold: leaf(integer({ min, max: 1_000_000_000, placeholder: "number" }), {
				help: { what: "So many raise no alarm", loosened: "danger: an attack stays unnoticed so much longer" },
				default: threshold,
			}),
		},
	});

export const alarms = container({
	help: "Which failures raise an alarm",
	engine: "not-yet",
	children: {
		audible: flag({ help: "Every new alarm beeps" }),
		"potential-violation": container({
			help: "Failures that may come from an attack",
			children: {
				authentication: leaf(integer({ min: 0, max: 1_000_000_000, placeholder: "failures" }), {
					help: "Alarm when more packets or users than this failed to authenticate",
				}),
				"cryptographic-self-test": flag({ help: "Alarm when a self-test of cryptography fails" }),
				"decryption-failures": counted("failed decryptions", 0, 1_000),
				"encryption-failures": counted("failed encryptions", 1, 1_000),
				idp: flag({ help: "Alarm on attacks that intrusion detection finds" }),
				"ike-phase1-failures": counted("failed negotiations of phase 1", 1, 20),
				"ike-phase2-failures": counted("failed negotiations of phase 2", 1, 20),
				"key-generation-self-test": flag({ help: "Alarm when a self-test of key generation fails" }),
				"non-cryptographic-self-test": flag({ help: "Alarm when another self-test fails" }),
				"replay-attacks": counted("replayed packets", 0, 1_000),
			},
		}),
	},
});
