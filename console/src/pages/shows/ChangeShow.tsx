import { useQueryClient } from "@tanstack/react-query";
import { Alert, DatePicker, Modal } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { useWords } from "./words";

interface Props {
  show: Pick<Schema["ShowSummary"], "stream_id" | "title" | "starts_at">;
  act: "move" | "callOff";
  onClose: () => void;
}

/** Asks for another time, or whether the show is to be called off. */
export default function ChangeShow({ show, act, onClose }: Props) {
  const words = useWords();
  const queries = useQueryClient();
  const [at, setAt] = useState<Dayjs | null>(dayjs(show.starts_at));
  const move = api.useMutation("post", "/v1/streams/{id}/move");
  const cancel = api.useMutation("post", "/v1/streams/{id}/cancel");
  const error: unknown = move.error ?? cancel.error;
  const params = { path: { id: show.stream_id } };
  const name = show.title ?? show.stream_id;
  const done = {
    onSuccess: () => {
      void queries.invalidateQueries();
      onClose();
    },
  };
  return (
    <Modal
      open
      width={440}
      title={act === "move" ? words.moveAsk(name) : words.callOffAsk(name)}
      okText={act === "move" ? words.move : words.callOff}
      okButtonProps={{ danger: act === "callOff", disabled: act === "move" && at === null }}
      cancelText={act === "move" ? words.cancel : words.keep}
      confirmLoading={move.isPending || cancel.isPending}
      onCancel={onClose}
      onOk={() => {
        if (act === "callOff") cancel.mutate({ params }, done);
        else if (at) move.mutate({ params, body: { starts_at: at.toISOString() } }, done);
      }}
    >
      <p>{act === "move" ? words.moveAbout : words.callOffAbout}</p>
      {act === "move" && (
        <p>
          <DatePicker
            aria-label={words.moveTo}
            showTime={{ format: "HH:mm" }}
            format="YYYY-MM-DD HH:mm"
            value={at}
            onChange={setAt}
            style={{ width: "100%" }}
          />
        </p>
      )}
      {isStatus(error, 409) ? (
        <Alert type="warning" showIcon title={words.begun} />
      ) : isStatus(error, 422) ? (
        <Alert type="warning" showIcon title={words.badTime} />
      ) : (
        error !== null && <Failure error={error} />
      )}
    </Modal>
  );
}
