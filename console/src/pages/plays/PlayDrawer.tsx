import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Drawer, Flex, Input, Progress, Skeleton, Statistic, Tag, Typography } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useEvents } from "@/parts/useEvents";
import { COLORS } from "./PlaysPage";
import { useWords } from "./words";

type State = Schema["PlayState"];

/** How a play stands, as it goes on; opened, closed and stopped here. */
export function PlayDrawer({ play, onClose, onEdit }: { play: string; onClose: () => void; onEdit: () => void }) {
  const words = useWords();
  const may = useMay();
  const { data, error } = api.useQuery("get", "/v1/plays/{play}", { params: { path: { play } } });
  const live = useEvents(`/v1/plays/${encodeURIComponent(play)}/events`, "play") as State | undefined;
  const state = live ?? data;
  return (
    <Drawer
      open
      size={640}
      title={state?.name ?? play}
      onClose={onClose}
      extra={
        <Flex gap={8} wrap>
          <Button href={`/play/${play}/screen`} target="_blank">
            {words.screen}
          </Button>
          <Button href={`/play/${play}`} target="_blank">
            {words.page}
          </Button>
          {may("journeys.publish") && <Button onClick={onEdit}>{words.edit}</Button>}
        </Flex>
      }
    >
      {error !== null && <Failure error={error} />}
      {error === null && !state && <Skeleton active />}
      {state && (
        <Flex vertical gap={16}>
          <Figures state={state} />
          {may("plays.run") && <Acts state={state} />}
          <Outcome state={state} />
          {may("audit.read") && (
            <Link to="/settings" search={{ tab: "audit" }}>
              {words.audit}
            </Link>
          )}
        </Flex>
      )}
    </Drawer>
  );
}

function Figures({ state }: { state: State }) {
  const words = useWords();
  const tally = Object.entries(state.tally ?? {});
  const most = Math.max(1, ...tally.map(([, votes]) => votes));
  return (
    <>
      <Flex gap={24} align="center" wrap>
        <Tag color={COLORS[state.state] ?? "default"}>{words.states[state.state]}</Tag>
        <Statistic title={words.entries} value={count(state.entries)} />
        {state.instance !== null && <Statistic title={words.instance} value={`#${state.instance}`} />}
        {state.state === "open" && state.closes_at && <Quiet>{words.until(instant(state.closes_at))}</Quiet>}
        {state.reason && <Quiet>{state.reason}</Quiet>}
      </Flex>
      {state.question && <strong>{state.question}</strong>}
      {tally.map(([key, votes]) => (
        <div key={key}>
          <Flex justify="space-between">
            <span>{state.options?.[key] ?? key}</span>
            <strong>{count(votes)}</strong>
          </Flex>
          <Progress percent={(votes / most) * 100} showInfo={false} aria-label={state.options?.[key] ?? key} />
        </div>
      ))}
    </>
  );
}

function Acts({ state }: { state: State }) {
  const words = useWords();
  const queries = useQueryClient();
  const { modal, message } = App.useApp();
  const [reason, setReason] = useState("");
  const [stopping, setStopping] = useState(false);
  const path = { params: { path: { play: state.play } } };
  const told = {
    onSuccess: () => void queries.invalidateQueries(),
    onError: (problem: unknown) => {
      const why = problem instanceof ApiProblem ? problem : undefined;
      void message.error(words.because[String(why?.members.reason)] ?? why?.detail ?? String(problem));
    },
  };
  const open = api.useMutation("post", "/v1/plays/{play}/open", told);
  const close = api.useMutation("post", "/v1/plays/{play}/close", told);
  const stop = api.useMutation("post", "/v1/plays/{play}/stop", told);
  const goesOn = state.state === "open" || state.state === "closed";
  return (
    <Flex gap={8} wrap>
      {!goesOn && (
        <Button
          type="primary"
          loading={open.isPending}
          onClick={() => {
            open.mutate({ ...path, body: {} });
          }}
        >
          {words.open}
        </Button>
      )}
      {state.state === "open" && (
        <Button
          loading={close.isPending}
          onClick={() => {
            void modal.confirm({
              title: words.closeAsk,
              okText: words.close,
              cancelText: words.cancel,
              onOk: () => {
                close.mutate(path);
              },
            });
          }}
        >
          {words.close}
        </Button>
      )}
      {goesOn && !stopping && (
        <Button
          danger
          onClick={() => {
            setStopping(true);
          }}
        >
          {words.stop}
        </Button>
      )}
      {goesOn && stopping && (
        <Flex gap={8} vertical style={{ width: "100%" }}>
          <Quiet>{words.stopAsk}</Quiet>
          <Flex gap={8}>
            <Input
              aria-label={words.stopReason}
              placeholder={words.stopReason}
              maxLength={200}
              value={reason}
              onChange={(event) => {
                setReason(event.target.value);
              }}
            />
            <Button
              danger
              disabled={!reason.trim()}
              loading={stop.isPending}
              onClick={() => {
                stop.mutate({ ...path, body: { reason } });
                setStopping(false);
              }}
            >
              {words.stop}
            </Button>
          </Flex>
        </Flex>
      )}
    </Flex>
  );
}

function Outcome({ state }: { state: State }) {
  const words = useWords();
  const top = state.result?.top;
  return (
    <>
      {top && <strong>{words.top(state.options?.[top] ?? top)}</strong>}
      {state.correct && <strong>{words.correct(state.options?.[state.correct] ?? state.correct)}</strong>}
      {(state.draws ?? []).map((draw) => (
        <Flex vertical gap={4} key={draw.step}>
          {draw.winners.length > 0 && <strong>{words.winners}</strong>}
          {draw.winners.slice(0, 100).map((each) => (
            <span key={each.entry}>
              {each.place}. <bdi>{each.who}</bdi> {each.prize} <Quiet small>#{each.entry}</Quiet>
            </span>
          ))}
          {draw.passed.length > 0 && <Quiet>{words.passed(draw.passed.length)}</Quiet>}
          {draw.left_over !== null && draw.left_over > 0 && <Quiet>{words.leftOver(draw.left_over)}</Quiet>}
          <Quiet small>{words.commitment}</Quiet>
          <Typography.Text code copyable style={{ overflowWrap: "anywhere" }}>
            {draw.commitment}
          </Typography.Text>
          {draw.seed && (
            <>
              <Quiet small>{words.seed}</Quiet>
              <Typography.Text code copyable style={{ overflowWrap: "anywhere" }}>
                {draw.seed}
              </Typography.Text>
            </>
          )}
        </Flex>
      ))}
    </>
  );
}
