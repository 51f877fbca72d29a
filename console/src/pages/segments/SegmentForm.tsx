import { useQueryClient } from "@tanstack/react-query";
import { Alert, Flex, Input, Modal, Skeleton } from "antd";
import { useEffect, useState } from "react";
import { api, client, type Schema } from "@/api/client";
import { ApiProblem, isStatus } from "@/api/problem";
import { Condition } from "@/parts/conditions/Condition";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { useWords } from "./words";

const BEGIN = { event: "order.paid", within: "30d" };
const PAUSE = 400;

/** A segment being written, with how many it would be and who. */
export default function SegmentForm({ name, onClose }: { name: string | null; onClose: () => void }) {
  const lang = useLanguage();
  const { data: shop } = api.useQuery("get", "/v1/specs/vocabulary", { params: { query: { lang } } });
  const written = api.useQuery(
    "get",
    "/v1/segments/{name}",
    { params: { path: { name: name ?? "" } } },
    { enabled: name !== null, staleTime: 0, gcTime: 0 },
  );
  const words = useWords();
  if (!shop || (name !== null && !written.data))
    return (
      <Modal open title={name ?? words.create} footer={null} onCancel={onClose}>
        {written.error === null ? <Skeleton active /> : <Failure error={written.error} />}
      </Modal>
    );
  return <Form shop={shop} name={name} written={written.data} onClose={onClose} />;
}

interface Props {
  shop: Schema["Vocabulary"];
  name: string | null;
  written: Schema["SegmentWritten"] | undefined;
  onClose: () => void;
}

function Form({ shop, name, written, onClose }: Props) {
  const words = useWords();
  const queries = useQueryClient();
  const [called, setCalled] = useState(name ?? "");
  const [when, setWhen] = useState<unknown>(written?.when ?? BEGIN);
  const put = api.useMutation("put", "/v1/segments/{name}");
  const refused: unknown = put.error;
  return (
    <Modal
      open
      width={620}
      title={name ?? words.create}
      okText={words.save}
      cancelText={words.cancel}
      confirmLoading={put.isPending}
      okButtonProps={{ disabled: called.trim() === "" }}
      onCancel={onClose}
      onOk={() => {
        put.mutate(
          {
            params: { path: { name: called.trim() }, header: { "if-match": written?.etag ?? "*" } },
            body: { when: when as Record<string, never> },
          },
          {
            onSuccess: () => {
              void queries.invalidateQueries();
              onClose();
            },
          },
        );
      }}
    >
      <Flex vertical gap={14}>
        {name === null && (
          <Flex vertical gap={4}>
            <Quiet small>{words.name}</Quiet>
            <Input
              autoFocus
              aria-label={words.name}
              maxLength={100}
              value={called}
              onChange={(event) => {
                setCalled(event.target.value);
              }}
            />
          </Flex>
        )}
        <Condition value={when} shop={shop} onChange={setWhen} />
        <Size when={when} />
        {written && written.used_by.length > 0 && (
          <Alert type="info" showIcon title={words.effect} description={written.used_by.join("、")} />
        )}
        {isStatus(refused, 412) && <Alert type="warning" showIcon title={words.changed} />}
        {refused instanceof ApiProblem && refused.status !== 412 && (
          <Alert type="error" showIcon title={refused.errors[0]?.detail ?? (refused.detail || refused.message)} />
        )}
      </Flex>
    </Modal>
  );
}

interface Found {
  for: string;
  preview?: Schema["Preview"];
  problem?: unknown;
}

/** How many a condition is about, as it is written: what was asked before is cancelled. */
function Size({ when }: { when: unknown }) {
  const words = useWords();
  const asked = JSON.stringify(when);
  const [found, setFound] = useState<Found>();
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      client
        .POST("/v1/segments/preview", {
          body: { when: JSON.parse(asked) as Record<string, never> },
          signal: abort.signal,
        })
        .then(({ data }) => {
          if (data) setFound({ for: asked, preview: data });
        })
        .catch((problem: unknown) => {
          if (!abort.signal.aborted) setFound({ for: asked, problem });
        });
    }, PAUSE);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [asked]);
  if (found?.for !== asked) return <Quiet>{words.looking}</Quiet>;
  const { preview, problem } = found;
  if (problem instanceof ApiProblem)
    return (
      <Alert
        type="warning"
        showIcon
        title={problem.code === "too_slow" ? words.slow : (problem.errors[0]?.detail ?? problem.message)}
      />
    );
  if (!preview) return null;
  return (
    <section aria-live="polite">
      <strong style={{ fontSize: 16 }}>{words.sizeNow(count(preview.size), count(preview.of))}</strong>{" "}
      <Quiet small>{words.took(preview.ms)}</Quiet>
      {preview.sample.length > 0 && (
        <div style={{ marginTop: 6 }}>
          <Quiet small>{words.sample}</Quiet>
          {preview.sample.slice(0, 5).map((each) => (
            <div key={each.id}>
              <bdi>{each.name ?? `#${each.id}`}</bdi> <Quiet small>{each.why}</Quiet>
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
