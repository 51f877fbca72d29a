import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Drawer, Flex, Input, Select, Skeleton, Tag } from "antd";
import { useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useWords } from "./words";

type State = Schema["RequirementState"];
type Verdict = State["reviews"][number]["verdict"];
const VERDICTS: Verdict[] = ["approve", "change", "refuse"];
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;

/** A requirement: its evidence, the proposal, the reviews and what came of it; reviewed and changed here. */
export function Requirement({ id, onClose }: { id: number; onClose: () => void }) {
  const words = useWords();
  const may = useMay();
  const { data, error } = api.useQuery("get", "/v1/requirements/{id}", { params: { path: { id } } });
  return (
    <Drawer
      open
      size={640}
      title={data ? `#${id} ${data.title}` : `#${id}`}
      onClose={onClose}
      extra={<Button href={`/v1/requirements/${id}?format=docx`}>{words.docx}</Button>}
    >
      {error !== null && <Failure error={error} />}
      {error === null && !data && <Skeleton active />}
      {data && (
        <Flex vertical gap={16}>
          <Told requirement={data} />
          {may("voice.edit") && data.status === "review" && <Review requirement={data} />}
          {may("voice.edit") && data.status === "draft" && <Revise requirement={data} />}
        </Flex>
      )}
    </Drawer>
  );
}

function Told({ requirement }: { requirement: State }) {
  const words = useWords();
  const { evidence, result } = requirement;
  return (
    <>
      <div>
        <Tag>{words.statuses[requirement.status]}</Tag>{" "}
        {requirement.new_sku && `${words.newSku} ${requirement.new_sku} `}
        <Quiet>{words.evidence(count(evidence.count), count(evidence.speakers), count(evidence.buyers))}</Quiet>
      </div>
      <Quiet>{requirement.quotes.join(" · ")}</Quiet>
      <span>{words.sales(count(evidence.orders), count(evidence.units), count(evidence.returns))}</span>
      <div>
        <strong>{words.proposal}</strong>
        <p style={{ margin: "4px 0" }}>{requirement.proposal}</p>
        <strong>{words.measure}</strong>
        <p style={{ margin: "4px 0" }}>{requirement.measure}</p>
      </div>
      {requirement.reviews.map((each) => (
        <div key={each.at}>
          {words.departments[each.department]} {words.verdicts[each.verdict]} {each.reason}{" "}
          <Quiet small>
            {each.by} {instant(each.at)}
          </Quiet>
        </div>
      ))}
      {result && (
        <strong>
          {words.result(
            String(result.per_minute),
            result.usual_per_minute === null ? "–" : String(result.usual_per_minute),
            percent(result.share),
            percent(result.share_before),
          )}
        </strong>
      )}
    </>
  );
}

/** What is done when a requirement was changed. */
function useSaved() {
  const words = useWords();
  const { message } = App.useApp();
  const queries = useQueryClient();
  return {
    onSuccess: () => queries.invalidateQueries(),
    onError: () => message.error(words.failed),
  };
}

function Review({ requirement }: { requirement: State }) {
  const words = useWords();
  const saved = useSaved();
  const [first] = requirement.waits_for;
  const [department, setDepartment] = useState(first);
  const [reason, setReason] = useState("");
  const { mutate, isPending } = api.useMutation("post", "/v1/requirements/{id}/reviews", saved);
  const chosen = department && requirement.waits_for.includes(department) ? department : first;
  if (chosen === undefined) return null;
  return (
    <Flex vertical gap={8}>
      <Select
        aria-label={words.department}
        value={chosen}
        options={requirement.waits_for.map((value) => ({ value, label: words.departments[value] }))}
        onChange={setDepartment}
      />
      <Input
        aria-label={words.reason}
        placeholder={words.reason}
        maxLength={2000}
        value={reason}
        onChange={(event) => {
          setReason(event.target.value);
        }}
      />
      <Flex gap={8}>
        {VERDICTS.map((verdict) => (
          <Button
            key={verdict}
            loading={isPending}
            type={verdict === "approve" ? "primary" : "default"}
            danger={verdict === "refuse"}
            disabled={verdict !== "approve" && reason.trim() === ""}
            onClick={() => {
              mutate({ params: { path: { id: requirement.id } }, body: { department: chosen, verdict, reason } });
              setReason("");
            }}
          >
            {words.verdicts[verdict]}
          </Button>
        ))}
      </Flex>
    </Flex>
  );
}

function Revise({ requirement }: { requirement: State }) {
  const words = useWords();
  const saved = useSaved();
  const [proposal, setProposal] = useState(requirement.proposal);
  const { mutate, isPending } = api.useMutation("post", "/v1/requirements/{id}", saved);
  return (
    <Flex vertical gap={8}>
      <Input.TextArea
        aria-label={words.proposal}
        maxLength={4000}
        value={proposal}
        onChange={(event) => {
          setProposal(event.target.value);
        }}
      />
      <Button
        type="primary"
        loading={isPending}
        disabled={proposal.trim() === ""}
        style={{ alignSelf: "start" }}
        onClick={() => {
          mutate({ params: { path: { id: requirement.id } }, body: { proposal } });
        }}
      >
        {words.revise}
      </Button>
    </Flex>
  );
}
