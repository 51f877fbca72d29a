import { PlusOutlined, SearchOutlined } from "@ant-design/icons";
import { Button, Empty, Flex, Input, Segmented, Skeleton, Table } from "antd";
import { lazy, Suspense, useMemo, useState } from "react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { useJourneyTime } from "@/parts/clock";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { useLanguage } from "@/parts/words";
import { columnsOf } from "./columns";
import { matching, rowOf, STATES } from "./rows";
import { useWords } from "./words";
import { Quiet } from "@/parts/Quiet";

const CHOICES = ["all", ...STATES] as const;
const route = getRouteApi("/inside/journeys");
const NewJourney = lazy(() => import("./NewJourney"));

export function JourneysPage() {
  const words = useWords();
  const language = useLanguage();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = api.useQuery("get", "/v1/journeys", {}, { refetchInterval: 15_000 });
  const may = useMay();
  const writes = may("journeys.publish");
  const { data: drafts } = api.useQuery("get", "/v1/drafts", {}, { enabled: writes });
  const [creating, setCreating] = useState(false);
  const now = useJourneyTime();
  const rows = useMemo(() => data?.map(rowOf) ?? [], [data]);
  const columns = useMemo(() => columnsOf(words, language, now), [words, language, now]);
  const inside = rows.reduce((total, row) => total + row.inside, 0);
  return (
    <Page
      title={words.title}
      {...(data && data.length > 0 && { about: words.about(data.length, inside) })}
      actions={
        writes && (
          <Button
            type="primary"
            icon={<PlusOutlined />}
            onClick={() => {
              setCreating(true);
            }}
          >
            {words.create}
          </Button>
        )
      }
    >
      {drafts && drafts.length > 0 && (
        <Flex gap={12} wrap align="center">
          <Quiet>{words.drafts}</Quiet>
          {drafts.map((each) => (
            <Link key={each.journey} to="/journeys/$name/edit" params={{ name: each.journey }}>
              {each.journey}
              {each.waits && ` · ${words.waits}`}
            </Link>
          ))}
        </Flex>
      )}
      {creating && (
        <Suspense>
          <NewJourney
            taken={[...(data ?? []).map((each) => each.journey), ...(drafts ?? []).map((each) => each.journey)]}
            onClose={() => {
              setCreating(false);
            }}
          />
        </Suspense>
      )}
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data?.length === 0 && (
        <Empty description={words.none}>
          <Quiet>{words.noneAbout}</Quiet>
        </Empty>
      )}
      {data && data.length > 0 && (
        <>
          <Flex gap={8} wrap>
            <Input
              allowClear
              prefix={<SearchOutlined />}
              aria-label={words.filter}
              placeholder={words.filter}
              value={filter.q ?? ""}
              style={{ flex: "0 1 260px", minWidth: 200 }}
              onChange={(event) => {
                void navigate({ search: { ...filter, q: event.target.value || undefined }, replace: true });
              }}
            />
            <Segmented<(typeof CHOICES)[number]>
              value={filter.state ?? "all"}
              options={CHOICES.map((value) => ({ value, label: words[value] }))}
              onChange={(state) => {
                void navigate({ search: { ...filter, state: state === "all" ? undefined : state }, replace: true });
              }}
            />
          </Flex>
          <Table
            rowKey="journey"
            columns={columns}
            dataSource={matching(rows, filter)}
            pagination={{ defaultPageSize: 50, hideOnSinglePage: true }}
            showSorterTooltip={false}
            locale={{
              emptyText: (
                <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.noMatch}>
                  <Button
                    onClick={() => {
                      void navigate({ search: {}, replace: true });
                    }}
                  >
                    {words.clear}
                  </Button>
                </Empty>
              ),
            }}
          />
        </>
      )}
    </Page>
  );
}
