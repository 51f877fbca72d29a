import { InboxOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Alert, Flex, Modal, Spin, Table, type TableColumnsType, Upload } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { useWords } from "./words";

const SHOWN = 8;

/** Takes a sheet in: shows first what it would change, then changes it. */
export default function ImportSheet({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const lang = useLanguage();
  const queries = useQueryClient();
  const [file, setFile] = useState<File>();
  const look = api.useMutation("post", "/v1/stock/import");
  const take = api.useMutation("post", "/v1/stock/import");
  const send = (sheet: File, preview: boolean) => ({
    params: { query: { name: sheet.name, preview, lang } },
    body: sheet as unknown as string,
    bodySerializer: (body: unknown) => body as BodyInit,
    headers: { "Content-Type": "application/octet-stream" },
  });
  const report = look.data;
  const done = take.data;
  const taken = count(report?.taken ?? 0);
  return (
    <Modal
      open
      width={640}
      title={words.importTitle}
      okText={done ? words.close : words.apply(taken)}
      okButtonProps={{ disabled: !done && (report === undefined || report.taken === 0) }}
      cancelText={words.cancel}
      {...(done && { cancelButtonProps: { style: { display: "none" } } })}
      confirmLoading={take.isPending}
      onCancel={onClose}
      onOk={() => {
        if (done || !file) onClose();
        else take.mutate(send(file, false), { onSuccess: () => void queries.invalidateQueries() });
      }}
    >
      <Flex vertical gap={16}>
        {done ? (
          <Alert type="success" showIcon title={words.done(count(done.taken))} />
        ) : (
          <Upload.Dragger
            accept=".xlsx,.csv,.txt"
            maxCount={1}
            showUploadList={false}
            beforeUpload={(chosen) => {
              setFile(chosen);
              look.mutate(send(chosen, true));
              return false;
            }}
          >
            {file ? (
              <Flex vertical>
                <bdi>{file.name}</bdi>
                <Quiet small>{words.pickAgain}</Quiet>
              </Flex>
            ) : (
              <Flex vertical gap={4} align="center">
                <InboxOutlined style={{ fontSize: 28 }} />
                {words.pick}
                <Quiet small>{words.importAbout}</Quiet>
              </Flex>
            )}
          </Upload.Dragger>
        )}
        {look.isPending && <Spin description={words.reading} />}
        <Wrong error={look.error ?? take.error} />
        {!done && report && <Preview report={report} />}
      </Flex>
    </Modal>
  );
}

function Wrong({ error }: { error: unknown }) {
  const words = useWords();
  if (error === null) return null;
  const detail = error instanceof ApiProblem ? error.errors[0]?.detail : undefined;
  if (error instanceof ApiProblem && error.status === 413)
    return <Alert type="warning" showIcon title={words.tooLarge} />;
  return detail ? <Alert type="warning" showIcon title={detail} /> : <Failure error={error} />;
}

function Preview({ report }: { report: Schema["ImportReport"] }) {
  const words = useWords();
  const columns: TableColumnsType<Schema["LotChange"]> = [
    { title: words.row, dataIndex: "row", width: 60 },
    { title: words.lot, key: "lot", render: (_, row) => <bdi>{row.lot_id}</bdi> },
    {
      title: words.before,
      key: "before",
      align: "right",
      width: 90,
      render: (_, row) => (row.before === null ? <Quiet>{words.newLot}</Quiet> : count(row.before)),
    },
    {
      title: words.after,
      key: "after",
      align: "right",
      width: 90,
      render: (_, row) => (row.before === row.after ? <Quiet>{count(row.after)}</Quiet> : <b>{count(row.after)}</b>),
    },
    { title: words.expires, dataIndex: "expires_on", width: 120, responsive: ["md"] },
  ];
  return (
    <Flex vertical gap={12}>
      <Alert
        type={report.wrong > 0 ? "warning" : "info"}
        showIcon
        title={words.summary(count(report.taken), count(report.known), count(report.wrong))}
        description={report.unread.length > 0 && words.unread(report.unread.join("、"))}
      />
      {report.remarks.length > 0 && (
        <div>
          <Quiet small>{words.remarks}</Quiet>
          <ul style={{ margin: "4px 0 0", paddingInlineStart: 18, maxHeight: 120, overflowY: "auto" }} tabIndex={0}>
            {report.remarks.map((each, number) => (
              <li key={number}>
                <bdi>{each}</bdi>
              </li>
            ))}
          </ul>
        </div>
      )}
      {report.changes.length > 0 && (
        <Table
          rowKey="row"
          size="small"
          columns={columns}
          dataSource={report.changes}
          pagination={{ pageSize: SHOWN, hideOnSinglePage: true, showSizeChanger: false, size: "small" }}
        />
      )}
    </Flex>
  );
}
