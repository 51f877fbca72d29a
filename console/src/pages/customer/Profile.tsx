import { Link } from "@tanstack/react-router";
import { Flex, Tag } from "antd";
import type { ReactNode } from "react";
import { api, type Schema } from "@/api/client";
import { useChannels } from "@/parts/channels";
import { Figures } from "@/parts/Figures";
import { yuan } from "@/parts/money";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { Conflicts } from "./Conflicts";
import { Line } from "./Line";
import { useWords } from "./words";

/** Who a customer is: what names them, what is known and worked out of them, what they allow. */
export function Profile({ customer }: { customer: Schema["CustomerState"] }) {
  const words = useWords();
  const lang = useLanguage();
  const channels = useChannels();
  const path = { id: String(customer.id) };
  const measures = api.useQuery("get", "/v1/customers/{id}/measures", { params: { path, query: { lang } } });
  const known = Object.entries(customer.fields).filter(([, value]) => value !== null && typeof value !== "object");
  return (
    <Flex vertical gap={24}>
      <Figures
        items={[
          [words.orders, count(customer.orders)],
          [words.spent, words.yuan(yuan(customer.spent))],
          [words.lastOrder, customer.last_order_at ? day(customer.last_order_at) : "–"],
        ]}
      />
      <Conflicts customer={customer.id} />
      <Part title={words.identifiers}>
        {customer.identifiers.map((each) => (
          <Line key={`${each.kind}:${each.value}`}>
            <Flex justify="space-between" gap={8}>
              <Quiet>{words.kind(each.kind)}</Quiet>
              <bdi style={{ textAlign: "end" }}>{each.value}</bdi>
            </Flex>
            <Quiet small>
              {[
                each.since && words.since(day(each.since)),
                each.source && words.source(each.source),
                each.last_seen && words.lastSeen(day(each.last_seen)),
              ]
                .filter(Boolean)
                .join(" · ")}
            </Quiet>
          </Line>
        ))}
        {customer.joins.map((each, place) => (
          <Line key={place}>
            {each.undone_at ? (
              <Link to="/customers/$id" params={{ id: String(each.customer) }}>
                {words.apart(each.customer)}
              </Link>
            ) : (
              words.joined(each.customer)
            )}
            <div>
              <Quiet small>
                {instant(each.at)} ·{" "}
                {each.evidence.length > 0
                  ? words.evidence(each.evidence.map(words.named).join("、"))
                  : words.byHand(each.by ?? "", each.reason ?? "")}
              </Quiet>
            </div>
          </Line>
        ))}
      </Part>
      <Part title={words.tags}>
        {customer.tags.length === 0 && <Quiet>{words.noTags}</Quiet>}
        <Flex gap={6} wrap>
          {customer.tags.map((each) => (
            <Tag key={each} variant="filled" style={{ margin: 0 }}>
              <bdi>{each}</bdi>
            </Tag>
          ))}
        </Flex>
      </Part>
      {measures.data && measures.data.length > 0 && (
        <Part title={words.measures}>
          {measures.data.map((each) => (
            <Line key={each.name}>
              <Flex justify="space-between" gap={8}>
                <span>{each.name}</span>
                <strong>{each.value ?? "–"}</strong>
              </Flex>
              <Quiet small>{each.about}</Quiet>
            </Line>
          ))}
        </Part>
      )}
      <Part title={words.consents}>
        {customer.consents.length === 0 && <Quiet>{words.noConsents}</Quiet>}
        {customer.consents.map((each) => (
          <Line key={`${each.channel} ${each.purpose}`}>
            <Flex justify="space-between" gap={8}>
              <span>
                {channels[each.channel] ?? each.channel} · {words.purposes[each.purpose] ?? each.purpose}
              </span>
              <Tag variant="filled" color={each.given ? "success" : "default"} style={{ margin: 0 }}>
                {each.given ? words.given : words.withdrawn}
              </Tag>
            </Flex>
            <Quiet small>
              {instant(each.at)}
              {each.source && ` · ${each.source}`}
            </Quiet>
          </Line>
        ))}
      </Part>
      {known.length > 0 && (
        <Part title={words.fields}>
          {known.map(([name, value]) => (
            <Line key={name}>
              <Flex justify="space-between" gap={8}>
                <Quiet>{words.field[name] ?? name}</Quiet>
                <bdi style={{ textAlign: "end" }}>{shown(name, value)}</bdi>
              </Flex>
            </Line>
          ))}
        </Part>
      )}
    </Flex>
  );
}

const day = (at: string) => instant(at).slice(0, 10);

/** What is foretold is a chance or an amount in fen. */
function shown(name: string, value: unknown): string {
  if (typeof value !== "number") return String(value);
  if (name === "likely_to_buy") return `${Math.round(value * 100)}%`;
  return name === "expected_value" ? yuan(value) : count(value);
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h2 style={{ fontSize: 14, fontWeight: 600, margin: "0 0 4px" }}>{title}</h2>
      {children}
    </section>
  );
}
