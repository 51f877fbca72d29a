import { getRouteApi } from "@tanstack/react-router";
import { Empty, Skeleton, Tabs } from "antd";
import { lazy, Suspense } from "react";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/Page";
import { NEEDS, type Tab, TABS } from "./tabs";
import { useWords } from "./words";

const PARTS = {
  users: lazy(() => import("./Users")),
  keys: lazy(() => import("./Keys")),
  channels: lazy(() => import("./Channels")),
  connected: lazy(() => import("./Connected")),
  policy: lazy(() => import("./Policy")),
  audit: lazy(() => import("./Audit")),
};
const route = getRouteApi("/inside/settings");

export function SettingsPage() {
  const words = useWords();
  const may = useMay();
  const navigate = route.useNavigate();
  const { tab } = route.useSearch();
  const open = TABS.filter((each) => may(NEEDS[each]));
  const active = open.find((each) => each === tab) ?? open[0];
  const Part = active && PARTS[active];
  return (
    <Page title={words.title} about={words.about}>
      {Part === undefined ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} />
      ) : (
        <div>
          <Tabs
            activeKey={active ?? ""}
            tabBarGutter={16} // all are seen on a phone
            items={open.map((each) => ({
              key: each,
              label: words.tabs[each],
              children: each === active && (
                <Suspense fallback={<Skeleton active paragraph={{ rows: 6 }} title={false} />}>
                  <Part />
                </Suspense>
              ),
            }))}
            onChange={(key) => {
              void navigate({ search: { tab: key as Tab }, replace: true });
            }}
          />
        </div>
      )}
    </Page>
  );
}
