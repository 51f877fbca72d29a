import { Alert, Button, Flex, Select } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { Quiet } from "@/parts/Quiet";
import { useWords } from "./words";

interface Props {
  template: string;
  channel: Schema["TextWritten"]["channel"];
  body: string;
  /** As whom it is rendered; a sample, if it isn't said. */
  customer: string | undefined;
  disabled: boolean;
}

/** Sends what is written to oneself, by the way that every message takes. */
export function TestSend({ template, channel, body, customer, disabled }: Props) {
  const words = useWords();
  const addresses = api.useQuery("get", "/v1/texts/test", {}, { staleTime: 60_000 });
  const send = api.useMutation("post", "/v1/texts/test");
  const [chosen, setChosen] = useState<string>();
  const mine = (addresses.data ?? []).filter((each) => each.channel === channel);
  const to = mine.find((each) => each.to === chosen)?.to ?? mine[0]?.to;
  const refused: unknown = send.error;
  const went = send.data && send.data.status !== "not_sent" && send.data.status !== "failed";
  return (
    <section aria-label={words.test} style={{ marginTop: 24 }}>
      <h2 style={{ fontSize: 15, fontWeight: 600, margin: "0 0 8px" }}>{words.test}</h2>
      <Flex vertical gap={8} align="start">
        <Quiet small>{addresses.data && to === undefined ? words.testNone : words.testAbout}</Quiet>
        {to !== undefined && (
          <Flex gap={8} wrap>
            <Select
              aria-label={words.testTo}
              value={to}
              style={{ minWidth: 230 }}
              options={mine.map((each) => ({
                value: each.to,
                label: each.own ? words.ownPhone(each.to) : words.shopAddress(each.to),
              }))}
              onChange={setChosen}
            />
            <Button
              loading={send.isPending}
              disabled={disabled || body.trim() === ""}
              onClick={() => {
                const asked = { template, channel, body, to };
                send.mutate({ body: customer === undefined ? asked : { ...asked, customer } });
              }}
            >
              {words.send}
            </Button>
          </Flex>
        )}
        {send.data && (
          <Alert
            showIcon
            type={went ? "success" : "warning"}
            title={
              went
                ? words.tested(send.data.to, send.data.provider ?? words.sandbox)
                : words.notSent(send.data.reason ?? send.data.status)
            }
          />
        )}
        {refused instanceof ApiProblem && (
          <Alert
            showIcon
            type="error"
            title={words.notSent(refused.errors[0]?.detail ?? (refused.detail || refused.message))}
          />
        )}
      </Flex>
    </section>
  );
}
