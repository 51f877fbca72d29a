import { Flex, Segmented, Skeleton } from "antd";
import { useState } from "react";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { TaskTable } from "@/parts/TaskTable";
import { useWords } from "./words";

/** What departments are to do because of shows and of what is said. */
export function Tasks() {
  const words = useWords();
  const [done, setDone] = useState(false);
  const { data, error, refetch } = api.useQuery("get", "/v1/tasks", { params: { query: { limit: 200, done } } });
  return (
    <Flex vertical gap={16}>
      <Segmented
        aria-label={words.tasks}
        style={{ alignSelf: "start" }}
        value={done}
        options={[
          { value: false, label: words.open },
          { value: true, label: words.done },
        ]}
        onChange={setDone}
      />
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 4 }} title={false} />}
      {data && <TaskTable rows={data.tasks} />}
    </Flex>
  );
}
