import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Flex, Input, Modal, Segmented, Skeleton, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useWords } from "./words";

type Task = Schema["TaskState"];
const PATH = "/v1/tasks";

/** What departments are to do, because of a show or of what is said; all, or those of one show. */
export function Tasks({ stream }: { stream?: string }) {
  const words = useWords();
  const may = useMay();
  const [done, setDone] = useState(false);
  const [asked, setAsked] = useState<Task>();
  const { data, error, refetch } = api.useQuery("get", PATH, {
    params: { query: { limit: 200, ...(stream === undefined ? { done } : { stream }) } },
  });
  const columns: TableColumnsType<Task> = [
    {
      title: words.what,
      key: "text",
      render: (_, row) => (
        <>
          <bdi>{row.text}</bdi> {row.note && <Quiet small>{row.note}</Quiet>}
        </>
      ),
    },
    { title: words.department, key: "department", width: 90, render: (_, row) => words.departments[row.department] },
    {
      title: words.owner,
      key: "owner",
      width: 110,
      responsive: ["md"],
      render: (_, row) => row.owner ?? <Quiet>{words.noNames}</Quiet>,
    },
    { title: words.due, key: "due", width: 120, render: (_, row) => row.due_on },
    {
      key: "act",
      width: 150,
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
    <Flex vertical gap={16}>
      {stream === undefined && (
        <Segmented
          aria-label={words.tasks}
          style={{ alignSelf: "start" }}
          value={done}
          options={[
            { value: false, label: words.open },
            { value: true, label: words.done },
          ]}
          onChange={setDone}
        />
      )}
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 4 }} title={false} />}
      {data && (
        <Table
          rowKey="id"
          size="small"
          columns={columns}
          dataSource={data.tasks}
          pagination={false}
          locale={{ emptyText: words.noTasks }}
        />
      )}
      {asked && (
        <Finish
          key={asked.id}
          task={asked}
          onClose={() => {
            setAsked(undefined);
          }}
        />
      )}
    </Flex>
  );
}

function Finish({ task, onClose }: { task: Task; onClose: () => void }) {
  const words = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const { mutate, isPending } = api.useMutation("post", "/v1/tasks/{id}/finish", {
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["get", PATH] });
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
