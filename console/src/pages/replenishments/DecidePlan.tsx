import { useQueryClient } from "@tanstack/react-query";
import { Alert, Checkbox, Flex, Input, InputNumber, Modal } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { ApiProblem, isStatus } from "@/api/problem";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useSupplyWords } from "./supplyWords";

export type Verdict = "accept" | "change" | "refuse";

interface Props {
  plan: Schema["Plan"];
  verdict: Verdict;
  onClose: () => void;
}

/** Asks before a buyer's decision on a delivery, with what to order instead and why. */
export function DecidePlan({ plan, verdict, onClose }: Props) {
  const words = useSupplyWords();
  const queries = useQueryClient();
  const offered = (line: Schema["PlanLine"]) => plan.answer?.lines[line.sku] ?? line.quantity;
  const [units, setUnits] = useState(() => Object.fromEntries(plan.lines.map((line) => [line.sku, offered(line)])));
  const [reason, setReason] = useState("");
  const [confirm, setConfirm] = useState(false);
  const decide = api.useMutation("post", "/v1/supply/plans/{id}/decide", {
    onSuccess: () => {
      void queries.invalidateQueries();
      onClose();
    },
  });
  const error: unknown = decide.error;
  const why = error instanceof ApiProblem ? error.errors[0]?.reason : undefined;
  const changes = Object.fromEntries(
    plan.lines
      .filter((line) => units[line.sku] !== offered(line))
      .map((line) => [line.sku, units[line.sku] ?? offered(line)]),
  );
  return (
    <Modal
      open
      width={520}
      title={words[verdict]}
      okText={verdict === "refuse" ? words.refuse : words.order}
      okButtonProps={{ danger: verdict === "refuse", disabled: why === "confirm_needed" && !confirm }}
      cancelText={words.cancel}
      confirmLoading={decide.isPending}
      onCancel={onClose}
      onOk={() => {
        decide.mutate({
          params: { path: { id: plan.id } },
          body: {
            verdict,
            confirm,
            lines: verdict === "change" ? changes : {},
            ...(reason.trim() && { reason: reason.trim() }),
          },
        });
      }}
    >
      <Flex vertical gap={12}>
        {verdict !== "change" && <span>{verdict === "accept" ? words.acceptAbout : words.refuseAbout}</span>}
        {verdict === "change" &&
          plan.lines.map((line) => (
            <Flex key={line.sku} gap={8} align="center" justify="space-between" wrap>
              <bdi>{plan.names[line.sku] ?? line.sku}</bdi>
              <span>
                <InputNumber
                  aria-label={plan.names[line.sku] ?? line.sku}
                  min={0}
                  max={1_000_000_000}
                  step={line.pack}
                  value={units[line.sku] ?? 0}
                  onChange={(value) => {
                    setUnits((now) => ({ ...now, [line.sku]: value ?? offered(line) }));
                    setConfirm(false);
                    decide.reset();
                  }}
                />{" "}
                <Quiet small>{line.pack !== 1 && words.pack(count(line.pack))}</Quiet>
              </span>
            </Flex>
          ))}
        <Input
          aria-label={words.reason}
          placeholder={words.reason}
          maxLength={500}
          value={reason}
          onChange={(event) => {
            setReason(event.target.value);
          }}
        />
        {why === "confirm_needed" ? (
          <>
            <Alert type="warning" showIcon title={words.confirmNeeded} />
            <Checkbox
              checked={confirm}
              onChange={(event) => {
                setConfirm(event.target.checked);
              }}
            >
              {words.sure}
            </Checkbox>
          </>
        ) : why !== undefined && words.wrong[why] ? (
          <Alert type="warning" showIcon title={words.wrong[why]} />
        ) : isStatus(error, 409) ? (
          <Alert type="warning" showIcon title={words.gone} />
        ) : (
          error !== null && <Failure error={error} />
        )}
      </Flex>
    </Modal>
  );
}
