import { Button, Empty, Flex, Skeleton } from "antd";
import type { ReactNode } from "react";
import { Failure } from "@/parts/Failure";
import { useWords } from "./words";

interface Query {
  data: unknown;
  error: unknown;
  refetch: () => unknown;
  hasNextPage?: boolean;
  isFetchingNextPage?: boolean;
  fetchNextPage?: () => unknown;
}

/** What a list says while it is loaded, if it can't be, or if there is nothing in it; and the way to more. */
export function List({
  query,
  count,
  none,
  children,
}: {
  query: Query;
  count: number;
  none: string;
  children: ReactNode;
}) {
  const words = useWords();
  if (query.error !== null && !query.data) return <Failure error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton active paragraph={{ rows: 6 }} title={false} />;
  if (count === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={none} />;
  return (
    <Flex vertical gap={12}>
      {children}
      {query.hasNextPage && (
        <Button
          style={{ alignSelf: "center" }}
          loading={query.isFetchingNextPage ?? false}
          onClick={() => void query.fetchNextPage?.()}
        >
          {words.more}
        </Button>
      )}
    </Flex>
  );
}
