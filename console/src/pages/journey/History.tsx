import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Drawer, Flex, Popconfirm, Skeleton, Timeline } from "antd";
import { useState } from "react";
import { api, client } from "@/api/client";
import { By } from "@/parts/By";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import type { Graph } from "./figures";
import { useWords } from "./words";

/** The versions of a journey, what each changed, and who did what to it. */
export default function History({ graph, onClose }: { graph: Graph; onClose: () => void }) {
  const words = useWords();
  const may = useMay();
  const live = graph.versions.find((each) => each.live)?.version ?? graph.version;
  const [since, setSince] = useState<number | undefined>(graph.versions.find((each) => each.version < live)?.version);
  const path = { name: graph.journey };
  const actions = api.useQuery("get", "/v1/journeys/{name}/actions", { params: { path } });
  return (
    <Drawer open title={words.versions} size={440} onClose={onClose}>
      <Flex vertical gap={20}>
        <Flex vertical gap={4}>
          {graph.versions.map((each) => (
            <Flex key={each.version} justify="space-between" align="center">
              <span>{words.version(each.version, each.live)}</span>
              <Quiet small>
                {words.published} {instant(each.published_at)}
              </Quiet>
              {each.version !== live && (
                <span>
                  <Button
                    size="small"
                    type="link"
                    onClick={() => {
                      setSince(each.version);
                    }}
                  >
                    {words.changes(each.version, live)}
                  </Button>
                  {may("journeys.publish") && <Restore name={graph.journey} version={each.version} />}
                </span>
              )}
            </Flex>
          ))}
        </Flex>
        {since !== undefined && <Changes name={graph.journey} since={since} now={live} />}
        <div>
          <h2 style={{ fontSize: 14, margin: "0 0 12px" }}>{words.history}</h2>
          {actions.error !== null && <Failure error={actions.error} retry={() => void actions.refetch()} />}
          <Timeline
            items={(actions.data ?? []).map((each) => ({
              content: (
                <Flex vertical>
                  <span>
                    {words.actions[each.action] ?? each.action} v{each.version} · <By by={each.by} />
                  </span>
                  {typeof each.details.reason === "string" && <span>{each.details.reason}</span>}
                  <Quiet small>{instant(each.at)}</Quiet>
                </Flex>
              ),
            }))}
          />
        </div>
      </Flex>
    </Drawer>
  );
}

/** Makes an older version the draft; publishing it is what brings it back. */
function Restore({ name, version }: { name: string; version: number }) {
  const words = useWords();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [failed, setFailed] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const restore = async () => {
    setBusy(true);
    try {
      const path = { name };
      const draft = await client.GET("/v1/journeys/{name}/draft", { params: { path } });
      const old = await client.GET("/v1/journeys/{name}/versions/{version}", { params: { path: { name, version } } });
      if (!draft.data || !old.data) return;
      const header = { "if-match": draft.data.etag };
      const body = { text: old.data.text, base: draft.data.live };
      await client.PUT("/v1/journeys/{name}/draft", { params: { path, header }, body });
      queries.removeQueries({ queryKey: ["get", "/v1/journeys/{name}/draft"] });
      await navigate({ to: "/journeys/$name/edit", params: { name } });
    } catch (problem) {
      setFailed(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Popconfirm
        title={words.restoreAsk(version)}
        okText={words.restore}
        cancelText={words.cancel}
        onConfirm={() => void restore()}
      >
        <Button size="small" type="link" loading={busy}>
          {words.restore}
        </Button>
      </Popconfirm>
      {failed !== null && <Failure error={failed} />}
    </>
  );
}

function Changes({ name, since, now }: { name: string; since: number; now: number }) {
  const words = useWords();
  const lang = useLanguage();
  const { data, error, refetch } = api.useQuery("get", "/v1/journeys/{name}/diff", {
    params: { path: { name }, query: { since, lang } },
  });
  return (
    <section>
      <h2 style={{ fontSize: 14, margin: "0 0 8px" }}>{words.changes(since, now)}</h2>
      {error !== null && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active title={false} />}
      {data?.changes.length === 0 && <Quiet>{words.noChanges}</Quiet>}
      <ul style={{ margin: 0, paddingInlineStart: 18 }}>
        {data?.changes.map((each) => (
          <li key={each}>{each.replaceAll("`", "")}</li>
        ))}
      </ul>
    </section>
  );
}
