import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Collapse, Flex, Input, Modal, Radio, Skeleton } from "antd";
import { useState } from "react";
import { api, client, type Schema } from "@/api/client";
import { ApiProblem, isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { useMe } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { Backtest } from "./Backtest";
import { Verdicts } from "./Tests";
import type { Draft } from "../useDraft";
import { useWords } from "../words";

type Running = Schema["Wish"]["running"];

interface Props {
  draft: Draft;
  onClose: () => void;
  onDone: (outcome: Schema["Outcome"]) => void;
}

/** What publishing changes, for whom, and why it is done. */
export default function Publish({ draft, onClose, onDone }: Props) {
  const words = useWords();
  const lang = useLanguage();
  const queries = useQueryClient();
  const { name: myName } = useMe();
  const [running, setRunning] = useState<Running>(draft.asked?.running ?? "finish");
  const [reason, setReason] = useState(draft.asked?.reason ?? "");
  const path = { name: draft.journey };
  const review = api.useQuery(
    "get",
    "/v1/journeys/{name}/draft/review",
    { params: { path, query: { lang } } },
    { staleTime: 0, gcTime: 0 },
  );
  const publish = api.useMutation("post", "/v1/journeys/{name}/draft/publish");
  const { data } = review;
  const inside = Object.values(data?.running ?? {}).reduce((sum, each) => sum + each, 0);
  const outdated = data !== undefined && data.live !== data.base;
  const waitsForMe = draft.asked !== null && draft.asked.name !== myName;
  const refused: unknown = publish.error;
  return (
    <Modal
      open
      width={560}
      title={waitsForMe ? words.agreeTitle : words.publishTitle}
      okText={data?.seconded && !waitsForMe ? words.askPublish : words.publish}
      cancelText={words.cancel}
      confirmLoading={publish.isPending}
      okButtonProps={{ disabled: !data?.sound || reason.trim() === "" }}
      onCancel={onClose}
      onOk={() => {
        publish.mutate(
          {
            params: { path, header: { "if-match": draft.etag } },
            body: { reason: reason.trim(), running, base: data?.live ?? null },
          },
          {
            onSuccess: (outcome) => {
              void queries.invalidateQueries();
              onDone(outcome);
            },
          },
        );
      }}
    >
      {review.error !== null && <Failure error={review.error} retry={() => void review.refetch()} />}
      {!data && review.error === null && <Skeleton active title={false} />}
      {data && (
        <Flex vertical gap={14}>
          {!data.sound && <Alert type="error" showIcon title={words.trySound} />}
          {outdated && data.live !== null && (
            <Alert type="warning" showIcon title={words.outdated(data.base ?? 0, data.live)} />
          )}
          {data.state === "stopped" && <Alert type="warning" showIcon title={words.stopped} />}
          {draft.asked && <Alert type="info" showIcon title={words.asked(draft.asked.name)} />}
          {data.seconded && !draft.asked && <Alert type="info" showIcon title={words.seconded} />}
          <section>
            <Quiet small>{data.live === null ? words.firstVersion : words.changes(data.live)}</Quiet>
            {data.live !== null && data.changes.length === 0 && <div>{words.noChanges}</div>}
            <ul style={{ margin: "4px 0 0", paddingInlineStart: 18 }}>
              {data.changes.map((each) => (
                <li key={each}>{each.replaceAll("`", "")}</li>
              ))}
            </ul>
          </section>
          {data.problems.length > 0 && (
            <section>
              <Quiet small>{words.warnings}</Quiet>
              <ul style={{ margin: "4px 0 0", paddingInlineStart: 18 }}>
                {data.problems.map((each, place) => (
                  <li key={place}>
                    {words.line(Number(each.line))} {String(each.detail)}
                  </li>
                ))}
              </ul>
            </section>
          )}
          {inside > 0 && (
            <section role="group" aria-label={words.inside}>
              <Quiet small>{words.insideNow(count(inside))}</Quiet>
              <Radio.Group
                vertical
                value={running}
                disabled={draft.asked !== null}
                options={[
                  { value: "finish", label: words.finish(count(inside)) },
                  { value: "move", label: words.move(count(data.moving), count(data.staying)) },
                  { value: "stop", label: words.stop(count(inside)) },
                ]}
                onChange={(event) => {
                  setRunning(event.target.value as Running);
                }}
              />
            </section>
          )}
          {data.sound && <Rehearsed draft={draft} />}
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
          {isStatus(refused, 409) && <Alert type="warning" showIcon title={words.publishedMeanwhile} />}
          {isStatus(refused, 412) && <Alert type="warning" showIcon title={words.savedMeanwhile} />}
          {refused instanceof ApiProblem && ![409, 412].includes(refused.status) && <Failure error={refused} />}
        </Flex>
      )}
    </Modal>
  );
}

/** The tests that are kept with the journey, which must pass, and what the draft would have done. */
function Rehearsed({ draft }: { draft: Draft }) {
  const words = useWords();
  const lang = useLanguage();
  const path = { name: draft.journey };
  const kept = api.useQuery("get", "/v1/journeys/{name}/tests", { params: { path } });
  const has = (kept.data?.cases ?? 0) > 0;
  const ran = useQuery({
    queryKey: ["tests", draft.journey, draft.etag, kept.data?.etag, lang],
    enabled: has,
    gcTime: 0,
    retry: false,
    queryFn: async () => {
      const { data } = await client.POST("/v1/journeys/{name}/draft/tests", {
        params: { path, query: { lang } },
        body: { text: draft.text },
      });
      return data ?? null;
    },
  });
  const failed = ran.data?.cases.filter((each) => !each.passed) ?? [];
  return (
    <>
      {has && (
        <section aria-label={words.tests}>
          <Quiet small>{words.tests}</Quiet>
          {ran.isPending && <div>{words.testing}</div>}
          {ran.error !== null && <Failure error={ran.error} retry={() => void ran.refetch()} />}
          {ran.data && failed.length === 0 && <div>{words.allPass(ran.data.cases.length)}</div>}
          {failed.length > 0 && (
            <>
              <Alert type="error" showIcon title={words.mustPass(failed.length)} />
              <Verdicts cases={failed} />
            </>
          )}
        </section>
      )}
      <Collapse
        size="small"
        items={[
          {
            key: "backtest",
            label: words.tryAll,
            children: (
              <Flex vertical gap={10}>
                <Backtest name={draft.journey} text={draft.text} sound />
              </Flex>
            ),
          },
        ]}
      />
    </>
  );
}
