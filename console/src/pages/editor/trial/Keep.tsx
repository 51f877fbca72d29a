import { useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Input, Modal } from "antd";
import { useState } from "react";
import { api } from "@/api/client";
import { isStatus } from "@/api/problem";
import { Quiet } from "@/parts/Quiet";
import { useLanguage } from "@/parts/words";
import { wrong } from "./Backtest";
import { useWords } from "../words";

interface Props {
  name: string;
  text: string;
  customer: string;
}

/** A simulation is written down as one of the journey's tests, looked at, and kept. */
export function Keep({ name, text, customer }: Props) {
  const words = useWords();
  const lang = useLanguage();
  const queries = useQueryClient();
  const [called, setCalled] = useState<string>();
  const [kept, setKept] = useState(false);
  const path = { name };
  const tests = api.useQuery(
    "get",
    "/v1/journeys/{name}/tests",
    { params: { path } },
    { enabled: called !== undefined },
  );
  const record = api.useMutation("post", "/v1/journeys/{name}/draft/record");
  const keep = api.useMutation("put", "/v1/journeys/{name}/tests");
  const error: unknown = record.error ?? keep.error;
  const close = () => {
    setCalled(undefined);
    record.reset();
    keep.reset();
  };
  if (kept) return <Alert type="success" showIcon title={words.kept} />;
  if (called === undefined)
    return (
      <Button
        onClick={() => {
          setCalled("");
        }}
      >
        {words.keep}
      </Button>
    );
  const written = record.data;
  const write = () => {
    const body = { text, customer, called: called.trim(), data: {} };
    record.mutate({ params: { path, query: { lang } }, body });
  };
  const save = () => {
    if (!written || !tests.data) return;
    const header = { "if-match": tests.data.etag };
    const onSuccess = () => {
      setKept(true);
      void queries.invalidateQueries();
    };
    keep.mutate({ params: { path, header }, body: { text: written.tests } }, { onSuccess });
  };
  return (
    <Modal
      open
      width={680}
      title={words.keep}
      okText={written ? words.keepIt : words.writeDown}
      cancelText={words.cancel}
      confirmLoading={record.isPending || keep.isPending}
      okButtonProps={{ disabled: called.trim() === "" || (written !== undefined && !tests.data) }}
      onCancel={close}
      onOk={written ? save : write}
    >
      <p>{words.keepAbout}</p>
      <Input
        autoFocus
        aria-label={words.caseName}
        placeholder={words.caseNameHint}
        maxLength={200}
        value={called}
        disabled={written !== undefined}
        onChange={({ target }) => {
          setCalled(target.value);
        }}
      />
      {written && (
        <>
          {!written.same && <Alert type="warning" showIcon title={words.notSame} style={{ marginTop: 12 }} />}
          <Quiet small>{words.testsSoFar}</Quiet>
          <pre className="clash" style={{ maxHeight: 320, overflow: "auto" }} tabIndex={0} aria-label={words.tests}>
            {written.tests}
          </pre>
        </>
      )}
      {error !== null && <Alert type="error" showIcon title={isStatus(error, 412) ? words.testsMoved : wrong(error)} />}
    </Modal>
  );
}
