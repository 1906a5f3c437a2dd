/** The applications that are there without being configured, by the names Junos gives them. */
export const predefinedApplications: ReadonlyMap<string, { readonly from: number; readonly to: number }> = new Map([
	["junos-http", { from: 80, to: 80 }],
	["junos-https", { from: 443, to: 443 }],
	["junos-imaps", { from: 993, to: 993 }],
	["junos-pop3s", { from: 995, to: 995 }],
	["junos-smtps", { from: 465, to: 465 }],
	["junos-ldaps", { from: 636, to: 636 }],
]);
