import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Flex, Grid, Input, Modal, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { useMay } from "./me";
import { Quiet } from "./Quiet";
import { instant } from "./time";
import { makeWords, record } from "./words";

const useWords = makeWords({
  zh: {
    done: "已完成",
    due: "截止",
    owner: "负责人",
    department: "部门",
    what: "要做什么",
    finish: "完成",
    note: "结果（可不填）",
    noTasks: "没有待办",
    noNames: "未指定",
    save: "保存",
    cancel: "取消",
    failed: "没能保存，请重试。",
    departments: record({ product: "产品", supply: "供应链", marketing: "市场", live: "直播", service: "客服" }),
  },
  en: {
    done: "Done",
    due: "Due",
    owner: "Whose",
    department: "Department",
    what: "What to do",
    finish: "Done",
    note: "What came of it (optional)",
    noTasks: "Nothing to do",
    noNames: "nobody's yet",
    save: "Save",
    cancel: "Cancel",
    failed: "It couldn't be saved; try again.",
    departments: record({
      product: "product",
      supply: "supply",
      marketing: "marketing",
      live: "shows",
      service: "service",
    }),
  },
});

type Task = Schema["TaskState"];

/** Tasks with whose they are and by when; whoever may says that one is done. */
export function TaskTable({ rows }: { rows: Task[] }) {
  const words = useWords();
  const may = useMay();
  const wide = Grid.useBreakpoint().md ?? true;
  const [asked, setAsked] = useState<Task>();
  const columns: TableColumnsType<Task> = [
    {
      title: words.what,
      key: "text",
      render: (_, row) => (
        <>
          <bdi>{row.text}</bdi> {row.note && <Quiet small>{row.note}</Quiet>}
          {!wide && (
            <div>
              <Quiet small>
                {[words.departments[row.department], row.owner ?? words.noNames, row.due_on].join(" · ")}
              </Quiet>
            </div>
          )}
        </>
      ),
    },
    {
      title: words.department,
      key: "department",
      width: 90,
      responsive: ["md"],
      render: (_, row) => words.departments[row.department],
    },
    {
      title: words.owner,
      key: "owner",
      width: 110,
      responsive: ["md"],
      render: (_, row) => row.owner ?? <Quiet>{words.noNames}</Quiet>,
    },
    { title: words.due, key: "due", width: 120, responsive: ["md"], render: (_, row) => row.due_on },
    {
      key: "act",
      width: wide ? 150 : 90,
      render: (_, row) =>
        row.done_at ? (
          <Quiet small>
            {words.done} {instant(row.done_at)}
          </Quiet>
        ) : (
          may("voice.edit") && (
            <Button
              size="small"
              onClick={() => {
                setAsked(row);
              }}
            >
              {words.finish}
            </Button>
          )
        ),
    },
  ];
  return (
    <>
      <Table
        rowKey="id"
        size="small"
        columns={columns}
        dataSource={rows}
        pagination={false}
        locale={{ emptyText: words.noTasks }}
      />
      {asked && (
        <Finish
          key={asked.id}
          task={asked}
          onClose={() => {
            setAsked(undefined);
          }}
        />
      )}
    </>
  );
}

function Finish({ task, onClose }: { task: Task; onClose: () => void }) {
  const words = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const { mutate, isPending } = api.useMutation("post", "/v1/tasks/{id}/finish", {
    onSuccess: async () => {
      await queries.invalidateQueries();
      onClose();
    },
    onError: () => message.error(words.failed),
  });
  return (
    <Modal
      open
      title={words.finish}
      okText={words.save}
      cancelText={words.cancel}
      confirmLoading={isPending}
      onCancel={onClose}
      onOk={() => {
        mutate({ params: { path: { id: task.id } }, body: note ? { note } : {} });
      }}
    >
      <Flex vertical gap={12}>
        <bdi>{task.text}</bdi>
        <Input.TextArea
          aria-label={words.note}
          placeholder={words.note}
          maxLength={1000}
          value={note}
          onChange={(event) => {
            setNote(event.target.value);
          }}
        />
      </Flex>
    </Modal>
  );
}
