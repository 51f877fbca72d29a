import { Collapse, Empty, Flex, Skeleton } from "antd";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { Experiment } from "./Experiment";
import { useWords } from "./words";

export function ExperimentsPage() {
  const words = useWords();
  const { data, error, refetch } = api.useQuery("get", "/v1/experiments");
  const running = data?.filter((each) => !each.closed) ?? [];
  const over = data?.filter((each) => each.closed) ?? [];
  const shown = (experiments: typeof running) => (
    <Flex vertical gap={16}>
      {experiments.map((each) => (
        <Experiment key={`${each.journey} ${each.step}`} summary={each} />
      ))}
    </Flex>
  );
  return (
    <Page title={words.title} about={words.about}>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data?.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none}>
          <Quiet>{words.noneAbout}</Quiet>
        </Empty>
      )}
      {shown(running)}
      {over.length > 0 && (
        <Collapse
          ghost
          destroyOnHidden
          items={[{ key: "over", label: words.over(over.length), children: shown(over) }]}
        />
      )}
    </Page>
  );
}
