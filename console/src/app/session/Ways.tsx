import { Alert, Button, Divider, Flex } from "antd";
import { api } from "@/api/client";
import { useWords } from "../words";

/** The ways to sign in beside by a password, and what came of the last attempt by one of them. */
export function Ways({ beside = false }: { beside?: boolean }) {
  const words = useWords();
  const { data } = api.useQuery("get", "/v1/session/ways", {}, { staleTime: Infinity });
  const why = new URLSearchParams(window.location.search).get("signin");
  const told = why === null || beside ? undefined : (words.signinFailed[why] ?? words.failed);
  return (
    <>
      {told && <Alert type="warning" showIcon title={told} style={{ marginBottom: 16 }} />}
      {data && data.length > 0 && (
        <Flex vertical gap={8} style={{ marginTop: 8 }}>
          <Divider plain style={{ margin: "8px 0" }}>
            {words.or}
          </Divider>
          {data.map(({ way, label }) => (
            <Button
              key={way}
              block
              size="large"
              href={`/v1/session/${way}`}
              {...(beside && { target: "_blank", rel: "noopener" })}
            >
              {words.signInBy(label)}
            </Button>
          ))}
        </Flex>
      )}
    </>
  );
}
