import { Link } from "@tanstack/react-router";
import { Alert, Flex, Input } from "antd";
import { useState } from "react";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { Conflicts } from "./Conflicts";
import { Line } from "./Line";
import { Overdue } from "./Overdue";
import { useWords } from "./words";

/** Finds a customer by anything that names them, and shows who may be one and the same, and of whom a guide owes something. */
export function CustomersPage() {
  const words = useWords();
  const [asked, setAsked] = useState("");
  const { data, error, refetch, isFetching } = api.useQuery(
    "get",
    "/v1/search",
    { params: { query: { q: asked } } },
    { enabled: asked !== "" },
  );
  const found = data?.customers ?? [];
  return (
    <Page title={words.customers} about={words.customersAbout}>
      <Input.Search
        autoFocus
        allowClear
        aria-label={words.find}
        placeholder={words.findHint}
        enterButton={words.find}
        loading={isFetching}
        maxLength={200}
        style={{ maxWidth: 480 }}
        onSearch={(text) => {
          setAsked(text.trim());
        }}
      />
      {error !== null && asked !== "" && <Failure error={error} retry={() => void refetch()} />}
      {data && asked !== "" && found.length === 0 && <Alert type="info" showIcon title={words.notFound(asked)} />}
      {asked !== "" && found.length > 0 && (
        <div style={{ maxWidth: 480 }}>
          {found.map((each) => (
            <Line key={each.id}>
              <Flex justify="space-between" gap={12}>
                <Link to="/customers/$id" params={{ id: String(each.id) }}>
                  <bdi>{each.name ?? `#${each.id}`}</bdi>
                </Link>
                <Quiet>
                  {each.kind && words.kind(each.kind)} <bdi>{each.value}</bdi>
                </Quiet>
              </Flex>
            </Line>
          ))}
        </div>
      )}
      <Flex vertical gap={12} style={{ maxWidth: 720 }}>
        <Conflicts />
        <Overdue />
      </Flex>
    </Page>
  );
}
