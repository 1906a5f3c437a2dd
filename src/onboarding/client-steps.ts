/**
 * How each kind of client comes to trust the gateway's CA: one table, from which the onboarding page, `sallyport
 * trust-commands` and the guide are made, and whose commands the tests follow as they stand.
 *
 * Words in braces are filled in by `fillIn`. Commands go on in the folder that the certificate was saved in.
 */

export type StepFamily = "system" | "browser" | "program";

/** One thing to do. */
export interface ClientStep {
	readonly says: string;
	/** Commands as they are typed. */
	readonly run?: string;
	/** A file to write. */
	readonly file?: { readonly path: string; readonly text: string };
	/** In place of the step before, not behind it. */
	readonly isAlternative?: true;
}

/** All there is to do for one kind of client. */
export interface ClientSteps {
	/** For `--for NAME` and links. */
	readonly name: string;
	readonly title: string;
	readonly family: StepFamily;
	/** What to know before or beside. */
	readonly note?: string;
	/** The file that the steps begin with: taken from the page. */
	readonly needs?: OfferedFile;
	readonly steps: readonly ClientStep[];
	/** A command that prints `trusted` when it is done; otherwise the test is opened in the client. */
	readonly check?: string;
}

/** The files that the page offers. */
export type OfferedFile = "sallyport-ca.pem" | "sallyport-ca.crt" | "sallyport-ca.p12" | "sallyport-ca.mobileconfig";

/** What stands for the words in braces. */
export interface StepValues {
	/** Address and port of the explicit proxy. */
	readonly proxy: string;
	readonly proxyHost: string;
	readonly proxyPort: string;
	/** `http://sallyport.test/` */
	readonly page: string;
	/** `https://check.sallyport.test/` */
	readonly check: string;
	/** Of the DER certificate, lower-case hexadecimal. */
	readonly sha256: string;
	readonly sha1: string;
}

/** The text with its words in braces filled in. Values hold no quotes and no blanks: they go into commands. */
export function fillIn(text: string, values: StepValues): string {
	return text.replaceAll(/\{(\w+)\}/g, (whole, word: string) =>
		Object.hasOwn(values, word) ? values[word as keyof StepValues] : whole,
	);
}

/** The command that saves a file of the page in the current folder. */
export function saveCommand(file: OfferedFile): string {
	return `curl -fsS --proxy http://{proxy} -O {page}${file}`;
}

/** The commands that print a certificate's fingerprint, for the comparison that every way begins with. */
export const compareCommands: readonly { readonly where: string; readonly run: string }[] = [
	{ where: "Linux, macOS", run: "openssl x509 -in sallyport-ca.pem -noout -fingerprint -sha256" },
	{ where: "Windows", run: "certutil -hashfile sallyport-ca.crt SHA256" },
];

export const familyTitles: Readonly<Record<StepFamily, string>> = {
	system: "Operating systems",
	browser: "Browsers",
	program: "Programs and languages",
};

