import { PlusOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Empty, Flex, Form, Input, Modal, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { Secret } from "./Secret";
import { useWords } from "./words";

type Key = Schema["KeyState"];

export default function Keys() {
  const words = useWords();
  const [making, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Key>();
  const [secret, setSecret] = useState<string>();
  const { data, error, refetch } = api.useQuery("get", "/v1/keys");
  const columns: TableColumnsType<Key> = [
    { title: words.keyName, key: "name", render: (_, row) => <bdi style={{ fontWeight: 500 }}>{row.name}</bdi> },
    { title: words.scopes, key: "scopes", render: (_, row) => <Quiet small>{row.scopes.join("、")}</Quiet> },
    {
      title: words.created,
      key: "created",
      width: 150,
      responsive: ["md"],
      render: (_, row) => instant(row.created_at),
    },
    {
      key: "act",
      width: 110,
      align: "right",
      render: (_, row) =>
        row.revoked_at ? (
          <Quiet small>{words.revoked}</Quiet>
        ) : (
          <Button
            size="small"
            danger
            onClick={() => {
              setRevoked(row);
            }}
          >
            {words.revoke}
          </Button>
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
          setMaking(true);
        }}
      >
        {words.addKey}
      </Button>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 4 }} title={false} />}
      {data?.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.noKeys} />}
      {data && data.length > 0 && (
        <Table rowKey="id" columns={columns} dataSource={data} pagination={{ pageSize: 50, hideOnSinglePage: true }} />
      )}
      {making && (
        <MakeKey
          onMade={setSecret}
          onClose={() => {
            setMaking(false);
          }}
        />
      )}
      {revoked && (
        <Revoke
          apiKey={revoked}
          onClose={() => {
            setRevoked(undefined);
          }}
        />
      )}
      {secret !== undefined && (
        <Secret
          title={words.secretTitle}
          about={words.secretAbout}
          secret={secret}
          onClose={() => {
            setSecret(undefined);
          }}
        />
      )}
    </Flex>
  );
}

function MakeKey({ onMade, onClose }: { onMade: (secret: string) => void; onClose: () => void }) {
  const words = useWords();
  const queries = useQueryClient();
  const [form] = Form.useForm<{ name: string; scopes: string[] }>();
  const { mutate, isPending, error } = api.useMutation("post", "/v1/keys");
  const needed = [{ required: true, message: words.needed }];
  return (
    <Modal
      open
      width={440}
      title={words.addKey}
      okText={words.add}
      cancelText={words.cancel}
      confirmLoading={isPending}
      onCancel={onClose}
      onOk={() => {
        form.submit();
      }}
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(body) => {
          mutate(
            { body },
            {
              onSuccess: (made) => {
                void queries.invalidateQueries();
                onMade(made.secret);
                onClose();
              },
            },
          );
        }}
      >
        <Form.Item name="name" label={words.keyName} rules={needed}>
          <Input maxLength={100} autoFocus />
        </Form.Item>
        <Form.Item
          name="scopes"
          label={words.scopes}
          rules={[{ type: "array", min: 1, message: words.needed }]}
          initialValue={[]}
        >
          <Checkbox.Group>
            <Flex vertical gap={6}>
              {Object.entries(words.scopeSets).map(([scope, label]) => (
                <Checkbox key={scope} value={scope}>
                  {label}
                </Checkbox>
              ))}
            </Flex>
          </Checkbox.Group>
        </Form.Item>
        {error !== null && <Failure error={error} />}
      </Form>
    </Modal>
  );
}

function Revoke({ apiKey, onClose }: { apiKey: Key; onClose: () => void }) {
  const words = useWords();
  const queries = useQueryClient();
  const { mutate, isPending, error } = api.useMutation("delete", "/v1/keys/{id}");
  return (
    <Modal
      open
      width={420}
      title={words.revokeAsk(apiKey.name)}
      okText={words.revoke}
      okButtonProps={{ danger: true }}
      cancelText={words.cancel}
      confirmLoading={isPending}
      onCancel={onClose}
      onOk={() => {
        mutate(
          { params: { path: { id: apiKey.id } } },
          {
            onSuccess: () => {
              void queries.invalidateQueries();
              onClose();
            },
          },
        );
      }}
    >
      <p>{words.revokeAbout}</p>
      {error !== null && <Failure error={error} />}
    </Modal>
  );
}
