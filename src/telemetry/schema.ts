/** `security log event-store`: how long records are kept. */
import { integer } from "#config/leaf-types.ts";
import { container, leaf, type Snapshot } from "#config/schema.ts";

export const telemetrySchema = container({
	help: "Configuration",
	children: {
		security: container({
			help: "Security",
			children: {
				log: container({
					help: "Records and logs",
					children: {
						"event-store": container({
							help: "The local store of session records and events",
							children: {
								retention: leaf(integer({ min: 1, max: 3_650, unit: "days" }), {
									help: "How long records are kept",
									default: 30,
								}),
								"maximum-size": leaf(integer({ min: 1, max: 1_048_576, unit: "mebibytes" }), {
									help: "Size of the store above which the oldest records go",
									default: 1_024,
								}),
							},
						}),
					},
				}),
			},
		}),
	},
});

export type TelemetryConfig = Snapshot<typeof telemetrySchema>;
