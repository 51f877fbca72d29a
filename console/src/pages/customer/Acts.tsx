import { DownOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Checkbox, Dropdown, Flex, Input, Modal } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { useWords } from "./words";

type Customer = Schema["CustomerState"];
type Act = "merge" | "split" | "erase";

/** What can be done to who a customer is: joined with another, split, exported, forgotten. */
export function Acts({ customer }: { customer: Customer }) {
  const words = useWords();
  const may = useMay();
  const [act, setAct] = useState<Act>();
  const path = `/v1/customers/${customer.id}`;
  const items = [
    ...(may("customers.join")
      ? [
          { key: "merge", label: words.merge },
          { key: "split", label: words.split, disabled: customer.identifiers.length < 2 },
        ]
      : []),
    ...(may("customers.export")
      ? [
          { key: "csv", label: <a href={`${path}/export.csv`} download={`customer-${customer.id}.csv`}>{words.exportCsv}</a> },
          { key: "json", label: <a href={`${path}/export`} download={`customer-${customer.id}.json`}>{words.exportJson}</a> },
        ]
      : []),
    ...(may("customers.erase") ? [{ key: "erase", label: words.erase, danger: true }] : []),
  ]; // prettier-ignore
  if (items.length === 0) return null;
  const close = () => {
    setAct(undefined);
  };
  return (
    <>
      <Dropdown
        trigger={["click"]}
        menu={{
          items,
          onClick: ({ key }) => {
            if (key === "merge" || key === "split" || key === "erase") setAct(key);
          },
        }}
      >
        <Button>
          {words.acts} <DownOutlined />
        </Button>
      </Dropdown>
      {act === "merge" && <Merge customer={customer} onClose={close} />}
      {act === "split" && <Split customer={customer} onClose={close} />}
      {act === "erase" && <Erase customer={customer} onClose={close} />}
    </>
  );
}

interface Props {
  customer: Customer;
  onClose: () => void;
}

const said = (error: unknown) =>
  error instanceof ApiProblem && error.status < 500 ? (error.errors[0]?.detail ?? error.detail) : undefined;

function Wrong({ error }: { error: unknown }) {
  const words = useWords();
  if (error === null) return null;
  const why = said(error);
  return why === undefined ? <Failure error={error} /> : <Quiet>{words.refused(why)}</Quiet>;
}

function Merge({ customer, onClose }: Props) {
  const words = useWords();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [other, setOther] = useState("");
  const [reason, setReason] = useState("");
  const { mutate, isPending, error } = api.useMutation("post", "/v1/customers/{id}/merge");
  return (
    <Modal
      open
      width={460}
      title={words.mergeTitle(customer.name ?? `#${customer.id}`)}
      okText={words.merge}
      cancelText={words.cancel}
      confirmLoading={isPending}
      okButtonProps={{ disabled: other.trim() === "" || reason.trim() === "" }}
      onCancel={onClose}
      onOk={() => {
        const params = { path: { id: String(customer.id) } };
        const named = other.trim();
        mutate(
          { params, body: { with: /^1\d{10}$/.test(named) ? `phone:${named}` : named, reason: reason.trim() } },
          {
            onSuccess: (joined) => {
              void queries.invalidateQueries();
              void navigate({ to: "/customers/$id", params: { id: String(joined.customer) } });
              onClose();
            },
          },
        );
      }}
    >
      <Flex vertical gap={12}>
        <span>{words.mergeAbout}</span>
        <Input
          aria-label={words.other}
          placeholder={words.otherHint}
          value={other}
          maxLength={300}
          onChange={(event) => {
            setOther(event.target.value);
          }}
        />
        <Reason value={reason} onChange={setReason} />
        <Wrong error={error} />
      </Flex>
    </Modal>
  );
}

function Split({ customer, onClose }: Props) {
  const words = useWords();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<number[]>([]);
  const [reason, setReason] = useState("");
  const { mutate, isPending, error } = api.useMutation("post", "/v1/customers/{id}/split");
  const few = chosen.length > 0 && chosen.length < customer.identifiers.length;
  return (
    <Modal
      open
      width={460}
      title={words.splitTitle(customer.name ?? `#${customer.id}`)}
      okText={words.split}
      cancelText={words.cancel}
      confirmLoading={isPending}
      okButtonProps={{ disabled: !few || reason.trim() === "" }}
      onCancel={onClose}
      onOk={() => {
        const identifiers = chosen.flatMap((place) => {
          const each = customer.identifiers[place];
          return each ? [`${each.kind}:${each.value}`] : [];
        });
        mutate(
          { params: { path: { id: String(customer.id) } }, body: { identifiers, reason: reason.trim() } },
          {
            onSuccess: () => {
              void queries.invalidateQueries();
              onClose();
            },
          },
        );
      }}
    >
      <Flex vertical gap={12}>
        <span>{words.splitAbout}</span>
        <Checkbox.Group
          value={chosen}
          onChange={setChosen}
          options={customer.identifiers.map((each, value) => ({
            value,
            label: `${words.kind(each.kind)} ${each.value}`,
          }))}
        />
        <Reason value={reason} onChange={setReason} />
        <Wrong error={error} />
      </Flex>
    </Modal>
  );
}

function Erase({ customer, onClose }: Props) {
  const words = useWords();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [sure, setSure] = useState(false);
  const { mutate, isPending, error } = api.useMutation("delete", "/v1/customers/{id}");
  return (
    <Modal
      open
      width={460}
      title={words.eraseTitle(customer.name ?? `#${customer.id}`)}
      okText={words.erase}
      cancelText={words.cancel}
      confirmLoading={isPending}
      okButtonProps={{ danger: true, disabled: !sure }}
      onCancel={onClose}
      onOk={() => {
        mutate(
          { params: { path: { id: String(customer.id) } } },
          {
            onSuccess: () => {
              void queries.invalidateQueries();
              void navigate({ to: "/customers" });
            },
          },
        );
      }}
    >
      <Flex vertical gap={12}>
        <span>{words.eraseAbout(customer.identifiers.length)}</span>
        <Checkbox
          checked={sure}
          onChange={(event) => {
            setSure(event.target.checked);
          }}
        >
          {words.eraseSure}
        </Checkbox>
        <Wrong error={error} />
      </Flex>
    </Modal>
  );
}

function Reason({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const words = useWords();
  return (
    <Input
      aria-label={words.reason}
      placeholder={words.reason}
      value={value}
      maxLength={500}
      onChange={(event) => {
        onChange(event.target.value);
      }}
    />
  );
}
