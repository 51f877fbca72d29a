import { useQueryClient } from "@tanstack/react-query";
import { Button, Modal, Radio } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { count } from "@/parts/time";
import { useWords } from "./words";

type Act = "pause" | "resume" | "stop";

/** Pauses, resumes and stops a journey, after saying what that does to how many. */
export function Actions({ journey }: { journey: Schema["JourneyState"] }) {
  const words = useWords();
  const [asked, setAsked] = useState<Act>();
  const acts: Act[] =
    journey.state === "live" ? ["pause", "stop"] : journey.state === "paused" ? ["resume", "stop"] : [];
  return (
    <>
      {acts.map((act) => (
        <Button
          key={act}
          danger={act === "stop"}
          type={act === "resume" ? "primary" : "default"}
          onClick={() => {
            setAsked(act);
          }}
        >
          {words[act]}
        </Button>
      ))}
      {asked && (
        <Ask
          act={asked}
          journey={journey}
          onClose={() => {
            setAsked(undefined);
          }}
        />
      )}
    </>
  );
}

function Ask({ act, journey, onClose }: { act: Act; journey: Schema["JourneyState"]; onClose: () => void }) {
  const words = useWords();
  const queries = useQueryClient();
  const [late, setLate] = useState<"send" | "drop">("send");
  const pause = api.useMutation("post", "/v1/journeys/{name}/pause");
  const resume = api.useMutation("post", "/v1/journeys/{name}/resume");
  const stop = api.useMutation("post", "/v1/journeys/{name}/stop");
  const error = pause.error ?? resume.error ?? stop.error;
  const inside = count(Object.values(journey.running).reduce((sum, n) => sum + n, 0));
  const path = { name: journey.journey };
  const done = {
    onSuccess: () => {
      void queries.invalidateQueries();
      onClose();
    },
  };
  const go = () => {
    if (act === "pause") pause.mutate({ params: { path } }, done);
    else if (act === "resume") resume.mutate({ params: { path, query: { late } } }, done);
    else stop.mutate({ params: { path } }, done);
  };
  const about = { pause: words.pauseAbout, resume: words.resumeAbout, stop: words.stopAbout }[act](inside);
  return (
    <Modal
      open
      title={{ pause: words.pauseAsk, resume: words.resumeAsk, stop: words.stopAsk }[act]}
      okText={act === "stop" ? words.stopYes(inside) : words[act]}
      okButtonProps={{ danger: act === "stop" }}
      cancelText={words.cancel}
      confirmLoading={pause.isPending || resume.isPending || stop.isPending}
      onOk={go}
      onCancel={onClose}
      width={460}
    >
      <p>{about}</p>
      {act === "resume" && (
        <Radio.Group
          value={late}
          onChange={(event) => {
            setLate(event.target.value as "send" | "drop");
          }}
          options={[
            { value: "send", label: words.send },
            { value: "drop", label: words.drop },
          ]}
        />
      )}
      {error !== null && <Failure error={error} />}
    </Modal>
  );
}
