import { Link } from "@tanstack/react-router";
import { Button, Descriptions, Flex, Skeleton } from "antd";
import { api } from "@/api/client";
import { useChannels } from "@/parts/channels";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { useWords } from "./words";

export default function Policy() {
  const words = useWords();
  const may = useMay();
  const { data, error, refetch } = api.useQuery("get", "/v1/policy");
  const channels = useChannels();
  const caps = Object.entries(data?.caps ?? {});
  return (
    <Flex vertical gap={12} style={{ maxWidth: 720 }}>
      <Flex justify="space-between" gap={12} wrap>
        <Quiet>{words.policyAbout}</Quiet>
        {may("journeys.publish") && (
          <Link to="/documents/$name" params={{ name: "_policy" }}>
            <Button>{words.editPolicy}</Button>
          </Link>
        )}
      </Flex>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 6 }} title={false} />}
      {data && (
        <Descriptions
          column={1}
          bordered
          size="small"
          items={[
            { key: "shop", label: words.shop, children: <bdi>{data.shop}</bdi> },
            { key: "language", label: words.language, children: words.languages[data.language] ?? data.language },
            { key: "timezone", label: words.timezone, children: data.timezone },
            { key: "quiet", label: words.quietHours, children: data.quiet_hours.join("、") || words.none },
            {
              key: "caps",
              label: words.caps,
              children:
                caps.length === 0
                  ? words.none
                  : caps.map(([channel, cap]) => (
                      <div key={channel}>
                        {words.cap(channel === "all" ? words.allChannels : (channels[channel] ?? channel), cap)}
                      </div>
                    )),
            },
            { key: "holdout", label: words.holdout, children: words.percent(data.holdout) },
            { key: "attribution", label: words.attribution, children: words.span(data.attribution) },
          ]}
        />
      )}
    </Flex>
  );
}
