import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, Button, Flex, Popconfirm } from "antd";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { useWords } from "./words";

type Conflict = Schema["OpenConflict"];

/** Customers who may be one, each to be decided: those of one customer, or all. */
export function Conflicts({ customer }: { customer?: number }) {
  const words = useWords();
  const { data } = api.useQuery("get", "/v1/identity/conflicts", {
    params: { query: { limit: 20, ...(customer !== undefined && { customer }) } },
  });
  return data?.conflicts.map((each) => (
    <Alert
      key={each.number}
      type="warning"
      showIcon
      title={
        <>
          <Who id={each.customer} name={each.name} /> {words.and} <Who id={each.other} name={each.other_name} />{" "}
          {words.maybeOne}
        </>
      }
      description={<Decide conflict={each} />}
    />
  ));
}

function Who({ id, name }: { id: number; name: string | null }) {
  return (
    <Link to="/customers/$id" params={{ id: String(id) }} style={{ color: "inherit", textDecoration: "underline" }}>
      <bdi>{name ? `${name} #${id}` : `#${id}`}</bdi>
    </Link>
  );
}

function Decide({ conflict }: { conflict: Conflict }) {
  const words = useWords();
  const may = useMay();
  const queries = useQueryClient();
  const { mutate, isPending, error } = api.useMutation("post", "/v1/identity/conflicts/{number}");
  const decide = (decision: "merge" | "apart") => {
    const params = { path: { number: conflict.number } };
    mutate({ params, body: { decision } }, { onSuccess: () => void queries.invalidateQueries() });
  };
  return (
    <Flex vertical gap={8}>
      <span>{words.conflictWhy(words.kind(conflict.kind), conflict.value, conflict.times)}</span>
      {may("customers.join") && (
        <Flex gap={8}>
          <Popconfirm
            title={words.mergeAsk}
            okText={words.same}
            cancelText={words.cancel}
            onConfirm={() => {
              decide("merge");
            }}
          >
            <Button size="small" loading={isPending}>
              {words.same}
            </Button>
          </Popconfirm>
          <Button
            size="small"
            loading={isPending}
            onClick={() => {
              decide("apart");
            }}
          >
            {words.different}
          </Button>
        </Flex>
      )}
      {error !== null && <Failure error={error} />}
    </Flex>
  );
}
