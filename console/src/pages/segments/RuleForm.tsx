import { useQueryClient } from "@tanstack/react-query";
import { Alert, Flex, Input, Modal, Skeleton } from "antd";
import { useEffect, useState } from "react";
import { api, client, type Schema } from "@/api/client";
import { ApiProblem, isStatus } from "@/api/problem";
import { Condition } from "@/parts/conditions/Condition";
import { SpanInput } from "@/parts/inputs/SpanInput";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { useWords } from "./words";

const BEGIN = { event: "order.paid", within: "30d" };
const PAUSE = 400;
export type Kind = "segment" | "tag";

/** A segment or a tag's rule being written, with how many it would be about and who. */
export default function RuleForm({ kind, name, onClose }: { kind: Kind; name: string | null; onClose: () => void }) {
  const words = useWords();
  const lang = useLanguage();
  const { data: shop } = api.useQuery("get", "/v1/specs/vocabulary", { params: { query: { lang } } });
  const params = { params: { path: { name: name ?? "" } } };
  const fresh = { staleTime: 0, gcTime: 0, retry: false };
  const segment = api.useQuery("get", "/v1/segments/{name}", params, {
    ...fresh,
    enabled: name !== null && kind === "segment",
  });
  const tag = api.useQuery("get", "/v1/tags/{name}", params, { ...fresh, enabled: name !== null && kind === "tag" });
  const { data: written, error } = kind === "segment" ? segment : tag;
  const unruled = isStatus(error, 404); // a tag that people or journeys set, and no rule yet
  if (!shop || (name !== null && !written && !unruled))
    return (
      <Modal open title={name ?? words.create[kind]} footer={null} onCancel={onClose}>
        {error === null ? <Skeleton active /> : <Failure error={error} />}
      </Modal>
    );
  return <Form kind={kind} shop={shop} name={name} written={written} onClose={onClose} />;
}

interface Props {
  kind: Kind;
  shop: Schema["Vocabulary"];
  name: string | null;
  written: Schema["SegmentWritten"] | Schema["TagWritten"] | undefined;
  onClose: () => void;
}

function Form({ kind, shop, name, written, onClose }: Props) {
  const words = useWords();
  const queries = useQueryClient();
  const [called, setCalled] = useState(name ?? "");
  const [when, setWhen] = useState<unknown>(written?.when ?? BEGIN);
  const [keep, setKeep] = useState(written && "keep" in written ? written.keep : null);
  const putSegment = api.useMutation("put", "/v1/segments/{name}");
  const putTag = api.useMutation("put", "/v1/tags/{name}");
  const put = kind === "segment" ? putSegment : putTag;
  const refused: unknown = put.error;
  const publish = () => {
    const params = { path: { name: called.trim() }, header: { "if-match": written?.etag ?? "*" } };
    const condition = when as Record<string, never>;
    const onSuccess = () => {
      void queries.invalidateQueries();
      onClose();
    };
    if (kind === "segment") putSegment.mutate({ params, body: { when: condition } }, { onSuccess });
    else putTag.mutate({ params, body: { when: condition, keep } }, { onSuccess });
  };
  return (
    <Modal
      open
      width={620}
      title={name ?? words.create[kind]}
      okText={words.save}
      cancelText={words.cancel}
      confirmLoading={put.isPending}
      okButtonProps={{ disabled: called.trim() === "" }}
      onCancel={onClose}
      onOk={publish}
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
        {kind === "tag" && (
          <SpanInput
            label={words.keep}
            value={keep ?? undefined}
            onChange={(next) => {
              setKeep(next ?? null);
            }}
          />
        )}
        <Size when={when} />
        {written && written.used_by.length > 0 && (
          <Alert type="info" showIcon title={words.effect[kind]} description={written.used_by.join("、")} />
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
  said?: string | null | undefined;
  preview?: Schema["Preview"];
  problem?: unknown;
}

/** What a condition says and how many it is about, as it is written: what was asked before is cancelled. */
function Size({ when }: { when: unknown }) {
  const words = useWords();
  const lang = useLanguage();
  const asked = JSON.stringify(when);
  const [found, setFound] = useState<Found>();
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      const body = { when: JSON.parse(asked) as Record<string, never> };
      const { signal } = abort;
      Promise.all([
        client.POST("/v1/segments/preview", { body, signal }),
        client.POST("/v1/specs/condition", { body, signal, params: { query: { lang } } }),
      ])
        .then(([{ data }, { data: told }]) => {
          if (data) setFound({ for: asked, preview: data, said: told?.words });
        })
        .catch((problem: unknown) => {
          if (!abort.signal.aborted) setFound({ for: asked, problem });
        });
    }, PAUSE);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [asked, lang]);
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
      {found.said && <div>{found.said.replaceAll("`", "")}</div>}
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
