import { ExclamationCircleOutlined, InfoCircleOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Empty, Flex, Skeleton, Tag, theme } from "antd";
import type { ReactNode } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { needsOf } from "./needs";
import { useWords } from "./words";

export function TodayPage() {
  const words = useWords();
  const { data, error, refetch } = api.useQuery("get", "/v1/today", {}, { refetchInterval: 10_000 });
  return (
    <Page title={words.title}>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && (
        <Flex vertical gap={32}>
          <Needs today={data} />
          <Part title={words.show}>
            {data.show ? (
              <Show show={data.show} />
            ) : (
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.noShow}>
                <Quiet>{words.noShowAbout}</Quiet>
              </Empty>
            )}
          </Part>
        </Flex>
      )}
    </Page>
  );
}

function Part({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <section>
      <h2 style={{ fontSize: 15, fontWeight: 600, margin: "0 0 8px" }}>{title}</h2>
      {children}
    </section>
  );
}

function Needs({ today }: { today: Schema["Today"] }) {
  const words = useWords();
  const { token } = theme.useToken();
  const needs = needsOf(today, words);
  return (
    <Part title={needs.length > 0 ? `${words.needs} · ${needs.length}` : words.needs}>
      {needs.length === 0 ? (
        <div style={{ padding: "12px 0" }}>
          <div>{words.nothing}</div>
          <Quiet small>{words.nothingAbout}</Quiet>
        </div>
      ) : (
        <ul style={{ margin: 0, padding: 0, listStyle: "none", borderTop: `1px solid ${token.colorBorderSecondary}` }}>
          {needs.map((need) => (
            <li key={need.key} style={{ padding: "9px 0", borderBottom: `1px solid ${token.colorBorderSecondary}` }}>
              <Flex gap={10} align="center">
                <span style={{ color: need.urgent ? token.colorError : token.colorWarning }}>
                  {need.urgent ? <ExclamationCircleOutlined /> : <InfoCircleOutlined />}
                </span>
                <bdi style={{ flex: 1 }}>{need.words}</bdi>
                {need.to && (
                  <Link to={need.to} params={need.params ?? {}} search={need.search ?? {}}>
                    {need.act}
                  </Link>
                )}
              </Flex>
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

function Show({ show }: { show: Schema["LastShow"] }) {
  const words = useWords();
  const { token } = theme.useToken();
  const figures = [
    [words.units, show.units],
    [words.entered, show.entered],
    [words.sent, show.sent],
    [words.goals, show.goals],
  ] as const;
  const cell = { padding: "7px 0", borderBottom: `1px solid ${token.colorBorderSecondary}` };
  return (
    <Flex vertical gap={16}>
      <Flex gap={8} align="center" wrap>
        <Link to="/shows/$id" params={{ id: show.stream_id }}>
          <bdi>{show.title ?? show.stream_id}</bdi>
        </Link>
        <Tag variant="filled" color={show.ended_at ? "default" : "success"} style={{ margin: 0 }}>
          {show.ended_at ? words.ended : words.live}
        </Tag>
        <Quiet small>{words.began(instant(show.starts_at))}</Quiet>
      </Flex>
      <Flex gap={48} wrap>
        {figures.map(
          ([label, n]) =>
            n !== null && (
              <div key={label}>
                <Quiet small>{label}</Quiet>
                <div style={{ fontSize: 24, lineHeight: "32px", fontWeight: 600 }}>{count(n)}</div>
              </div>
            ),
        )}
      </Flex>
      {show.entered !== null && <Quiet small>{words.since}</Quiet>}
      {show.best.length > 0 && (
        <table style={{ borderCollapse: "collapse", maxWidth: 640 }}>
          <thead>
            <tr style={{ color: token.colorTextSecondary, textAlign: "start" }}>
              <th style={{ ...cell, textAlign: "start", fontWeight: 400 }}>{words.product}</th>
              <th style={{ ...cell, textAlign: "end", fontWeight: 400, width: 110 }}>{words.sold}</th>
              <th style={{ ...cell, textAlign: "end", fontWeight: 400, width: 110 }}>{words.left}</th>
            </tr>
          </thead>
          <tbody>
            {show.best.map((each) => (
              <tr key={each.sku}>
                <td style={cell}>
                  <bdi>{each.name ?? each.sku}</bdi>
                </td>
                <td style={{ ...cell, textAlign: "end" }}>{count(each.sold)}</td>
                <td style={{ ...cell, textAlign: "end" }}>
                  {each.left === null ? <Quiet>{words.unknownLeft}</Quiet> : count(each.left)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Flex>
  );
}
