import { getRouteApi } from "@tanstack/react-router";
import { Button, Empty, Flex, Skeleton, Timeline } from "antd";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { useWords } from "./words";

const route = getRouteApi("/inside/customers/$id");

export function CustomerPage() {
  const words = useWords();
  const lang = useLanguage();
  const { id } = route.useParams();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/customers/{id}/timeline",
    { params: { path: { id }, query: { lang } } },
    { pageParamName: "after", initialPageParam: "", getNextPageParam: (page) => page.next ?? undefined },
  );
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <Page title={words.title(id)} about={words.about}>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && entries.length === 0 && <Empty description={words.none} />}
      <Timeline
        items={entries.map((entry) => ({
          content: (
            <Flex gap={12} wrap align="baseline">
              <Quiet small>{instant(entry.at)}</Quiet>
              <span>{entry.words}</span>
              {entry.because && <Quiet>{entry.because}</Quiet>}
            </Flex>
          ),
        }))}
      />
      {hasNextPage && (
        <Button style={{ alignSelf: "center" }} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </Page>
  );
}
