/** `services gateway onboarding`: the page that helps clients to trust the gateway's CA. */
import { text } from "#config/leaf-types.ts";
import { hostEndpoint, hostName } from "#config/network-types.ts";
import { container, flag, leaf } from "#config/schema.ts";

export const onboarding = container({
	help: "Page on which clients get the gateway's CA, the steps that make them trust it, and a test",
	children: {
		disable: flag({ help: "No page; requests for it are answered as every request other than CONNECT" }),
		"host-name": leaf(hostName(), {
			help: {
				what: "Name under which the explicit proxy answers it itself; check.NAME is the test",
				loosened: "danger: a name that others use is taken from them for every client of the proxy",
			},
			default: "sallyport.test",
		}),
		"proxy-address": leaf(hostEndpoint(), {
			help: "Address and port that clients are told to use as their proxy; those that they reached when absent",
		}),
		contact: leaf(text({ min: 1, max: 200 }), { help: "Whom people may ask, as the page shows it" }),
	},
});
