import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Badge, Button, Collapse, Flex, Input, Popconfirm, Space } from "antd";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { Quiet } from "@/parts/Quiet";
import type { Edit } from "../useEditing";
import { type Field, Fields, One, pointer } from "./Fields";
import { useWords } from "./words";

interface Props {
  entry: Field;
  value: Record<string, unknown>;
  mistakes: Schema["Mistake"][];
  readOnly: boolean;
  /** What a new entry begins with, and what its name is asked for by. */
  begin: unknown;
  asked: string;
  onEdit: (edits: Edit[]) => void;
}

/** The entries of a document, by name: each is filled in, taken away, and more are added. */
export function Entries({ entry, value, mistakes, readOnly, begin, asked, onEdit }: Props) {
  const words = useWords();
  const [name, setName] = useState("");
  const [open, setOpen] = useState<string[]>([]);
  const names = Object.keys(value);
  const of = (key: string) => mistakes.filter((each) => `${each.at ?? ""}/`.startsWith(`/${pointer(key)}/`));
  const remove = (key: string) =>
    readOnly ? null : (
      <Popconfirm
        title={words.removeAsk}
        okText={words.remove(key)}
        cancelText={words.cancel}
        onConfirm={() => {
          onEdit([{ op: "remove", at: `/${pointer(key)}` }]);
        }}
      >
        <Button size="small" icon={<DeleteOutlined />}>
          {words.remove(called(value[key]) ?? key)}
        </Button>
      </Popconfirm>
    );
  const add = () => {
    const key = name.trim();
    if (key === "" || key in value) return;
    onEdit([{ op: "set", at: `/${pointer(key)}`, value: begin }]);
    setOpen([...open, key]);
    setName("");
  };
  return (
    <Flex vertical gap={14}>
      {entry.kind === "group" ? (
        <Collapse
          activeKey={open}
          onChange={(keys) => {
            setOpen(keys);
          }}
          items={names.map((key) => ({
            key,
            label: (
              <Flex gap={10} wrap>
                <bdi style={{ fontWeight: 500 }}>{called(value[key]) ?? key}</bdi>
                <Quiet>{key}</Quiet>
                {of(key).some((each) => each.severity === "error") && <Badge status="error" text={words.mistakes} />}
              </Flex>
            ),
            children: (
              <Flex vertical gap={14}>
                <Fields
                  fields={entry.fields}
                  value={value[key]}
                  at={`/${pointer(key)}`}
                  mistakes={mistakes}
                  readOnly={readOnly}
                  onEdit={onEdit}
                />
                <div>{remove(key)}</div>
              </Flex>
            ),
          }))}
        />
      ) : (
        names.map((key) => (
          <Flex key={key} gap={8} align="start">
            <div style={{ flex: 1 }}>
              <One
                field={{ ...entry, required: false }}
                label={key}
                value={value[key]}
                mistakes={of(key)}
                readOnly={readOnly}
                onChange={(next) => {
                  if (next !== undefined) onEdit([{ op: "set", at: `/${pointer(key)}`, value: next }]);
                }}
              />
            </div>
            {remove(key)}
          </Flex>
        ))
      )}
      {!readOnly && (
        <Space.Compact style={{ maxWidth: 460 }}>
          <Input
            aria-label={asked}
            placeholder={asked}
            value={name}
            maxLength={64}
            onChange={(event) => {
              setName(event.target.value);
            }}
            onPressEnter={add}
          />
          <Button icon={<PlusOutlined />} disabled={name.trim() === "" || name.trim() in value} onClick={add}>
            {words.add}
          </Button>
        </Space.Compact>
      )}
    </Flex>
  );
}

/** What people call an entry, if it says so. */
function called(value: unknown): string | undefined {
  const name = typeof value === "object" && value !== null ? (value as Record<string, unknown>).name : undefined;
  return typeof name === "string" ? name : undefined;
}
