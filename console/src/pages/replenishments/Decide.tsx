import { useQueryClient } from "@tanstack/react-query";
import { Alert, Checkbox, InputNumber, Modal } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useWords } from "./words";

export type Act = "approve" | "change" | "refuse";

interface Props {
  row: Schema["ReplenishmentState"];
  act: Act;
  onClose: () => void;
}

/** Asks before a decision, and tells what is wrong with a quantity. */
export function Decide({ row, act, onClose }: Props) {
  const words = useWords();
  const queries = useQueryClient();
  const [quantity, setQuantity] = useState(row.proposed);
  const [confirm, setConfirm] = useState(false);
  const approve = api.useMutation("post", "/v1/replenishments/{id}/approve");
  const change = api.useMutation("post", "/v1/replenishments/{id}/change");
  const refuse = api.useMutation("post", "/v1/replenishments/{id}/refuse");
  const error: unknown = approve.error ?? change.error ?? refuse.error;
  const reason = error instanceof ApiProblem ? error.errors[0]?.reason : undefined;
  const params = { path: { id: row.id } };
  const done = {
    onSuccess: () => {
      void queries.invalidateQueries();
      onClose();
    },
  };
  const product = row.name ?? row.sku;
  const title = {
    approve: words.approveAsk(count(row.proposed), product),
    change: words.changeAsk(product),
    refuse: words.refuseAsk(product),
  }[act];
  return (
    <Modal
      open
      width={460}
      title={title}
      okText={act === "change" ? words.order : words[act]}
      okButtonProps={{ danger: act === "refuse", disabled: reason === "confirm_needed" && !confirm }}
      cancelText={words.cancel}
      confirmLoading={approve.isPending || change.isPending || refuse.isPending}
      onCancel={onClose}
      onOk={() => {
        if (act === "approve") approve.mutate({ params }, done);
        else if (act === "refuse") refuse.mutate({ params }, done);
        else change.mutate({ params, body: { quantity, confirm } }, done);
      }}
    >
      {act === "refuse" && <p>{words.refuseAbout}</p>}
      {act === "change" && (
        <p>
          <InputNumber
            aria-label={words.quantity}
            autoFocus
            min={0.001}
            max={1_000_000_000}
            step={row.pack}
            value={quantity}
            onChange={(value) => {
              setQuantity(value ?? row.proposed);
              setConfirm(false);
              change.reset();
            }}
          />{" "}
          <Quiet small>
            {[row.pack !== 1 && words.pack(count(row.pack)), row.ceiling !== null && words.ceiling(count(row.ceiling))]
              .filter(Boolean)
              .join(" · ")}
          </Quiet>
        </p>
      )}
      {reason === "confirm_needed" ? (
        <>
          <Alert type="warning" showIcon title={words.much(count(quantity))} />
          <Checkbox
            style={{ marginTop: 8 }}
            checked={confirm}
            onChange={(event) => {
              setConfirm(event.target.checked);
            }}
          >
            {words.sure}
          </Checkbox>
        </>
      ) : reason !== undefined && words.wrong[reason] ? (
        <Alert type="warning" showIcon title={words.wrong[reason]} />
      ) : (
        error !== null && <Failure error={error} />
      )}
    </Modal>
  );
}