export const clientSteps: readonly ClientSteps[] = [
	{
		name: "windows",
		title: "Windows, one computer",
		family: "system",
		needs: "sallyport-ca.crt",
		note: "Edge, Chrome and most programs use the store of Windows. Firefox does, too, unless its policy says otherwise.",
		steps: [
			{ says: "In a command prompt opened as administrator:", run: "certutil -addstore -f Root sallyport-ca.crt" },
			{
				says: "Or, for the current user only:",
				run: "certutil -user -addstore Root sallyport-ca.crt",
				isAlternative: true,
			},
		],
		check: "curl.exe --ssl-no-revoke --proxy http://{proxy} {check}trust.txt",
	},
	{
		name: "windows-gpo",
		title: "Windows, a whole domain (Group Policy)",
		family: "system",
		needs: "sallyport-ca.crt",
		steps: [
			{
				says: "In Group Policy Management, edit a policy that is linked to the computers: Computer Configuration > Policies > Windows Settings > Security Settings > Public Key Policies > Trusted Root Certification Authorities > Import, and choose the file.",
			},
			{
				says: "Or publish it for every computer of the forest, as an enterprise administrator:",
				run: "certutil -dspublish -f sallyport-ca.crt RootCA",
				isAlternative: true,
			},
			{
				says: "On a client, have the policy applied and look whether the certificate is there:",
				run: "gpupdate /force\ncertutil -store Root {sha1}",
			},
		],
	},
	{
		name: "macos",
		title: "macOS",
		family: "system",
		needs: "sallyport-ca.pem",
		note: "Safari, Chrome and most programs use the system keychain. For many computers give sallyport-ca.mobileconfig to the device management.",
		steps: [
			{
				says: "In a terminal:",
				run: "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain sallyport-ca.pem",
			},
		],
		check: "curl --proxy http://{proxy} {check}trust.txt",
	},
	{
		name: "debian",
		title: "Linux: Debian, Ubuntu",
		family: "system",
		needs: "sallyport-ca.pem",
		note: "For curl, git, wget, Python's ssl, Go and whatever else reads /etc/ssl/certs. Browsers, Node, Java and Python's requests have stores of their own.",
		steps: [
			{
				says: "The name must end in .crt:",
				run: "sudo cp sallyport-ca.pem /usr/local/share/ca-certificates/sallyport-ca.crt\nsudo update-ca-certificates",
			},
		],
		check: "curl --proxy http://{proxy} {check}trust.txt",
	},
	{
		name: "fedora",
		title: "Linux: Fedora, RHEL, Rocky, Alma",
		family: "system",
		needs: "sallyport-ca.pem",
		steps: [
			{
				says: "In a terminal:",
				run: "sudo cp sallyport-ca.pem /etc/pki/ca-trust/source/anchors/\nsudo update-ca-trust",
			},
		],
		check: "curl --proxy http://{proxy} {check}trust.txt",
	},
	{
		name: "ios",
		title: "iPhone and iPad",
		family: "system",
		needs: "sallyport-ca.mobileconfig",
		note: "Managed devices: give sallyport-ca.mobileconfig to the device management; then nobody needs to confirm anything.",
		steps: [
			{
				says: "Open this page in Safari and tap sallyport-ca.mobileconfig; allow the download.",
			},
			{ says: "Settings > General > VPN & Device Management > the profile > Install." },
			{ says: "Settings > General > About > Certificate Trust Settings: turn the certificate on." },
		],
	},
	{
		name: "android",
		title: "Android",
		family: "system",
		needs: "sallyport-ca.crt",
		note: "Browsers trust a certificate that the user installed. Other apps do only when they say so; on managed devices the device management can install it for all that follow its policy.",
		steps: [
			{ says: "Download sallyport-ca.crt." },
			{
				says: "Settings > Security and privacy > More security settings > Encryption & credentials > Install a certificate > CA certificate > Install anyway, and choose the file.",
			},
		],
	},
	{
		name: "firefox",
		title: "Firefox, by hand",
		family: "browser",
		needs: "sallyport-ca.crt",
		note: "On Windows and macOS Firefox also takes what the system trusts (about:preferences#privacy > Certificates).",
		steps: [
			{ says: "Open about:preferences#privacy, and there Certificates > View Certificates > Authorities > Import." },
			{ says: "Choose sallyport-ca.crt, and tick: Trust this CA to identify websites." },
		],
	},
	{
		name: "firefox-policies",
		title: "Firefox, by policy",
		family: "browser",
		needs: "sallyport-ca.pem",
		note: "The file lies in the folder distribution beside the program: on Windows beside firefox.exe, on macOS in Firefox.app/Contents/Resources. On Linux /etc/firefox/policies/policies.json does it for every Firefox. The proxy may stand in it, too.",
		steps: [
			{
				says: "Put the certificate where every user of the computer can read it, and name that place in policies.json:",
				file: {
					path: "distribution/policies.json",
					text: `{
  "policies": {
    "Certificates": {
      "ImportEnterpriseRoots": true,
      "Install": ["/usr/local/share/ca-certificates/sallyport-ca.pem"]
    },
    "Proxy": {
      "Mode": "manual",
      "HTTPProxy": "{proxy}",
      "UseHTTPProxyForAllProtocols": true
    }
  }
}
`,
				},
			},
			{ says: "Start Firefox anew. about:policies shows what it took up." },
		],
	},
	{
		name: "chromium-linux",
		title: "Chromium and Chrome on Linux",
		family: "browser",
		needs: "sallyport-ca.pem",
		note: "certutil is in the package libnss3-tools (Debian) or nss-tools (Fedora). On Windows and macOS these browsers use the system's store.",
		steps: [
			{
				says: "In a terminal, as the user of the browser:",
				run: `mkdir -p "$HOME/.pki/nssdb"
[ -f "$HOME/.pki/nssdb/cert9.db" ] || certutil -d "sql:$HOME/.pki/nssdb" -N --empty-password
certutil -d "sql:$HOME/.pki/nssdb" -A -n sallyport-ca -t C,, -i sallyport-ca.pem`,
			},
			{ says: "Start the browser anew." },
		],
	},
	{
		name: "node",
		title: "Node.js",
		family: "program",
		needs: "sallyport-ca.pem",
		note: "Where the operating system trusts the CA already, node --use-system-ca (or NODE_USE_SYSTEM_CA=1) does it from Node 22.19 and 24.6 on. NODE_USE_ENV_PROXY=1 has Node use HTTPS_PROXY from 22.21 and 24.5 on.",
		steps: [
			{
				says: "For every program that is started from this shell:",
				run: `export NODE_EXTRA_CA_CERTS="$PWD/sallyport-ca.pem"`,
			},
			{ says: "The proxy:", run: "export NODE_USE_ENV_PROXY=1 HTTPS_PROXY=http://{proxy}" },
		],
		check: `node -e 'fetch("{check}trust.txt").then((answer) => answer.text()).then(console.log)'`,
	},
	{
		name: "python",
		title: "Python and pip",
		family: "program",
		needs: "sallyport-ca.pem",
		note: "These variables replace what Python trusts otherwise: the bundle holds the public CAs, too, for sites that the gateway does not open. On Fedora the first file is /etc/pki/tls/certs/ca-bundle.crt.",
		steps: [
			{
				says: "One file of the public CAs and this one:",
				run: "cat /etc/ssl/certs/ca-certificates.crt sallyport-ca.pem > sallyport-bundle.pem",
			},
			{
				says: "For requests, for Python's ssl (urllib, aiohttp, httpx) and for pip:",
				run: `export REQUESTS_CA_BUNDLE="$PWD/sallyport-bundle.pem"
export SSL_CERT_FILE="$PWD/sallyport-bundle.pem"
export PIP_CERT="$PWD/sallyport-bundle.pem"`,
			},
			{ says: "The proxy:", run: "export HTTPS_PROXY=http://{proxy}" },
		],
		check: `python3 -c 'import urllib.request; print(urllib.request.urlopen("{check}trust.txt").read().decode())'`,
	},
	{
		name: "java",
		title: "Java",
		family: "program",
		needs: "sallyport-ca.crt",
		note: "changeit is the password that Java ships its store with. A JKS store is made the same way, with -deststoretype JKS.",
		steps: [
			{
				says: "A store of the public CAs that Java ships and this one:",
				run: `keytool -importkeystore -noprompt -srckeystore "$(dirname "$(dirname "$(readlink -f "$(command -v keytool)")")")/lib/security/cacerts" -srcstorepass changeit -destkeystore sallyport-truststore.p12 -deststoretype PKCS12 -deststorepass changeit
keytool -importcert -noprompt -alias sallyport-ca -file sallyport-ca.crt -keystore sallyport-truststore.p12 -storepass changeit`,
			},
			{
				says: "For every program that is started from this shell:",
				run: `export JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore=$PWD/sallyport-truststore.p12 -Djavax.net.ssl.trustStorePassword=changeit -Dhttps.proxyHost={proxyHost} -Dhttps.proxyPort={proxyPort}"`,
			},
			{
				says: "Or, as administrator, into the store of the installed Java:",
				run: "sudo keytool -importcert -noprompt -alias sallyport-ca -file sallyport-ca.crt -cacerts -storepass changeit",
				isAlternative: true,
			},
		],
		check: `cat > Check.java <<'END'
class Check {
	public static void main(String[] words) throws Exception {
		System.out.print(new String(new java.net.URL("{check}trust.txt").openStream().readAllBytes()));
	}
}
END
java Check.java`,
	},
	{
		name: "git",
		title: "git",
		family: "program",
		needs: "sallyport-ca.pem",
		note: "Not needed where the operating system trusts the CA: git uses its store. On Fedora the first file is /etc/pki/tls/certs/ca-bundle.crt.",
		steps: [
			{
				says: "One file of the public CAs and this one:",
				run: "cat /etc/ssl/certs/ca-certificates.crt sallyport-ca.pem > sallyport-bundle.pem",
			},
			{
				says: "For every repository of this user:",
				run: `git config --global http.sslCAInfo "$PWD/sallyport-bundle.pem"
git config --global http.proxy http://{proxy}`,
			},
		],
	},
	{
		name: "curl",
		title: "curl",
		family: "program",
		needs: "sallyport-ca.pem",
		note: "Not needed where the operating system trusts the CA.",
		steps: [
			{
				says: "For this shell:",
				run: `cat /etc/ssl/certs/ca-certificates.crt sallyport-ca.pem > sallyport-bundle.pem
export CURL_CA_BUNDLE="$PWD/sallyport-bundle.pem"
export https_proxy=http://{proxy}`,
			},
		],
		check: "curl {check}trust.txt",
	},
	{
		name: "docker",
		title: "Docker",
		family: "program",
		needs: "sallyport-ca.pem",
		note: "The engine, each image and each registry have trust of their own.",
		steps: [
			{
				says: "The engine, which pulls images: let the host trust the CA (see its operating system), tell the engine the proxy, and start it anew with: sudo systemctl restart docker",
				file: {
					path: "/etc/docker/daemon.json",
					text: `{
  "proxies": {
    "http-proxy": "http://{proxy}",
    "https-proxy": "http://{proxy}"
  }
}
`,
				},
			},
			{
				says: "Images that are built (Debian, Ubuntu, Alpine with ca-certificates), with the certificate beside the Dockerfile:",
				file: {
					path: "Dockerfile",
					text: `COPY sallyport-ca.pem /usr/local/share/ca-certificates/sallyport-ca.crt
RUN update-ca-certificates
ENV NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/sallyport-ca.crt
ENV REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
`,
				},
			},
			{
				says: "The proxy inside containers and builds:",
				file: {
					path: "~/.docker/config.json",
					text: `{
  "proxies": {
    "default": {
      "httpProxy": "http://{proxy}",
      "httpsProxy": "http://{proxy}"
    }
  }
}
`,
				},
			},
		],
	},
];

/** The row of that name. */
export function stepsFor(name: string): ClientSteps | undefined {
	return clientSteps.find((row) => row.name === name);
}
