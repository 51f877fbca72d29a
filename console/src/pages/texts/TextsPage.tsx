import { Link, useNavigate } from "@tanstack/react-router";
import { Button, Empty, Flex, Input, Skeleton, Space, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { useChannels } from "@/parts/channels";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { useWords } from "./words";

const NAME = /^[\p{L}_][\p{L}\p{N}_-]{0,63}$/u;

/** The texts, with the channels that each is written for. */
export function TextsPage() {
  const words = useWords();
  const channels = useChannels();
  const may = useMay();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const { data, error, refetch } = api.useQuery("get", "/v1/texts");
  const columns: TableColumnsType<Schema["TextName"]> = [
    {
      title: words.template,
      key: "template",
      render: (_, row) => <bdi style={{ fontWeight: 500 }}>{row.template}</bdi>,
    },
    {
      title: words.channels,
      key: "channels",
      render: (_, row) => (
        <Flex gap={12} wrap>
          {row.channels.map((channel) => (
            <Link key={channel} to="/texts/$template/$channel" params={{ template: row.template, channel }}>
              {channels[channel] ?? channel}
            </Link>
          ))}
          {may("journeys.publish") &&
            Object.entries(channels)
              .filter(([name]) => !(row.channels as string[]).includes(name))
              .map(([name, called]) => (
                <Link key={name} to="/texts/$template/$channel" params={{ template: row.template, channel: name }}>
                  <Quiet small>+ {called}</Quiet>
                </Link>
              ))}
        </Flex>
      ),
    },
    {
      title: words.usedBy,
      key: "used",
      responsive: ["md"],
      render: (_, row) => <Quiet>{row.used_by.join("、") || words.unused}</Quiet>,
    },
  ];
  return (
    <Page
      title={words.title}
      about={words.about}
      actions={
        may("journeys.publish") && (
          <Space.Compact>
            <Input
              aria-label={words.newName}
              placeholder={words.newName}
              value={name}
              maxLength={64}
              style={{ width: 260 }}
              onChange={(event) => {
                setName(event.target.value);
              }}
            />
            <Button
              disabled={!NAME.test(name)}
              onClick={() => {
                void navigate({ to: "/texts/$template/$channel", params: { template: name, channel: "sms" } });
              }}
            >
              {words.make}
            </Button>
          </Space.Compact>
        )
      }
    >
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data?.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none}>
          <Quiet>{words.noneAbout}</Quiet>
        </Empty>
      )}
      {data && data.length > 0 && <Table rowKey="template" columns={columns} dataSource={data} pagination={false} />}
    </Page>
  );
}
