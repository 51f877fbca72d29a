import { useQueryClient } from "@tanstack/react-query";
import { Alert, Flex, Input, Modal, Skeleton, Tag } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { ApiProblem, isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { useMe } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { useLanguage } from "@/parts/words";
import type { Draft } from "../useDraft";
import { useWords } from "./words";

interface Props {
  title: string;
  draft: Draft;
  onClose: () => void;
  onDone: (outcome: Schema["DocumentOutcome"]) => void;
}

/** What publishing a document changes, and why it is done. */
export default function PublishDocument({ title, draft, onClose, onDone }: Props) {
  const words = useWords();
  const lang = useLanguage();
  const queries = useQueryClient();
  const { name: myName } = useMe();
  const [reason, setReason] = useState(draft.asked?.reason ?? "");
  const path = { name: draft.journey };
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/documents/{name}/draft/review",
    { params: { path, query: { lang } } },
    { staleTime: 0, gcTime: 0 },
  );
  const publish = api.useMutation("post", "/v1/documents/{name}/draft/publish");
  const refused: unknown = publish.error;
  const waitsForMe = draft.asked !== null && draft.asked.name !== myName;
  return (
    <Modal
      open
      width={560}
      title={words.publishTitle(title)}
      okText={data?.seconded && !waitsForMe ? words.ask : words.publish}
      cancelText={words.cancel}
      confirmLoading={publish.isPending}
      okButtonProps={{ disabled: !data?.sound || reason.trim() === "" }}
      onCancel={onClose}
      onOk={() => {
        const header = { "if-match": draft.etag };
        publish.mutate(
          { params: { path, header }, body: { reason: reason.trim(), base: data?.live ?? null } },
          {
            onSuccess: (outcome) => {
              void queries.invalidateQueries();
              onDone(outcome);
            },
          },
        );
      }}
    >
      {error !== null && <Failure error={error} retry={() => void refetch()} />}
      {!data && error === null && <Skeleton active title={false} />}
      {data && (
        <Flex vertical gap={14}>
          {!data.sound && <Alert type="error" showIcon title={words.broken} />}
          {draft.asked && <Alert type="info" showIcon title={words.asked(draft.asked.name)} />}
          {data.seconded && !draft.asked && <Alert type="info" showIcon title={words.seconded} />}
          <section>
            <Quiet small>{data.live === null ? words.first : words.changes(data.live)}</Quiet>
            {data.sound && data.changes.length === 0 && <div>{words.noChanges}</div>}
            <ul style={{ margin: "4px 0 0", paddingInlineStart: 18 }}>
              {data.changes.map((each) => (
                <li key={each.words}>
                  {each.words.replaceAll("`", "")} {each.risky && <Tag color="warning">{words.risky}</Tag>}
                </li>
              ))}
            </ul>
          </section>
          {data.base !== null && data.live !== null && data.base !== data.live && (
            <Alert type="warning" showIcon title={words.outdated(data.base, data.live)} />
          )}
          {data.problems.map((each, place) => (
            <Alert key={place} type={each.severity} showIcon title={`${words.line(each.line)} ${each.detail}`} />
          ))}
          <Flex vertical gap={4}>
            <Quiet small>{words.reason}</Quiet>
            <Input.TextArea
              aria-label={words.reason}
              placeholder={words.reasonHint}
              maxLength={500}
              disabled={draft.asked !== null}
              rows={2}
              value={reason}
              onChange={(event) => {
                setReason(event.target.value);
              }}
            />
          </Flex>
          <Quiet small>{words.holds}</Quiet>
          {isStatus(refused, 409) && <Alert type="warning" showIcon title={words.meanwhile} />}
          {isStatus(refused, 412) && <Alert type="warning" showIcon title={words.moved} />}
          {refused instanceof ApiProblem && refused.status !== 409 && refused.status !== 412 && (
            <Alert type="error" showIcon title={refused.errors[0]?.detail ?? refused.message} />
          )}
        </Flex>
      )}
    </Modal>
  );
}
