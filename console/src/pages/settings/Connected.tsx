import { Alert, Button, Drawer, Empty, Flex, Skeleton, Table, type TableColumnsType, theme } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useConnectedWords } from "./connectedWords";

type Connector = Schema["ConnectorState"];
type Output = Schema["OutputState"];

/** How far the connected systems have come, and what was set aside of them. */
export default function Connected() {
  const words = useConnectedWords();
  const [name, setName] = useState<string>();
  const found = api.useQuery("get", "/v1/connectors", {}, { refetchInterval: 10_000 });
  if (found.error && !found.data) return <Failure error={found.error} />;
  if (!found.data) return <Skeleton active paragraph={{ rows: 4 }} title={false} />;
  const { connectors, outputs } = found.data;
  if (connectors.length + outputs.length === 0)
    return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.nothing} />;
  const columns: TableColumnsType<Connector> = [
    {
      title: words.connector,
      key: "connector",
      render: (_, row) => (
        <>
          <bdi style={{ fontWeight: 500 }}>{row.connector}</bdi> <Quiet>{words.kinds[row.kind] ?? row.kind}</Quiet>
        </>
      ),
    },
    { title: words.state, key: "state", render: (_, row) => <State error={row.error} at={row.last_at} /> },
    { title: words.reached, key: "reached", responsive: ["md"], render: (_, row) => <bdi>{row.reached ?? ""}</bdi> },
    { title: words.events, key: "events", align: "end", render: (_, row) => count(row.events) },
    {
      title: words.setAside,
      key: "set_aside",
      align: "end",
      render: (_, row) =>
        row.set_aside === 0 ? (
          count(0)
        ) : (
          <Button
            type="link"
            size="small"
            onClick={() => {
              setName(row.connector);
            }}
          >
            {count(row.set_aside)}
          </Button>
        ),
    },
  ];
  const going: TableColumnsType<Output> = [
    {
      title: words.output,
      key: "output",
      render: (_, row) => (
        <>
          <bdi style={{ fontWeight: 500 }}>{row.output}</bdi> <Quiet>{words.streams[row.stream] ?? row.stream}</Quiet>
        </>
      ),
    },
    { title: words.state, key: "state", render: (_, row) => <State error={row.error} at={row.last_at} /> },
    { title: words.sent, key: "sent", align: "end", render: (_, row) => count(row.sent) },
  ];
  return (
    <Flex vertical gap={24}>
      {connectors.length > 0 && (
        <Table rowKey="connector" columns={columns} dataSource={connectors} pagination={false} />
      )}
      {outputs.length > 0 && (
        <Table
          rowKey={(row) => `${row.output}/${row.stream}`}
          columns={going}
          dataSource={outputs}
          pagination={false}
        />
      )}
      <Drawer
        open={name !== undefined}
        title={words.asideOf(name ?? "")}
        onClose={() => {
          setName(undefined);
        }}
      >
        {name !== undefined && <Aside name={name} />}
      </Drawer>
    </Flex>
  );
}

function State({ error, at }: { error: string | null | undefined; at: string | null | undefined }) {
  const words = useConnectedWords();
  const { token } = theme.useToken();
  if (error) return <span style={{ color: token.colorError }}>{error}</span>;
  return at ? <>{words.lastAt(instant(at))}</> : <Quiet>{words.notYet}</Quiet>;
}

function Aside({ name }: { name: string }) {
  const words = useConnectedWords();
  const found = api.useQuery("get", "/v1/connectors/{name}/rows", { params: { path: { name } } });
  if (found.error && !found.data) return <Failure error={found.error} />;
  if (!found.data) return <Skeleton active paragraph={{ rows: 4 }} title={false} />;
  return (
    <Flex vertical gap={12}>
      <Quiet>{words.asideAbout}</Quiet>
      {found.data.rows.map((row) => (
        <Alert
          key={row.id}
          type="warning"
          title={<bdi>{row.key}</bdi>}
          description={
            <>
              {row.field}: {row.detail} <Quiet>{instant(row.at)}</Quiet>
            </>
          }
        />
      ))}
    </Flex>
  );
}
