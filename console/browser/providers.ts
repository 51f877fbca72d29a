import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";

const CLIENT = { id: "aftershow", secret: "s3cret" };
/** Of whom both providers say that they are there: a marketer by email, a guide by what WeCom calls them. */
const EMAIL = "marketer@aftershow.local";
const STAFF = "guide-lin";

const base64url = (value: string | Buffer) => Buffer.from(value).toString("base64url");

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const part of request) text += String(part);
  return new URLSearchParams(text);
}

/** An identity provider (OpenID Connect) and WeCom, as far as signing in asks of them, on one address. */
export async function playProviders(): Promise<{ url: string; server: Server; environment: Record<string, string> }> {
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { ...keys.publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" };
  const attempts = new Map<string, URLSearchParams>();
  let url = "";

  const token = (form: URLSearchParams) => {
    const asked = attempts.get(form.get("code") ?? "");
    const digest = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (asked?.get("code_challenge") !== digest || form.get("client_secret") !== CLIENT.secret)
      return { error: "invalid_grant" };
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: url, aud: CLIENT.id, sub: "1", iat: now, exp: now + 300, nonce: asked.get("nonce") };
    const head = base64url(JSON.stringify({ alg: "RS256", kid: "one" }));
    const body = base64url(JSON.stringify({ ...claims, email: EMAIL, email_verified: true }));
    return {
      id_token: `${head}.${body}.${base64url(sign("sha256", Buffer.from(`${head}.${body}`), keys.privateKey))}`,
    };
  };

  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, searchParams } = new URL(request.url ?? "", url);
      const form = await formOf(request);
      if (pathname === "/authorize") {
        const code = randomUUID();
        attempts.set(code, searchParams);
        const state = searchParams.get("state") ?? "";
        response.writeHead(302, { location: `${searchParams.get("redirect_uri")}?code=${code}&state=${state}` }).end();
        return;
      }
      const answers: Record<string, () => unknown> = {
        "/.well-known/openid-configuration": () => ({
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          jwks_uri: `${url}/keys`,
        }),
        "/token": () => token(form),
        "/keys": () => ({ keys: [jwk] }),
        "/cgi-bin/gettoken": () => ({ errcode: 0, errmsg: "ok", access_token: "t", expires_in: 7200 }),
        "/cgi-bin/auth/getuserinfo": () => ({ errcode: 0, errmsg: "ok", userid: STAFF }),
      };
      response.writeHead(pathname in answers ? 200 : 404, { "content-type": "application/json" });
      response.end(JSON.stringify(answers[pathname]?.() ?? {}));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  return {
    url,
    server,
    environment: {
      AFTERSHOW_OIDC_ISSUER: url,
      AFTERSHOW_OIDC_CLIENT_ID: CLIENT.id,
      AFTERSHOW_OIDC_CLIENT_SECRET: CLIENT.secret,
      AFTERSHOW_WECOM_CORP_ID: "ww1",
      AFTERSHOW_WECOM_SECRET: "s3cret",
      AFTERSHOW_WECOM_AGENT_ID: "1000002",
      AFTERSHOW_WECOM_TOKEN: "token",
      AFTERSHOW_WECOM_ENCODING_AES_KEY: Buffer.alloc(32, 7).toString("base64").slice(0, 43),
      AFTERSHOW_WECOM_BASE_URL: url,
    },
  };
}
