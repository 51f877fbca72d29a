import { CheckCircleOutlined, ExclamationCircleOutlined } from "@ant-design/icons";
import { Flex, Skeleton, Table, type TableColumnsType, theme } from "antd";
import { api, type Schema } from "@/api/client";
import { useIdentifierKinds } from "@/parts/identifiers";
import { Failure } from "@/parts/Failure";
import { useJourneyTime } from "@/parts/clock";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useWords } from "./words";

type Account = Schema["AccountState"];

export default function Channels() {
  const words = useWords();
  const channels = api.useQuery("get", "/v1/channels");
  const accounts = api.useQuery("get", "/v1/accounts", {}, { refetchInterval: 10_000 });
  const kinds = useIdentifierKinds();
  const error: unknown = channels.error ?? accounts.error;
  const columns: TableColumnsType<Schema["ChannelState"]> = [
    { title: words.channel, key: "channel", render: (_, row) => <span style={{ fontWeight: 500 }}>{row.name}</span> },
    {
      title: words.provider,
      key: "provider",
      render: (_, row) => row.provider ?? <Quiet>{words.sandbox}</Quiet>,
    },
    {
      title: words.address,
      key: "address",
      responsive: ["md"],
      render: (_, row) => <Quiet>{kinds[row.address] ?? row.address}</Quiet>,
    },
  ];
  return (
    <Flex vertical gap={24}>
      {error !== null && (!channels.data || !accounts.data) && <Failure error={error} />}
      {error === null && !channels.data && <Skeleton active paragraph={{ rows: 4 }} title={false} />}
      {channels.data && <Table rowKey="channel" columns={columns} dataSource={channels.data} pagination={false} />}
      {accounts.data && <Accounts rows={accounts.data} />}
    </Flex>
  );
}

function Accounts({ rows }: { rows: Account[] }) {
  const words = useWords();
  const { token } = theme.useToken();
  const now = useJourneyTime();
  const columns: TableColumnsType<Account> = [
    { title: words.account, key: "name", render: (_, row) => <bdi>{row.name}</bdi> },
    {
      title: words.state,
      key: "state",
      render: (_, row) => {
        const held = row.held_until && now !== null && new Date(row.held_until).getTime() > now;
        if (!held && row.failures === 0)
          return (
            <>
              <CheckCircleOutlined style={{ color: token.colorSuccess }} /> {words.healthy}
            </>
          );
        return (
          <span style={{ color: held ? token.colorError : token.colorWarning }}>
            <ExclamationCircleOutlined />{" "}
            {held ? words.heldUntil(instant(row.held_until ?? "")) : words.failing(count(row.failures))}
          </span>
        );
      },
    },
    { title: words.reason, key: "reason", responsive: ["md"], render: (_, row) => <bdi>{row.reason}</bdi> },
  ];
  return (
    <section>
      <h2 style={{ fontSize: 15, fontWeight: 600, margin: "0 0 8px" }}>{words.accounts}</h2>
      {rows.length === 0 ? (
        <Quiet>{words.noAccounts}</Quiet>
      ) : (
        <Table rowKey="name" columns={columns} dataSource={rows} pagination={false} />
      )}
    </section>
  );
}
