import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Skeleton, Table, type TableColumnsType, Tag, Tooltip } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { OnPhone } from "@/parts/OnPhone";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { Secret } from "./Secret";
import { UserForm } from "./UserForm";
import { useWords } from "./words";

type User = Schema["UserState"];

export default function Users() {
  const words = useWords();
  const [edited, setEdited] = useState<User | "new">();
  const [invited, setInvited] = useState<User>();
  const { data, error, refetch } = api.useQuery("get", "/v1/users");
  const invite = api.useMutation("post", "/v1/users/{id}/link");
  const rolesOf = (user: User) => user.roles.map((role) => words.roles[role] ?? role).join("、");
  const columns: TableColumnsType<User> = [
    {
      title: words.name,
      key: "name",
      render: (_, row) => (
        <>
          <bdi style={{ fontWeight: 500 }}>{row.name}</bdi>{" "}
          {row.staff && (
            <Quiet small>
              <bdi>{row.staff}</bdi>
            </Quiet>
          )}
          <OnPhone>
            <Quiet small>{rolesOf(row)}</Quiet>
          </OnPhone>
        </>
      ),
    },
    { title: words.login, key: "login", responsive: ["md"], render: (_, row) => <bdi>{row.email ?? row.phone}</bdi> },
    {
      title: words.role,
      key: "roles",
      responsive: ["md"],
      render: (_, row) => rolesOf(row),
    },
    {
      title: words.state,
      key: "state",
      width: 110,
      render: (_, row) => (
        <Tag variant="filled" color={row.active ? "success" : "default"} style={{ margin: 0 }}>
          {row.active && !row.has_password ? (
            <Tooltip title={words.noPassword}>
              <span tabIndex={0}>{words.active}</span>
            </Tooltip>
          ) : row.active ? (
            words.active
          ) : (
            words.inactive
          )}
        </Tag>
      ),
    },
    { title: words.since, key: "since", width: 150, responsive: ["lg"], render: (_, row) => instant(row.created_at) },
    {
      key: "act",
      render: (_, row) => (
        <Flex gap={8} justify="end" wrap>
          <Button
            size="small"
            onClick={() => {
              setEdited(row);
            }}
          >
            {words.edit}
          </Button>
          {row.active && (
            <Button
              size="small"
              loading={invite.isPending && invited === row}
              onClick={() => {
                setInvited(row);
                invite.mutate({ params: { path: { id: row.id } } });
              }}
            >
              {words.link}
            </Button>
          )}
        </Flex>
      ),
    },
  ];
  return (
    <Flex vertical gap={12}>
      <Button
        type="primary"
        icon={<PlusOutlined />}
        style={{ alignSelf: "start" }}
        onClick={() => {
          setEdited("new");
        }}
      >
        {words.addUser}
      </Button>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {invite.error !== null && <Failure error={invite.error} />}
      {data && (
        <Table rowKey="id" columns={columns} dataSource={data} pagination={{ pageSize: 50, hideOnSinglePage: true }} />
      )}
      {edited && (
        <UserForm
          user={edited === "new" ? undefined : edited}
          onClose={() => {
            setEdited(undefined);
          }}
        />
      )}
      {invite.data && invited && (
        <Secret
          title={words.linkTitle(invited.name)}
          about={words.linkAbout}
          secret={`${window.location.origin}/console/enter#${invite.data.token}`}
          onClose={() => {
            invite.reset();
            setInvited(undefined);
          }}
        />
      )}
    </Flex>
  );
}
