/** The flow that a datagram listener makes of a client: one that is opened, or one that is not. */
import type { DatagramPlan } from "#proxy/compile-datagram.ts";
import type { DatagramFlow, FlowPorts } from "#proxy/datagram-flow.ts";
import type { DtlsResources } from "#proxy/dtls-resources.ts";
import { OpenedFlow } from "#proxy/opened-flow.ts";
import { PassedFlow } from "#proxy/passed-flow.ts";
import type { SessionClient, SessionContext } from "#proxy/session-event.ts";

export function beginFlow(
	id: string,
	{ way, flow }: Pick<DatagramPlan, "way" | "flow">,
	client: SessionClient,
	context: SessionContext,
	resources: DtlsResources,
	ports: FlowPorts,
	now: number,
): DatagramFlow {
	if (way.kind === "pass-through") return new PassedFlow(id, client, context, flow, ports, now);
	return new OpenedFlow(id, client, context, flow.idleMs, resources, ports, now);
}
